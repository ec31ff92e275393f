"""Odd times and empty tables on PostgreSQL, as tests/alerts has them on DuckDB."""

from datetime import date

import pytest
from postgres_server import PostgresConsumer

pytestmark = pytest.mark.slow

DAYS = """
    select i as id, timestamp '2026-06-01' + interval '1 day' * (i / 40) as t, i % 7 as v
    from generate_series(0, 7199) as numbers (i)
    where i / 40 not between 100 and 109
"""
ODD = "1900-01-01", "9999-12-31", "0001-01-01", None, "infinity"
TABLES = {
    "days": DAYS,
    "odd": DAYS
    + "".join(
        f" union all select {10000 + number}, {f'timestamp {moment!r}' if moment else 'null'}, 1"
        for number, moment in enumerate(ODD)
    ),
    "nobody": f"{DAYS} and false",
}


@pytest.fixture(scope="module")
def project(postgres, tmp_path_factory):
    monitors = {
        name: {"relation": {"source": ["raw", name]}, "time": "t", "key": "id", "grain": "day", "subgroups": ["v"]}
        for name in TABLES
    }
    monitors["odd"]["references"] = {"none": {"relation": {"source": ["raw", "nobody"]}}}
    monitors["nobody"]["volume"] = {"fresh_within": "1 days"}
    folder = tmp_path_factory.mktemp("odd") / "project"
    consumer = PostgresConsumer(postgres, folder, {"monitors": monitors}, sources=tuple(TABLES))
    for name, query in TABLES.items():
        consumer.sql(f"create table raw.{name} as {query}; select 1")
    consumer.build("--exclude", "test_type:unit")
    return consumer


def test_odd_rows_move_nothing_and_are_a_finding(project):
    judged = """
        select period_start, period_status, row_count, status, reason from health_volume
        where monitor = '{}' and period_status <> 'implausible' and period_start is not null order by period_start
    """
    plain = [tuple(row) for row in project.sql(judged.format("days"))]
    assert [tuple(row) for row in project.sql(judged.format("odd"))] == plain
    assert [row[0] for row in plain if row[1] == "missing"] == [date(2026, 9, day) for day in range(9, 19)]
    counted = project.sql("""
        select period_start, row_count from health_volume
        where monitor = 'odd' and (period_status = 'implausible' or period_start is null) order by period_start nulls last
    """)
    assert [tuple(row) for row in counted] == [
        (date(1, 1, 1), 1),
        (date(1900, 1, 1), 1),
        (date(9999, 12, 31), 1),
        (None, 2),
    ]
    told = project.sql("select evidence from health_alerts where monitor = 'odd' and finding = 'implausible_time'")
    assert [tuple(row) for row in told] == [("3 rows have an implausible time, from 0001-01-01 to 9999-12-31",)]


def test_empty_tables_and_references_are_told(project):
    found = project.sql("select finding, severity from health_alerts where monitor = 'nobody' order by 1")
    assert [tuple(row) for row in found] == [("freshness", "alert"), ("volume", "alert")]
    for mart in ("health_drift", "health_representation"):
        told = project.sql(f"select distinct status, reason is not null from {mart} where reference = 'none'")
        assert [tuple(row) for row in told] == [("insufficient_data", True)]
