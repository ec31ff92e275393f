"""What labels were worth: learning curves on the audit stream."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import data_health.labeling.learning_packages  # noqa: F401
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

Matrix = NDArray[np.float64]
Numbers = NDArray[np.int64]
# from rows (n × d) and codes (n) to a classifier of scikit-learn
Fit = Callable[[Matrix, Numbers], Any]

# C of the logistic regression that is scored: strong, since it is to learn from a few labels as well
STRENGTH = 0.1
FOLDS = 5
# audit rows, and rows of each of two labels among them, below which nothing is said
LEAST_AUDIT, LEAST_OF_CLASS = 30, 5


@dataclass(frozen=True)
class CurvePoint:
    """The score after so many labels: mean area under the ROC curve, one class against the rest, and its error."""

    labels: int
    batch: int
    score: float
    standard_error: float


def regression(matrix: Matrix, codes: Numbers) -> LogisticRegression:
    """What is learnt where nobody asks for trees, a score that is monitored among them: it is quick."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=STRENGTH, max_iter=1000).fit(matrix, codes)


def learning_curve(
    matrix: Matrix,
    codes: Numbers,
    is_audit: NDArray[np.bool_],
    batches: Numbers,
    class_count: int,
    seed: int = 0,
    fit: Fit = regression,
) -> list[CurvePoint]:
    """Scores after every batch on all audit rows, each by a model that did not see it.

    Of n labelled rows, in an order that does not change: `batches` (n) says when each was labelled, `is_audit` (n)
    which were drawn at random. The audit rows are parted in five; a model learns from the rows up to a batch that are
    not in one part, and is scored on it. The error is that of DeLong et al. 1988. There are no points with fewer than
    30 audit rows, five of each of two labels, and none for a batch before which a part has one label to learn from.
    """
    if not _is_enough(codes, is_audit, class_count):
        return []
    parts = _parts(codes, is_audit, FOLDS, np.random.default_rng(seed))
    with threadpool_limits(limits=1):
        points = [_point(matrix, codes, batches, int(batch), parts, class_count, fit) for batch in np.unique(batches)]
    return [point for point in points if np.isfinite(point.score)]


def _point(
    matrix: Matrix, codes: Numbers, batches: Numbers, batch: int, parts: Numbers, class_count: int, fit: Fit
) -> CurvePoint:
    is_there = batches <= batch
    scored = [
        _score(matrix, codes, np.flatnonzero(is_there & (parts != part)), parts == part, class_count, fit)
        for part in range(FOLDS)
    ]
    areas, variances, sizes = np.array([(area, variance, weight) for area, variance, weight in scored]).T
    weights = sizes / sizes.sum()
    score, error = float(weights @ areas), float(np.sqrt(weights**2 @ variances))
    return CurvePoint(int(np.count_nonzero(is_there)), batch, score, error)


def area_under_curve(scores: Matrix, codes: Numbers, class_count: int) -> float:
    """Mean area under the ROC curve of every class against the rest, over the classes that have both; else NaN.

    `scores` is n × K; of two classes the second counts.
    """
    return area_and_variance(scores, codes, class_count)[0]


def area_and_variance(scores: Matrix, codes: Numbers, class_count: int) -> tuple[float, float]:
    """The area as in area_under_curve, and its variance (DeLong et al. 1988), at most: as if all classes err alike."""
    from scipy.stats import rankdata

    areas, errors = [], []
    for code in range(1, 2) if class_count == 2 else range(class_count):
        positive = codes == code
        number, others = int(np.count_nonzero(positive)), int(np.count_nonzero(~positive))
        if not number or not others:
            continue
        ranks = rankdata(scores[:, code])
        # of each positive the share of others below it, of each other the share of positives above it
        below = (ranks[positive] - rankdata(scores[positive, code])) / others
        above = 1 - (ranks[~positive] - rankdata(scores[~positive, code])) / number
        areas.append(float(below.mean()))
        errors.append(np.sqrt(_variance(below) / number + _variance(above) / others))
    if not areas:
        return float("nan"), float("nan")
    return float(np.mean(areas)), float(np.mean(errors)) ** 2


def _variance(values: Matrix) -> float:
    """Of a single value nothing is known: the largest there is between 0 and 1."""
    return float(values.var(ddof=1)) if len(values) > 1 else 0.25


def _is_enough(codes: Numbers, is_audit: NDArray[np.bool_], class_count: int) -> bool:
    counts = np.sort(np.bincount(codes[is_audit], minlength=class_count))
    return counts.sum() >= LEAST_AUDIT and len(counts) >= 2 and counts[-2] >= LEAST_OF_CLASS


def _parts(codes: Numbers, is_audit: NDArray[np.bool_], count: int, draw: np.random.Generator) -> Numbers:
    """The number of the part of each audit row, as many of each label in all; -1 of other rows."""
    parts = np.full(len(codes), -1)
    for code in np.unique(codes[is_audit]):
        rows = draw.permutation(np.flatnonzero(is_audit & (codes == code)))
        parts[rows] = (np.arange(len(rows)) + draw.integers(count)) % count
    return parts


def _score(
    matrix: Matrix, codes: Numbers, train: Numbers, is_test: NDArray[np.bool_], class_count: int, fit: Fit
) -> tuple[float, float, int]:
    """Area, its variance and the number of rows scored; NaN when there is one label only, to learn from or to score."""
    classes = np.unique(codes[train])
    number = int(np.count_nonzero(is_test))
    if len(classes) < 2:
        return float("nan"), float("nan"), number
    model = fit(matrix[train], codes[train])
    found = np.zeros((number, class_count))
    found[:, model.classes_] = model.predict_proba(matrix[is_test])
    return *area_and_variance(found, codes[is_test], class_count), number
