"""The matrices of wide tables: from the packed rows of the model dataset_wide_products, on the grids of today."""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from python_checks.dimensions.components import Matrix, Sums


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
        )


@dataclass(frozen=True)
class WidePeriod:
    """One period of a dataset: `used` holds its sums of all values, and of clipped ones where these are known."""

    monitor: str
    dataset: str
    start: object
    used: dict[str, Sums]
    grid: dict[str, tuple[float, float]]


def wide_periods(relation: duckdb.DuckDBPyRelation) -> Iterator[tuple[str, WidePeriod]]:
    """Every period of every dataset by its key, by monitor, dataset and first day; one at a time is in memory."""
    keys = relation.project("monitor, dataset, period_start, dataset_period_key").distinct()
    for monitor, dataset, start, key in keys.order("monitor, dataset, period_start nulls last").fetchall():
        of_period = relation.filter(duckdb.ColumnExpression("dataset_period_key") == duckdb.ConstantExpression(key))
        parts = [stored for (stored,) in of_period.project("stored_period_key").distinct().order("all").fetchall()]
        total = None
        for part in parts:
            rows = of_period.filter(
                duckdb.ColumnExpression("stored_period_key") == duckdb.ConstantExpression(part)
            ).order("column_number")
            added = one_stored_period(rows.to_arrow_table())
            total = added if total is None else together(total, added)
        if total is not None:
            used, grid = total
            yield key, WidePeriod(monitor, dataset, start, used, grid)


def one_stored_period(table: pa.Table) -> tuple[dict[str, Sums], dict[str, tuple[float, float]]]:
    """The sums of one stored period on the grids of today, without columns that are no longer watched."""
    period = unpacked(table)
    centre, scale = doubles(table["current_centre"]), doubles(table["current_scale"])
    wanted = np.flatnonzero(np.array(table["is_watched"].to_pylist(), dtype=bool))
    moved = period.moved(centre, scale)
    used = {"all": columns_at(moved, wanted)}
    if moved is period.sums:
        d, rows = len(period.centre), moved.rows
        clipped = Sums(
            moved.names,
            rows,
            # a missing value is 0 there, so every row counts
            np.broadcast_to(np.float64(rows), (d, d)),
            np.broadcast_to(period.clipped_sums[:, None], (d, d)),
            moved.products if period.clipped is None else period.clipped,
            moved.lowest,
            moved.highest,
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
    return Sums(names, sums.rows, *cut, sums.lowest[order], sums.highest[order])


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
    d, rows = len(names), one.rows + other.rows
    counts = np.broadcast_to(np.float64(rows), (d, d)) if counts_all_rows else left.counts + right.counts
    return Sums(
        names,
        rows,
        counts,
        left.sums + right.sums,
        left.products + right.products,
        np.fmin(left.lowest, right.lowest),
        np.fmax(left.highest, right.highest),
    )


def unpacked(table: pa.Table) -> StoredPeriod:
    """The matrices (d × d) of the rows of one stored period, in the order of column_number."""
    names = tuple(table["column_name"].to_pylist())
    d, rows = len(names), table["row_count"][0].as_py()
    own = doubles(table["own_sum"])
    products = symmetric(table["product_sums"], d)
    clipped = None if not table["clipped_product_sums"][0].is_valid else symmetric(table["clipped_product_sums"], d)
    if not table["pair_sums"][0].is_valid:
        counts = np.broadcast_to(np.float64(rows), (d, d))
        sums = np.broadcast_to(own[:, None], (d, d))
    else:
        counts = symmetric(table["pair_counts"], d)
        sums = flat(table["pair_sums"]).reshape(d, d)
    lowest, highest = doubles(table["minimum"]), doubles(table["maximum"])
    return StoredPeriod(
        Sums(names, rows, counts, sums, products, lowest, highest),
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
