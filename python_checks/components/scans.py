"""What the model wide_scans asks for, read in Arrow batches and summed up for wide_products, one scan after another."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import duckdb
import numpy as np
import pyarrow as pa
from data_health.components.batches import (
    LARGEST_DEVIATION,
    NO_PERIOD,
    Factor,
    Matrix,
    PeriodSums,
    batch_rows,
    columns_of,
    record_batches,
    summed_periods,
)
from data_health.output_schema import arrow_schema

# beyond, a matrix of all pairs is too large to be kept for every period
MOST_COLUMNS = 2000
# rows that the scale of a list is drawn from
SAMPLED_LISTS = 5000
FIRST_DAY = date(1970, 1, 1)
PRODUCTS = {
    "period_key": "varchar",
    "monitor": "varchar",
    "dataset": "varchar",
    "period_start": "date",
    "column_number": "integer",
    "column_name": "varchar",
    "source_column": "varchar",
    "grid_generation": "integer",
    "centre": "double precision",
    "scale": "double precision",
    "row_count": "bigint",
    "value_count": "bigint",
    "own_sum": "double precision",
    "clipped_sum": "double precision",
    "clamped_count": "bigint",
    "other_length_count": "bigint",
    "minimum": "double precision",
    "maximum": "double precision",
    "weight_column": "varchar",
    "weight_sum": "double precision",
    "weight_square_sum": "double precision",
    "pair_counts": "bigint[]",
    "pair_weights": "double precision[]",
    "pair_sums": "double precision[]",
    "product_sums": "double precision[]",
    "clipped_product_sums": "double precision[]",
    "built_from": "varchar",
    "built_at": "timestamp",
}
PRODUCTS_SCHEMA = arrow_schema(PRODUCTS)


@dataclass(frozen=True)
class ScanColumn:
    """A column as wide_scans describes it.

    `list_length` is None for a number, which has a centre and a scale, and 0 for lists whose length only the data tell;
    lists that have been counted before have centres and scales.
    """

    name: str
    value_sql: str
    list_length: int | None
    grid_generation: int | None
    centre: float | None
    scale: float | None
    list_centres: list[float] | None
    list_scales: list[float] | None


@dataclass(frozen=True)
class Scan:
    """One reading of a table: rows, their period, the columns, and the pending periods by first day (None: no day).

    `weight_column` and `weight_sql`, what a row counts, are None where all count the same.
    """

    monitor: str
    dataset: str
    period_sql: str
    source_sql: str
    weight_column: str | None
    weight_sql: str | None
    columns: list[ScanColumn]
    periods: dict[date | None, tuple[str, str]]
    built_at: datetime


class WideTableError(Exception):
    """A table that cannot be multiplied; the message says why."""


def scans_of(scans: duckdb.DuckDBPyRelation) -> list[Scan]:
    """The scans of the model wide_scans."""
    result = []
    heads = scans.project(
        "scan_number, monitor, dataset, period_sql, source_sql, weight_column, weight_sql, built_at"
    ).distinct()
    for number, *head, built_at in heads.order("all").fetchall():
        of_scan = scans.filter(f"scan_number = {int(number)}")
        periods = of_scan.project("period_start, period_key, built_from").distinct().fetchall()
        columns = of_scan.project(
            "column_number, column_name, value_sql, list_length, grid_generation, centre, scale, list_centres, "
            "list_scales"
        ).distinct()
        described = [ScanColumn(*row[1:]) for row in columns.order("column_number").fetchall()]
        pending = {start: (key, built_from) for start, key, built_from in periods}
        result.append(Scan(*head, described, pending, built_at))
    return result


def scanned_rows(session: duckdb.DuckDBPyConnection, scans: list[Scan]) -> Iterator[pa.RecordBatch]:
    """The rows of every pending period, a batch for each; lists that are new have the same grid in all of them."""
    grids: dict[tuple[str, str], tuple[Matrix, Matrix]] = {}
    for scan in scans:
        factors = [factor_of(session, scan, column, grids) for column in scan.columns]
        width = sum(factor.length for factor in factors)
        if 2 <= width <= MOST_COLUMNS:
            batches = batches_of(session, scan, width)
            for code, sums in summed_periods(batches, factors, scan.weight_sql is not None).items():
                yield from packed(scan, code, factors, sums)


def batches_of(session: duckdb.DuckDBPyConnection, scan: Scan, width: int) -> Iterator[pa.RecordBatch]:
    """The rows of a scan in batches: the first day of the period, then its columns, then the weight if there is one."""
    values = [f"{column.value_sql} as c{number}" for number, column in enumerate(scan.columns)]
    if scan.weight_sql is not None:
        values.append(f"{scan.weight_sql} as row_weight")
    columns = ", ".join([f"cast({scan.period_sql} as date) as period_start", *values])
    return record_batches(session.sql(f"select {columns} {scan.source_sql}"), batch_rows(width))


def factor_of(
    session: duckdb.DuckDBPyConnection,
    scan: Scan,
    column: ScanColumn,
    grids: dict[tuple[str, str], tuple[Matrix, Matrix]],
) -> Factor:
    """A column with its grid; that of a new list is drawn here, from the rows with the smallest hashes."""
    if column.list_length is None:
        return Factor(column.name, np.array([column.centre]), np.array([column.scale]))
    key = scan.monitor, column.name
    if column.list_centres is not None:
        grids[key] = np.array(column.list_centres), np.array(column.list_scales)
    if key not in grids:
        sample = session.sql(
            f"select {column.value_sql} as numbers {scan.source_sql} and {column.value_sql} is not null "
            f"order by hash(numbers), numbers limit {SAMPLED_LISTS}"
        )
        grids[key] = grid_of_lists(sample.to_arrow_table()["numbers"], column.list_length)
    centre, scale = grids[key]
    if column.list_length and column.list_length != len(centre):
        raise WideTableError(
            f"data_health: monitor {scan.monitor}: lists in column {column.name} had {len(centre)} numbers when they "
            f"were first counted, and have {column.list_length} now; give the column a new name, or delete "
            "the rows of the monitor from wide_products"
        )
    return Factor(column.name, centre, scale, len(centre), is_list=True)


def grid_of_lists(lists: pa.ChunkedArray, length: int) -> tuple[Matrix, Matrix]:
    """Centre and scale of each number of a list, by the rule of column_grids; a length of 0 is that of most lists."""
    array = lists.combine_chunks()
    sizes = array.value_lengths().to_numpy(zero_copy_only=False)
    found, counts = np.unique(sizes[sizes > 0], return_counts=True)
    length = length or (int(found[np.argmax(counts)]) if found.size else 0)
    if not length:
        return np.zeros(0), np.zeros(0)
    numbers, _ = columns_of(array, length)
    centre, scale = np.array([grid_of(values[np.abs(values) <= LARGEST_DEVIATION]) for values in numbers]).T
    return centre, scale


def grid_of(values: Matrix) -> tuple[float, float]:
    """Median, and the distance of percentiles 1 and 99 over 4.65, or if it is 0 the median distance of other values."""
    if not values.size:
        return 0.0, 1.0
    lowest, centre, highest = np.quantile(values, [0.01, 0.5, 0.99], method="inverted_cdf")
    departures = np.abs(values[values != centre] - centre)
    scale = (highest - lowest) / 4.65
    if scale <= 0:
        scale = np.median(departures) if departures.size else max(abs(centre), 1.0)
    return float(centre), float(np.clip(scale, 1e-50, 1e50))


def packed(scan: Scan, code: int, factors: list[Factor], sums: PeriodSums) -> Iterable[pa.RecordBatch]:
    """The rows of one period: one per column, with its pairs with itself and every later one; none if nobody asked."""
    day = None if code == NO_PERIOD else FIRST_DAY + timedelta(days=code)
    if day not in scan.periods:
        return
    period_key, built_from = scan.periods[day]
    names = names_of(scan, factors)
    sources, generations = [], []
    for factor, column in zip(factors, scan.columns, strict=True):
        sources += [factor.name] * factor.length
        generations += [column.grid_generation] * factor.length
    d = sums.width
    gaps = sums.counts is not None
    yield pa.RecordBatch.from_pydict(
        {
            "period_key": [period_key] * d,
            "monitor": [scan.monitor] * d,
            "dataset": [scan.dataset] * d,
            "period_start": [day] * d,
            "column_number": list(range(1, d + 1)),
            "column_name": pa.array(names),
            "source_column": sources,
            "grid_generation": generations,
            "centre": np.concatenate([factor.centre for factor in factors]),
            "scale": np.concatenate([factor.scale for factor in factors]),
            "row_count": [sums.rows] * d,
            "value_count": sums.own_counts.astype(np.int64),
            "own_sum": sums.own_sums,
            "clipped_sum": sums.own_sums if sums.clipped_sums is None else sums.clipped_sums,
            "clamped_count": sums.clamped.astype(np.int64),
            "other_length_count": sums.other_lengths.astype(np.int64),
            "minimum": pa.array(sums.lowest, from_pandas=True),
            "maximum": pa.array(sums.highest, from_pandas=True),
            "weight_column": [scan.weight_column] * d,
            "weight_sum": pa.array([sums.weight] * d, pa.float64()),
            "weight_square_sum": pa.array([sums.weight_squares] * d, pa.float64()),
            "pair_counts": upper_rows(sums.counts.astype(np.int64)) if gaps else pa.nulls(d, pa.list_(pa.int64())),
            "pair_weights": pa.nulls(d, pa.list_(pa.float64()))
            if sums.pair_weights is None
            else upper_rows(sums.pair_weights),
            "pair_sums": whole_rows(sums.sums) if gaps else pa.nulls(d, pa.list_(pa.float64())),
            "product_sums": upper_rows(sums.products),
            "clipped_product_sums": pa.nulls(d, pa.list_(pa.float64()))
            if sums.clipped_products is None
            else upper_rows(sums.clipped_products),
            "built_from": [built_from] * d,
            "built_at": [scan.built_at] * d,
        },
        schema=PRODUCTS_SCHEMA,
    )


def names_of(scan: Scan, factors: list[Factor]) -> tuple[str, ...]:
    """The names of all columns of the matrices, in their order: `name[3]` for the third number of a list."""
    names: list[str] = []
    for factor in factors:
        in_list = [f"{factor.name}[{number + 1}]" for number in range(factor.length)]
        names += in_list if factor.is_list else [factor.name]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise WideTableError(
            f"data_health: monitor {scan.monitor}: {twice[0]} is the name of a column and of a number in a list; "
            "rename one"
        )
    return tuple(names)


def relation_of(session: duckdb.DuckDBPyConnection, name: str) -> duckdb.DuckDBPyRelation | None:
    """A table by its quoted name; None where there is none yet. In a module without a variable of that name."""
    try:
        return session.sql(f"select * from {name}")
    except duckdb.CatalogException:
        return None


def upper_rows(matrix: Matrix) -> pa.ListArray:
    """The rows of a symmetric matrix (d × d), each from the diagonal on, as lists."""
    d = len(matrix)
    offsets = np.concatenate([[0], np.cumsum(np.arange(d, 0, -1))]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(matrix[np.triu_indices(d)]))


def whole_rows(matrix: Matrix) -> pa.ListArray:
    """The rows of a matrix (d × d) as lists."""
    d = len(matrix)
    offsets = np.arange(0, d * d + 1, d, dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(matrix.reshape(-1)))
