"""What a build repairs: a named span, rows that came meanwhile, rows written twice, statistics of an older version."""

import pytest
from consumer import Consumer
from distributions import NAMED_DISTRIBUTIONS

pytestmark = pytest.mark.slow

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
STATISTICS = ("column_statistics", NAMED_DISTRIBUTIONS)


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


def to_last_digits(rows):
    """Sums of doubles depend on the order in which the threads of DuckDB add them up."""
    return [
        tuple(pytest.approx(value, rel=1e-12, abs=1e-9) if isinstance(value, float) else value for value in row)
        for row in rows
    ]


def contents(consumer, table):
    """Everything but when it was built, and from what."""
    left_out = "built_at, built_from" + (", statistics_key" if table == "column_statistics" else "")
    return consumer.sql(f"select * exclude ({left_out}) from {table} order by all")


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
    sizes = f"select period_start, sum(row_count), min(minimum) from {NAMED_DISTRIBUTIONS} where column_name = 'size' group by 1 order by 1"
    assert [str(month) for month, *_ in consumer.sql(sizes)] == ["2024-01-01", "2024-03-01"]
    consumer.build_profile()
    assert written_by_last_run(consumer, "column_statistics") == []
    assert [row[1:] for row in consumer.sql(sizes)] == [(31 * 24, 0), (29 * 24, 1000), (31 * 24, 0)]


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
    assert f"DATA_HEALTH_REBUILD: found '{span}'; allowed: two dates such as" in message
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
            where bins.statistics_key = measured.statistics_key)
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
    february = "from column_statistics where period_start = date '2024-02-01'"
    consumer.sql(
        f"insert into column_distributions from column_distributions where statistics_key in (select statistics_key {february})"
    )
    assert contents(consumer, NAMED_DISTRIBUTIONS) != expected[NAMED_DISTRIBUTIONS]
    consumer.dbt("run")
    assert contents(consumer, NAMED_DISTRIBUTIONS) == to_last_digits(expected[NAMED_DISTRIBUTIONS])
    consumer.sql(
        f"insert into column_statistics select * replace (built_at + interval 3 second as built_at) {february}"
    )
    consumer.sql(
        "insert into monitored_periods select * replace (changed_at + interval 3 second as changed_at) from monitored_periods"
    )
    assert contents(consumer, STATISTICS[0]) != expected[STATISTICS[0]]
    # the tests of the tables fail on doubled keys, so the run comes first
    consumer.dbt("run")
    consumer.build_profile()
    for table in STATISTICS:
        assert contents(consumer, table) == to_last_digits(expected[table])
    assert consumer.sql("select count(*), count(distinct period_key) from monitored_periods") == [(3, 3)]


def test_statistics_of_an_older_version_are_built_again_where_the_rows_still_are(built, tmp_path):
    consumer = built.copy(tmp_path / "project")
    # an older version: other fingerprints, and columns that it did not know
    older = "replace(built_from, (select any_value(fingerprint) from monitored_periods), 'older')"
    consumer.sql(f"update column_statistics set built_from = {older}")
    consumer.sql("alter table column_statistics drop column extreme_count")
    consumer.sql("update monitored_periods set fingerprint = 'older'")
    for column in ("high_water_mark", "recounted_at"):
        consumer.sql(f"alter table monitored_periods drop column {column}")
    consumer.sql("delete from raw.rows where happened_at < '2024-02-01'")
    consumer.build_profile()
    counts = consumer.sql(
        "select cast(period_start as varchar), count(extreme_count) from column_statistics where column_name = 'size' group by 1 order by 1"
    )
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


@pytest.mark.parametrize("killed_at", ["", "narrow table made", "wide table dropped"])
def test_distributions_with_names_in_every_row_become_narrow_and_lose_no_period(built, tmp_path, killed_at):
    """As releases before wrote them: no key, a grid of fine bins only, and bins beside nulls with all names."""
    consumer = built.copy(tmp_path / "project")
    quantiles = "select p05_lower, p50, p95_upper from health_profile where column_name = 'size' order by period_start"
    expected = consumer.sql(quantiles)
    stored = f"select period_start, grid_generation, sum(row_count) from {NAMED_DISTRIBUTIONS} where column_name = 'size' group by all order by all"
    sums = consumer.sql(stored)
    consumer.sql(f"""
        create table wide as
        select * exclude (value_sum, bin_width), value_sum + row_count * coalesce(centre, 0) as value_sum
        from {NAMED_DISTRIBUTIONS} left join (select monitor, column_name, centre from column_grids) using (monitor, column_name)
    """)
    consumer.sql("drop table column_distributions")
    consumer.sql("alter table wide rename to column_distributions")
    for column in ("statistics_key", "bin_width"):
        consumer.sql(f"alter table column_statistics drop column {column}")
    for column in ("bin_starts", "edges"):
        consumer.sql(f"alter table column_grids drop column {column}")
    consumer.sql("delete from raw.rows where happened_at < '2024-02-01'")
    if killed_at == "narrow table made":
        consumer.sql("alter table column_statistics add column bin_width integer")
        consumer.sql("alter table column_statistics add column upgraded_key bigint")
        consumer.sql("create table column_distributions_narrow as select 1 as statistics_key")
    if killed_at == "wide table dropped":
        consumer.dbt("run", "--select", "health_monitors", "monitored_periods", "column_grids")
        consumer.sql("alter table column_distributions rename to column_distributions_narrow")
        consumer.sql("alter table column_statistics rename column statistics_key to upgraded_key")
    consumer.build_profile()
    assert consumer.sql(
        "select table_name from information_schema.tables where table_name like 'column_distributions%'"
    ) == [("column_distributions",)]
    assert consumer.sql(stored) == sums
    for row, before in zip(consumer.sql(quantiles), expected, strict=True):
        assert row == pytest.approx(before)
    assert written_by_last_run(consumer, "column_statistics") == []
    kept = contents(consumer, NAMED_DISTRIBUTIONS)
    consumer.build_profile()
    assert contents(consumer, NAMED_DISTRIBUTIONS) == to_last_digits(kept)


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
