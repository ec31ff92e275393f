"""What the words of a column name say about the column."""

import re
from collections.abc import Collection

# in lower case
EVENTS = (
    "event",
    "happened",
    "occurred",
    "order",
    "transaction",
    "visit",
    "screened",
    "created",
    "date",
    "time",
    "timestamp",
    "ts",
    "at",
)
LOADS = ("loaded", "ingested", "synced", "updated", "modified", "inserted", "extracted", "etl", "load", "recorded")
NO_EVENTS = ("birth", "dob", "born", "deleted", "expires", "expiry", "valid", "due", "deadline", *LOADS)
LABELS = (
    "label",
    "target",
    "outcome",
    "churn",
    "churned",
    "fraud",
    "default",
    "defaulted",
    "converted",
    "diagnosis",
    "y",
)
SCORES = ("score", "probability", "proba", "prob", "propensity")
PREDICTIONS = ("predicted", "prediction", "decision")
GROUPS = (
    "sex", "gender", "age_band", "age_group", "race", "ethnicity", "nationality", "religion", "disability", "region",
    "education", "marital_status", "language", "income_band",
)  # fmt: skip
SEGMENTS = ("site", "store", "country", "market", "tenant", "plant", "channel", "platform", "brand")
PERSONAL = (
    "email",
    "mail",
    "phone",
    "mobile",
    "address",
    "surname",
    "firstname",
    "lastname",
    "fullname",
    "ssn",
    "iban",
    "ip",
)


def words(name: str) -> list[str]:
    """The words of a name in lower case: `lastLoaded_at` has last, loaded and at."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return [word for word in re.split(r"[^0-9a-z]+", parted.lower()) if word]


def is_called(name: str, known: Collection[str]) -> bool:
    """Whether a word of the name, or several of them together, are among those that are known."""
    parts = words(name)
    spans = {"_".join(parts[begin:end]) for begin in range(len(parts)) for end in range(begin + 1, len(parts) + 1)}
    return not spans.isdisjoint(known)
