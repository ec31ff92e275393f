"""The model wide_batches: what a run reads of tables too wide for SQL, in Arrow batches.

Of up to 2,000 columns the sums that are new in wide_products, of more the loadings of every reference.
"""

import itertools

import duckdb
import pyarrow as pa
from data_health.components.component_fits import LOADINGS
from data_health.components.scans import PRODUCTS, relation_of, scanned_rows, scans_of
from data_health.components.wide_references import RANDOMIZED_LOADINGS, loadings_of_references
from data_health.output_schema import arrow_schema, of_kind

COLUMNS = {"kind": "varchar"} | PRODUCTS | LOADINGS
SCHEMA = arrow_schema(COLUMNS)


def wide_batches(
    session: duckdb.DuckDBPyConnection,
    scans: duckdb.DuckDBPyRelation,
    dataset_periods: duckdb.DuckDBPyRelation,
    settings: duckdb.DuckDBPyRelation,
    this: str,
) -> pa.RecordBatchReader:
    """The rows of both kinds, the sums read while they are written: those of one scan are in memory."""
    wanted = scans_of(scans)
    loadings = loadings_of_references(session, wanted, dataset_periods, settings, stored_loadings(session, this))
    products = (of_kind("products", batch, SCHEMA) for batch in scanned_rows(session, wanted))
    # the first scan is read now: inside of the statement that writes its rows, DuckDB would have a thread less for it
    first = list(itertools.islice(products, 1))
    tables = itertools.chain([of_kind("loading", loadings, SCHEMA)], first, products)
    return pa.RecordBatchReader.from_batches(SCHEMA, (batch for table in tables for batch in table.to_batches()))


def stored_loadings(session: duckdb.DuckDBPyConnection, this: str) -> duckdb.DuckDBPyRelation | None:
    """The loadings that the run before kept; an older release had them in a table of their own."""
    stored = relation_of(session, this)
    if stored is not None and "kind" in stored.columns:
        return stored.filter("kind = 'loading'").project(", ".join(RANDOMIZED_LOADINGS.names))
    return relation_of(session, this.replace("wide_batches", "randomized_loadings"))
