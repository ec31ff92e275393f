"""The column that tells the rows of a table apart."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from data_health.cleaning.column_names import is_name_of_key, words_of
from data_health.cleaning.numbers import WHOLE
from data_health.cleaning.profile import Suggestion, values_with_rows
from numpy.typing import NDArray

CODE = re.compile(r"(?=.*[0-9])[A-Za-z0-9{][A-Za-z0-9_.:/#{}-]{0,63}")
UUID = re.compile(r"\{?[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}?")
MIN_ROWS, MIN_UNIQUE, MOST_MISSING, MIN_FILLED = 50, 0.99, 0.01, 0.99


def key_suggestions(names: Sequence[str], values: NDArray[np.object_], is_all: bool) -> list[Suggestion]:
    """
    The key of a table of texts (n, one column per name, None or '' for missing): as the set's `key` where each of its
    values is different, else as a question; and that it is required, where nearly no row is without it.
    """
    candidates = []
    for number, name in enumerate(names):
        texts = [value for value in values[:, number] if value]
        if len(texts) < max(MIN_ROWS, (1 - MOST_MISSING) * len(values)):
            continue
        rows = Counter(texts)
        if len(rows) >= MIN_UNIQUE * len(texts) and _is_like_a_key(name, rows, is_all):
            words = words_of(name)
            is_exact = len(rows) == len(values)
            candidates.append((not is_exact, words[-1:] not in (["id"], ["key"]), number, name, rows))
    if not candidates:
        return []
    *_, name, rows = min(candidates)
    missing = len(values) - rows.total()
    which = "" if is_all else f" of a sample of {len(values)} rows"
    repeated = {value: count for value, count in rows.items() if count > 1}
    if repeated:
        question = (
            f"{len(rows)} of {rows.total()} values{which} are different, but {values_with_rows(repeated)} repeat. "
            "Is this the key, and are these rows duplicates?"
        )
        found = [Suggestion(name, "question", None, question, sum(repeated.values()))]
    else:
        evidence = f"all {rows.total()} values{which} are different"
        found = [Suggestion(name, "key", {"key": [name]}, evidence, 0)]
    rule = {"column": name, "required": True, "on_failure": "warn"}
    evidence = (
        f"{rows.total()} of {len(values)} rows{' of a sample' if which else ''} have a value, which tells them apart"
    )
    return [*found, Suggestion(name, "required", rule, evidence, missing)]


def _is_like_a_key(name: str, rows: Counter[str], is_all: bool) -> bool:
    """Codes or numbers whose name says so, codes of letters and digits in one shape, whole numbers without gaps."""
    if is_name_of_key(name):
        return all(map(CODE.fullmatch, rows))
    if all(map(CODE.fullmatch, rows)) and _have_one_shape(rows):
        return rows.total() == len(rows) >= 2 * MIN_ROWS
    if not is_all or not all(len(value) < 16 and WHOLE.fullmatch(value) for value in rows):
        return False
    numbers = [int(value) for value in rows]
    return len(numbers) >= MIN_FILLED * (max(numbers) - min(numbers) + 1)


def _have_one_shape(values: Iterable[str]) -> bool:
    """INV-00123 and INV-00124, or such as 1b4e28ba-2fa1-11d2-883f-0016d3cca427: letters and digits, all of one form."""
    shapes = {re.sub("[0-9]", "9", re.sub("[A-Za-z]", "a", value)) for value in values}
    return all(map(UUID.fullmatch, values)) or (len(shapes) == 1 and {"a", "9"} <= set(*shapes))
