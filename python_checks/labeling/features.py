"""The rows of a monitored table as a matrix: what labeling_scans says is read, terms that vary, rows with a label."""

from collections import Counter
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from data_health.components.scans import grid_of
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Numbers = NDArray[np.int64]

# labelled rows that are learnt from, and rows that averages and levels are taken from: those with the smallest numbers
MOST_EXAMPLES = 20_000
SAMPLED_ROWS = 20_000
# a level is worth a coefficient from so many rows on, and a column has at most so many
LEAST_LEVEL_ROWS = 20
MOST_LEVELS = 50
# beyond so many deviations a number is an accident: it counts as that far away
LARGEST_DEVIATION = 8.0


@dataclass(frozen=True)
class Feature:
    """A column of the table, as labeling_scans describes it."""

    number: int
    name: str
    is_number: bool


@dataclass(frozen=True)
class Term:
    """A column of the matrix: a `number` standardised, whether it is `missing`, or whether a text is this `level`."""

    feature: Feature
    kind: str
    level: str | None = None
    centre: float | None = None
    scale: float | None = None


@dataclass(frozen=True)
class Scan:
    """What is read of one monitor."""

    monitor: str
    learner: str
    rows_sql: str
    features: list[Feature]


def scans_of(scans: duckdb.DuckDBPyRelation) -> list[Scan]:
    """The monitors of the model labeling_scans, in order."""
    result = []
    heads = scans.project("monitor, learner, rows_sql").distinct().order("monitor")
    features = scans.project("monitor, feature_number, column_name, is_number").order("feature_number").fetchall()
    for monitor, learner, rows_sql in heads.fetchall():
        own = [Feature(*feature) for name, *feature in features if name == monitor]
        result.append(Scan(monitor, learner, rows_sql, own))
    return result


def examples(session: duckdb.DuckDBPyConnection, scan: Scan, labels: duckdb.DuckDBPyRelation) -> pa.Table:
    """Labelled rows in the order of their numbers; what annotators answered counts before the table's own label.

    `is_held_out` says which rows an experiment compares and tests with: what chooses rows may not know their labels.
    """
    rows = session.sql(scan.rows_sql).set_alias("own_rows")
    answers = labels.filter("label is not null").project("monitor, row_key as answered_key, label as answer")
    answers = answers.filter(f"monitor = {literal(scan.monitor)}").set_alias("answers")
    joined = rows.join(answers, "own_rows.row_key = answers.answered_key", how="left")
    features = ", ".join(f"feature_{feature.number}" for feature in scan.features)
    labelled = joined.project(f"row_key, random_number, is_held_out, coalesce(answer, label) as label, {features}")
    # a key that is there twice has one number, and trees depend on the order of rows
    ordered = labelled.filter("label is not null").order(f"random_number, row_key, label, hash({features})")
    return ordered.limit(MOST_EXAMPLES).to_arrow_table()


def sampled_rows(session: duckdb.DuckDBPyConnection, scan: Scan) -> pa.Table:
    """Rows that averages and levels are taken from, labelled or not."""
    features = ", ".join(f"feature_{feature.number}" for feature in scan.features)
    order = f"random_number, row_key, hash({features}) limit {SAMPLED_ROWS}"
    return session.sql(f"select {features} from ({scan.rows_sql}) order by {order}").to_arrow_table()


def literal(text: str) -> str:
    """A text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def terms_of(features: list[Feature], sample: pa.Table) -> list[Term]:
    """The columns of the matrix: what varies in the sample."""
    terms: list[Term] = []
    for feature in features:
        column = sample[f"feature_{feature.number}"]
        terms += number_terms(feature, column) if feature.is_number else level_terms(feature, column)
    return terms


def number_terms(feature: Feature, column: pa.ChunkedArray) -> list[Term]:
    """A number that varies, and whether it is missing if it is at times."""
    values = column.drop_null().to_numpy().astype(np.float64)
    terms = []
    if values.size and values.min() < values.max():
        centre, scale = grid_of(values)
        terms.append(Term(feature, "number", None, centre, scale))
    if 0 < column.null_count < len(column):
        terms.append(Term(feature, "missing"))
    return terms


def level_terms(feature: Feature, column: pa.ChunkedArray) -> list[Term]:
    """The commonest levels of a text, nothing among them; what is rarer has no coefficient."""
    counts = Counter(column.to_pylist())
    common = sorted((-count, level is not None, level or "") for level, count in counts.items())
    levels = [level if is_text else None for count, is_text, level in common if -count >= LEAST_LEVEL_ROWS]
    return [Term(feature, "level", level) for level in levels[:MOST_LEVELS]] if len(counts) > 1 else []


def encoded(terms: list[Term], rows: pa.Table) -> Matrix:
    """Rows as a matrix (rows × terms); a missing number is at the centre."""
    result = np.empty((rows.num_rows, len(terms)))
    for place, term in enumerate(terms):
        column = rows[f"feature_{term.feature.number}"]
        if term.kind == "number":
            values = column.to_numpy().astype(np.float64)
            deviations = np.clip((values - term.centre) / term.scale, -LARGEST_DEVIATION, LARGEST_DEVIATION)
            result[:, place] = np.nan_to_num(deviations, nan=0.0)
        elif term.kind == "missing" or term.level is None:
            result[:, place] = column.is_null().to_numpy()
        else:
            result[:, place] = pa.compute.equal(column, term.level).fill_null(False).to_numpy()
    return result
