"""Values that break the format of their column and are one slip away from one value that has it."""

import re
from collections import Counter
from collections.abc import Iterator

from data_health.cleaning.settings import Settings
from data_health.cleaning.shapes import CLASSES, LONGEST, Format, column_format
from data_health.cleaning.text import Meant

IGNORED_MARKS = re.compile(r"[^\w.]|_")
MAX_BROKEN, SHORTEST, MOST_MARKED = 2_000, 4, 0.8
# once so many values are repaired, slips of a kind that hardly any of them shows are not thought of
MIN_CERTAIN, MIN_KIND = 20, 0.02


def format_slips(values: Counter[str], settings: Settings) -> dict[str, Meant]:
    """Values, of those given with their rows, that break the format of the column, with what each was meant to be."""
    found = dict(_without_marks(values))
    form = column_format(Counter({value: rows for value, rows in values.items() if value not in found}))
    if form is None:
        return found
    broken = sorted(value for value in values if value not in found and len(value) <= LONGEST and form.is_broken(value))
    if len(broken) > MAX_BROKEN:
        return found
    kinds: Counter[str] = Counter()
    for _ in range(2):
        for value in broken:
            if value not in found:
                slip = _slip(value, values, form, kinds, settings)
                if slip is not None:
                    found[value] = slip[1]
                    kinds[slip[0]] += 1
    return found


def _without_marks(values: Counter[str]) -> Iterator[tuple[str, Meant]]:
    """Values with a mark after them, several times, that no other value contains, as 12.5***."""
    ends = {value: value[-1] for value in values if value[-2:] == 2 * value[-1:] and not value[-1].isalnum()}
    for mark in set(ends.values()) - {" "}:
        marked = {value: value.rstrip(mark).rstrip() for value, end in ends.items() if end == mark}
        having = {value for value in values if mark in value}
        without = values.total() - sum(values[value] for value in marked)
        is_clean = all(value and mark not in value for value in marked.values())
        if is_clean and having == set(marked) and without >= MOST_MARKED * values.total():
            for value, other in marked.items():
                yield value, Meant(other, "format", without / values.total(), without)


def single_edits(value: str, letters: str) -> Iterator[tuple[str, str]]:
    """All texts from which one slip leads to the value, with the kind of the slip."""
    for place, letter in enumerate(value):
        yield "one more", value[:place] + value[place + 1 :]
        for other in letters:
            if other != letter:
                yield "another", value[:place] + other + value[place + 1 :]
        if place and letter != value[place - 1]:
            yield "swapped", value[: place - 1] + letter + value[place - 1] + value[place + 1 :]
    for place in range(len(value) + 1):
        for other in letters:
            yield "one less", value[:place] + other + value[place:]


def _slip(
    value: str, values: Counter[str], form: Format, kinds: Counter[str], settings: Settings
) -> tuple[str, Meant] | None:
    """
    The kind of the slip, and the one value with the format of the column that this value can have been. None where
    there is none, or several. `kinds` are the slips that were found before.
    """
    is_likely = kinds.total() < MIN_CERTAIN
    known: Counter[str] = Counter()
    possible: dict[str, str] = {}
    kind_of = {}
    without_stray = _without_stray(value, form)
    for kind, other in single_edits(value, form.letters):
        if not is_likely and kinds[kind] < MIN_KIND * kinds.total():
            continue
        if other in values and form.has(other) and len(other) >= SHORTEST and not _is_another_code(value, other):
            known[other], kind_of[other] = values[other], kind
        is_certain = form.date is not None or other == without_stray or _has_other_marks(value, other, form)
        if is_certain and form.is_plausible(other):
            possible[other] = kind
    for best, rows in known.most_common(1):
        is_frequent = rows >= max(settings.frequent_rows, settings.frequent_ratio * values[value])
        if is_frequent and rows >= settings.frequent_ratio * (known.total() - rows):
            return kind_of[best], Meant(best, "format", rows / (rows + values[value]), rows)
    if len(possible) == 1 and values[value] <= settings.rare_rows:
        other, kind = possible.popitem()
        return kind, Meant(other, "format", form.share, form.with_format)
    return None


def _is_another_code(value: str, other: str) -> bool:
    """DT2 and DTS, nurse 2 and nurse, room 2b and room 2: a digit at an end of a text, or a letter beside it, tells."""
    if (value[:-1] == other and value[-2:-1].isdigit()) or (value[1:] == other and value[1:2].isdigit()):
        return True
    is_at_end = (value[-1].isdigit() and not other[-1].isdigit()) or (value[0].isdigit() and not other[0].isdigit())
    return is_at_end and sum(map(str.isdigit, value)) > sum(map(str.isdigit, other))


def _has_other_marks(value: str, other: str, form: Format) -> bool:
    """Where values have no letters: have both the same digits, with the decimal points at the same places?"""
    return not form.has_letters and IGNORED_MARKS.sub("", value) == IGNORED_MARKS.sub("", other)


def _without_stray(value: str, form: Format) -> str | None:
    """The value without the one letter or digit inside it that no usual shape has; None where there is no such."""
    known = set("".join(form.usual))
    strays = [place for place, letter in enumerate(value.translate(CLASSES)) if letter not in known]
    if len(strays) != 1 or not 0 < strays[0] < len(value) - 1 or not value[strays[0]].isalnum():
        return None
    return value[: strays[0]] + value[strays[0] + 1 :]
