"""The model labeling_curves: labelled rows and batches come in, learning curves and a verdict go out."""

import duckdb
import numpy as np
import pyarrow as pa
from data_health.labeling.features import encoded, examples, sampled_rows, scans_of, terms_of
from data_health.labeling.learner import boosted
from data_health.labeling.progress import learning_curve, regression, verdict
from data_health.output_schema import arrow_schema

COLUMNS = {
    "monitor": "varchar",
    "batch": "bigint",
    "label_count": "bigint",
    "score": "double precision",
    "score_error": "double precision",
    "status": "varchar",
    "reason": "varchar",
    "gain": "double precision",
    "gain_error": "double precision",
}
SCHEMA = arrow_schema(COLUMNS)


def table(
    session: duckdb.DuckDBPyConnection,
    scans: duckdb.DuckDBPyRelation,
    labels: duckdb.DuckDBPyRelation,
    candidates: duckdb.DuckDBPyRelation,
) -> pa.Table:
    """A point per batch, and a row without batch that says whether it helps.

    A row that nobody was asked for belongs to batch 0; one that was asked twice, to the first batch.
    """
    lines: list[dict[str, object]] = []
    asked = candidates.project("monitor, row_key, strategy, batch").order("monitor, row_key, batch desc").fetchall()
    for scan in scans_of(scans):
        rows = examples(session, scan, labels)
        first = {key: (strategy, batch) for monitor, key, strategy, batch in asked if monitor == scan.monitor}
        if not rows.num_rows or not first:
            continue
        matrix = encoded(terms_of(scan.features, sampled_rows(session, scan)), rows)
        given = rows["label"].to_pylist()
        classes = sorted(set(given))
        codes = np.array([classes.index(label) for label in given], np.int64)
        origins = [first.get(key, ("", 0)) for key in rows["row_key"].to_pylist()]
        is_audit = np.array([strategy == "audit" for strategy, _ in origins], np.bool_)
        batches = np.array([batch for _, batch in origins], np.int64)
        # what a regression cannot learn would say that the labels of trees are worth nothing
        fit = boosted if scan.learner == "boosting" else regression
        for point in learning_curve(matrix, codes, is_audit, batches, len(classes), fit=fit):
            lines.append(
                {
                    "monitor": scan.monitor,
                    "batch": point.batch,
                    "label_count": point.labels,
                    "score": point.score,
                    "score_error": point.standard_error,
                }
            )
        found = verdict(matrix, codes, is_audit, batches, len(classes), fit=fit)
        numbers = {"score": found.score, "score_error": found.score_error, "gain": found.gain}
        numbers |= {"gain_error": found.gain_error}
        lines.append(
            {"monitor": scan.monitor, "label_count": len(given), "status": found.status, "reason": found.reason}
            | {name: None if np.isnan(number) else number for name, number in numbers.items()}
        )
    return pa.Table.from_pylist(lines, SCHEMA)
