"""One row of 1900 or of 2099 moves nothing else: no gap, no newest period, no freshness; it is a finding of its own."""

from datetime import date, datetime, timedelta

import pytest
from consumer import Consumer

TODAY = datetime.now().date()
# 180 days up to today, without days 100 to 109
DAYS = f"""
    select i as id, timestamp '{TODAY - timedelta(days=179)}' + i // 40 * interval 1 day as t, i % 7 as v
    from range(7200) as numbers (i)
    where i // 40 not between 100 and 109
"""
# a table that nobody feeds any more
DEAD = f"""
    select i as id, timestamp '{TODAY - timedelta(days=300)}' + i // 40 * interval 1 day as t, i % 7 as v
    from range(4000) as numbers (i)
"""
MONTHS = """
    select i as id, timestamp '2018-01-01' + i // 100 * interval 1 month as t, i % 7 as v from range(2400) as numbers (i)
"""
TABLES = {"days": DAYS, "dead": DEAD, "months": MONTHS} | {
    f"{table}_{number}": f"{query} union all select 10000 + i, timestamp '{odd}', 1 from range({count}) as odd_rows (i)"
    for table, query in {"days": DAYS, "dead": DEAD, "months": MONTHS}.items()
    for number, (odd, count) in enumerate(
        [
            ("0001-01-01", 1),
            ("1900-01-01", 1),
            ("1970-01-01 00:00:00", 20),
            ("2099-12-31", 3),
            ("9999-12-31 23:59:59", 1),
        ]
    )
}
TABLES["both"] = (
    f"{DAYS} union all select 10000, timestamp '1900-01-01', 1 union all select 10001, timestamp '2099-12-31', 1"
)
# all kinds of no time, in a table of one row a day
TABLES["timeless"] = """
    select i as id, case
        when i = 0 then timestamp '0001-01-01' when i = 1 then null else timestamp '2024-01-01' + i * interval 1 day end as t, i % 5 as v
    from range(200) as numbers (i)
"""


def monitor(table):
    grain = "month" if table.startswith("months") else "day"
    asked = {"relation": {"source": ["raw", table]}, "time": "t", "key": "id", "grain": grain}
    return asked | ({"volume": {"fresh_within": "3 days"}} if table.startswith("dead") else {})


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    configuration = {"monitors": {table: monitor(table) for table in TABLES}}
    consumer = Consumer(tmp_path_factory.mktemp("odd") / "project", configuration, sources=tuple(TABLES))
    for table, query in TABLES.items():
        consumer.sql(f"create table raw.{table} as {query}")
    # no test of the package fails, and so nothing is skipped
    consumer.build("--exclude", "test_type:unit")
    return consumer


ODD = [table for table in TABLES if table[-1].isdigit() or table == "both"]


@pytest.mark.parametrize("table", ODD)
def test_an_odd_row_moves_nothing_else(project, table):
    plain = "days" if table == "both" else table.split("_")[0]
    judged = """
        select period_start, period_end, is_latest, period_status, row_count, previous_row_count, comparable_period_count,
            expected_row_count, expected_lower, expected_upper, status, reason, hours_since_newest_event, fresh_within_hours, fresh_status
        from health_volume where monitor = '{}' and period_status <> 'implausible' order by 1
    """
    assert project.sql(judged.format(table)) == project.sql(judged.format(plain))
    drift = """
        select period_start, reference, column_name, metric, round(value, 9), status from health_drift where monitor = '{}' order by all
    """
    assert project.sql(drift.format(table)) == project.sql(drift.format(plain))
    alerts = "select finding, first_period, last_period, evidence, is_open from health_alerts where monitor = '{}' order by all"
    found = project.sql(alerts.format(table))
    assert [row for row in found if row[0] != "implausible_time"] == project.sql(alerts.format(plain))
    newest = project.sql(f"select max(period_start) from health_volume where monitor = '{plain}'")[0][0]
    (odd,) = [row for row in found if row[0] == "implausible_time"]
    assert odd[1:3] == (newest, newest) and odd[4]
    card = project.sql(
        f"select period_start, implausible_time_status from health_scorecard where monitor = '{table}' and is_latest"
    )
    assert card == [(newest, "warn")]


@pytest.mark.parametrize(
    ("table", "evidence"),
    [
        ("days_1", "1 row has an implausible time, of 1900-01-01"),
        ("days_2", "20 rows have an implausible time, of 1970-01-01"),
        ("months_3", "3 rows have an implausible time, of 2099-12-01"),
        ("both", "2 rows have an implausible time, from 1900-01-01 to 2099-12-31"),
    ],
)
def test_the_finding_says_how_many_from_when_to_when(project, table, evidence):
    found = project.sql(
        f"select evidence, severity from health_alerts where monitor = '{table}' and finding = 'implausible_time'"
    )
    assert found == [(evidence, "warn")]


def test_a_real_gap_is_told_and_a_dead_table_is_stale(project):
    for table in ("days", "days_1", "days_2", "both"):
        gap = project.sql(f"""
            select min(period_start), max(period_start), count(*), min(status)
            from health_volume where monitor = '{table}' and period_status = 'missing'
        """)
        first = TODAY - timedelta(days=79)
        assert gap == [(first, first + timedelta(days=9), 10, "alert")]
    for table in ("dead", "dead_3", "dead_4"):
        (age, status), *others = project.sql(
            f"select hours_since_newest_event, fresh_status from health_volume where monitor = '{table}' and is_latest"
        )
        assert status == "alert" and 201 * 24 < age < 203 * 24 and not others


def test_no_time_and_the_first_day_of_the_calendar_are_two_periods(project):
    counted = "select period_start, row_count from {} where monitor = 'timeless' and (period_start is null or period_start < '2000-01-01') order by all"
    assert project.sql(counted.format("monitored_periods")) == [(date(1, 1, 1), 1), (None, 1)]
    assert project.sql(counted.format("health_volume")) == [(date(1, 1, 1), 1), (None, 1)]
    statistics = project.sql("""
        select period_start, row_count, null_count from column_statistics
        where monitor = 'timeless' and column_name = 'v' and (period_start is null or period_start < '2000-01-01') order by all
    """)
    assert statistics == [(date(1, 1, 1), 1, 0), (None, 1, 0)]
    assert project.sql(
        "select row_count from health_profile where monitor = 'timeless' and column_name = 'v' and period_start is null"
    ) == [(1,)]


def test_few_rows_after_many_are_a_gap_and_a_slow_start_is_none(tmp_path):
    """Old rows are odd only where they are few: a tenth of them before a pause of three years is a gap."""
    old = "select i as id, timestamp '2019-01-01' + i * interval 1 month as t from range(12) as numbers (i)"
    new = (
        "select 1000 + i as id, timestamp '2023-01-01' + i // 5 * interval 1 month as t from range(120) as numbers (i)"
    )
    tables = {
        "paused": f"{old} union all {new}",
        "sparse": "select i as id, timestamp '1950-01-01' + i * interval 900 day as t from range(30) as numbers (i)",
    }
    monitors = {name: {"relation": {"source": ["raw", name]}, "time": "t", "key": "id"} for name in tables}
    consumer = Consumer(tmp_path / "project", {"monitors": monitors}, sources=tuple(tables))
    for name, query in tables.items():
        consumer.sql(f"create table raw.{name} as {query}")
    consumer.build_up_to("health_volume")
    counts = consumer.sql("select monitor, period_status, count(*) from health_volume group by all order by all")
    # of `sparse` every period between two rows is missing, and none of its rows is odd
    assert ("paused", "missing", 36) in counts
    assert not [row for row in counts if row[1] == "implausible"]


def test_one_row_of_the_future_does_not_stop_what_looks_back(tmp_path):
    """With `lookback` periods are counted again from the newest on, which is not the one of 2099."""
    asked = {"relation": {"source": ["raw", "rows"]}, "time": "t", "key": "id", "grain": "day", "lookback": 5}
    consumer = Consumer(tmp_path / "project", {"monitors": {"rows": asked}})
    consumer.sql(f"""
        create table raw.rows as
        select * from ({DEAD}) where id < 3600
        union all
        select 10000, timestamp '2099-12-31', 1
    """)
    consumer.build_up_to("health_volume")
    consumer.sql(f"insert into raw.rows select * from ({DEAD}) where id >= 3600")
    consumer.build_up_to("health_volume")
    assert consumer.sql("select count(*), sum(row_count) from health_volume where period_status = 'complete'") == [
        (100, 4000)
    ]
