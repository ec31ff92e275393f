"""What several annotators say together of a number: a mean that knows their biases and how far they scatter."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from data_health.solvers import NoConvergenceError
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Numbers = NDArray[np.int64]

# more distinct labels than these, all of them numbers, are a measure
MOST_CATEGORIES = 20
# how many answers weigh what is believed of an annotator beforehand: no bias, and the scatter of all
BELIEF = 5.0
# deviations beyond which an answer pulls no harder (Huber)
TURN = 1.5
# the share of a row that an own answer has at most, where its scatter is judged
MOST_LEVERAGE = 0.95
TOLERANCE, LEAST_MOVE = 1e-9, 1e-7
MOST_ITERATIONS = 1000


@dataclass(frozen=True)
class NumericConsensus:
    """Of N items and W annotators: the numbers (N), their standard errors (N), and biases and scatters (W).

    NaN is the number of an item without an answer, and the error where no item has two answers.
    """

    values: Matrix
    errors: Matrix
    biases: Matrix
    scatters: Matrix


def are_measures(labels: Iterable[str]) -> bool:
    """Whether labels are a measure and not categories: more than 20 distinct ones, and all of them finite numbers."""
    distinct = {number_of(label) for label in set(labels)}
    return None not in distinct and len(distinct) > MOST_CATEGORIES


def number_of(label: str) -> float | None:
    """The number that a text is; none where it is no finite number."""
    try:
        number = float(label)
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def numeric_consensus(
    items: Numbers, annotators: Numbers, answers: Matrix, item_count: int, annotator_count: int
) -> NumericConsensus:
    """Means weighted by how far each annotator scatters, without their biases; far answers pull as hard as near ones.

    Three vectors of one length. It begins with medians, and the order of the answers does not matter. The biases
    of all answers are 0 on the whole, since nothing is known of the truth but the answers.

    Raises NoConvergenceError when a thousand iterations do not bring every move below a ten millionth of the largest.
    """
    order = np.lexsort((answers, annotators, items))
    items, annotators, answers = items[order], annotators[order], answers[order]
    counts = np.bincount(items, minlength=item_count)
    has_others = counts[items] > 1
    values = medians(items, answers, item_count)
    if not has_others.any():
        return NumericConsensus(
            values, np.full(item_count, np.nan), np.zeros(annotator_count), np.full(annotator_count, np.nan)
        )
    biases, spread = np.zeros(annotator_count), float(np.abs(answers).max())
    least = TOLERANCE * max(spread, 1.0)
    scatters = np.full(annotator_count, max(float(np.sqrt(np.mean((answers - values[items])[has_others] ** 2))), least))
    answered = counts > 0
    for _ in range(MOST_ITERATIONS):
        residuals = answers - biases[annotators] - values[items]
        pull = np.minimum(1.0, TURN / np.maximum(np.abs(residuals) / scatters[annotators], 1e-12))
        weights = pull / scatters[annotators] ** 2
        sums = np.bincount(items, weights, item_count)
        new = np.full(item_count, np.nan)
        new[answered] = (
            np.bincount(items, weights * (answers - biases[annotators]), item_count)[answered] / sums[answered]
        )
        # whoever answers a row alone can only agree with it, and a row follows each of its answers
        judged = np.where(has_others, pull, 0.0)
        numbers = np.bincount(annotators, judged, annotator_count)
        residuals = answers - new[items]
        biases = np.bincount(annotators, judged * residuals, annotator_count) / (numbers + BELIEF)
        biases = biases - biases[annotators].mean()
        squares = judged * (residuals - biases[annotators]) ** 2
        squares = squares / (1 - np.minimum(weights / sums[items], MOST_LEVERAGE))
        common = squares.sum() / judged.sum()
        scatters = np.bincount(annotators, squares, annotator_count) + BELIEF * common
        scatters = np.maximum(np.sqrt(scatters / (numbers + BELIEF)), least)
        moved = float(np.abs(new[answered] - values[answered]).max())
        values = new
        if moved <= LEAST_MOVE * max(spread, 1.0):
            errors = np.full(item_count, np.nan)
            errors[answered] = 1 / np.sqrt(sums[answered])
            return NumericConsensus(values, errors, biases, scatters)
    raise NoConvergenceError(
        f"the mean of {annotator_count} annotators did not converge in {MOST_ITERATIONS} iterations"
    )


def medians(items: Numbers, answers: Matrix, item_count: int) -> Matrix:
    """The median answer to each item; NaN where nobody answered."""
    order = np.lexsort((answers, items))
    numbers, ordered = items[order], answers[order]
    first, last = (np.searchsorted(numbers, np.arange(item_count), side) for side in ("left", "right"))
    found = np.full(item_count, np.nan)
    there = last > first
    low, high = (first + last - 1) // 2, (first + last) // 2
    found[there] = (ordered[low[there]] + ordered[high[there]]) / 2
    return found
