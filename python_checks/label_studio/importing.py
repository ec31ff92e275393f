"""Answers of annotators come back from files into the table of annotations, all of them or none, with a log."""

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from data_health.label_studio.answers import Answer, Expected
from data_health.label_studio.files import Reading, read_answers, refusal
from data_health.label_studio.matching import Changes, File, changes, listed_annotations
from data_health.label_studio.project import Monitor, Project, known_labels
from data_health.label_studio.store import (
    GIVEN,
    KEYS,
    Store,
    add_rows,
    drop_temporary,
    fill_ids,
    given_answers,
    prepared_store,
    put_given,
    rows_of_file,
    withdraw_rows,
)
from data_health.label_studio.tasks import ExchangeError
from data_health.label_studio.warehouse import Warehouse, find_column, now, prepare, row_key

# a column that came later stands at the end, so that logs of earlier releases have the same order
IMPORT_LOG = (
    "monitor varchar, file_name varchar, file_hash varchar, added_count bigint, known_count bigint, skip_count bigint, "
    "unanswered_count bigint, imported_at timestamp, withdrawn_count bigint"
)


@dataclass(frozen=True)
class Imported:
    """What one file brought.

    `still_withdrawn_count` are annotations of the file that were withdrawn before; `missing_count` are stored ones
    that the file lacks, but that were not withdrawn.
    """

    file: Path
    added_count: int
    known_count: int
    skip_count: int
    unanswered_count: int
    withdrawn_count: int = 0
    still_withdrawn_count: int = 0
    missing_count: int = 0


@dataclass(frozen=True)
class Import:
    """What is imported, and how: `is_complete` says that the files are all that their projects have by now."""

    files: Sequence[Path]
    control: str = "label"
    annotator: str | None = None
    is_complete: bool = False


def import_labels(project: Project, wanted: str | None, wish: Import) -> tuple[str, list[Imported]]:
    """Add the answers of the files to the table of annotations, made where it is missing; its name, and the counts.

    Raises ExchangeError when anything is wrong with any of the files; then nothing of them is added.
    """
    monitor = project.monitor(wanted)
    if monitor.answers is None:
        raise ExchangeError(
            f"monitor {monitor.name!r}: labeling.annotations is missing; it names the table of annotations"
        )
    if not monitor.answers_can_grow:
        raise ExchangeError(
            f"monitor {monitor.name!r}, labeling.annotations: {monitor.answers.relation} is built by dbt or is a file; "
            "annotations can be added only to a source: {source: [source, table]}"
        )
    contents = {file: file.read_bytes() for file in wish.files}
    with project.transaction() as warehouse:
        prepare(warehouse, monitor.import_log, IMPORT_LOG)
        if monitor.import_log.columns and find_column(monitor.import_log.columns, "withdrawn_count") is None:
            warehouse.run(f"alter table {monitor.import_log.relation} add column if not exists withdrawn_count bigint")
        store = prepared_store(monitor, monitor.answers, warehouse)
        labels = known_labels(monitor, warehouse) if contents else []
        expected = Expected(monitor.name, labels, monitor.skip, wish.control, wish.annotator)
        readings = {}
        for file, content in contents.items():
            with naming(file):
                readings[file] = read_answers(content, expected)
        listed = all_listed(readings) if wish.is_complete else None
        done = []
        for file, reading in readings.items():
            about = File(reading.tasks, reading.moment, expected.latest, listed)
            with naming(file):
                found = take_answers(monitor, store, warehouse, reading, about)
            counts = counted(reading, found)
            digest = hashlib.sha256(contents[file]).hexdigest()
            log = [monitor.name, file.name, digest, *counts, now(), len(found.withdrawn)]
            warehouse.insert(monitor.import_log.relation, [log])
            rest = len(found.withdrawn), found.still_withdrawn_count, found.missing_count
            done.append(Imported(file, *counts, *rest))
    return monitor.answers.relation, done


@contextlib.contextmanager
def naming(file: Path) -> Iterator[None]:
    """What is wrong meanwhile names the file."""
    try:
        yield
    except ExchangeError as wrong:
        raise ExchangeError(f"{file}: {wrong}") from None


def counted(reading: Reading, found: Changes) -> tuple[int, int, int, int]:
    """How many answers of a file were added and known before, how many are skips, and how many tasks have none."""
    added_count = len(found.added)
    known_count = len(reading.answers) - added_count + reading.repeated_count
    return added_count, known_count, reading.skip_count, reading.unanswered_count


def all_listed(readings: dict[Path, Reading]) -> dict[str, set[tuple[str, str | None]]]:
    """All annotations of files that are complete, per project.

    Raises ExchangeError when a file cannot say what its project has.
    """
    for file, reading in readings.items():
        if not reading.tasks or any(task.project is None for task in reading.tasks):
            raise ExchangeError(
                f"{file}: --complete needs an export in the format JSON, with tasks that name their project"
            )
    return listed_annotations([task for reading in readings.values() for task in reading.tasks])


def take_answers(monitor: Monitor, store: Store, warehouse: Warehouse, reading: Reading, about: File) -> Changes:
    """Add what is new in a file, fill in ids, and withdraw what is gone; what was done.

    Raises ExchangeError when a row is not in the monitored relation, when several have its key, or when an answer
    contradicts one of the same time.
    """
    if "is_gold" not in store.columns and any(answer.is_gold for answer in reading.answers):
        raise ExchangeError(
            f"{store.table.relation} has no column is_gold, but some annotations are gold; add the column"
        )
    rows = {answer.row_key for answer in reading.answers} | {task.row_key for task in reading.tasks}
    put_given(warehouse, reading.answers, rows, set(about.listed or ()))
    find_keys(monitor, warehouse, reading.answers)
    found = changes(given_answers(store, warehouse, reading.answers), rows_of_file(store, warehouse), about)
    if found.problems:
        raise refusal(found.problems)
    taken_at = now()
    if found.filled:
        fill_ids(store, warehouse, found.filled)
    if found.added:
        add_rows(store, warehouse, found.added, taken_at)
    if found.withdrawn:
        withdraw_rows(store, warehouse, found.withdrawn, taken_at)
    drop_temporary(warehouse)
    return found


def find_keys(monitor: Monitor, warehouse: Warehouse, answers: Sequence[Answer]) -> None:
    """Find the values of every key, in the types that they have in the monitored relation.

    Raises ExchangeError that names those answers whose key no row has, or rows whose keys look alike as texts.
    """
    key, relation = row_key(monitor.key), monitor.relation.relation
    values = ", ".join(f"{column.quoted} as key_{number}" for number, column in enumerate(monitor.key))
    warehouse.run(
        f"create temporary table {KEYS} as select distinct {key} as row_key, {values} "
        f"from {relation} where {key} in (select row_key from {GIVEN})"
    )
    counts = dict(warehouse.rows(f"select row_key, count(*) from {KEYS} group by row_key"))
    problems = []
    for answer in answers:
        count = counts.get(answer.row_key, 0)
        if count != 1:
            has = "no row with the key" if count == 0 else f"{count} keys that are written as"
            problems.append(f"{answer.place}: {relation} has {has} {answer.row_key!r}")
    if problems:
        raise refusal(problems)
