"""The pieces of Python that find components and limits, against scikit-learn and SciPy."""

import itertools

import numpy as np
import pytest
from component_rows import correlated_rows, sums_of
from data_health.components.components import CONSTANT, IMPRECISE, NO_VALUES, Sums, principal_components
from data_health.components.limits import (
    beta_distribution,
    correlations_of_noise,
    error_limit,
    f_quantile,
    gamma_distribution,
    gamma_quantile,
    hotelling_limit,
    noise_eigenvalues,
)
from scipy import stats
from sklearn.decomposition import PCA

pytestmark = pytest.mark.quick


@pytest.mark.parametrize(("upper", "lower"), [(1, 2), (3, 47), (10, 41_178), (40, 10**9), (250, 100)])
def test_quantiles_are_those_of_scipy(upper, lower):
    for share in (0.95, 0.99):
        assert f_quantile(share, upper, lower) == pytest.approx(stats.f.ppf(share, upper, lower), rel=1e-6)
        for shape in (0.05, 0.5, upper / 2, upper * 100):
            assert gamma_quantile(share, shape) == pytest.approx(stats.gamma.ppf(share, shape), rel=1e-9)
    for x in (0.0, 0.01, 0.5, 0.97, 1.0):
        assert beta_distribution(x, upper / 2, 3.5) == pytest.approx(stats.beta.cdf(x, upper / 2, 3.5), rel=1e-9)
        assert gamma_distribution(9 * x, upper / 2) == pytest.approx(stats.gamma.cdf(9 * x, upper / 2), rel=1e-9)


def test_limits_hold_for_new_normal_rows():
    generator = np.random.default_rng(1)
    mixing = generator.normal(0, 1, (8, 8))
    training, later = generator.normal(0, 1, (200, 8)) @ mixing, generator.normal(0, 1, (200_000, 8)) @ mixing
    basis = principal_components(sums_of(training), 0.9)
    k = 3
    z = (later - training.mean(axis=0)) / training.std(axis=0)
    scores = z @ basis.vectors[:, :k]
    distances = np.sum(scores**2 / basis.eigenvalues[:k], axis=1)
    errors = np.sum(z**2, axis=1) - np.sum(scores**2, axis=1)
    for share in (0.95, 0.99):
        assert np.mean(distances < hotelling_limit(k, 200, share)) == pytest.approx(share, abs=0.012)
        assert np.mean(errors < error_limit(basis.eigenvalues[k:], share)) == pytest.approx(share, abs=0.02)
    assert np.isnan(hotelling_limit(5, 5, 0.95))
    # what rounding leaves is no limit
    assert error_limit(np.zeros(2), 0.95) is error_limit(np.zeros(0), 0.95) is None
    assert error_limit(np.full(2, 1e-15), 0.95, 8.0) is None and error_limit(np.full(2, 1e-6), 0.95, 8.0) > 0


@pytest.mark.parametrize(("rows", "columns"), [(300, 12), (20, 12), (8, 12)])
def test_parallel_analysis_is_that_of_drawn_rows(rows, columns):
    generator = np.random.default_rng(2)
    basis = principal_components(sums_of(generator.normal(0, 1, (rows, columns))), 0.9)
    drawn = [np.linalg.eigvalsh(np.corrcoef(generator.normal(0, 1, (rows, columns)).T))[::-1] for _ in range(400)]
    assert noise_eigenvalues(basis) == pytest.approx(np.quantile(drawn, 0.95, axis=0), rel=0.12, abs=0.06)
    assert (noise_eigenvalues(basis) == noise_eigenvalues(basis)).all()
    assert len(correlations_of_noise(columns, rows)) == 20
    assert len(correlations_of_noise(700, 9)) == 3


def test_components_of_covariances_are_those_of_scikit_learn():
    rows = np.random.default_rng(3).normal(0, 1, (300, 5)) * np.array([1, 10, 0.1, 3, 5]) + 7
    centre, scale = 5.0, 2.5
    basis = principal_components(sums_of(rows, centre, scale), 0.9, unit=np.full(5, 1 / scale))
    theirs = PCA(svd_solver="full").fit(rows)
    assert basis.eigenvalues == pytest.approx(theirs.explained_variance_ * 299 / 300, rel=1e-9)
    assert np.abs(basis.vectors.T) == pytest.approx(np.abs(theirs.components_), abs=1e-9)
    assert basis.kept == np.searchsorted(np.cumsum(theirs.explained_variance_ratio_), 0.9) + 1


def added(parts):
    """The sums of several periods together."""
    first = parts[0]
    total = [sum(getattr(part, name) for part in parts) for name in ("rows", "counts", "sums", "products")]
    lowest = np.fmin.reduce([part.lowest for part in parts])
    return Sums(first.names, *total, lowest, np.fmax.reduce([part.highest for part in parts]))


def test_periods_in_any_order_have_the_same_components_and_the_same_version():
    parts = [sums_of(rows, np.array([0.0] * 8 + [1e7])) for rows in np.array_split(correlated_rows(), 5)]
    orders = [principal_components(added(order), 0.9) for order in itertools.permutations(parts)]
    for basis in orders:
        assert basis.eigenvalues == pytest.approx(orders[0].eigenvalues, abs=1e-12)
        assert basis.identity == orders[0].identity
    assert principal_components(added(parts[1:]), 0.9).identity != orders[0].identity


def test_columns_that_hurt_are_left_out_or_have_components_without_variance():
    generator = np.random.default_rng(0)
    a, b = generator.normal(0, 1, (2, 400))
    far = 1e9 + generator.normal(0, 1, 400)
    rows = np.column_stack([a, b, a, a - 2 * b, np.full(400, 3.0), np.full(400, np.nan), far])
    basis = principal_components(sums_of(rows), 0.9)
    # two dimensions in four columns
    assert basis.excluded == {"c004": CONSTANT, "c005": NO_VALUES, "c006": IMPRECISE}
    assert basis.with_variance == 2 and basis.kept <= 2
    assert basis.eigenvalues.sum() == pytest.approx(4)
    # less far away it is known to fewer digits, and said so
    rows[:, 6] = 1e4 + generator.normal(0, 1, 400)
    assert principal_components(sums_of(rows), 0.9).moved == ("c006",)
    assert principal_components(sums_of(rows, np.array([0.0] * 6 + [1e4])), 0.9).moved == ()
    for few in (np.zeros((0, 3)), np.ones((1, 3))):
        assert principal_components(sums_of(few), 0.9).names == ()
    assert principal_components(sums_of(rows[:, :1]), 0.9).eigenvalues == pytest.approx([1])
