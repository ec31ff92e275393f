"""How SQL and Jinja are written here: what holds everywhere, and what still has to be brought there."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
FILES = {
    str(path.relative_to(REPOSITORY)): path.read_text()
    for folder in ("macros", "dbt_project/models", "dbt_project/tests")
    for path in sorted((REPOSITORY / folder).rglob("*.sql"))
}
MOST_CHARACTERS = 140

# lists that may only get shorter: a file that needs its place no longer fails the test
PAST_BY_IS_INCREMENTAL = {"dbt_project/models/marts/labeling/health_labeling_candidates.sql"}
ASKS_FOR_ENGINE = {
    "dbt_project/models/marts/components/health_multivariate_drift.sql",
    "dbt_project/models/marts/components/health_pca_components.sql",
    "dbt_project/models/marts/components/health_pca_loadings.sql",
    "dbt_project/models/marts/components/health_pca_summary.sql",
    "dbt_project/models/marts/labeling/health_annotators.sql",
    "dbt_project/models/marts/labeling/health_auto_labels.sql",
    "dbt_project/models/marts/labeling/health_label_gates.sql",
    "dbt_project/models/marts/labeling/health_label_quality.sql",
    "dbt_project/models/marts/labeling/health_labeling_candidates.sql",
    "dbt_project/models/marts/labeling/health_labeling_progress.sql",
    "dbt_project/models/marts/labeling/health_labels.sql",
    "dbt_project/models/statistics/wide_products.sql",
    "dbt_project/models/steps/components/component_score_counts.sql",
    "dbt_project/models/steps/components/subspace_distances.sql",
    "dbt_project/models/steps/labeling/audited_rows.sql",
    "dbt_project/models/steps/labeling/label_probabilities.sql",
    "dbt_project/models/steps/labeling/labeling_rows.sql",
    "macros/components/project_components.sql",
    "macros/statistics/column_products.sql",
    "macros/statistics/columns.sql",
}
LONG_LINES = {
    "dbt_project/models/marts/alerts/health_scorecard.sql",
    "dbt_project/models/marts/cleaning/health_cell_changes.sql",
    "dbt_project/models/marts/cleaning/health_rule_outcomes.sql",
    "dbt_project/models/marts/combinations/health_coverage_combinations.sql",
    "dbt_project/models/marts/components/health_multivariate_drift.sql",
    "dbt_project/models/marts/components/health_pca_components.sql",
    "dbt_project/models/marts/components/health_pca_loadings.sql",
    "dbt_project/models/marts/components/health_pca_summary.sql",
    "dbt_project/models/marts/components/health_region.sql",
    "dbt_project/models/marts/coverage/health_coverage.sql",
    "dbt_project/models/marts/drift/health_drift.sql",
    "dbt_project/models/marts/labeling/health_annotators.sql",
    "dbt_project/models/marts/labeling/health_auto_labels.sql",
    "dbt_project/models/marts/labeling/health_label_gates.sql",
    "dbt_project/models/marts/labeling/health_labeling_candidates.sql",
    "dbt_project/models/marts/monitors/health_monitors.sql",
    "dbt_project/models/marts/profile/health_profile.sql",
    "dbt_project/models/marts/representation/health_known_biases.sql",
    "dbt_project/models/marts/representation/health_representation.sql",
    "dbt_project/models/marts/representation/health_representation_gaps.sql",
    "dbt_project/models/marts/volume/health_schema_changes.sql",
    "dbt_project/models/marts/volume/health_volume.sql",
    "dbt_project/models/statistics/column_distributions.sql",
    "dbt_project/models/statistics/column_grids.sql",
    "dbt_project/models/statistics/column_products.sql",
    "dbt_project/models/statistics/configured_datasets.sql",
    "dbt_project/models/statistics/declared_subgroups.sql",
    "dbt_project/models/statistics/feature_bins.sql",
    "dbt_project/models/statistics/feature_cells.sql",
    "dbt_project/models/statistics/monitored_periods.sql",
    "dbt_project/models/statistics/subgroup_cells.sql",
    "dbt_project/models/statistics/wide_products.sql",
    "dbt_project/models/statistics/wide_scans.sql",
    "dbt_project/models/steps/alerts/finding_periods.sql",
    "dbt_project/models/steps/alerts/findings.sql",
    "dbt_project/models/steps/cleaning/cleaning_sample.sql",
    "dbt_project/models/steps/cleaning/cleaning_value_counts.sql",
    "dbt_project/models/steps/cleaning/rule_judgements.sql",
    "dbt_project/models/steps/combinations/combination_cells.sql",
    "dbt_project/models/steps/combinations/combination_counts.sql",
    "dbt_project/models/steps/combinations/combination_sets.sql",
    "dbt_project/models/steps/combinations/combination_values.sql",
    "dbt_project/models/steps/combinations/uncovered_patterns.sql",
    "dbt_project/models/steps/components/component_score_counts.sql",
    "dbt_project/models/steps/components/component_score_sample.sql",
    "dbt_project/models/steps/components/components_findings.sql",
    "dbt_project/models/steps/components/dataset_products.sql",
    "dbt_project/models/steps/components/dataset_wide_products.sql",
    "dbt_project/models/steps/components/scored_rows.sql",
    "dbt_project/models/steps/components/subspace_distances.sql",
    "dbt_project/models/steps/coverage/coverage_counts.sql",
    "dbt_project/models/steps/drift/drift_cells.sql",
    "dbt_project/models/steps/drift/drift_distances.sql",
    "dbt_project/models/steps/drift/drift_evidence.sql",
    "dbt_project/models/steps/drift/drift_exact_distances.sql",
    "dbt_project/models/steps/drift/drift_findings.sql",
    "dbt_project/models/steps/drift/drift_groups.sql",
    "dbt_project/models/steps/drift/drift_measures.sql",
    "dbt_project/models/steps/drift/drift_metrics.sql",
    "dbt_project/models/steps/drift/drift_quantile_groups.sql",
    "dbt_project/models/steps/labeling/label_answers.sql",
    "dbt_project/models/steps/labeling/label_probabilities.sql",
    "dbt_project/models/steps/labeling/labeling_findings.sql",
    "dbt_project/models/steps/labeling/labeling_gap_rows.sql",
    "dbt_project/models/steps/labeling/labeling_history.sql",
    "dbt_project/models/steps/labeling/labeling_pool.sql",
    "dbt_project/models/steps/labeling/labeling_relabel_rows.sql",
    "dbt_project/models/steps/labeling/labeling_rows.sql",
    "dbt_project/models/steps/labeling/labeling_scans.sql",
    "dbt_project/models/steps/labeling/labeling_shortlist.sql",
    "dbt_project/models/steps/representation/known_biases_checked.sql",
    "dbt_project/models/steps/representation/population_groups.sql",
    "dbt_project/models/steps/representation/population_names.sql",
    "dbt_project/models/steps/representation/representation_comparisons.sql",
    "dbt_project/models/steps/representation/representation_findings.sql",
    "dbt_project/models/steps/representation/representation_groups.sql",
    "dbt_project/models/steps/representation/representation_rates.sql",
    "dbt_project/models/steps/representation/representation_ratios.sql",
    "dbt_project/models/steps/representation/subgroup_periods.sql",
    "dbt_project/models/steps/volume/volume_expectations.sql",
    "dbt_project/models/steps/volume/volume_findings.sql",
    "dbt_project/models/steps/volume/volume_periods.sql",
    "macros/checks/bias_gate_passes.sql",
    "macros/checks/coverage_at_least.sql",
    "macros/checks/drift_below.sql",
    "macros/checks/representation_between.sql",
    "macros/cleaning/cell_changes.sql",
    "macros/cleaning/checked_cast.sql",
    "macros/cleaning/clean.sql",
    "macros/cleaning/cleaning_plan.sql",
    "macros/cleaning/deduplication.sql",
    "macros/cleaning/repair.sql",
    "macros/cleaning/rule_kinds.sql",
    "macros/cleaning/rule_outcomes.sql",
    "macros/cleaning/rule_problems.sql",
    "macros/cleaning/rule_sql.sql",
    "macros/cleaning/scaling.sql",
    "macros/cleaning/stages.sql",
    "macros/components/project_components.sql",
    "macros/components/reconstruct_columns.sql",
    "macros/config/monitor_problems.sql",
    "macros/config/monitor_rows.sql",
    "macros/config/monitor_schema.sql",
    "macros/config/normalised_values.sql",
    "macros/config/parts.sql",
    "macros/config/renamed_keys.sql",
    "macros/config/resolved_monitor.sql",
    "macros/config/resolved_monitors.sql",
    "macros/config/setting_rows.sql",
    "macros/config/validate_configuration.sql",
    "macros/config/warehouse_problems.sql",
    "macros/engine/default.sql",
    "macros/engine/duckdb.sql",
    "macros/labeling/labeling_tasks.sql",
    "macros/labeling/stored_learner.sql",
    "macros/metrics/intervals.sql",
    "macros/metrics/tests.sql",
    "macros/statistics/bins.sql",
    "macros/statistics/column_distributions.sql",
    "macros/statistics/column_products.sql",
    "macros/statistics/column_statistics.sql",
    "macros/statistics/columns.sql",
    "macros/statistics/datasets.sql",
    "macros/statistics/empty_rows.sql",
    "macros/statistics/feature_tasks.sql",
    "macros/statistics/grid_drawing.sql",
    "macros/statistics/grids.sql",
    "macros/statistics/pending.sql",
    "macros/statistics/period_counts.sql",
    "macros/statistics/scans.sql",
    "macros/statistics/stores.sql",
    "macros/statistics/subgroup_cells.sql",
    "macros/statistics/table_names.sql",
}


def without_comments(text):
    return re.sub(r"{#.*?#}", lambda comment: "\n" * comment[0].count("\n"), text, flags=re.DOTALL)


def broken(rule):
    """The files that break a rule, of which `rule` gives the places."""
    return {name: places for name, text in FILES.items() if (places := rule(text))}


def assert_only(found, excused):
    new = {name: places for name, places in found.items() if name not in excused}
    assert not new
    assert not set(excused) - found.keys(), "take these out of the list: they keep the rule"


def test_no_store_asks_dbt_whether_it_has_a_past():
    """is_incremental() is false on a clone, which is a view: see macros/statistics/stores.sql."""
    found = broken(lambda text: re.findall(r"\bis_incremental\s*\(.*", without_comments(text)))
    assert_only(found, PAST_BY_IS_INCREMENTAL)


def test_only_the_engines_own_files_ask_for_the_engine():
    asking = re.compile(
        r".*\b(?:target\.type|target\[|adapter\.type\b|adapter\.dispatch\b|(?:duckdb|postgres|default)__\w+).*"
    )
    found = broken(lambda text: asking.findall(without_comments(text)))
    assert "macros/engine/engine_sql.sql" in found
    assert_only(
        {name: places for name, places in found.items() if not name.startswith("macros/engine/")}, ASKS_FOR_ENGINE
    )


def test_lines_are_no_longer_than_a_screen():
    found = broken(lambda text: [line for line in text.splitlines() if len(line) > MOST_CHARACTERS])
    assert_only(found, LONG_LINES)
