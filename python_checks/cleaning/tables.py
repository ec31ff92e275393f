"""Between dbt's Python models and the arrays: samples come in long, rules go out as Arrow tables."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import duckdb
import numpy as np
import pyarrow as pa
from data_health.cleaning.counted import counted_columns
from data_health.cleaning.repair import repair_rules
from data_health.cleaning.settings import DEFAULTS, Settings
from data_health.cleaning.suggestions import suggested_rules
from numpy.typing import NDArray

REPAIR_RULES = pa.schema(
    [
        ("cleaning", pa.string()),
        ("column_name", pa.string()),
        ("method", pa.string()),
        ("determinant_column", pa.string()),
        ("determinant_value", pa.string()),
        ("from_value", pa.string()),
        ("to_value", pa.string()),
        ("confidence", pa.float64()),
        ("support", pa.int64()),
    ]
)
SUGGESTED_RULES = pa.schema(
    [
        ("cleaning", pa.string()),
        ("rule_number", pa.int64()),
        ("column_name", pa.string()),
        ("kind", pa.string()),
        ("rule", pa.string()),
        ("evidence", pa.string()),
        ("sampled_count", pa.int64()),
        ("affected_count", pa.int64()),
    ]
)


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
        cells = sample.filter(f"purpose = '{purpose}' and cleaning = '{cleaning}'")
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


def repair_rules_table(sample: duckdb.DuckDBPyRelation, columns: duckdb.DuckDBPyRelation) -> pa.Table:
    """The repair rules of every cleaning set, as the model repair_rules stores them."""
    rows = []
    for found in samples(sample, columns, "repair"):
        for rule in repair_rules(found.names, found.values, found.targets, found.settings):
            if rule.confidence >= found.settings.min_confidence:
                rows.append({"cleaning": found.cleaning, "column_name": rule.column} | vars(rule))
    return pa.Table.from_pylist(rows, REPAIR_RULES)


def suggested_rules_table(
    sample: duckdb.DuckDBPyRelation, columns: duckdb.DuckDBPyRelation, value_counts: duckdb.DuckDBPyRelation
) -> pa.Table:
    """
    The suggestions for every cleaning set, in the order in which the rules are to run; with the counts of the model
    cleaning_value_counts where a monitor has counted a column.
    """
    names = "cleaning, monitor, column_name, bin_type, category, minimum, maximum, row_count"
    counted = counted_columns(value_counts.project(names).order(names).fetchall())
    rows = []
    for found in samples(sample, columns, "suggest"):
        of_set = {name: column for (cleaning, name), column in counted.items() if cleaning == found.cleaning}
        suggestions = suggested_rules(found.names, found.values, found.typed, found.settings, of_set)
        for number, item in enumerate(suggestions, 1):
            rows.append(
                {
                    "cleaning": found.cleaning,
                    "rule_number": number,
                    "column_name": item.column,
                    "kind": item.kind,
                    "rule": item.as_yaml(),
                    "evidence": item.evidence,
                    "sampled_count": item.looked_at or len(found.values),
                    "affected_count": item.affected,
                }
            )
    return pa.Table.from_pylist(rows, SUGGESTED_RULES)
