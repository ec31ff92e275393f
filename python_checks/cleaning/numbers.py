"""Texts that are numbers, with or without a unit."""

import re
from collections import Counter

WHOLE = re.compile(r"[+-]?\d+")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
WITH_COMMAS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
WITH_UNIT = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*(.*?)\s*")

# units by family, each with its size in the family's own terms
UNITS = {
    "mass": {
        1.0: "g gr gram grams",
        0.001: "mg milligram milligrams",
        1000.0: "kg kgs kilo kilos kilogram kilograms",
        453.59237: "lb lbs pound pounds",
    },
    "length": {
        1.0: "m meter meters metre metres",
        0.01: "cm centimeter centimeters centimetre centimetres",
        0.001: "mm millimeter millimeters millimetre millimetres",
        1000.0: "km kilometer kilometers kilometre kilometres",
        0.0254: "in inch inches",
        0.3048: "ft feet foot",
        1609.344: "mi mile miles",
    },
    "ounces": {1.0: "oz ounce ounces"},
    "volume": {
        1.0: "l liter liters litre litres",
        0.001: "ml milliliter milliliters millilitre millilitres",
        3.785411784: "gal gallon gallons",
    },
    "time": {
        1.0: "s sec secs second seconds",
        60.0: "min mins minute minutes",
        3600.0: "h hr hrs hour hours",
        86400.0: "d day days",
        604800.0: "week weeks wk wks",
    },
    "calendar": {1.0: "month months mo mos", 12.0: "y yr yrs year years"},
    "share": {1.0: "% percent pct"},
    "money": {1.0: "usd dollar dollars"},
}
KNOWN_UNITS = {
    name: (family, size) for family, sizes in UNITS.items() for size, names in sizes.items() for name in names.split()
}


def known_unit(suffix: str) -> tuple[str, float] | None:
    """Family and size of what follows a number: `oz.`, `OZ`, `oz. can`."""
    words = suffix.lower().replace(".", " ").split()
    return KNOWN_UNITS.get(words[0]) if words else None


def unit_factors(values: Counter[str]) -> tuple[dict[str, float], int] | None:
    """
    What to multiply each unit with to get the most frequent one, and the rows that have a unit. None where these
    values, with their rows, are not numbers with a unit: nine of ten must be, all in one family or with one word.
    """
    suffixes: Counter[str] = Counter()
    for value, rows in values.items():
        found = WITH_UNIT.fullmatch(value)
        if found is None:
            return None if rows > 0.1 * values.total() else _drop_and_retry(values, value)
        suffixes[found.group(2)] += rows
    with_unit = Counter({suffix: rows for suffix, rows in suffixes.items() if suffix})
    if with_unit.total() < max(3, 0.02 * values.total()) or len(with_unit) > 25:
        return None
    units = {suffix: known_unit(suffix) for suffix in with_unit}
    usual = with_unit.most_common(1)[0][0]
    family = units[usual]
    if family is None:
        is_word = usual.isalpha() and len(usual) > 2 and with_unit[usual] >= 0.9 * values.total()
        return ({usual: 1}, with_unit[usual]) if is_word else None
    of_family = {suffix: unit for suffix, unit in units.items() if unit is not None and unit[0] == family[0]}
    if sum(with_unit[suffix] for suffix in of_family) < 0.98 * with_unit.total():
        return None
    factors = {suffix: round(unit[1] / family[1], 9) for suffix, unit in sorted(of_family.items())}
    return {
        suffix: int(factor) if factor == int(factor) else factor for suffix, factor in factors.items()
    }, with_unit.total()


def _drop_and_retry(values: Counter[str], value: str) -> tuple[dict[str, float], int] | None:
    """Leave out what is no number, as long as that is at most a tenth of the rows."""
    numbers = Counter({text: rows for text, rows in values.items() if WITH_UNIT.fullmatch(text)})
    return unit_factors(numbers) if numbers.total() >= 0.9 * values.total() else None
