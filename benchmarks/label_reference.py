"""Clustered margin, written apart from the package, to compare with: NumPy and SciPy only."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2


def reference_clustered_margin(
    probabilities: NDArray, features: NDArray, is_free: NDArray, batch: int, draw: np.random.Generator
) -> list[int]:
    """The recipe to the letter: shortlist of ten batches by margin, principal components, k-means, least certain of each."""
    top = -np.sort(-probabilities, axis=1)
    margin = top[:, 0] - top[:, 1]
    free = np.flatnonzero(is_free)
    shortlist = free[np.lexsort((draw.random(len(free)), margin[free]))][: 10 * batch]
    centred = features[shortlist] - features[shortlist].mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    scores = centred @ axes[:20].T
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, cluster = kmeans2(scores, min(batch, len(shortlist)), minit="++", seed=draw)
    picked: list[int] = []
    for label in np.unique(cluster):
        members = shortlist[cluster == label]
        picked.append(int(members[np.argmin(margin[members])]))
    rest = [int(row) for row in shortlist[np.argsort(margin[shortlist], kind="stable")] if int(row) not in set(picked)]
    return (picked + rest)[:batch]
