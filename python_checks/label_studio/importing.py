"""Answers of annotators come back from files into the table of answers, all of them or none, with a log."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from data_health.label_studio.answers import Answer, Expected
from data_health.label_studio.files import Reading, read_answers, refusal
from data_health.label_studio.project import Monitor, Project, known_labels
from data_health.label_studio.tasks import ExchangeError
from data_health.label_studio.warehouse import (
    Column,
    Table,
    Warehouse,
    find_column,
    literal,
    make_schema,
    now,
    prepare,
    row_key,
)

IMPORT_LOG = (
    "monitor varchar, file_name varchar, file_hash varchar, added_count bigint, known_count bigint, skip_count bigint, "
    "unanswered_count bigint, imported_at timestamp"
)
ANSWERS = {
    "label": "varchar",
    "annotator": "varchar",
    "labelled_at": "timestamp",
    "source": "varchar",
    "seconds": "double precision",
    "is_gold": "boolean",
}
GIVEN, KEYS, NEW = "data_health_given_answers", "data_health_given_keys", "data_health_new_answers"


@dataclass(frozen=True)
class Imported:
    """What one file brought."""

    file: Path
    added_count: int
    known_count: int
    skip_count: int
    unanswered_count: int


def import_labels(
    project: Project, wanted: str | None, files: Sequence[Path], control: str = "label", annotator: str | None = None
) -> tuple[str, list[Imported]]:
    """Add the answers of the files to the table of answers, which is made where it is missing; its name and the counts.

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
    contents = {file: file.read_bytes() for file in files}
    with project.transaction() as warehouse:
        prepare(warehouse, monitor.import_log, IMPORT_LOG)
        columns = answers_columns(monitor, monitor.answers, warehouse)
        labels = known_labels(monitor, warehouse) if files else []
        expected = Expected(monitor.name, labels, monitor.skip, control, annotator)
        done = []
        for file, content in contents.items():
            try:
                reading = read_answers(content, expected)
                added_count = add_answers(monitor, monitor.answers, columns, warehouse, reading)
            except ExchangeError as wrong:
                raise ExchangeError(f"{file}: {wrong}") from None
            known_count = len(reading.answers) - added_count + reading.repeated_count
            counts = added_count, known_count, reading.skip_count, reading.unanswered_count
            log = [monitor.name, file.name, hashlib.sha256(content).hexdigest(), *counts, now()]
            warehouse.insert(monitor.import_log.relation, [log])
            done.append(Imported(file, *counts))
    return monitor.answers.relation, done


def answers_columns(monitor: Monitor, answers: Table, warehouse: Warehouse) -> list[Column]:
    """The columns of the table of answers, which is made where it is missing: the key as the monitored relation has it.

    Raises ExchangeError when the table lacks one that every answer has.
    """
    if answers.columns is None:
        make_schema(warehouse, answers)
        made = [f"cast(null as {kind}) as {name}" for name, kind in ANSWERS.items()]
        columns = ", ".join([*(column.quoted for column in monitor.key), *made])
        # one for whom this import had to wait may have made it since dbt looked
        no_rows = f"select {columns} from {monitor.relation.relation} where false"
        warehouse.run(f"create table if not exists {answers.relation} as {no_rows}")
        return [*monitor.key, *(Column(name, name, kind) for name, kind in ANSWERS.items())]
    for name in [*(column.name for column in monitor.key), "label", "annotator", "labelled_at"]:
        if find_column(answers.columns, name) is None:
            raise ExchangeError(f"{answers.relation} has no column {name}, which a table of annotations needs")
    return answers.columns


def add_answers(
    monitor: Monitor, answers: Table, columns: Sequence[Column], warehouse: Warehouse, reading: Reading
) -> int:
    """Add those answers that are not there yet, and count them.

    An answer is there when the same annotator gave it about the same row at the same time; without a time, when it is
    what they said last. Formats that do not say what is known to be right do not take it back.

    Raises ExchangeError when a row is not in the monitored relation, or several have its key.
    """
    if find_column(columns, "is_gold") is None and any(answer.is_gold for answer in reading.answers):
        raise ExchangeError(f"{answers.relation} has no column is_gold, but some annotations are gold; add the column")
    warehouse.run(
        f"create temporary table {GIVEN} (row_key varchar, label varchar, annotator varchar, labelled_at varchar, "
        "has_time boolean, source varchar, seconds double precision, is_gold boolean)"
    )
    taken_at = now()
    warehouse.insert(GIVEN, [given(answer, taken_at) for answer in reading.answers])
    find_keys(monitor, warehouse, reading.answers)
    warehouse.run(f"create temporary table {NEW} as {new_answers(monitor, answers, columns)}")
    ((added_count,),) = warehouse.rows(f"select count(*) from {NEW}")
    wanted = [find_column(columns, name) for name in [*(column.name for column in monitor.key), *ANSWERS]]
    names = ", ".join(column.quoted for column in wanted if column is not None)
    warehouse.run(f"insert into {answers.relation} ({names}) select {names} from {NEW}")
    for table in (GIVEN, KEYS, NEW):
        warehouse.run(f"drop table {table}")
    return added_count


def given(answer: Answer, taken_at: datetime) -> list[object]:
    """An answer as a row of the table that it is put into first; one without a time was given now."""
    moment = (answer.labelled_at or taken_at).isoformat(sep=" ", timespec="microseconds")
    has_time = answer.labelled_at is not None
    return [
        answer.row_key,
        answer.label,
        answer.annotator,
        moment,
        has_time,
        answer.source,
        answer.seconds,
        answer.is_gold,
    ]


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


def new_answers(monitor: Monitor, answers: Table, columns: Sequence[Column]) -> str:
    """The query for those given answers that the table does not have yet, in its types."""
    key = [find_column(columns, column.name) or column for column in monitor.key]
    there = {name: column for name in ANSWERS if (column := find_column(columns, name)) is not None}
    label, annotator, labelled_at = there["label"], there["annotator"], there["labelled_at"]
    values = {name: f"cast(given.{name} as {column.type})" for name, column in there.items()}
    if any(word in labelled_at.type.lower() for word in ("tz", "with time zone")):
        values["labelled_at"] = f"cast(given.labelled_at || '+00' as {labelled_at.type})"
    keys = [
        f"keys.key_{number}" if column.type == own.type else f"cast(keys.key_{number} as {column.type})"
        for number, (column, own) in enumerate(zip(key, monitor.key, strict=True))
    ]
    written = zip([*keys, *values.values()], [*key, *there.values()], strict=True)
    own_label = f"coalesce(nullif(cast({label.quoted} as varchar), {literal(monitor.skip)}), '')"
    own_annotator = f"coalesce(cast({annotator.quoted} as varchar), '(unknown)')"
    own_gold = f"coalesce(cast({there['is_gold'].quoted} as boolean), false)" if "is_gold" in there else "false"
    return f"""
        with known as (
            select {row_key(key)} as row_key, {own_label} as label, {own_annotator} as annotator, {own_gold} as is_gold,
                {labelled_at.quoted} as labelled_at
            from {answers.relation}
        ),
        numbered as (
            select known.*,
                row_number() over (
                    partition by row_key, annotator, is_gold
                    order by labelled_at desc nulls last, label desc
                ) as place
            from known
        )
        select {", ".join(f"{value} as {column.quoted}" for value, column in written)}
        from {GIVEN} as given
        inner join {KEYS} as keys on given.row_key = keys.row_key
        where not exists (
            select 1
            from numbered
            where numbered.row_key = given.row_key
                and numbered.label = coalesce(cast({values["label"]} as varchar), '')
                and numbered.annotator = coalesce(cast({values["annotator"]} as varchar), '(unknown)')
                and (numbered.is_gold or not given.is_gold)
                and case
                    when given.has_time then numbered.labelled_at = {values["labelled_at"]}
                    else numbered.place = 1
                end
        )
    """
