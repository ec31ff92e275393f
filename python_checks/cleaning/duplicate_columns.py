"""Columns that say the same as another."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from data_health.cleaning.numbers import as_number
from data_health.cleaning.profile import Suggestion
from data_health.cleaning.rewriting import BLANKS
from numpy.typing import NDArray

MIN_TELLING_ROWS, MOST_DIGITS = 20, 15


def duplicate_columns(names: Sequence[str], values: NDArray[np.object_]) -> list[tuple[int, int, bool]]:
    """
    Of a table of texts (n, one column per name, None or '' for missing) the columns whose values are in all rows those
    of an earlier column, as (column, earlier column, are they written alike?). Compared without capital letters, blanks
    and forms of a number. At least 20 rows must differ from the most frequent value: nearly constant columns are equal
    by chance.
    """
    first: dict[int, int] = {}
    found = []
    for number in range(len(names)):
        plain = _plain_column(values[:, number])
        rows = Counter(plain)
        if len(rows.keys() - {""}) < 2 or len(plain) - max(rows.values()) < MIN_TELLING_ROWS:
            continue
        earlier = first.setdefault(hash(plain), number)
        if earlier != number and plain == _plain_column(values[:, earlier]):
            is_alike = all(
                (one or "") == (other or "") for one, other in zip(values[:, earlier], values[:, number], strict=True)
            )
            found.append((number, earlier, is_alike))
    return found


def duplicate_questions(
    names: Sequence[str], row_count: int, found: Sequence[tuple[int, int, bool]]
) -> Iterator[Suggestion]:
    """A question for each column that is a duplicate."""
    for column, earlier, is_alike in found:
        written = "" if is_alike else ", but for capital letters, blanks or the form of numbers"
        question = (
            f"the values are those of {names[earlier]} in all {row_count} rows{written}. Is one of the two enough?"
        )
        yield Suggestion(names[column], "question", None, question, row_count)


def _plain_column(values: NDArray[np.object_]) -> tuple[str, ...]:
    forms = {value: _plain(value) for value in set(values) if value}
    return tuple(forms[value] if value else "" for value in values)


def _plain(value: str) -> str:
    text = BLANKS.sub(" ", value).strip().lower()
    number = as_number(text) if len(text) <= MOST_DIGITS else None
    return text if number is None else repr(number)
