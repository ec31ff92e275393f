"""The model repair_rules: sampled rows come in, what a wrong value is to become goes out."""

import duckdb
import pyarrow as pa
from data_health.cleaning.repair import repair_rules
from data_health.cleaning.sampled import samples

SCHEMA = pa.schema(
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


def table(sample: duckdb.DuckDBPyRelation, columns: duckdb.DuckDBPyRelation) -> pa.Table:
    """The repair rules of every cleaning set."""
    rows = []
    for found in samples(sample, columns, "repair"):
        for rule in repair_rules(found.names, found.values, found.targets, found.settings):
            if rule.confidence >= found.settings.min_confidence:
                rows.append({"cleaning": found.cleaning, "column_name": rule.column} | vars(rule))
    return pa.Table.from_pylist(rows, SCHEMA)
