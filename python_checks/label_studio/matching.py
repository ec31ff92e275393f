"""What a file changes in the table of annotations: which are new, known, changed, or gone from Label Studio.

An annotation of Label Studio is known by its id. Rows are only added: a newer row of an annotation replaces the older
one for all who read the table, and a row that says so withdraws it. Nothing here reads or writes the warehouse.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from data_health.label_studio.answers import STUDIO, Answer, Task, named, short

UNKNOWN = "(unknown)"


@dataclass(frozen=True)
class Stored:
    """A row of the table of annotations. `label` is empty where the annotator would not decide.

    `has_source` is false where the table does not say where annotations are from.
    """

    row_key: str
    label: str
    annotator: str
    labelled_at: datetime | None
    is_gold: bool
    source: str | None
    annotation_id: str | None = None
    task: str | None = None
    project: str | None = None
    is_withdrawn: bool = False
    imported_at: datetime | None = None
    has_source: bool = True

    def age(self) -> tuple[object, ...]:
        """What orders rows of one annotation: they are added in the order in which it changed."""
        never = datetime.min
        return self.imported_at or never, self.labelled_at or never, self.is_gold, self.annotator != UNKNOWN


@dataclass(frozen=True)
class Given:
    """An answer of a file, with its values as the table would hold them."""

    answer: Answer
    label: str
    annotator: str
    labelled_at: datetime | None


@dataclass(frozen=True)
class File:
    """What is known of the file besides its answers.

    `moment` is the newest time that it tells. `listed` is there where the files are all that Label Studio has: per
    project, the rows and ids of its annotations.
    """

    tasks: Sequence[Task]
    moment: datetime | None
    latest: datetime
    listed: dict[str, set[tuple[str, str | None]]] | None = None


@dataclass
class Changes:
    """What is to be done: answers to add, ids to fill in beside rows that have none, annotations to withdraw.

    The counts are of annotations that stay withdrawn, and of those that are missing in the file and yet stay.
    """

    added: list[Answer] = field(default_factory=list)
    filled: list[tuple[Stored, Answer]] = field(default_factory=list)
    withdrawn: list[Stored] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    still_withdrawn_count: int = 0
    missing_count: int = 0


def changes(given: Sequence[Given], stored: Sequence[Stored], file: File) -> Changes:
    """What the file changes in the table."""
    found = Changes()
    stored = with_ids(given, stored, found)
    by_id, by_row = defaultdict(list), defaultdict(list)
    for row in stored:
        if row.annotation_id is not None:
            by_id[row.row_key, row.annotation_id].append(row)
    gone = {(row.row_key, row.annotation_id, row.project) for row in newest_versions(by_id) if row.is_withdrawn}
    for row in stored:
        if (row.row_key, row.annotation_id, row.project) not in gone:
            by_row[row.row_key].append(row)
    known = [newest_version(one.answer, by_id) for one in given]
    names = names_before(given, known)
    for one, version in zip(given, known, strict=True):
        if version is not None:
            compare_version(one, version, file, found)
        elif one.answer.annotation_id is not None:
            found.added.append(replace(one.answer, annotator=names.get(one.annotator, one.answer.annotator)))
        else:
            compare_content(one, by_row[one.answer.row_key], found)
    withdraw(newest_versions(by_id), file, found)
    return found


def same_project(first: str | None, second: str | None) -> bool:
    """Whether two annotations can be of one project; the flat formats do not name it."""
    return first is None or second is None or first == second


def newest_version(answer: Answer, by_id: dict[tuple[str, str], list[Stored]]) -> Stored | None:
    """The newest row of an annotation, or none where the table does not have it."""
    if answer.annotation_id is None:
        return None
    rows = by_id.get((answer.row_key, answer.annotation_id), [])
    return max((row for row in rows if same_project(row.project, answer.project)), key=Stored.age, default=None)


def newest_versions(by_id: dict[tuple[str, str], list[Stored]]) -> Iterable[Stored]:
    """The newest row of every annotation that has an id."""
    for rows in by_id.values():
        versions: dict[str | None, Stored] = {}
        for row in sorted(rows, key=Stored.age):
            versions[row.project] = row
        yield from versions.values()


def with_ids(given: Sequence[Given], stored: Sequence[Stored], found: Changes) -> list[Stored]:
    """The rows of the table with the ids that earlier releases did not store, found by what they say.

    Row, label and time tell which annotation a row is, and the annotator where the file calls them as the table does.
    The name may be of another kind: a number, an address, or nothing after the annotator was deleted.
    """
    of_content, of_id = defaultdict(list), {}
    for one in given:
        if one.answer.annotation_id is not None:
            of_content[one.answer.row_key, one.label, one.labelled_at].append(one)
            of_id[one.answer.row_key, one.answer.annotation_id] = one
    taken: Counter[int] = Counter()
    result = []
    for row in sorted(stored, key=lambda row: (row.annotator == UNKNOWN, row.annotator)):
        if row.annotation_id is None:
            match = own_match(row, of_content.get((row.row_key, row.label, row.labelled_at), []), taken)
        else:
            match = of_id.get((row.row_key, row.annotation_id))
        if match is None or not same_project(row.project, match.answer.project):
            result.append(row)
            continue
        answer = match.answer
        taken[id(match)] += 1
        ids = {
            "annotation_id": answer.annotation_id,
            "task": row.task or answer.task,
            "project": row.project or answer.project,
        }
        filled = replace(row, **ids)
        if filled != row:
            found.filled.append((row, answer))
        result.append(filled)
    return result


def own_match(row: Stored, alike: Sequence[Given], taken: Counter[int]) -> Given | None:
    """Which of these annotations, with the same row, label and time, a row without id is."""
    if row.is_withdrawn:
        return None
    exact = next((one for one in alike if one.annotator == row.annotator), None)
    if exact is not None or (row.has_source and row.source != STUDIO):
        return exact
    others = [one for one in alike if kind_of_name(one.annotator) != kind_of_name(row.annotator)]
    return min(others, key=lambda one: taken[id(one)], default=None)


def kind_of_name(name: str) -> str:
    """How Label Studio calls an annotator: by a number, by an address, or not at all."""
    return UNKNOWN if name == UNKNOWN else "number" if name.isdecimal() else "address"


def names_before(given: Sequence[Given], known: Sequence[Stored | None]) -> dict[str, str]:
    """What the table calls annotators whom the file calls otherwise, by annotations that both have."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for one, row in zip(given, known, strict=True):
        if row is not None and UNKNOWN not in (one.annotator, row.annotator):
            counts[one.annotator][row.annotator] += 1
    return {name: min(found, key=lambda other: (other != name, -found[other], other)) for name, found in counts.items()}


def compare_version(one: Given, row: Stored, file: File, found: Changes) -> None:
    """Add a known annotation again where the file has a newer state of it."""
    answer = one.answer
    is_gold = answer.is_gold or (row.is_gold and not answer.is_whole)
    changed = replace(
        answer,
        annotator=answer.annotator if row.annotator == UNKNOWN else row.annotator,
        is_gold=is_gold and answer.label is not None,
        task=answer.task or row.task,
        project=answer.project or row.project,
    )
    if row.is_withdrawn:
        is_newer = file.moment is not None and row.imported_at is not None and file.moment > row.imported_at
        if is_newer or file.listed is not None:
            found.added.append(changed)
        else:
            found.still_withdrawn_count += 1
        return
    is_wrong = row.labelled_at is None or row.labelled_at > file.latest
    if is_wrong or one.labelled_at > row.labelled_at:
        found.added.append(changed)
    elif one.labelled_at == row.labelled_at:
        if one.label != row.label:
            found.problems.append(
                f"{answer.place}: {named(answer.row_key)}, annotation {answer.annotation_id}: the table has the label "
                f"{short(row.label or None)} of the same time {row.labelled_at}, and the file {short(answer.label)}; "
                "save the annotation again in Label Studio"
            )
        elif answer.is_gold and not row.is_gold:
            found.added.append(changed)


def compare_content(one: Given, rows: Sequence[Stored], found: Changes) -> None:
    """Add an answer without id, unless its annotator gave it before: at the same time, or last where it has no time.

    Formats that do not say what is known to be right do not take it back.
    """
    answer = one.answer
    alike = [row for row in rows if row.is_gold or not answer.is_gold]
    own = [row for row in alike if row.annotator == one.annotator]
    if answer.labelled_at is None:
        in_order = sorted(own, key=lambda row: (row.labelled_at or datetime.min, row.label))
        last = {row.is_gold: row for row in in_order}
        if not any(row.label == one.label for row in last.values()):
            found.added.append(answer)
        return
    of_time = [row for row in own if row.labelled_at == one.labelled_at]
    if any(row.label == one.label for row in of_time):
        return
    other = next((row for row in of_time if row.is_gold == answer.is_gold), None)
    if other is None:
        found.added.append(answer)
        return
    found.problems.append(
        f"{answer.place}: {named(answer.row_key)}: the table has the label {short(other.label or None)} of the "
        f"annotator {short(one.annotator)} and of the same time {one.labelled_at}, and the file {short(answer.label)}; "
        "give the label that is right a later time"
    )


def withdraw(versions: Iterable[Stored], file: File, found: Changes) -> None:
    """Withdraw the annotations that Label Studio has no longer.

    The file has the task of such an annotation, and with it as many annotations as Label Studio counts, but not this
    one; and it is not older than the annotation. Where the files are all that there is, what they lack is gone.
    """
    tasks = defaultdict(list)
    for task in file.tasks:
        tasks[task.row_key, task.task].append(task)
    for row in versions:
        if row.is_withdrawn or row.annotation_id is None:
            continue
        own = [task for task in tasks.get((row.row_key, row.task), []) if same_project(task.project, row.project)]
        if file.listed is not None and row.project in file.listed:
            if (row.row_key, row.annotation_id) not in file.listed[row.project]:
                found.withdrawn.append(row)
        elif row.task is not None and own and not any(row.annotation_id in task.annotation_ids for task in own):
            is_wrong = row.labelled_at is None or row.labelled_at > file.latest
            is_older = file.moment is None or (not is_wrong and row.labelled_at > file.moment)
            if all(task.is_complete for task in own) and not is_older:
                found.withdrawn.append(row)
            else:
                found.missing_count += 1


def listed_annotations(tasks: Collection[Task]) -> dict[str, set[tuple[str, str | None]]]:
    """Per project the rows and ids of the annotations that these tasks have."""
    found: dict[str, set[tuple[str, str | None]]] = defaultdict(set)
    for task in tasks:
        if task.project is not None:
            found[task.project].update((task.row_key, number) for number in task.annotation_ids)
    return dict(found)
