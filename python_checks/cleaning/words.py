"""Misspelled words inside longer texts: the column has the right word many times, and the wrong form hardly ever."""

import re
from collections import Counter

from data_health.cleaning.settings import Settings
from data_health.cleaning.shapes import LONGEST
from data_health.cleaning.slips import single_edits
from data_health.cleaning.spelling import misspelled_values
from data_health.cleaning.text import Meant

WORD = re.compile(r"[^\W\d_]+")
MIN_CAPITALS = 0.85
MIN_SURE_SLIPS, MIN_KNOWN, SHORTEST = 3, 3, 5


def misspelled_words(values: Counter[str], settings: Settings, sure_slips: int) -> dict[str, Meant]:
    """
    Values, of those given with their rows, that hold a misspelled word, with what each was meant to be. `sure_slips` is
    how many rows of the column were repaired for other reasons.
    """
    rows: Counter[str] = Counter()
    for value, count in values.items():
        for word in set(WORD.findall(value)):
            rows[word] += count
    strays = _stray_letters(rows, settings)
    found = _with_words(values, misspelled_values(rows, settings) | strays)
    # slips that are sure show that these texts are typed by hand: what is left may hold slips that only the words tell
    if sure_slips + sum(rows[word] for word in strays) >= MIN_SURE_SLIPS:
        letters = "".join(sorted({letter for word, count in rows.items() if count >= MIN_KNOWN for letter in word}))
        for value, count in values.items():
            if value not in found and count <= settings.rare_rows and len(value) <= LONGEST:
                meant = _with_known_words(value, rows, letters)
                if meant is not None:
                    found[value] = meant
    return found


def _with_words(values: Counter[str], wrong: dict[str, Meant]) -> dict[str, Meant]:
    """The values that hold one of the wrong words."""
    found = {}
    for value in values:
        replaced = [wrong[word] for word in WORD.findall(value) if word in wrong]
        if replaced:
            meant = WORD.sub(
                lambda match: wrong[match.group()].value if match.group() in wrong else match.group(), value
            )
            confidence, support = min((word.confidence, word.support) for word in replaced)
            found[value] = Meant(meant, "word", confidence, support)
    return found


def _with_known_words(value: str, rows: Counter[str], letters: str) -> Meant | None:
    """The one text that is one slip away from the value and has, for its one unknown word, words that others have."""
    words = WORD.findall(value)
    unknown = [word for word in words if rows[word] == 1]
    if len(unknown) != 1 or len(unknown[0]) < SHORTEST:
        return None
    found = {}
    for kind, other in single_edits(value, letters):
        if kind == "another":
            continue  # maria and marla are two names
        new = WORD.findall(other)
        changed = Counter(new) - Counter(words)
        # a word with another ending is another word, and two words may well be written as one
        is_likely = len(changed) == 1 == changed.total() and _has_same_end(unknown[0], *changed)
        if is_likely and unknown[0] not in new and rows[next(iter(changed))] >= MIN_KNOWN:
            found[other] = min(rows[word] for word in changed)
    if len(found) != 1:
        return None
    other, support = found.popitem()
    return Meant(other, "word", support / (support + 1), support)


def _has_same_end(word: str, other: str) -> bool:
    return word[-1] == other[-1] or word[-2:] == other[:-3:-1]


def _stray_letters(rows: Counter[str], settings: Settings) -> dict[str, Meant]:
    """Words in capitals with one small letter, in a column of capitals, that are known without it."""
    if sum(count for word, count in rows.items() if word.isupper()) < MIN_CAPITALS * rows.total():
        return {}
    found = {}
    for word, count in rows.items():
        small = [place for place, letter in enumerate(word) if not letter.isupper()]
        without = word[: small[0]] + word[small[0] + 1 :] if len(small) == 1 else ""
        least = settings.frequent_ratio * count if len(without) < 3 else count + 1
        if without and rows[without] >= least:
            found[word] = Meant(without, "word", rows[without] / (rows[without] + count), rows[without])
    return found
