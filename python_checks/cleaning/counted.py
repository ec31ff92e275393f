"""What the statistics of a monitor say of a column of a cleaning set: counts over all rows, where there are some."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

Row = tuple[str, str, str, str, str | None, float | None, float | None, int]


@dataclass
class Counted:
    """
    A column as `monitor` counted it in `total` rows, None for a count of the table itself: `rows` per value of a column
    of categories, which are all values where `is_complete`; and the `bins` of a column of numbers as (smallest,
    largest, rows), finite values alone.
    """

    monitor: str | None
    total: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    bins: list[tuple[float, float, int]] = field(default_factory=list)
    is_complete: bool = True

    @property
    def source(self) -> str:
        """For the evidence: which rows were counted, and by whom."""
        by = f", counted by the monitor {self.monitor}" if self.monitor else ""
        return f"; all {self.total} rows{by}"

    def single_numbers(self) -> tuple[dict[str, float], Counter[str]]:
        """
        Texts of the smallest and largest number of every bin, with the numbers; and rows of those that fill a bin
        alone, so that their count is exact.
        """
        ends = {str(as_written(end)): end for low, high, _ in self.bins for end in (low, high)}
        alone: Counter[str] = Counter()
        for low, high, rows in self.bins:
            if low == high:
                alone[str(as_written(low))] += rows
        shared = {str(as_written(end)) for low, high, _ in self.bins if low != high for end in (low, high)}
        return ends, Counter({text: rows for text, rows in alone.items() if text not in shared})


def as_written(number: float) -> float | int:
    """A whole number without a point."""
    return int(number) if number == int(number) else float(number)


def counted_columns(rows: Iterable[Row]) -> dict[tuple[str, str], Counted]:
    """
    The columns by cleaning set and name, from rows (cleaning, monitor, column_name, bin_type, category, minimum,
    maximum, row_count) of the model cleaning_value_counts.
    """
    columns: dict[tuple[str, str], Counted] = {}
    for cleaning, monitor, name, bin_type, category, minimum, maximum, row_count in rows:
        column = columns.setdefault((cleaning, name), Counted(monitor))
        column.total += row_count
        if bin_type == "value" and category is not None:
            column.rows[category] += row_count
        elif bin_type == "bin" and minimum is not None and maximum is not None:
            column.bins.append((minimum, maximum, row_count))
        elif bin_type == "other":
            column.is_complete = False
    return columns


def counted_values(rows: Iterable[tuple[str, str, str | None, int]]) -> dict[tuple[str, str], Counted]:
    """The columns by cleaning set and name, from rows (cleaning, column_name, value, row_count) over whole tables."""
    columns: dict[tuple[str, str], Counted] = {}
    for cleaning, name, value, row_count in rows:
        column = columns.setdefault((cleaning, name), Counted(None))
        column.total += row_count
        if value is not None:
            column.rows[value] += row_count
    return columns
