"""Rules for columns of dates: days that stand for none, and the formats of the others."""

import re
from collections import Counter
from datetime import datetime
from typing import Any

import numpy as np
from data_health.cleaning.dates import (
    STANDARD,
    date_formats,
    is_castable,
    mixes_day_and_month,
    parsed,
)
from data_health.cleaning.profile import Profile, cast, missing
from data_health.cleaning.sentinels import ambiguous_sentinels

NO_DAY = re.compile(r"0{1,4}([-/.])0{1,2}\1(0000|00|0)([ T]0{1,2}:00(:00)?)?|0{8}|99([-/.])99\5(9999|99)|9999-99-99")
# days that are no day of any table, and days that systems write for none but that may also be meant
NEVER = {(1, 1, 1), (9999, 12, 31), (9999, 1, 1), (2999, 12, 31)}
DOUBTFUL = {
    (1600, 1, 1), (1601, 1, 1), (1753, 1, 1), (1800, 1, 1), (1899, 12, 30), (1899, 12, 31), (1900, 1, 1), (1970, 1, 1),
    (2099, 12, 31), (2100, 1, 1), (2222, 2, 2), (3000, 1, 1),
}  # fmt: skip
ENDS = ["%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%d.%m.%Y", "%m/%d/%Y"]
MIN_ROWS, TIMES_USUAL = 5, 10


def date_rules(profile: Profile) -> bool:
    """Dates in one or several formats."""
    none = [value for value in profile.rows if NO_DAY.fullmatch(value)]
    found = date_formats(Counter({value: rows for value, rows in profile.rows.items() if value not in none}), 0.8)
    if found is None:
        return False
    formats, _, is_told = found
    missing(profile, far_dates(profile.rows, formats), "are dates that stand for a missing date")
    failing = Counter(
        {value: rows for value, rows in profile.rows.items() if not any(parsed(value, form) for form in formats)}
    )
    missing(profile, ambiguous_sentinels(failing), "are not dates and stand for a missing value")
    failing = Counter({value: rows for value, rows in failing.items() if value in profile.rows})
    if mixes_day_and_month(formats):
        listed = " and ".join(formats)
        profile.ask(
            f"dates are written as {listed}: no rule can tell which of day and month comes first", profile.rows.total()
        )
        return True
    if not all(map(is_castable, formats)):
        return True  # dates, but with names of months, which no rule reads yet
    has_time = any("%H" in form or "%I" in form for form in formats)
    rule: dict[str, Any] = {"cast": "timestamp" if has_time else "date"}
    if not set(formats) <= STANDARD:
        rule["formats"] = formats
    total = profile.rows.total()
    evidence = f"{total - failing.total()} of {total} values are dates as {' or '.join(formats)}"
    if not is_told:
        evidence += "; no value shows whether the day or the month comes first"
    if failing:
        cast(profile, "type", [rule], evidence, failing)
    else:
        profile.suggest("type" if len(formats) == 1 else "format", rule, evidence, 0)
    return True


def typed_date_rules(profile: Profile) -> bool:
    """Of a column that has dates as its type, the days that stand for none. False where the values are no dates."""
    formats = [form for form in sorted(STANDARD) if "%z" not in form]
    if not all(any(parsed(value, form) for form in formats) for value in profile.rows):
        return False
    missing(profile, far_dates(profile.rows, formats), "are dates that stand for a missing date")
    return True


def far_dates(rows: Counter[str], formats: list[str]) -> list[str]:
    """
    Of values with their rows those that stand for no date: days without a number, days at the ends of the calendar,
    and days that systems begin with, such as 1900-01-01, where they come at least five times and lie apart from all
    others, or are ten times as frequent as another day.
    """
    moments = {value: next(filter(None, (parsed(value, form) for form in formats)), None) for value in rows}
    # the end of the calendar may be written unlike the others
    ends = {value: next(filter(None, (parsed(value, form) for form in ENDS)), None) for value in rows}
    days = {value: moments[value] or ends[value] for value in rows}
    days = {value: moment for value, moment in days.items() if moment is not None and _is_midnight(moment)}
    special = {value for value, moment in days.items() if moment.timetuple()[:3] in NEVER | DOUBTFUL}
    others = np.array([moment.toordinal() for value, moment in moments.items() if moment and value not in special])
    counts = [rows[value] for value in moments if moments[value] and value not in special]
    found = [value for value in rows if NO_DAY.fullmatch(value)]
    for value in special:
        day = days[value]
        if day.timetuple()[:3] in NEVER:
            is_none = True
        elif not len(others) or moments[value] is None:
            is_none = False
        else:
            is_apart = np.abs(others - day.toordinal()).min() > max(np.ptp(others), 365)
            is_none = rows[value] >= MIN_ROWS and (is_apart or rows[value] >= TIMES_USUAL * np.mean(counts))
        if is_none:
            found.append(value)
    return sorted(found)


def _is_midnight(moment: datetime) -> bool:
    return (moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0)
