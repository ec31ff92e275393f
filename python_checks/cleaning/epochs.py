"""Moments that are written as whole numbers: seconds or milliseconds since 1970, and days as 20240131."""

from datetime import UTC, datetime

from data_health.cleaning.column_names import is_name_of_key, is_name_of_time
from data_health.cleaning.dates import parsed
from data_health.cleaning.numbers import WHOLE, as_number
from data_health.cleaning.profile import Profile, missing

# 1990 to May 2033, in seconds
FIRST, LAST = 631_152_000, 2_000_000_000
LONGEST_SPAN = 15 * 366 * 86_400
NO_MOMENT = {"0", "-1"}
NO_DAY = {"0", "00000000", "99999999", "99991231", "19000101", "00010101"}
DAY, MINUTE = "%Y%m%d", "%y%m%d%H%M"
MIN_DAYS = 5


def moments_in_numbers(profile: Profile, is_typed: bool) -> bool:
    """Suggest to read whole numbers as the moments that they are. False where the column has no such."""
    if not profile.rows or any(as_number(value) is None for value in profile.rows):
        return False
    return _days(profile, is_typed) or _epoch(profile)


def _days(profile: Profile, is_typed: bool) -> bool:
    """All values are days of 1900 to 2100, which hardly any other number of eight digits is."""
    days = {
        value
        for value in profile.rows
        if WHOLE.fullmatch(value) and len(value) == 8 and value not in NO_DAY and _is_day(value)
    }
    others = set(profile.rows) - days
    if len(days) < MIN_DAYS or not others <= NO_DAY:
        return False
    missing(profile, sorted(others), "are no days and stand for a missing one")
    total = profile.rows.total()
    if is_typed:
        profile.suggest("type", {"cast": "varchar"}, f"{total} of {total} values are days written as 20240131", 0)
    evidence = f"{total} of {total} values are dates as {DAY}"
    profile.suggest("type", {"cast": "date", "formats": [DAY]}, evidence, 0)
    return True


def _is_day(value: str) -> bool:
    moment = parsed(value, DAY)
    return moment is not None and datetime(1900, 1, 1) < moment < datetime(2101, 1, 1)


def _epoch(profile: Profile) -> bool:
    """All values lie in the years that tables are about; the name says that it is a time, or a person is asked."""
    numbers = {value: as_number(value) for value in profile.rows if value not in NO_MOMENT}
    if all(parsed(value, MINUTE) for value in numbers):
        return False  # as 1912312359: year, month, day, hour and minute
    for unit, size in (("seconds", 1), ("milliseconds", 1000)):
        seconds = [number / size for number in numbers.values() if number is not None]
        if len(seconds) < MIN_DAYS or not all(FIRST <= second <= LAST for second in seconds):
            continue
        first, last = (datetime.fromtimestamp(end, UTC).date() for end in (min(seconds), max(seconds)))
        if is_name_of_time(profile.name):
            total = sum(profile.rows[value] for value in numbers)
            zeros = [value for value in sorted(NO_MOMENT) if profile.rows[value]]
            evidence = f"{total} of {total} values are {unit} since 1970, from {first} to {last}"
            missing(profile, zeros, "are no time beside the others, and stand for a missing one")
            profile.suggest("type", {"epoch": unit}, evidence, 0)
            return True
        if not is_name_of_key(profile.name) and max(seconds) - min(seconds) <= LONGEST_SPAN and len(seconds) > 20:
            question = f"numbers such as {min(numbers)} may be {unit} since 1970, from {first} to {last}. Are they?"
            profile.ask(f"{question} The rule would be epoch: {unit}", profile.rows.total())
            return False
    return False
