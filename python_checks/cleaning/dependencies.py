"""Approximate functional dependencies between columns, judged by predicting each row from the others."""

from dataclasses import dataclass

import numpy as np
from data_health.cleaning.settings import Settings
from data_health.cleaning.text import Column, Vocabulary, differ_in_digits_only, is_near
from numpy.typing import NDArray

Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]

LARGEST_TABLE = 1_000_000


@dataclass(frozen=True)
class Prediction:
    """
    What the other rows with the same determinant say about each of the n rows: the value that most of them hold
    (-1 where there is none or two tie), how many hold it, how many there are, how many hold the row's own value.
    """

    value: Codes
    support: Codes
    others: Codes
    same: Codes


@dataclass(frozen=True)
class Determinant:
    """
    A column that predicts another one. `is_informed` (n,) are the rows with at least two others of the same
    determinant, `is_deviating` (n,) those whose value the others clearly contradict, `is_alone` (n,) those where all
    others agree against it. Confidence is the share of informed rows predicted rightly, misspellings counted as right.
    """

    column: int
    prediction: Prediction
    is_informed: Flags
    is_deviating: Flags
    is_alone: Flags
    confidence: float
    gain: float


class Nearness:
    """Is a value of the column a slip of another one? Asked for the same pair again and again."""

    def __init__(self, column: Column, settings: Settings) -> None:
        """For the values of this column."""
        self.column, self.settings = column, settings
        self.vocabulary = Vocabulary(column, settings.frequent_rows)
        self.known: dict[tuple[int, int], bool] = {}

    def __call__(self, code: int, other: int) -> bool:
        """Is the first a slip of the second?"""
        pair = (code, other)
        if pair not in self.known:
            a, b = self.column.values[code], self.column.values[other]
            near = is_near(a, b, self.settings.letters_per_edit_in_group) and not differ_in_digits_only(a, b)
            self.known[pair] = near and not self.vocabulary.means_something_else(code, other)
        return self.known[pair]

    def is_twin(self, code: int, other: int) -> bool:
        """Near in letters, and yet another value: `ak-1` and `al-1`, where ak stands in many values."""
        a, b = self.column.values[code], self.column.values[other]
        near = is_near(a, b, self.settings.letters_per_edit_in_group) and not differ_in_digits_only(a, b)
        return near and self.vocabulary.means_something_else(code, other)


def predictions(determinant: Codes, target: Codes) -> Prediction:
    """
    Predict each row's target from the other rows with the same determinant. Both are codes (n,) with -1 for
    missing; rows where either is missing have no others and no prediction.
    """
    n = len(target)
    value, support = np.full(n, -1, np.int64), np.zeros(n, np.int64)
    others, same = np.zeros(n, np.int64), np.zeros(n, np.int64)
    present = np.flatnonzero((determinant >= 0) & (target >= 0))
    if len(present):
        x, y = determinant[present], target[present]
        values, leading, group_rows, own_rows = _leading_values(x, y)
        first, second = values[0, x], values[1, x]
        without = own_rows - 1
        # the best of the other values, and the next after it, once the row itself is left out
        rival = np.where(y == first, second, first)
        rival_rows = np.where(y == first, leading[1, x], leading[0, x])
        next_rows = np.where((y == first) | (y == second), leading[2, x], leading[1, x])
        own_wins = without > rival_rows
        rival_wins = rival_rows > np.maximum(without, next_rows)
        value[present] = np.where(own_wins, y, np.where(rival_wins, rival, -1))
        support[present] = np.where(own_wins, without, np.where(rival_wins, rival_rows, 0))
        others[present] = group_rows[x] - 1
        same[present] = without
    return Prediction(value, support, others, same)


def _leading_values(x: Codes, y: Codes) -> tuple[Codes, Codes, Codes, Codes]:
    """
    Per group of x the three most frequent y (3, groups), -1 for none, and their rows (3, groups); all rows (groups,);
    and per row the rows of its own (x, y).
    """
    groups, width = int(x.max()) + 1, int(y.max()) + 1
    key = x * width + y
    if groups * width <= LARGEST_TABLE:
        table = np.bincount(key, minlength=groups * width)
        pairs = np.flatnonzero(table)
        rows, own = table[pairs], table[key]
    else:
        pairs, inverse, rows = np.unique(key, return_inverse=True, return_counts=True)
        own = rows[inverse]
    order = np.lexsort((-rows, pairs // width))
    group, value, rows = pairs[order] // width, pairs[order] % width, rows[order]
    starts = np.searchsorted(group, np.arange(groups))
    rank = np.arange(len(group)) - starts[group]
    values, leading = np.full((3, groups), -1, np.int64), np.zeros((3, groups), np.int64)
    among = rank < 3
    values[rank[among], group[among]] = value[among]
    leading[rank[among], group[among]] = rows[among]
    return values, leading, np.bincount(x, minlength=groups), own


def determinants(columns: list[Column], target: int, near: Nearness, settings: Settings) -> list[Determinant]:
    """The columns that decide the target, each alone, as far as the rows show it."""
    if len(columns[target].values) < 2:
        return []
    found = []
    for number, column in enumerate(columns):
        if number != target and len(column.values) > 1:
            determinant = judged(number, column, columns[target], near, settings)
            if determinant is not None:
                found.append(determinant)
    return found


def judged(number: int, column: Column, target: Column, near: Nearness, settings: Settings) -> Determinant | None:
    """The column as a determinant of the target; None where it is not one."""
    least = max(settings.min_coverage * len(target.codes), 1)
    if column.counts[column.counts > 2].sum() < least:
        return None
    found = predictions(column.codes, target.codes)
    is_informed = found.others >= 2
    informed = int(is_informed.sum())
    if informed < least:
        return None
    is_right = is_informed & (found.value == target.codes)
    right = int(is_right.sum())
    if right < 0.6 * informed:
        return None
    contradicted = np.flatnonzero(is_informed & (found.value >= 0) & ~is_right)
    width = len(target.values)
    pairs, rows = np.unique(target.codes[contradicted] * width + found.value[contradicted], return_counts=True)
    right += sum(int(n) for pair, n in zip(pairs.tolist(), rows, strict=True) if near(*divmod(pair, width)))
    mode = np.bincount(target.codes[is_informed]).max()
    confidence, gain = right / informed, (right - mode) / max(informed - mode, 1)
    exceptions = contradicted[found.others[contradicted] >= 4]
    is_repeated = found.same[exceptions] > settings.repeated_share * found.others[exceptions]
    repeated = is_repeated.mean() if len(exceptions) >= settings.min_exceptions else 0.0
    if confidence < settings.min_confidence or gain < settings.min_gain or repeated > settings.max_repeated_exceptions:
        return None
    is_deviating = is_informed & ~is_right & (found.value >= 0)
    is_deviating &= found.support >= settings.min_purity * found.others
    is_deviating &= found.same <= np.maximum(1, settings.max_own_share * found.others)
    is_alone = is_deviating & (found.support == found.others) & (found.support >= settings.exact_support)
    return Determinant(number, found, is_informed, is_deviating, is_alone, confidence, gain)
