"""The model labeling_batch: rows of a shortlist that differ, from clusters of uncertain or of representative rows."""

import duckdb
import numpy as np
import pyarrow as pa
from data_health.labeling.features import Scan, encoded, examples, literal, sampled_rows, scans_of, terms_of
from data_health.labeling.selection import (
    Matrix,
    Numbers,
    clustered_margin,
    is_near_duplicate,
    principal_points,
    representative,
)
from data_health.output_schema import arrow_schema
from data_health.solvers import SOLVER_ERRORS

SEED = 0
COLUMNS = {
    "monitor": "varchar",
    "row_key": "varchar",
    "rank": "bigint",
    "cluster": "bigint",
    "failure": "varchar",
}
SCHEMA = arrow_schema(COLUMNS)


def table(
    session: duckdb.DuckDBPyConnection,
    scans: duckdb.DuckDBPyRelation,
    labels: duckdb.DuckDBPyRelation,
    shortlist: duckdb.DuckDBPyRelation,
) -> pa.Table:
    """The rows that are chosen because they differ, best first, with clusters, or a row that says why not."""
    tables = [SCHEMA.empty_table()]
    for scan in scans_of(scans):
        try:
            chosen = chosen_rows(session, scan, labels, shortlist)
        except SOLVER_ERRORS as error:
            failure = f"{error}; the least certain rows are chosen, even if they are alike"
            chosen = pa.Table.from_pylist([{"monitor": scan.monitor, "failure": failure}], SCHEMA)
        tables += [] if chosen is None else [chosen]
    return pa.concat_tables(tables)


def chosen_rows(
    session: duckdb.DuckDBPyConnection,
    scan: Scan,
    labels: duckdb.DuckDBPyRelation,
    shortlist: duckdb.DuckDBPyRelation,
) -> pa.Table | None:
    """The rows of one monitor; None where no strategy asks for clusters."""
    own = shortlist.filter(f"monitor = {literal(scan.monitor)}")
    asked_otherwise = own.filter("priority < 6").count("*").fetchall()[0][0]
    listed = own.filter("priority = 6 and strategy in ('clustered_margin', 'representative')")
    listed = listed.project("row_key as listed_key, strategy, margin, slot_count").set_alias("listed")
    rows = session.sql(scan.rows_sql).set_alias("own_rows").join(listed, "own_rows.row_key = listed.listed_key")
    features = ", ".join(f"feature_{feature.number}" for feature in scan.features)
    # rows with one key are in the order of what they hold
    rows = rows.order(f"random_number, row_key, hash({features})").to_arrow_table()
    if not rows.num_rows:
        return None
    count = rows["slot_count"][0].as_py() - asked_otherwise
    terms = terms_of(scan.features, sampled_rows(session, scan))
    known = examples(session, scan, labels)
    known = known.filter(pa.compute.invert(known["is_held_out"]))
    points, known_points = encoded(terms, rows), encoded(terms, known)
    known_ties = known["random_number"].to_numpy()
    # of a row that is like one with a label there is little to learn: such rows fill what others leave
    is_known = is_near_duplicate(points, known_points)
    order, clusters = np.zeros(0, np.int64), np.zeros(0, np.int64)
    for group in (np.flatnonzero(~is_known), np.flatnonzero(is_known)):
        if len(group) and len(order) < count:
            found, numbers = different_rows(
                rows.take(pa.array(group)), points[group], known_points, known_ties, count - len(order)
            )
            clusters = np.append(clusters, numbers + clusters.max(initial=0))
            order = np.append(order, group[found])
    return pa.Table.from_pydict(
        {
            "monitor": [scan.monitor] * len(order),
            "row_key": rows["row_key"].take(pa.array(order)),
            "rank": np.arange(1, len(order) + 1),
            "cluster": clusters,
            "failure": pa.nulls(len(order), pa.string()),
        },
        schema=SCHEMA,
    )


def different_rows(
    rows: pa.Table, points: Matrix, known_points: Matrix, known_ties: Matrix, count: int
) -> tuple[Numbers, Numbers]:
    """Up to `count` of the rows, best first, and their clusters, by the strategy that the shortlist names.

    `points` (m × d) are the rows as a matrix, `known_points` (l × d) those with a label, `known_ties` (l) their
    random numbers.
    """
    ties = rows["random_number"].to_numpy()
    if rows["strategy"][0].as_py() == "representative":
        places = principal_points(np.vstack([points, known_points]), np.concatenate([ties, known_ties]))
        return representative(places[: rows.num_rows], places[rows.num_rows :], count, SEED, ties)
    margins = rows["margin"].to_numpy()
    # a row without a probability, such as one whose score is missing or above 1, counts as certain
    margins = np.where(np.isnan(margins), 1.0, margins)
    return clustered_margin(margins, principal_points(points, ties), ties, count, SEED)
