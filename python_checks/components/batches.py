"""Sums of products of many columns, from Arrow batches by matrix products, in memory that does not grow with the rows.

The same sums as those of the model column_products, which has a warehouse add them up pair by pair.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

Matrix = NDArray[np.float64]

LARGEST_DEVIATION = 1e50
CLIPPED_AT = 10.0
# doubles of one batch of all columns, and rows that no batch exceeds: what a processor's cache likes
BATCH_DOUBLES, MOST_BATCH_ROWS = 2**23, 8192
# columns up to which products are fastest in smaller pieces
NARROW, NARROW_ROWS = 200, 2048
NO_PERIOD = np.iinfo(np.int32).min


@dataclass(frozen=True)
class Factor:
    """A column of a query that is multiplied with the others: a number, or a list of `length` numbers."""

    name: str
    centre: Matrix
    scale: Matrix
    length: int = 1
    is_list: bool = False


def batch_rows(columns: int) -> int:
    """Rows of one batch, of so many columns."""
    return int(max(256, min(MOST_BATCH_ROWS, BATCH_DOUBLES // max(columns, 1))))


def one_blas_thread() -> AbstractContextManager:
    """Products of a batch are too small to share: on a busy machine threads that wait for each other are far slower."""
    return threadpool_limits(limits=1, user_api="blas")


def record_batches(relation: duckdb.DuckDBPyRelation, rows: int) -> Iterator[pa.RecordBatch]:
    """The rows of a query as Arrow batches, while they are computed; DuckDB 1 has another name for it."""
    read = getattr(relation, "to_arrow_reader", None) or relation.fetch_record_batch
    yield from read(rows)


@dataclass
class PeriodSums:
    """Sums over the rows of one period, of d columns; z is the value in scales from the centre of the grid.

    `products[a, b]` is the sum of z_a z_b, a missing value counting as 0, `own_sums[a]` that of z_a, `own_counts[a]`
    counts the values. `counts[a, b]` and `sums[a, b]` are the number of rows with both, and the sum of z_a over these;
    none as long as nothing is missing. `clipped_products` and `clipped_sums` are of z between -10 and 10; none as long
    as nothing is beyond. `lowest` and `highest` are values, not z; NaN without any. `other_lengths[a]` counts lists
    that do not have as many numbers as they should. Of rows with weights, each is added up as often as its weight says:
    `weight` and `weight_squares` are the sums of these, and `pair_weights` of the rows with both; counts stay counts.
    """

    width: int
    rows: int = 0
    weight: float | None = None
    weight_squares: float | None = None
    products: Matrix = field(init=False)
    own_sums: Matrix = field(init=False)
    own_counts: Matrix = field(init=False)
    clamped: Matrix = field(init=False)
    other_lengths: Matrix = field(init=False)
    lowest: Matrix = field(init=False)
    highest: Matrix = field(init=False)
    counts: Matrix | None = None
    pair_weights: Matrix | None = None
    sums: Matrix | None = None
    clipped_products: Matrix | None = None
    clipped_sums: Matrix | None = None

    def __post_init__(self) -> None:
        d = self.width
        self.products = np.zeros((d, d))
        self.own_sums, self.own_counts, self.clamped, self.other_lengths = (np.zeros(d) for _ in range(4))
        self.lowest, self.highest = np.full(d, np.nan), np.full(d, np.nan)

    def add(self, rows: "StandardRows", segment: int) -> None:
        """Add the rows of one segment of a batch."""
        first, last = rows.edges[segment], rows.edges[segment + 1]
        z, sums = rows.z[:, first:last], rows.sums[:, segment]
        weights = None if rows.weights is None else rows.weights[first:last]
        if rows.with_gaps.size or self.counts is not None:
            self._add_pairs(z, sums, rows.with_gaps, rows.present[:, first:last], weights)
        self._add_products(z, sums, rows.sizes[:, segment] > CLIPPED_AT, weights)
        self.rows += last - first
        if weights is not None:
            self.weight = (self.weight or 0.0) + float(weights.sum())
            self.weight_squares = (self.weight_squares or 0.0) + float(weights @ weights)
        self.own_sums += sums
        self.own_counts += last - first
        self.own_counts[rows.with_gaps] -= np.count_nonzero(~rows.present[:, first:last], axis=1)
        self.clamped += rows.clamped[:, segment]
        self.other_lengths += rows.other_lengths[:, segment]
        self.lowest = np.fmin(self.lowest, rows.lowest[:, segment])
        self.highest = np.fmax(self.highest, rows.highest[:, segment])

    def _add_pairs(
        self, z: Matrix, sums: Matrix, with_gaps: NDArray, present: NDArray[np.bool_], weights: Matrix | None
    ) -> None:
        """Count, and sum up, the rows that have both columns: only pairs with a column that has gaps need it."""
        d = len(z)
        if self.counts is None or self.sums is None:
            self.counts = np.full((d, d), float(self.rows))
            self.sums = np.repeat(self.own_sums[:, None], d, axis=1)
        self.counts += pairs_of_rows(d, with_gaps, present)
        counted = present.T.astype(np.float64)
        if weights is not None:
            if self.pair_weights is None:
                self.pair_weights = np.full((d, d), self.weight or 0.0)
            self.pair_weights += pairs_of_rows(d, with_gaps, present, weights)
            counted *= weights[:, None]
        pair_sums = np.repeat(sums[:, None], d, axis=1)
        pair_sums[:, with_gaps] = z @ counted
        self.sums += pair_sums

    def _add_products(self, z: Matrix, sums: Matrix, is_far: NDArray[np.bool_], weights: Matrix | None) -> None:
        """Rows with a value that is to be clipped are multiplied twice, all others once."""
        rows = (np.abs(z[is_far]) > CLIPPED_AT).any(axis=0) if is_far.any() else np.zeros(0, bool)
        if not rows.any():
            products = own_products(z, weights)
            self.products += products
            if self.clipped_products is not None and self.clipped_sums is not None:
                self.clipped_products += products
                self.clipped_sums += sums
            return
        if self.clipped_products is None or self.clipped_sums is None:
            self.clipped_products, self.clipped_sums = self.products.copy(), self.own_sums.copy()
        near, far = z[:, ~rows], z[:, rows]
        of_near, of_far = (None, None) if weights is None else (weights[~rows], weights[rows])
        clipped = np.clip(far, -CLIPPED_AT, CLIPPED_AT)
        products = own_products(near, of_near)
        self.clipped_products += products + own_products(clipped, of_far)
        self.clipped_sums += own_sums(near, of_near) + own_sums(clipped, of_far)
        self.products += products + own_products(far, of_far)


def pairs_of_rows(
    d: int, with_gaps: NDArray[np.intp], present: NDArray[np.bool_], weights: Matrix | None = None
) -> Matrix:
    """How many of n rows have both of two columns (d × d), or what these weigh; `present` (m × n): see StandardRows."""
    result = np.full((d, d), float(present.shape[1]) if weights is None else float(weights.sum()))
    own = np.count_nonzero(present, axis=1) if weights is None else present @ weights
    result[with_gaps, :], result[:, with_gaps] = own[:, None], own[None, :]
    # ones and zeros: exact in single precision, as there are fewer than 2²⁴ of them
    ones = present.astype(np.float32 if weights is None else np.float64)
    result[np.ix_(with_gaps, with_gaps)] = ones @ (ones if weights is None else ones * weights).T
    return result


def own_sums(z: Matrix, weights: Matrix | None) -> Matrix:
    """The sum of each of d columns (d × n), each row as often as its weight (n) says."""
    return z.sum(axis=1) if weights is None else z @ weights


def own_products(z: Matrix, weights: Matrix | None = None) -> Matrix:
    """Z W Zᵀ (d × d) of a matrix of d columns, each in a row (d × n), and weights (n), which are 1 where not given."""
    if weights is not None:
        # with its own transpose BLAS multiplies half as much
        z = z * np.sqrt(weights)
    d, n = z.shape
    if d > NARROW or n <= NARROW_ROWS:
        return z @ z.T
    result = np.zeros((d, d))
    for first in range(0, n, NARROW_ROWS):
        piece = z[:, first : first + NARROW_ROWS]
        result += piece @ piece.T
    return result


@dataclass(frozen=True)
class StandardRows:
    """n rows of a batch, ordered by period: segment s is that of `codes[s]`, from row `edges[s]` to `edges[s + 1]`.

    `z` (d × n) holds 0 where a value is missing; `with_gaps` are the m columns with missing values, `present` (m × n)
    tells where they have one. `weights` (n) are of rows that have some. Per column and segment (d × segments): `sums`
    of z, as often as the rows weigh, `lowest` and `highest` value, their distance from the centre in scales (`sizes`),
    how many were `clamped`, and lists of `other_lengths`.
    """

    codes: NDArray[np.int32]
    edges: list[int]
    z: Matrix
    with_gaps: NDArray[np.intp]
    present: NDArray[np.bool_]
    sums: Matrix
    lowest: Matrix
    highest: Matrix
    sizes: Matrix
    clamped: Matrix
    other_lengths: Matrix
    weights: Matrix | None = None


class Standardiser:
    """Turns batches into z on the grid of the columns; its memory is used again for every batch.

    Batches that are `weighted` end with a column of weights, none of them null or negative.
    """

    def __init__(self, factors: list[Factor], weighted: bool = False) -> None:
        self.factors = factors
        self.weighted = weighted
        self.centre = np.concatenate([factor.centre for factor in factors])
        self.scale = np.concatenate([factor.scale for factor in factors])
        self.width = len(self.centre)
        self._memory = np.empty(0)

    def rows_of(self, batch: pa.RecordBatch) -> StandardRows:
        """The rows of a batch: its first column is the first day of the period, the others are the factors in order."""
        order, codes, edges = segments(batch.column(0))
        weights = batch.column(len(self.factors) + 1).to_numpy(zero_copy_only=False) if self.weighted else None
        if weights is not None and order is not None:
            weights = weights[order]
        d, n = self.width, batch.num_rows
        if self._memory.size < d * n:
            self._memory = np.empty(d * n)
        z = self._memory[: d * n].reshape(d, n)
        shape = (d, len(codes))
        sums, lowest, highest, clamped, others = (np.zeros(shape) for _ in range(5))
        gaps: dict[int, NDArray[np.bool_]] = {}
        number = 0
        for position, factor in enumerate(self.factors):
            values, other_lengths = columns_of(batch.column(position + 1), factor.length if factor.is_list else None)
            if other_lengths is not None:
                in_order = other_lengths if order is None else other_lengths[order]
                others[number : number + factor.length] = by_segment(np.add, in_order.astype(float), edges)
            for x in values:
                x = x if order is None else x[order]
                lowest[number], highest[number] = by_segment(np.minimum, x, edges), by_segment(np.maximum, x, edges)
                if not (np.isfinite(lowest[number]).all() and np.isfinite(highest[number]).all()):
                    gaps[number] = np.isfinite(x)
                    x = np.where(gaps[number], x, np.nan)
                    lowest[number], highest[number] = by_segment(np.fmin, x, edges), by_segment(np.fmax, x, edges)
                self._standardise(number, x, z[number], gaps.get(number))
                sums[number] = by_segment(np.add, z[number] if weights is None else z[number] * weights, edges)
                number += 1
        with np.errstate(over="ignore", invalid="ignore"):
            sizes = np.maximum(np.abs(lowest.T - self.centre), np.abs(highest.T - self.centre)).T / self.scale[:, None]
        for number in np.flatnonzero((sizes >= LARGEST_DEVIATION * 0.5).any(axis=1)):
            np.clip(z[number], -LARGEST_DEVIATION, LARGEST_DEVIATION, out=z[number])
            sums[number] = by_segment(np.add, z[number] if weights is None else z[number] * weights, edges)
            clamped[number] = by_segment(np.add, (np.abs(z[number]) == LARGEST_DEVIATION).astype(float), edges)
        with_gaps = np.array(sorted(gaps), dtype=np.intp)
        present = np.array([gaps[number] for number in with_gaps], dtype=bool).reshape(len(with_gaps), n)
        return StandardRows(codes, edges, z, with_gaps, present, sums, lowest, highest, sizes, clamped, others, weights)

    def _standardise(self, number: int, x: Matrix, z: Matrix, present: NDArray[np.bool_] | None) -> None:
        with np.errstate(over="ignore"):
            np.subtract(x, self.centre[number], out=z)
            np.divide(z, self.scale[number], out=z)
        if present is not None:
            z[~present] = 0


def by_segment(ufunc: np.ufunc, x: Matrix, edges: list[int]) -> Matrix:
    """The values of each segment (from edge to edge) taken together; of all n, where there is one, it is faster."""
    return ufunc.reduce(x) if len(edges) == 2 else ufunc.reduceat(x, edges[:-1])


def segments(days: pa.Array) -> tuple[NDArray[np.intp] | None, NDArray[np.int32], list[int]]:
    """Rows by period: their order (none where they are in it), the periods as days since 1970, and their edges."""
    codes = days.cast(pa.int32()).fill_null(int(NO_PERIOD)).to_numpy(zero_copy_only=False)
    order = None
    if np.any(codes[1:] < codes[:-1]):
        order = np.argsort(codes, kind="stable")
        codes = codes[order]
    firsts = np.flatnonzero(np.concatenate([[True], codes[1:] != codes[:-1]]))
    return order, codes[firsts], [*firsts.tolist(), len(codes)]


def columns_of(array: pa.Array, length: int | None) -> tuple[Matrix, NDArray[np.bool_] | None]:
    """The numbers of an Arrow column as doubles (columns × n), NaN where null; which rows are lists of another length.

    `length` is None for a column that is no list, 0 for one of which all lists are null or empty.
    """
    if length is None:
        return array.to_numpy(zero_copy_only=False)[None, :], None
    if length == 0:
        return np.zeros((0, len(array))), np.zeros(len(array), bool)
    sizes = array.value_lengths().fill_null(-1).to_numpy(zero_copy_only=False)
    is_usual = sizes == length
    usual = array if is_usual.all() else array.filter(pa.array(is_usual))
    numbers = usual.flatten().to_numpy(zero_copy_only=False).reshape(-1, length).T
    if is_usual.all():
        return np.ascontiguousarray(numbers), np.zeros(len(array), bool)
    result = np.full((length, len(array)), np.nan)
    result[:, is_usual] = numbers
    return result, ~is_usual & (sizes >= 0)


def summed_periods(
    batches: Iterable[pa.RecordBatch], factors: list[Factor], weighted: bool = False
) -> dict[int, PeriodSums]:
    """The sums of every period in the batches, by its first day since 1970 (NO_PERIOD for rows without a period)."""
    standardiser = Standardiser(factors, weighted)
    result: dict[int, PeriodSums] = {}
    with one_blas_thread():
        for batch in batches:
            if not batch.num_rows:
                continue
            rows = standardiser.rows_of(batch)
            for segment, code in enumerate(rows.codes.tolist()):
                if code not in result:
                    result[code] = PeriodSums(standardiser.width)
                result[code].add(rows, segment)
    return result
