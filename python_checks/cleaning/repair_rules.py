"""The model repair_rules: sampled rows come in, what a wrong value is to become goes out."""

import duckdb
import pyarrow as pa
from data_health.cleaning.repair import repair_rules
from data_health.cleaning.sampled import samples
from data_health.output_schema import arrow_schema

COLUMNS = {
    "cleaning": "varchar",
    "column_name": "varchar",
    "method": "varchar",
    "determinant_column": "varchar",
    "determinant_value": "varchar",
    "from_value": "varchar",
    "to_value": "varchar",
    "confidence": "double precision",
    "support": "bigint",
}
SCHEMA = arrow_schema(COLUMNS)


def table(sample: duckdb.DuckDBPyRelation, columns: duckdb.DuckDBPyRelation) -> pa.Table:
    """The repair rules of every cleaning set."""
    rows = []
    for found in samples(sample, columns, "repair"):
        for rule in repair_rules(found.names, found.values, found.targets, found.settings):
            if rule.confidence >= found.settings.min_confidence:
                rows.append({"cleaning": found.cleaning, "column_name": rule.column} | vars(rule))
    return pa.Table.from_pylist(rows, SCHEMA)
