"""Between dbt and the gates of automatic labels: audited rows come in, a row per label and subgroup goes out."""

import duckdb
import numpy as np
import pyarrow as pa

from python_checks.labeling.fits import literal
from python_checks.labeling.gates import LEAST_SUBGROUP_ROWS, Gate, confidence_threshold

GATES = pa.schema(
    [
        ("monitor", pa.string()),
        ("subgroup", pa.string()),
        ("group_key", pa.string()),
        ("group_value", pa.string()),
        ("predicted_label", pa.string()),
        ("target_precision", pa.float64()),
        ("threshold", pa.float64()),
        ("audited_count", pa.int64()),
        ("tested_count", pa.int64()),
        ("right_count", pa.int64()),
        ("precision_lower", pa.float64()),
    ]
)
CELL = ", ".join(f"coalesce(value_{number}, '(null)') as cell_{number}" for number in range(1, 9))
CELL_NAMES = ", ".join(f"cell_{number}" for number in range(1, 9))


def gates_table(
    audited: duckdb.DuckDBPyRelation, groups: duckdb.DuckDBPyRelation, settings: duckdb.DuckDBPyRelation
) -> pa.Table:
    """What the model label_gates holds: a gate per predicted label, and one per group of every declared subgroup."""
    lines: list[dict[str, object]] = []
    keys = "monitor, predicted_label, confidence, is_right"
    rows = audited.project(f"{keys}, row_key, {CELL}")
    grouped = rows.join(
        groups.project(f"monitor, {CELL}, subgroup, group_key, group_value"), f"monitor, {CELL_NAMES}", how="inner"
    )
    for monitor, target in settings.project("monitor, target_precision").order("monitor").fetchall():
        own = f"monitor = {literal(monitor)}"
        common = {"monitor": monitor, "target_precision": target}
        verdicts = rows.filter(own).order("confidence desc, row_key").to_arrow_table()
        lines += gates_by(verdicts, ["predicted_label"], common, 1)
        of_groups = grouped.filter(own).order("confidence desc, row_key").to_arrow_table()
        lines += gates_by(of_groups, ["subgroup", "group_key", "group_value"], common, LEAST_SUBGROUP_ROWS)
    return pa.Table.from_pylist(lines, GATES)


def gates_by(
    verdicts: pa.Table, names: list[str], common: dict[str, object], least_rows: int
) -> list[dict[str, object]]:
    """A line per combination of the columns `names`; one of fewer rows than `least_rows` stays shut."""
    lines = []
    parts = verdicts.select(names).to_pylist()
    confidence = verdicts["confidence"].to_numpy()
    is_right = verdicts["is_right"].to_numpy().astype(bool)
    for part in sorted({tuple(row.values()) for row in parts}):
        of_part = np.array([tuple(row.values()) == part for row in parts])
        target = float(common["target_precision"])
        gate: Gate = confidence_threshold(confidence[of_part], is_right[of_part], target)
        count = int(of_part.sum())
        lines.append(
            common
            | dict(zip(names, part, strict=True))
            | {
                "threshold": gate.threshold if gate.is_open and count >= least_rows else None,
                "audited_count": count,
                "tested_count": gate.audited,
                "right_count": gate.right,
                "precision_lower": gate.lower_bound,
            }
        )
    return lines
