"""How the values of a column lie in the newest period, the period before and each reference, from stored counts.

Values of a column appear by name only where the configuration allows it. Of other columns there are ranges of numbers,
whose edges are computed, and categories that are numbered by their size, as in the marts.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from data_health.report.blocks import SELECTION

TABLES = ("column_distributions", "column_statistics", "column_grids", "dataset_periods")
RANGES = 20
MOST_CATEGORIES = 12
# with fewer different numbers they are categories
FEW_NUMBERS = 12
NAMES = (
    "monitor",
    "column_name",
    "kind",
    "dataset",
    "place",
    "category",
    "lower_edge",
    "upper_edge",
    "row_count",
    "share",
)
BEFORE = "(previous period)"


def query(relations: dict[str, str]) -> str:
    """Rows per dataset, column and range or category.

    Numbers are in ranges between the quantiles 0.01 and 0.99 of all datasets; -1 and RANGES are below and above.
    """
    return f"""
with datasets as (
    select monitor, dataset, stored_period_key, is_latest,
        dense_rank() over (partition by monitor, dataset order by period_start desc nulls last) as place
    from {relations["dataset_periods"]}
),
chosen as (
    select monitor, case when dataset = 'production' and not is_latest then '{BEFORE}' else dataset end as dataset,
        stored_period_key
    from datasets
    where is_latest or (dataset = 'production' and place = 2)
),
counted as (
    select chosen.monitor, chosen.dataset, statistics.column_name, grids.kind, grids.step, grids.is_discrete,
        counts.category, counts.minimum, counts.maximum, counts.row_count, counts.bin
    from {relations["column_distributions"]} as counts
    inner join {relations["column_statistics"]} as statistics
        on counts.statistics_key = statistics.statistics_key
    inner join chosen
        on statistics.period_key = chosen.stored_period_key
    inner join {relations["column_grids"]} as grids
        on statistics.monitor = grids.monitor
        and statistics.column_name = grids.column_name
    where statistics.segment_column = '(all)'
        and grids.kind in ('numeric', 'timestamp', 'categorical', 'boolean')
        and chosen.monitor = statistics.monitor
),
bounds as (
    select monitor, column_name, min(p01) as lowest, max(p99) as highest
    from {relations["health_profile"]}
    where segment_column = '(all)'
        and (is_latest or dataset <> 'production')
    group by monitor, column_name
),
different as (
    select monitor, column_name,
        case when max(case when maximum > minimum then 1 else 0 end) = 0 then count(distinct minimum) end as value_count
    from counted
    where bin is not null
    group by monitor, column_name
),
widths as (
    select bounds.monitor, bounds.column_name, bounds.lowest, different.value_count,
        nullif(bounds.highest - bounds.lowest, 0) / {RANGES} as width
    from bounds
    left join different
        on bounds.monitor = different.monitor
        and bounds.column_name = different.column_name
),
ranges as (
    select counted.monitor, counted.dataset, counted.column_name, counted.kind, counted.category, counted.row_count,
        counted.bin, counted.minimum, widths.value_count,
        -- whole numbers: a range holds as many of them as the next
        case when counted.is_discrete then widths.lowest - counted.step / 2 else widths.lowest end as lowest,
        case when counted.is_discrete then counted.step * greatest(1, ceil(widths.width / counted.step))
            else widths.width end as width
    from counted
    left join widths
        on counted.monitor = widths.monitor
        and counted.column_name = widths.column_name
),
placed as (
    select monitor, column_name, kind, dataset, lowest, width, row_count,
        case
            when bin is not null and value_count <= {FEW_NUMBERS} then cast(minimum as varchar)
            when bin is null then coalesce(category, '(other)')
        end as category,
        case when bin is not null and coalesce(value_count, {FEW_NUMBERS} + 1) > {FEW_NUMBERS}
            then coalesce(least(greatest(floor((minimum - lowest) / width), -1), {RANGES}), 0) end as place
    from ranges
)
select monitor, column_name, kind, dataset, category, place, min(lowest), min(width), sum(row_count)
from placed
where {SELECTION}
group by 1, 2, 3, 4, 5, 6
order by monitor, column_name, dataset, place nulls last, category nulls last
"""


@dataclass(frozen=True)
class Counted:
    """A row of the query."""

    monitor: str
    column_name: str
    kind: str
    dataset: str
    category: str | None
    place: float | None
    lowest: float | None
    width: float | None
    row_count: int


def table(rows: Iterable[tuple], shown: set[tuple[str, str]]) -> list[tuple]:
    """Rows of the page with the columns NAMES; `shown` has the monitors and columns whose values may be seen."""
    columns: dict[tuple[str, str], list[Counted]] = defaultdict(list)
    for row in rows:
        counted = Counted(*row)
        columns[counted.monitor, counted.column_name].append(counted)
    return [one for column, counts in columns.items() for one in of_column(counts, column in shown)]


def of_column(counts: list[Counted], is_shown: bool) -> list[tuple]:
    """The rows of one column."""
    totals: dict[str, int] = defaultdict(int)
    categories: dict[str, float] = defaultdict(float)
    for count in counts:
        totals[count.dataset] += int(count.row_count)
    for count in counts:
        if count.category is not None:
            categories[count.category] += float(count.row_count) / totals[count.dataset]
    names = named(categories, is_shown)
    order = {name: place for place, name in enumerate(dict.fromkeys(names.values()))}
    found: dict[tuple, int] = defaultdict(int)
    for count in counts:
        if count.category is not None:
            key = (count.kind, count.dataset, order[names[count.category]], names[count.category], None, None)
        else:
            key = (count.kind, count.dataset, int(count.place or 0), None, *edges(count))
        found[key] += int(count.row_count)
    monitor, column_name = counts[0].monitor, counts[0].column_name
    return [
        (monitor, column_name, *key, row_count, row_count / totals[key[1]])
        for key, row_count in sorted(found.items(), key=lambda item: (item[0][1], item[0][2]))
    ]


def named(categories: dict[str, float], is_shown: bool) -> dict[str, str]:
    """What each category is called, the largest first: its own name, a number, or `(other)`."""
    ranked = sorted(categories, key=lambda category: (-categories[category], category))
    names = {}
    for place, category in enumerate(ranked, 1):
        if category == "(other)" or place > MOST_CATEGORIES:
            names[category] = "(other)"
        else:
            names[category] = category if is_shown else f"(hidden {place})"
    return names


def edges(count: Counted) -> tuple[float | None, float | None]:
    """From where to where a range goes; open at both ends of the scale."""
    if count.lowest is None or count.width is None or count.place is None:
        return None, None
    lower, width, place = float(count.lowest), float(count.width), int(count.place)
    return (
        None if place < 0 else lower + place * width,
        None if place >= RANGES else lower + (place + 1) * width,
    )
