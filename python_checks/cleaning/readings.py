"""The numbers and moments of a column, row by row, as its suggested rules make them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from data_health.cleaning.dates import STANDARD, parsed
from data_health.cleaning.numbers import WITH_UNIT, as_number
from data_health.cleaning.profile import Suggestion
from data_health.cleaning.rewriting import rewritten
from numpy.typing import NDArray

EPOCH = datetime(1970, 1, 1)
EXACT = 2.0**53


@dataclass(frozen=True)
class Reading:
    """A column as `numbers` (n,), NaN where a value is missing: days since 1970 where `is_moment`."""

    name: str
    numbers: NDArray[np.float64]
    is_moment: bool
    decimals: int

    @property
    def tolerance(self) -> float:
        """One and a half of the last digit that a number is written with: two roundings make no more."""
        return 1.5 * 10.0 ** -min(self.decimals, 6) if self.decimals else 0.5


def reading_of(name: str, texts: Sequence[str | None], found: Sequence[Suggestion], is_typed: bool) -> Reading | None:
    """
    The numbers or moments that the rules found for a column make of its n texts; None where it becomes neither, where
    a question is open, or where a number has more digits than a double.
    """
    rules = [item.rule for item in found if item.rule is not None]
    if any(item.rule is None for item in found):
        return None
    last = next((rule for rule in reversed(rules) if {"cast", "units", "epoch"} & set(rule)), None)
    if last is None and not is_typed:
        return None
    values: dict[str, float] = {}
    decimals = 0
    is_moment = _is_moment(last, texts)
    for text in {text for text in texts if text}:
        plain: str | None = text
        for rule in rules:
            plain = plain and rewritten(rule, plain)
        if not plain:
            values[text] = np.nan
            continue
        number = _moment(last, plain) if is_moment else _number(last, plain)
        if number is None or abs(number) > EXACT:
            return None
        values[text] = number
        decimals = max(decimals, len(plain.partition(".")[2])) if not is_moment else 0
    numbers = np.array([values.get(text, np.nan) if text else np.nan for text in texts], float)
    return Reading(name, numbers, is_moment, decimals)


def _is_moment(rule: Mapping[str, Any] | None, texts: Sequence[str | None]) -> bool:
    if rule is not None:
        return "epoch" in rule or rule.get("cast") in ("date", "timestamp")
    return any(text and as_number(text) is None for text in texts)


def _number(rule: Mapping[str, Any] | None, text: str) -> float | None:
    if rule is not None and "units" in rule:
        match = WITH_UNIT.fullmatch(text)
        return None if match is None else float(match[1]) * rule["units"].get(match[2].lower(), np.nan)
    if rule is not None and rule.get("cast") not in ("integer", "bigint", "double"):
        return None
    return as_number(text)


def _moment(rule: Mapping[str, Any] | None, text: str) -> float | None:
    if rule is not None and "epoch" in rule:
        number = as_number(text)
        return None if number is None else number / (86_400_000 if rule["epoch"] == "milliseconds" else 86_400)
    formats = (rule or {}).get("formats") or [form for form in sorted(STANDARD) if "%z" not in form]
    moment = next((moment for form in formats if (moment := parsed(text, form)) is not None), None)
    return None if moment is None else (moment - EPOCH).total_seconds() / 86_400
