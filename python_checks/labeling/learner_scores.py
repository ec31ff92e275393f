"""The model learner_scores: rows scored by boosted trees. No SQL can apply them, so the rows come in batches."""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from data_health.components.batches import batch_rows, record_batches
from data_health.labeling.features import Scan, encoded, scans_of
from data_health.labeling.learner import Boosting, fit_boosting, probabilities
from data_health.labeling.learner_fits import Training, training_of, version_of
from data_health.output_schema import arrow_schema

COLUMNS = {
    "monitor": "varchar",
    "learner_version": "varchar",
    "row_key": "varchar",
    "feature_hash": "ubigint",
    "probabilities": "double precision[]",
}
SCHEMA = arrow_schema(COLUMNS)


class ChangedRowsError(RuntimeError):
    """What is learnt now is not what learner_fits tells of."""


@dataclass(frozen=True)
class Scorer:
    """The trees of one monitor, and how its rows become their input."""

    scan: Scan
    training: Training
    version: str
    trees: Boosting


def table(
    session: duckdb.DuckDBPyConnection,
    scans: duckdb.DuckDBPyRelation,
    labels: duckdb.DuckDBPyRelation,
    fits: duckdb.DuckDBPyRelation,
) -> pa.RecordBatchReader:
    """Every row of every monitor with `learner: boosting`, scored while they are written: one batch is in memory.

    Raises ChangedRowsError where labels or rows are not those of learner_fits any more.
    """
    learnt = fits.filter("failure is null")
    versions = dict(learnt.project("monitor, learner_version").distinct().fetchall())
    wanted = [scan for scan in scans_of(scans) if scan.learner == "boosting" and scan.monitor in versions]
    scorers = [scorer_of(session, scan, labels, versions[scan.monitor]) for scan in wanted]
    return pa.RecordBatchReader.from_batches(SCHEMA, scored_rows(session, scorers))


def scorer_of(session: duckdb.DuckDBPyConnection, scan: Scan, labels: duckdb.DuckDBPyRelation, version: str) -> Scorer:
    """The trees of learner_fits, grown again.

    Between two models of dbt only tables go, and trees in a table would be a pickle, which runs whatever code somebody
    put there. The same rows in the same order with the same seed give the same trees, which the version confirms.
    """
    training = training_of(session, scan, labels)
    trees = fit_boosting(training.matrix, training.codes, len(training.classes)) if training else None
    if training is None or trees is None or version_of(training, trees) != version:
        raise ChangedRowsError(
            f"data_health: monitor {scan.monitor}: rows or labels changed after learner_fits was built; build both "
            "learner_fits and learner_scores again: dbt build --select learner_fits+"
        )
    return Scorer(scan, training, version, trees)


def scored_rows(session: duckdb.DuckDBPyConnection, scorers: list[Scorer]) -> Iterator[pa.RecordBatch]:
    """The rows of one monitor after another, in batches of a fixed number of rows."""
    for scorer in scorers:
        names = ", ".join(f"feature_{feature.number}" for feature in scorer.scan.features)
        # of a key that is there twice every row has its own score: labeling_rows finds it by the same hash
        rows = session.sql(f"select row_key, hash({names}) as feature_hash, {names} from ({scorer.scan.rows_sql})")
        for batch in record_batches(rows, batch_rows(len(scorer.training.terms))):
            yield scored(scorer, batch)


def scored(scorer: Scorer, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Calibrated probabilities of a batch (n rows), for each row a list of as many as there are classes (K)."""
    matrix = encoded(scorer.training.terms, pa.Table.from_batches([batch]))
    found = probabilities(scorer.trees, matrix)
    n, k = found.shape
    return pa.RecordBatch.from_pydict(
        {
            "monitor": [scorer.scan.monitor] * n,
            "learner_version": [scorer.version] * n,
            "row_key": batch["row_key"],
            "feature_hash": batch["feature_hash"],
            "probabilities": pa.ListArray.from_arrays(np.arange(0, n * k + 1, k, dtype=np.int32), found.reshape(-1)),
        },
        schema=SCHEMA,
    )
