"""Values that stand for a missing one."""

import re
import unicodedata
from collections import Counter

from data_health.cleaning.text import edit_distance

WORDS = {
    "(null)", "null", "<null>", "\\n", "nil", "n/a", "n.a.", "n.a", "n / a", "#n/a", "nan", "<na>", "unknown", "unk",
    "(unknown)", "undefined", "missing", "(missing)", "not available", "not applicable", "not specified", "not known",
    "not provided", "not reported", "not stated", "no data", "empty", "(empty)", "blank", "(blank)", "xxx", "zzz",
}  # fmt: skip
# words that also mean something, and so are sentinels only among numbers or dates
AMBIGUOUS = {"none", "na", "no", "x", "xx", "other"}
NINES_OR_NEGATIVE = {-1.0, -9.0} | {sign * float("9" * digits) for digits in range(2, 11) for sign in (1, -1)}
MIN_ROWS, MOST_MEMBERS = 5, 100
MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
# what a spreadsheet makes of 10-20 or of 3/4
OF_SPREADSHEET = re.compile(rf"[0-9]{{1,2}}-{MONTH}|{MONTH}-[0-9]{{2}}", re.IGNORECASE)
WORD = re.compile(r"[^\W\d_]+")


def says_missing(value: str) -> bool:
    """Can the value stand for a missing one, in some column?"""
    word = value.strip().lower()
    return word in WORDS or word in AMBIGUOUS or not word or _is_mark(word)


def _is_mark(word: str) -> bool:
    """Nothing but punctuation: no letter, no digit, and no picture, which says something."""
    return bool(word) and not any(letter.isalnum() or unicodedata.category(letter) == "So" for letter in word)


def word_sentinels(values: Counter[str]) -> list[str]:
    """
    The values, given with their rows, that say `missing` in words or consist of nothing but punctuation, most
    frequent first. `NA` is one where it is no code of two letters among others, and a mark where not all values are
    marks, as + and - of a test.
    """
    has_other_than_marks = len(values) == 1 or not all(_is_mark(value.strip()) for value in values)
    two_letter_codes = sum(len(value.strip()) == 2 and value.strip().isalpha() for value in values)
    found = []
    for value, _ in sorted(values.items(), key=lambda item: (-item[1], item[0])):
        word = value.strip().lower()
        if word in WORDS or (_is_mark(word) and has_other_than_marks) or (word == "na" and two_letter_codes < 3):
            found.append(value)
    return found


def ambiguous_sentinels(not_parsed: Counter[str]) -> list[str]:
    """Of the values that are no number, or no date, in a column of such: those that then can only mean missing."""
    return sorted(value for value in not_parsed if value.strip().lower() in AMBIGUOUS)


def number_sentinels(numbers: dict[str, float], rows: Counter[str]) -> list[str]:
    """
    Numbers of nines (999, -99) and -1 that come often and lie apart from all others: farther from the nearest than
    the others are from each other. -1 needs only to be the one negative among at least three others.
    """
    others = [number for number in numbers.values() if number not in NINES_OR_NEGATIVE]
    if len(set(others)) < 3:
        return []
    low, high = min(others), max(others)
    found = []
    for text, number in sorted(numbers.items(), key=lambda item: item[1]):
        is_apart = max(number - high, low - number) > high - low
        is_only_negative = number == -1 and low >= 0
        if number in NINES_OR_NEGATIVE and rows[text] >= MIN_ROWS and (is_apart or is_only_negative):
            found.append(text)
    return found


def doubtful_members(rows: Counter[str]) -> set[str]:
    """
    Of a few values with their rows those that may well be errors: a date of a spreadsheet among other texts, a word for
    a missing value beside other words, one letter more, less or other than a value with ten times as many rows.
    """
    if len(rows) > MOST_MEMBERS:
        return set()
    dates = {value for value in rows if OF_SPREADSHEET.fullmatch(value)}
    if 2 * len(dates) > len(rows):
        dates = set()
    missing = {value for value in rows if any(word.lower() in WORDS for word in WORD.findall(value))}
    variants = {
        value
        for value, count in rows.items()
        for other, more in rows.items()
        if more >= 10 * count and min(len(value), len(other)) > 3 and not any(map(str.isdigit, value))
        and edit_distance(value, other, 1) == 1
    }  # fmt: skip
    return (
        (dates if 2 * len(dates) <= len(rows) else set()) | (missing if len(missing) < len(rows) else set()) | variants
    )
