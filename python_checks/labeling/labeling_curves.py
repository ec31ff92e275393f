"""The model labeling_curves: labelled rows and batches come in, learning curves and a verdict go out."""

import duckdb
import numpy as np
import pyarrow as pa
from data_health.labeling.experiment import arms_of, verdict, without_experiment
from data_health.labeling.features import encoded, examples, sampled_rows, scans_of, terms_of
from data_health.labeling.learner import boosted
from data_health.labeling.numeric_consensus import are_measures
from data_health.labeling.progress import learning_curve, regression
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
    "gain_lower": "double precision",
    "gain_upper": "double precision",
    "detectable_gain": "double precision",
    "compared_count": "bigint",
    "tested_count": "bigint",
}
SCHEMA = arrow_schema(COLUMNS)
MEASURES = "the labels are numbers, of which no model of labels is made"
NUMBERS = ("gain", "gain_error", "gain_lower", "gain_upper", "detectable_gain")


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
    asked = (
        candidates.project("monitor, row_key, strategy, batch, arm").order("monitor, row_key, batch desc").fetchall()
    )
    for scan in scans_of(scans):
        rows = examples(session, scan, labels)
        first = {key: origin for monitor, key, *origin in asked if monitor == scan.monitor}
        if not rows.num_rows or not first:
            continue
        if are_measures(rows["label"].to_pylist()):
            lines.append(
                {
                    "monitor": scan.monitor,
                    "label_count": rows.num_rows,
                    "status": "insufficient_data",
                    "reason": MEASURES,
                }
            )
            continue
        matrix = encoded(terms_of(scan.features, sampled_rows(session, scan)), rows)
        given = rows["label"].to_pylist()
        classes = sorted(set(given))
        codes = np.array([classes.index(label) for label in given], np.int64)
        origins = [first.get(key, ["", 0, None]) for key in rows["row_key"].to_pylist()]
        strategies, arms = (np.array([origin[place] or "" for origin in origins], object) for place in (0, 2))
        is_audit = strategies == "audit"
        batches = np.array([batch for _, batch, _ in origins], np.int64)
        # what a regression cannot learn would say that the labels of trees are worth nothing
        fit = boosted if scan.learner == "boosting" else regression
        points = learning_curve(matrix, codes, is_audit, batches, len(classes), fit=fit)
        for point in points:
            lines.append(
                {
                    "monitor": scan.monitor,
                    "batch": point.batch,
                    "label_count": point.labels,
                    "score": point.score,
                    "score_error": point.standard_error,
                }
            )
        parts = arms_of(strategies, arms, batches)
        if parts is None:
            found = without_experiment(len(given))
        else:
            found = verdict(matrix, codes, parts, len(classes), fit=fit)
        numbers = {name: getattr(found, name) for name in NUMBERS}
        last = points[-1] if points else None
        lines.append(
            {
                "monitor": scan.monitor,
                "label_count": len(given),
                "score": last.score if last else None,
                "score_error": last.standard_error if last else None,
                "status": found.status,
                "reason": found.reason,
                "compared_count": found.labels if parts else None,
                "tested_count": found.tested if parts else None,
            }
            | {name: None if np.isnan(number) else number for name, number in numbers.items()}
        )
    return pa.Table.from_pylist(lines, SCHEMA)
