"""The model learner_fits: labelled rows come in, coefficients and out-of-fold probabilities go out."""

import hashlib
from collections import Counter
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from data_health.labeling.features import (
    Matrix,
    Numbers,
    Scan,
    Term,
    encoded,
    examples,
    sampled_rows,
    scans_of,
    terms_of,
)
from data_health.labeling.learner import Boosting, Learner, fit_boosting, fit_learner, probabilities
from data_health.labeling.numeric_consensus import are_measures
from data_health.output_schema import arrow_schema
from data_health.solvers import SOLVER_ERRORS

LEAST_EXAMPLES_PER_LABEL = 5
LEARNERS = {"logistic_regression": fit_learner, "boosting": fit_boosting}
# what to do where one comes to no end
REMEDIES = {
    "logistic_regression": "list fewer features, or choose labeling: {learner: boosting}",
    "boosting": "list fewer features, or choose labeling: {learner: logistic_regression}",
}
COLUMNS = {
    "monitor": "varchar",
    "learner_version": "varchar",
    "class_number": "integer",
    "label": "varchar",
    "term_number": "integer",
    "feature_number": "integer",
    "column_name": "varchar",
    "term": "varchar",
    "level": "varchar",
    "centre": "double precision",
    "scale": "double precision",
    "coefficient": "double precision",
    "row_key": "varchar",
    "given_label": "varchar",
    "probability": "double precision",
    "failure": "varchar",
}
SCHEMA = arrow_schema(COLUMNS)


@dataclass(frozen=True)
class Training:
    """What is learnt from: `matrix` (n × d) and `codes` (n) of labelled rows, in an order that their content gives.

    `codes` number `classes`, `terms` describe the columns, and `keys` and `given` (n) are the rows' keys and labels.
    `unseen_keys`, `unseen_given` and `unseen_matrix` are those of labelled rows that an experiment holds out.
    """

    classes: list[str]
    terms: list[Term]
    keys: list[str]
    given: list[str]
    matrix: Matrix
    codes: Numbers
    unseen_keys: list[str]
    unseen_given: list[str]
    unseen_matrix: Matrix


def table(
    session: duckdb.DuckDBPyConnection, scans: duckdb.DuckDBPyRelation, labels: duckdb.DuckDBPyRelation
) -> pa.Table:
    """A row per class and term, and one per class and labelled row; one that says why of a learner without end."""
    lines: list[dict[str, object]] = []
    for scan in scans_of(scans):
        if scan.learner in LEARNERS:
            try:
                lines += fitted(session, scan, labels)
            except SOLVER_ERRORS as error:
                lines.append({"monitor": scan.monitor, "failure": f"{error}; {REMEDIES[scan.learner]}"})
    return pa.Table.from_pylist(lines, SCHEMA)


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
    """The labelled rows of one monitor; None while there are too few labels of two kinds, or no column varies.

    None, too, where the labels are a measure: they are no classes.
    """
    everything = examples(session, scan, labels)
    rows = everything.filter(pa.compute.invert(everything["is_held_out"]))
    counts = Counter(rows["label"].to_pylist())
    if are_measures(counts):
        return None
    classes = sorted(label for label, count in counts.items() if count >= LEAST_EXAMPLES_PER_LABEL)
    terms = terms_of(scan.features, sampled_rows(session, scan)) if len(classes) > 1 else []
    if not terms:
        return None
    rows = rows.filter(pa.compute.is_in(rows["label"], pa.array(classes)))
    given = rows["label"].to_pylist()
    codes = np.array([classes.index(label) for label in given])
    unseen = everything.filter(everything["is_held_out"])
    return Training(
        classes,
        terms,
        rows["row_key"].to_pylist(),
        given,
        encoded(terms, rows),
        codes,
        unseen["row_key"].to_pylist(),
        unseen["label"].to_pylist(),
        encoded(terms, unseen),
    )


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
    """Probabilities of every class and labelled row, by a model that did not see the row, as lines of the table."""
    keys, given = training.keys + training.unseen_keys, training.given + training.unseen_given
    found = np.vstack([learner.out_of_fold, probabilities(learner, training.unseen_matrix)])
    return [
        {
            "class_number": number + 1,
            "label": label,
            "row_key": key,
            "given_label": given[place],
            "probability": found[place, number],
        }
        for number, label in enumerate(training.classes)
        for place, key in enumerate(keys)
    ]
