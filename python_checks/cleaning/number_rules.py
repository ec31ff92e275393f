"""Rules for columns of numbers: sentinels, types, units, commas and values far from all others."""

from collections import Counter

import numpy as np
from data_health.cleaning.amounts import amounts
from data_health.cleaning.column_names import named_limits
from data_health.cleaning.counted import as_written
from data_health.cleaning.numbers import (
    DECIMAL_COMMA,
    NUMBER,
    WHOLE,
    WITH_COMMAS,
    WITH_UNIT,
    as_number,
    is_code,
    unit_factors,
)
from data_health.cleaning.profile import Profile, cast, except_for, missing, values_with_rows
from data_health.cleaning.sentinels import ambiguous_sentinels, number_sentinels

# lowest and highest value, evidence, and rows out of them
Limits = tuple[list[float], str, int]

MIN_PARSED = 0.95
MOST_OUTSIDE, MIN_ON_SCALE = 0.03, 10
LARGEST_INTEGER = {"integer": 2**31 - 1, "bigint": 2**63 - 1}


def number_rules(profile: Profile, is_typed: bool) -> bool:
    """Whole numbers, decimals, numbers with units or thousands separators. False where the column is no such."""
    total = profile.rows.total()
    plain = {value: number for value in profile.rows if (number := as_number(value)) is not None}
    parsed_rows = sum(profile.rows[value] for value in plain)
    if parsed_rows < MIN_PARSED * total:
        return False if is_typed else _number_in_disguise(profile)
    if is_code(list(plain)):
        return True
    failing = Counter({value: rows for value, rows in profile.rows.items() if value not in plain})
    missing(profile, ambiguous_sentinels(failing), "are not numbers and stand for a missing value")
    if profile.is_difference:
        pass  # two dates say what the number is, and so that it is no sentinel
    elif profile.counted is not None and profile.counted.bins:
        _counted_number_sentinels(profile)
    else:
        missing(profile, number_sentinels(plain, profile.rows), "are far from all other numbers")
    plain = {value: number for value, number in plain.items() if value in profile.rows}
    if not is_typed and len(plain) < len(profile.rows) and amounts(profile):
        return True
    if not is_typed:
        data_type = _number_type(list(plain))
        if data_type is None:
            return True
        failing = Counter({value: rows for value, rows in profile.rows.items() if value not in plain})
        # sentinels are neither numbers nor what is left
        parsed_rows, total = sum(profile.rows[value] for value in plain), profile.rows.total()
        share = f"{parsed_rows} of {total} values are {'whole ' if data_type != 'double' else ''}numbers"
        cast(profile, "type", [{"cast": data_type}], share, failing)
    _range(profile, plain)
    return True


def _counted_number_sentinels(profile: Profile) -> None:
    """Sentinels among all rows of a column of numbers, however rare: each fills a bin of the statistics alone."""
    numbers, rows = profile.counted.single_numbers()
    sentinels = number_sentinels(numbers, rows)
    if sentinels:
        found = {value: rows[value] for value in sentinels}
        rule = {"null_values": [as_written(numbers[value]) for value in sentinels]}
        evidence = f"{values_with_rows(found)} are far from all other numbers"
        profile.suggest("sentinel", rule, evidence, sum(found.values()), by_monitor=True)
        apart = {numbers[value] for value in sentinels}
        profile.without([value for value in profile.rows if NUMBER.fullmatch(value) and float(value) in apart])


def _number_type(texts: list[str]) -> str | None:
    """integer, bigint or double; None for codes of equal, great length such as telephone numbers."""
    if not all(WHOLE.fullmatch(text) for text in texts):
        return "double"
    if min(map(len, texts)) == max(map(len, texts)) >= 9:
        return None
    largest = max(abs(int(text)) for text in texts)
    return next((name for name, limit in LARGEST_INTEGER.items() if largest <= limit), None)


def _number_in_disguise(profile: Profile) -> bool:
    """Numbers with a unit, with thousands separators or with a decimal comma."""
    if _number_with_commas(profile):
        return True
    if amounts(profile):
        return True
    units = unit_factors(profile.rows)
    if units is None:
        return False
    factors, affected = units
    others = Counter({value: rows for value, rows in profile.rows.items() if not WITH_UNIT.fullmatch(value)})
    evidence = f"{affected} of {profile.rows.total()} values are numbers followed by {', '.join(filter(None, factors))}"
    if others:
        profile.ask(f"{evidence}{except_for(others)}. What are these? units would lose them", others.total())
    else:
        profile.suggest("unit", {"units": factors}, evidence, affected)
    return True


def _number_with_commas(profile: Profile) -> bool:
    """Commas between thousands or before decimals; which of the two a column has, its clearest values tell."""
    decimal = {value for value in profile.rows if DECIMAL_COMMA.fullmatch(value)}
    thousands = {value for value in profile.rows if WITH_COMMAS.fullmatch(value)} - decimal
    with_commas = decimal | thousands
    plain = {value for value in profile.rows if as_number(value) is not None}
    numbers = sum(profile.rows[value] for value in with_commas | plain)
    if not with_commas or numbers < MIN_PARSED * profile.rows.total():
        return False
    rows = {value: profile.rows[value] for value in with_commas}
    if decimal and any(value.count(",") > 1 or "." in value for value in thousands | plain):
        question = f"{values_with_rows(rows)} have commas. Which are between thousands, and which before decimals?"
        profile.ask(question, sum(rows.values()))
        return True
    sign, to = ("a decimal comma", ".") if decimal else ("thousands separators", "")
    evidence = f"{values_with_rows(rows)} have {sign}"
    if not decimal and not any(value.count(",") > 1 or "." in value for value in thousands):
        evidence += ", or a decimal comma: all have three digits after it"
    failing = Counter({value: count for value, count in profile.rows.items() if value not in with_commas | plain})
    if failing and amounts(profile):
        return True
    rules = [{"replace_pattern": [",", to]}, {"cast": "double"}]
    cast(profile, "format", rules, evidence, failing)
    return True


def _range(profile: Profile, plain: dict[str, float]) -> None:
    """Limits from the name of the column, or from its values if these show more that is out of them."""
    found = [limits for limits in (_named_limits(profile, plain), _limits_by_distance(profile, plain)) if limits]
    if found:
        limits, evidence, failing = max(found, key=lambda item: item[2])
        profile.suggest("range", {"range": limits, "on_failure": "warn"}, evidence, failing)


def _named_limits(profile: Profile, plain: dict[str, float]) -> Limits | None:
    """Limits that the name of the column gives, if nearly all numbers keep to them."""
    limits = named_limits(profile.name)
    if limits is None:
        return None
    low, high, what = limits
    outside = {value: profile.rows[value] for value, number in plain.items() if not low <= number <= high}
    total, failing = sum(profile.rows[value] for value in plain), sum(outside.values())
    if failing > MOST_OUTSIDE * total or not _is_on_scale(plain, low, high):
        return None
    others = except_for(Counter(outside))
    return (
        [low, high],
        f"{total - failing} of {total} numbers lie from {low} to {high}, as {what} does{others}",
        failing,
    )


def _is_on_scale(plain: dict[str, float], low: float, high: float) -> bool:
    """Do the numbers use some of the scale? Percentages from 0 to 1 are shares, and ages of one to seven are codes."""
    inside = [number for number in plain.values() if low <= number <= high]
    return len(set(inside)) >= MIN_ON_SCALE and max(inside) - min(inside) > (0 if low < 0 else 10)


def _limits_by_distance(profile: Profile, plain: dict[str, float]) -> Limits | None:
    """Few numbers that are farther from the rest than twice the width of the rest."""
    numbers = np.repeat(list(plain.values()), [profile.rows[value] for value in plain])
    numbers = np.sort(numbers[np.isfinite(numbers)])
    if len(numbers) < 100 or numbers[len(numbers) // 4] == numbers[3 * len(numbers) // 4]:
        return None
    most = len(numbers) // 100
    low, high = 0, len(numbers) - 1
    for step in range(1, most + 1):
        if numbers[-step] - numbers[-step - 1] > 2 * (numbers[-step - 1] - numbers[most]):
            high = len(numbers) - 1 - step
        if numbers[step] - numbers[step - 1] > 2 * (numbers[-1 - most] - numbers[step]):
            low = step
    outside = np.concatenate([numbers[:low], numbers[high + 1 :]])
    if not len(outside):
        return None
    limits = [as_written(numbers[low]), as_written(numbers[high])]
    listed = ", ".join(str(as_written(number)) for number in outside[:5])
    evidence = f"{len(outside)} of {len(numbers)} numbers lie far outside {limits[0]} to {limits[1]}: {listed}"
    return limits, evidence, len(outside)
