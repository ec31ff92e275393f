"""The sampled rows of cleaning sets as arrays of text; in the warehouse a row per cell."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import duckdb
import numpy as np
from data_health.cleaning.settings import DEFAULTS, Settings
from numpy.typing import NDArray


@dataclass(frozen=True)
class Sample:
    """The sampled rows of one cleaning set: `values` (n, one per name) are texts or None."""

    cleaning: str
    names: list[str]
    values: NDArray[np.object_]
    typed: list[str]
    targets: list[str]
    settings: Settings


def samples(sample: duckdb.DuckDBPyRelation, columns: duckdb.DuckDBPyRelation, purpose: str) -> Iterator[Sample]:
    """The samples for a purpose, `repair` or `suggest`, from the models cleaning_sample and cleaning_sample_columns."""
    known: dict[str, list[tuple]] = {}
    settings = columns.project("purpose, cleaning, column_name, is_text, is_repaired, min_confidence")
    for of_purpose, cleaning, *column in settings.order("cleaning, column_name").fetchall():
        if of_purpose == purpose:
            known.setdefault(cleaning, []).append(tuple(column))
    for cleaning, rows in known.items():
        names, is_text, is_repaired, confidences = (list(part) for part in zip(*rows, strict=True))
        position = {name: number for number, name in enumerate(names)}
        # names of cleaning sets have no quotes
        cells = sample.filter(f"purpose = '{purpose}' and cleaning = '{cleaning}' and row_number is not null")
        cells = cells.project("row_number, column_name, value").fetchall()
        values = np.full((max((row for row, _, _ in cells), default=0), len(names)), None, dtype=object)
        for row, name, value in cells:
            values[row - 1, position[name]] = value
        yield Sample(
            cleaning,
            names,
            values,
            typed=[name for name, flag in zip(names, is_text, strict=True) if not flag],
            targets=[name for name, flag in zip(names, is_repaired, strict=True) if flag],
            settings=replace(DEFAULTS, min_confidence=confidences[0] or DEFAULTS.min_confidence),
        )
