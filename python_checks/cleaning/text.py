"""Columns of text as codes, and how far two values are apart."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# what the rules trim and squeeze take for white space
WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
TOKEN = re.compile(r"[^\W_]+")
DIGIT = re.compile(r"\d")
NOT_DIGIT = re.compile(r"\D")
LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class Column:
    """
    A column as codes: `values` are the m distinct texts in sorted order, `codes` (n,) point to them, -1 where the
    value is missing (null or an empty text), `counts` (m,) are their rows.
    """

    values: list[str]
    codes: NDArray[np.int64]
    counts: NDArray[np.int64]


@dataclass(frozen=True)
class Meant:
    """What a wrong value becomes, by which method, how sure that is, and how many rows speak for it."""

    value: str
    method: str
    confidence: float
    support: int


def counted_column(values: Counter[str]) -> Column:
    """The column of these texts with their rows."""
    texts = sorted(values)
    counts = np.array([values[text] for text in texts], np.int64)
    return Column(texts, np.repeat(np.arange(len(texts)), counts), counts)


def encoded(values: Sequence[str | None]) -> Column:
    """The column of these n values. Sorted, so that the order of the rows does not matter."""
    distinct = sorted({value for value in values if value})
    position = {value: code for code, value in enumerate(distinct)}
    codes = np.fromiter((position[value] if value else -1 for value in values), np.int64, len(values))
    return Column(distinct, codes, np.bincount(codes[codes >= 0], minlength=len(distinct)))


def edit_distance(a: str, b: str, limit: int) -> int:
    """
    Letters to insert, delete, replace or swap with their neighbour to get from a to b; `limit` + 1 where it is more
    than that. The restricted Damerau-Levenshtein distance (optimal string alignment).
    """
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    a, b = a[start:], b[start:]
    while a and b and a[-1] == b[-1]:
        a, b = a[:-1], b[:-1]
    if not a or not b:
        return min(len(a) + len(b), limit + 1)
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        row = [i]
        for j, other in enumerate(b, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == b[j - 2] and a[i - 2] == other:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
        before, last = last, row
    return min(last[-1], limit + 1)


def tokens(value: str) -> set[str]:
    """The words and numbers of a value, in lower case."""
    return set(TOKEN.findall(value.lower()))


def fingerprint(value: str) -> str:
    """The value's words without case, punctuation, order and repetition (key collision of OpenRefine)."""
    return " ".join(sorted(tokens(value)))


def has_letters(value: str) -> bool:
    """Is it a text, as opposed to a number, a date in digits or punctuation?"""
    return LETTER.search(value) is not None


def differ_in_digits_only(a: str, b: str) -> bool:
    """`ami-1` and `ami-4`: two codes rather than a slip."""
    return NOT_DIGIT.sub("", a) != NOT_DIGIT.sub("", b) and DIGIT.sub("", a).lower() == DIGIT.sub("", b).lower()


class Vocabulary:
    """The words of a column: which of them are words of several values, and so no slip of the pen."""

    def __init__(self, column: Column, frequent_rows: int) -> None:
        """Count the words of the column; a value of at least `frequent_rows` rows vouches for its own."""
        self.words = [tokens(value) for value in column.values]
        self.is_frequent = column.counts >= frequent_rows
        self.in_values = Counter(word for words in self.words for word in words)
        frequent_words = (words for words, known in zip(self.words, self.is_frequent, strict=True) if known)
        self.in_frequent = Counter(word for words in frequent_words for word in words)

    def means_something_else(self, code: int, other: int) -> bool:
        """
        Is a word that the first value has, and the other has not, a number, a word of some other frequent value, or
        a word of many values? `north` in `boro north`, where there are `boro south` and `isle north`.
        """
        own, others = self.words[code], self.words[other]
        usual = max((self.in_values[word] for word in others - own), default=1)
        for word in own - others:
            if word.isdigit() or self.in_frequent[word] > bool(self.is_frequent[code]):
                return True
            if self.in_values[word] >= 3 and 4 * self.in_values[word] > usual:
                return True
        return False


def is_near(a: str, b: str, letters_per_edit: int) -> bool:
    """Are they one slip apart, or one per so many letters?"""
    shorter = min(len(a.strip()), len(b.strip()))
    limit = max(1, shorter // letters_per_edit)
    return shorter > 1 and edit_distance(a, b, limit) <= limit
