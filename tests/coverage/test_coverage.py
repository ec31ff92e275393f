"""health_coverage: halves of real rows cover each other as Good and Turing say, and counts equal those of NumPy over the rows themselves."""

import math
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from consumer import SHARED_DATA, Consumer, needs_shared_data
from distributions import NAMED_DISTRIBUTIONS

SHUFFLES = 3
MONITOR = {
    "time": "happened_at",
    "references": {"training": {"from": "2020-01-01", "to": "2020-02-01"}},
    "parts": {"components": False},
}


@pytest.fixture(scope="module")
def halves(tmp_path_factory):
    """Adult in random order: its first half is January and the reference, the second is February, or nine months."""
    names = [f"halves_{number}" for number in range(SHUFFLES)]
    monitors = {name: MONITOR | {"relation": {"source": ["raw", name]}} for name in (*names, "months")}
    project = Consumer(
        tmp_path_factory.mktemp("halves") / "project", {"monitors": monitors}, sources=(*names, "months")
    )
    file = f"read_csv('{SHARED_DATA}/tables/adult/adult.data', header = false, nullstr = '?')"
    for number, name in enumerate((*names, "months")):
        month = "1 + floor(9 * (2 * place / row_count - 1))" if name == "months" else "1"
        project.sql(f"""
            create table raw.{name} as
            with numbered as (select *, row_number() over () as row_in_file from {file}),
            shuffled as (
                select *, row_number() over (order by hash(row_in_file + 100000 * {number})) - 1 as place, count(*) over () as row_count
                from numbered
            )
            select
                * exclude (row_in_file, place, row_count),
                timestamp '2020-01-01' + to_months(cast(case when 2 * place < row_count then 0 else {month} end as integer)) as happened_at
            from shuffled
        """)
    project.build_up_to("health_coverage")
    return project


@needs_shared_data
def test_random_halves_cover_each_other_as_expected(halves):
    rows = halves.rows("select * from health_coverage where monitor <> 'months' and period_start = date '2020-02-01'")
    assert len(rows) == 15 * SHUFFLES
    assert {row["status"] for row in rows} == {"ok"}
    for row in rows:
        error = max(row["standard_error"], 1 / row["value_count"])
        assert abs(row["unseen_share"] - row["expected_unseen_share"]) <= 3 * error, row
    # some columns do have values that occur once, and halves that miss some
    assert sum(row["expected_unseen_share"] > 0 for row in rows) >= 5 * SHUFFLES
    assert sum(row["unseen_share"] > 0 for row in rows) >= 3 * SHUFFLES


@needs_shared_data
def test_random_months_are_never_in_alarm(halves):
    rows = halves.rows("select * from health_coverage where monitor = 'months' and period_start > date '2020-01-01'")
    assert len(rows) == 15 * 9
    assert [(row["column_name"], row["period_start"]) for row in rows if row["status"] != "ok"] == []


@needs_shared_data
def test_categories_of_the_halves_equal_a_count_of_the_rows(halves):
    rows = halves.rows("""
        select * from health_coverage
        where monitor = 'halves_0' and period_start = date '2020-02-01' and kind = 'categorical'
    """)
    assert len(rows) == 9
    for row in rows:
        values = halves.sql(f"select {row['column_name']}, happened_at < date '2020-02-01' from raw.halves_0")
        reference = [value for value, is_first in values if is_first]
        assert_equals_brute_force(row, reference, [value for value, is_first in values if not is_first], str)


# Made-up columns, by the values themselves.


def name_of(value):
    """What stands for a number: NaN is not equal to itself."""
    return "nan" if isinstance(value, float) and math.isnan(value) else value


def assert_equals_brute_force(row, reference, current, key=name_of, barely=5):
    """Counts of `row` against the values of both sides, where `key` tells the bin of a value; None is a null."""
    seen = Counter(key(value) for value in reference if value is not None)
    now = Counter(key(value) for value in current if value is not None)
    n, m = sum(seen.values()), sum(now.values())
    frequencies = Counter(seen.values())
    expected = frequencies[1] / n
    found = {
        "reference_row_count": len(reference),
        "row_count": len(current),
        "reference_value_count": n,
        "value_count": m,
        "reference_null_share": 1 - n / len(reference),
        "null_share": 1 - m / len(current),
        "is_null_unseen": n == len(reference) and m < len(current),
        "unseen_count": sum(count for value, count in now.items() if value not in seen),
        "unseen_share": sum(count for value, count in now.items() if value not in seen) / m,
        "barely_seen_share": sum(count for value, count in now.items() if 0 < seen[value] < barely) / m,
        "expected_unseen_share": expected,
        "standard_error": math.sqrt(expected * (1 - expected) / m + (frequencies[1] + 2 * frequencies[2]) / n**2),
        "reference_bin_count": len(seen),
        "singleton_count": frequencies[1],
        "absent_bin_count": len(seen.keys() - now.keys()),
        "absent_share": sum(count for value, count in seen.items() if value not in now) / n,
        "expected_absent_share": Counter(now.values())[1] / m,
    }
    if row["column_name"] == "many came":
        # which of its values occurred once is hidden
        del found["expected_absent_share"]
        assert row["expected_absent_share"] is None
    for name, value in found.items():
        assert row[name] == pytest.approx(value, rel=1e-12, abs=1e-12), (row["column_name"], name)


def outside(reference, current):
    """Share of the values that are below or above all finite ones of the reference; an infinity that it has is not."""
    present = [value for value in current if value is not None]
    finite = [value for value in reference if value is not None and math.isfinite(value)]
    known = {value for value in reference if value is not None and math.isinf(value)}
    return sum(
        value not in known and not math.isnan(value) and not min(finite) <= value <= max(finite) for value in present
    ) / len(present)


def made_up():
    """Column -> values of the reference and of the period, None for a null."""
    draw = np.random.default_rng(5)

    def with_nulls(values, share):
        return [
            None if is_null else value for value, is_null in zip(values, draw.random(len(values)) < share, strict=True)
        ]

    integers = tuple(
        [int(value) for value in np.clip(draw.normal(mean, deviation, count), 20, highest)]
        for mean, deviation, count, highest in ((50, 12, 600, 75), (60, 15, 400, 85))
    )
    halves_of_units = (
        [float(value) / 2 for value in draw.integers(0, 15, 590)] + [math.nan] + [math.inf] * 3 + [-0.0] * 6,
        [float(value) / 2 for value in draw.integers(3, 20, 380)] + [math.inf] * 9 + [-math.inf] * 7 + [math.nan] * 4,
    )
    texts = ["plain", "", "null", "(null)", "it's", 'a "b"', " plain", "Größe"]
    skewed = draw.choice(texts[:5], 600, p=[0.9, 0.09, 0.005, 0.004, 0.001]), draw.choice(texts, 400)
    return {
        "order": integers,
        "a b": (with_nulls(integers[0], 0.2), with_nulls(integers[1], 0.3)),
        "special": halves_of_units,
        "special nulls": (halves_of_units[0], with_nulls(halves_of_units[1], 0.4)),
        "Größe": ([str(text) for text in skewed[0]], with_nulls([str(text) for text in skewed[1]], 0.25)),
        "flag": ([True] * 600, with_nulls([bool(value) for value in draw.random(400) < 0.5], 0.1)),
        "constant": ([7.0] * 600, [7.0] * 400),
        "only nulls came": ([float(value) for value in draw.integers(0, 9, 600)], [None] * 400),
        "nulls came": ([float(value % 9) for value in range(600)], [None] * 300 + [float(v % 9) for v in range(100)]),
        "continuous": ([float(v) for v in draw.normal(0, 1, 600)], [float(v) for v in draw.standard_cauchy(400)]),
        "was null": ([None] * 600, [float(value) for value in draw.integers(0, 9, 400)]),
        "few": (with_nulls([float(v) for v in range(600)], 0.97), [float(v) for v in range(400)]),
        "many came": ([f"t{v}" for v in draw.integers(0, 50, 600)], [f"t{v}" for v in draw.integers(0, 90, 400)]),
        "many": ([f"t{v}" for v in draw.integers(0, 90, 600)], [f"t{v}" for v in draw.integers(0, 90, 400)]),
    }


@pytest.fixture(scope="module")
def columns():
    return made_up()


@pytest.fixture(scope="module")
def project(tmp_path_factory, columns):
    shop = ["north", None] * 500
    table = {name: pa.array(reference + current, from_pandas=False) for name, (reference, current) in columns.items()}
    days = np.repeat(np.array(["2020-01-05", "2020-02-05"], "datetime64[us]"), [600, 400])
    table |= {"happened_at": pa.array(days), "shop": pa.array(shop)}
    monitor = MONITOR | {"relation": {"source": ["raw", "rows"]}, "max_categories": 60, "segments": ["shop"]}
    configuration = {
        "monitors": {
            "all_of_it": monitor | {"show_values": ["Größe"]},
            "barely_less": monitor
            | {"coverage": {"barely": 3}, "segments": [], "thresholds": {"coverage": [0.5, 0.99]}},
            "without_coverage": monitor | {"parts": {"coverage": False, "components": False}},
            "without_drift": monitor | {"parts": {"drift": False, "components": False}},
        }
    }
    consumer = Consumer(tmp_path_factory.mktemp("coverage") / "project", configuration)
    consumer.load("rows", table)
    consumer.build_up_to("health_coverage")
    return consumer


def covered(project, monitor="all_of_it", segment=("(all)", "(all)")):
    rows = project.rows(f"""
        select * from health_coverage
        where monitor = '{monitor}' and period_start = date '2020-02-01' and segment_column = '{segment[0]}'
            and segment_value is not distinct from {f"'{segment[1]}'" if segment[1] else "null"}
    """)
    return {row["column_name"]: row for row in rows}


# beyond the limit of categories, what came is counted together: none of it is in the reference, whose categories are all known
EXACT = ("order", "a b", "special", "special nulls", "Größe", "flag", "constant", "nulls came", "many came")


def test_counts_equal_those_of_the_values(project, columns):
    rows = covered(project)
    assert set(rows) == set(columns)
    for name in EXACT:
        assert_equals_brute_force(rows[name], *columns[name])
        if rows[name]["kind"] == "numeric":
            share = outside(*columns[name])
            assert rows[name]["out_of_range_share"] == pytest.approx(share, abs=1e-12), name
            assert rows[name]["out_of_range_share_upper"] == pytest.approx(share, abs=1e-12), name
        else:
            assert rows[name]["out_of_range_share"] is None
    assert rows["special"]["unseen_count"] > 7 and rows["order"]["out_of_range_share"] > 0
    assert rows["Größe"]["unseen_category"] in {'a "b"', " plain", "Größe", "it's"}
    assert rows["flag"]["unseen_category"] is None


def test_fine_bins_are_counted_as_they_are_cut(project, columns):
    """Which bin a number falls into is read from the ends of the stored bins; the counts are NumPy's."""
    reference, current = (np.array(values) for values in columns["continuous"])
    ends = project.sql(f"""
        select min(minimum) from {NAMED_DISTRIBUTIONS}
        where monitor = 'all_of_it' and column_name = 'continuous' and segment_column = '(all)' and bin_type = 'bin'
        group by bin order by 1
    """)
    edges = np.array([end for (end,) in ends])
    sides = [list(map(int, np.searchsorted(edges, values, side="right"))) for values in (reference, current)]
    row = covered(project)["continuous"]
    assert_equals_brute_force(row, *sides)
    exact = outside(list(reference), list(current))
    assert row["out_of_range_share"] <= exact <= row["out_of_range_share_upper"]
    # 400 rows keep about 32 bins
    assert row["out_of_range_share_upper"] - row["out_of_range_share"] <= 0.2
    assert (row["status"], row["reason"]) == ("alert", "values that the reference never saw")


def test_inside_segments_also_in_that_of_null(project, columns):
    for segment, start in ("north", 0), (None, 1):
        rows = covered(project, segment=("shop", segment))
        for name in EXACT:
            reference, current = (values[start::2] for values in columns[name])
            assert_equals_brute_force(rows[name], reference, current)


def test_nulls_are_neither_unseen_nor_out_of_range(project):
    row = covered(project)["nulls came"]
    assert (row["null_share"], row["is_null_unseen"]) == (0.75, True)
    assert (row["unseen_count"], row["out_of_range_share"], row["status"]) == (0, 0, "ok")


def test_what_cannot_be_known_is_insufficient_data(project):
    rows = covered(project)
    reasons = {name: row["reason"] for name, row in rows.items() if row["status"] == "insufficient_data"}
    assert reasons == {
        "only nulls came": "too few rows",
        "was null": "too few rows",
        "few": "too few rows",
        "many": "rare categories are counted together",
    }
    for name in reasons:
        assert rows[name]["unseen_share"] is rows[name]["expected_unseen_share"] is rows[name]["unseen_count"] is None


def test_what_is_judged(project):
    rows = covered(project)
    assert {name: row["reason"] for name, row in rows.items() if row["status"] == "alert"} == dict.fromkeys(
        ("order", "a b", "special", "special nulls", "Größe", "flag", "continuous", "many came"),
        "values that the reference never saw",
    )
    assert {name for name, row in rows.items() if row["status"] == "ok"} == {"constant", "nulls came"}
    # January is the reference itself, and is not judged against it
    assert project.rows("select * from health_coverage where period_start = date '2020-01-01'") == []


def test_settings(project, columns):
    rows = covered(project, "barely_less")
    for name in EXACT:
        assert_equals_brute_force(rows[name], *columns[name], barely=3)
    assert {row["status"] for row in rows.values()} == {"ok", "insufficient_data"}
    assert not covered(project, "without_coverage")
    assert not covered(project, "without_drift")
