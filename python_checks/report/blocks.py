"""What the page reads: one query per block of data, over marts alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field

# what stands for all rows in a column of segments or of subgroups
EVERY_ROW = "(all)"
# where the page says of which monitor or column
SELECTION = "/*selection*/"


@dataclass(frozen=True)
class Block:
    """A query over a mart. Its first column is the monitor or cleaning set, by which the page keeps the rows apart.

    `where` restricts the rows in every case; `is_cut` says that only the newest periods are read.
    """

    name: str
    mart: str
    columns: tuple[str, ...]
    where: str = ""
    order: str = ""
    is_cut: bool = False
    grouped: bool = False
    part: str = ""
    # columns that are kept with that many decimals and not with four digits: there are many, and they are no larger
    # than a few times 1
    decimals: Mapping[str, int] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        """The column that names the monitor or the cleaning set."""
        return self.columns[0]

    @property
    def names(self) -> list[str]:
        """The names of the columns of the result."""
        return [column.split(" as ")[-1] for column in self.columns]

    def query(self, relation: str, further: str = "") -> str:
        """The query over a relation; `further` is one more condition."""
        conditions = [condition for condition in (self.where, further) if condition]
        lines = [f"select {', '.join(self.columns)}", f"from {relation}"]
        if conditions:
            lines.append("where " + "\n  and ".join(conditions))
        if self.grouped:
            keys = [str(number) for number, column in enumerate(self.columns, 1) if "(" not in column]
            lines.append(f"group by {', '.join(keys)}")
        if self.order:
            lines.append(f"order by {self.order}")
        return "\n".join(lines)


def words(text: str) -> tuple[str, ...]:
    """The words of a text."""
    return tuple(text.split())


ALL_ROWS = f"segment_column = '{EVERY_ROW}'"

BLOCKS = (
    Block(
        "incidents",
        "health_incidents",
        words(
            "monitor incident_rank incident_id incident_kind severity is_open is_acknowledged first_period "
            "last_period sentence leading_column column_list finding_count risk relation owner muted_until note"
        ),
        order="incident_rank",
    ),
    Block(
        "scorecard",
        "health_scorecard",
        words(
            "monitor period_start is_latest status period_status row_count monitored_column_count "
            "drift_ok_count drift_warn_count drift_alert_count alert_count warn_count acknowledged_count owner"
        ),
        order="monitor, period_start",
        is_cut=True,
    ),
    Block(
        "findings",
        "health_alerts",
        words(
            "monitor severity is_open finding column_name segment_value reference_list first_period last_period "
            "evidence is_acknowledged incident_id"
        ),
        order="monitor, is_open desc nulls last, severity, first_period desc nulls last, column_name nulls last",
    ),
    Block(
        "columns",
        "health_monitors",
        words("monitor name role data_type is_monitored reason"),
        where="subject = 'column'",
        order="monitor, is_monitored desc nulls last, name",
    ),
    Block(
        "volume",
        "health_volume",
        words(
            "monitor period_start row_count expected_row_count expected_lower expected_upper status "
            "period_status reason late_share usual_late_share late_status labelled_share key_repeated_count "
            "newest_event newest_load hours_since_newest_event hours_since_newest_load fresh_within_hours "
            "fresh_status is_latest"
        ),
        order="monitor, period_start",
        is_cut=True,
        part="volume",
    ),
    Block(
        "schema",
        "health_schema_changes",
        words("monitor detected_at dataset column_name change compared_with type_before type_now is_current status"),
        order="monitor, detected_at desc nulls last, column_name",
        part="volume",
    ),
    Block(
        "profile",
        "health_profile",
        words(
            "monitor column_name dataset period_start kind row_count null_share distinct_count top_share mean "
            "standard_deviation p05 p25 p50 p75 p95"
        ),
        where=ALL_ROWS,
        order="monitor, column_name, dataset, period_start nulls first",
        decimals={"null_share": 4, "top_share": 4},
        is_cut=True,
        part="profile",
    ),
    Block(
        "drift",
        "health_drift",
        words(
            "monitor column_name reference metric period_start value noise_floor warn_threshold alert_threshold status"
        ),
        where=f"{ALL_ROWS} and alert_threshold is not null and value is not null",
        decimals={"value": 3, "noise_floor": 2},
        order="monitor, column_name, metric, reference, period_start",
        is_cut=True,
        part="drift",
    ),
    Block(
        "coverage",
        "health_coverage",
        words(
            "monitor column_name reference period_start unseen_share expected_unseen_share_upper "
            "out_of_range_share status reason"
        ),
        where=ALL_ROWS,
        order="monitor, column_name, reference, period_start",
        decimals={"unseen_share": 4, "expected_unseen_share_upper": 4, "out_of_range_share": 4},
        is_cut=True,
        part="coverage",
    ),
    Block(
        "representation",
        "health_representation",
        words(
            "monitor subgroup group_value reference row_count share share_lower share_upper reference_share "
            "ratio ratio_lower ratio_upper status representation reason"
        ),
        where="dataset = 'production' and is_latest",
        order="monitor, subgroup, reference, group_value",
        part="representation",
    ),
    Block(
        "rates",
        "health_representation",
        words(
            "monitor subgroup group_value label_rate label_rate_lower label_rate_upper selection_rate "
            "selection_rate_lower selection_rate_upper true_positive_rate false_positive_rate missing_share "
            "labelled_count"
        ),
        # every reference repeats the rates of a group; one of them is enough
        where="dataset = 'production' and is_latest and reference = '(previous period)'",
        order="monitor, subgroup, group_value",
        part="representation",
    ),
    Block(
        "gaps",
        "health_representation_gaps",
        words(
            "monitor dataset pattern level row_count rows_needed population_share population_ratio cause status reason"
        ),
        order="monitor, dataset, gap_number",
        part="representation",
    ),
    Block(
        "biases",
        "health_known_biases",
        words("monitor reference id status evidence owner opened expiry is_expired"),
        order="monitor, reference, entry_number",
        part="representation",
    ),
    Block(
        "gate",
        "health_bias_gate",
        words("monitor reference status entry_count fail_count inconclusive_count pass_count expired_count"),
        order="monitor, reference",
        part="representation",
    ),
    Block(
        "scree",
        "health_pca_components",
        words(
            "monitor reference component eigenvalue explained_share cumulative_share noise_eigenvalue "
            "marchenko_pastur_edge is_advised is_kept_by_kaiser is_kept_by_parallel_analysis "
            "is_kept_by_marchenko_pastur"
        ),
        order="monitor, reference, component",
        part="components",
    ),
    Block(
        "loadings",
        "health_pca_loadings",
        words("monitor reference component column_name loading correlation"),
        where="is_advised and reason_left_out is null",
        order="monitor, reference, component, column_name",
        part="components",
    ),
    Block(
        "rules_of_components",
        "health_pca_summary",
        words(
            "monitor reference row_count column_count left_out_count advised_components advised_share "
            "wanted_share kaiser_components parallel_analysis_components marchenko_pastur_components status "
            "reason"
        ),
        order="monitor, reference",
        part="components",
    ),
    Block(
        "error",
        "health_multivariate_drift",
        words(
            "monitor reference metric period_start value reference_value expected_value expected_lower "
            "expected_upper largest_contributor status reason"
        ),
        where="value is not null",
        order="monitor, metric, reference, period_start",
        is_cut=True,
        part="components",
    ),
    Block(
        "candidates",
        "health_labeling_candidates",
        (*words("monitor strategy status"), "count(*) as row_count", "avg(confidence) as mean_confidence"),
        order="1, 2, 3",
        grouped=True,
        part="labeling",
    ),
    Block(
        "progress",
        "health_labeling_progress",
        words(
            "monitor batch drawn_at asked_count answered_count skipped_count open_count label_count score "
            "score_error gain gain_lower gain_upper status reason subgroup_count covered_subgroup_count"
        ),
        order="monitor, batch nulls last",
        part="labeling",
    ),
    Block(
        "label_gates",
        "health_label_gates",
        words(
            "monitor subgroup group_value predicted_label status threshold target_precision precision_seen "
            "precision_lower audited_count label_count"
        ),
        order="monitor, subgroup, group_value, predicted_label",
        part="labeling",
    ),
    Block(
        "annotators",
        "health_annotators",
        words(
            "monitor annotator labelled_row_count annotation_count skip_count accuracy accuracy_lower "
            "accuracy_upper krippendorff_alpha seconds_per_annotation"
        ),
        order="monitor, annotator",
        part="labeling",
    ),
    Block(
        "performance",
        "health_performance",
        words(
            "monitor model_version metric dataset period_start value value_lower value_upper reference "
            "reference_value difference status is_mature labelled_count reason"
        ),
        where=f"subgroup = '{EVERY_ROW}' and (dataset <> 'production' or reference is not null)",
        order="monitor, metric, model_version nulls last, dataset, period_start nulls first",
        is_cut=True,
        part="performance",
    ),
    Block(
        "fairness",
        "health_fairness",
        words(
            "monitor model_version metric subgroup group_value reference value value_lower value_upper "
            "reference_value difference difference_lower difference_upper ratio status is_below_four_fifths "
            "labelled_count reason"
        ),
        where=f"dataset = 'production' and is_latest and reference = '{EVERY_ROW}'",
        order="monitor, metric, subgroup, model_version, group_value",
        part="performance",
    ),
    Block(
        "rules",
        "health_rule_outcomes",
        words(
            "cleaning rule column_name kind on_failure period_start row_count tested_count failed_count "
            "changed_count failed_share"
        ),
        order="cleaning, rule, period_start nulls first",
        part="cleaning",
    ),
    Block(
        "rule_totals",
        "health_rule_outcomes",
        (
            *words("cleaning rule column_name kind on_failure"),
            *(f"sum({count}) as {count}" for count in words("row_count tested_count failed_count changed_count")),
        ),
        order="1, 2",
        grouped=True,
        part="cleaning",
    ),
    Block(
        "cells",
        "health_cell_changes",
        (*words("cleaning column_name rule"), "count(*) as changed_count", "max(period_start) as newest_period"),
        order="1, 2, 3",
        grouped=True,
        part="cleaning",
    ),
)
BY_NAME = {block.name: block for block in BLOCKS}
