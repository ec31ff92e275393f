"""Columns and rows that hurt: odd names, odd types, odd values, too few rows, too many columns."""

import datetime

import numpy as np
import pytest
from distributions import NAMED_DISTRIBUTIONS

RELATION = {"relation": {"source": ["raw", "rows"]}}
ODD_TABLE = r"""
    create table raw.rows as
    select
        i as "id",
        timestamp '2024-01-01' + to_hours(cast(i as bigint)) as "order",
        case i % 10 when 0 then null when 1 then 'NaN'::double when 2 then 'Infinity'::double
            when 3 then '-Infinity'::double when 4 then 0 when 5 then -5.5 else i end as "select",
        case i % 4 when 0 then null when 1 then '' when 2 then 'O''Hara; drop' else e'two\nlines 🙂' end as "Größe",
        cast(null as double) as "a b",
        cast(null as varchar) as "null text",
        7 as "constant",
        i % 2 = 0 as "group",
        i * 1.01::decimal(20, 2) as "d%e|c",
        i::hugeint * 100000000000000000000 as "big",
        date '2020-02-29' + i::integer as "day",
        case when i % 50 = 0 then 'infinity'::timestamp else timestamp '2023-01-01' + to_minutes(i) end as "when",
        timestamptz '2024-03-31 00:30:00+00' + to_hours(cast(i as bigint)) as "zoned",
        case when i % 2 = 0 then '00000000-0000-0000-0000-000000000001'::uuid end as "uuid",
        case when i % 3 = 0 then 'low' else 'high' end::enum ('low', 'high') as "level",
        case when i = 11 then 1e300 else i end as "huge",
        'text number ' || md5(i::varchar) as "note",
        [i] as "list", {'a': i} as "record", map {'a': i} as "mapping", time '12:00:00' as "clock", 'x'::blob as "blob",
        interval 1 day as "span",
        i as "{quoted}"
    from range(400) as numbers(i)
""".replace("{quoted}", '""quoted"" 100%')


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    from consumer import Consumer

    configuration = {"monitors": {"odd": RELATION | {"key": "id", "time": "order", "grain": "quarter"}}}
    consumer = Consumer(tmp_path_factory.mktemp("odd") / "project", configuration)
    consumer.sql(ODD_TABLE)
    consumer.build_profile()
    return consumer


@pytest.fixture(scope="module")
def profile(odd):
    return {row["column_name"]: row for row in odd.rows("select * from health_profile")}


def test_special_numbers_are_told_apart(profile):
    row = profile["select"]
    assert (row["row_count"], row["null_share"], row["nan_share"], row["infinity_share"]) == (400, 0.1, 0.1, 0.2)
    assert (row["zero_share"], row["negative_share"]) == (0.1, pytest.approx(0.2))
    finite = [value for i in range(400) for value in [{4: 0, 5: -5.5}.get(i % 10, i)] if i % 10 > 3]
    assert row["mean"] == pytest.approx(np.mean(finite))
    assert (row["minimum"], row["maximum"]) == (-5.5, 399)
    assert row["p50_lower"] <= np.median(finite) <= row["p50_upper"]


def test_special_numbers_have_bins_of_their_own(odd):
    bins = odd.sql(
        f"select bin_type, sum(row_count) from {NAMED_DISTRIBUTIONS} where column_name = 'select' group by 1"
    )
    assert dict(bins) == {"null": 40, "nan": 40, "positive_infinity": 40, "negative_infinity": 40, "bin": 240}


def test_texts_keep_quotes_new_lines_and_emoji(odd, profile):
    counts = odd.sql(
        f"select category, sum(row_count) from {NAMED_DISTRIBUTIONS} where column_name = 'Größe' group by 1"
    )
    assert dict(counts) == {None: 100, "": 100, "O'Hara; drop": 100, "two\nlines 🙂": 100}
    assert profile["Größe"]["empty_share"] == 0.25
    assert profile["Größe"]["distinct_count"] == 3


def test_columns_without_values(profile):
    for name in ("a b", "null text"):
        assert profile[name]["null_share"] == 1
        assert profile[name]["distinct_count"] == 0
        assert profile[name]["is_distinct_count_exact"]
    assert (profile["a b"]["mean"], profile["a b"]["variance"], profile["a b"]["standard_deviation"]) == (
        None,
        None,
        None,
    )
    assert profile["a b"]["p50"] is None


def test_a_constant_column(profile):
    row = profile["constant"]
    assert (row["minimum"], row["p01"], row["p99"], row["maximum"], row["mean"]) == (7, 7, 7, 7, 7)
    assert (row["variance"], row["skewness"], row["excess_kurtosis"]) == (0, None, None)


def test_decimals_big_integers_and_quoted_names(profile):
    assert profile["d%e|c"]["maximum"] == pytest.approx(399 * 1.01)
    assert profile["big"]["maximum"] == pytest.approx(399e20)
    assert profile['"quoted" 100%']["mean"] == pytest.approx(199.5)


def test_times_and_dates(profile):
    assert profile["day"]["earliest"] == datetime.datetime(2020, 2, 29)
    assert profile["zoned"]["earliest"] == datetime.datetime(2024, 3, 31, 0, 30)
    assert profile["when"]["infinity_share"] == pytest.approx(8 / 400)
    assert profile["when"]["earliest"] == datetime.datetime(2023, 1, 1, 0, 1)


def test_values_that_no_double_can_raise_to_the_fourth_power_are_counted_and_not_summed(profile):
    row = profile["huge"]
    assert (row["extreme_count"], row["maximum"], row["mean"], row["variance"]) == (1, 1e300, None, None)
    assert row["p50_lower"] <= 200.5 <= row["p50_upper"]


def test_kinds(profile):
    kinds = {name: profile[name]["kind"] for name in ("group", "level", "uuid", "note", "id", "Größe")}
    assert kinds == {
        "group": "boolean",
        "level": "categorical",
        "uuid": "categorical",
        "note": "text",
        "id": "key",
        "Größe": "categorical",
    }
    assert profile["note"]["mean_length"] == 44


def test_texts_that_are_nearly_unique_are_counted_by_length_and_shape(odd):
    bins = odd.sql(f"select bin_type, sum(row_count) from {NAMED_DISTRIBUTIONS} where column_name = 'note' group by 1")
    assert dict(bins) == {"length": 400, "pattern": 400}


def test_types_without_statistics_are_left_out_with_a_reason(odd):
    rows = odd.sql("select name, reason from health_monitors where not is_monitored and role = 'feature'")
    reasons = dict(rows)
    assert reasons.pop("list") == "a list of numbers is used only for principal components"
    assert set(reasons) == {"record", "mapping", "clock", "blob", "span"}
    assert all("has no statistics" in reason for reason in reasons.values())


def test_values_are_shown_only_where_allowed(make_consumer):
    monitors = {"hidden": RELATION, "shown": RELATION | {"show_values": ["city"]}}
    consumer = make_consumer({"monitors": monitors})
    consumer.sql(
        "create table raw.rows as select case when i < 60 then 'Girona' else 'Vic' end as city from range(100) t(i)"
    )
    consumer.build_profile()
    tops = consumer.sql("select monitor, top_value, top_share from health_profile order by 1")
    assert tops == [("hidden", None, 0.6), ("shown", "Girona", 0.6)]


@pytest.mark.parametrize("rows", [0, 1])
def test_tables_of_no_row_and_one_row(make_consumer, rows):
    consumer = make_consumer({"monitors": {"small": RELATION | {"time": "at"}}})
    consumer.sql(
        "create table raw.rows as select i as id, timestamp '2024-01-05' as at, 'x' as letter, 1.5::double as size "
        f"from range({rows}) t(i)"
    )
    consumer.build_profile()
    profile = consumer.rows("select * from health_profile order by column_name")
    assert [row["column_name"] for row in profile] == (["id", "letter", "size"] if rows else [])
    if rows:
        size = profile[2]
        assert (size["mean"], size["variance"], size["p05"], size["p95"]) == (1.5, 0, 1.5, 1.5)
    # a table without rows says so, in the period of the build
    statuses = consumer.sql("select period_status, row_count from health_volume")
    assert statuses == ([("complete", 1)] if rows else [("empty", 0)])
    # the first row of an empty table arrives later
    consumer.sql("insert into raw.rows values (99, timestamp '2024-02-05', 'y', 2.5)")
    consumer.build_profile()
    assert consumer.sql("select sum(row_count) from health_volume") == [(rows + 1,)]
    newest = consumer.rows(
        "select mean from health_profile where column_name = 'size' and period_start = date '2024-02-01'"
    )
    assert newest == [{"mean": 2.5}]


def test_rows_without_a_usable_time_have_a_period_of_their_own(make_consumer):
    consumer = make_consumer({"monitors": {"times": RELATION | {"time": "at", "grain": "day"}}})
    consumer.sql(
        "create table raw.rows as select i as x, case i % 4 when 0 then null when 1 then 'infinity'::timestamp "
        "else timestamp '2024-01-01' + to_hours(i) end as at from range(48) t(i)"
    )
    consumer.build_profile()
    volume = consumer.sql("select period_start, row_count from health_volume order by 1 nulls last")
    assert volume == [(datetime.date(2024, 1, 1), 12), (datetime.date(2024, 1, 2), 12), (None, 24)]
    means = dict(consumer.sql("select period_start, mean from health_profile where column_name = 'x'"))
    assert means[None] == np.mean([i for i in range(48) if i % 4 < 2])


def test_periods_are_cut_in_the_monitors_time_zone(make_consumer):
    madrid = RELATION | {"time": "at", "grain": "day", "timezone": "Europe/Madrid"}
    consumer = make_consumer({"monitors": {"madrid": madrid, "utc": madrid | {"timezone": "UTC"}}})
    # 24 hours from 22:00 UTC on the day before, which is midnight in Madrid in summer
    consumer.sql(
        "create table raw.rows as select i as x, timestamptz '2024-06-30 22:00:00+00' + to_hours(i) as at from range(24) t(i)"
    )
    consumer.build_profile()
    days = consumer.sql("select monitor, period_start, row_count from health_volume order by all")
    june, july = datetime.date(2024, 6, 30), datetime.date(2024, 7, 1)
    assert days == [("madrid", july, 24), ("utc", june, 2), ("utc", july, 22)]
    assert consumer.sql("select count(*), sum(row_count) from health_profile where column_name = 'x'") == [(3, 48)]


def test_three_hundred_columns(make_consumer):
    consumer = make_consumer({"monitors": {"wide": RELATION}})
    generator = np.random.default_rng(3)
    data = {f"c{number:03}": generator.normal(number, 1, 500) for number in range(300)}
    consumer.load("rows", data)
    consumer.build_profile()
    means = dict(consumer.sql("select column_name, mean from health_profile"))
    assert means == {name: pytest.approx(column.mean()) for name, column in data.items()}


def test_a_column_that_is_null_at_first_gets_its_grid_with_its_first_values(make_consumer):
    consumer = make_consumer({"monitors": {"late": RELATION | {"time": "at"}}})
    consumer.sql("create table raw.rows as select timestamp '2024-01-05' as at, null::double as x from range(1000)")
    consumer.build_profile()
    consumer.sql("insert into raw.rows select timestamp '2024-02-05', 1e6 + i / 1000 from range(1000) t(i)")
    consumer.build_profile()
    (grid,) = consumer.rows("select generation, centre, sampled_value_count from column_grids where column_name = 'x'")
    assert grid == {"generation": 2, "centre": pytest.approx(1e6 + 0.5, abs=0.01), "sampled_value_count": 1000}
    rows = consumer.rows(
        "select row_count, null_share, p50_lower, p50_upper from health_profile where column_name = 'x' order by period_start"
    )
    assert [row["null_share"] for row in rows] == [1, 0]
    assert rows[1]["p50_lower"] <= 1e6 + 0.4995 <= rows[1]["p50_upper"]
    # a thousand values keep a quarter of the bins
    assert rows[1]["p50_upper"] - rows[1]["p50_lower"] < 0.07


def test_more_categories_than_the_limit_are_counted_together(make_consumer):
    consumer = make_consumer(
        {
            "monitors": {
                "many": RELATION | {"max_categories": 10, "time": "at", "columns": {"c": {"kind": "categorical"}}}
            }
        }
    )
    consumer.sql(
        "create table raw.rows as select timestamp '2024-01-05' as at, 'c' || (i % 30) as c from range(300) t(i) "
        "union all select timestamp '2024-01-06', 'c' || (i % 10) from range(100) t(i)"
    )
    consumer.build_profile()
    shares = dict(consumer.sql(f"select coalesce(category, bin_type), row_count from {NAMED_DISTRIBUTIONS}"))
    assert shares == {f"c{i}": 20 for i in range(10)} | {"other": 200}
    # known categories stay known, new ones beyond the limit do not come in
    consumer.sql("insert into raw.rows select timestamp '2024-02-05', 'new' from range(500)")
    consumer.build_profile()
    february = consumer.sql(
        f"select bin_type, row_count from {NAMED_DISTRIBUTIONS} where period_start = date '2024-02-01'"
    )
    assert february == [("other", 500)]
    (row,) = consumer.rows(
        "select distinct_count_lower, is_distinct_count_exact from health_profile where period_start = date '2024-01-01'"
    )
    assert row["is_distinct_count_exact"] is False
    assert row["distinct_count_lower"] == pytest.approx(30, abs=3)


@pytest.mark.parametrize("kind", ["integer", "decimal(10, 2)"])
def test_nulls_among_exact_numbers_are_in_no_bin(make_consumer, kind):
    consumer = make_consumer({"monitors": {"whole": RELATION}})
    consumer.sql(
        f"create table raw.rows as select case when i % 10 = 0 then null else i end::{kind} as part, "
        f"case when i % 10 = 0 then null else i % 9 end::{kind} as few from range(3000) t(i)"
    )
    consumer.build_profile()
    counts = f"select column_name, bin_type, sum(row_count) from {NAMED_DISTRIBUTIONS} group by all order by all"
    assert consumer.sql(counts) == [
        (name, bin_type, count) for name in ("few", "part") for bin_type, count in (("bin", 2700), ("null", 300))
    ]
    (row,) = consumer.rows("select * from health_profile where column_name = 'part'")
    exact = np.quantile([i for i in range(3000) if i % 10], [0.01, 0.5, 0.99])
    for name, value in zip(("p01", "p50", "p99"), exact, strict=True):
        assert row[f"{name}_lower"] <= value <= row[f"{name}_upper"]


def test_columns_may_be_written_in_another_case(make_consumer):
    monitor = RELATION | {
        "key": "ID",
        "time": "AT",
        "exclude": ["NOTE"],
        "subgroups": ["SEX"],
        "segments": ["Sex"],
        "label": {"column": "LABEL", "positive": 1},
        "show_values": ["NAME"],
        "columns": {"CODE": {"kind": "categorical"}},
    }
    consumer = make_consumer({"monitors": {"cases": monitor}})
    consumer.sql(
        "create table raw.rows as select i as id, timestamp '2024-01-05' as at, 'n' as note, 'f' as sex, 1 as label, "
        "'Ana' as name, i % 3 as code from range(90) t(i)"
    )
    consumer.build_profile()
    roles = dict(consumer.sql("select name, role from health_monitors where subject = 'column'"))
    assert roles == {
        "id": "key",
        "at": "time",
        "note": "excluded",
        "sex": "subgroup",
        "label": "label",
        "name": "feature",
        "code": "feature",
    }
    profile = {
        row["column_name"]: row for row in consumer.rows("select * from health_profile where segment_column = 'sex'")
    }
    assert profile["name"]["top_value"] == "Ana"
    assert profile["code"]["kind"] == "categorical"
