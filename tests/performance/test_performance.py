"""Performance: every metric as scikit-learn gives it of the rows, with its interval, and when it is judged."""

import datetime

import numpy as np
import performance_oracle
import pytest
from consumer import SHARED_DATA, Consumer, needs_shared_data
from performance_project import (
    CONFIGURATION,
    MONTHS,
    PERFORMANCE,
    PLAIN,
    SOURCES,
    arrays,
    load,
    load_compas,
    made_up,
    rows_of_all,
    spelled,
)

ROWS = rows_of_all()
BINNED = {"roc_auc", "average_precision", "lift_top_decile"}
THRESHOLDED = {"accuracy", "precision", "recall", "specificity", "f1"}
OF_SCORES = {*BINNED, "log_loss", "brier", "expected_calibration_error"}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    consumer = Consumer(tmp_path_factory.mktemp("performance") / "project", CONFIGURATION, sources=SOURCES)
    load(consumer, ROWS)
    load_compas(consumer)
    consumer.build("--select", *PERFORMANCE)
    return consumer


def measured(project, monitor, dataset="production"):
    """(period, version, subgroup, group) -> metric -> row of health_performance."""
    found = {}
    statement = f"select * from health_performance where monitor = '{monitor}' and dataset = '{dataset}'"
    for row in project.rows(statement):
        key = row["period_start"], row["model_version"], row["subgroup"], row["group_value"]
        assert row["metric"] not in found.setdefault(key, {})
        found[key][row["metric"]] = row
    return found


def members(key):
    """The rows of a period, version and group."""
    month, version, subgroup, group = key
    return [
        row
        for row in ROWS
        if row["at"].date().replace(day=1) == month
        and row["version"] == version
        and (subgroup == "(all)" or spelled(row, subgroup) == group)
    ]


def agrees(rows, expected, within=None):
    """Whether all metrics are those of the oracle: to the last digits, or inside of the bounds that the bins give."""
    for metric, value in expected.items():
        row = rows[metric]
        assert row["value_lower"] <= row["value"] <= row["value_upper"] + 1e-12, row
        if metric in BINNED and row["binned_lower"] is not None:
            assert row["binned_lower"] - 1e-9 <= value <= row["binned_upper"] + 1e-9, (row, value)
            assert row["binned_lower"] - 1e-9 <= row["value"] <= row["binned_upper"] + 1e-9, row
        if metric in BINNED and metric != "lift_top_decile" and within is not None:
            assert row["value"] == pytest.approx(value, abs=within), row
        elif metric not in BINNED:
            assert row["value"] == pytest.approx(value, abs=1e-9), row
    return True


def test_every_metric_of_every_group(project):
    found = measured(project, "rows")
    groups = {key[2:] for key in found}
    assert {("(all)", "(all)"), ("age band", "(null)"), ("age band, sex", '"old, very", f')} <= groups
    assert len(groups) == 1 + 2 + 3 + 6
    for key, rows in found.items():
        label, score, predicted, _ = arrays(members(key))
        within = 0.002 if key[2] == "(all)" else None
        assert agrees(rows, performance_oracle.measures(label, score, predicted), within)
        assert rows["recall"]["labelled_count"] == len(label)


def test_a_reference_is_added_up(project):
    found = measured(project, "rows", "half")
    for version, size in (("v1", 20000), ("v2", 2000)):
        rows = found[(MONTHS[0], version, "(all)", "(all)")]
        chosen = [row for row in ROWS if row["version"] == version and row["at"].month < 6]
        label, score, predicted, _ = arrays(chosen)
        assert len(label) >= size
        assert agrees(rows, performance_oracle.measures(label, score, predicted), 0.002)
        assert {row["status"] for row in rows.values()} == {None}
    # every version has its own bins
    assert project.sql("select count(*) from score_bins where monitor = 'rows' and length(edges) > 2560") == [(3,)]


def test_rows_have_weights(project):
    for key, rows in measured(project, "weighted").items():
        label, score, predicted, weight = arrays(members(key))
        expected = performance_oracle.measures(label, score, predicted, weight)
        assert agrees(rows, {name: value for name, value in expected.items() if name != "average_precision"})
        if key[2] == "(all)":
            assert rows["average_precision"]["value"] == pytest.approx(expected["average_precision"], abs=0.002)


def test_few_values_are_bins(project):
    for key, rows in measured(project, "values").items():
        label, score, predicted, _ = arrays(members(key), "rounded")
        assert agrees(rows, performance_oracle.measures(label, score, predicted), 1e-9)
        assert rows["roc_auc"]["binned_lower"] == pytest.approx(rows["roc_auc"]["binned_upper"], abs=1e-12)


def test_without_predicted_labels_the_threshold_decides(project):
    for key, rows in measured(project, "threshold").items():
        label, score, _, _ = arrays(members(key))
        assert agrees(rows, performance_oracle.measures(label, score, (score >= 0.45).astype(float)), 0.002)


def test_the_interval_of_the_area_is_that_of_delong(project):
    for key, rows in measured(project, "rows").items():
        if key[2] == "(all)":
            label, score, _, _ = arrays(members(key))
            row = rows["roc_auc"]
            error = (row["value_upper"] - row["value_lower"]) / 2 / 1.959963984540054
            assert error == pytest.approx(performance_oracle.delong_error(label, score), rel=0.005)


def test_what_cannot_be_computed_has_a_reason(project):
    reasons = {
        "labels_only": (OF_SCORES, "no score is configured"),
        "scores_only": (THRESHOLDED, "neither a predicted label nor a threshold is configured"),
        "unlabelled": (THRESHOLDED | OF_SCORES, "no label is configured"),
    }
    for monitor, (missing, reason) in reasons.items():
        found = measured(project, monitor)
        assert found
        for rows in found.values():
            assert rows.keys() == THRESHOLDED | OF_SCORES
            for metric, row in rows.items():
                assert (row["value"] is None) == (metric in missing)
                if metric in missing:
                    assert (row["status"], row["reason"]) == ("insufficient_data", reason)


def test_a_version_that_fails_is_found_and_no_other(project):
    statuses = {}
    for key, rows in measured(project, "values").items():
        statuses[key[:2]] = {row["status"] for row in rows.values() if row["warn_threshold"] is not None}
    # v1 is compared with its first three months, v2 with its first
    assert statuses[(MONTHS[0], "v1")] == statuses[(MONTHS[3], "v2")] == {"insufficient_data"}
    assert all(statuses[(month, "v1")] == {"ok"} for month in MONTHS[3:])
    assert statuses[(MONTHS[4], "v2")] == {"ok"} and "alert" in statuses[(MONTHS[5], "v2")]


def test_labels_that_may_still_arrive_are_not_judged(project):
    found = measured(project, "late")
    for rows in found.values():
        assert rows["recall"]["value"] > 0 and not rows["recall"]["is_mature"]
        assert rows["recall"]["status"] == "insufficient_data"
        assert rows["recall"]["reason"] == "labels may arrive until 20000 days after the period"


def test_a_later_build_counts_what_is_new(project, tmp_path):
    """A new month, a label that came late, a version that nobody knew: only those months are read again."""
    twin = project.copy(tmp_path / "twin")
    later = [dict(row) for row in ROWS]
    late = next(row for row in later if row["at"].month == 2 and row["label"] is None)
    late["label"] = "yes"
    new_month = datetime.date(2024, 7, 1)
    later += made_up(31, 2000, new_month, "v3", 2.0)
    load(twin, later)
    before = dict(
        twin.sql("select period_key, max(built_at) from score_distributions where monitor = 'values' group by 1")
    )
    twin.build("--select", *PERFORMANCE)
    after = dict(
        twin.sql("select period_key, max(built_at) from score_distributions where monitor = 'values' group by 1")
    )
    changed = {key for key, built_at in after.items() if before.get(key) != built_at}
    assert changed == {"values|production|month 2024-02-01", "values|production|month 2024-07-01"}
    assert twin.sql("select count(*) from score_bins where monitor = 'rows' and model_version = 'v3'") == [(1,)]
    rows = measured(twin, "rows")[(new_month, "v3", "(all)", "(all)")]
    label, score, predicted, _ = arrays([row for row in later if row["version"] == "v3"])
    assert agrees(rows, performance_oracle.measures(label, score, predicted), 0.002)


@pytest.mark.parametrize("name", ["adult", "bank"])
@needs_shared_data
def test_predictions_of_two_fitted_models(name, tmp_path):
    """Two models of a real table, on the rows that they were not trained on."""
    truth, scores = predictions_of(name)
    rows = []
    for version, score in scores.items():
        for place, (label, value) in enumerate(zip(truth, score, strict=True)):
            rows.append(
                {
                    "id": len(rows),
                    "at": datetime.datetime(2024, 1 + place * 3 // len(truth), 1),
                    "sex": None,
                    "age band": None,
                    "weight": 1.0,
                    "score": float(value),
                    "label": "yes" if label else "no",
                    "predicted": "yes" if value >= 0.5 else "no",
                    "version": version,
                }
            )
    reference = {"references": {"quarter": {"from": "2024-01-01", "to": "2024-04-01"}}}
    consumer = Consumer(tmp_path / "project", {"monitors": {"rows": PLAIN | reference}})
    load(consumer, rows)
    consumer.build("--select", "+health_performance", "--exclude", "test_type:unit", "--indirect-selection", "cautious")
    found = measured(consumer, "rows", "quarter")
    for version in scores:
        label, score, predicted, _ = arrays([row for row in rows if row["version"] == version])
        assert len(label) >= 20000
        expected = performance_oracle.measures(label, score, predicted)
        assert agrees(found[(MONTHS[0], version, "(all)", "(all)")], expected, 0.002)


def predictions_of(name):
    """Labels of the rows that were not trained on, and what a logistic regression and boosted trees say of them."""
    import duckdb
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression

    if name == "adult":
        files = [str(SHARED_DATA / "tables" / "adult" / file) for file in ("adult.data", "adult.test")]
        read = ", ".join(f"'{file}'" for file in files)
        table = duckdb.sql(
            f"select * from read_csv([{read}], header = false, all_varchar = true, skip = 0) where column14 is not null"
        )
        label, numbers = "column14 like '%>50K%'", ["column00", "column04", "column10", "column11", "column12"]
    else:
        file = SHARED_DATA / "tables" / "bank" / "bank-additional-full.csv"
        table = duckdb.sql(f"select * from read_csv('{file}', delim = ';', all_varchar = true)")
        label, numbers = "y = 'yes'", ["age", "campaign", '"emp.var.rate"', '"cons.price.idx"', "euribor3m", "previous"]
    columns = ", ".join(
        f"coalesce(try_cast({number} as double), 0) as n{place}" for place, number in enumerate(numbers)
    )
    rows = np.array(table.query("rows", f"select {label}, {columns} from rows").fetchall(), float)
    order = np.random.default_rng(7).permutation(len(rows))
    features, truth = rows[order, 1:], rows[order, 0]
    features = (features - features.mean(0)) / features.std(0)
    first = min(len(rows) // 3, len(rows) - 20001)
    models = {"v1": LogisticRegression(), "v2": HistGradientBoostingClassifier(random_state=0)}
    scores = {
        version: model.fit(features[:first], truth[:first]).predict_proba(features[first:])[:, 1]
        for version, model in models.items()
    }
    return truth[first:], scores
