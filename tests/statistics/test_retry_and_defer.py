"""What dbt offers beside a whole build: `dbt retry` after a failure, and `--defer` to the tables of another target."""

import shutil

import pytest
import yaml
from consumer import Consumer

pytestmark = pytest.mark.slow

MONITORS = {
    name: {
        "relation": {"ref": "visits"} if name == "visits" else {"source": ["raw", "rows"]},
        "key": "id",
        "time": "happened_at",
        "grain": "day",
        "references": {"first_days": {"from": "2026-03-01", "to": "2026-03-11"}},
        "parts": {"components": False},
    }
    for name in ("visits", "others")
}
# a value that is no number breaks the view where it is read, which the catalogue does not tell
VISITS = """
    {{ config(materialized='view') }}
    select id, happened_at, cast(size as double) as size from {{ source('raw', 'rows') }}
"""
ROWS = """
    select i as id, timestamp '2026-03-01' + to_days(cast(i // 100 as integer)) as happened_at,
        cast(hash(i) % 1000 * case when i < 1900 then 1 else 3 end as varchar) as size
    from range(2000) as numbers (i)
"""
MARTS = {
    "health_volume": "monitor, period_start, row_count, status, reason",
    "health_profile": "monitor, dataset, period_start, column_name, row_count, null_count, distinct_count, minimum, maximum, mean, p50",
    "health_drift": "monitor, reference, period_start, column_name, metric, value, status, q_value",
    "health_drift_windows": "monitor, reference, window_periods, column_name, metric, value, status",
    "health_alerts": "monitor, finding, column_name, first_period, severity, evidence",
}


def consumer_of(folder):
    return Consumer(folder, {"monitors": MONITORS}, models={"visits.sql": VISITS})


def rows_of(consumer, mart, schema="main"):
    """Without the last digits, which depend on the order of a sum; how old the newest row is depends on when one asks."""
    condition = "where finding <> 'freshness'" if mart == "health_alerts" else ""
    rows = consumer.sql(f"select {MARTS[mart]} from {schema}.{mart} {condition}")
    return sorted(str(tuple(f"{value:.9g}" if isinstance(value, float) else value for value in row)) for row in rows)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    consumer = consumer_of(tmp_path_factory.mktemp("whole") / "project")
    consumer.sql(f"create table raw.rows as {ROWS}")
    consumer.build()
    return consumer


def test_a_retry_ends_as_a_build_that_did_not_fail(whole, tmp_path):
    consumer = consumer_of(tmp_path / "project")
    consumer.sql(f"create table raw.rows as {ROWS}; update raw.rows set size = 'many' where id = 1234")
    consumer.build(succeeds=False)
    consumer.sql("update raw.rows set size = (select cast(hash(1234) % 1000 as varchar)) where id = 1234")
    consumer.dbt("retry")
    for mart in MARTS:
        assert rows_of(consumer, mart) == rows_of(whole, mart) != [], mart


def test_marts_are_built_of_the_steps_of_another_target(whole):
    profile = whole.profile()
    outputs = {"dev": profile, "other": profile | {"schema": "other"}}
    whole.write("profiles.yml", {"consumer": {"target": "dev", "outputs": outputs}})
    assert "other" in yaml.safe_load((whole.folder / "profiles.yml").read_text())["consumer"]["outputs"]
    whole.dbt("parse")
    shutil.copytree(whole.folder / "target", whole.folder / "state")
    whole.dbt(
        *("build", "--select", "health_drift", "health_drift_windows", "--target", "other"),
        *("--defer", "--state", "state", "--exclude-resource-type", "test"),
    )
    for mart in ("health_drift", "health_drift_windows"):
        assert rows_of(whole, mart, "other") == rows_of(whole, mart) != []
    built = {name for (name,) in whole.sql("select table_name from duckdb_tables() where schema_name = 'other'")}
    assert built == {"health_drift", "health_drift_windows"}
