"""Components of rows against scikit-learn, and their distances against the rows themselves, without a build."""

import datetime

import numpy as np
import pytest
from component_rows import correlated_rows, standardised, sums_of
from data_health.components.component_fits import Fit
from data_health.components.components import CONSTANT, NO_VALUES, principal_components
from data_health.components.periods import Period
from data_health.components.subspaces import Subspace, columns_that_moved
from sklearn.decomposition import PCA

JANUARY = datetime.date(2024, 1, 1)


@pytest.mark.parametrize("centre", [0.0, 3.0])
def test_components_are_those_of_scikit_learn_with_the_mean_for_missing_values(centre):
    rows = correlated_rows()
    # the grid's centre is near the values
    centres = centre + np.array([0.0] * 8 + [1e7])
    basis = principal_components(sums_of(rows, centres, 2.5), 0.9)
    # so far from zero scikit-learn itself loses digits
    near_zero = rows - np.array([0.0] * 8 + [1e7])
    theirs = PCA(svd_solver="full").fit(standardised(near_zero).transform(near_zero))
    n = len(rows)
    assert basis.eigenvalues == pytest.approx(theirs.explained_variance_ * (n - 1) / n, abs=1e-9)
    assert basis.kept == np.searchsorted(np.cumsum(theirs.explained_variance_ratio_), 0.9) + 1
    for number, component in enumerate(theirs.components_):
        ours = basis.vectors[:, number]
        assert ours * np.sign(ours @ component) == pytest.approx(component, abs=1e-8)
        assert ours[np.argmax(np.abs(ours))] > 0


def test_distances_are_those_of_the_rows():
    reference, period = correlated_rows(), correlated_rows(seed=2)[:200]
    period[:, :8] *= 1.2
    centres = np.array([0.0] * 8 + [1e7])
    subspace = Subspace.of(principal_components(sums_of(reference, centres), 0.9))
    k = subspace.components
    # so far from zero scikit-learn itself loses digits
    z = standardised(reference - centres).transform(period - centres)
    vectors = subspace.basis.vectors[:, :k]
    errors = z - z @ vectors @ vectors.T
    scores = z @ vectors
    error, distance, shift, overlap = subspace.measures(sums_of(period, centres))
    assert error.value == pytest.approx(np.mean(np.sum(errors**2, axis=1)), rel=1e-9)
    assert error.parts == pytest.approx(np.mean(errors**2, axis=0), rel=1e-8, abs=1e-12)
    assert distance.value == pytest.approx(
        np.mean(np.sum(scores**2 / subspace.basis.eigenvalues[:k], axis=1)), rel=1e-9
    )
    assert distance.parts.sum() == pytest.approx(distance.value)
    assert shift.value == pytest.approx(np.sum(scores.mean(axis=0) ** 2 / subspace.basis.eigenvalues[:k]), rel=1e-8)
    assert shift.parts.sum() == pytest.approx(shift.value)
    own = np.linalg.eigh(np.cov(z.T))[1][:, ::-1][:, :k]
    assert overlap.value == pytest.approx(np.sum((vectors.T @ own) ** 2) / k, rel=1e-8)


def test_the_noise_is_that_of_normal_rows():
    generator = np.random.default_rng(5)
    mixing = generator.normal(0, 1, (6, 6))
    reference = generator.normal(0, 1, (100_000, 6)) @ mixing
    subspace = Subspace.of(principal_components(sums_of(reference), 0.9))
    measures = [subspace.measures(sums_of(generator.normal(0, 1, (400, 6)) @ mixing)) for _ in range(400)]
    error, distance, shift, overlap = zip(*measures, strict=True)
    for metric in (error, distance):
        assert np.std([measure.value for measure in metric]) == pytest.approx(metric[0].noise, rel=0.15)
    assert np.mean([measure.value for measure in shift]) == pytest.approx(shift[0].noise, rel=0.15)
    assert np.mean([1 - measure.value for measure in overlap]) == pytest.approx(overlap[0].noise, rel=0.25)


def test_what_cannot_be_a_component_is_named():
    generator = np.random.default_rng(0)
    rows = np.column_stack(
        [generator.normal(0, 1, (100, 2)), np.full(100, 5.0), np.full(100, np.nan), 1e9 + np.zeros(100)]
    )
    reference = sums_of(rows)
    basis = principal_components(reference, 0.9)
    assert basis.names == ("c000", "c001")
    assert basis.excluded == {"c002": CONSTANT, "c003": NO_VALUES, "c004": CONSTANT}
    later = rows.copy()
    assert not columns_that_moved(basis, reference, sums_of(later)).any()
    later[3, 2] = 6
    later[:, 3] = 1
    assert list(columns_that_moved(basis, reference, sums_of(later))) == [True, True, False]


@pytest.mark.parametrize("rows", [np.zeros((0, 3)), np.ones((1, 3)), np.full((9, 3), np.nan), np.arange(9.0)[:, None]])
def test_too_little_to_compare_gives_no_measure(rows):
    if not len(rows):
        reference = correlated_rows()[:, :3]
        assert Subspace.of(principal_components(sums_of(reference), 0.9)).measures(sums_of(rows)) == []
    else:
        basis = principal_components(sums_of(rows), 0.9)
        assert Subspace.of(basis).measures(sums_of(rows)) == []


def test_fewer_rows_than_columns_have_components_without_variance():
    rows = np.random.default_rng(3).normal(0, 1, (5, 12))
    basis = principal_components(sums_of(rows), 1.0)
    assert basis.eigenvalues[4:] == pytest.approx(0, abs=1e-12)
    assert Subspace.of(basis).components == 4


def test_a_period_of_the_reference_is_measured_about_the_components_of_the_others():
    """Components that were fitted on its rows are too close to them; the rows of another day lie as far as expected."""
    generator = np.random.default_rng(6)
    days = [generator.normal(0, 1, (400, 60)) for _ in range(10)]
    rows = np.concatenate(days)
    sums = sums_of(rows)
    fit = Fit("m", "r", "all", sums, principal_components(sums, 0.9), {}, (JANUARY, JANUARY + datetime.timedelta(10)))
    inside, outside = [], []
    for number, day in enumerate(days):
        start = JANUARY + datetime.timedelta(number)
        period = Period("m", "production", start, start + datetime.timedelta(1), {"all": sums_of(day)})
        others = np.concatenate(days[:number] + days[number + 1 :])
        theirs = PCA(n_components=fit.subspace.components, svd_solver="full").fit(
            standardised(others).transform(others)
        )
        z = standardised(others).transform(day)
        errors = np.sum((z - theirs.inverse_transform(theirs.transform(z))) ** 2, axis=1)
        subspace = fit.subspace_for(period)
        assert subspace.components == fit.subspace.components
        assert subspace.measures(sums_of(day))[0].value == pytest.approx(errors.mean(), rel=1e-9)
        inside.append(fit.subspace.measures(sums_of(day))[0].value)
        outside.append(errors.mean())
    fresh = [fit.subspace.measures(sums_of(generator.normal(0, 1, (400, 60))))[0].value for _ in range(20)]
    assert np.mean(outside) == pytest.approx(np.mean(fresh), rel=0.02)
    assert np.mean(inside) < 0.9 * np.mean(fresh)
    later = Period("m", "production", JANUARY + datetime.timedelta(10), JANUARY + datetime.timedelta(11), {"all": sums})
    assert fit.subspace_for(later) is fit.subspace
    alone = Period("m", "production", JANUARY, JANUARY + datetime.timedelta(10), {"all": sums})
    assert fit.subspace_for(alone) is None
