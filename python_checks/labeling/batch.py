"""Which rows of a shortlist differ most, for the model labeling_batch: clusters of uncertain or of typical rows."""

import duckdb
import numpy as np
import pyarrow as pa

from python_checks.labeling.fits import Scan, encoded, examples, literal, sampled_rows, scans_of, terms_of
from python_checks.labeling.selection import clustered_margin, principal_points, typical

SEED = 0
BATCH = pa.schema(
    [
        ("monitor", pa.string()),
        ("row_key", pa.string()),
        ("place", pa.int64()),
        ("cluster", pa.int64()),
    ]
)


def batch_table(
    session: duckdb.DuckDBPyConnection,
    scans: duckdb.DuckDBPyRelation,
    labels: duckdb.DuckDBPyRelation,
    shortlist: duckdb.DuckDBPyRelation,
) -> pa.Table:
    """What the model labeling_batch holds: the rows that are chosen because they differ, best first, with clusters."""
    chosen = [chosen_rows(session, scan, labels, shortlist) for scan in scans_of(scans)]
    return pa.concat_tables([BATCH.empty_table(), *(table for table in chosen if table is not None)])


def chosen_rows(
    session: duckdb.DuckDBPyConnection,
    scan: Scan,
    labels: duckdb.DuckDBPyRelation,
    shortlist: duckdb.DuckDBPyRelation,
) -> pa.Table | None:
    """The rows of one monitor; None where no strategy asks for clusters."""
    own = shortlist.filter(f"monitor = {literal(scan.monitor)}")
    asked_otherwise = own.filter("priority < 6").count("*").fetchall()[0][0]
    listed = own.filter("priority = 6 and strategy in ('clustered_margin', 'typical')")
    listed = listed.project("row_key as listed_key, strategy, margin, slot_count").set_alias("listed")
    rows = session.sql(scan.rows_sql).set_alias("own_rows").join(listed, "own_rows.row_key = listed.listed_key")
    rows = rows.order("random_number, row_key").to_arrow_table()
    if not rows.num_rows:
        return None
    count = rows["slot_count"][0].as_py() - asked_otherwise
    terms = terms_of(scan.features, sampled_rows(session, scan))
    ties = rows["random_number"].to_numpy()
    if rows["strategy"][0].as_py() == "typical":
        known = examples(session, scan, labels)
        all_ties = np.concatenate([ties, known["random_number"].to_numpy()])
        places = principal_points(np.vstack([encoded(terms, rows), encoded(terms, known)]), all_ties)
        order, clusters = typical(places[: rows.num_rows], places[rows.num_rows :], count, SEED, ties)
    else:
        margins = rows["margin"].to_numpy()
        order, clusters = clustered_margin(margins, principal_points(encoded(terms, rows), ties), ties, count, SEED)
    return pa.Table.from_pydict(
        {
            "monitor": [scan.monitor] * len(order),
            "row_key": rows["row_key"].take(pa.array(order)),
            "place": np.arange(1, len(order) + 1),
            "cluster": clusters,
        },
        schema=BATCH,
    )
