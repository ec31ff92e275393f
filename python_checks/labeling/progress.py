"""What labels were worth: learning curves on the audit stream, and whether choosing rows beats drawing them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

Matrix = NDArray[np.float64]
Numbers = NDArray[np.int64]

STRENGTH = 0.1
REPEATS = 20
# audit rows, and rows of the rarer class among them, below which nothing is said
LEAST_AUDIT, LEAST_OF_CLASS = 30, 5


@dataclass(frozen=True)
class CurvePoint:
    """The score after so many labels: mean area under the ROC curve, one class against the rest, and its error."""

    labels: int
    batch: int
    score: float
    standard_error: float


@dataclass(frozen=True)
class Verdict:
    """Whether chosen labels are worth more than random ones, as many of each.

    `status` is `helps`, `does_not_help` or `insufficient_data`; `gain` the mean difference of the areas under the ROC
    curve at `labels` labels, `score` what all labels reach on audit rows, each with a standard error; `reason` says it
    in words.
    """

    status: str
    reason: str
    labels: int
    gain: float
    gain_error: float
    score: float
    score_error: float

    @property
    def does_help(self) -> bool:
        """Whether the chosen labels are worth more, by two standard errors."""
        return self.status == "helps"


def learning_curve(
    matrix: Matrix, codes: Numbers, is_audit: NDArray[np.bool_], batches: Numbers, class_count: int, seed: int = 0
) -> list[CurvePoint]:
    """Scores after every batch on audit rows that the model did not see.

    Of n labelled rows, in an order that does not change: `batches` (n) says when each was labelled, `is_audit` (n)
    which were drawn at random. The audit rows are parted in two by chance, ten times over: models learn from the rows
    up to a batch that are not in one part and are scored on that part, then the other way round. The error is that of
    the mean over such splits, corrected for their overlap (Nadeau and Bengio 2003). A batch before which there is one
    class only has no point.
    """
    if not _is_enough(codes, is_audit, class_count):
        return []
    splits = list(_splits(codes, is_audit, seed))
    points = []
    with threadpool_limits(limits=1):
        for batch in np.unique(batches):
            scores = [
                _score(matrix, codes, np.flatnonzero((batches <= batch) & ~is_test), is_test, class_count)
                for is_test in splits
            ]
            if np.isfinite(scores).all():
                error = _corrected_error(np.array(scores))
                points.append(
                    CurvePoint(int(np.count_nonzero(batches <= batch)), int(batch), float(np.mean(scores)), error)
                )
    return points


def verdict(
    matrix: Matrix, codes: Numbers, is_audit: NDArray[np.bool_], batches: Numbers, class_count: int, seed: int = 0
) -> Verdict:
    """Compare the first labels as they came with as many drawn at random, both scored on audit rows set aside.

    The same splits as learning_curve. In each, as many labels as the half of the audit stream has that is not scored:
    all of these rows on the one side, a random draw of the chosen rows on the other. It helps when the gain is more
    than two standard errors above 0; otherwise it does not (as far as the audit stream can tell), and never where all
    labels together do not beat chance by two standard errors.
    """
    nan = float("nan")
    audited = int(np.count_nonzero(is_audit))
    if not _is_enough(codes, is_audit, class_count) or np.count_nonzero(~is_audit) < 2:
        reason = f"{audited} audit rows: at least {LEAST_AUDIT}, and {LEAST_OF_CLASS} of two labels, are needed"
        return Verdict("insufficient_data", reason, 0, nan, nan, nan, nan)
    draw = np.random.default_rng(seed)
    chosen = np.flatnonzero(~is_audit)
    gains, scores, sizes = [], [], []
    with threadpool_limits(limits=1):
        for is_test in _splits(codes, is_audit, seed):
            drawn = np.flatnonzero(is_audit & ~is_test)
            size = min(len(drawn), len(chosen))
            ours = np.sort(draw.choice(chosen, size, replace=False))
            theirs = np.sort(draw.choice(drawn, size, replace=False))
            our_score, their_score = (_score(matrix, codes, rows, is_test, class_count) for rows in (ours, theirs))
            # of labels of one class only nothing is learnt
            gains.append(np.nan_to_num(our_score, nan=0.5) - np.nan_to_num(their_score, nan=0.5))
            scores.append(_score(matrix, codes, np.flatnonzero(~is_test), is_test, class_count))
            sizes.append(size)
    gain, gain_error = float(np.mean(gains)), _corrected_error(np.array(gains))
    score, score_error = float(np.mean(scores)), _corrected_error(np.array(scores))
    numbers = (int(np.median(sizes)), gain, gain_error, score, score_error)
    if score - 2 * score_error <= 0.5:
        return Verdict("does_not_help", "no model of these labels is better than chance on the audit rows", *numbers)
    if gain - 2 * gain_error > 0:
        return Verdict("helps", "chosen labels teach more than as many random ones", *numbers)
    return Verdict(
        "does_not_help", "chosen labels do not teach more than as many random ones, as far as seen", *numbers
    )


def area_under_curve(scores: Matrix, codes: Numbers, class_count: int) -> float:
    """Mean area under the ROC curve of every class against the rest, over the classes that have both; else NaN."""
    areas = []
    for code in range(1, 2) if class_count == 2 else range(class_count):
        positive = codes == code
        number = int(np.count_nonzero(positive))
        if 0 < number < len(codes):
            ranks = rankdata(scores[:, code])
            areas.append((ranks[positive].sum() - number * (number + 1) / 2) / (number * (len(codes) - number)))
    return float(np.mean(areas)) if areas else float("nan")


def _is_enough(codes: Numbers, is_audit: NDArray[np.bool_], class_count: int) -> bool:
    counts = np.sort(np.bincount(codes[is_audit], minlength=class_count))
    return counts.sum() >= LEAST_AUDIT and len(counts) >= 2 and counts[-2] >= LEAST_OF_CLASS


def _splits(codes: Numbers, is_audit: NDArray[np.bool_], seed: int) -> list[NDArray[np.bool_]]:
    """Which rows are scored: halves of the audit rows, with half of each class."""
    draw = np.random.default_rng(seed)
    found = []
    for _ in range(REPEATS // 2):
        half = np.zeros(len(codes), np.bool_)
        for code in np.unique(codes[is_audit]):
            rows = draw.permutation(np.flatnonzero(is_audit & (codes == code)))
            half[rows[: (len(rows) + int(draw.integers(2))) // 2]] = True
        found += [half, is_audit & ~half]
    return found


def _score(matrix: Matrix, codes: Numbers, train: Numbers, is_test: NDArray[np.bool_], class_count: int) -> float:
    classes = np.unique(codes[train])
    if len(classes) < 2:
        return float("nan")
    model = LogisticRegression(C=STRENGTH, max_iter=1000).fit(matrix[train], codes[train])
    found = np.zeros((np.count_nonzero(is_test), class_count))
    found[:, model.classes_] = model.predict_proba(matrix[is_test])
    return area_under_curve(found, codes[is_test], class_count)


def _corrected_error(values: Matrix) -> float:
    """Standard error of the mean over repeated halvings: as if the test rows were as many as those learnt from."""
    return float(np.sqrt((1 / len(values) + 1.0) * values.var(ddof=1)))
