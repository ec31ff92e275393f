"""The model label_posteriors: answers of several annotators come in, what they say together goes out."""

import itertools

import duckdb
import numpy as np
import pyarrow as pa
from data_health.labeling.calibration import calibrated
from data_health.labeling.consensus import Answers, dawid_skene
from data_health.labeling.numeric_consensus import are_measures, numeric_consensus
from data_health.output_schema import arrow_schema
from data_health.solvers import SOLVER_ERRORS

COLUMNS = {
    "monitor": "varchar",
    "row_key": "varchar",
    "label": "varchar",
    "probability": "double precision",
    "failure": "varchar",
    "method": "varchar",
    "is_calibrated": "boolean",
    "label_error": "double precision",
}
SCHEMA = arrow_schema(COLUMNS)
# what is less likely is not worth a row
LEAST_PROBABILITY = 1e-6


def table(answers: duckdb.DuckDBPyRelation) -> pa.Table:
    """The probability of every label that an answered row may have; of labels that are a measure, one number per row.

    Where the model of a monitor finds no end, a row says so instead: then the majority decides.
    """
    rows = (
        answers.filter("is_latest and label is not null")
        .project("monitor, row_key, is_gold, annotator, label")
        .order("monitor, row_key, is_gold, annotator")
        .fetchall()
    )
    found: list[dict[str, object]] = []
    for monitor, its_rows in itertools.groupby(rows, lambda row: row[0]):
        try:
            found += consensus(list(its_rows))
        except SOLVER_ERRORS as error:
            found.append({"monitor": monitor, "failure": f"{error}; the majority of the annotations decides"})
    return pa.Table.from_pylist(found, SCHEMA)


def consensus(rows: list[tuple[str, str, bool, str, str]]) -> list[dict[str, object]]:
    """The same for the answers of one monitor: (monitor, row_key, is_gold, annotator, label) in order."""
    return means(rows) if are_measures(row[4] for row in rows) else probabilities(rows)


def means(rows: list[tuple[str, str, bool, str, str]]) -> list[dict[str, object]]:
    """Of labels that are numbers; what is known to be right needs no mean."""
    known = {key for _, key, is_gold, _, _ in rows if is_gold}
    given = [(key, name, float(label)) for _, key, _, name, label in rows if key not in known]
    keys, names = (sorted({row[place] for row in given}) for place in (0, 1))
    places = [{value: number for number, value in enumerate(values)} for values in (keys, names)]
    items = np.array([places[0][key] for key, _, _ in given], np.int64)
    annotators = np.array([places[1][name] for _, name, _ in given], np.int64)
    found = numeric_consensus(items, annotators, np.array([number for _, _, number in given]), len(keys), len(names))
    return [
        {
            "monitor": rows[0][0],
            "row_key": key,
            "label": f"{found.values[item]:.12g}",
            "method": "robust_mean",
            "label_error": None if np.isnan(found.errors[item]) else float(found.errors[item]),
        }
        for item, key in enumerate(keys)
    ]


def probabilities(rows: list[tuple[str, str, bool, str, str]]) -> list[dict[str, object]]:
    """Of labels that are categories."""
    keys, names, labels = (sorted({row[column] for row in rows}) for column in (1, 3, 4))
    key_numbers, name_numbers, label_numbers = (
        {value: number for number, value in enumerate(values)} for values in (keys, names, labels)
    )
    gold = np.full(len(keys), -1)
    for _, key, is_gold, _, label in rows:
        if is_gold:
            gold[key_numbers[key]] = label_numbers[label]
    given = [
        (key_numbers[key], name_numbers[name], label_numbers[label])
        for _, key, is_gold, name, label in rows
        if not is_gold
    ]
    items, annotators, answered = np.array(given, np.int64).reshape(-1, 3).T
    answers = Answers(items, annotators, answered, gold, len(names), len(labels))
    posterior, is_calibrated = calibrated(answers, dawid_skene(answers))
    likely = np.argwhere(posterior >= LEAST_PROBABILITY)
    return [
        {
            "monitor": rows[0][0],
            "row_key": keys[item],
            "label": labels[label],
            "probability": float(posterior[item, label]),
            "method": "dawid_skene",
            "is_calibrated": is_calibrated,
        }
        for item, label in likely
    ]
