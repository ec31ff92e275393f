"""The model label_rates: counts of labels by period come in, the rate of each label in the newest is judged."""

import itertools

import duckdb
import numpy as np
import pyarrow as pa
from data_health.labeling.quality import rate_finding
from data_health.output_schema import arrow_schema

COLUMNS = {
    "monitor": "varchar",
    "label": "varchar",
    "period_start": "date",
    "status": "varchar",
    "rate": "double precision",
    "earlier_rate": "double precision",
    "p_value": "double precision",
}
SCHEMA = arrow_schema(COLUMNS)


def table(counts: duckdb.DuckDBPyRelation) -> pa.Table:
    """The rate of each label in the newest period that has labels, judged."""
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
    return pa.Table.from_pylist(lines, SCHEMA)
