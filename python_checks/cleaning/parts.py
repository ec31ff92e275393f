"""Values that stand twice in a row: latitude and (latitude, longitude), a year and a date of that year."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from data_health.cleaning.numbers import as_number
from data_health.cleaning.settings import Settings
from data_health.cleaning.text import Column
from numpy.typing import NDArray

PIECE = re.compile(r"(?:(?<![0-9])-)?[0-9]+(?:\.[0-9]+)?|[^\W\d_]+")
LONGEST, MOST_PIECES = 100, 8
MIN_ROWS = 20
# names of rows do not agree by chance, so that half of the rows show it
MIN_AGREEING, MIN_AGREEING_OF_ROWS = 0.85, 0.5
# values of which hardly any comes twice are names of rows; of which most come often, categories
OF_ROWS, OF_CATEGORIES = 0.8, 0.2

Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Contradiction:
    """A cell (row, column) that another column, `witness`, contradicts, what it is to become, and how sure that is."""

    row: int
    column: int
    witness: int
    text: str
    confidence: float
    support: int


@dataclass(frozen=True)
class _Pair:
    """
    A column and a piece of another one as common codes (n,), -1 for missing, of texts `values`; agreeing rows, and of
    each value how many of these there are.
    """

    one: Codes
    other: Codes
    values: list[str]
    is_agreeing: Flags
    agreeing: Codes

    @property
    def is_known(self) -> Flags:
        """The rows that have both."""
        return (self.one >= 0) & (self.other >= 0)


def contradictions(columns: Sequence[Column], settings: Settings) -> Iterator[Contradiction]:
    """
    Cells of columns that repeat a piece of another column in most rows, but not in this one, where the rows show which
    of the two is wrong.
    """
    normal = [[_normal(value) for value in column.values] for column in columns]
    for source, composed in enumerate(columns):
        spans = _spans(composed, settings)
        partners: dict[int, tuple[int, _Pair]] = {}
        pieces_of = [
            [_piece(value, own, number) for value, own in zip(composed.values, spans, strict=True)]
            for number in range(max(map(len, spans), default=0))
        ]
        is_wrong_here = np.zeros(len(composed.codes), bool)
        for number, pieces in enumerate(pieces_of):
            others = [None if piece is None else _normal(piece) for piece in pieces]
            for target, column in enumerate(columns):
                pair = None if target == source else _pair(column, normal[target], composed, others, settings)
                if pair is None:
                    continue
                partners.setdefault(number, (target, pair))
                is_wrong, is_wrong_there = _wrong_sides(pair)
                is_wrong_here |= is_wrong_there
                written, share = _as_written(column, normal[target]), _share(pair)
                for row in np.flatnonzero(is_wrong):
                    code = int(composed.codes[row])
                    text = written.get(others[code] or "", pieces[code] or "")
                    yield Contradiction(int(row), target, source, text, share, int(pair.is_agreeing.sum()))
        # a value whose pieces all stand in other columns, which are right there, is made of these anew
        if len(partners) == len(pieces_of):
            is_sure = np.logical_and.reduce([_is_right(pair) for _, pair in partners.values()])
            shares = [_share(pair) for _, pair in partners.values()]
            for row in np.flatnonzero(is_wrong_here & is_sure):
                code = int(composed.codes[row])
                known = {number: int(columns[target].codes[row]) for number, (target, _) in partners.items()}
                if min(known.values()) >= 0:
                    new = {number: columns[partners[number][0]].values[known[number]] for number in known}
                    text = _with_pieces(composed.values[code], spans[code], new)
                    witness, pair = partners[0]
                    yield Contradiction(int(row), source, witness, text, min(shares), int(pair.is_agreeing.sum()))


def _spans(column: Column, settings: Settings) -> list[list[tuple[int, int]]]:
    """Where the pieces of each distinct value are; none where it has another number of them than nearly all rows."""
    spans = [[match.span() for match in PIECE.finditer(value[:LONGEST])] for value in column.values]
    rows: Counter[int] = Counter()
    for own, count in zip(spans, column.counts.tolist(), strict=True):
        rows[len(own)] += count
    usual, usual_rows = rows.most_common(1)[0] if rows else (0, 0)
    if not 2 <= usual <= MOST_PIECES or usual_rows < settings.min_confidence * rows.total():
        return [[] for _ in spans]
    return [own if len(own) == usual else [] for own in spans]


def _piece(value: str, spans: list[tuple[int, int]], number: int) -> str | None:
    return value[slice(*spans[number])] if spans else None


def _normal(text: str) -> str:
    """A number without needless digits, another text in lower case: 2019, 2019.0 and 02019 are equal."""
    number = as_number(text)
    return repr(number) if number is not None else text.lower()


def _pair(
    column: Column, texts: list[str], composed: Column, others: list[str | None], settings: Settings
) -> _Pair | None:
    """
    The column beside a piece of another one, both with the normal forms of their distinct values; None where it does
    not repeat it, or where it is nearly constant.
    """
    common = {*texts} & {text for text in others if text is not None}
    # most pairs have hardly a value in common, which is seen without looking at rows
    shared = sum(rows for text, rows in zip(texts, column.counts.tolist(), strict=True) if text in common)
    if shared < MIN_AGREEING_OF_ROWS * column.counts.sum() or len(common) < 2:
        return None
    known = sorted({*texts, *(text for text in others if text is not None)})
    code_of = {text: code for code, text in enumerate(known)}
    own = np.array([*(code_of[text] for text in texts), -1], np.int64)
    of_other = np.array([*(-1 if text is None else code_of[text] for text in others), -1], np.int64)
    one, other = own[column.codes], of_other[composed.codes]
    is_agreeing = (one == other) & (one >= 0)
    both, agreeing = int(((one >= 0) & (other >= 0)).sum()), int(is_agreeing.sum())
    counts = np.bincount(one[is_agreeing], minlength=len(known))
    least = MIN_AGREEING_OF_ROWS if (counts > 0).sum() >= OF_ROWS * agreeing else MIN_AGREEING
    if both < MIN_ROWS or agreeing < least * both:
        return None
    mode = int(np.bincount(one[(one >= 0) & (other >= 0)]).max())
    if agreeing - mode < settings.min_gain * (both - mode) or mode == both:
        return None
    return _Pair(one, other, known, is_agreeing, counts)


def _wrong_sides(pair: _Pair) -> tuple[Flags, Flags]:
    """
    The rows (n,) in which the column is wrong, and those in which the piece is. Where values name rows, the side is
    wrong whose value another row has rightly: it was copied. So is a number outside the range of all that agree. Where
    values are categories, the side is wrong whose value no row has rightly.
    """
    differs = pair.is_known & ~pair.is_agreeing
    elsewhere, elsewhere_there = pair.agreeing[pair.one] > 0, pair.agreeing[pair.other] > 0
    is_outside = _is_outside(pair)
    outside, outside_there = is_outside[pair.one], is_outside[pair.other]
    distinct = (pair.agreeing > 0).sum() / max(pair.agreeing.sum(), 1)
    wrong, wrong_there = outside & ~outside_there, outside_there & ~outside
    if distinct >= OF_ROWS:
        inside = ~(outside | outside_there)
        wrong, wrong_there = (
            wrong | (inside & elsewhere & ~elsewhere_there),
            wrong_there | (inside & elsewhere_there & ~elsewhere),
        )
    elif distinct <= OF_CATEGORIES:
        wrong, wrong_there = ~elsewhere & elsewhere_there, elsewhere & ~elsewhere_there
    return differs & wrong, differs & wrong_there


def _is_outside(pair: _Pair) -> Flags:
    """The values that are numbers outside the range of all that agree; none where these are no numbers."""
    numbers = np.array([float("nan") if (number := as_number(text)) is None else number for text in pair.values])
    right = numbers[pair.agreeing > 0]
    if not np.isfinite(right).all():
        return np.zeros(len(numbers), bool)
    return ~((numbers >= right.min()) & (numbers <= right.max()))


def _is_right(pair: _Pair) -> Flags:
    """The rows (n,) in which the column agrees with the piece, or its value can be right: no other row has it."""
    is_alone = np.bincount(pair.one[pair.one >= 0], minlength=len(pair.values))[pair.one] == 1
    return pair.is_agreeing | (is_alone & ~_is_outside(pair)[pair.one])


def _share(pair: _Pair) -> float:
    """Of the rows in which neither side shows to be wrong, the share that agrees."""
    wrong, wrong_there = _wrong_sides(pair)
    return float(pair.is_agreeing.sum() / (pair.is_known & ~wrong & ~wrong_there).sum())


def _as_written(column: Column, texts: list[str]) -> dict[str, str]:
    """How the column writes each normal form: as its most frequent value of that form."""
    ordered = sorted(range(len(texts)), key=lambda code: int(column.counts[code]))
    return {texts[code]: column.values[code] for code in ordered}


def _with_pieces(value: str, spans: list[tuple[int, int]], new: dict[int, str]) -> str:
    for number in sorted(new, reverse=True):
        start, end = spans[number]
        value = value[:start] + new[number] + value[end:]
    return value
