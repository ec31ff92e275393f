"""What a build reads again, and that increments add up to one full build."""

import datetime

import numpy as np
import pytest
from distributions import NAMED_DISTRIBUTIONS

MONITOR = {
    "monitors": {
        "events": {
            "relation": {"source": ["raw", "rows"]},
            "key": "id",
            "time": "happened_at",
            "loaded_at": "loaded_at",
            "grain": "day",
            "segments": ["site"],
        }
    }
}
DAYS = 8
ROWS_A_DAY = 700
STATISTICS = ("column_statistics", "column_distributions")


def day_of_rows(day, arrives, seed):
    """Rows of one day; `arrives` says on which day each is loaded."""
    generator = np.random.default_rng(seed)
    rows = len(arrives)
    start = np.datetime64("2024-03-01", "us") + np.timedelta64(day, "D")
    return {
        "id": np.arange(rows) + 10_000 * day,
        "happened_at": start + generator.integers(0, 86_400, rows).astype("timedelta64[s]"),
        "loaded_at": np.datetime64("2024-03-01T02:00", "us") + np.asarray(arrives).astype("timedelta64[D]"),
        "size": np.where(generator.random(rows) < 0.1, np.nan, generator.normal(50 + day, 5, rows)),
        "count": generator.poisson(3, rows),
        "site": generator.choice(["hill", "harbour", "O'Hara"], rows),
        "code": np.char.add("c", generator.integers(0, 40, rows).astype(str)),
        "flag": generator.random(rows) < 0.3,
    }


@pytest.fixture(scope="module")
def all_days(tmp_path_factory):
    """The whole table, built at once; a tenth of each day's rows arrives one to three days late."""
    from consumer import Consumer

    consumer = Consumer(tmp_path_factory.mktemp("all") / "project", MONITOR, sources=["rows", "everything"])
    generator = np.random.default_rng(8)
    for day in range(DAYS):
        late = np.where(generator.random(ROWS_A_DAY) < 0.1, generator.integers(1, 4, ROWS_A_DAY), 0)
        consumer.load("day", day_of_rows(day, day + 1 + late, seed=day))
        consumer.sql(
            "create table raw.everything as from raw.day" if day == 0 else "insert into raw.everything from raw.day"
        )
    consumer.sql("create table raw.rows as from raw.everything")
    consumer.build_profile()
    return consumer


def test_day_by_day_with_late_rows_and_reruns_equals_one_full_build(all_days, tmp_path):
    consumer = all_days.copy(tmp_path / "daily")
    for table in (*STATISTICS, "monitored_periods"):
        consumer.sql(f"delete from {table}")
    consumer.sql("delete from raw.rows")
    for day in range(1, DAYS + 4):
        consumer.sql(
            f"insert into raw.rows from raw.everything where cast(loaded_at as date) = date '2024-03-01' + {day}"
        )
        for _ in range(2 if day % 4 == 0 else 1):
            consumer.build_up_to(*STATISTICS, "dataset_periods")
    assert consumer.sql("select count(*) from raw.rows") == [(DAYS * ROWS_A_DAY,)]
    compare_statistics(all_days, consumer)


def compare_statistics(full, incremental):
    grain = "period_column_key, segment_column, segment_value"
    counts = [
        "row_count",
        "null_count",
        "nan_count",
        "zero_count",
        "negative_count",
        "empty_count",
        "length_sum",
        "distinct_count",
    ]
    query = f"select {grain}, {', '.join(counts)}, minimum, maximum from column_statistics order by all"
    assert full.sql(query) == incremental.sql(query)
    query = (
        f"select {grain}, sum_1, sum_2, sum_3, sum_4 from column_statistics where sum_2 is not null order by {grain}"
    )
    for ours, theirs in zip(full.sql(query), incremental.sql(query), strict=True):
        scale = max(abs(value) for value in ours[3:])
        assert theirs[3:] == pytest.approx(ours[3:], rel=1e-12, abs=1e-12 * scale)
    query = (
        f"select {grain}, bin_type, bin, category, row_count, minimum, maximum from {NAMED_DISTRIBUTIONS} order by all"
    )
    assert full.sql(query) == incremental.sql(query)


def test_segments_add_up_to_all_rows(all_days):
    query = """
        select period_column_key, sum(case when segment_column = '(all)' then {0} else -{0} end)
        from {1} group by 1 having abs(sum(case when segment_column = '(all)' then {0} else -{0} end)) > 1e-6
    """
    assert all_days.sql(query.format("row_count", "column_statistics")) == []
    assert all_days.sql(query.format("sum_1", "column_statistics")) == []
    assert all_days.sql(query.format("row_count", NAMED_DISTRIBUTIONS)) == []


@pytest.fixture
def copied(all_days, tmp_path):
    return all_days.copy(tmp_path / "copy")


def built_periods(consumer, table, since):
    query = (
        f"select distinct cast(period_start as varchar), column_name from {table} where built_at > timestamp '{since}'"
    )
    return set(consumer.sql(query))


def newest_build(consumer):
    return consumer.sql("select max(built_at) from column_statistics")[0][0]


def test_a_second_build_rewrites_no_statistics(copied):
    before = {
        table: copied.sql(f"select * from {table} order by all")
        for table in (*STATISTICS, "monitored_periods", "column_grids")
    }
    copied.build_profile()
    after = {table: copied.sql(f"select * from {table} order by all") for table in before}
    # NaN is not equal to itself, so the rows are compared as they print
    assert str(before) == str(after)
    compiled = {
        result["unique_id"].split(".")[-1]: result["compiled_code"]
        for result in copied.run_results()
        if result.get("compiled_code")
    }
    for table in STATISTICS:
        assert '"raw"."rows"' not in compiled[table]


def test_one_more_day_touches_that_period_only(copied):
    since = newest_build(copied)
    copied.load("day", day_of_rows(DAYS, np.full(ROWS_A_DAY, DAYS + 1), seed=99))
    copied.sql("insert into raw.rows from raw.day")
    copied.build_profile()
    for table in ("column_statistics", NAMED_DISTRIBUTIONS):
        assert {period for period, _ in built_periods(copied, table, since)} == {"2024-03-09"}
    compiled = {
        result["unique_id"].split(".")[-1]: result["compiled_code"]
        for result in copied.run_results()
        if result.get("compiled_code")
    }
    for table in STATISTICS:
        assert "2024-03-09" in compiled[table]
        assert "2024-03-08" not in compiled[table]


def test_one_late_row_rebuilds_its_period_only(copied):
    since = newest_build(copied)
    copied.sql(
        "insert into raw.rows by name select * replace (id + 500 as id, timestamp '2024-03-20' as loaded_at) from raw.rows where happened_at < '2024-03-02' limit 1"
    )
    copied.build_profile()
    assert {period for period, _ in built_periods(copied, "column_statistics", since)} == {"2024-03-01"}
    (volume,) = copied.rows("select * from health_volume where period_start = date '2024-03-01'")
    assert (volume["row_count"], volume["rows_added_later"]) == (ROWS_A_DAY + 1, 1)
    assert volume["newest_load"] == datetime.datetime(2024, 3, 20)


def test_a_row_that_changes_in_place_is_seen_by_its_load_time(copied):
    since = newest_build(copied)
    copied.sql("update raw.rows set size = 1e4, loaded_at = timestamp '2024-03-21' where id = 20005")
    copied.build_profile()
    assert {period for period, _ in built_periods(copied, "column_statistics", since)} == {"2024-03-03"}
    assert copied.sql("select max(maximum) from health_profile where column_name = 'size'") == [(1e4,)]


def test_a_new_column_is_built_alone(copied):
    since = newest_build(copied)
    copied.sql("alter table raw.rows add column extra double; update raw.rows set extra = 2 * size")
    copied.build_profile()
    for table in ("column_statistics", NAMED_DISTRIBUTIONS):
        periods = built_periods(copied, table, since)
        assert {column for _, column in periods} == {"extra"}
        assert len(periods) == DAYS
    changes = copied.sql("select column_name, change, type_now, is_new from health_schema_changes")
    assert changes == [("extra", "added", "DOUBLE", True)]


def test_dropped_and_retyped_columns_are_reported_and_keep_their_history(copied):
    copied.sql("alter table raw.rows drop column code; alter table raw.rows alter column count type varchar")
    copied.build_profile()
    changes = copied.sql("select column_name, change, type_before, type_now from health_schema_changes order by 1")
    assert changes == [("code", "dropped", "VARCHAR", None), ("count", "retyped", "BIGINT", "VARCHAR")]
    kinds = dict(copied.sql("select column_name, kind from column_grids"))
    assert kinds["count"] == "categorical"
    profile = copied.rows("select * from health_profile where column_name = 'count' and segment_column = '(all)'")
    assert {row["kind"] for row in profile} == {"categorical"}
    assert copied.sql("select count(*) from column_statistics where column_name = 'code'")[0][0] > 0


def test_periods_that_the_table_no_longer_holds_are_kept_and_marked(copied):
    before = copied.sql("select count(*), sum(row_count) from health_profile")
    copied.sql("delete from raw.rows where happened_at < timestamp '2024-03-03'")
    copied.sql("delete from raw.rows where happened_at < timestamp '2024-03-04' and id % 2 = 0")
    copied.build_profile()
    statuses = dict(copied.sql("select cast(period_start as varchar), period_status from health_volume"))
    assert [statuses[f"2024-03-0{day}"] for day in range(1, 5)] == ["gone", "gone", "shrunk", "complete"]
    assert copied.sql("select count(*), sum(row_count) from health_profile") == before


def test_missing_periods_can_be_given_up(copied):
    copied.configure({"monitors": {"events": MONITOR["monitors"]["events"] | {"on_missing_period": "rebuild"}}})
    copied.sql(
        "delete from raw.rows where happened_at < timestamp '2024-03-02' or (happened_at < timestamp '2024-03-03' and id % 2 = 0)"
    )
    copied.build_profile()
    volume = copied.sql("select cast(period_start as varchar), row_count from health_volume order by 1 limit 2")
    left = copied.sql("select count(*) from raw.rows where happened_at < timestamp '2024-03-03'")[0][0]
    assert volume[0] == ("2024-03-02", left)
    assert copied.sql(
        "select distinct row_count from health_profile where segment_column = '(all)' and period_start = date '2024-03-02'"
    ) == [(left,)]


def test_lookback_counts_only_the_newest_periods(copied):
    copied.configure({"monitors": {"events": MONITOR["monitors"]["events"] | {"lookback": 2}}})
    since = newest_build(copied)
    copied.sql("insert into raw.rows by name select * replace (id + 700 as id) from raw.rows where id in (20, 70020)")
    copied.build_profile()
    assert {period for period, _ in built_periods(copied, "column_statistics", since)} == {"2024-03-08"}
    compiled = {
        result["unique_id"].split(".")[-1]: result["compiled_code"]
        for result in copied.run_results()
        if result.get("compiled_code")
    }
    assert ">= timestamp '2024-03-07 00:00:00'" in compiled["monitored_periods"]
    assert dict(copied.sql("select period_status, count(*) from health_volume group by 1")) == {"complete": DAYS}


def test_a_new_reference_window_scans_nothing(copied):
    since = newest_build(copied)
    references = {"first_days": {"from": "2024-03-01", "to": "2024-03-04"}, "recent": {"last": "3 days"}}
    copied.configure({"monitors": {"events": MONITOR["monitors"]["events"] | {"references": references}}})
    copied.build_profile()
    assert built_periods(copied, "column_statistics", since) == set()
    rows = copied.rows(
        "select * from health_profile where dataset <> 'production' and column_name = 'size' and segment_column = '(all)'"
    )
    for row, (first, last) in zip(
        sorted(rows, key=lambda row: row["dataset"]),
        [("2024-03-01", "2024-03-04"), ("2024-03-05", "2024-03-08")],
        strict=True,
    ):
        within = f"happened_at >= timestamp '{first}' and happened_at < timestamp '{last}' and not isnan(size)"
        mean, variance, count = copied.sql(f"select avg(size), var_pop(size), count(*) from raw.rows where {within}")[0]
        assert (row["mean"], row["variance"]) == (pytest.approx(mean, rel=1e-12), pytest.approx(variance, rel=1e-9))
        assert row["row_count"] * (1 - row["nan_share"]) == pytest.approx(count)
        median = np.median([value for (value,) in copied.sql(f"select size from raw.rows where {within}")])
        assert row["p50_lower"] <= median <= row["p50_upper"]


def test_a_reference_window_that_cuts_periods_and_a_reference_table_are_scanned_once(copied):
    copied.sql("create table raw.everything2 as select id, size, site from raw.rows where id % 3 = 0")
    references = {
        "odd_hours": {"from": "2024-03-01 12:00:00", "to": "2024-03-02 06:00:00"},
        "training": {"relation": {"source": ["raw", "everything"]}},
    }
    copied.configure({"monitors": {"events": MONITOR["monitors"]["events"] | {"references": references}}})
    copied.build_profile()
    within = "happened_at >= timestamp '2024-03-01 12:00:00' and happened_at < timestamp '2024-03-02 06:00:00'"
    expected = copied.sql(f"select count(*) from raw.rows where {within}") + copied.sql(
        "select count(*) from raw.everything"
    )
    query = "select row_count from health_profile where dataset <> 'production' and column_name = 'count' and segment_column = '(all)' order by dataset"
    assert copied.sql(query) == expected
    since = newest_build(copied)
    copied.build_profile()
    assert newest_build(copied) == since


def test_a_run_limited_to_one_monitor_leaves_the_others_alone(make_consumer):
    relation = {"relation": {"source": ["raw", "rows"]}, "time": "happened_at"}
    consumer = make_consumer({"monitors": {"one": relation, "two": relation}})
    consumer.sql("create table raw.rows as select timestamp '2024-01-05' as happened_at, i as x from range(100) t(i)")
    consumer.build_profile()
    two = consumer.sql("select * from column_statistics where monitor = 'two'")
    consumer.sql("insert into raw.rows select timestamp '2024-02-05', 7 from range(10)")
    consumer.build_profile(only="one")
    assert consumer.sql("select monitor, count(distinct period_start) from health_profile group by 1 order by 1") == [
        ("one", 2),
        ("two", 1),
    ]
    assert consumer.sql("select * from column_statistics where monitor = 'two'") == two
    assert consumer.sql("select distinct monitor from health_monitors order by 1") == [("one",), ("two",)]
    consumer.build_profile()
    assert consumer.sql("select monitor, count(distinct period_start) from health_profile group by 1 order by 1") == [
        ("one", 2),
        ("two", 2),
    ]


def test_labels_that_arrive_in_place_rebuild_the_label_only(make_consumer):
    label = {"relation": {"source": ["raw", "labels"]}, "key": "id", "column": "label", "loaded_at": "labelled_at"}
    monitor = {"relation": {"source": ["raw", "rows"]}, "key": "id", "time": "happened_at", "label": label}
    consumer = make_consumer({"monitors": {"labelled": monitor}}, sources=["rows", "labels"])
    consumer.sql(
        "create table raw.rows as select i as id, timestamp '2024-01-05' as happened_at, i as x from range(100) t(i)"
    )
    consumer.sql(
        "create table raw.labels as select i as id, 'no' as label, timestamp '2024-02-01' as labelled_at from range(40) t(i)"
    )
    # the later answer of two counts, and no row is counted twice
    consumer.sql("insert into raw.labels values (3, 'yes', timestamp '2024-02-02')")
    consumer.build_profile()
    query = f"select bin_type, category, row_count from {NAMED_DISTRIBUTIONS} where column_name = 'label' order by all"
    assert consumer.sql(query) == [("null", None, 60), ("value", "no", 39), ("value", "yes", 1)]
    since = newest_build(consumer)
    consumer.sql("insert into raw.labels values (50, 'yes', timestamp '2024-02-03')")
    consumer.build_profile()
    assert built_periods(consumer, "column_statistics", since) == {("2024-01-01", "label")}
    assert consumer.sql("select labelled_count from health_volume") == [(41,)]


def test_a_table_without_a_time_is_counted_on_each_build_date(make_consumer):
    consumer = make_consumer({"monitors": {"timeless": {"relation": {"source": ["raw", "rows"]}}}})
    consumer.sql("create table raw.rows as select i as x from range(100) t(i)")
    consumer.build_profile()
    # as if that had been yesterday
    for table in ("column_statistics", "monitored_periods"):
        keys = (
            ", period_column_key = replace(period_column_key, ' 2', ' 1')"
            if table == "column_statistics"
            else ", period_end = period_end - 1"
        )
        consumer.sql(
            f"update {table} set period_start = period_start - 1, period_key = replace(period_key, ' 2', ' 1'){keys}"
        )
    consumer.sql("insert into raw.rows select 1000 from range(50)")
    consumer.build_profile()
    volume = consumer.sql(
        "select row_count, period_status in ('complete', 'partial') from health_volume order by period_start"
    )
    assert volume == [(100, True), (150, True)]
    assert consumer.sql("select row_count, is_latest from health_profile order by period_start") == [
        (100, False),
        (150, True),
    ]


def test_a_reference_that_names_another_table_of_as_many_rows_is_read_again(make_consumer):
    def monitors(reference):
        return {
            "monitors": {
                "m": {"relation": {"source": ["raw", "rows"]}, "references": {"training": {"relation": reference}}}
            }
        }

    consumer = make_consumer(monitors({"source": ["raw", "first"]}), sources=["rows", "first", "second"])
    for table, offset in (("rows", 0), ("first", 10), ("second", 20)):
        consumer.sql(f"create table raw.{table} as select i + {offset} as x from range(100) t(i)")
    consumer.build_profile()
    query = "select mean from health_profile where dataset = 'training'"
    assert consumer.sql(query) == [(59.5,)]
    consumer.configure(monitors({"source": ["raw", "second"]}))
    consumer.build_profile()
    assert consumer.sql(query) == [(69.5,)]


def test_a_grid_stays_though_some_of_its_sample_was_null(make_consumer):
    consumer = make_consumer({"monitors": {"m": {"relation": {"source": ["raw", "rows"]}, "time": "happened_at"}}})
    rows = "select timestamp '2024-01-05' as happened_at, case when i % 10 > 0 then i end as x from range(25000) t(i)"
    consumer.sql(f"create table raw.rows as {rows}")
    consumer.build_profile()
    grid = consumer.sql("select * from column_grids")
    for _ in range(10):
        consumer.sql(f"insert into raw.rows {rows}")
    consumer.build_profile()
    assert consumer.sql("select * from column_grids") == grid


def test_a_grid_of_few_values_is_drawn_anew_when_the_table_has_grown_tenfold(make_consumer):
    consumer = make_consumer({"monitors": {"m": {"relation": {"source": ["raw", "rows"]}, "time": "happened_at"}}})
    consumer.sql(
        "create table raw.rows as select timestamp '2024-01-05' as happened_at, i * 1.5 as x from range(30) t(i)"
    )
    consumer.build_profile()
    consumer.sql("insert into raw.rows select timestamp '2024-02-05', i * 1.5 from range(400) t(i)")
    consumer.build_profile()
    assert consumer.sql("select generation, row_count_when_drawn from column_grids") == [(2, 430)]
    assert consumer.sql(f"select distinct grid_generation from {NAMED_DISTRIBUTIONS}") == [(2,)]
