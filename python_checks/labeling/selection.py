"""Which rows annotators should label next, of a bounded list of candidates: choices over arrays."""

import itertools

import data_health.labeling.learning_packages  # noqa: F401
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

Matrix = NDArray[np.float64]
Numbers = NDArray[np.int64]

# rows closer to each other than this share of the usual distance from the centre are one row asked twice
NEAR = 0.01
# digits that count: those after them are of how sums were added up
DECIMALS, MARGIN_DECIMALS = 6, 9
MOST_DIMENSIONS, LEAST_VARIANCE = 20, 1e-10
MOST_CLUSTERS = 500
EXACT_CLUSTERS = 50
SMALLEST_CLUSTER = 5
NEIGHBOURS = 20


def principal_points(features: Matrix, tie_breakers: NDArray, most: int = MOST_DIMENSIONS) -> Matrix:
    """Where candidates (m × d, finite) are on at most `most` principal components of their own, for the functions here.

    Computed in the order of the tie breakers and rounded to six decimals, so that neither the order of the rows nor the
    last digit of a sum decides. Components without variance are left out.
    """
    _check(features, tie_breakers)
    order = np.lexsort((*features.T[::-1], tie_breakers))
    centred = features[order] - features[order].mean(axis=0) if len(order) else features
    with threadpool_limits(limits=1):
        values, axes = np.linalg.eigh(centred.T @ centred)
        keep = np.argsort(-values, kind="stable")[:most]
        keep = keep[values[keep] > max(values.max(initial=0.0), 0.0) * LEAST_VARIANCE]
        axes = axes[:, keep]
        if axes.size:
            axes = axes * np.sign(axes[np.abs(axes.round(9)).argmax(axis=0), np.arange(len(keep))])
        found = np.empty((len(order), len(keep)))
        found[order] = (centred @ axes).round(DECIMALS)
    return found


def clustered_margin(
    margins: Matrix,
    points: Matrix,
    tie_breakers: NDArray,
    count: int,
    seed: int,
) -> tuple[Numbers, Numbers]:
    """Up to `count` uncertain rows that differ from each other: the least certain row of each of `count` clusters.

    Of m rows, `margins` (m) is the probability of the likeliest label less that of the next, `points` (m × p) their
    place (standardised, some 20 dimensions at most), `tie_breakers` (m) a random number or hash that belongs to the
    row, by which rows are put in order first: the answer does not depend on the order they come in. Places count to six
    decimals, margins to nine. The caller passes the 10 · count rows with the smallest margins of a random sample of
    50 · count, best without copies: the least certain of a whole pool are odd ones and teach less.
    Rows nearer than a hundredth of the root mean square distance from the centre to one that is chosen are left out, so
    that there may be fewer than `count`.

    Returns the chosen rows, least certain first, and the number of the cluster of each, from 1 in the same order.
    After Cluster-Margin (Citovsky et al. 2021), with k-means of the shortlist in place of one clustering of the pool.

    Raises ValueError for input that is not finite or differs in length.
    """
    _check(points, margins, tie_breakers)
    order = np.lexsort((*points.T[::-1], margins, tie_breakers))
    margins, points = margins[order].round(MARGIN_DECIMALS), points[order].round(DECIMALS)
    if not len(order) or count < 1:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    clusters = _clusters(points, count, seed)
    by_margin = np.argsort(margins, kind="stable")
    # first the least certain of each cluster, then, should near-duplicates leave room, whatever is least certain
    _, firsts = np.unique(clusters[by_margin], return_index=True)
    heads = by_margin[np.sort(firsts)]
    others = np.setdiff1d(by_margin, heads, assume_unique=True)
    others = others[np.argsort(margins[others], kind="stable")]
    chosen = _without_near(points, np.concatenate([heads, others]), count, _nearness(points))
    chosen = chosen[np.argsort(margins[chosen], kind="stable")]
    return order[chosen], _numbered(clusters[chosen])


def is_near_duplicate(points: Matrix, known_points: Matrix) -> NDArray[np.bool_]:
    """Which of m rows (m × p, finite) are near-duplicates of one of `known_points` (l × p, l may be 0)."""
    _check(points)
    _check(known_points)
    return _is_near(points, known_points, _nearness(points))


def representative(
    points: Matrix, labelled_points: Matrix, count: int, seed: int, tie_breakers: NDArray
) -> tuple[Numbers, Numbers]:
    """Up to `count` rows that represent clusters without labels, for the first labels (TypiClust, Hacohen 2022).

    `points` (m × p) are rows without label, `labelled_points` (l × p, l may be 0) those with one; the pool should be
    sampled to some ten thousand rows. k-means makes min(l + count, 500) clusters of all; those of five rows or fewer
    come last; those with the fewest labels, then the largest, come first, and each gives the
    row with the least mean distance to its min(20, half of the cluster) nearest neighbours. Copies of a row count once
    and near-duplicates are never both chosen, as in clustered_margin; fewer than `count` rows may be left.

    Returns the chosen rows in the order in which they should be labelled, and the number of the cluster of each.
    """
    _check(points, tie_breakers)
    points, labelled_points = points.round(DECIMALS), labelled_points.round(DECIMALS)
    order = np.lexsort((*points.T[::-1], tie_breakers))
    near = _nearness(np.vstack([points, labelled_points]) if len(labelled_points) else points)
    # near-copies would be each other's nearest neighbours, and so the most representative rows of all
    cells = np.round(points[order] / near) if near > 0 else points[order]
    distinct = np.sort(np.unique(cells, axis=0, return_index=True)[1])
    order = order[distinct]
    order = order[~_is_near(points[order], labelled_points, near)]
    if not len(order) or count < 1:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    labelled = labelled_points[np.lexsort(labelled_points.T[::-1])] if len(labelled_points) else points[:0]
    everything = np.vstack([points[order], labelled])
    clusters = _clusters(everything, min(len(labelled) + count, MOST_CLUSTERS), seed)
    sizes = np.bincount(clusters)
    labels = np.bincount(clusters[len(order) :], minlength=len(sizes))
    ranking = np.lexsort((-sizes, labels))
    queues = {c: _by_typicality(everything, np.flatnonzero(clusters == c), len(order)) for c in ranking.tolist()}
    candidates: list[int] = []
    for is_big in (True, False):
        turns = [queues[c] for c in ranking.tolist() if (sizes[c] > SMALLEST_CLUSTER) == is_big]
        for turn in itertools.zip_longest(*turns):
            candidates += [row for row in turn if row is not None]
    chosen = _without_near(points[order], np.array(candidates, np.int64), count, near)
    return order[chosen], _numbered(clusters[chosen])


def _check(points: Matrix, *vectors: NDArray) -> None:
    if points.ndim != 2 or any(len(vector) != len(points) for vector in vectors):
        raise ValueError(f"points of shape {points.shape} and vectors of length {[len(v) for v in vectors]}")
    if not np.isfinite(points).all() or not all(np.isfinite(np.asarray(v, np.float64)).all() for v in vectors):
        raise ValueError("points, margins and tie breakers must be finite")


def _nearness(points: Matrix) -> float:
    """The distance below which two rows are near-duplicates."""
    if not points.size:
        return 0.0
    return NEAR * float(np.sqrt(np.square(points - points.mean(axis=0)).sum(axis=1).mean()))


def _is_near(points: Matrix, known: Matrix, near: float) -> NDArray[np.bool_]:
    if not len(known) or not points.size:
        return np.zeros(len(points), np.bool_)
    from sklearn.neighbors import NearestNeighbors

    distances, _ = NearestNeighbors(n_neighbors=1).fit(known).kneighbors(points)
    return distances[:, 0] <= near


def _without_near(points: Matrix, candidates: Numbers, count: int, near: float) -> Numbers:
    """The first `count` candidates of which none is near to one before it."""
    chosen: list[int] = []
    for row in candidates:
        if len(chosen) == count:
            break
        if not chosen or np.linalg.norm(points[chosen] - points[row], axis=1).min() > near:
            chosen.append(int(row))
    return np.array(chosen, np.int64)


def _clusters(points: Matrix, count: int, seed: int) -> Numbers:
    """The cluster of each row by k-means from one k-means++ start; no more clusters than there are distinct rows."""
    count = min(count, len(np.unique(points, axis=0)))
    if count <= 1:
        return np.zeros(len(points), np.int64)
    from sklearn.cluster import KMeans, MiniBatchKMeans

    # sums of several threads are added up in any order, and the last digit decides ties
    with threadpool_limits(limits=1):
        if count <= EXACT_CLUSTERS or len(points) <= 20 * MOST_CLUSTERS:
            model = KMeans(count, n_init=1, random_state=seed)
        else:
            model = MiniBatchKMeans(count, n_init=1, random_state=seed, batch_size=4096)
        return model.fit_predict(points).astype(np.int64)


def _by_typicality(points: Matrix, members: Numbers, candidate_count: int) -> list[int]:
    """The members without label (numbers below candidate_count), most representative first."""
    candidates = members[members < candidate_count]
    neighbours = min(NEIGHBOURS, len(members) // 2)
    if neighbours < 1 or not len(candidates):
        return candidates.tolist()
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=neighbours + 1).fit(points[members])
    distances, _ = search.kneighbors(points[candidates])
    # the first neighbour is the row itself
    typicality = 1 / (distances[:, 1:].mean(axis=1) + 1e-5)
    return candidates[np.argsort(-typicality, kind="stable")].tolist()


def _numbered(clusters: Numbers) -> Numbers:
    """Numbers from 1 in order of first appearance."""
    _, firsts, inverse = np.unique(clusters, return_index=True, return_inverse=True)
    ranks = np.empty(len(firsts), np.int64)
    ranks[np.argsort(firsts)] = np.arange(1, len(firsts) + 1)
    return ranks[inverse]
