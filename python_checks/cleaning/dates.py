"""Texts that are dates, and in which formats."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import numpy as np
from data_health.cleaning.numbers import WHOLE
from numpy.typing import NDArray

DAYS = ["%Y-%m-%d", "%m/%d/%Y", "%d/%m/%Y", "%Y/%m/%d", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%m/%d/%y", "%d/%m/%y",
        "%d-%b-%Y", "%d %b %Y", "%b %d, %Y", "%B %d, %Y", "%b-%Y", "%d-%b-%y"]  # fmt: skip
TIMES = ["%H:%M:%S", "%I:%M:%S %p", "%H:%M", "%I:%M %p", "%H:%M:%S.%f"]
ZONED = [f"%Y-%m-%d{between}%H:%M:%S{fraction}{zone}"
         for between in " T" for fraction in ("", ".%f") for zone in ("", "%z")]  # fmt: skip
FORMATS = [
    *DAYS,
    *(f"{day} {time}" for day in DAYS[:6] for time in TIMES),
    *(form for form in ZONED if "T" in form or "%z" in form),
]
LIKE_A_DATE = re.compile(r"(?=.*\d).{6,30}", re.DOTALL)
# what the rule `cast` reads without being told, and the directives that it knows
STANDARD = {"%Y-%m-%d", "%Y-%m-%d %H:%M", *ZONED}
DIRECTIVES = set("YmdHIMSfp")
DAY_FIRST, MONTH_FIRST = re.compile("%d[^%]%m"), re.compile("%m[^%]%d")


def parsed(value: str, form: str) -> datetime | None:
    """The date in this format, without its zone; None where it is not one."""
    if not value.isascii():
        return None
    try:
        return datetime.strptime(value, form).replace(tzinfo=None)
    except ValueError:
        return None


def date_formats(values: Counter[str], min_share: float) -> tuple[list[str], int, bool] | None:
    """
    The formats, most frequent first, in which at least `min_share` of the rows are dates; the rows that are in none
    of them; and whether day and month could be told apart. None where that share is not reached.
    """
    allowed_to_fail = (1 - min_share) * values.total()
    left = Counter(values)
    formats: list[str] = []
    is_told = True
    while left.total() > 0 and len(formats) < 3:
        best, best_rows, rivals = "", 0, 0
        for form in _candidates(left):
            rows = _rows_in_format(left, form)
            if rows > best_rows:
                best, best_rows, rivals = form, rows, 0
            elif rows == best_rows and rows:
                rivals += 1
        # a second format needs rows of its own, else it only explains typing errors
        if best_rows < (max(3, 0.01 * values.total()) if formats else values.total() * 0.5):
            break
        formats.append(best)
        is_told = is_told and not rivals
        left = Counter({value: rows for value, rows in left.items() if parsed(value, best) is None})
    return (formats, left.total(), is_told) if formats and left.total() <= allowed_to_fail else None


def _candidates(values: Counter[str]) -> list[str]:
    """The formats in which one of a few frequent values is a date."""
    some = [value for value, _ in values.most_common(20) if LIKE_A_DATE.fullmatch(value)]
    return [form for form in FORMATS if any(parsed(value, form) for value in some)]


def _rows_in_format(values: Counter[str], form: str) -> int:
    return sum(rows for value, rows in values.items() if parsed(value, form) is not None)


def is_castable(form: str) -> bool:
    """Can the rule `cast` read the format?"""
    return form in STANDARD or set(re.findall("%(.)", form)) <= DIRECTIVES


def mixes_day_and_month(formats: list[str]) -> bool:
    """Do some of the formats have the day first, and some the month? Then 03/04/2021 can be either."""
    return any(map(DAY_FIRST.match, formats)) and any(map(MONTH_FIRST.match, formats))


def day_differences(names: Sequence[str], values: NDArray[np.object_]) -> set[str]:
    """The columns of whole numbers that are the days from one date column to another, in nearly all rows."""
    days = {}
    for number, name in enumerate(names):
        texts = values[:, number]
        found = date_formats(Counter(text for text in texts if text), 0.9)
        if found is not None and len(found[0]) == 1:
            moments = [parsed(text, found[0][0]) if text else None for text in texts]
            days[name] = np.array([np.nan if moment is None else moment.toordinal() for moment in moments], float)
    differences = set()
    for number, name in enumerate(names):
        texts = values[:, number]
        if len(days) < 2 or name in days or not any(text == "-1" for text in texts):
            continue
        whole = np.array([float(text) if text and WHOLE.fullmatch(text) else np.nan for text in texts])
        for one in days:
            for other in days:
                known = ~np.isnan(whole + days[one] + days[other])
                is_equal = whole[known] == days[other][known] - days[one][known]
                if one != other and known.sum() >= 20 and is_equal.mean() >= 0.95:
                    differences.add(name)
    return differences
