"""Rare spellings of frequent values."""

from data_health.cleaning.settings import Settings
from data_health.cleaning.text import (
    Column,
    Vocabulary,
    differ_in_digits_only,
    edit_distance,
    fingerprint,
    has_letters,
)

SHORTEST = 4


def spelling_variants(column: Column, settings: Settings) -> dict[int, int]:
    """
    Codes of rare values with the code of the frequent value that each most probably stands for. Empty unless the
    column is a vocabulary: frequent values hold most of its rows, most of its rare values are near a frequent one,
    and frequent values are much less often near each other. Names of people and places, where a rare value may well
    be near a frequent one and mean another, fail that.
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
