"""Bounds of quantiles and of distinct counts, against NumPy and sets of raw values."""

import math
from fractions import Fraction

import numpy as np
import pytest
from consumer import Consumer

QUANTILES = {"p01": 0.01, "p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95, "p99": 0.99}
# the nine of Hyndman and Fan (1996), by NumPy's names
DEFINITIONS = (
    "inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf", "hazen", "weibull", "linear",
    "median_unbiased", "normal_unbiased",
)  # fmt: skip
# each draws `rows` values
SHAPES = {
    "normal": lambda generator, rows: generator.normal(size=rows),
    "log_normal": lambda generator, rows: np.exp(4 * generator.normal(size=rows)),
    "cauchy": lambda generator, rows: generator.standard_cauchy(rows),
    "exponential": lambda generator, rows: generator.exponential(size=rows),
    "uniform": lambda generator, rows: generator.random(rows),
    "ties": lambda generator, rows: generator.integers(0, 5, rows).astype(float),
    "rounded": lambda generator, rows: np.round(generator.normal(size=rows), 1),
    "money": lambda generator, rows: np.where(
        generator.random(rows) < 0.8, 0.0, np.round(1000 * generator.random(rows), 2)
    ),
    "two_humps": lambda generator, rows: generator.normal(size=rows) + 20 * (generator.random(rows) < 0.5),
    "negative": lambda generator, rows: -np.floor(np.exp(3 * generator.normal(size=rows))),
}


def load(consumer, tables):
    """Tables of columns of one length each, one after the other, each with its number as `part`."""
    parts = np.concatenate([np.full(len(next(iter(table.values()))), number) for number, table in enumerate(tables)])
    columns = {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
    consumer.load("rows", {"part": parts, **columns})


def by_part(consumer):
    rows = consumer.rows("select * from health_profile where segment_column = 'part' and role = 'feature'")
    return {(int(row["segment_value"]), row["column_name"]): row for row in rows}


@pytest.fixture(scope="module")
def small_tables(tmp_path_factory):
    """300 tables of 1 to 400 rows in ten shapes, each a segment: a period of few values has its bins merged."""
    monitor = {"relation": {"source": ["raw", "rows"]}, "segments": ["part"], "features": list(SHAPES)}
    consumer = Consumer(tmp_path_factory.mktemp("small") / "project", {"monitors": {"m": monitor}})
    generator = np.random.default_rng(4)
    sizes = [*range(1, 61), 99, 100, 101, 199, 200, *generator.integers(61, 401, 235)]
    tables = [{name: draw(generator, rows) for name, draw in SHAPES.items()} for rows in sizes]
    load(consumer, tables)
    consumer.build_profile()
    return tables, by_part(consumer)


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_bounds_hold_for_every_definition_of_a_quantile(small_tables, definition):
    tables, profile = small_tables
    assert len(tables) == 300
    outside = []
    for part, table in enumerate(tables):
        for name, data in table.items():
            row = profile[part, name]
            exact = np.quantile(data, list(QUANTILES.values()), method=definition)
            # NumPy interpolates between two values, and rounds
            slack = 1e-12 * np.abs(data).max()
            for quantile, value in zip(QUANTILES, exact, strict=True):
                if not row[f"{quantile}_lower"] - slack <= value <= row[f"{quantile}_upper"] + slack:
                    outside.append((part, name, quantile, value))
    assert outside == []


def test_bounds_of_values_that_are_counted_one_by_one_are_the_outermost_ranks_of_all_definitions(small_tables):
    tables, profile = small_tables
    for part, table in enumerate(tables):
        row, ordered = profile[part, "ties"], np.sort(table["ties"])
        count = len(ordered)
        for quantile, share in QUANTILES.items():
            p = Fraction(str(share))
            lowest = max(math.floor(count * p), 1)
            highest = min(math.ceil(count * p + max(p, 1 - p)), count)
            bounds = row[f"{quantile}_lower"], row[f"{quantile}_upper"]
            assert bounds == (ordered[lowest - 1], ordered[highest - 1]), (part, quantile)


MONTHS = 6


@pytest.fixture(scope="module")
def months(tmp_path_factory):
    """Six months, and a reference of them all: values of different months are partly the same."""
    reference = {"everything": {"from": "2024-01-01", "to": "2025-01-01"}}
    monitor = {"relation": {"source": ["raw", "rows"]}, "time": "at", "references": reference}
    consumer = Consumer(tmp_path_factory.mktemp("months") / "project", {"monitors": {"m": monitor}})
    generator, data = np.random.default_rng(12), []
    for month in range(MONTHS):
        places = np.arange(3000)
        data.append(
            {
                "code": generator.integers(10 * month, 20 + 10 * month, 3000),
                "half": np.where(places % 10, generator.integers(0, 5 + month, 3000) / 2, np.nan),
                "special": np.where(places % 9, places % 7.0, np.where(places % 2, np.inf, -np.inf)),
                "long": 2**60 + generator.integers(0, 50, 3000),
                "shared": np.sin(generator.integers(0, 4000, 3000)),
                "own": generator.normal(size=3000),
                "name": np.array(
                    [f"name {number}" for number in generator.integers(500 * month, 500 * month + 900, 3000)]
                ),
            }
        )
    start = [np.datetime64(f"2024-0{month + 1}-05", "us") for month in range(MONTHS)]
    load(consumer, [{"at": np.full(3000, start[month]), **data[month]} for month in range(MONTHS)])
    consumer.build_profile()
    rows = consumer.rows("select * from health_profile where column_name <> 'part'")
    return data, rows


def test_distinct_counts_of_months_and_of_windows_hold(months):
    data, rows = months
    seen, exact = 0, set()
    for row in rows:
        numbers = range(MONTHS) if row["dataset"] == "everything" else [row["period_start"].month - 1]
        name = row["column_name"]
        values = np.concatenate([data[number][name] for number in numbers])
        # NumPy takes all NaN as one value
        truth = len(np.unique(values))
        assert row["distinct_count_lower"] <= truth <= row["distinct_count_upper"], (name, row["dataset"])
        if row["is_distinct_count_exact"]:
            assert row["distinct_count"] == row["distinct_count_lower"] == row["distinct_count_upper"] == truth
            exact.add((name, row["dataset"]))
        seen += 1
    assert seen == 7 * (MONTHS + 1)
    assert exact == {
        (name, dataset) for name in ("code", "half", "special") for dataset in ("everything", "production")
    }


def distinct_columns(generator, rows, count):
    """Columns of `rows` values of which exactly `count` are different, and a text and an integer of about as many."""
    codes = np.concatenate([np.arange(count), generator.integers(0, count, rows - count)])
    generator.shuffle(codes)
    spread = generator.integers(1, 2**40)
    return {
        "integer": codes * 7919 + spread,
        "long": codes + 2**60 + spread,
        "double": np.sin(codes + float(spread)) * 1e3,
        "text": np.array([f"value {code + spread}" for code in codes]),
        "key": np.array([f"{code}-{spread}" for code in codes]),
        "days": (codes % (20 * 365)).astype("timedelta64[D]") + np.datetime64("2000-01-01", "us"),
        "category": np.array([f"c{code % 30}" for code in codes]),
    }


@pytest.fixture(scope="module")
def many_values(tmp_path_factory):
    """300 tables of seven columns each with 1 to 12,000 different values."""
    monitor = {
        "relation": {"source": ["raw", "rows"]},
        "segments": ["part"],
        "key": "key",
        "columns": {"text": {"kind": "text"}},
    }
    consumer = Consumer(tmp_path_factory.mktemp("many") / "project", {"monitors": {"m": monitor}})
    generator = np.random.default_rng(8)
    counts = [*range(1, 41), *np.exp(generator.uniform(np.log(40), np.log(12000), 260)).astype(int)]
    tables = [distinct_columns(generator, int(count * generator.uniform(1, 3)), count) for count in counts]
    load(consumer, tables)
    consumer.build_profile()
    rows = consumer.rows("select * from health_profile where segment_column = 'part'")
    return tables, {(int(row["segment_value"]), row["column_name"]): row for row in rows}


def test_bounds_of_distinct_counts_hold_in_99_of_100_columns(many_values):
    tables, profile = many_values
    outside, widths, estimated = [], [], 0
    for part, table in enumerate(tables):
        for name, data in table.items():
            row, exact = profile[part, name], len(set(data.tolist()))
            lower, upper = row["distinct_count_lower"], row["distinct_count_upper"]
            assert lower <= row["distinct_count"] <= upper
            if row["is_distinct_count_exact"]:
                assert lower == upper == exact, (part, name)
                continue
            estimated += 1
            if not lower <= exact <= upper:
                outside.append((part, name, lower, exact, upper))
            if exact >= 100:
                widths.append((upper - lower) / 2 / exact)
    assert estimated > 1700
    assert len(outside) <= 0.01 * estimated, outside
    # half of the interval is never more than a tenth of the truth
    assert max(widths) <= 0.105


def test_what_the_bins_and_categories_tell_is_exact(many_values):
    tables, profile = many_values
    assert all(profile[part, "category"]["is_distinct_count_exact"] for part in range(len(tables)))
