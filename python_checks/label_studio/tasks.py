"""Rows that annotators are asked about, as tasks of Label Studio and as CSV; the labeling interface for them."""

import csv
import hashlib
import io
import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

# what one import into Label Studio may hold
MOST_TASKS, MOST_BYTES = 250_000, 50_000_000
KEY_FIELD, KEY_TAG = "dq_row_key", "row_key"
OWN_FIELDS = (KEY_FIELD, "dq_reason", "dq_strategy", "dq_margin", "dq_batch")
# the flat formats of Label Studio put these beside the fields of a task
TAKEN_FIELDS = ("id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement", "history")
# spreadsheets run what begins with one of these; a negative number is only a number
FORMULA, NUMBER = re.compile(r"'*[=+\-@\t\r\n]"), re.compile(r"-\d+(\.\d*)?([eE][+-]?\d+)?")
# the answers of these rows measure the model or settle a dispute, so nobody is shown what it says
BLIND_STRATEGIES = ("audit", "relabel")


class ExchangeError(Exception):
    """What is asked for cannot be done; nothing was."""


@dataclass(frozen=True)
class Candidate:
    """One open row of health_labeling_candidates, with the values that annotators are shown, in their order."""

    row_key: str
    batch: int
    strategy: str | None
    reason: str | None
    margin: float | None
    predicted_label: str | None
    confidence: float | None
    learner_version: str | None
    shown: tuple[str | None, ...]


def field_names(columns: Sequence[str], control: str) -> list[str]:
    """The field of a task that holds each column: its name where Label Studio takes it, otherwise one like it."""
    taken = {*OWN_FIELDS, *TAKEN_FIELDS, KEY_TAG, control}
    names = []
    for column in columns:
        plain = re.sub(r"[^0-9A-Za-z_]", "_", column)
        plain = f"column_{plain}" if not re.match("[A-Za-z]", plain) else plain
        name, number = plain, 1
        while name in taken:
            number += 1
            name = f"{plain}_{number}"
        taken.add(name)
        names.append(name)
    return names


def finite(value: float | None) -> float | None:
    """The number, or none where JSON has no word for it."""
    return value if value is not None and math.isfinite(value) else None


def task_data(candidate: Candidate, monitor: str, fields: Sequence[str]) -> dict[str, object]:
    """What a task says of its row; a null is shown as (null)."""
    shown = ("(null)" if value is None else value for value in candidate.shown)
    return {
        KEY_FIELD: f"{monitor}|{candidate.row_key}",
        "dq_reason": candidate.reason,
        "dq_strategy": candidate.strategy,
        "dq_margin": finite(candidate.margin),
        "dq_batch": candidate.batch,
        **dict(zip(fields, shown, strict=True)),
    }


def is_hinted(candidate: Candidate, labels: Sequence[str]) -> bool:
    """Whether annotators may see the model's label: it is one of theirs, and the answer does not judge the model."""
    return candidate.predicted_label in labels and candidate.strategy not in BLIND_STRATEGIES


def task(candidate: Candidate, monitor: str, fields: Sequence[str], labels: Sequence[str], control: str) -> dict:
    """One task of Label Studio's import format, with the model's label as a prediction where annotators may see it."""
    made: dict[str, object] = {"data": task_data(candidate, monitor, fields)}
    if is_hinted(candidate, labels):
        choice = {"choices": [candidate.predicted_label]}
        prediction = {
            "model_version": candidate.learner_version or "data_health",
            "score": finite(candidate.confidence),
            "result": [{"from_name": control, "to_name": KEY_TAG, "type": "choices", "value": choice}],
        }
        made["predictions"] = [prediction]
    return made


def payload_hash(text: str) -> str:
    """SHA-256 of what was written about one row, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def json_lines(tasks: Iterable[dict]) -> list[str]:
    """Every task as a text of one line."""
    return [json.dumps(item, ensure_ascii=False, allow_nan=False) for item in tasks]


def safe_cell(value: object) -> object:
    """A value as a spreadsheet only shows it: a text that it would run as a formula begins with an apostrophe."""
    if isinstance(value, str) and FORMULA.match(value) and not NUMBER.fullmatch(value):
        return f"'{value}"
    return value


def plain_cell(text: str) -> str:
    """The value that `safe_cell` made this text of."""
    return text[1:] if text.startswith("'") and FORMULA.match(text) else text


def csv_lines(rows: Iterable[Sequence[object]]) -> list[str]:
    """Every row as CSV, without the end of its line."""
    lines = []
    for row in rows:
        text = io.StringIO()
        # a cell with one of the characters that end a line stands in quotes
        csv.writer(text, lineterminator="\r\n").writerow(row)
        lines.append(text.getvalue().removesuffix("\r\n"))
    return lines


def csv_header(fields: Sequence[str], control: str) -> list[str]:
    """Columns of the CSV; the last two are for annotators to fill in."""
    return [*OWN_FIELDS, *fields, "dq_predicted_label", control, "annotator"]


def csv_row(candidate: Candidate, monitor: str, fields: Sequence[str], labels: Sequence[str]) -> list[object]:
    """One row of it."""
    hint = candidate.predicted_label if is_hinted(candidate, labels) else None
    return [*map(safe_cell, task_data(candidate, monitor, fields).values()), safe_cell(hint), None, None]


def parts(lines: Sequence[str], around: int, most: int = MOST_TASKS, most_bytes: int = MOST_BYTES) -> Iterator[range]:
    """Which lines go into which file, so that none has more than it may; `around` are bytes that each file has besides.

    Raises ExchangeError when a line alone is too long, and names its number from 1.
    """
    first, size = 0, around
    for number, line in enumerate(lines):
        length = len(line.encode()) + 2
        if around + length > most_bytes:
            raise ExchangeError(f"row {number + 1} alone has {length} bytes; a file may have at most {most_bytes}")
        if number - first == most or size + length > most_bytes:
            yield range(first, number)
            first, size = number, around
        size += length
    if len(lines) > first:
        yield range(first, len(lines))


def labeling_config(columns: Sequence[str], fields: Sequence[str], labels: Sequence[str], control: str) -> str:
    """The labeling interface as XML: the key, each column with its name, one choice of the labels.

    Raises ExchangeError when a label has a character that XML has no way to write.
    """
    for text in [*labels, *columns]:
        if re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", text):
            raise ExchangeError(f"the labeling interface is XML, which cannot contain {text!r}; rename it")
    view = ElementTree.Element("View")
    ElementTree.SubElement(view, "Text", name=KEY_TAG, value=f"${KEY_FIELD}")
    for column, field in zip(columns, fields, strict=True):
        ElementTree.SubElement(view, "Header", value=column, size="5")
        ElementTree.SubElement(view, "Text", name=f"shown_{field}", value=f"${field}")
    choices = ElementTree.SubElement(view, "Choices", name=control, toName=KEY_TAG, choice="single", required="true")
    for label in labels:
        ElementTree.SubElement(choices, "Choice", value=label)
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"
