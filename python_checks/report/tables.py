"""A block of rows as columns, of values that JSON can hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True)
class Table:
    """The columns of a block; `query` is what was asked, and `missing` says why nothing could be asked."""

    names: list[str]
    columns: list[list]
    mart: str = ""
    # with SELECTION where the page says of which monitor or column
    query: str | None = None
    missing: str | None = None

    def column(self, name: str) -> list:
        """The values of a column."""
        return self.columns[self.names.index(name)]

    def dicts(self) -> list[dict[str, object]]:
        """The rows as mappings."""
        return [dict(zip(self.names, row, strict=True)) for row in zip(*self.columns, strict=True)]


def plain(value: object) -> object:
    """A value as JSON can hold it: dates as texts, numbers as int or float."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    return value.isoformat() if isinstance(value, date) else value


def plain_columns(names: Sequence[str], rows: Sequence[tuple]) -> list[list]:
    """The columns of rows, with such values."""
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in names]
    as_they_are = {int, float, str, bool, type(None)}
    return [column if set(map(type, column)) <= as_they_are else list(map(plain, column)) for column in columns]
