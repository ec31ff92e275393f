"""The model label_posteriors: answers of several annotators come in, the probability of each label goes out."""

import itertools

import duckdb
import numpy as np
import pyarrow as pa
from data_health.labeling.consensus import Answers, dawid_skene
from data_health.output_schema import arrow_schema
from data_health.solvers import SOLVER_ERRORS

COLUMNS = {
    "monitor": "varchar",
    "row_key": "varchar",
    "label": "varchar",
    "probability": "double precision",
    "failure": "varchar",
}
SCHEMA = arrow_schema(COLUMNS)
# what is less likely is not worth a row
LEAST_PROBABILITY = 1e-6


def table(answers: duckdb.DuckDBPyRelation) -> pa.Table:
    """The probability of every label that an answered row may have.

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
            found += probabilities(list(its_rows))
        except SOLVER_ERRORS as error:
            found.append({"monitor": monitor, "failure": f"{error}; the majority of the annotations decides"})
    return pa.Table.from_pylist(found, SCHEMA)


def probabilities(rows: list[tuple[str, str, bool, str, str]]) -> list[dict[str, object]]:
    """The same for the answers of one monitor: (monitor, row_key, is_gold, annotator, label) in order."""
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
    posterior = dawid_skene(Answers(items, annotators, answered, gold, len(names), len(labels))).posterior
    likely = np.argwhere(posterior >= LEAST_PROBABILITY)
    return [
        {
            "monitor": rows[0][0],
            "row_key": keys[item],
            "label": labels[label],
            "probability": float(posterior[item, label]),
        }
        for item, label in likely
    ]
