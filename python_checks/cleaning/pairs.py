"""Rules over two or three columns: one is never above another, or is the sum or the product of two others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from data_health.cleaning.column_names import have_words_in_common, is_name_of_key
from data_health.cleaning.profile import Suggestion
from data_health.cleaning.readings import Reading
from numpy.typing import NDArray

MIN_ROWS, MOST_FAILING = 100, 0.01
MIN_DISTINCT, MIN_DISTINCT_PART = 20, 3
# an order: how often it would fail if the columns had nothing to do with each other, of moments and of numbers, by how
# many standard errors that is more than it does, and how often one is truly below
MIN_EXPECTED, MIN_ERRORS = {True: 0.05, False: 0.15}, 4
MIN_BELOW, MIN_GAP = 0.1, 0.05
# a sum: rows in which both parts matter
MIN_TELLING = 0.2
PROBES = 12
# of more columns of numbers there are too many pairs
MOST_NUMBERS = 200


@dataclass(frozen=True)
class Equation:
    """A column as the sum or product of two others, by number; how many rows it fails in, and of how many."""

    total: int
    one: int
    other: int
    sign: str
    tolerance: float
    failing: int
    known: int


def pair_rules(readings: Sequence[Reading]) -> list[Suggestion]:
    """
    The rules that hold in more than 99 % of the rows in which all columns have a value, and say something. Of a table
    with more than 200 columns of numbers those of moments alone.
    """
    if sum(not reading.is_moment for reading in readings) > MOST_NUMBERS:
        readings = [reading for reading in readings if reading.is_moment]
    found = equations(readings)
    return [_equation_rule(readings, item) for item in found] + list(_orders(readings, found))


def equations(readings: Sequence[Reading]) -> list[Equation]:
    """The columns of numbers that are sums or products of two others."""
    numbers = [number for number, reading in enumerate(readings) if _can_be_part(reading)]
    if len(numbers) < 3:
        return []
    values = np.array([readings[number].numbers for number in numbers]).T
    fullness = (~np.isnan(values) & (values != 0)).sum(axis=1)
    found = []
    for position, number in enumerate(numbers):
        total = values[:, position]
        rows = np.flatnonzero(~np.isnan(total) & (total != 0))
        if len(rows) < MIN_ROWS or len(np.unique(total[rows])) < MIN_DISTINCT:
            continue
        # rows in which most columns have something to add
        rows = rows[np.argsort(-fullness[rows], kind="stable")][: PROBES * 20 : 20]
        for one, other, sign in _candidates(values[rows], position, readings[number].tolerance):
            parts = numbers[one], numbers[other]
            # as exact as the parts are written, else as the total is
            finest = min(readings[part].tolerance for part in (number, *parts))
            checked = (
                _checked(readings, Equation(number, *parts, sign, tolerance, 0, 0))
                for tolerance in dict.fromkeys([finest, readings[number].tolerance])
            )
            found += [item for item in checked if item is not None][:1]
    return found


def _can_be_part(reading: Reading) -> bool:
    known = reading.numbers[~np.isnan(reading.numbers)]
    is_varied = len(known) >= MIN_ROWS and len(np.unique(known)) >= MIN_DISTINCT_PART
    return is_varied and not reading.is_moment and not is_name_of_key(reading.name)


def _candidates(probe: NDArray[np.float64], position: int, tolerance: float) -> Iterator[tuple[int, int, str]]:
    """The pairs of columns whose sum or product is the column at `position` in nearly all of a few rows."""
    total = probe[:, position]
    with np.errstate(all="ignore"):
        for sign, results in (
            ("+", probe[:, :, None] + probe[:, None, :]),
            ("*", probe[:, :, None] * probe[:, None, :]),
        ):
            known = ~np.isnan(results)
            is_equal = np.abs(results - total[:, None, None]) <= tolerance
            enough = (known.sum(axis=0) >= PROBES / 2) & (is_equal.sum(axis=0) >= 0.8 * known.sum(axis=0))
            for one, other in np.argwhere(np.triu(enough)):
                if position not in (one, other) and one != other:
                    yield int(one), int(other), sign


def _checked(readings: Sequence[Reading], item: Equation) -> Equation | None:
    """The equation with its rows, if it holds in all but a few, and no simpler one says the same."""
    sign, tolerance = item.sign, item.tolerance
    columns = [readings[number].numbers for number in (item.total, item.one, item.other)]
    known = ~np.isnan(columns[0] + columns[1] + columns[2])
    whole, left, right = (column[known] for column in columns)
    if len(whole) < MIN_ROWS:
        return None
    is_whole = all((column == np.floor(column)).all() for column in (whole, left, right))
    tolerance = 0.0 if is_whole else tolerance
    with np.errstate(all="ignore"):
        residual = np.abs(whole - left - right) if sign == "+" else np.abs(whole - left * right)
    failing = ~(residual <= tolerance)
    # both parts must matter: neither is the same number in most rows, nor 0 in a sum, nor 1 in a product
    neutral = 0.0 if sign == "+" else 1.0
    telling = np.ones(len(whole), bool)
    for part in (left, right):
        distinct, counts = np.unique(part, return_counts=True)
        telling &= (np.abs(part - neutral) > tolerance) & (part != 0) & (part != distinct[counts.argmax()])
    spread = np.std(whole[telling]) if telling.any() else 0.0
    if (
        telling.sum() < max(MIN_ROWS / 2, MIN_TELLING * len(whole))
        or failing.mean() > MOST_FAILING
        or failing[telling].mean() > MOST_FAILING
        or spread < 20 * tolerance
        or len(np.unique(whole[telling])) < MIN_DISTINCT
        or min(np.std(left[telling]), np.std(right[telling])) <= 4 * tolerance * (sign == "+")
    ):
        return None
    return replace(item, tolerance=tolerance, failing=int(failing.sum()), known=len(whole))


def _equation_rule(readings: Sequence[Reading], item: Equation) -> Suggestion:
    total, one, other = (readings[number].name for number in (item.total, item.one, item.other))
    name = f"{total} = {one} {item.sign} {other}"
    result = f"cast({_quoted(one)} as double precision) {item.sign} {_quoted(other)}"
    if item.tolerance == 0:
        condition = f"{_quoted(total)} = {result}"
    elif item.sign == "+":
        rest = f"{_quoted(one)} - {_quoted(other)}"
        condition = f"abs(cast({_quoted(total)} as double precision) - {rest}) <= {item.tolerance:.7g}"
    else:
        condition = f"abs({_quoted(total)} - {result}) <= {item.tolerance:.7g}"
    evidence = f"{item.known - item.failing} of {item.known} rows with all three have {name}"
    rule = {"name": name, "expression": condition, "on_failure": "warn"}
    return Suggestion(total, "arithmetic", rule, evidence, item.failing)


def _orders(readings: Sequence[Reading], found: Sequence[Equation]) -> Iterator[Suggestion]:
    """Pairs of which one is never above the other, without those that follow from others."""
    below: dict[tuple[int, int], tuple[int, int, float]] = {}
    for one in range(len(readings)):
        for other in range(len(readings)):
            if one != other and _are_comparable(readings[one], readings[other]):
                order = _order(readings[one], readings[other])
                if order is not None:
                    below[one, other] = order
    implied = {(part, item.total) for item in found if item.sign == "+" for part in (item.one, item.other)}
    for one, other in below:
        between = {middle for start, middle in below if start == one} & {
            middle for middle, end in below if end == other
        }
        if between or (one, other) in implied:
            continue
        failing, known, expected = below[one, other]
        low, high = readings[one].name, readings[other].name
        evidence = (
            f"{known - failing} of {known} rows with both have {low} <= {high}; "
            f"{1 - expected:.0%} would if the two had nothing to do with each other"
        )
        rule = {"name": f"{low} <= {high}", "expression": f"{_quoted(low)} <= {_quoted(high)}", "on_failure": "warn"}
        yield Suggestion(high, "order", rule, evidence, failing)


def _are_comparable(one: Reading, other: Reading) -> bool:
    """Two moments, or two numbers whose names say that they measure the same."""
    if one.is_moment or other.is_moment:
        return one.is_moment and other.is_moment
    is_key = is_name_of_key(one.name) or is_name_of_key(other.name)
    return not is_key and have_words_in_common(one.name, other.name)


def _order(one: Reading, other: Reading) -> tuple[int, int, float] | None:
    """
    Rows in which the first is above the second, rows that have both, and the share that would be so if the values of
    one column were dealt out anew; None where the order does not hold, or hardly could fail.
    """
    known = ~np.isnan(one.numbers + other.numbers)
    low, high = one.numbers[known], other.numbers[known]
    if len(low) < MIN_ROWS:
        return None
    is_failing, is_below = low > high, low < high
    if is_failing.mean() > MOST_FAILING or is_below.mean() < MIN_BELOW:
        return None
    if min(len(np.unique(low)), len(np.unique(high))) < MIN_DISTINCT / 2:
        return None
    expected = float(np.searchsorted(np.sort(high), low, side="left").mean() / len(high))
    is_surprising = expected * len(low) - is_failing.sum() >= MIN_ERRORS * np.sqrt(expected * len(low))
    if expected < MIN_EXPECTED[one.is_moment] or not is_surprising:
        return None
    if not (one.is_moment or _is_rule_of_numbers(low, high)):
        return None
    return int(is_failing.sum()), len(low), expected


def _is_rule_of_numbers(low: NDArray[np.float64], high: NDArray[np.float64]) -> bool:
    """
    Is it more than a habit? Two counts of nearly the same are never far apart, and where a number may be above the
    other it is so by little: errors are as large as the usual distance.
    """
    gaps = high - low
    usual = np.median(gaps[gaps > 0])
    is_apart = gaps.mean() >= MIN_GAP * min(np.std(low), np.std(high))
    return bool(is_apart and (gaps >= 0).all()) or bool(is_apart and np.median(-gaps[gaps < 0]) >= usual / 2)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
