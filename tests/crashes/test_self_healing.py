"""What a build repairs: a named span, rows that came meanwhile, rows written twice, statistics of an older version."""

import pytest
from consumer import Consumer

ROWS = """
    create or replace table raw.rows as
    select
        i as id,
        timestamp '2024-01-01' + interval 1 hour * i as happened_at,
        timestamp '2024-06-01' + interval 1 second * i as loaded_at,
        i % 97 * 1.5 as size,
        'c' || i % 7 as code
    from range(91 * 24) as numbers(i)
"""
STATISTICS = ("column_statistics", "column_distributions")


def made(folder, **settings):
    monitor = {"relation": {"source": ["raw", "rows"]}, "key": "id", "time": "happened_at", **settings}
    consumer = Consumer(folder, {"monitors": {"events": monitor}})
    consumer.sql(ROWS)
    consumer.build_profile()
    return consumer


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Three months, built once; tests take a copy."""
    return made(tmp_path_factory.mktemp("built") / "project")


@pytest.fixture(scope="module")
def with_load_times(tmp_path_factory):
    return made(tmp_path_factory.mktemp("loaded") / "project", loaded_at="loaded_at")


def written_by_last_run(consumer, table):
    return [
        str(month)
        for (month,) in consumer.sql(
            f"select distinct period_start from {table} where built_at = (select max(built_at) from health_profile) order by 1"
        )
    ]


def contents(consumer, table):
    """Everything but when it was built, and from what."""
    return consumer.sql(f"select * exclude (built_at, built_from) from {table} order by all")


@pytest.mark.parametrize(
    ("span", "months"),
    [
        ("2024-02-10..2024-02-11", ["2024-02-01"]),
        ("2024-02-01..2024-03-01", ["2024-02-01"]),
        ("..2024-02-02", ["2024-01-01", "2024-02-01"]),
        ("2024-02-29..", ["2024-02-01", "2024-03-01"]),
        ("..", ["2024-01-01", "2024-02-01", "2024-03-01"]),
        ("2025-01-01..", []),
    ],
)
def test_a_named_span_is_built_again(built, tmp_path, monkeypatch, span, months):
    consumer = built.copy(tmp_path / "project")
    # without a load time this change, which keeps the number of rows, is invisible
    consumer.sql("update raw.rows set size = size + 1000")
    monkeypatch.setenv("DATA_HEALTH_REBUILD", span)
    consumer.build_profile()
    for table in STATISTICS:
        assert written_by_last_run(consumer, table) == months
    changed = consumer.sql(
        "select distinct cast(period_start as varchar) from column_statistics where column_name = 'size' and minimum = 1000 order by 1"
    )
    assert [month for (month,) in changed] == months
    monkeypatch.delenv("DATA_HEALTH_REBUILD")
    consumer.build_profile()
    for table in STATISTICS:
        assert written_by_last_run(consumer, table) == []


def test_a_span_that_a_killed_run_left_half_built_is_finished_by_the_next(built, tmp_path, monkeypatch):
    consumer = built.copy(tmp_path / "project")
    consumer.sql("update raw.rows set size = size + 1000")
    monkeypatch.setenv("DATA_HEALTH_REBUILD", "2024-02-01..2024-03-01")
    consumer.dbt("run", "--select", "health_monitors", "monitored_periods", "column_grids", "column_statistics")
    monkeypatch.delenv("DATA_HEALTH_REBUILD")
    consumer.build_profile()
    assert written_by_last_run(consumer, "column_statistics") == []
    assert written_by_last_run(consumer, "column_distributions") == ["2024-02-01"]


def test_a_span_reaches_behind_the_lookback_and_accepts_rows_that_went(tmp_path, monkeypatch):
    consumer = made(tmp_path / "project", lookback=1)
    consumer.sql("delete from raw.rows where happened_at >= '2024-02-15' and happened_at < '2024-02-20'")
    consumer.sql("delete from raw.rows where happened_at < '2024-02-01'")
    consumer.build_profile()
    counts = "select cast(period_start as varchar), status, row_count from monitored_periods order by 1"
    assert consumer.sql(counts)[:2] == [("2024-01-01", "production", 31 * 24), ("2024-02-01", "production", 29 * 24)]
    monkeypatch.setenv("DATA_HEALTH_REBUILD", "2024-01-01..2024-03-01")
    consumer.build_profile()
    # a period that is gone cannot be read again, and is kept
    assert consumer.sql(counts)[:2] == [("2024-01-01", "gone", 31 * 24), ("2024-02-01", "production", 24 * 24)]
    assert consumer.sql(
        "select row_count from column_statistics where period_start = date '2024-02-01' and column_name = 'size'"
    ) == [(24 * 24,)]
    assert consumer.sql(
        "select row_count from health_profile where period_start = date '2024-01-01' and column_name = 'size'"
    ) == [(31 * 24,)]


@pytest.mark.parametrize(
    "span", ["2024-02-01", "2024-02-01...2024-03-01", "2024-03-01..2024-02-01", "02/2024..", "2024-02-30..", "a..b"]
)
def test_a_span_that_cannot_be_understood_stops_the_build(built, tmp_path, monkeypatch, span):
    consumer = built.copy(tmp_path / "project")
    monkeypatch.setenv("DATA_HEALTH_REBUILD", span)
    result = consumer.build_profile(succeeds=False)
    message = next(str(node.message) for node in result.result.results if node.node.name == "health_monitors")
    assert f"DATA_HEALTH_REBUILD: found '{span}'; allowed: from..to, two days such as" in message
    result = consumer.dbt("run", "--select", "monitored_periods", succeeds=False)
    assert "DATA_HEALTH_REBUILD" in str(result.result.results[0].message)


@pytest.mark.parametrize("fixture", ["built", "with_load_times"])
def test_rows_that_come_between_two_models_are_left_to_the_next_run(fixture, request, tmp_path):
    consumer = request.getfixturevalue(fixture).copy(tmp_path / "project")
    new_rows = "insert into raw.rows select id + {0}, happened_at + interval {1} hour, loaded_at + interval {0} second, size, code from raw.rows where id >= 90 * 24"
    consumer.sql(new_rows.format(10_000, 24))
    consumer.dbt("run", "--select", "health_monitors", "monitored_periods", "column_grids", "column_statistics")
    consumer.sql(new_rows.format(20_000, 48))
    consumer.dbt("run", "--select", "column_distributions")
    totals = """
        select period_start, row_count, (select sum(row_count) from column_distributions as bins
            where bins.period_column_key = measured.period_column_key)
        from column_statistics as measured where column_name = 'size'
    """
    assert all(measured == binned for _, measured, binned in consumer.sql(totals))
    assert consumer.sql("select sum(row_count) from monitored_periods") == [(92 * 24,)]
    consumer.build_profile()
    assert all(measured == binned for _, measured, binned in consumer.sql(totals))
    assert consumer.sql("select sum(row_count) from monitored_periods") == consumer.sql("select count(*) from raw.rows")


def test_rows_that_were_written_twice_are_seen_and_built_again(built, tmp_path):
    consumer = built.copy(tmp_path / "project")
    expected = {table: contents(consumer, table) for table in STATISTICS}
    for table in STATISTICS:
        consumer.sql(
            f"insert into {table} select * replace (built_at + interval 3 second as built_at) from {table} where period_start = date '2024-02-01'"
        )
    consumer.sql(
        "insert into monitored_periods select * replace (changed_at + interval 3 second as changed_at) from monitored_periods"
    )
    assert contents(consumer, STATISTICS[0]) != expected[STATISTICS[0]]
    # the tests of the tables fail on doubled keys, so the run comes first
    consumer.dbt("run")
    consumer.build_profile()
    for table in STATISTICS:
        assert contents(consumer, table) == expected[table]
    assert consumer.sql("select count(*), count(distinct period_key) from monitored_periods") == [(3, 3)]


def test_statistics_of_an_older_version_are_built_again_where_the_rows_still_are(built, tmp_path):
    consumer = built.copy(tmp_path / "project")
    # an older version: other fingerprints, and columns that it did not know
    older = "replace(built_from, (select any_value(fingerprint) from monitored_periods), 'older')"
    for table, column in (("column_statistics", "extreme_count"), ("column_distributions", "value_sum")):
        consumer.sql(f"update {table} set built_from = {older}")
        consumer.sql(f"alter table {table} drop column {column}")
    consumer.sql("update monitored_periods set fingerprint = 'older'")
    for column in ("high_water_mark", "recounted_at"):
        consumer.sql(f"alter table monitored_periods drop column {column}")
    consumer.sql("delete from raw.rows where happened_at < '2024-02-01'")
    consumer.build_profile()
    known = "select cast(period_start as varchar), count({0}) from {1} where column_name = 'size' group by 1 order by 1"
    for column, table in (("extreme_count", "column_statistics"), ("value_sum", "column_distributions")):
        counts = consumer.sql(known.format(column, table))
        assert [month for month, _ in counts] == ["2024-01-01", "2024-02-01", "2024-03-01"]
        assert [count > 0 for _, count in counts] == [False, True, True]
    assert consumer.sql("select status, row_count from monitored_periods where period_start = date '2024-01-01'") == [
        ("gone", 31 * 24)
    ]
    profile = consumer.sql(
        "select row_count, mean is not null, p50 is not null from health_profile where column_name = 'size' order by period_start"
    )
    assert [rows for rows, *_ in profile] == [31 * 24, 29 * 24, 31 * 24]
    assert all(has_median for *_, has_median in profile)


@pytest.mark.parametrize(
    ("time_type", "loaded_type"),
    [
        ("timestamptz", None),
        ("timestamptz", "timestamptz"),
        ("timestamp_ns", "date"),
        ("date", None),
        ("timestamp_s", "timestamp_ns"),
    ],
)
def test_the_mark_leaves_no_row_out_whatever_the_types_and_the_clock(tmp_path, time_type, loaded_type):
    """The days hold the hour that comes twice in autumn, fractions of a second, and a row at infinity."""
    monitor = {
        "relation": {"source": ["raw", "rows"]},
        "key": "id",
        "time": "at",
        "timezone": "America/New_York",
        "grain": "day",
        "loaded_at": "loaded" if loaded_type else None,
    }
    consumer = Consumer(tmp_path / "project", {"monitors": {"events": monitor}})
    consumer.sql(f"""
        create table raw.rows as
        select
            i as id,
            cast(timestamp '2024-11-02 00:00:00.123456' + interval 20 minute * i as {time_type}) as at,
            cast(timestamp '2024-12-01 10:00:00.654321' + interval 7 second * i as {loaded_type or "timestamp"}) as loaded,
            i * 1.5 as size
        from range(200) as numbers(i)
    """)
    if time_type != "timestamp_s":
        consumer.sql("insert into raw.rows values (1000, 'infinity', null, 5)")
    consumer.build_profile()
    rows = consumer.sql("select count(*) from raw.rows")
    for table in STATISTICS:
        assert consumer.sql(f"select sum(row_count) from {table} where column_name = 'size'") == rows
    consumer.build_profile()
    for table in STATISTICS:
        assert written_by_last_run(consumer, table) == []
