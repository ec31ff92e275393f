"""The numbers of health_profile against NumPy and exact sums, on the shapes that break approximations."""

import datetime
import math

import numpy as np
import pytest

MONITOR = {"monitors": {"shapes": {"relation": {"source": ["raw", "rows"]}, "key": "id", "time": "at"}}}
QUANTILES = {"p01": 0.01, "p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95, "p99": 0.99}
ROWS = 60_000
MONTHS = ("2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01")


def values(generator, rows, scale=1.0):
    uniform = generator.random(rows)
    outlier = np.full(rows, 7.0)
    outlier[rows // 2] = 1e12
    return {
        "normal": generator.normal(size=rows),
        "log_normal": np.exp(4 * generator.normal(size=rows)),
        "cauchy": generator.standard_cauchy(rows),
        "exponential": generator.exponential(size=rows),
        "score": generator.integers(0, 21, rows),
        "money": np.where(uniform < 0.8, 0.0, np.round(generator.random(rows) * 1000, 2)),
        "visits": np.floor(np.exp(3 * generator.normal(size=rows))).astype(np.int64),
        "one_outlier": outlier,
        "large_mean": 1e9 + 1e-3 * generator.normal(size=rows),
        "growing": scale * generator.normal(10, 1, rows),
        "seen_at": 1.6e9 + np.floor(3e7 * generator.random(rows)),
    }


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    """Three months on the grid of the first data, and a fourth that came after the grid was fixed."""
    from consumer import Consumer

    consumer = Consumer(tmp_path_factory.mktemp("shapes") / "project", MONITOR)
    generator = np.random.default_rng(20)
    months = {}
    for number, month in enumerate(MONTHS):
        data = values(generator, ROWS, scale=100.0 if number == 3 else 1.0)
        months[datetime.date.fromisoformat(month)] = data
        start = np.datetime64(month, "us")
        table = {name: column for name, column in data.items() if name != "seen_at"}
        table |= {
            "id": np.arange(ROWS) + number * ROWS,
            "at": start + np.arange(ROWS).astype("timedelta64[s]"),
            "seen_at": (data["seen_at"] * 1e6).astype("int64").astype("datetime64[us]"),
        }
        consumer.load("month", table)
        if number == 0:
            consumer.sql("create table raw.rows as from raw.month")
        else:
            consumer.sql("insert into raw.rows by name from raw.month")
        if number >= 2:
            consumer.build_profile()
    return consumer, months


@pytest.fixture(scope="module")
def profile(shapes):
    consumer, _ = shapes
    rows = consumer.rows("select * from health_profile where segment_column = '(all)' and dataset = 'production'")
    return {(row["column_name"], row["period_start"]): row for row in rows}


@pytest.mark.parametrize("name", list(values(np.random.default_rng(0), 10)))
def test_quantiles_lie_within_their_bounds(shapes, profile, name):
    _, months = shapes
    for month, data in months.items():
        row = profile[name, month]
        for quantile, share in QUANTILES.items():
            for method in ("linear", "inverted_cdf"):
                exact = float(np.quantile(data[name].astype(float), share, method=method))
                assert row[f"{quantile}_lower"] <= exact <= row[f"{quantile}_upper"], (month, quantile, method)
            assert row[f"{quantile}_lower"] <= row[quantile] <= row[f"{quantile}_upper"]


def test_bounds_are_useful(shapes, profile):
    """Between the bounds of a quantile lie at most 1.25 % of the rows, on grids of the same kind of data."""
    _, months = shapes
    for (name, month), row in profile.items():
        if name in months[month] and not (name == "growing" and month == max(months)):
            data = np.sort(months[month][name].astype(float))
            for quantile in QUANTILES:
                lower, upper = row[f"{quantile}_lower"], row[f"{quantile}_upper"]
                strictly_between = np.searchsorted(data, upper, "left") - np.searchsorted(data, lower, "right")
                assert strictly_between <= 0.0125 * len(data), (name, month, quantile)


def test_a_column_that_grew_a_hundredfold_is_still_told_within_a_tenth(shapes, profile):
    _, months = shapes
    month = max(months)
    row = profile["growing", month]
    for quantile, share in QUANTILES.items():
        exact = np.quantile(months[month]["growing"], share)
        assert row[quantile] == pytest.approx(exact, rel=0.05)
        assert row[f"{quantile}_upper"] - row[f"{quantile}_lower"] <= 0.1 * exact


def test_whole_numbers_and_single_values_are_exact(shapes, profile):
    _, months = shapes
    for month, data in months.items():
        for name in ("score", "one_outlier"):
            for quantile, share in QUANTILES.items():
                assert profile[name, month][quantile] == np.quantile(data[name], share)


def exact_moments(data):
    """Mean, variance, skewness and excess kurtosis from exactly rounded sums about a centre inside the data."""
    centre = float(np.median(data))
    deviations = (data.astype(float) - centre).tolist()
    count = len(deviations)
    shift = math.fsum(deviations) / count
    central = [value - shift for value in deviations]
    second, third, fourth = (math.fsum(value**power for value in central) / count for power in (2, 3, 4))
    return centre + shift, second, third / second**1.5, fourth / second**2 - 3


@pytest.mark.parametrize("name", [name for name in values(np.random.default_rng(0), 10) if name != "seen_at"])
def test_moments_equal_exact_sums(shapes, profile, name):
    _, months = shapes
    for month, data in months.items():
        row = profile[name, month]
        mean, variance, skewness, kurtosis = exact_moments(data[name])
        assert row["mean"] == pytest.approx(mean, rel=1e-9)
        assert row["variance"] == pytest.approx(variance, rel=1e-9)
        assert row["skewness"] == pytest.approx(skewness, rel=1e-9, abs=1e-9)
        assert row["excess_kurtosis"] == pytest.approx(kurtosis, rel=1e-9, abs=1e-9)


def test_counts_are_exact(shapes, profile):
    _, months = shapes
    for month, data in months.items():
        money = data["money"]
        row = profile["money", month]
        assert row["row_count"] == ROWS
        assert row["zero_share"] == np.mean(money == 0)
        assert profile["normal", month]["negative_share"] == np.mean(data["normal"] < 0)
        assert row["maximum"] == money.max()


def test_a_time_column_is_told_as_time_and_as_distance_from_the_event(shapes, profile):
    _, months = shapes
    for number, (month, data) in enumerate(months.items()):
        seen = data["seen_at"]
        row = profile["seen_at", month]
        assert row["earliest"] == datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=float(seen.min()))
        assert row["latest"] == datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=float(seen.max()))
        happened = np.datetime64(MONTHS[number], "s").astype(float) + np.arange(ROWS)
        distance = profile["seen_at (days from event)", month]
        assert distance["mean"] == pytest.approx(np.mean((seen - happened) / 86400), rel=1e-9)


def test_distinct_counts_are_near_the_truth(shapes, profile):
    _, months = shapes
    for month, data in months.items():
        assert profile["normal", month]["distinct_count"] == pytest.approx(ROWS, rel=0.1)
        assert profile["score", month]["distinct_count"] == pytest.approx(21, abs=1)
        assert len(np.unique(data["score"])) == 21
