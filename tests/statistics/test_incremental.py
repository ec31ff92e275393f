"""What a build reads again, and that increments add up to one full build."""

import datetime

import duckdb
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
        consumer.build_up_to(*STATISTICS, "dataset_periods")
        if day % 4 == 0:
            consumer.build_up_to(*STATISTICS, "dataset_periods")
            # nothing is new, and the table is not read
            assert not any('"raw"."rows"' in sql for sql in compiled(consumer))
    assert consumer.sql("select count(*) from raw.rows") == [(DAYS * ROWS_A_DAY,)]
    compare_statistics(all_days, consumer)
    # of one more day that day is read, and no other
    consumer.load("day", day_of_rows(DAYS, np.full(ROWS_A_DAY, DAYS + 4), seed=99))
    consumer.sql("insert into raw.rows from raw.day")
    consumer.build_up_to(*STATISTICS, "dataset_periods")
    assert all("2024-03-09" in sql and "2024-03-08" not in sql for sql in compiled(consumer))


def compiled(consumer, tables=STATISTICS):
    codes = {result["unique_id"].split(".")[-1]: result.get("compiled_code") for result in consumer.run_results()}
    return [codes[table] for table in tables]


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


EVENTS = MONITOR["monitors"]["events"]
FIRST, RECENT = ("2024-03-01", "2024-03-04"), ("2024-03-05", "2024-03-08")
ODD_HOURS = ("2024-03-01 12:00:00", "2024-03-02 06:00:00")
# a table and its monitor per change; all of them are built together, changed, and built again
CHANGES = {
    "nothing": "",
    "one_more_day": "insert into {table} from raw.day",
    "one_late_row": """
        insert into {table} by name
        select * replace (id + 500 as id, timestamp '2024-03-20' as loaded_at)
        from {table} where happened_at < '2024-03-02' limit 1
    """,
    "changed_in_place": "update {table} set size = 1e4, loaded_at = timestamp '2024-03-21' where id = 20005",
    "new_column": "alter table {table} add column extra double; update {table} set extra = 2 * size",
    "other_columns": "alter table {table} drop column code; alter table {table} alter column count type varchar",
    "gone": """
        delete from {table} where happened_at < timestamp '2024-03-03';
        delete from {table} where happened_at < timestamp '2024-03-04' and id % 2 = 0
    """,
    "given_up": """
        delete from {table}
        where happened_at < timestamp '2024-03-02' or (happened_at < timestamp '2024-03-03' and id % 2 = 0)
    """,
    "lookback": "insert into {table} by name select * replace (id + 700 as id) from {table} where id in (20, 70020)",
    "windows": "",
    "scanned": "",
    "labelled": "insert into raw.labels values (50, 'yes', timestamp '2024-02-03')",
    "timeless": "insert into {table} select 1000 from range(50)",
    "renamed": "",
    "nulls": "insert into {table} select unnest(repeat([happened_at], 10)), x from {table}",
    "grown": "insert into {table} select timestamp '2024-02-05', i * 1.5 from range(400) t(i)",
}
# what other tables hold than the events
ROWS = {
    "labelled": "select i as id, timestamp '2024-01-05' as happened_at, i as x from range(100) t(i)",
    "timeless": "select i as x from range(100) t(i)",
    "renamed": "select i as x from range(100) t(i)",
    "nulls": "select timestamp '2024-01-05' as happened_at, case when i % 10 > 0 then i end as x from range(25000) t(i)",
    "grown": "select timestamp '2024-01-05' as happened_at, i * 1.5 as x from range(30) t(i)",
}
LABEL = {"relation": {"source": ["raw", "labels"]}, "key": "id", "column": "label", "loaded_at": "labelled_at"}
SETTINGS = {
    "labelled": {"key": "id", "time": "happened_at", "label": LABEL},
    "timeless": {},
    "renamed": {"references": {"training": {"relation": {"source": ["raw", "first"]}}}},
    "nulls": {"time": "happened_at"},
    "grown": {"time": "happened_at"},
}
SETTINGS_LATER = {
    "given_up": {"on_missing_period": "rebuild"},
    "lookback": {"lookback": 2},
    "windows": {
        "references": {"first_days": {"from": FIRST[0], "to": FIRST[1]}, "recent": {"last": "3 days"}},
    },
    "scanned": {
        "references": {
            "odd_hours": {"from": ODD_HOURS[0], "to": ODD_HOURS[1]},
            "training": {"relation": {"source": ["raw", "everything"]}},
        }
    },
    "renamed": {"references": {"training": {"relation": {"source": ["raw", "second"]}}}},
}
STORES = (*STATISTICS, "monitored_periods", "column_grids")


def monitors(later):
    later_settings = SETTINGS_LATER if later else {}
    return {
        "monitors": {
            name: SETTINGS.get(name, EVENTS) | {"relation": {"source": ["raw", name]}} | later_settings.get(name, {})
            for name in CHANGES
        }
    }


@pytest.fixture(scope="module")
def changed(all_days, tmp_path_factory):
    """All tables built, each changed, and built again; `before` is what stood in the stores, `since` when that was."""
    from consumer import Consumer

    sources = [*CHANGES, "labels", "first", "second", "everything"]
    project = Consumer(tmp_path_factory.mktemp("changed") / "project", monitors(later=False), sources=sources)
    with duckdb.connect(str(all_days.database)) as connection:
        project.load("everything", connection.sql("from raw.rows").to_arrow_table())
    for name in CHANGES:
        project.sql(f"create table raw.{name} as {ROWS.get(name, 'from raw.everything')}")
    for name, offset in (("first", 10), ("second", 20)):
        project.sql(f"create table raw.{name} as select i + {offset} as x from range(100) t(i)")
    project.sql("""
        create table raw.labels as
        select i as id, 'no' as label, timestamp '2024-02-01' as labelled_at from range(40) t(i)
    """)
    # the later annotation of two counts, and no row is counted twice
    project.sql("insert into raw.labels values (3, 'yes', timestamp '2024-02-02')")
    project.build_profile()
    project.labels_before = labels_of(project)
    project.mean_before = project.sql(
        "select mean from health_profile where monitor = 'renamed' and dataset = 'training'"
    )
    # as if the table without a time had been counted yesterday
    for table in ("column_statistics", "monitored_periods"):
        keys = (
            ", period_column_key = replace(period_column_key, ' 2', ' 1')"
            if table == "column_statistics"
            else ", period_end = period_end - 1"
        )
        project.sql(f"""
            update {table}
            set period_start = period_start - 1, period_key = replace(period_key, ' 2', ' 1'){keys}
            where monitor = 'timeless'
        """)
    project.before = {table: stored(project, table) for table in STORES}
    project.profile_before = project.sql("select count(*), sum(row_count) from health_profile where monitor = 'gone'")
    project.since = newest_build(project)
    project.load("day", day_of_rows(DAYS, np.full(ROWS_A_DAY, DAYS + 1), seed=99))
    for name, change in CHANGES.items():
        if change:
            project.sql(change.format(table=f"raw.{name}"))
    project.configure(monitors(later=True))
    project.build_profile()
    (project.scan_of_periods,) = compiled(project, ["monitored_periods"])
    return project


def stored(project, table):
    """The rows of a store by monitor, as texts: NaN is not equal to itself."""
    rows = {}
    for row in project.rows(
        f"select * from {NAMED_DISTRIBUTIONS if table == 'column_distributions' else table} order by all"
    ):
        rows.setdefault(row["monitor"], []).append(str(row))
    return rows


def labels_of(project):
    return project.sql(f"""
        select bin_type, category, row_count from {NAMED_DISTRIBUTIONS}
        where monitor = 'labelled' and column_name = 'label' order by all
    """)


def built_periods(project, monitor, table="column_statistics"):
    return set(
        project.sql(f"""
            select distinct cast(period_start as varchar), column_name from {table}
            where monitor = '{monitor}' and built_at > timestamp '{project.since}'
        """)
    )


def newest_build(project):
    return project.sql("select max(built_at) from column_statistics")[0][0]


def test_a_second_build_rewrites_no_statistics(changed):
    for table in STORES:
        assert stored(changed, table)["nothing"] == changed.before[table]["nothing"] != []


def test_one_more_day_touches_that_period_only(changed):
    for table in ("column_statistics", NAMED_DISTRIBUTIONS):
        assert {period for period, _ in built_periods(changed, "one_more_day", table)} == {"2024-03-09"}


def test_one_late_row_rebuilds_its_period_only(changed):
    assert {period for period, _ in built_periods(changed, "one_late_row")} == {"2024-03-01"}
    (volume,) = changed.rows(
        "select * from health_volume where monitor = 'one_late_row' and period_start = date '2024-03-01'"
    )
    assert (volume["row_count"], volume["rows_added_later"]) == (ROWS_A_DAY + 1, 1)
    assert volume["newest_load"] == datetime.datetime(2024, 3, 20)


def test_a_row_that_changes_in_place_is_seen_by_its_load_time(changed):
    assert {period for period, _ in built_periods(changed, "changed_in_place")} == {"2024-03-03"}
    query = "select max(maximum) from health_profile where monitor = 'changed_in_place' and column_name = 'size'"
    assert changed.sql(query) == [(1e4,)]


def test_a_new_column_is_built_alone(changed):
    for table in ("column_statistics", NAMED_DISTRIBUTIONS):
        periods = built_periods(changed, "new_column", table)
        assert {column for _, column in periods} == {"extra"}
        assert len(periods) == DAYS
    changes = changed.sql(
        "select column_name, change, type_now, is_new from health_schema_changes where monitor = 'new_column'"
    )
    assert changes == [("extra", "added", "DOUBLE", True)]


def test_dropped_and_retyped_columns_are_reported_and_keep_their_history(changed):
    changes = changed.sql("""
        select column_name, change, type_before, type_now from health_schema_changes
        where monitor = 'other_columns' order by 1
    """)
    assert changes == [("code", "dropped", "VARCHAR", None), ("count", "retyped", "BIGINT", "VARCHAR")]
    kinds = dict(changed.sql("select column_name, kind from column_grids where monitor = 'other_columns'"))
    assert kinds["count"] == "categorical"
    profile = changed.rows("""
        select * from health_profile
        where monitor = 'other_columns' and column_name = 'count' and segment_column = '(all)'
    """)
    assert {row["kind"] for row in profile} == {"categorical"}
    query = "select count(*) from column_statistics where monitor = 'other_columns' and column_name = 'code'"
    assert changed.sql(query)[0][0] > 0


def test_periods_that_the_table_no_longer_holds_are_kept_and_marked(changed):
    statuses = dict(
        changed.sql("select cast(period_start as varchar), period_status from health_volume where monitor = 'gone'")
    )
    assert [statuses[f"2024-03-0{day}"] for day in range(1, 5)] == ["gone", "gone", "shrunk", "complete"]
    query = "select count(*), sum(row_count) from health_profile where monitor = 'gone'"
    assert changed.sql(query) == changed.profile_before


def test_missing_periods_can_be_given_up(changed):
    volume = changed.sql("""
        select cast(period_start as varchar), row_count from health_volume where monitor = 'given_up' order by 1 limit 2
    """)
    left = changed.sql("select count(*) from raw.given_up where happened_at < timestamp '2024-03-03'")[0][0]
    assert volume[0] == ("2024-03-02", left)
    assert changed.sql("""
        select distinct row_count from health_profile
        where monitor = 'given_up' and segment_column = '(all)' and period_start = date '2024-03-02'
    """) == [(left,)]


def test_lookback_counts_only_the_newest_periods(changed):
    assert {period for period, _ in built_periods(changed, "lookback")} == {"2024-03-08"}
    scan = changed.scan_of_periods.split('"raw"."lookback"')[1]
    assert ">= timestamp '2024-03-07 00:00:00'" in scan[:400]
    query = "select period_status, count(*) from health_volume where monitor = 'lookback' group by 1"
    assert dict(changed.sql(query)) == {"complete": DAYS}


def test_a_new_reference_window_scans_nothing(changed):
    assert built_periods(changed, "windows") == set()
    rows = changed.rows("""
        select * from health_profile
        where monitor = 'windows' and dataset <> 'production' and column_name = 'size' and segment_column = '(all)'
    """)
    for row, (first, last) in zip(sorted(rows, key=lambda row: row["dataset"]), [FIRST, RECENT], strict=True):
        within = f"happened_at >= timestamp '{first}' and happened_at < timestamp '{last}' and not isnan(size)"
        mean, variance, count = changed.sql(
            f"select avg(size), var_pop(size), count(*) from raw.windows where {within}"
        )[0]
        assert (row["mean"], row["variance"]) == (pytest.approx(mean, rel=1e-12), pytest.approx(variance, rel=1e-9))
        assert row["row_count"] * (1 - row["nan_share"]) == pytest.approx(count)
        median = np.median([value for (value,) in changed.sql(f"select size from raw.windows where {within}")])
        assert row["p50_lower"] <= median <= row["p50_upper"]


def test_a_reference_window_that_cuts_periods_and_a_reference_table_are_scanned(changed):
    within = f"happened_at >= timestamp '{ODD_HOURS[0]}' and happened_at < timestamp '{ODD_HOURS[1]}'"
    expected = changed.sql(f"select count(*) from raw.scanned where {within}")
    expected += changed.sql("select count(*) from raw.everything")
    query = """
        select row_count from health_profile
        where monitor = 'scanned' and dataset <> 'production' and column_name = 'count' and segment_column = '(all)'
        order by dataset
    """
    assert changed.sql(query) == expected


def test_labels_that_arrive_in_place_rebuild_the_label_only(changed):
    assert changed.labels_before == [("null", None, 60), ("value", "no", 39), ("value", "yes", 1)]
    assert built_periods(changed, "labelled") == {("2024-01-01", "label")}
    assert changed.sql("select labelled_count from health_volume where monitor = 'labelled'") == [(41,)]


def test_a_table_without_a_time_is_counted_on_each_build_date(changed):
    volume = changed.sql("""
        select row_count, period_status in ('complete', 'partial') from health_volume
        where monitor = 'timeless' order by period_start
    """)
    assert volume == [(100, True), (150, True)]
    query = "select row_count, is_latest from health_profile where monitor = 'timeless' order by period_start"
    assert changed.sql(query) == [(100, False), (150, True)]


def test_a_reference_that_names_another_table_of_as_many_rows_is_read_again(changed):
    assert changed.mean_before == [(59.5,)]
    query = "select mean from health_profile where monitor = 'renamed' and dataset = 'training'"
    assert changed.sql(query) == [(69.5,)]


def test_a_grid_stays_though_some_of_its_sample_was_null(changed):
    assert changed.sql("select count(*) from raw.nulls") == [(11 * 25_000,)]
    assert stored(changed, "column_grids")["nulls"] == changed.before["column_grids"]["nulls"] != []


def test_a_grid_of_few_values_is_fitted_again_when_the_table_has_grown_tenfold(changed):
    query = "select generation, row_count_when_drawn from column_grids where monitor = 'grown'"
    assert changed.sql(query) == [(2, 430)]
    query = f"select distinct grid_generation from {NAMED_DISTRIBUTIONS} where monitor = 'grown'"
    assert changed.sql(query) == [(2,)]


# the last of this project: it is built once more
def test_what_was_scanned_once_is_not_scanned_again(changed):
    since = newest_build(changed)
    changed.build_profile()
    assert newest_build(changed) == since


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
