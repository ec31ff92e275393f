"""Shapes of texts: the runs of letters, digits and marks of a value, and the shapes that are usual in a column."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from data_health.cleaning.dates import date_formats, parsed
from data_health.cleaning.numbers import NUMBER

LONGEST = 50
# a column has a format if a few shapes hold most of its rows
MIN_ROWS, MIN_SHARE, MIN_COVERED = 20, 0.05, 0.7
# a shape of fewer rows is a slip; one of more rows only if its values are much less frequent than those of usual shape
MAX_RARE, LESS_FREQUENT = 0.02, 20
CENTURIES = range(1700, 2101)


class _Classes(dict):
    """The class of a letter by its code, for str.translate: worked out when it is first asked for."""

    def __missing__(self, code: int) -> str:
        """9 for a digit, A and a for letters; a mark stands for itself."""
        letter = chr(code)
        self[code] = "9" if letter.isdigit() else letter if not letter.isalpha() else "A" if letter.isupper() else "a"
        return self[code]


CLASSES = _Classes()
RUN, RUN_OF_LETTERS = re.compile(r"(.)\1+", re.DOTALL), re.compile(r"([Aa])\1+")


def shape(value: str, with_lengths: bool) -> str:
    """`A 99/99/9999` for On 04/21/2021, or `A 9/9/9` without the lengths of the numbers; words are of any length."""
    return (RUN_OF_LETTERS if with_lengths else RUN).sub(r"\1", value.translate(CLASSES))


@dataclass(frozen=True)
class Format:
    """
    The format of a column: its usual shapes, with or without the lengths of runs; of each shape the rows, and the rows
    of its most frequent value. `date` is the format of its dates, with the first and the last usual year; None where
    the values are no dates.
    """

    with_lengths: bool
    usual: frozenset[str]
    rows: Counter[str]
    most: Counter[str]
    total: int
    letters: str
    date: tuple[str, int, int] | None

    @property
    def with_format(self) -> int:
        """The rows that have a usual shape."""
        return sum(self.rows[name] for name in self.usual)

    @property
    def share(self) -> float:
        """The share of rows that have one."""
        return self.with_format / self.total

    @cached_property
    def has_letters(self) -> bool:
        """Have the values letters?"""
        return any(letter in "Aa" for name in self.usual for letter in name)

    @cached_property
    def is_numeric(self) -> bool:
        """Is a number a value like the others?"""
        return any(set(name) <= set("9.+-") for name in self.usual)

    def has(self, value: str) -> bool:
        """Has the value a usual shape, and is it a date of these centuries if the others are dates?"""
        if shape(value, self.with_lengths) not in self.usual:
            return False
        return self.date is None or self._year(value) in CENTURIES

    def is_plausible(self, value: str) -> bool:
        """The same, and is the date in a usual year?"""
        return self.has(value) and (self.date is None or self.date[1] <= self._year(value) <= self.date[2])

    def is_broken(self, value: str) -> bool:
        """Has the value a shape that hardly any row has, or is it no date where the others are dates?"""
        own = shape(value, self.with_lengths)
        if own in self.usual:
            return not self.has(value)
        if self.is_numeric and NUMBER.fullmatch(value):
            return False
        if self.rows[own] <= max(2, MAX_RARE * self.total):
            return True
        return self.rows[own] < MIN_SHARE * self.total and self.most[own] * LESS_FREQUENT <= max(
            map(self.most.get, self.usual)
        )

    def _year(self, value: str) -> int:
        date = parsed(value, self.date[0])
        return 0 if date is None else date.year


def column_format(values: Counter[str]) -> Format | None:
    """The format of these values with their rows; None where they have none, as names and free texts."""
    short = Counter({value: rows for value, rows in values.items() if len(value) <= LONGEST})
    total = values.total()
    if total < MIN_ROWS:
        return None
    for with_lengths in (True, False):
        rows: Counter[str] = Counter()
        most: Counter[str] = Counter()
        for value, count in short.items():
            own = shape(value, with_lengths)
            rows[own] += count
            most[own] = max(most[own], count)
        usual = frozenset(name for name, count in rows.items() if count >= MIN_SHARE * total)
        if usual and sum(rows[name] for name in usual) >= MIN_COVERED * total:
            return Format(
                with_lengths,
                usual,
                rows,
                most,
                total,
                _letters(short, usual, with_lengths),
                _dates(short) if with_lengths else None,
            )
    return None


def _letters(values: Counter[str], usual: frozenset[str], with_lengths: bool) -> str:
    """The letters, digits and marks of the most frequent values of usual shape."""
    frequent = [value for value, _ in values.most_common(500) if shape(value, with_lengths) in usual]
    return "".join(sorted(set("".join(frequent))))


def _dates(values: Counter[str]) -> tuple[str, int, int] | None:
    """The one format of dates, and the years between which all but 1 in 100 rows lie on each side."""
    found = date_formats(values, 0.7)
    if found is None or len(found[0]) > 1:
        return None
    years: Counter[int] = Counter()
    for value, rows in values.items():
        date = parsed(value, found[0][0])
        if date is not None:
            years[date.year] += rows
    ordered = sorted(years.elements())
    margin = len(ordered) // 100
    return found[0][0], ordered[margin], ordered[-1 - margin]
