"""Texts that are dates, and in which formats."""

import re
from collections import Counter
from datetime import datetime

DAYS = ["%Y-%m-%d", "%m/%d/%Y", "%d/%m/%Y", "%Y/%m/%d", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%m/%d/%y", "%d/%m/%y",
        "%d-%b-%Y", "%d %b %Y", "%b %d, %Y", "%B %d, %Y", "%b-%Y", "%d-%b-%y"]  # fmt: skip
TIMES = ["%H:%M:%S", "%I:%M:%S %p", "%H:%M", "%I:%M %p", "%H:%M:%S.%f"]
FORMATS = [*DAYS, *(f"{day} {time}" for day in DAYS[:6] for time in TIMES), "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"]
LIKE_A_DATE = re.compile(r"(?=.*\d).{6,30}", re.DOTALL)
# what the rule `cast` reads without being told, and the directives that it knows
STANDARD = {"%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"}
DIRECTIVES = set("YmdHIMSfp")


def parsed(value: str, form: str) -> datetime | None:
    """The date in this format; None where it is not one."""
    try:
        return datetime.strptime(value, form)
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
    return set(re.findall("%(.)", form)) <= DIRECTIVES
