"""Principal components of correlations or covariances, from sums of products over the rows that have both columns."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

# with fewer digits left than this, a variance is rounding error
LEAST_RELATIVE_VARIANCE = 1e-10
# with fewer left than this, eigenvalues are no longer known to nine digits
SOUND_RELATIVE_VARIANCE = 1e-6
MOST_COMPONENTS = 300
# raise this when the same sums give other components
ARITHMETIC = 1
NO_VALUES = "no values in the reference"
CONSTANT = "constant in the reference"
LEAST_EIGENVALUE = 1e-9
IMPRECISE = "too far from the centre of its fitted bins: no exact digits are left"


@dataclass(frozen=True)
class Weights:
    """Sums of the weights of rows, and of their squares."""

    total: float
    squares: float

    def __add__(self, other: "Weights") -> "Weights":
        return Weights(self.total + other.total, self.squares + other.squares)

    def __sub__(self, other: "Weights") -> "Weights":
        return Weights(self.total - other.total, self.squares - other.squares)

    @property
    def effective_rows(self) -> float:
        """As many rows of equal weight would tell as much: (Σw)² / Σw² (Kish 1965)."""
        return self.total**2 / self.squares if self.squares else 0.0


@dataclass(frozen=True)
class Sums:
    """Sums over the rows of one period or reference, of d columns in the order of their names.

    `counts[a, b]` rows have both columns, `sums[a, b]` is the sum of z_a over these, `products[a, b]` that of z_a z_b
    (all d × d). `lowest` and `highest` (d) are the columns' own, NaN where unknown; `rows` counts all rows. With
    `weights` a row counts as often as its weight says, in the matrices too.
    """

    names: tuple[str, ...]
    rows: int
    counts: Matrix
    sums: Matrix
    products: Matrix
    lowest: Matrix
    highest: Matrix
    weights: Weights | None = None

    @property
    def total_weight(self) -> float:
        """What all rows count together."""
        return float(self.rows) if self.weights is None else self.weights.total

    @property
    def effective_rows(self) -> float:
        """The number of rows, with weights that of as many equal ones as tell as much."""
        return float(self.rows) if self.weights is None else self.weights.effective_rows

    def equals(self, other: "Sums") -> bool:
        """Are all sums the same?"""
        pairs = ((self.counts, other.counts), (self.sums, other.sums), (self.products, other.products))
        return self.names == other.names and all(np.array_equal(ours, theirs) for ours, theirs in pairs)

    def without(self, part: "Sums") -> "Sums":
        """The sums over the rows that are not among those of `part`, a part of these rows."""
        part = part.of(self.names)
        weights = None if self.weights is None or part.weights is None else self.weights - part.weights
        return Sums(
            self.names,
            self.rows - part.rows,
            self.counts - part.counts,
            self.sums - part.sums,
            self.products - part.products,
            self.lowest,
            self.highest,
            weights,
        )

    def of(self, names: tuple[str, ...]) -> "Sums":
        """The same for other columns in another order; one that is not among them counts as missing in every row."""
        if names == self.names:
            return self
        known = {name: number for number, name in enumerate(self.names)}
        here = [number for number, name in enumerate(names) if name in known]
        there = [known[names[number]] for number in here]
        d = len(names)
        matrices = [np.zeros((d, d)) for _ in range(3)]
        vectors = [np.full(d, np.nan) for _ in range(2)]
        for target, source in zip(matrices, (self.counts, self.sums, self.products), strict=True):
            target[np.ix_(here, here)] = source[np.ix_(there, there)]
        for target, source in zip(vectors, (self.lowest, self.highest), strict=True):
            target[here] = source[there]
        return Sums(names, self.rows, *matrices, *vectors, self.weights)


@dataclass(frozen=True)
class Basis:
    """The principal components of a reference.

    `names` are the d columns used, `excluded` the others with the reason; `centre` (d) is the mean of z, which stands
    for missing values, `deviation` (d) the standard deviation and `scale` (d) what z is divided by: the same for
    components of correlations, one unit of the column for those of covariances. `effective_rows` are fewer than `rows`
    where these have weights. `eigenvalues` (d) fall; `vectors` (d × d) has a component per column; the first `kept`
    reach the share of the variance that was asked for. `moved` names columns so far from the centre of their grid that
    eigenvalues have lost digits. `identity` is the same for the same sums.
    """

    names: tuple[str, ...]
    excluded: dict[str, str]
    rows: int
    effective_rows: float
    centre: Matrix
    deviation: Matrix
    scale: Matrix
    eigenvalues: Matrix
    vectors: Matrix
    kept: int
    moved: tuple[str, ...]
    identity: str
    total_variance: float | None = None

    @property
    def variance(self) -> float:
        """The sum of all eigenvalues, with those that are not known."""
        return float(np.sum(self.eigenvalues)) if self.total_variance is None else self.total_variance

    @property
    def with_variance(self) -> int:
        """How many components have more variance than rounding leaves."""
        least = LEAST_EIGENVALUE * self.variance / max(len(self.names), 1)
        return int(np.sum(self.eigenvalues > least))


def moments_about(sums: Sums, centre: Matrix) -> Matrix:
    """Mean of (z_a - centre_a)(z_b - centre_b) over all rows, a missing value counting as the centre (d × d)."""
    moved = (
        sums.products
        - sums.sums * centre[None, :]
        - (sums.sums * centre[None, :]).T
        + np.outer(centre, centre) * sums.counts
    )
    return moved / sums.total_weight


def principal_components(sums: Sums, variance: float, unit: Matrix | None = None) -> Basis:
    """The components of a reference whose missing values are replaced by the column's mean.

    Equal to scikit-learn's PCA after SimpleImputer and StandardScaler, but for eigenvalues whose sums are divided by n
    instead of n - 1. With `unit` (d), the size of one unit of each column in z, columns are not standardised:
    components of covariances instead of correlations. A column without values, or of one value only, is left out.
    """
    own_counts, total = np.diag(sums.counts), sums.total_weight
    centre = np.diag(sums.sums) / np.where(own_counts > 0, own_counts, 1)
    covariance = moments_about(sums, centre) if total else np.zeros_like(sums.products)
    variances = np.diag(covariance)
    sizes = np.diag(sums.products) / (total or 1)
    excluded = {}
    for number, name in enumerate(sums.names):
        if own_counts[number] == 0:
            excluded[name] = NO_VALUES
        elif sums.lowest[number] == sums.highest[number] or variances[number] <= 0:
            excluded[name] = CONSTANT
        elif variances[number] <= LEAST_RELATIVE_VARIANCE * sizes[number]:
            excluded[name] = IMPRECISE
    used = [number for number, name in enumerate(sums.names) if name not in excluded]
    names = tuple(sums.names[number] for number in used)
    deviation = np.sqrt(variances[used])
    scale = deviation if unit is None else unit[used]
    matrix = covariance[np.ix_(used, used)] / np.outer(scale, scale)
    eigenvalues, vectors = falling_eigenvectors(matrix)
    share = np.cumsum(eigenvalues) / (np.sum(eigenvalues) or 1)
    # rounding may leave the last sum a little below one
    kept = int(np.searchsorted(share, variance - 1e-12)) + 1 if used else 0
    return Basis(
        names,
        excluded,
        sums.rows,
        sums.effective_rows,
        centre[used],
        deviation,
        scale,
        eigenvalues,
        vectors,
        min(kept, len(used), MOST_COMPONENTS),
        tuple(sums.names[number] for number in used if variances[number] <= SOUND_RELATIVE_VARIANCE * sizes[number]),
        identity_of(names, sums.rows, centre[used] / deviation, scale / deviation, matrix),
    )


def identity_of(names: tuple[str, ...], rows: int, *numbers: Matrix) -> str:
    """Twelve hexadecimal digits of what components are made from.

    Numbers count to eight digits of their largest, since the order in which a warehouse adds decides the last ones.
    """
    digest = hashlib.sha256(repr((ARITHMETIC, names, rows)).encode())
    for array in numbers:
        size = np.max(np.abs(array), initial=0) or 1
        # no negative zero, which has other bytes
        digest.update((np.round(array / size, 8) + 0.0).tobytes())
        digest.update(f"{size:.6g}".encode())
    return digest.hexdigest()[:12]


def falling_eigenvectors(matrix: Matrix) -> tuple[Matrix, Matrix]:
    """Eigenvalues (d), largest first and none below 0, and eigenvectors as columns (d × d), of a symmetric matrix.

    The sign of an eigenvector is free: its entry of largest size, the first of several, is made positive.
    """
    if not len(matrix):
        return np.zeros(0), np.zeros((0, 0))
    eigenvalues, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return np.maximum(eigenvalues[::-1], 0), signed(vectors[:, ::-1])


def signed(vectors: Matrix) -> Matrix:
    """Eigenvectors (d × k) with the sign that makes the entry of largest size, the first of several, positive."""
    if not vectors.size:
        return vectors
    sizes = np.abs(vectors)
    # entries that are equal but for rounding are ties, which the order of the names decides
    largest = np.argmax(sizes >= sizes.max(axis=0) * (1 - 1e-9), axis=0)
    return vectors * np.sign(vectors[largest, np.arange(len(largest))])
