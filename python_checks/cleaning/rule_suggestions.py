"""The model rule_suggestions: sampled rows and counts come in, rules that are worth writing go out."""

import duckdb
import pyarrow as pa
from data_health.cleaning.counted import counted_columns, counted_values
from data_health.cleaning.sampled import samples
from data_health.cleaning.suggestions import suggested_rules
from data_health.output_schema import arrow_schema

COLUMNS = {
    "cleaning": "varchar",
    "rule_number": "bigint",
    "column_name": "varchar",
    "kind": "varchar",
    "rule": "varchar",
    "evidence": "varchar",
    "sampled_count": "bigint",
    "affected_count": "bigint",
}
SCHEMA = arrow_schema(COLUMNS)
# the model cleaning_sample takes no more
SAMPLED_ROWS = 20_000


def table(
    sample: duckdb.DuckDBPyRelation, columns: duckdb.DuckDBPyRelation, value_counts: duckdb.DuckDBPyRelation
) -> pa.Table:
    """
    The suggestions for every cleaning set, in the order in which the rules are to run; with the counts of the model
    cleaning_value_counts where a monitor has counted a column, and of all values of columns of few values.
    """
    names = "cleaning, monitor, column_name, bin_type, category, minimum, maximum, row_count"
    of_table = sample.filter("row_count is not null").project("cleaning, column_name, value, row_count")
    counted = counted_values(of_table.fetchall()) | counted_columns(value_counts.project(names).order(names).fetchall())
    rows = []
    for found in samples(sample, columns, "suggest"):
        of_set = {name: column for (cleaning, name), column in counted.items() if cleaning == found.cleaning}
        suggestions = suggested_rules(
            found.names, found.values, found.typed, found.settings, of_set, len(found.values) < SAMPLED_ROWS
        )
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
    return pa.Table.from_pylist(rows, SCHEMA)
