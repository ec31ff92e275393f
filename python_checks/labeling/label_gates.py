"""The model label_gates: audited rows come in, the gates of automatic labels go out."""

import math
from collections.abc import Collection, Iterator

import duckdb
import numpy as np
import pyarrow as pa
from data_health.labeling.features import Matrix, literal
from data_health.labeling.gates import (
    LEAST_SUBGROUP_ROWS,
    Gate,
    confidence_threshold,
    lost_positives,
    sharing_labels,
)
from data_health.output_schema import arrow_schema

COLUMNS = {
    "monitor": "varchar",
    "subgroup": "varchar",
    "group_key": "varchar",
    "group_value": "varchar",
    "predicted_label": "varchar",
    "sharing_count": "bigint",
    "target_precision": "double precision",
    "threshold": "double precision",
    "audited_count": "bigint",
    "tested_count": "bigint",
    "right_count": "bigint",
    "precision_lower": "double precision",
    "label_count": "bigint",
    "lost_count": "bigint",
    "lost_share": "double precision",
    "lost_share_upper": "double precision",
}
SCHEMA = arrow_schema(COLUMNS)
CELL = ", ".join(f"coalesce(value_{number}, '(null)') as cell_{number}" for number in range(1, 9))
CELL_NAMES = ", ".join(f"cell_{number}" for number in range(1, 9))


def table(
    audited: duckdb.DuckDBPyRelation, groups: duckdb.DuckDBPyRelation, settings: duckdb.DuckDBPyRelation
) -> pa.Table:
    """A gate per label, and one per group of every declared subgroup."""
    lines: list[dict[str, object]] = []
    keys = "monitor, label, predicted_label, confidence, is_right"
    rows = audited.project(f"{keys}, row_key, {CELL}")
    grouped = rows.join(
        groups.project(f"monitor, {CELL}, subgroup, group_key, group_value"), f"monitor, {CELL_NAMES}", how="inner"
    )
    asked = settings.filter("part = 'labeling'").project("monitor, target_precision").order("monitor")
    for monitor, target in asked.fetchall():
        own = f"monitor = {literal(monitor)}"
        common = {"monitor": monitor, "target_precision": target}
        verdicts = rows.filter(own).order("confidence desc, row_key").to_arrow_table()
        # a label that is never predicted has a gate too, which nothing opens
        labels = {(label,) for label in verdicts["label"].to_pylist()}
        of_labels = with_shared_gate(verdicts, gates_by(verdicts, ["predicted_label"], common, 1, labels), target)
        memberships = grouped.filter(own).order("confidence desc, row_key").to_arrow_table()
        of_groups = gates_by(memberships, ["subgroup", "group_key", "group_value"], common, LEAST_SUBGROUP_ROWS)
        lines += [
            *with_lost_rows(of_labels, verdicts, thresholds(verdicts, of_labels, memberships, of_groups)),
            *of_groups,
        ]
    return pa.Table.from_pylist(lines, SCHEMA)


def gates_by(
    verdicts: pa.Table,
    names: list[str],
    common: dict[str, object],
    least_rows: int,
    others: Collection[tuple[str, ...]] = (),
) -> list[dict[str, object]]:
    """A line per combination of the columns `names`, and each of `others`; of fewer than `least_rows` it stays shut."""
    lines = []
    parts = verdicts.select(names).to_pylist()
    confidence = verdicts["confidence"].to_numpy()
    is_right = verdicts["is_right"].to_numpy().astype(bool)
    for part in sorted({tuple(row.values()) for row in parts} | set(others)):
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


def with_shared_gate(verdicts: pa.Table, of_labels: list[dict[str, object]], target: float) -> list[dict[str, object]]:
    """The gates of labels, one for all labels that have too few audit rows for a gate of their own."""
    sharing = sharing_labels({line["predicted_label"]: line["audited_count"] for line in of_labels}, target)
    common = {"sharing_count": len(sharing)}
    if sharing:
        shares = np.isin(np.array(verdicts["predicted_label"].to_pylist(), object), list(sharing))
        is_right = verdicts["is_right"].to_numpy().astype(bool)[shares]
        gate = confidence_threshold(verdicts["confidence"].to_numpy()[shares], is_right, target)
        common |= {
            "threshold": gate.threshold if gate.is_open else None,
            "tested_count": gate.audited,
            "right_count": gate.right,
            "precision_lower": gate.lower_bound,
        }
    return [line | (common if line["predicted_label"] in sharing else {"sharing_count": 1}) for line in of_labels]


def thresholds(
    verdicts: pa.Table,
    of_labels: list[dict[str, object]],
    memberships: pa.Table,
    of_groups: list[dict[str, object]],
) -> Matrix:
    """From which confidence on each row has an automatic label: the highest of its gates, infinity if one is shut."""
    limits = {line["predicted_label"]: limit_of(line) for line in of_labels}
    highest = dict(
        zip(verdicts["row_key"].to_pylist(), map(limits.get, verdicts["predicted_label"].to_pylist()), strict=True)
    )
    group_limits = {(line["subgroup"], line["group_key"]): limit_of(line) for line in of_groups}
    for row in memberships.select(["row_key", "subgroup", "group_key"]).to_pylist():
        limit = group_limits[row["subgroup"], row["group_key"]]
        highest[row["row_key"]] = max(highest[row["row_key"]], limit)
    return np.array([highest[key] for key in verdicts["row_key"].to_pylist()])


def limit_of(gate: dict[str, object]) -> float:
    """The threshold of a gate, infinity where it is shut."""
    return math.inf if gate["threshold"] is None else float(gate["threshold"])


def with_lost_rows(
    of_labels: list[dict[str, object]], verdicts: pa.Table, limits: Matrix
) -> Iterator[dict[str, object]]:
    """The gates of labels, with how many audited rows that have the label would get another one automatically."""
    is_automatic = verdicts["confidence"].to_numpy() >= limits
    labels, predicted = (np.array(verdicts[name].to_pylist(), object) for name in ("label", "predicted_label"))
    for line in of_labels:
        lost = lost_positives(labels == line["predicted_label"], predicted == line["predicted_label"], is_automatic)
        shares = {"lost_share": lost.share, "lost_share_upper": lost.upper_bound} if lost.audited_positives else {}
        yield line | {"label_count": lost.audited_positives, "lost_count": lost.lost} | shares
