"""What one task, or one line, says of a row: whose answer, which, when; and what is wrong with it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from data_health.label_studio.tasks import KEY_FIELD

STUDIO, CSV = "label_studio", "csv"
DELETED = "None"
# clocks of two machines differ by less; what is later is an error, and no later correction would count
MOST_AHEAD = timedelta(minutes=5)


def latest_moment() -> datetime:
    """The latest time that an annotation may have, as UTC without zone."""
    return datetime.now(UTC).replace(tzinfo=None) + MOST_AHEAD


@dataclass(frozen=True)
class Answer:
    """One answer about one row. `label` is none where the annotator would not decide; `labelled_at` is naive UTC.

    `annotation_id`, `task` and `project` are what Label Studio calls it; none where the file does not say so. Only
    a whole annotation (`is_whole`) says whether it is gold, and whether it was skipped.
    """

    row_key: str
    label: str | None
    annotator: str | None
    labelled_at: datetime | None
    seconds: float | None
    is_gold: bool
    source: str
    place: str
    annotation_id: str | None = None
    task: str | None = None
    project: str | None = None
    is_whole: bool = False

    def identity(self) -> tuple[object, ...]:
        """What makes it the same answer when it comes again: its id, else who gave it about which row at which time.

        What is known to be right is nobody's answer.
        """
        if self.annotation_id is not None:
            return self.row_key, self.project, self.annotation_id
        return self.row_key, "(gold)" if self.is_gold else ("answer of", self.annotator), self.labelled_at


@dataclass(frozen=True)
class Task:
    """A task with all annotations that the file has of it; `moment` is the newest time that it tells.

    `is_complete` is false where Label Studio counts more annotations than the file lists, or one has no id.
    """

    row_key: str
    task: str | None
    project: str | None
    annotation_ids: frozenset[str | None]
    is_complete: bool
    moment: datetime | None


@dataclass(frozen=True)
class Found:
    """What one part of a file has: answers, and the task where it is a whole one."""

    answers: list[Answer]
    task: Task | None = None


@dataclass(frozen=True)
class Expected:
    """What a file may hold: rows of this monitor, answers by the control of this name, these labels or the skip.

    `annotator` is who answered where a line of CSV does not say. No answer may be of later than `latest`.
    """

    monitor: str
    labels: Sequence[str]
    skip: str
    control: str = "label"
    annotator: str | None = None
    latest: datetime = field(default_factory=latest_moment)


class Problem(Exception):
    """What is wrong with one part of a file."""


def task_answers(item: Mapping, expected: Expected, place: str) -> Found:
    """One task of Label Studio's JSON with the answers of every annotation."""
    data, annotations = item.get("data"), item.get("annotations")
    if not isinstance(data, dict):
        raise Problem("the task has no data")
    row_key = own_key(data, expected)
    if not isinstance(annotations, list):
        raise Problem(f"{named(row_key)}: the task has no list of annotations")
    try:
        names = number_of(item, "id"), number_of(item, "project")
    except Problem as wrong:
        raise Problem(f"{named(row_key)}: {wrong}") from None
    found = []
    for number, annotation in enumerate(annotations, 1):
        try:
            found.append(annotation_answer(annotation, row_key, names, expected, place))
        except Problem as wrong:
            raise Problem(f"{named(row_key)}, annotation {number}: {wrong}") from None
    return Found(found, described_task(item, row_key, names, found, expected.latest))


def described_task(
    item: Mapping, row_key: str, names: tuple[str | None, str | None], answers: Sequence[Answer], latest: datetime
) -> Task:
    """The task without its answers. Its own times only say how new the file is, so that odd ones are left out."""
    ids = frozenset(answer.annotation_id for answer in answers)
    skipped = sum(one.get("was_cancelled") is True for one in item["annotations"])
    listed = {"total_annotations": len(answers) - skipped, "cancelled_annotations": skipped}
    counts = {name: item.get(name) for name in listed}
    is_complete = None not in ids and all(counts[name] in (None, count) for name, count in listed.items())
    times = [utc(item.get("updated_at")), utc(item.get("created_at")), *(answer.labelled_at for answer in answers)]
    moment = max((time for time in times if time is not None and time <= latest), default=None)
    project = next((answer.project for answer in answers if answer.project is not None), names[1])
    return Task(row_key, names[0], project, ids, is_complete, moment)


def annotation_answer(
    annotation: object, row_key: str, names: tuple[str | None, str | None], expected: Expected, place: str
) -> Answer:
    """What one annotation says: a choice, or none where it was skipped or left empty.

    `names` are the ids of its task and of its project.
    """
    if not isinstance(annotation, dict):
        raise Problem(f"found {short(annotation)}; an annotation is expected")
    result = annotation.get("result")
    if not isinstance(result, list):
        raise Problem("the annotation has no list of results")
    was_cancelled, is_gold = flag(annotation, "was_cancelled"), flag(annotation, "ground_truth")
    label = None if was_cancelled else allowed(chosen(result, expected), expected)
    return Answer(
        row_key,
        label,
        annotator_name(annotation.get("completed_by")),
        moment(annotation, ["updated_at", "created_at"], expected.latest, required=True),
        duration(annotation, ["lead_time"]),
        is_gold and label is not None,
        STUDIO,
        place,
        number_of(annotation, "id"),
        names[0],
        names[1] or number_of(annotation, "project"),
        is_whole=True,
    )


def chosen(result: Sequence[object], expected: Expected) -> object:
    """The one choice among the results of an annotation, or none when there are no results at all."""
    if not all(isinstance(part, dict) for part in result):
        raise Problem("a result is not an object")
    own = [part for part in result if part.get("from_name") == expected.control]
    if not result:
        return None
    if not own:
        names = ", ".join(sorted({short(part.get("from_name")) for part in result}))
        raise Problem(f"no result is of the control {expected.control!r}, but of {names}; --control names another")
    if len(own) > 1:
        raise Problem(f"{len(own)} results of the control {expected.control!r}; one is expected")
    if own[0].get("type") != "choices":
        raise Problem(f"the result has the type {short(own[0].get('type'))}; allowed: choices")
    value = own[0].get("value")
    return one_choice(value.get("choices") if isinstance(value, dict) else value)


def one_choice(choices: object) -> object:
    """The one entry of a list of choices; none where it is empty."""
    if not isinstance(choices, list):
        raise Problem(f"found {short(choices)}; a list of choices is expected")
    if len(choices) > 1:
        raise Problem(f"{len(choices)} choices, {short(choices)}; one is expected")
    return choices[0] if choices else None


def flat_answers(row: Mapping, expected: Expected, place: str, source: str) -> Found:
    """The answer of one line of JSON_MIN or CSV; nothing where nobody has answered."""
    row_key = own_key(row, expected)
    value = row.get(expected.control)
    try:
        if isinstance(value, dict):
            value = one_choice(value.get("choices"))
        elif isinstance(value, list):
            value = one_choice(value)
        if value is None and row.get("annotation_id") is None:
            return Found([])
        label = allowed(value, expected)
        if source == STUDIO:
            times, annotator = ["updated_at", "created_at"], annotator_name(row.get("annotator"))
            # so Label Studio writes in its flat formats that it deleted them
            annotator = None if annotator == DELETED else annotator
        else:
            times = ["labelled_at", "updated_at", "created_at"]
            annotator = annotator_name(row.get("annotator")) or expected.annotator
            if annotator is None:
                raise Problem("the annotator is missing; --annotator names one for such rows")
        labelled_at = moment(row, times, expected.latest, required=source == STUDIO)
        seconds = duration(row, ["seconds", "lead_time"])
        annotation_id = number_of(row, "annotation_id") if source == STUDIO else None
        task = number_of(row, "id") if annotation_id is not None else None
    except Problem as wrong:
        raise Problem(f"{named(row_key)}: {wrong}") from None
    is_gold = row.get("is_gold") is True and label is not None
    return Found([Answer(row_key, label, annotator, labelled_at, seconds, is_gold, source, place, annotation_id, task)])


def own_key(data: Mapping, expected: Expected) -> str:
    """The key of the row in the monitored table, from monitor|key."""
    value = data.get(KEY_FIELD)
    if not isinstance(value, str) or not value:
        raise Problem(f"no {KEY_FIELD} among {short(list(data))}, so this task was not exported by data-health")
    monitor, mark, row_key = value.partition("|")
    if not mark:
        raise Problem(f"{KEY_FIELD} is {short(value)}; the form monitor|key is expected")
    if monitor != expected.monitor:
        raise Problem(f"{KEY_FIELD} is {short(value)}: a row of another monitor; {expected.monitor!r} is expected")
    return storable(row_key, KEY_FIELD)


def allowed(label: object, expected: Expected) -> str | None:
    """The label as a text; none where the annotator would not decide."""
    if label is None or label == expected.skip:
        return None
    if not isinstance(label, str) or label not in expected.labels:
        raise Problem(f"the label {short(label)} is not one of {short(list(expected.labels))}")
    return label


def annotator_name(value: object) -> str | None:
    """Whoever answered: the number that Label Studio gave them, or the address where it writes who they are."""
    if isinstance(value, dict):
        value = next((value[name] for name in ("email", "username", "id") if value.get(name) not in (None, "")), None)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise Problem(f"the annotator is {short(value)}; a name or a whole number is expected")
    return storable(str(value), "the annotator")


def storable(text: str, name: str) -> str:
    """The text, if a warehouse can hold it: without the character 0 and halves of pairs."""
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise Problem(f"{name} is {short(text)}, which has characters that no warehouse can store")
    return text


def number_of(row: Mapping, name: str) -> str | None:
    """An id that Label Studio gave, as a text; none where there is none."""
    value = row.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise Problem(f"{name} is {short(value)}; a whole number is expected")
    return storable(str(value), name)


def utc(value: object) -> datetime | None:
    """A time that is written as a text, as UTC without zone; one without zone is UTC. None where it is no time."""
    try:
        found = datetime.fromisoformat(value)
        return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
    except (TypeError, ValueError, OverflowError):
        return None


def moment(row: Mapping, names: Sequence[str], latest: datetime, *, required: bool) -> datetime | None:
    """The first of these times, as UTC without zone; none may be later than `latest`."""
    name = next((name for name in names if row.get(name) is not None), None)
    if name is None:
        if required:
            raise Problem(f"the time is missing; {' or '.join(names)} is expected")
        return None
    found = utc(row[name])
    if found is None:
        raise Problem(f"{name} is {short(row[name])}; a time such as 2024-01-31T12:00:00Z is expected")
    if found > latest:
        raise Problem(
            f"{name} is {short(row[name])}, which is in the future; a time without a zone is read as UTC. "
            "Correct the time, or the clock, and save the annotation again"
        )
    return found


def duration(row: Mapping, names: Sequence[str]) -> float | None:
    """Seconds that an answer took, where it is known."""
    name = next((name for name in names if row.get(name) is not None), None)
    if name is None:
        return None
    value = row[name]
    try:
        seconds = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        seconds = math.nan
    if not math.isfinite(seconds) or seconds < 0:
        raise Problem(f"{name} is {short(value)}; a number of seconds is expected")
    return seconds


def flag(row: Mapping, name: str) -> bool:
    """A boolean, false where it is missing."""
    value = row.get(name)
    if value is not None and not isinstance(value, bool):
        raise Problem(f"{name} is {short(value)}; allowed: true, false")
    return bool(value)


def named(row_key: str) -> str:
    """The row, as the beginning of a message."""
    return f"row {short(row_key)}"


def short(value: object) -> str:
    """A value as a person may read it, at most 80 characters of it."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
