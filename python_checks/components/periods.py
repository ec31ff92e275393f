"""The sums of periods and references, as matrices, from the rows of dbt's models."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

import duckdb
import numpy as np
from data_health.components.components import Sums, Weights
from data_health.components.packed import together, wide_periods

PRODUCTION = "dataset = 'production'"


@dataclass(frozen=True)
class Period:
    """One period of production, or one reference: its sums by which values are used, and centre and scale by column.

    `start` is its first day and `end` the day after its last, none where it is not cut from a table by time.
    """

    monitor: str
    dataset: str
    start: date | None
    end: date | None
    sums: dict[str, Sums]
    grid: dict[str, tuple[float, float]] = field(default_factory=dict)


def periods(
    products: duckdb.DuckDBPyRelation, wide_products: duckdb.DuckDBPyRelation | None = None, where: str = "true"
) -> Iterator[Period]:
    """Every period of every dataset for which `where` holds, in the order of monitor, dataset and first day.

    First those of the model dataset_products, then those of dataset_wide_products, of which one at a time is in memory.
    """
    table = (
        products.filter(where)
        .project(
            "monitor, dataset, period_start, dataset_period_key, column_a, column_b, centre_a, scale_a, row_count, "
            "pair_weight, sum_a, sum_b, product_sum, clipped_product_sum, clipped_sum, minimum, maximum, weight_sum, "
            "weight_square_sum, period_end"
        )
        .order("monitor, dataset, period_start nulls last, dataset_period_key")
    )
    rows = table.fetchall()
    first, narrow = 0, {}
    while first < len(rows):
        last = first
        while last < len(rows) and rows[last][3] == rows[first][3]:
            last += 1
        narrow[rows[first][3]] = one_period(rows[first:last])
        first = last
    wide = wide_products.filter(where) if wide_products is not None else None
    keys = set() if wide is None else {key for (key,) in wide.project("dataset_period_key").distinct().fetchall()}
    yield from (period for key, period in narrow.items() if key not in keys)
    if wide is not None:
        for key, period in wide_periods(wide):
            used, grid = period.used, period.grid
            if key in narrow:
                # a table that has become wide since the first rows of a reference
                used, grid = together((narrow[key].sums, narrow[key].grid), (used, grid))
            yield Period(period.monitor, period.dataset, period.start, period.end, used, grid)


def one_period(rows: list[tuple]) -> Period:
    """The matrices of the rows of dataset_products that belong to one period."""
    monitor, dataset, start, end = *rows[0][:3], rows[0][19]
    names = tuple(sorted({row[4] for row in rows} | {row[5] for row in rows}))
    number = {name: position for position, name in enumerate(names)}
    d, row_count, weight_sum, weight_square_sum = len(names), rows[0][8], *rows[0][17:19]
    weights = None if weight_sum is None else Weights(weight_sum, weight_square_sum)
    counts, sums, products, clipped = (np.zeros((d, d)) for _ in range(4))
    own_clipped, lowest, highest = np.zeros(d), np.full(d, np.nan), np.full(d, np.nan)
    grid = {}
    for row in rows:
        a, b = number[row[4]], number[row[5]]
        pair_weight, sum_a, sum_b, product = (value or 0 for value in row[9:13])
        counts[a, b] = counts[b, a] = pair_weight
        sums[a, b], sums[b, a] = sum_a, sum_b
        products[a, b] = products[b, a] = product
        clipped[a, b] = clipped[b, a] = np.nan if row[13] is None else row[13]
        if a == b:
            own_clipped[a] = np.nan if row[14] is None else row[14]
            lowest[a], highest[a] = (np.nan if value is None else value for value in row[15:17])
            grid[names[a]] = row[6], row[7]
    all_values = Sums(names, row_count, counts, sums, products, lowest, highest, weights)
    used = {"all": all_values}
    if not np.isnan(clipped).any():
        # a missing value is 0 there, so every row counts
        means = np.repeat(own_clipped[:, None], d, axis=1)
        every_row = np.full((d, d), all_values.total_weight)
        used["clipped"] = Sums(names, row_count, every_row, means, clipped, lowest, highest, weights)
    return Period(monitor, dataset, start, end, used, grid)


def columns_of_production(
    products: duckdb.DuckDBPyRelation, wide_products: duckdb.DuckDBPyRelation
) -> dict[str, set[str]]:
    """By monitor, the columns that production has."""
    narrow = products.filter(PRODUCTION).project("monitor, column_a as column_name")
    wide = wide_products.filter(f"{PRODUCTION} and is_monitored").project("monitor, column_name")
    result: dict[str, set[str]] = {}
    for monitor, name in [row for relation in (narrow, wide) for row in relation.distinct().fetchall()]:
        result.setdefault(monitor, set()).add(name)
    return result
