"""Numbers as people write them: with a currency, in brackets, with the marks of a country between the digits."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from data_health.cleaning.numbers import as_number, is_code
from data_health.cleaning.profile import Profile, cast, values_with_rows
from data_health.cleaning.rewriting import BLANKS, rewritten

CODES = "USD EUR GBP CHF JPY CAD AUD NZD SEK NOK DKK PLN CZK INR CNY BRL MXN"
CURRENCIES = {code: code for code in CODES.split()} | {
    "$": "USD", "US$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₽": "RUB", "₩": "KRW",
}  # fmt: skip
SIGN = "|".join(sorted(map(re.escape, CURRENCIES), key=len, reverse=True))
AMOUNT = re.compile(
    rf"(?P<open>\()?(?P<minus>[-+\u2212])?\s*(?P<before>{SIGN})?\s*(?P<minus_too>[-+\u2212])?"
    rf"(?P<digits>[0-9.,'\u2019\s]*[0-9])\s*(?P<after>{SIGN})?(?P<close>\))?(?P<minus_after>-)?"
)
# what stands between thousands, and before decimals
NOTATIONS = [
    (",", "."), (".", ","), ("'", "."), ("\u2019", "."), (" ", ","), (" ", "."), ("'", ","), ("", "."), ("", ","),
]  # fmt: skip
MIN_ROWS, MIN_SHARE, MOST_NEGATIVE = 3, 0.95, 0.5


def amounts(profile: Profile) -> bool:
    """
    Numbers with a currency, in brackets, with a minus behind, or with blanks, points or apostrophes between thousands.
    False where the column has hardly any, or where the values may be no numbers.
    """
    found = {value: match for value in profile.rows if (match := AMOUNT.fullmatch(BLANKS.sub(" ", value)))}
    odd = {value: profile.rows[value] for value in found if as_number(value) is None}
    if sum(odd.values()) < MIN_ROWS or sum(profile.rows[value] for value in found) < MIN_SHARE * profile.rows.total():
        return False
    signs = {match[side] for match in found.values() for side in ("before", "after") if match[side]}
    if not signs and _has_one_shape(found):
        return False
    negative = sum(profile.rows[value] for value, match in found.items() if match["open"] or match["minus_after"])
    if negative > MOST_NEGATIVE * profile.rows.total():
        return False
    currencies = sorted({CURRENCIES[sign] for sign in signs})
    if len(currencies) > 1:
        question = f"are amounts in {' and '.join(currencies)}. No rule knows what one is in the other"
        profile.ask(f"{values_with_rows(odd)} {question}", sum(odd.values()))
        return True
    return _suggest(profile, found, odd, signs)


def _suggest(profile: Profile, found: Mapping[str, re.Match[str]], odd: dict[str, int], signs: set[str]) -> bool:
    """The rules of the one notation that reads most, if it is told from the others."""
    read = {}
    for thousands, decimal in NOTATIONS:
        rules = _rules(found, thousands, decimal, signs)
        numbers = _numbers(found, thousands, decimal, rules)
        if numbers:
            read[thousands, decimal] = rules, numbers
    most = max((len(numbers) for _, numbers in read.values()), default=0)
    best = {notation: kept for notation, kept in read.items() if len(kept[1]) == most}
    rows = sum(profile.rows[value] for value in next(iter(best.values()))[1]) if best else 0
    if rows < MIN_SHARE * profile.rows.total():
        return False
    results = {tuple(numbers.values()) for _, numbers in best.values()}
    # 52,000 has thousands, but for euros; of 1.200 in a country that writes so nobody knows
    if len(results) > 1 and ((",", ".") not in best or signs & {"€", "EUR"}):
        question = "have marks. Which are between thousands, and which before decimals?"
        profile.ask(f"{values_with_rows(odd)} {question}", sum(odd.values()))
        return True
    rules, numbers = next(iter(best.values()))
    if is_code([_rewritten(rules, value) for value in numbers]):
        return False
    failing = Counter({value: count for value, count in profile.rows.items() if value not in numbers})
    evidence = f"{values_with_rows(odd)} are numbers with a currency, brackets, or marks between the digits"
    if len(results) > 1:
        evidence += "; commas may also be decimal signs: all have three digits after them"
    cast(profile, "format", [*rules, {"cast": "double"}], evidence, failing)
    return True


def _rules(found: Mapping[str, re.Match[str]], thousands: str, decimal: str, signs: set[str]) -> list[dict[str, Any]]:
    """The rules that make plain numbers of this notation: each is needed for some value."""
    texts = set(found)
    candidates: list[dict[str, Any]] = [{"squeeze": True}]
    marks = "".join(mark for mark in " +" + thousands.strip() if any(mark in text for text in texts))
    removed = sorted(map(re.escape, signs), key=len, reverse=True)
    if marks:
        removed.append(f"[{marks}]" if len(marks) > 1 else {".": r"\.", "+": r"\+"}.get(marks, marks))
    candidates += [{"replace_pattern": ["|".join(removed), ""]}] if removed else []
    negative = [["\u2212", "-"], [r"^\((.*)\)$", r"-\1"], ["^([0-9].*)-$", r"-\1"]]
    candidates += [{"replace_pattern": pair} for pair in [*negative, *([[",", "."]] if decimal == "," else [])]]
    rules = []
    for rule in candidates:
        after = {rewritten(rule, text) or "" for text in texts}
        if after != texts:
            rules.append(rule)
        texts = after
    return rules


def _numbers(
    found: Mapping[str, re.Match[str]], thousands: str, decimal: str, rules: list[dict[str, Any]]
) -> dict[str, float]:
    """The values that are written in this notation, with the numbers that the rules make of them."""
    between, point = re.escape(thousands), re.escape(decimal)
    groups = rf"[0-9]{{1,3}}({between}[0-9]{{3}})+({point}[0-9]*)?|" if thousands else ""
    notation = re.compile(rf"{groups}[0-9]+({point}[0-9]*)?|{point}[0-9]+")
    numbers = {}
    for value, match in found.items():
        is_negative_once = bool(match["open"]) == bool(match["close"]) and (
            sum(map(bool, (match["open"], match["minus"], match["minus_too"], match["minus_after"]))) <= 1
        )
        if is_negative_once and notation.fullmatch(match["digits"].strip()):
            number = as_number(_rewritten(rules, value))
            if number is not None:
                numbers[value] = number
    return numbers


def _rewritten(rules: list[dict[str, Any]], value: str) -> str:
    for rule in rules:
        value = rewritten(rule, value) or ""
    return value


def _has_one_shape(values: Mapping[str, Any]) -> bool:
    """123 456 and 789 012: codes of one form, and no numbers of some size. 100'234.50 has two marks, and is one."""
    shapes = {re.sub("[0-9]", "9", value) for value in values}
    return len(shapes) == 1 and len(set(*shapes)) <= 2
