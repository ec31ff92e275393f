"""Principal components of more columns than a matrix of all pairs is kept of, by a randomized range finder.

Halko, Martinsson and Tropp (2011), "Finding structure with randomness", algorithm 4.4, on the correlations: each
application of C = ZᵀZ / n to the d × l basis is one pass over the rows in batches, so memory is that of a few
d × l matrices whatever the number of rows.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from data_health.components.batches import Matrix, Standardiser, StandardRows, one_blas_thread
from data_health.components.components import (
    CONSTANT,
    IMPRECISE,
    LEAST_RELATIVE_VARIANCE,
    MOST_COMPONENTS,
    NO_VALUES,
    Basis,
    Weights,
    identity_of,
    signed,
)

# directions beyond those asked for: what the last of these loses to the next ones becomes negligible
OVERSAMPLING = 20
POWER_PASSES = 2
SEED = 20_11


@dataclass(frozen=True)
class Moments:
    """Of d columns over `rows` rows: values, Σz and Σz², a missing value counting as 0, and the outermost values.

    With `weights` a row counts as often as its weight says.
    """

    rows: int
    weights: Weights | None
    counts: Matrix
    sums: Matrix
    squares: Matrix
    lowest: Matrix
    highest: Matrix

    @property
    def total_weight(self) -> float:
        """What all rows count together."""
        return float(self.rows) if self.weights is None else self.weights.total


# the rows of every batch, ordered by period, anew at every call
Passes = Callable[[], Iterable[StandardRows]]


def randomized_basis(names: tuple[str, ...], passes: Passes, variance: float, most: int = MOST_COMPONENTS) -> Basis:
    """The first `most` components, of d columns, as principal_components would give them from all pairs.

    `eigenvalues` and the columns of `vectors` are these components only; `kept` is their number where they do not reach
    the share `variance`. Rows are read five times: for means and variances, for the range, twice more to sharpen it
    (power passes), and to find the components in it.
    """
    with one_blas_thread():
        moments = moments_of(passes())
        if moments is None or moments.total_weight == 0:
            nothing, why = np.zeros(0), dict.fromkeys(names, NO_VALUES)
            return Basis((), why, 0, 0.0, *[nothing] * 4, np.zeros((0, 0)), 0, (), identity_of((), 0, nothing))
        total_weight = moments.total_weight
        centre = moments.sums / np.where(moments.counts > 0, moments.counts, 1)
        variances = (moments.squares - 2 * centre * moments.sums + centre**2 * moments.counts) / total_weight
        excluded = left_out(names, moments, variances)
        used = np.array([number for number, name in enumerate(names) if name not in excluded], dtype=np.intp)
        scale = np.sqrt(np.maximum(variances[used], 0))
        d = len(used)
        width = min(d, most + OVERSAMPLING)
        basis = np.linalg.qr(np.random.default_rng(SEED).standard_normal((d, width)))[0] if d else np.zeros((0, 0))
        for _ in range(1 + POWER_PASSES if d else 0):
            basis = np.linalg.qr(applied(passes(), basis, used, centre[used], scale, total_weight))[0]
        inside = basis.T @ applied(passes(), basis, used, centre[used], scale, total_weight) if d else np.zeros((0, 0))
        eigenvalues, turned = np.linalg.eigh((inside + inside.T) / 2)
    first = min(most, d)
    eigenvalues = np.maximum(eigenvalues[::-1][:first], 0)
    vectors = signed(basis @ turned[:, ::-1][:, :first])
    share = np.cumsum(eigenvalues) / max(d, 1)
    kept = min(int(np.searchsorted(share, variance - 1e-12)) + 1, first) if d else 0
    used_names = tuple(names[number] for number in used)
    centre = centre[used]
    identity = identity_of(used_names, moments.rows, centre / scale, eigenvalues)
    # of correlations every column has the variance 1
    total = float(d)
    rows = moments.rows
    effective = float(rows) if moments.weights is None else moments.weights.effective_rows
    return Basis(
        used_names, excluded, rows, effective, centre, scale, scale, eigenvalues, vectors, kept, (), identity, total
    )


def moments_of(batches: Iterable[StandardRows]) -> Moments | None:
    """One pass; None without a row."""
    total = None
    for rows in batches:
        d, n = rows.z.shape
        each = np.ones(n) if rows.weights is None else rows.weights
        counts = np.full(d, each.sum())
        counts[rows.with_gaps] = rows.present @ each
        squares = np.einsum("ij,ij->i", rows.z, rows.z if rows.weights is None else rows.z * each)
        lowest, highest = np.fmin.reduce(rows.lowest, axis=1), np.fmax.reduce(rows.highest, axis=1)
        weights = None if rows.weights is None else Weights(float(each.sum()), float(each @ each))
        found = Moments(n, weights, counts, rows.sums.sum(axis=1), squares, lowest, highest)
        total = found if total is None else both(total, found)
    return total


def both(one: Moments, other: Moments) -> Moments:
    """The moments of the rows of both."""
    return Moments(
        one.rows + other.rows,
        None if one.weights is None or other.weights is None else one.weights + other.weights,
        one.counts + other.counts,
        one.sums + other.sums,
        one.squares + other.squares,
        np.fmin(one.lowest, other.lowest),
        np.fmax(one.highest, other.highest),
    )


def left_out(names: tuple[str, ...], moments: Moments, variances: Matrix) -> dict[str, str]:
    """The columns that no component can be of, with the reason, as principal_components gives it."""
    sizes = moments.squares / moments.total_weight
    reasons = np.select(
        [
            moments.counts == 0,
            (moments.lowest == moments.highest) | (variances <= 0),
            variances <= LEAST_RELATIVE_VARIANCE * sizes,
        ],
        [NO_VALUES, CONSTANT, IMPRECISE],
        "",
    )
    return {name: str(reason) for name, reason in zip(names, reasons, strict=True) if reason}


def applied(
    batches: Iterable[StandardRows], basis: Matrix, used: np.ndarray, centre: Matrix, scale: Matrix, total_weight: float
) -> Matrix:
    """The correlations times a basis (d × l), without the correlations: one pass, a missing value being the mean."""
    result = np.zeros_like(basis)
    for batch in batches:
        z = (batch.z[used] - centre[:, None]) / scale[:, None]
        position = {number: row for row, number in enumerate(batch.with_gaps.tolist())}
        for row, number in enumerate(used.tolist()):
            if number in position:
                z[row, ~batch.present[position[number]]] = 0
        scores = z.T @ basis
        result += z @ (scores if batch.weights is None else scores * batch.weights[:, None])
    return result / total_weight


def rows_of_periods(
    batches: Iterable[pa.RecordBatch], standardiser: Standardiser, codes: set[int]
) -> Iterator[StandardRows]:
    """The rows of batches that belong to some periods, of which `codes` are the first days since 1970."""
    for batch in batches:
        if not batch.num_rows:
            continue
        rows = standardiser.rows_of(batch)
        for segment, code in enumerate(rows.codes.tolist()):
            if code in codes:
                first, last = rows.edges[segment], rows.edges[segment + 1]
                one = slice(segment, segment + 1)
                yield replace(
                    rows,
                    codes=rows.codes[one],
                    edges=[0, last - first],
                    z=rows.z[:, first:last],
                    present=rows.present[:, first:last],
                    sums=rows.sums[:, one],
                    lowest=rows.lowest[:, one],
                    highest=rows.highest[:, one],
                    sizes=rows.sizes[:, one],
                    clamped=rows.clamped[:, one],
                    other_lengths=rows.other_lengths[:, one],
                    weights=None if rows.weights is None else rows.weights[first:last],
                )
