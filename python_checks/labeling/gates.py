"""From which confidence on labels may be given automatically, as measured on a random audit stream."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

Matrix = NDArray[np.float64]

# audit rows that a subgroup must have before anything of it is labelled automatically
LEAST_SUBGROUP_ROWS = 30
# errors that the first step of a gate allows for if there are rows enough, so that one odd label does not close it
FIRST_ERRORS = (2, 1, 0)
STEP = 1.1
# labels that share a gate, at least: of two labels the rare one would be judged by the other
LEAST_SHARING = 3


@dataclass(frozen=True)
class Gate:
    """A confidence from which on the audit stream keeps the target; `threshold` is NaN where there is none.

    `audited` audit rows are as confident, `right` of them agree with the annotators' label, `lower_bound` is the
    one-sided lower confidence bound of that share. Of a gate without threshold they tell of the first step.
    """

    threshold: float
    audited: int
    right: int
    lower_bound: float

    @property
    def is_open(self) -> bool:
        """Whether any label may be given."""
        return bool(np.isfinite(self.threshold))


def clopper_pearson_lower(right: int, n: int, confidence: float = 0.95) -> float:
    """One-sided lower confidence bound of a share of which `right` of `n` were seen (Clopper and Pearson 1934)."""
    _check_counts(right, n, confidence)
    return 0.0 if right == 0 else float(betaincinv(right, n - right + 1, 1 - confidence))


def clopper_pearson_upper(right: int, n: int, confidence: float = 0.95) -> float:
    """One-sided upper confidence bound of a share of which `right` of `n` were seen."""
    _check_counts(right, n, confidence)
    return 1.0 if right == n else float(betaincinv(right + 1, n - right, confidence))


def rows_needed(errors: int, target: float, confidence: float = 0.95) -> int:
    """Fewest audit rows of which so many may be wrong while the lower bound meets the target: 29, 59, 299 for 0."""
    if not 0 < target < 1:
        raise ValueError(f"a target is between 0 and 1: {target}")
    low, high = errors, errors + 1
    while clopper_pearson_lower(high - errors, high, confidence) < target:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        meets = clopper_pearson_lower(middle - errors, middle, confidence) >= target
        low, high = (low, middle) if meets else (middle, high)
    return high


def confidence_threshold(
    confidence: Matrix, is_right: NDArray[np.bool_], target: float, confidence_level: float = 0.95
) -> Gate:
    """The lowest confidence above which the audit rows' lower bound keeps the target, from the top down.

    `confidence` (n) is the probability of the predicted label, `is_right` (n) whether annotators agreed. The first step
    takes as many of the most confident rows as allow for two errors (fewer when that is more than half of the rows);
    every other takes a tenth more, at least one; rows of equal confidence stay together. The first step that does not
    meet the target ends it, so that as a whole the gate is wrong with a probability of at most 1 − confidence_level
    (fixed-sequence testing), whatever the number of steps.
    """
    if len(confidence) != len(is_right):
        raise ValueError(f"{len(confidence)} confidences, but {len(is_right)} verdicts")
    if not np.isfinite(confidence).all():
        raise ValueError("confidences must be finite")
    order = np.argsort(-confidence, kind="stable")
    sorted_confidence, right = confidence[order], np.cumsum(np.asarray(is_right, np.bool_)[order])
    # rows at least as confident as the one of rank i
    ends = np.searchsorted(-sorted_confidence, -sorted_confidence, side="right")
    passed: Gate | None = None
    for size in _steps(len(confidence), target, confidence_level):
        end = int(ends[size - 1])
        lower = clopper_pearson_lower(int(right[end - 1]), end, confidence_level)
        if lower < target:
            return passed or Gate(float("nan"), end, int(right[end - 1]), lower)
        passed = Gate(float(sorted_confidence[size - 1]), end, int(right[end - 1]), lower)
    return passed or Gate(float("nan"), len(confidence), int(right[-1]) if len(right) else 0, 0.0)


def sharing_labels(counts: dict[str, int], target: float) -> set[str]:
    """The predicted labels that share a gate, of the audit rows that each has; none or three at least.

    A label has a gate of its own from as many audit rows on as allow for two errors in the more confident half of them.
    Labels with fewer rows would hardly open one: of ten labels and 800 audit rows none has a gate at 95 % that is worth
    much, and all together have. What a label predicts decides, and never whether it is right. So the choice takes
    nothing from the confidence of the gates: that of a label, or that of the labels that share one, taken together.
    """
    enough = 2 * rows_needed(FIRST_ERRORS[0], target)
    few = {label for label, count in counts.items() if 0 < count < enough}
    return few if len(few) >= LEAST_SHARING else set()


@dataclass(frozen=True)
class LostPositives:
    """Positives that automatic labels call something else, as the audit stream estimates them.

    `share` of all positives, with a one-sided 95 % upper bound; NaN without a positive in the audit stream.
    """

    audited_positives: int
    lost: int
    share: float
    upper_bound: float


def lost_positives(
    is_positive: NDArray[np.bool_], is_predicted_positive: NDArray[np.bool_], is_automatic_row: NDArray[np.bool_]
) -> LostPositives:
    """Of the audit rows that are positive, how many would get an automatic label that says otherwise."""
    positives = int(np.count_nonzero(is_positive))
    lost = int(np.count_nonzero(is_positive & ~is_predicted_positive & is_automatic_row))
    if positives == 0:
        return LostPositives(0, 0, float("nan"), float("nan"))
    return LostPositives(positives, lost, lost / positives, clopper_pearson_upper(lost, positives))


def _check_counts(right: int, n: int, confidence: float) -> None:
    if not 0 <= right <= n or n < 1 or not 0 < confidence < 1:
        raise ValueError(f"{right} of {n} at confidence {confidence}")


def _steps(n: int, target: float, confidence_level: float) -> list[int]:
    """Numbers of rows to test, which depend on nothing but how many there are."""
    sizes = [rows_needed(errors, target, confidence_level) for errors in FIRST_ERRORS]
    start = next((size for size in sizes[:-1] if size <= n / 2), sizes[-1])
    found = []
    while start <= n:
        found.append(start)
        start = min(max(start + 1, int(start * STEP)), n) if start < n else n + 1
    return found
