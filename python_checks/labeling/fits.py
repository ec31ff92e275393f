"""The built-in learners inside dbt: labelled rows come in, coefficients and out-of-fold probabilities go out."""

import hashlib
from collections import Counter
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from data_health.components.scans import grid_of
from data_health.labeling.learner import Boosting, Learner, fit_boosting, fit_learner

Matrix = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]

# labelled rows that are learnt from, and rows that averages and levels are taken from: those with the smallest numbers
MOST_EXAMPLES = 20_000
SAMPLED_ROWS = 20_000
# a level is worth a coefficient from so many rows on, and a column has at most so many
LEAST_LEVEL_ROWS = 20
MOST_LEVELS = 50
# beyond so many deviations a number is an accident: it counts as that far away
LARGEST_DEVIATION = 8.0
LEAST_EXAMPLES_PER_LABEL = 5
LEARNERS = {"logistic_regression": fit_learner, "boosting": fit_boosting}
FITS = pa.schema(
    [
        ("monitor", pa.string()),
        ("learner_version", pa.string()),
        ("class_number", pa.int32()),
        ("label", pa.string()),
        ("term_number", pa.int32()),
        ("feature_number", pa.int32()),
        ("column_name", pa.string()),
        ("term", pa.string()),
        ("level", pa.string()),
        ("centre", pa.float64()),
        ("scale", pa.float64()),
        ("coefficient", pa.float64()),
        ("row_key", pa.string()),
        ("given_label", pa.string()),
        ("probability", pa.float64()),
    ]
)


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


@dataclass(frozen=True)
class Training:
    """What is learnt from: `matrix` (n × d) and `codes` (n) of labelled rows, in an order that their content gives.

    `codes` number `classes`, `terms` describe the columns, and `keys` and `given` (n) are the rows' keys and labels.
    """

    classes: list[str]
    terms: list[Term]
    keys: list[str]
    given: list[str]
    matrix: Matrix
    codes: Numbers


def scans_of(scans: duckdb.DuckDBPyRelation) -> list[Scan]:
    """The monitors of the model labeling_scans, in order."""
    result = []
    heads = scans.project("monitor, learner, rows_sql").distinct().order("monitor")
    features = scans.project("monitor, feature_number, column_name, is_number").order("feature_number").fetchall()
    for monitor, learner, rows_sql in heads.fetchall():
        own = [Feature(*feature) for name, *feature in features if name == monitor]
        result.append(Scan(monitor, learner, rows_sql, own))
    return result


def fits_table(
    session: duckdb.DuckDBPyConnection, scans: duckdb.DuckDBPyRelation, labels: duckdb.DuckDBPyRelation
) -> pa.Table:
    """What the model learner_fits holds: a row per class and term, and one per class and labelled row."""
    lines: list[dict[str, object]] = []
    for scan in scans_of(scans):
        if scan.learner in LEARNERS:
            lines += fitted(session, scan, labels)
    return pa.Table.from_pylist(lines, FITS)


def fitted(session: duckdb.DuckDBPyConnection, scan: Scan, labels: duckdb.DuckDBPyRelation) -> list[dict[str, object]]:
    """The lines of one monitor; none while there is nothing to learn."""
    training = training_of(session, scan, labels)
    if training is None:
        return []
    learner = LEARNERS[scan.learner](training.matrix, training.codes, len(training.classes))
    version = version_of(training, learner)
    lines = coefficient_lines(training, learner) if isinstance(learner, Learner) else []
    lines += probability_lines(training, learner)
    return [{"monitor": scan.monitor, "learner_version": version} | line for line in lines]


def training_of(session: duckdb.DuckDBPyConnection, scan: Scan, labels: duckdb.DuckDBPyRelation) -> Training | None:
    """The labelled rows of one monitor; None while there are too few labels of two kinds, or no column varies."""
    rows = examples(session, scan, labels)
    counts = Counter(rows["label"].to_pylist())
    classes = sorted(label for label, count in counts.items() if count >= LEAST_EXAMPLES_PER_LABEL)
    terms = terms_of(scan.features, sampled_rows(session, scan)) if len(classes) > 1 else []
    if not terms:
        return None
    rows = rows.filter(pa.compute.is_in(rows["label"], pa.array(classes)))
    given = rows["label"].to_pylist()
    codes = np.array([classes.index(label) for label in given])
    return Training(classes, terms, rows["row_key"].to_pylist(), given, encoded(terms, rows), codes)


def examples(session: duckdb.DuckDBPyConnection, scan: Scan, labels: duckdb.DuckDBPyRelation) -> pa.Table:
    """Labelled rows in the order of their numbers; what people answered counts before the table's own label."""
    rows = session.sql(scan.rows_sql).set_alias("own_rows")
    answers = labels.filter("label is not null").project("monitor, row_key as answered_key, label as answer")
    answers = answers.filter(f"monitor = {literal(scan.monitor)}").set_alias("answers")
    joined = rows.join(answers, "own_rows.row_key = answers.answered_key", how="left")
    features = ", ".join(f"feature_{feature.number}" for feature in scan.features)
    labelled = joined.project(f"row_key, random_number, coalesce(answer, label) as label, {features}")
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


def version_of(training: Training, learner: Learner | Boosting) -> str:
    """A hash of the coefficients and what they stand for; trees are told by the rows that they grew from."""
    terms = [(term.feature.name, term.kind, term.level, term.centre, term.scale) for term in training.terms]
    digest = hashlib.md5(repr([training.classes, terms]).encode(), usedforsecurity=False)
    if isinstance(learner, Learner):
        digest.update(np.column_stack([learner.intercepts, learner.coefficients]).tobytes())
    else:
        for numbers in (training.matrix, training.codes, learner.out_of_fold):
            digest.update(numbers.tobytes())
    return digest.hexdigest()[:12]


def coefficient_lines(training: Training, learner: Learner) -> list[dict[str, object]]:
    """Coefficients of every class as lines of the table; term 0 is the intercept."""
    lines: list[dict[str, object]] = []
    for number, label in enumerate(training.classes):
        common = {"class_number": number + 1, "label": label}
        lines.append(common | {"term_number": 0, "term": "intercept", "coefficient": learner.intercepts[number]})
        for place, term in enumerate(training.terms):
            lines.append(
                common
                | {
                    "term_number": place + 1,
                    "feature_number": term.feature.number,
                    "column_name": term.feature.name,
                    "term": term.kind,
                    "level": term.level,
                    "centre": term.centre,
                    "scale": term.scale,
                    "coefficient": learner.coefficients[number, place],
                }
            )
    return lines


def probability_lines(training: Training, learner: Learner | Boosting) -> list[dict[str, object]]:
    """Out-of-fold probabilities of every class and labelled row as lines of the table."""
    return [
        {
            "class_number": number + 1,
            "label": label,
            "row_key": key,
            "given_label": training.given[place],
            "probability": learner.out_of_fold[place, number],
        }
        for number, label in enumerate(training.classes)
        for place, key in enumerate(training.keys)
    ]
