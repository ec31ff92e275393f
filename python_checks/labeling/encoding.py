"""A table as a matrix: what the models of labeling compute in SQL, for arrays in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Column = pa.Array | pa.ChunkedArray | NDArray | Sequence

# rows that a level of a category needs to have a column of its own
LEAST_LEVEL_ROWS = 20
# deviations from the mean beyond which a number says no more than that it is far out
FARTHEST = 10.0
MISSING_LEVEL = "(null)"


@dataclass(frozen=True)
class Encoding:
    """A matrix (n × d, finite) and the names of its d columns: `age`, `age is missing`, `sex = Female`."""

    matrix: Matrix
    names: tuple[str, ...]


def standardised_and_one_hot(
    numbers: Mapping[str, Column], categories: Mapping[str, Column], least_rows: int = LEAST_LEVEL_ROWS
) -> Encoding:
    """Encode columns of equal length n, numbers first, each in the order given.

    A number becomes (x − mean)/sd over all rows given (population sd), at most ten deviations from 0; what is missing
    (null, NaN, ±inf) becomes 0, and 1 in a column beside that exists when something is missing. A number that does not
    vary has no column. A category has a column of 0 and 1 for every level of at least `least_rows` rows, in order of
    their names; missing is a level.

    Raises ValueError when the columns differ in length, or numbers are not numeric.
    """
    columns: list[tuple[str, Matrix]] = []
    for name, values in numbers.items():
        columns += _number_columns(name, values)
    for name, values in categories.items():
        columns += _level_columns(name, values, least_rows)
    lengths = {name: len(values) for name, values in (*numbers.items(), *categories.items())}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"columns differ in length: {lengths}")
    rows = next(iter(lengths.values()), 0)
    matrix = np.column_stack([column for _, column in columns]) if columns else np.zeros((rows, 0))
    return Encoding(np.ascontiguousarray(matrix, np.float64), tuple(name for name, _ in columns))


def _number_columns(name: str, values: Column) -> list[tuple[str, Matrix]]:
    array = values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values)
    if array.null_count == len(array):
        numbers = np.full(len(array), np.nan)
    elif pa.types.is_integer(array.type) or pa.types.is_floating(array.type) or pa.types.is_boolean(array.type):
        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks()
        if pa.types.is_boolean(array.type):
            array = array.cast(pa.int8())
        numbers = array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    else:
        raise ValueError(f"{name} is not numeric: {array.type}")
    is_there = np.isfinite(numbers)
    found: list[tuple[str, Matrix]] = []
    # the mean of a constant may be off by a rounding, and its deviation is then not quite zero
    if is_there.any() and np.ptp(numbers[is_there]) > 0:
        centre, spread = numbers[is_there].mean(), numbers[is_there].std()
        deviations = np.where(is_there, (np.where(is_there, numbers, centre) - centre) / spread, 0.0)
        found.append((name, np.clip(deviations, -FARTHEST, FARTHEST)))
    if not is_there.all() and is_there.any():
        found.append((f"{name} is missing", (~is_there).astype(np.float64)))
    return found


def _level_columns(name: str, values: Column, least_rows: int) -> list[tuple[str, Matrix]]:
    given = values.to_pylist() if isinstance(values, pa.Array | pa.ChunkedArray) else list(values)
    texts = np.array([MISSING_LEVEL if value is None else str(value) for value in given], dtype=object)
    levels, codes, counts = np.unique(texts.astype(str), return_inverse=True, return_counts=True)
    return [
        (f"{name} = {level}", (codes == code).astype(np.float64))
        for code, (level, count) in enumerate(zip(levels, counts, strict=True))
        if count >= least_rows and count < len(texts)
    ]
