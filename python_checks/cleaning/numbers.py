"""Texts that are numbers, with or without a unit."""

import math
import re
from collections import Counter

WHOLE = re.compile(r"[+-]?[0-9]+")
NUMBER = re.compile(r"[+-]?([0-9]{1,200}(\.[0-9]{0,200})?|\.[0-9]{1,200})([eE][+-]?[0-9]{1,3})?")
WITH_COMMAS = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
# a comma before one or two digits or more than three, or after a zero, is a decimal sign
DECIMAL_COMMA = re.compile(r"[+-]?([0-9]+,([0-9]{1,2}|[0-9]{4,})|0,[0-9]+|[0-9]{4,},[0-9]+)")
WITH_UNIT = re.compile(r"\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))\s*([^0-9]*?)\s*")

MAX_SPELLINGS = 25

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


def as_number(text: str) -> float | None:
    """The number that the rule `cast` reads; None where it reads none."""
    number = float(text) if NUMBER.fullmatch(text) else math.inf
    return number if abs(number) < 1e300 else None


def known_unit(suffix: str) -> tuple[str, float] | None:
    """Family and size of what follows a number: `oz.`, `OZ`, `oz. can`."""
    words = suffix.lower().replace(".", " ").split()
    return KNOWN_UNITS.get(words[0]) if words else None


def unit_factors(values: Counter[str]) -> tuple[dict[str, float], int] | None:
    """
    What to multiply each unit, in lower case, with to get the most frequent one ('' for none), and the rows that have
    one. None where these values, with their rows, are not numbers with units: nine of ten must be, all of one family
    or with one word.
    """
    suffixes: Counter[str] = Counter()
    for value, rows in values.items():
        found = WITH_UNIT.fullmatch(value)
        if found is not None:
            suffixes[found.group(2).lower()] += rows
    with_unit = Counter({suffix: rows for suffix, rows in suffixes.items() if suffix})
    is_rare = with_unit.total() < max(3, 0.02 * values.total())
    if suffixes.total() < 0.9 * values.total() or is_rare or len(with_unit) > MAX_SPELLINGS:
        return None
    usual = with_unit.most_common(1)[0][0]
    family = known_unit(usual)
    if family is None:
        is_word = usual.isalpha() and len(usual) > 2 and with_unit[usual] >= 0.9 * values.total()
        factors = {usual: 1.0} if is_word else {}
    else:
        units = {suffix: known_unit(suffix) for suffix in sorted(with_unit)}
        factors = {
            suffix: round(unit[1] / family[1], 9) for suffix, unit in units.items() if unit and unit[0] == family[0]
        }
    if sum(with_unit[suffix] for suffix in factors) < 0.98 * with_unit.total():
        return None
    if suffixes[""]:
        factors[""] = 1.0
        if family is not None and family[0] == "share":
            factors = _of_shares(values, factors)
    return {suffix: int(size) if size == int(size) else size for suffix, size in factors.items()}, with_unit.total()


def _of_shares(values: Counter[str], factors: dict[str, float]) -> dict[str, float]:
    """46% beside 0.46: percent are hundredths if the numbers without a unit are at most 1, and the others are not."""
    largest: dict[bool, float] = {}
    for value in values:
        found = WITH_UNIT.fullmatch(value)
        if found is not None:
            has_unit = bool(found.group(2))
            largest[has_unit] = max(largest.get(has_unit, 0.0), abs(float(found.group(1))))
    if largest.get(False, 2.0) <= 1 < largest.get(True, 0.0):
        return {suffix: 0.01 if suffix else 1.0 for suffix in factors}
    return factors


def is_code(numbers: list[str]) -> bool:
    """
    Do texts that read as numbers mean something else? Leading zeros are part of a code, and 5.10 beside 5.9 and 5.1
    is five feet ten, or a version.
    """
    digits = [text.lstrip("+-") for text in numbers]
    has_leading_zero = any(len(text) > 1 and text[0] == "0" and WHOLE.fullmatch(text) for text in digits)
    decimals = [text.partition(".")[2] for text in digits]
    lengths = {len(text) for text in decimals if text}
    return has_leading_zero or (len(lengths) > 1 and any(len(text) > 1 and text[-1] == "0" for text in decimals))
