"""The model label_issues: probabilities of labels come in, labels that are likely wrong go out."""

import itertools

import duckdb
import numpy as np
import pyarrow as pa
from data_health.labeling.quality import LabelIssues, expected_precision, label_issues
from data_health.output_schema import arrow_schema

COLUMNS = {
    "monitor": "varchar",
    "row_key": "varchar",
    "rank": "bigint",
    "given_label": "varchar",
    "suggested_label": "varchar",
    "given_probability": "double precision",
    "is_issue": "boolean",
    "expected_precision": "double precision",
    "expected_precision_lower": "double precision",
    "expected_precision_upper": "double precision",
    "ranked_by": "varchar",
}
SCHEMA = arrow_schema(COLUMNS)


def table(probabilities: duckdb.DuckDBPyRelation, verdicts: duckdb.DuckDBPyRelation) -> pa.Table:
    """Labelled rows whose label is not the likeliest, the most doubtful first."""
    rows = probabilities.order("monitor, row_key, label").fetchall()
    second_looks = verdicts.project("monitor, row_key, given_label, is_error").order("all").fetchall()
    lines: list[dict[str, object]] = []
    for monitor, of_monitor in itertools.groupby(rows, lambda row: row[0]):
        own = {(key, label): is_error for name, key, label, is_error in second_looks if name == monitor}
        lines += doubtful_labels(monitor, list(of_monitor), own)
    return pa.Table.from_pylist(lines, SCHEMA)


def doubtful_labels(
    monitor: str, rows: list[tuple[str, str, str, str, float]], verdicts: dict[tuple[str, str], bool]
) -> list[dict[str, object]]:
    """The queue of one monitor, of rows (monitor, row_key, given_label, label, probability) in order.

    A label that the model does not know is not doubted; what was looked at again is not queued once more.
    """
    labels = sorted({row[3] for row in rows})
    known = {key: given for _, key, given, _, _ in rows if given in labels}
    keys = sorted(known)
    places = {key: place for place, key in enumerate(keys)}
    matrix = np.full((len(keys), len(labels)), np.nan)
    for _, key, _, label, probability in rows:
        if key in places:
            matrix[places[key], labels.index(label)] = probability
    codes = np.array([labels.index(known[key]) for key in keys], np.int64)
    if len(labels) < 2 or not len(keys):
        return []
    found = label_issues(matrix, codes)
    looked_at = [
        (score_of(found, matrix[places[key]], labels.index(label)), is_error)
        for (key, label), is_error in verdicts.items()
        if key in places and label in labels
    ]
    scores = np.array([score for score, _ in looked_at], np.float64)
    errors = np.array([is_error for _, is_error in looked_at], np.bool_)
    queue = [int(place) for place in found.queue if (keys[place], known[keys[place]]) not in verdicts]
    expected = expected_precision(scores, errors, found.scores[queue])
    return [
        {
            "monitor": monitor,
            "row_key": keys[place],
            "rank": rank + 1,
            "given_label": known[keys[place]],
            "suggested_label": labels[found.suggested[place]],
            "given_probability": found.self_confidence[place],
            "is_issue": bool(found.is_issue[place]),
            "expected_precision": expected[0][rank],
            "expected_precision_lower": expected[1][rank],
            "expected_precision_upper": expected[2][rank],
            "ranked_by": found.ranked_by,
        }
        for rank, place in enumerate(queue)
    ]


def score_of(found: LabelIssues, probabilities: np.ndarray, code: int) -> float:
    """What a label that a row had before would score now, by what the queue is ranked by."""
    own = float(probabilities[code])
    if found.ranked_by == "self_confidence":
        return own
    return (own - float(np.delete(probabilities, code).max()) + 1) / 2
