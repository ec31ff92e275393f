"""Tables whose inputs are as they were keep their rows, and no table keeps rows that would come out in another way."""

import json

import numpy as np
import pytest
from consumer import Consumer

KEPT = (
    "drift_evidence",
    "drift_groups",
    "drift_measures",
    "drift_quantile_groups",
    "health_drift",
    "health_drift_latest",
    "health_drift_windows",
    "health_profile",
)
MONITOR = {
    "relation": {"source": ["raw", "rows"]},
    "key": "id",
    "time": "happened_at",
    "grain": "week",
    "references": {"train": {"from": "2024-01-01", "to": "2024-01-29"}},
}


def rows_of_weeks(weeks, rows, seed):
    """So many rows in each of the weeks from 2024-01-01 on; `size` grows in the last one."""
    random = np.random.default_rng(seed)
    week = np.repeat(np.arange(weeks), rows)
    return {
        "id": np.arange(len(week)),
        "happened_at": np.datetime64("2024-01-01", "us") + (7 * 86_400 * week).astype("timedelta64[s]"),
        "size": random.normal(50 + np.where(week == weeks - 1, 10, 0), 5),
        "site": random.choice(["hill", "harbour"], len(week)),
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    consumer = Consumer(tmp_path_factory.mktemp("unchanged") / "project", {"monitors": {"visits": MONITOR}})
    consumer.load("rows", rows_of_weeks(weeks=8, rows=300, seed=1))
    consumer.build()
    return consumer


def contents(consumer):
    """The rows of all tables, whenever they were built; numbers to nine digits, since sums are taken in any order."""
    return {
        name: sorted(
            repr(
                [
                    f"{value:.9g}" if isinstance(value, float) else value
                    for key, value in row.items()
                    if key != "built_at"
                ]
            )
            for row in consumer.rows(f"select * from {name}")
        )
        for name in KEPT
    }


def kept(consumer):
    """The models of the last run that selected their own rows again."""
    results = json.loads((consumer.folder / "target" / "run_results.json").read_text())["results"]
    return sorted(
        result["unique_id"].split(".")[2]
        for result in results
        if "what these rows are computed from is as it was" in (result["compiled_code"] or "")
    )


def test_these_models_say_what_they_are_computed_from(built):
    nodes = json.loads((built.folder / "target" / "manifest.json").read_text())["nodes"].values()
    ours = [node for node in nodes if node["package_name"] == "data_health" and node["resource_type"] == "model"]
    assert sorted(node["name"] for node in ours if "state_of_inputs()" in node["raw_code"]) == sorted(KEPT)
    assert sorted(node["name"] for node in ours if "computed_from" in node["columns"]) == sorted(KEPT)


def test_where_nothing_is_new_the_rows_are_kept(built, tmp_path):
    consumer = built.copy(tmp_path / "copy")
    before = contents(consumer)
    assert all(before.values())
    consumer.build()
    assert kept(consumer) == sorted(KEPT)
    assert contents(consumer) == before
    # they are those of this run all the same
    assert consumer.sql("select distinct built_at from health_profile") == consumer.sql(
        "select distinct built_at from health_scorecard"
    )


@pytest.mark.parametrize("change", ["rows", "configuration"])
def test_after_a_change_they_are_what_a_full_refresh_computes(built, tmp_path, change):
    consumer = built.copy(tmp_path / "copy")
    before = contents(consumer)
    if change == "rows":
        consumer.sql("insert into raw.rows values (9999, timestamp '2024-02-05', 1e6, 'valley')")
        consumer.sql("insert into raw.rows values (10000, timestamp '2024-02-27', 50, 'hill')")
    else:
        consumer.configure({"monitors": {"visits": MONITOR | {"thresholds": {"psi": [0.01, 0.02]}}}})
    consumer.build()
    assert kept(consumer) == []
    incremental = contents(consumer)
    assert incremental != before
    consumer.build("--full-refresh")
    assert kept(consumer) == []
    assert contents(consumer) == incremental


def test_models_that_were_run_alone_are_not_taken_for_up_to_date(built, tmp_path):
    consumer = built.copy(tmp_path / "copy")
    consumer.sql("insert into raw.rows values (9999, timestamp '2024-02-19', 1e6, 'valley')")
    consumer.dbt("run", "--select", "monitored_periods", "column_statistics")
    # the bins of the new statistics are not counted yet
    consumer.dbt("run", "--select", "health_profile", "drift_quantile_groups", "health_drift")
    consumer.build()
    assert kept(consumer) == []
    incremental = contents(consumer)
    consumer.build("--full-refresh")
    assert contents(consumer) == incremental


def test_a_table_of_a_release_before_is_computed_anew(built, tmp_path):
    consumer = built.copy(tmp_path / "copy")
    before = contents(consumer)
    for name in KEPT:
        consumer.sql(f"alter table {name} drop column computed_from")
    consumer.build()
    assert kept(consumer) == []
    assert contents(consumer) == before
