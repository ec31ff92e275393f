"""One transaction in the warehouse of a dbt project, and what SQL needs to know of its tables."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from data_health.label_studio.tasks import ExchangeError

ROWS_AT_ONCE = 500


# how DuckDB (on Linux, macOS and Windows) and PostgreSQL say that another program is in the way
LOCKED_FILE = re.compile(
    r"Could not set lock on file [\"'](?P<file>[^\"']+)[\"']"
    r"(?:: Conflicting lock is held in (?P<holder>.+?\(PID \d+\)))?"
    r"|Cannot open file [\"'](?P<windows>[^\"']+)[\"'][^\n]*being used by another process"
)
LOCKED_TABLE = re.compile("lock timeout|could not obtain lock|deadlock detected")


def lock_message(said: str) -> str | None:
    """What to do where an error says that another program keeps the database or a table; none for other errors."""
    if found := LOCKED_FILE.search(said):
        holder = found["holder"] or "another program"
        return (
            f"the database {found['file'] or found['windows']} is locked: {holder} has it open. "
            "Close that program, or wait until it ends, and run the command again"
        )
    if LOCKED_TABLE.search(said):
        return (
            "a table is locked: another session of the database keeps it. "
            f"Wait until that session ends, and run the command again ({said.splitlines()[0]})"
        )
    return None


@dataclass(frozen=True)
class Column:
    """A column of the warehouse: its name, the same quoted, its type as the warehouse writes it."""

    name: str
    quoted: str
    type: str


def find_column(columns: Sequence[Column], name: str) -> Column | None:
    """The column of that name; the name as written comes first, then without regard to case."""
    same = [column for column in columns if column.name == name]
    alike = [column for column in columns if column.name.lower() == name.lower()]
    return (same or alike or [None])[0]


@dataclass(frozen=True)
class Table:
    """A relation and its schema as SQL names them, its columns if it exists, and what keeps others off the schema."""

    relation: str
    columns: list[Column] | None
    schema: str
    schema_exists: bool
    lock: str


def row_key(columns: Sequence[Column], alias: str = "") -> str:
    """The key as one text, as the marts of labeling write it; `alias` ends in a dot."""
    return " || '|' || ".join(f"coalesce(cast({alias}{column.quoted} as varchar), '(null)')" for column in columns)


class Warehouse:
    """One transaction. Values travel beside the statements, so that neither quotes nor logs get hold of them."""

    def __init__(self, adapter: Any) -> None:  # noqa: ANN401
        self.mark = getattr(adapter, "get_binding_char", lambda: "%s")()
        self.cursor = adapter.connections.get_thread_connection().handle.cursor()

    def run(self, statement: str, values: Sequence[object] | None = None) -> None:
        """Run a statement. Raises ExchangeError with what the warehouse says against it."""
        try:
            self.cursor.execute(*([statement] if values is None else [statement, values]))
        except Exception as wrong:
            # every adapter has errors of its own
            said = str(wrong).strip()
            raise ExchangeError(lock_message(said) or f"the warehouse reports an error: {said}") from wrong

    def rows(self, statement: str) -> list[tuple]:
        """The rows of a query."""
        self.run(statement)
        return self.cursor.fetchall()

    def insert(self, table: str, rows: Sequence[Sequence[object]]) -> None:
        """Add rows of values, in the order of the table's columns."""
        for first in range(0, len(rows), ROWS_AT_ONCE):
            some = rows[first : first + ROWS_AT_ONCE]
            values = ", ".join(f"({', '.join(self.mark for _ in row)})" for row in some)
            self.run(f"insert into {table} values {values}", [value for row in some for value in row])


def literal(text: str) -> str:
    """A text in SQL."""
    return "'" + text.replace("'", "''") + "'"


def now() -> datetime:
    """The moment as UTC without zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def prepare(warehouse: Warehouse, log: Table, columns: str) -> None:
    """Wait for those who export or import at the same time, and make the log where it is missing.

    The log itself cannot be what one waits for: two may want to make it.
    """
    if log.lock:
        warehouse.run(log.lock)
    make_schema(warehouse, log)
    warehouse.run(f"create table if not exists {log.relation} ({columns})")


def make_schema(warehouse: Warehouse, table: Table) -> None:
    """Make the schema of a table where it is missing."""
    if not table.schema_exists:
        warehouse.run(f"create schema if not exists {table.schema}")
