"""What the page keeps back although marts have it: labels and levels of columns whose values may not be shown."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from data_health.report.tables import Table

HIDDEN = "(hidden {})"
# columns of blocks in which the name of a level may stand: alone, or within a sentence
WITH_LEVELS = {
    "loadings": ("column_name",),
    "error": ("largest_contributor", "reason"),
    "findings": ("column_name", "evidence"),
    "incidents": ("sentence", "leading_column", "column_list"),
}
Levels = dict[str, dict[str, str]]


def with_hidden_labels(table: Table, shown: set[str]) -> Table:
    """The table with labels only of monitors whose labels may be seen; others are numbered."""
    labels: Levels = defaultdict(dict)
    hidden = []
    for monitor, label in zip(table.column("monitor"), table.column("predicted_label"), strict=True):
        known = labels[monitor]
        numbered = known.setdefault(label, HIDDEN.format(len(known) + 1))
        hidden.append(label if monitor in shown or label is None else numbered)
    return with_column(table, "predicted_label", hidden)


def hidden_levels(names: Iterable[tuple[str, str]], columns: Iterable[tuple[str, str, bool]]) -> Levels:
    """Monitor -> name of a level, such as `site=hill` -> what stands for it, of columns that may not be shown.

    `names` are those of components, which are columns or levels; `columns` says of each column whether it may be shown.
    """
    shown: dict[str, dict[str, bool]] = defaultdict(dict)
    for monitor, column, is_shown in columns:
        shown[monitor][column] = bool(is_shown)
    found: Levels = defaultdict(dict)
    for monitor, name in sorted(set(names)):
        owners = [column for column in shown[monitor] if name.startswith(f"{column}=")]
        if name not in shown[monitor] and owners:
            owner = max(owners, key=len)
            if not shown[monitor][owner]:
                number = 1 + sum(known.startswith(f"{owner}=") for known in found[monitor])
                found[monitor][name] = f"{owner}={HIDDEN.format(number)}"
    return found


def with_hidden_levels(block: str, table: Table, levels: Levels) -> Table:
    """The table without the names of these levels."""
    if not any(levels.values()):
        return table
    for name in WITH_LEVELS.get(block, ()):
        values = [
            without(value, levels.get(monitor, {}))
            for monitor, value in zip(table.column("monitor"), table.column(name), strict=True)
        ]
        table = with_column(table, name, values)
    return table


def without(text: str | None, levels: dict[str, str]) -> str | None:
    """A text in which other names stand for those of levels, the longest first."""
    if text is not None:
        for name in sorted(levels, key=len, reverse=True):
            text = text.replace(name, levels[name])
    return text


def with_column(table: Table, name: str, values: list) -> Table:
    """The table with other values in a column."""
    return replace(table, columns=[values if one == name else table.column(one) for one in table.names])
