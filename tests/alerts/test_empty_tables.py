"""A table without rows, one that was emptied, and a reference without rows: each is told, and nothing looks well because of it."""

from datetime import datetime, timedelta

import pytest
from consumer import Consumer

TODAY = datetime.now().date()
ROWS = f"""
    select i as id, timestamp '{TODAY - timedelta(days=69)}' + i // 40 * interval 1 day as t, i % 7 as v, i % 3 as s
    from range(2800) as numbers (i)
"""
MONITOR = {
    "time": "t",
    "key": "id",
    "grain": "day",
    "volume": {"fresh_within": "1 days"},
    "subgroups": ["s"],
    "features": ["v"],
}
TABLES = {
    "nobody": f"select * from ({ROWS}) where false",
    "never_timed": f"select id, null::timestamp as t, v, s from ({ROWS})",
    "emptied": ROWS,
    "compared": ROWS,
    "empty_reference": f"select * from ({ROWS}) where false",
}


def monitors():
    monitored = {
        name: MONITOR | {"relation": {"source": ["raw", name]}} for name in TABLES if name != "empty_reference"
    }
    monitored["compared"]["references"] = {
        "none": {"relation": {"source": ["raw", "empty_reference"]}},
        "before_all": {"from": "2001-01-01", "to": "2001-02-01"},
        "first_month": {"from": str(TODAY - timedelta(days=69)), "to": str(TODAY - timedelta(days=39))},
    }
    del monitored["compared"]["volume"]
    return monitored


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    consumer = Consumer(tmp_path_factory.mktemp("empty") / "project", {"monitors": monitors()}, sources=tuple(TABLES))
    for name, query in TABLES.items():
        consumer.sql(f"create table raw.{name} as {query}")
    consumer.build("--exclude", "test_type:unit")
    consumer.sql("delete from raw.emptied")
    consumer.build("--exclude", "test_type:unit")
    return consumer


@pytest.mark.parametrize(
    ("name", "reason"), [("nobody", "the table has no row"), ("never_timed", "the table has no row with a usable time")]
)
def test_a_table_that_never_had_a_row_is_told(project, name, reason):
    volume = project.sql(f"""
        select period_start, period_status, row_count, status, reason, fresh_status, fresh_within_hours
        from health_volume where monitor = '{name}' and is_latest
    """)
    assert volume == [(TODAY, "empty", 0, "alert", reason, "alert", 24)]
    findings = project.sql(
        f"select finding, severity, is_open, evidence from health_alerts where monitor = '{name}' order by 1"
    )
    assert findings == [
        ("freshness", "alert", True, "there is no row; at most 24 hours without a new row are allowed"),
        ("volume", "alert", True, reason),
    ]
    card = project.sql(f"select period_start, status, row_count from health_scorecard where monitor = '{name}'")
    assert card == [(TODAY, "alert", 0)]


def test_a_table_that_was_emptied_is_told(project):
    volume = project.sql(
        "select period_status, fresh_status from health_volume where monitor = 'emptied' and is_latest"
    )
    assert volume == [("gone", "alert")]
    open_findings = project.sql(
        "select distinct finding from health_alerts where monitor = 'emptied' and is_open order by 1"
    )
    assert open_findings == [("freshness",), ("volume",)]


@pytest.mark.parametrize(
    "mart", ["health_drift", "health_coverage", "health_coverage_combinations", "health_representation"]
)
@pytest.mark.parametrize("reference", ["none", "before_all"])
def test_a_reference_without_rows_has_too_little_data(project, mart, reference):
    rows = project.sql(
        f"select distinct status, reason from {mart} where monitor = 'compared' and reference = '{reference}'"
    )
    assert {status for status, _ in rows} == {"insufficient_data"}
    assert all(reason for _, reason in rows)
    finding = project.sql(f"""
        select severity, is_open, evidence from health_alerts where monitor = 'compared' and reference_list like '%{reference}%'
    """)
    assert finding == [("warn", True, "the reference has no row, so nothing is compared with it")]
    assert project.sql(
        "select empty_reference_status, status from health_scorecard where monitor = 'compared' and is_latest"
    ) == [("warn", "warn")]


@pytest.mark.parametrize(
    "mart", ["health_drift", "health_coverage", "health_coverage_combinations", "health_representation"]
)
def test_a_period_of_the_reference_is_not_judged_against_it(project, mart):
    first, end = TODAY - timedelta(days=69), TODAY - timedelta(days=39)
    days = {
        day
        for (day,) in project.sql(
            f"select distinct period_start from {mart} where monitor = 'compared' and reference = 'first_month'"
        )
    }
    assert days and min(days) == end
    assert project.sql("select min(period_start) from health_volume where monitor = 'compared'") == [(first,)]
