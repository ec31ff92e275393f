"""Rows as the page keeps them: a text of each column for each monitor, compressed, which opens when it is looked at."""

import base64
import gzip
import json
import math
from collections.abc import Mapping, Sequence
from itertools import compress

DIGITS = 4
# a column with fewer different texts than that share of its rows is kept as numbers that point to them
REPEATS = 0.7
# two characters of base 85 mean something in HTML; these two do not, and are not among the 85
IN_HTML, IN_BASE_85 = str.maketrans("<&", ".,"), str.maketrans(".,", "<&")


def rounded(value: float) -> float | int | None:
    """A number with DIGITS significant digits; whole numbers up to 10**15 have no point."""
    if not math.isfinite(value):
        return None
    short = float(f"{value:.{DIGITS}g}")
    return int(short) if short == int(short) and abs(short) < 1e15 else short


def fixed(values: Sequence[float | None], decimals: int) -> object:
    """Whole numbers `f`, which are the values times 10 to the power of `p`; shorter than decimal numbers."""
    scale = 10**decimals
    try:
        whole = [None if value is None else round(value * scale) for value in values]
    except (ValueError, OverflowError):
        # NaN and infinities have no place in a picture
        whole = [round(value * scale) if value is not None and math.isfinite(value) else None for value in values]
    return {"p": decimals, "f": whole}


def packed_column(values: Sequence[object], decimals: int | None) -> object:
    """A list of numbers, whole numbers, or the different texts `d` and for each row the place of its text, `i`."""
    types = set(map(type, values))
    if decimals is not None:
        return fixed(values, decimals)
    if str in types:
        different = list(dict.fromkeys(values))
        if len(different) > REPEATS * len(values):
            return list(values)
        places = {value: place for place, value in enumerate(different)}
        return {"d": different, "i": [places[value] for value in values]}
    if float in types:
        return [rounded(value) if isinstance(value, float) else value for value in values]
    return list(values)


def places_of(subjects: Sequence[str]) -> dict[str, list[bool]]:
    """Each monitor or cleaning set, and which rows are its own."""
    return {subject: [one == subject for one in subjects] for subject in dict.fromkeys(subjects)}


def spans_of(subjects: Sequence[str]) -> dict[str, slice] | None:
    """Where the rows of each subject begin and end; None if they do not stand together."""
    found: dict[str, slice] = {}
    first = 0
    for place in range(1, len(subjects) + 1):
        if place == len(subjects) or subjects[place] != subjects[first]:
            if subjects[first] in found:
                return None
            found[subjects[first]] = slice(first, place)
            first = place
    return found


def by_subject(columns: Sequence[list]) -> dict[str, list[list]]:
    """The columns of each monitor or cleaning set, which the first column names."""
    subjects = columns[0]
    spans = spans_of(subjects) if subjects else {}
    if spans is not None:
        return {subject: [column[span] for column in columns] for subject, span in spans.items()}
    own = places_of(subjects)
    return {subject: [list(compress(column, rows)) for column in columns] for subject, rows in own.items()}


def packed_rows(names: Sequence[str], columns: Sequence[list], decimals: Mapping[str, int]) -> str:
    """The columns as compressed JSON; without the first one, which is the same in all rows."""
    packed = {
        name: packed_column(column, decimals.get(name)) for name, column in zip(names[1:], columns[1:], strict=True)
    }
    return squeezed(json.dumps({"n": len(columns[0]), "c": packed}, separators=(",", ":"), ensure_ascii=False))


def squeezed(text: str) -> str:
    """A text compressed, as characters that mean nothing in HTML: base 85 is 6 % shorter than base 64."""
    return base64.b85encode(gzip.compress(text.encode(), 6, mtime=0)).decode().translate(IN_HTML)


def unsqueezed(text: str) -> str:
    """The text again."""
    return gzip.decompress(base64.b85decode(text.translate(IN_BASE_85))).decode()


def json_in_html(content: object) -> str:
    """JSON that no browser takes for the end of a script."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
