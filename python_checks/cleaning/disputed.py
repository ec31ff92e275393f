"""Columns that have one value per group of rows though many rows contradict: worth a vote, if a person says so."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from data_health.cleaning.dependencies import Codes, Flags, predictions
from data_health.cleaning.profile import Suggestion
from data_health.cleaning.text import Column, encoded
from numpy.typing import NDArray

# a time of day, also beside a date: the pattern dated_clock of the warehouses
MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[.]?"
WEEKDAY = r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[.]?"
DAY = (
    rf"(?:(?:{WEEKDAY},? )?(?:[0-9]{{1,4}}[-/.][0-9]{{1,2}}(?:[-/.][0-9]{{1,4}})?"
    rf"|{MONTH} [0-9]{{1,2}}(?:,? [0-9]{{4}})?|[0-9]{{1,2}}[.]? {MONTH}(?: [0-9]{{4}})?)|{WEEKDAY})"
)
CLOCK = re.compile(
    rf"(?:{DAY}(?:, ?| ?- ?| |t))?([0-9]{{1,2}}):([0-5][0-9])(?::([0-5][0-9])(?:[.]0+)?)?(?: ?([ap])[.]?m?[.]?)?"
    rf"(?:,? [(]?{DAY}[)]?)?"
)

# values of a column that is decided, of one that decides, rows of a group beside the row itself
MIN_VALUES, MIN_GROUPS, MIN_OTHERS = 10, 20, 3
# rows that the others predict, how much better than the most frequent value of all would, rows that have so many others
MIN_DECIDED, MAX_DECIDED, MIN_GAIN, MIN_COVERAGE = 0.45, 0.98, 0.4, 0.5
# exceptions that stand in the group a second time, of those that would not do so by chance
MAX_REPEATED = 0.25
# a source tells of a group once, of many groups, and of this share of all of them
MIN_UNIQUE, MIN_GROUPS_PER_SOURCE, MIN_TOLD = 0.98, 10, 0.1
# shares so near are alike, and the column that decides more others is taken
ALIKE = 0.03


@dataclass(frozen=True)
class Disputed:
    """
    A column `target` that the column `by` decides in this share of `informed` rows; in the others, `is_exception` (n,),
    it does not. `source` tells who told a row, if that is worth weighing.
    """

    by: int
    target: int
    share: float
    informed: int
    is_exception: Flags
    source: int | None


def comparable(values: Sequence[str | None]) -> Column:
    """The column of n values as declared dependencies compare them: without case and white space, times as seconds."""
    texts = [" ".join(value.split()).lower() if value else "" for value in values]
    seconds = {text: second_of_day(text) for text in set(texts)}
    plain = sum(seconds[text] is not None and ":" in text[:3] for text in texts)
    if 2 * plain >= sum(map(bool, texts)) > 0:
        texts = [text if seconds[text] is None else str(seconds[text]) for text in texts]
    return encoded(texts)


def second_of_day(text: str) -> int | None:
    """The seconds since midnight that a text in small letters means, such as `7:10 a.m.`; None for any other text."""
    found = CLOCK.fullmatch(text)
    if found is None:
        return None
    hour, minute, second, half = int(found[1]), int(found[2]), int(found[3] or 0), found[4]
    if hour > (12 if half else 23):
        return None
    if half:
        hour = hour % 12 + 12 * (half == "p")
    return 3600 * hour + 60 * minute + second


def disputed(columns: Sequence[Column]) -> list[Disputed]:
    """For each of the columns, as `comparable` gives them, the one that decides it best, if any does."""
    found = []
    for by, determinant in enumerate(columns):
        groups = determinant.counts[determinant.counts > MIN_OTHERS]
        if len(groups) < MIN_GROUPS or groups.sum() < MIN_COVERAGE * len(determinant.codes):
            continue
        source = source_of(determinant, columns, by)
        for target, column in enumerate(columns):
            if target not in (by, source) and len(column.values) >= MIN_VALUES:
                found += judged(by, target, determinant.codes, column.codes, source)
    decided = Counter(item.by for item in found)
    best = []
    for target in sorted({item.target for item in found}):
        items = [item for item in found if item.target == target]
        highest = max(item.share for item in items)
        near = [item for item in items if item.share >= highest - ALIKE]
        best.append(max(near, key=lambda item: (decided[item.by], item.share)))
    return best


def judged(by: int, target: int, x: Codes, y: Codes, source: int | None) -> list[Disputed]:
    """The finding that the codes x (n,) decide the codes y (n,), -1 for missing, or none where they do not."""
    found = predictions(x, y)
    is_informed = found.others >= MIN_OTHERS
    informed = int(is_informed.sum())
    if informed < max(MIN_COVERAGE * len(x), 1):
        return []
    is_right = is_informed & (found.value == y)
    right, mode = int(is_right.sum()), int(np.bincount(y[is_informed]).max())
    share, gain = right / informed, (right - mode) / max(informed - mode, 1)
    if not MIN_DECIDED <= share <= MAX_DECIDED or gain < MIN_GAIN:
        return []
    is_exception = is_informed & ~is_right
    repeated = np.mean(found.same[is_exception] > 0)
    # errors that are made one by one fall on the same value in a group by chance alone
    frequency = np.bincount(y[y >= 0])[y[is_exception]] / (y >= 0).sum()
    by_chance = np.mean(1 - (1 - frequency) ** (found.others - found.support)[is_exception])
    # sources that err alike repeat their errors; without sources that is a tendency, and no rule
    is_weighed = repeated - by_chance > MAX_REPEATED * (1 - by_chance)
    if is_weighed and source is None:
        return []
    return [Disputed(by, target, share, informed, is_exception, source if is_weighed else None)]


def source_of(determinant: Column, columns: Sequence[Column], by: int) -> int | None:
    """The column of those who tell: each of its values at most once per group, and in many groups. The shortest one."""
    found = []
    for number, column in enumerate(columns):
        is_told = (determinant.codes >= 0) & (column.codes >= 0)
        if number == by or len(column.values) < MIN_OTHERS or not 0.9 * len(is_told) <= is_told.sum():
            continue
        pairs = np.unique(determinant.codes[is_told] * len(column.values) + column.codes[is_told])
        least = max(MIN_GROUPS_PER_SOURCE, MIN_TOLD * len(determinant.values)) * len(column.values)
        if len(pairs) >= max(MIN_UNIQUE * is_told.sum(), least):
            found.append((len(column.values), number))
    return min(found)[1] if found else None


def disputed_suggestions(names: Sequence[str], values: NDArray[np.object_], decided: set[str]) -> Iterator[Suggestion]:
    """
    Dependencies to declare, from n rows of texts with a column per name, one suggestion for all columns that the same
    column decides. `decided` are columns for which a dependency is suggested already.
    """
    together: dict[tuple[int, int | None], list[Disputed]] = {}
    columns = [comparable(values[:, number]) for number in range(len(names))]
    for item in disputed(columns):
        if names[item.target] not in decided:
            together.setdefault((item.by, item.source), []).append(item)
    for (by, source), items in together.items():
        missing = sum(int((columns[item.target].codes < 0).sum()) for item in items)
        dependency = {"by": [names[by]], "columns": [names[item.target] for item in items]}
        dependency |= {"source": names[source]} if source is not None else {}
        dependency |= {"fill": True} if missing else {}
        shares = ", ".join(f"{names[item.target]} in {item.share:.1%} of {item.informed}" for item in items)
        evidence = f"{names[by]} decides {shares} rows, and the others contradict"
        evidence += f"; {missing} values are missing" if missing else ""
        evidence += f"; each {names[source]} tells of a {names[by]} once" if source is not None else ""
        exceptions = int(np.logical_or.reduce([item.is_exception for item in items]).sum())
        yield Suggestion(dependency["columns"][0], "dependency", {"dependencies": [dependency]}, evidence, exceptions)
