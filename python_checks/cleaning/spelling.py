"""Rare spellings of frequent values."""

from collections import Counter
from dataclasses import replace

from data_health.cleaning.settings import Settings
from data_health.cleaning.text import (
    Column,
    Meant,
    Vocabulary,
    counted_column,
    differ_in_digits_only,
    edit_distance,
    fingerprint,
    has_letters,
)

SHORTEST = 4
MANY_SLIPS, MOST_OF_RARE = 10, 0.6


def misspelled_values(values: Counter[str], settings: Settings) -> dict[str, Meant]:
    """
    Rare spellings, of these values with their rows, with the frequent value that each stands for. Where a column shows
    many slips and hardly anything else that is rare, less is asked of each in a second look.
    """
    found = _replaced(values, settings)
    slips, rare = len(found), sum(rows < settings.frequent_rows for rows in values.values())
    if slips < MANY_SLIPS or slips < MOST_OF_RARE * rare:
        return found
    merged = Counter(values)
    for value, meant in found.items():
        merged[meant.value] += merged.pop(value)
    lenient = replace(settings, frequent_rows=settings.frequent_rows // 2, frequent_ratio=settings.frequent_ratio // 3)
    again = _replaced(merged, lenient, is_vocabulary=True)
    first = {
        value: replace(again[meant.value], method=meant.method) if meant.value in again else meant
        for value, meant in found.items()
    }
    return first | again


def _replaced(values: Counter[str], settings: Settings, is_vocabulary: bool = False) -> dict[str, Meant]:
    column = counted_column(values)
    variants = spelling_variants(column, settings, is_vocabulary)
    found = {}
    for code in variants:
        other = _final(code, variants)
        rows, support = int(column.counts[code]), int(column.counts[other])
        found[column.values[code]] = Meant(column.values[other], "spelling", support / (support + rows), support)
    return found


def _final(code: int, variants: dict[int, int]) -> int:
    """What a value ends as: a frequent value may itself be a variant of a more frequent one."""
    while code in variants:
        code = variants[code]
    return code


def spelling_variants(column: Column, settings: Settings, is_vocabulary: bool = False) -> dict[int, int]:
    """
    Codes of rare values with the code of the frequent value that each most probably stands for. Empty unless the
    column is a vocabulary: frequent values hold most of its rows, most of its rare values are near a frequent one,
    and frequent values are much less often near each other. Names of people and places, where a rare value may well
    be near a frequent one and mean another, fail that. `is_vocabulary` where that is known already.
    """
    texts = [code for code, value in enumerate(column.values) if has_letters(value)]
    frequent = [code for code in texts if column.counts[code] >= settings.frequent_rows]
    rare_limit = len(texts) - len(frequent) <= settings.max_vocabulary
    if not frequent or not rare_limit or column.counts[frequent].sum() < 0.5 * column.counts[texts].sum():
        return {}
    vocabulary = Vocabulary(column, settings.frequent_rows)
    outweighing = {
        code: [other for other in frequent if column.counts[other] >= settings.frequent_ratio * column.counts[code]]
        for code in texts
    }
    rare = [code for code in texts if outweighing[code]]
    variants = {}
    for code in rare:
        neighbour = nearest(column, code, outweighing[code], settings.letters_per_edit)
        if neighbour is not None and not is_another_value(column, vocabulary, code, neighbour):
            variants[code] = neighbour
    heads = [code for code in frequent if code not in variants]
    twins = 0
    for code in heads:
        neighbour = nearest(column, code, heads, settings.letters_per_edit)
        twins += neighbour is not None and not is_another_value(column, vocabulary, code, neighbour)
    near_share, by_chance = len(variants) / max(len(rare), 1), twins / max(len(heads), 1)
    # two more rare values, near to nothing: one single variant is not enough to tell a vocabulary
    if not is_vocabulary:
        is_vocabulary = len(variants) / (len(rare) + 2) >= settings.min_near_share and near_share > 2 * by_chance
    return variants if is_vocabulary else {}


def nearest(column: Column, code: int, candidates: list[int], letters_per_edit: int) -> int | None:
    """The candidate that is nearest to the value; None where none is near or two are equally near."""
    value = column.values[code]
    words = fingerprint(value)
    found: list[tuple[int, int]] = []
    for other in candidates:
        text = column.values[other]
        shorter = min(len(value.strip()), len(text.strip()))
        if other == code or shorter < SHORTEST:
            continue
        limit = max(1, shorter // letters_per_edit)
        distance = 0 if words == fingerprint(text) else edit_distance(value, text, limit)
        if distance <= limit:
            found.append((distance, other))
    found.sort()
    if not found or (len(found) > 1 and found[0][0] == found[1][0]):
        return None
    return found[0][1]


def is_another_value(column: Column, vocabulary: Vocabulary, code: int, other: int) -> bool:
    """Two codes that differ in a number, or a value with a word that is used elsewhere."""
    value, text = column.values[code], column.values[other]
    return differ_in_digits_only(value, text) or vocabulary.means_something_else(code, other)
