"""How much of a component is chance, and how far from the components a row may be, from eigenvalues and row counts."""

import math
from collections.abc import Callable
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from data_health.components.components import LEAST_EIGENVALUE, Basis, Matrix

DRAWS = 20
FEWEST_DRAWS = 3
DRAWN_SHARE = 0.95
# columns up to which all draws are made; eigenvalues of larger matrices are so steady that fewer do
MOST_COLUMNS_OF_ALL_DRAWS = 400


@lru_cache(maxsize=64)
def correlations_of_noise(columns: int, rows: int) -> Matrix:
    """Correlations of independent normal columns, over as many rows (draws × d × d); the same at every call.

    Sums of squares of n rows are drawn at once, by Bartlett's decomposition of the Wishart distribution, so the cost
    does not depend on n.
    """
    generator = np.random.default_rng([columns, rows])
    draws = int(np.clip(DRAWS * (MOST_COLUMNS_OF_ALL_DRAWS / max(columns, 1)) ** 3, FEWEST_DRAWS, DRAWS))
    result = np.empty((draws, columns, columns))
    freedom = rows - 1
    for draw in result:
        if freedom >= columns:
            root = np.tril(generator.normal(0, 1, (columns, columns)), -1)
            root[np.diag_indices(columns)] = np.sqrt(generator.chisquare(freedom - np.arange(columns)))
        else:
            root = generator.normal(0, 1, (columns, max(freedom, 0)))
        squares = root @ root.T
        sizes = np.sqrt(np.maximum(np.diag(squares), np.finfo(float).tiny))
        draw[:] = squares / np.outer(sizes, sizes)
    return result


def noise_eigenvalues(basis: Basis) -> Matrix:
    """Horn's parallel analysis: the 95th percentile of each eigenvalue (d), were the columns independent and normal.

    The number of rows, if they have weights the effective one, and the variance of each column are the reference's.
    """
    columns, rows = len(basis.names), int(basis.effective_rows)
    if not columns or rows < 2:
        return np.full(columns, np.nan)
    sizes = basis.deviation / basis.scale
    drawn = [np.linalg.eigvalsh(noise * np.outer(sizes, sizes))[::-1] for noise in correlations_of_noise(columns, rows)]
    return np.quantile(drawn, DRAWN_SHARE, axis=0)


def hotelling_limit(components: int, rows: float, share: float) -> float:
    """T² that this share of rows of the same normal distribution stays below, which were not among the n fitted ones.

    k(n² - 1) / (n(n - k)) F(k, n - k) (Tracy, Young and Mason 1992); NaN where there are no more rows than components.
    It is the limit of one row. The interval of the mean T² of a period is in the mart health_multivariate_drift.
    """
    k, n = components, rows
    if k < 1 or n <= k:
        return math.nan
    return k * (n * n - 1) / (n * (n - k)) * f_quantile(share, k, n - k)


def error_limit(dropped: Matrix, share: float, variance: float = 0.0) -> float | None:
    """Squared distance from the components that this share of normal rows stays below; `dropped` (d - k) eigenvalues.

    The weighted sum of squares has mean θ₁ = Σλ and variance 2θ₂ = 2Σλ²; a χ² with the same is (θ₂/θ₁) χ²(θ₁²/θ₂)
    (Box 1954; Nomikos and MacGregor 1995). None where nothing is dropped but what rounding leaves of `variance`, the
    sum of all eigenvalues: no error could be told from it.
    """
    first, second = float(np.sum(dropped)), float(np.sum(dropped**2))
    if second <= 0 or first <= LEAST_EIGENVALUE * variance:
        return None
    freedom = first * first / second
    # a χ² is twice a gamma variable
    return second / first * 2 * gamma_quantile(share, freedom / 2)


def f_quantile(share: float, upper: float, lower: float) -> float:
    """The quantile of Fisher's F distribution with these degrees of freedom."""
    if lower > 1e7:
        return 2 * gamma_quantile(share, upper / 2) / upper
    a, b = upper / 2, lower / 2
    near = gamma_quantile(share, a)
    beta = quantile(
        lambda x: beta_distribution(x, a, b), lambda x: beta_density(x, a, b), share, near / (near + b), 1.0
    )
    return lower * beta / (upper * (1 - beta)) if beta < 1 else math.inf


@lru_cache(maxsize=1024)
def gamma_quantile(share: float, shape: float) -> float:
    """The quantile of the gamma distribution of scale one."""
    high = shape + 1
    while gamma_distribution(high, shape) < share:
        high *= 2
    # Wilson and Hilferty: the cube root is nearly normal
    near = shape * (1 - 1 / (9 * shape) + NormalDist().inv_cdf(share) / (3 * math.sqrt(shape))) ** 3
    return quantile(lambda x: gamma_distribution(x, shape), lambda x: gamma_density(x, shape), share, near, high)


def quantile(
    distribution: Callable[[float], float], density: Callable[[float], float], share: float, near: float, high: float
) -> float:
    """Where a distribution function on 0 to `high` reaches the share.

    By Newton's steps from `near`, and by halving where a step leaves the interval in which it must be. After a step of
    a billionth the next one is lost in rounding.
    """
    low, x = 0.0, near if 0 < near < high else high / 2
    for _ in range(200):
        error = distribution(x) - share
        low, high = (x, high) if error < 0 else (low, x)
        slope = density(x)
        step = error / slope if slope > 0 else math.inf
        if abs(step) <= 1e-9 * x:
            return min(max(x - step, low), high)
        x = x - step if low < x - step < high else (low + high) / 2
    return x


def gamma_density(x: float, shape: float) -> float:
    """The density of the gamma distribution of scale one."""
    return math.exp((shape - 1) * math.log(x) - x - math.lgamma(shape))


def beta_density(x: float, a: float, b: float) -> float:
    """The density of the beta distribution."""
    logarithm = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return math.exp(logarithm + (a - 1) * math.log(x) + (b - 1) * math.log1p(-x))


def gamma_distribution(x: float, shape: float) -> float:
    """P(shape, x), the regularised lower incomplete gamma function: its series, or 1 less its continued fraction."""
    if x <= 0:
        return 0.0
    front = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    if x < shape + 1:
        term = total = 1 / shape
        step = shape
        while abs(term) > 1e-16 * abs(total):
            step += 1
            term *= x / step
            total += term
        return front * total
    # Legendre's fraction, from its first terms on (modified Lentz)
    return 1 - front / lentz(x + 1 - shape, lambda i: (-i * (i - shape), x + 2 * i + 1 - shape))


def beta_distribution(x: float, a: float, b: float) -> float:
    """I_x(a, b), the regularised incomplete beta function, by its continued fraction (DLMF 8.17.22)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_distribution(1 - x, b, a)
    logarithm = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)

    def terms(i: int) -> tuple[float, float]:
        m = i // 2
        if i % 2:
            return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)), 1.0
        return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), 1.0

    return math.exp(logarithm) / (a * lentz(1.0, terms))


def lentz(first: float, terms: Callable[[int], tuple[float, float]]) -> float:
    """Evaluate first + a₁ / (b₁ + a₂ / (b₂ + …)), where terms(i) is (aᵢ, bᵢ)."""
    tiny = 1e-300
    value = first or tiny
    c, d = value, 0.0
    for i in range(1, 100_000):
        a, b = terms(i)
        d = 1 / ((b + a * d) or tiny)
        c = (b + a / c) or tiny
        value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value
