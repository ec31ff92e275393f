"""What a wrong value was meant to be, as far as its column alone shows it."""

from collections import Counter

from data_health.cleaning.sentinels import says_missing
from data_health.cleaning.settings import Settings
from data_health.cleaning.slips import format_slips
from data_health.cleaning.spelling import misspelled_values
from data_health.cleaning.text import Meant
from data_health.cleaning.words import misspelled_words


def meant_values(values: Counter[str], settings: Settings) -> dict[str, Meant]:
    """
    The wrong values, of those given with their rows, each with what it was meant to be. First those that break the
    format of the column, then misspelled values, then misspelled words; each step sees what the one before leaves.
    A value that stands for a missing one is left alone.
    """
    rows = Counter({value: count for value, count in values.items() if not says_missing(value)})
    found: dict[str, Meant] = {}
    _apply(format_slips(rows, settings), values, rows, found, settings)
    sure_slips = sum(values[value] for value in found)
    _apply(misspelled_values(rows, settings), values, rows, found, settings)
    _apply(misspelled_words(rows, settings, sure_slips), values, rows, found, settings)
    return found


def _apply(
    new: dict[str, Meant], values: Counter[str], rows: Counter[str], found: dict[str, Meant], settings: Settings
) -> None:
    """Add what a step found, as far as it is sure enough, to what the steps before found; `rows` are counted anew."""
    sure = {value: meant for value, meant in new.items() if meant.confidence >= settings.min_confidence}
    for value, meant in found.items():
        found[value] = sure.get(meant.value, meant)
    for value, meant in sure.items():
        # a value that only a step before made has no rule of its own
        if value in values:
            found.setdefault(value, meant)
        rows[meant.value] += rows.pop(value)
