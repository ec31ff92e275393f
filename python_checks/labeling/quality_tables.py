"""Between dbt and the checks of labels: probabilities and counts come in as rows, doubtful labels and rates go out."""

import itertools

import duckdb
import numpy as np
import pyarrow as pa
from data_health.labeling.quality import expected_precision, label_issues, rate_finding

ISSUES = pa.schema(
    [
        ("monitor", pa.string()),
        ("row_key", pa.string()),
        ("rank", pa.int64()),
        ("given_label", pa.string()),
        ("suggested_label", pa.string()),
        ("given_probability", pa.float64()),
        ("is_issue", pa.bool_()),
        ("expected_precision", pa.float64()),
        ("expected_precision_lower", pa.float64()),
        ("expected_precision_upper", pa.float64()),
    ]
)
RATES = pa.schema(
    [
        ("monitor", pa.string()),
        ("label", pa.string()),
        ("period_start", pa.date32()),
        ("status", pa.string()),
        ("rate", pa.float64()),
        ("earlier_rate", pa.float64()),
        ("p_value", pa.float64()),
    ]
)


def issues_table(probabilities: duckdb.DuckDBPyRelation, verdicts: duckdb.DuckDBPyRelation) -> pa.Table:
    """What the model label_issues holds: labelled rows whose label is not the likeliest, the most doubtful first."""
    rows = probabilities.order("monitor, row_key, label").fetchall()
    second_looks = verdicts.project("monitor, row_key, given_label, is_error").order("all").fetchall()
    lines: list[dict[str, object]] = []
    for monitor, of_monitor in itertools.groupby(rows, lambda row: row[0]):
        own = {(key, label): is_error for name, key, label, is_error in second_looks if name == monitor}
        lines += doubtful_labels(monitor, list(of_monitor), own)
    return pa.Table.from_pylist(lines, ISSUES)


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
        (matrix[places[key], labels.index(label)], is_error)
        for (key, label), is_error in verdicts.items()
        if key in places and label in labels
    ]
    scores = np.array([score for score, _ in looked_at], np.float64)
    errors = np.array([is_error for _, is_error in looked_at], np.bool_)
    queue = [int(place) for place in found.queue if (keys[place], known[keys[place]]) not in verdicts]
    expected = expected_precision(scores, errors, found.self_confidence[queue])
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
        }
        for rank, place in enumerate(queue)
    ]


def rates_table(counts: duckdb.DuckDBPyRelation) -> pa.Table:
    """What the model label_rates holds: the rate of each label in the newest period that has labels, judged."""
    rows = counts.project("monitor, period_start, label, row_count").order("all").fetchall()
    lines: list[dict[str, object]] = []
    for monitor, of_monitor in itertools.groupby(rows, lambda row: row[0]):
        found = list(of_monitor)
        periods = sorted({period for _, period, _, _ in found})
        labels = sorted({label for _, _, label, _ in found})
        matrix = np.zeros((len(labels), len(periods)), np.int64)
        for _, period, label, count in found:
            matrix[labels.index(label), periods.index(period)] = count
        for number, label in enumerate(labels):
            finding = rate_finding(matrix[number], matrix.sum(axis=0))
            lines.append(
                {
                    "monitor": monitor,
                    "label": label,
                    "period_start": periods[-1],
                    "status": finding.status,
                    "rate": finding.rate,
                    "earlier_rate": None if np.isnan(finding.earlier_rate) else finding.earlier_rate,
                    "p_value": None if np.isnan(finding.p_value) else finding.p_value,
                }
            )
    return pa.Table.from_pylist(lines, RATES)
