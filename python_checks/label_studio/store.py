"""The table of annotations of a monitor: its columns, its rows, and what is added to them; no row is ever deleted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from data_health.label_studio.answers import Answer
from data_health.label_studio.matching import UNKNOWN, Given, Stored
from data_health.label_studio.project import Monitor
from data_health.label_studio.tasks import ExchangeError
from data_health.label_studio.warehouse import (
    Column,
    Table,
    Warehouse,
    find_column,
    literal,
    make_schema,
    row_key,
)

FIRST_COLUMNS = {
    "label": "varchar",
    "annotator": "varchar",
    "labelled_at": "timestamp",
    "source": "varchar",
    "seconds": "double precision",
    "is_gold": "boolean",
}
# tables of earlier releases get these at the next import
LATER_COLUMNS = {
    "annotation_id": "varchar",
    "annotation_task": "varchar",
    "annotation_project": "varchar",
    "is_withdrawn": "boolean",
    "imported_at": "timestamp",
}
NEEDED = ("label", "annotator", "labelled_at")
GIVEN, KEYS, ROWS, PROJECTS, ADDED, FILLED, GONE = (
    f"data_health_{name}" for name in ("given", "keys", "rows", "projects", "added", "filled", "gone")
)


@dataclass(frozen=True)
class Store:
    """The table and those of its columns that are the package's."""

    table: Table
    key: list[Column]
    columns: dict[str, Column]
    skip: str

    def text(self, name: str, alias: str = "") -> str:
        """A column as a text, or null where the table does not have it."""
        column = self.columns.get(name)
        return "cast(null as varchar)" if column is None else f"cast({alias}{column.quoted} as varchar)"

    def label(self, alias: str = "") -> str:
        """The label as a text; empty where the annotator would not decide."""
        return f"coalesce(nullif({self.text('label', alias)}, {literal(self.skip)}), '')"

    def annotator(self, alias: str = "") -> str:
        """Who annotated."""
        return f"coalesce({self.text('annotator', alias)}, {literal(UNKNOWN)})"

    def moment(self, name: str, alias: str = "") -> str:
        """A time as UTC without zone."""
        column = self.columns.get(name)
        return "cast(null as timestamp)" if column is None else utc(f"{alias}{column.quoted}", column)

    def flag(self, name: str, alias: str = "") -> str:
        """A boolean; false where nothing is said."""
        column = self.columns.get(name)
        return "false" if column is None else f"coalesce(cast({alias}{column.quoted} as boolean), false)"


def has_zone(column: Column) -> bool:
    """Whether the times of a column have a zone."""
    return any(word in column.type.lower() for word in ("tz", "with time zone"))


def utc(value: str, column: Column) -> str:
    """A value of a column of times, as UTC without zone."""
    return f"({value} at time zone 'UTC')" if has_zone(column) else f"cast({value} as timestamp)"


def of_type(value: str, column: Column) -> str:
    """A text as a value of a column; a time is one of UTC."""
    return f"cast({value} || '+00' as {column.type})" if has_zone(column) else f"cast({value} as {column.type})"


def stored_columns(monitor: Monitor) -> Store | None:
    """The table of annotations as it is; none where it does not exist yet.

    Raises ExchangeError when it lacks a column that every annotation has.
    """
    table = monitor.answers
    if table is None or table.columns is None:
        return None
    for name in [*(column.name for column in monitor.key), *NEEDED]:
        if find_column(table.columns, name) is None:
            raise ExchangeError(f"{table.relation} has no column {name}, which a table of annotations needs")
    key = [find_column(table.columns, column.name) or column for column in monitor.key]
    found = {name: find_column(table.columns, name) for name in [*FIRST_COLUMNS, *LATER_COLUMNS]}
    return Store(table, key, {name: column for name, column in found.items() if column is not None}, monitor.skip)


def prepared_store(monitor: Monitor, table: Table, warehouse: Warehouse) -> Store:
    """The table of annotations with all columns that an import fills.

    It is made where it is missing, with the key as the monitored relation has it. A table of an earlier release gets
    the columns that it lacks.
    """
    store = stored_columns(monitor)
    if store is None:
        make_schema(warehouse, table)
        made = [f"cast(null as {kind}) as {name}" for name, kind in {**FIRST_COLUMNS, **LATER_COLUMNS}.items()]
        columns = ", ".join([*(column.quoted for column in monitor.key), *made])
        # one for whom this import had to wait may have made it since dbt looked
        no_rows = f"select {columns} from {monitor.relation.relation} where false"
        warehouse.run(f"create table if not exists {table.relation} as {no_rows}")
        return Store(table, monitor.key, named_columns({**FIRST_COLUMNS, **LATER_COLUMNS}), monitor.skip)
    missing = {name: kind for name, kind in LATER_COLUMNS.items() if name not in store.columns}
    for name, kind in missing.items():
        statement = f"alter table {table.relation} add column if not exists {name} {kind}"
        try:
            warehouse.run(statement)
        except ExchangeError as wrong:
            raise ExchangeError(
                f"{table.relation} needs the columns {', '.join(missing)}, which could not be added; "
                f"let its owner run: {statement}. {wrong}"
            ) from None
    return Store(table, store.key, {**store.columns, **named_columns(missing)}, monitor.skip)


def named_columns(kinds: dict[str, str]) -> dict[str, Column]:
    """Columns that the package made."""
    return {name: Column(name, name, kind) for name, kind in kinds.items()}


def put_given(warehouse: Warehouse, answers: Sequence[Answer], rows: set[str], projects: set[str]) -> None:
    """Put the answers, and the rows and projects that a file speaks of, into temporary tables."""
    warehouse.run(
        f"create temporary table {GIVEN} "
        "(number bigint, row_key varchar, label varchar, annotator varchar, labelled_at varchar)"
    )
    times = [answer.labelled_at and written(answer.labelled_at) for answer in answers]
    values = [
        [number, answer.row_key, answer.label, answer.annotator, time]
        for number, (answer, time) in enumerate(zip(answers, times, strict=True))
    ]
    warehouse.insert(GIVEN, values)
    for table, texts in ((ROWS, rows), (PROJECTS, projects)):
        warehouse.run(f"create temporary table {table} (name varchar)")
        warehouse.insert(table, [[text] for text in sorted(texts)])


def written(moment: datetime) -> str:
    """A time as a text that warehouses read."""
    return moment.isoformat(sep=" ", timespec="microseconds")


def given_answers(store: Store, warehouse: Warehouse, answers: Sequence[Answer]) -> list[Given]:
    """The answers with their values as the table would hold them."""
    label, annotator, labelled_at = (store.columns[name] for name in NEEDED)
    moment = utc(of_type("labelled_at", labelled_at), labelled_at)
    values = {
        number: rest
        for number, *rest in warehouse.rows(
            f"select number, coalesce(cast({of_type('label', label)} as varchar), ''), "
            f"coalesce(cast({of_type('annotator', annotator)} as varchar), {literal(UNKNOWN)}), {moment} from {GIVEN}"
        )
    }
    return [Given(answer, *values[number]) for number, answer in enumerate(answers)]


def stored_rows(store: Store, warehouse: Warehouse, where: str = "") -> list[Stored]:
    """Rows of the table, oldest first."""
    texts = [store.text(name) for name in ("annotation_id", "annotation_task", "annotation_project")]
    rows = warehouse.rows(f"""
        select {row_key(store.key)}, {store.label()}, {store.annotator()}, {store.moment("labelled_at")},
            {store.flag("is_gold")}, {store.text("source")}, {", ".join(texts)}, {store.flag("is_withdrawn")},
            {store.moment("imported_at")}
        from {store.table.relation} {where}
    """)
    found = [Stored(*row, has_source="source" in store.columns) for row in rows]
    return sorted(found, key=lambda row: (row.age(), row.row_key, row.annotator, row.label))


def rows_of_file(store: Store, warehouse: Warehouse) -> list[Stored]:
    """Those rows of the table that a file speaks of, and all of its projects where it is all that they have."""
    where = f"where {row_key(store.key)} in (select name from {ROWS})"
    project = f" or {store.text('annotation_project')} in (select name from {PROJECTS})"
    return stored_rows(store, warehouse, where + project)


def add_rows(store: Store, warehouse: Warehouse, answers: Sequence[Answer], imported_at: datetime) -> None:
    """Add answers about rows whose keys are known; one without a time was given now."""
    kinds = {**FIRST_COLUMNS, **LATER_COLUMNS, "labelled_at": "varchar", "imported_at": "varchar"}
    warehouse.run(
        f"create temporary table {ADDED} "
        f"(row_key varchar, {', '.join(f'{name} {kind}' for name, kind in kinds.items())})"
    )
    moment = written(imported_at)
    warehouse.insert(
        ADDED,
        [
            [
                answer.row_key,
                answer.label,
                answer.annotator,
                written(answer.labelled_at or imported_at),
                answer.source,
                answer.seconds,
                answer.is_gold,
                answer.annotation_id,
                answer.task,
                answer.project,
                False,
                moment,
            ]
            for answer in answers
        ],
    )
    keys = [f"cast(keys.key_{number} as {column.type})" for number, column in enumerate(store.key)]
    values = [of_type(f"added.{name}", column) for name, column in store.columns.items()]
    warehouse.run(
        f"insert into {store.table.relation} ({names_of(store)}) select {', '.join([*keys, *values])} "
        f"from {ADDED} as added inner join {KEYS} as keys on added.row_key = keys.row_key"
    )


def names_of(store: Store) -> str:
    """The columns that the package fills, in their order."""
    return ", ".join(column.quoted for column in [*store.key, *store.columns.values()])


def fill_ids(store: Store, warehouse: Warehouse, filled: Sequence[tuple[Stored, Answer]]) -> None:
    """Write ids beside rows that have none; what is written there already stays."""
    names = {"annotation_id": "id", "annotation_task": "task", "annotation_project": "project"}
    warehouse.run(
        f"create temporary table {FILLED} (row_key varchar, label varchar, annotator varchar, labelled_at varchar, "
        "known_id varchar, id varchar, task varchar, project varchar)"
    )
    rows = [
        [
            row.row_key,
            row.label,
            row.annotator,
            row.labelled_at and written(row.labelled_at),
            row.annotation_id,
            answer.annotation_id,
            answer.task,
            answer.project,
        ]
        for row, answer in filled
    ]
    # rows that are alike in all of that are the same annotation
    warehouse.insert(FILLED, list(dict.fromkeys(map(tuple, rows))))
    changed = [
        f"{store.columns[name].quoted} = coalesce(answers.{store.columns[name].quoted}, "
        f"{of_type(f'filled.{given}', store.columns[name])})"
        for name, given in names.items()
    ]
    warehouse.run(f"""
        update {store.table.relation} as answers
        set {", ".join(changed)}
        from {FILLED} as filled
        where {row_key(store.key, "answers.")} = filled.row_key
            and {store.label("answers.")} = filled.label
            and {store.annotator("answers.")} = filled.annotator
            and {store.moment("labelled_at", "answers.")} is not distinct from cast(filled.labelled_at as timestamp)
            and {store.text("annotation_id", "answers.")} is not distinct from filled.known_id
    """)


def withdraw_rows(store: Store, warehouse: Warehouse, withdrawn: Sequence[Stored], imported_at: datetime) -> None:
    """Add a row without label for each of these annotations; from now on it does not count."""
    warehouse.run(
        f"create temporary table {GONE} "
        "(row_key varchar, id varchar, task varchar, project varchar, annotator varchar, is_gold boolean)"
    )
    warehouse.insert(
        GONE,
        [
            [
                row.row_key,
                row.annotation_id,
                row.task,
                row.project,
                None if row.annotator == UNKNOWN else row.annotator,
                row.is_gold,
            ]
            for row in withdrawn
        ],
    )
    moment = literal(written(imported_at))
    values = {
        "label": "cast(null as varchar)",
        "annotator": "gone.annotator",
        "labelled_at": f"cast({moment} as varchar)",
        "source": "'label_studio'",
        "seconds": "cast(null as double precision)",
        "is_gold": "gone.is_gold",
        "annotation_id": "gone.id",
        "annotation_task": "gone.task",
        "annotation_project": "gone.project",
        "is_withdrawn": "true",
        "imported_at": f"cast({moment} as varchar)",
    }
    keys = [f"keys.{column.quoted}" for column in store.key]
    added = [of_type(values[name], column) for name, column in store.columns.items()]
    number = store.columns["annotation_id"].quoted
    warehouse.run(f"""
        insert into {store.table.relation} ({names_of(store)})
        select {", ".join([*keys, *added])}
        from {GONE} as gone
        inner join (
            select distinct {", ".join(column.quoted for column in store.key)}, {row_key(store.key)} as data_health_key,
                cast({number} as varchar) as data_health_id
            from {store.table.relation}
        ) as keys
            on gone.row_key = keys.data_health_key
            and gone.id = keys.data_health_id
    """)


def drop_temporary(warehouse: Warehouse) -> None:
    """Drop the temporary tables, so that the next file can make its own."""
    for table in (GIVEN, KEYS, ROWS, PROJECTS, ADDED, FILLED, GONE):
        warehouse.run(f"drop table if exists {table}")
