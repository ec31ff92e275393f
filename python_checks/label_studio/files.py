"""Files of answers: Label Studio's JSON and JSON_MIN as it writes them, and CSV.

All that is wrong with a file is found before any of it is used.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from data_health.label_studio.answers import (
    CSV,
    STUDIO,
    Answer,
    Expected,
    Found,
    Problem,
    Task,
    flat_answers,
    named,
    short,
    task_answers,
)
from data_health.label_studio.tasks import KEY_FIELD, ExchangeError, plain_cell

MOST_SHOWN = 20
YES_AND_NO = {"true": True, "false": False, "1": True, "0": False}


@dataclass
class Reading:
    """The answers of a file, each once; how often one came again, and how many tasks nobody answered.

    `tasks` are those that are there as a whole, with all that Label Studio knows of them.
    """

    answers: list[Answer] = field(default_factory=list)
    repeated_count: int = 0
    unanswered_count: int = 0
    tasks: list[Task] = field(default_factory=list)

    @property
    def skip_count(self) -> int:
        """Answers of those who would not decide."""
        return sum(answer.label is None for answer in self.answers)

    @property
    def moment(self) -> datetime | None:
        """The newest time that the file tells: it is not older than that."""
        return max((task.moment for task in self.tasks if task.moment is not None), default=None)


def read_answers(content: bytes, expected: Expected) -> Reading:
    """The answers of a file.

    Raises ExchangeError that names up to 20 places with what is wrong there, when anything is.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise ExchangeError(f"the file is not UTF-8 text: byte {wrong.start} is {content[wrong.start]:#04x}") from None
    if not text.strip():
        raise ExchangeError("the file is empty")
    read_parts = json_parts(text) if text.lstrip()[0] in "[{" else csv_parts(text)
    reading, known, problems = Reading(), {}, []
    for place, read in read_parts:
        try:
            found = read(expected, place)
            reading.unanswered_count += not found.answers
            reading.tasks += [found.task] if found.task is not None else []
            for answer in found.answers:
                there = known.get(answer.identity())
                known[answer.identity()] = answer if there is None else newer(there, answer)
                reading.repeated_count += there is not None
        except Problem as wrong:
            problems.append(f"{place}: {wrong}")
    if problems:
        raise refusal(problems)
    reading.answers = list(known.values())
    return reading


def newer(first: Answer, second: Answer) -> Answer:
    """Which of two that are the same answer counts: the newer one. Raises Problem when nothing tells which that is."""
    if first.labelled_at != second.labelled_at:
        return max(first, second, key=lambda answer: answer.labelled_at)
    if first.label != second.label:
        who = "what is known to be right" if first.is_gold else f"the annotator {short(first.annotator)}"
        what = who if first.annotation_id is None else f"annotation {first.annotation_id}"
        when = "without a time" if first.labelled_at is None else f"at the same time {first.labelled_at}"
        labels = f"{short(first.label)} ({first.place}) and {short(second.label)}"
        raise Problem(f"{named(first.row_key)}: {what} has two labels {when}, {labels}; keep one of them")
    return first


def refusal(problems: Sequence[str]) -> ExchangeError:
    """One error that names the first problems and counts the others."""
    more = [f"and {len(problems) - MOST_SHOWN} more"] if len(problems) > MOST_SHOWN else []
    return ExchangeError("\n- ".join(["nothing was imported", *problems[:MOST_SHOWN], *more]))


Part = tuple[str, Callable[[Expected, str], Found]]


def json_parts(text: str) -> Iterator[Part]:
    """Every task of a JSON file with the function that reads it."""

    def refuse(word: str) -> None:
        raise ValueError(f"{word} is not JSON")

    try:
        items = json.loads(text, parse_constant=refuse)
    except RecursionError:
        raise ExchangeError("the file is not an export of Label Studio: it is nested too deeply") from None
    except ValueError as wrong:
        raise ExchangeError(f"the file is not complete, correct JSON: {wrong}") from None
    if not isinstance(items, list):
        raise ExchangeError("the file is not an export of Label Studio (JSON or JSON_MIN), which is a list of tasks")
    for number, item in enumerate(items, 1):
        name = f" (id {short(item['id'])})" if isinstance(item, dict) and item.get("id") is not None else ""
        yield f"task {number}{name}", json_reader(item)


def json_reader(item: object) -> Callable[[Expected, str], Found]:
    """The function that reads one task; a whole one has its fields under data, one of JSON_MIN beside all else."""

    def read(expected: Expected, place: str) -> Found:
        if not isinstance(item, dict):
            raise Problem(f"found {short(item)}; a task is expected")
        if "data" in item or "annotations" in item:
            return task_answers(item, expected, place)
        return flat_answers(item, expected, place, STUDIO)

    return read


def csv_parts(text: str) -> Iterator[Part]:
    """Every row of a CSV file with the function that reads it; commas, semicolons or tabs stand between the cells."""
    found = [mark for mark in ",;\t" if KEY_FIELD in next(csv.reader(io.StringIO(text), delimiter=mark), [])]
    if not found:
        raise ExchangeError(f"the file is neither JSON nor CSV with a column {KEY_FIELD}")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=found[0], strict=True)
    header = next(rows)
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise ExchangeError(f"the file has more than one column {twice[0]}; rename or remove one")
    try:
        for cells in rows:
            if cells:
                yield f"line {rows.line_num}", csv_reader(header, cells)
    except csv.Error as wrong:
        raise ExchangeError(f"line {rows.line_num}: the file is not complete, correct CSV: {wrong}") from None


def csv_reader(header: Sequence[str], cells: Sequence[str]) -> Callable[[Expected, str], Found]:
    """The function that reads one row of CSV, in which an empty cell is nothing."""

    def read(expected: Expected, place: str) -> Found:
        if len(cells) != len(header):
            raise Problem(f"{len(cells)} cells; the header has {len(header)} columns")
        row = {name: cell.strip() or None for name, cell in zip(header, cells, strict=True)}
        # blanks belong to a key
        row[KEY_FIELD] = cells[list(header).index(KEY_FIELD)]
        is_studio = row.get("annotation_id") is not None
        if not is_studio:
            row = {name: cell and plain_cell(cell) for name, cell in row.items()}
        if expected.control not in row:
            raise Problem(f"there is no column {expected.control}; --control names another column")
        gold = (row.get("is_gold") or row.get("ground_truth") or "false").lower()
        if gold not in YES_AND_NO:
            raise Problem(f"is_gold is {short(gold)}; allowed: true, false")
        row["is_gold"] = YES_AND_NO[gold]
        return flat_answers(row, expected, place, STUDIO if is_studio else CSV)

    return read
