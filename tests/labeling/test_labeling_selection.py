"""Which rows are chosen: against k-means by hand, whatever the order of the rows, and never the same row twice."""

import numpy as np
import pytest
from data_health.labeling.selection import (
    clustered_margin,
    is_near_duplicate,
    principal_points,
    representative,
)
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits

pytestmark = pytest.mark.quick


def candidates(rows=200, width=5, seed=0, ties=True):
    draw = np.random.default_rng(seed)
    margins = draw.random(rows).round(1 if ties else 12)
    return margins, draw.normal(size=(rows, width)), draw.permutation(rows).astype(float)


def test_the_least_certain_row_of_every_cluster_is_chosen():
    margins, points, hashes = candidates(ties=False)
    chosen, clusters = clustered_margin(margins, points, hashes, 20, seed=3)
    order = np.argsort(hashes)
    with threadpool_limits(limits=1):
        labels = KMeans(20, n_init=1, random_state=3).fit_predict(points[order].round(6))
    expected = {int(order[labels == label][np.argmin(margins[order][labels == label])]) for label in range(20)}
    assert set(chosen.tolist()) == expected
    assert (np.diff(margins[chosen]) >= 0).all()
    assert clusters.tolist() == list(range(1, 21))


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_the_rows_does_not_matter(seed):
    margins, points, hashes = candidates(seed=seed)
    # tie breakers that are ties themselves, and copies of rows
    hashes, points = np.floor(hashes / 3), points.round(1)
    shuffled = np.random.default_rng(seed).permutation(len(margins))
    chosen, clusters = clustered_margin(margins, points, hashes, 15, seed)
    again, clusters_again = clustered_margin(margins[shuffled], points[shuffled], hashes[shuffled], 15, seed)
    assert (points[chosen] == points[shuffled[again]]).all() and (clusters == clusters_again).all()
    chosen, clusters = representative(points, points[:7] + 0.5, 15, seed, hashes)
    again, clusters_again = representative(points[shuffled], (points[:7] + 0.5)[::-1], 15, seed, hashes[shuffled])
    assert (points[chosen] == points[shuffled[again]]).all() and (clusters == clusters_again).all()


def test_the_last_digits_of_sums_do_not_decide():
    margins, points, hashes = candidates(ties=False)
    noise = 1 + 1e-13 * np.random.default_rng(0).normal(size=points.shape)
    chosen = clustered_margin(margins, points, hashes, 20, 0)[0]
    assert (clustered_margin(margins * noise[:, 0], points * noise, hashes, 20, 0)[0] == chosen).all()
    chosen = representative(points, points[:5] * 2, 20, 0, hashes)[0]
    assert (representative(points * noise, points[:5] * 2 * noise[:5], 20, 0, hashes)[0] == chosen).all()


def test_principal_points_are_those_of_scikit_learn_in_any_order():
    draw = np.random.default_rng(4)
    features = draw.normal(size=(300, 30)) @ np.diag(np.linspace(3, 0.5, 30))
    features[:, 7], hashes = features[:, 2], draw.permutation(300)
    points = principal_points(features, hashes)
    assert np.abs(points) == pytest.approx(np.abs(PCA(20, svd_solver="full").fit_transform(features)), abs=1e-6)
    shuffled = draw.permutation(300)
    assert (principal_points(features[shuffled], hashes[shuffled]) == points[shuffled]).all()
    # of five columns, two of which say the same and one nothing, there are three components
    few = np.column_stack([features[:, :3], features[:, 7], np.ones(300)])
    assert principal_points(few, hashes).shape == (300, 3)
    assert principal_points(np.ones((4, 2)), np.arange(4)).shape == (4, 0)
    assert principal_points(np.zeros((0, 2)), np.arange(0)).shape == (0, 0)


@pytest.mark.parametrize("choose", ["clustered_margin", "representative"])
def test_near_duplicates_are_never_both_chosen(choose):
    margins, points, hashes = candidates(30)
    draw = np.random.default_rng(1)
    copies = np.repeat(points, 10, axis=0) + draw.normal(scale=1e-6, size=(300, 5))
    hashes = draw.random(300)
    if choose == "representative":
        chosen, _ = representative(copies, points[:0], 50, 0, hashes)
    else:
        chosen, _ = clustered_margin(np.repeat(margins, 10), copies, hashes, 50, 0)
    # thirty rows differ, so that fifty cannot be asked
    assert sorted((chosen // 10).tolist()) == list(range(30))


def test_rows_near_to_known_ones_are_not_asked_again():
    _, points, hashes = candidates(100)
    known = points[:60] + 1e-7
    chosen, _ = representative(points, known, 100, 0, hashes)
    assert set(chosen.tolist()) == set(range(60, 100))
    assert is_near_duplicate(points, known).tolist() == [True] * 60 + [False] * 40
    assert not is_near_duplicate(points, points[:0]).any()
    assert not is_near_duplicate(points[:, :0], points[:5, :0]).any()
    # a row that is as far away as the others are from each other is none
    assert not is_near_duplicate(points[:50], points[50:]).any()


def test_typical_rows_come_from_large_clusters_without_labels():
    draw = np.random.default_rng(2)
    centres = np.pad([[0.0, 0.0], [20.0, 0.0], [0.0, 20.0], [20.0, 20.0]], ((0, 0), (0, 6)))
    sizes = [80, 60, 40, 20]
    points = np.vstack([draw.normal(centre, 1, (size, 8)) for centre, size in zip(centres, sizes, strict=True)])
    # the largest blob has a label already; the others come by size
    chosen, _ = representative(points, centres[:1], 3, 0, draw.random(200))
    blobs = np.argmin(cdist(points[chosen], centres), axis=1)
    assert blobs.tolist() == [1, 2, 3]
    for row, blob in zip(chosen, blobs, strict=True):
        members = np.argmin(cdist(points, centres), axis=1) == blob
        distances = np.sort(cdist(points[members], points[members]), axis=1)
        count = min(20, members.sum() // 2)
        assert row == np.flatnonzero(members)[np.argmin(distances[:, 1 : count + 1].mean(axis=1))]


def test_copies_do_not_make_a_row_typical():
    draw = np.random.default_rng(3)
    # an odd row, copied forty times, at the edge of the only cluster
    points = np.vstack([draw.normal(size=(200, 2)), np.tile([[3.5, 3.5]], (40, 1))])
    chosen, _ = representative(points, points[:0], 1, 0, draw.random(240))
    assert chosen[0] < 200


def test_hardly_any_rows():
    nothing = np.zeros((0, 3))
    for chosen, clusters in (
        clustered_margin(np.zeros(0), nothing, np.zeros(0), 5, 0),
        representative(nothing, nothing, 5, 0, np.zeros(0)),
        clustered_margin(np.ones(2), np.eye(2), np.arange(2), 0, 0),
    ):
        assert len(chosen) == len(clusters) == 0
    assert clustered_margin(np.ones(1), np.ones((1, 3)), np.ones(1), 5, 0)[0].tolist() == [0]
    assert representative(np.ones((1, 3)), nothing, 5, 0, np.ones(1))[0].tolist() == [0]
    # all rows alike: one is enough, the first by its tie breaker
    assert clustered_margin(np.ones(9), np.ones((9, 3)), np.arange(9)[::-1], 5, 0)[0].tolist() == [8]
    assert len(clustered_margin(np.ones(9), np.zeros((9, 0)), np.arange(9), 5, 0)[0]) == 1


def test_numbers_that_are_none_are_refused():
    margins, points, hashes = candidates(10)
    points[3, 2] = np.nan
    with pytest.raises(ValueError, match="finite"):
        clustered_margin(margins, points, hashes, 5, 0)
    with pytest.raises(ValueError, match="length"):
        clustered_margin(margins[:5], points, hashes, 5, 0)
