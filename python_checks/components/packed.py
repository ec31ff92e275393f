"""The matrices of wide tables: from the packed rows of the model dataset_wide_products, on the grids of today."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import groupby

import duckdb
import numpy as np
import pyarrow as pa
from data_health.components.components import Matrix, Sums, Weights
from numpy.typing import NDArray

# entries of a matrix of every stored period that one query reads: with all kinds of matrices 0.1 GB at most
MOST_NUMBERS = 2**22


@dataclass(frozen=True)
class StoredPeriod:
    """One stored period of d columns: z counts scales from `centre` (both d); `clipped` is none where nothing was.

    `clipped_sums` (d) are Σ of z between -10 and 10, which are the own sums where nothing was.
    """

    sums: Sums
    centre: Matrix
    scale: Matrix
    clipped: Matrix | None
    clipped_sums: Matrix

    def moved(self, centre: Matrix, scale: Matrix) -> Sums:
        """The sums as if z counted other scales from other centres."""
        sums = self.sums
        if np.array_equal(centre, self.centre) and np.array_equal(scale, self.scale):
            return sums
        slope, shift = self.scale / scale, (self.centre - centre) / scale
        crossed = slope[:, None] * shift[None, :] * sums.sums
        return Sums(
            sums.names,
            sums.rows,
            sums.counts,
            slope[:, None] * sums.sums + shift[:, None] * sums.counts,
            np.outer(slope, slope) * sums.products + crossed + crossed.T + np.outer(shift, shift) * sums.counts,
            sums.lowest,
            sums.highest,
            sums.weights,
        )


@dataclass(frozen=True)
class WidePeriod:
    """One period of a dataset: `used` holds its sums of all values, and of clipped ones where these are known."""

    monitor: str
    dataset: str
    start: object
    end: object
    used: dict[str, Sums]
    grid: dict[str, tuple[float, float]]


def wide_periods(relation: duckdb.DuckDBPyRelation) -> Iterator[tuple[str, WidePeriod]]:
    """Every period of every dataset by its key, by monitor, dataset and first day; few are in memory at a time."""
    for (monitor, dataset, start, end, key), parts in groupby(stored_parts(relation), lambda part: part[0]):
        used, grid = reduce(together, (one_stored_period(table) for _, table in parts))
        yield key, WidePeriod(monitor, dataset, start, end, used, grid)


def stored_parts(relation: duckdb.DuckDBPyRelation) -> Iterator[tuple[tuple, pa.Table]]:
    """The rows of every stored period that a period of a dataset is made of.

    Each after monitor, dataset, first day, the day after the last, and key.

    One query reads as many as fit into memory together, since a query costs more than the rows of a narrow table.
    """
    heads = "monitor, dataset, period_start, period_end, dataset_period_key, stored_period_key"
    widths = relation.aggregate(f"{heads}, count(*) as width").order(heads.replace("start", "start nulls last"))
    for batch in bounded(widths.fetchall()):
        wanted = [
            duckdb.ColumnExpression(name).isin(*map(duckdb.ConstantExpression, {row[place] for row in batch}))
            for place, name in ((4, "dataset_period_key"), (5, "stored_period_key"))
        ]
        rows = relation.filter(wanted[0] & wanted[1]).order("dataset_period_key, stored_period_key, column_number")
        table = rows.to_arrow_table()
        pairs = zip(table["dataset_period_key"].to_pylist(), table["stored_period_key"].to_pylist(), strict=True)
        first: dict[tuple, int] = {}
        for place, pair in enumerate(pairs):
            first.setdefault(pair, place)
        for *head, part, width in batch:
            yield tuple(head), table.slice(first[head[4], part], width)


def bounded(parts: Iterable[tuple]) -> Iterator[list[tuple]]:
    """Rows that end with the width of matrices, some at a time: one, or as many as have `MOST_NUMBERS` together."""
    batch: list[tuple] = []
    numbers = 0
    for part in parts:
        if batch and numbers + part[-1] ** 2 > MOST_NUMBERS:
            yield batch
            batch, numbers = [], 0
        batch.append(part)
        numbers += part[-1] ** 2
    if batch:
        yield batch


def one_stored_period(table: pa.Table) -> tuple[dict[str, Sums], dict[str, tuple[float, float]]]:
    """The sums of one stored period on the grids of today, without columns that are no longer monitored."""
    period = unpacked(table)
    centre, scale = doubles(table["current_centre"]), doubles(table["current_scale"])
    wanted = np.flatnonzero(np.array(table["is_monitored"].to_pylist(), dtype=bool))
    moved = period.moved(centre, scale)
    used = {"all": columns_at(moved, wanted)}
    if moved is period.sums:
        d = len(period.centre)
        clipped = Sums(
            moved.names,
            moved.rows,
            # a missing value is 0 there, so every row counts
            np.broadcast_to(np.float64(moved.total_weight), (d, d)),
            np.broadcast_to(period.clipped_sums[:, None], (d, d)),
            moved.products if period.clipped is None else period.clipped,
            moved.lowest,
            moved.highest,
            moved.weights,
        )
        used["clipped"] = columns_at(clipped, wanted)
    grid = {name: (centre[number], scale[number]) for number, name in enumerate(moved.names)}
    return used, {name: grid[name] for name in used["all"].names}


def columns_at(sums: Sums, wanted: NDArray[np.intp]) -> Sums:
    """The columns at these positions, in the order of their names, which is that of every matrix of components."""
    order = wanted[np.argsort(np.array([sums.names[number] for number in wanted], dtype=object), kind="stable")]
    if np.array_equal(order, np.arange(len(sums.names))):
        return sums
    names = tuple(sums.names[number] for number in order)
    cut = (matrix[np.ix_(order, order)] for matrix in (sums.counts, sums.sums, sums.products))
    return Sums(names, sums.rows, *cut, sums.lowest[order], sums.highest[order], sums.weights)


def together(
    one: tuple[dict[str, Sums], dict[str, tuple[float, float]]],
    other: tuple[dict[str, Sums], dict[str, tuple[float, float]]],
) -> tuple[dict[str, Sums], dict[str, tuple[float, float]]]:
    """The sums over the rows of both; a column that one of them lacks is missing in its rows."""
    names = tuple(sorted({*one[0]["all"].names, *other[0]["all"].names}))
    used = {
        values_used: added(one[0][values_used], other[0][values_used], names, values_used == "clipped")
        for values_used in one[0]
        if values_used in other[0]
    }
    return used, one[1] | other[1]


def added(one: Sums, other: Sums, names: tuple[str, ...], counts_all_rows: bool) -> Sums:
    """One sum of two; where a missing value counts as 0, so does a column that is not there."""
    left, right = one if one.names == names else one.of(names), other if other.names == names else other.of(names)
    d, every_row = len(names), np.float64(one.total_weight + other.total_weight)
    return Sums(
        names,
        one.rows + other.rows,
        np.broadcast_to(every_row, (d, d)) if counts_all_rows else left.counts + right.counts,
        left.sums + right.sums,
        left.products + right.products,
        np.fmin(left.lowest, right.lowest),
        np.fmax(left.highest, right.highest),
        None if one.weights is None or other.weights is None else one.weights + other.weights,
    )


def unpacked(table: pa.Table) -> StoredPeriod:
    """The matrices (d × d) of the rows of one stored period, in the order of column_number."""
    names = tuple(table["column_name"].to_pylist())
    d, rows = len(names), table["row_count"][0].as_py()
    own = doubles(table["own_sum"])
    products = symmetric(table["product_sums"], d)
    clipped = None if not table["clipped_product_sums"][0].is_valid else symmetric(table["clipped_product_sums"], d)
    weight_sum, weight_square_sum = (table[name][0].as_py() for name in ("weight_sum", "weight_square_sum"))
    weights = None if weight_sum is None else Weights(weight_sum, weight_square_sum)
    if not table["pair_sums"][0].is_valid:
        counts = np.broadcast_to(np.float64(rows if weights is None else weights.total), (d, d))
        sums = np.broadcast_to(own[:, None], (d, d))
    else:
        counts = symmetric(table["pair_counts" if weights is None else "pair_weights"], d)
        sums = flat(table["pair_sums"]).reshape(d, d)
    lowest, highest = doubles(table["minimum"]), doubles(table["maximum"])
    return StoredPeriod(
        Sums(names, rows, counts, sums, products, lowest, highest, weights),
        doubles(table["centre"]),
        doubles(table["scale"]),
        clipped,
        doubles(table["clipped_sum"]),
    )


def doubles(column: pa.ChunkedArray) -> Matrix:
    """A column of numbers, NaN where null."""
    return column.to_numpy().astype(np.float64)


def flat(column: pa.ChunkedArray) -> Matrix:
    """All numbers of a column of lists, one after another."""
    return column.combine_chunks().flatten().to_numpy(zero_copy_only=False).astype(np.float64, copy=False)


def symmetric(column: pa.ChunkedArray, d: int) -> Matrix:
    """A symmetric matrix (d × d) from its rows, each from the diagonal on."""
    result = np.zeros((d, d))
    result[np.triu_indices(d)] = flat(column)
    lower = np.tril_indices(d, -1)
    result[lower] = result.T[lower]
    return result
