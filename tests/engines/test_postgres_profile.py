"""What health_profile says of numbers at the ends of what a double or a decimal holds, on both engines."""

import math

import numpy as np
import pytest
from consumer import Consumer
from postgres_server import PostgresConsumer

pytestmark = pytest.mark.slow

ROWS = 500
SMALLEST = 5e-324
MONITOR = {"relation": {"source": ["raw", "rows"]}, "key": "id"}
QUANTILES = {"p01": 0.01, "p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95, "p99": 0.99}


def small_numbers():
    """500 rows, one of them the smallest number there is, or some."""
    places = np.arange(ROWS)
    spread = np.random.default_rng(3).normal(size=ROWS)
    return {
        "beside_numbers": np.where(places == 250, SMALLEST, spread),
        "beside_positive_numbers": np.where(places == 250, SMALLEST, np.exp(4 * spread)),
        "beside_zeros": np.where(places == 250, SMALLEST, 0.0),
        "beside_its_like": np.where(places == 250, SMALLEST, 1e-310 * (places % 400)),
        "below_zero": np.where(places == 250, -SMALLEST, places % 3.0),
        "all_of_its_size": SMALLEST * (places // 2),
        # rank 250.5 lies half way between 0 and the smallest number above or below it
        "around_the_median": np.where(
            places == 250, -SMALLEST, np.where(places < 249, -1.0, (places % 3.0) * (places > 250))
        ),
        "above_the_median": np.where(places == 250, SMALLEST, np.where(places < 250, 0.0, 1 + spread**2)),
        # rank 125.75 lies in a bin of twelve values that are next to nothing, between frequent ones
        "between_frequent_values": np.where(
            places < 123,
            -1.0,
            np.where(places < 135, SMALLEST * (places % 4), np.where(places < 335, 1.0, 1 + spread**2)),
        ),
    }


@pytest.fixture(scope="module")
def both(postgres, tmp_path_factory):
    """The same rows on DuckDB and on PostgreSQL."""
    folder, configuration = tmp_path_factory.mktemp("ends"), {"monitors": {"m": MONITOR}}
    duck = Consumer(folder / "duck", configuration)
    other = PostgresConsumer(postgres, folder / "other", configuration)
    duck.load("rows", {"id": np.arange(ROWS), **small_numbers()})
    other.take(duck, "rows")
    return {"duckdb": duck, "postgres": other}


@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_a_table_with_the_smallest_number_is_profiled(both, engine):
    project = both[engine]
    project.build_up_to("health_profile", "health_drift")
    profile = {row["column_name"]: row for row in project.rows("select * from health_profile")}
    for name, values in small_numbers().items():
        row = profile[name]
        assert (row["row_count"], row["null_count"], row["minimum"], row["maximum"]) == (
            ROWS, 0, values.min(), values.max(),
        ), name  # fmt: skip
        assert row["negative_share"] == np.mean(values < 0) and row["zero_share"] == np.mean(values == 0)
        assert row["mean"] == pytest.approx(math.fsum(values) / ROWS, rel=1e-12, abs=1e-60)
        assert row["variance"] == pytest.approx(np.var(values), rel=1e-12, abs=1e-60)
        for quantile, share in QUANTILES.items():
            exact = np.quantile(values, share)
            # NumPy interpolates between two values, and rounds
            slack = 1e-12 * abs(exact)
            assert row[f"{quantile}_lower"] - slack <= exact <= row[f"{quantile}_upper"] + slack, (name, quantile)
            assert row[f"{quantile}_lower"] <= row[quantile] <= row[f"{quantile}_upper"], (name, quantile)
        distinct = len(np.unique(values))
        assert row["distinct_count_lower"] <= distinct <= row["distinct_count_upper"]
        if engine == "postgres":
            assert row["is_distinct_count_exact"] and row["distinct_count"] == distinct
    assert profile["beside_zeros"]["p99"] == 0 and profile["beside_zeros"]["distinct_count"] == 2


def test_numbers_longer_than_a_double_are_counted_one_by_one(postgres, tmp_path):
    other = PostgresConsumer(postgres, tmp_path / "other", {"monitors": {"m": MONITOR}})
    other.sql("""
        create table raw.rows as
        select
            i as id, 9007199254740993 + i % 116 as whole, 18000000000000000000 + i % 116 as long,
            (12345678901234567890 + (i % 116) / 1000.0)::numeric(38, 10) as decimals, 'value ' || i % 116 as text,
            case when i % 5 = 0 then 'NaN' else (i % 116)::numeric end as not_a_number
        from generate_series(0, 1999) as i
    """)
    other.build_up_to("health_profile")
    rows = other.rows("select * from health_profile where role = 'feature'")
    expected = {"whole": 116, "long": 116, "decimals": 116, "text": 116, "not_a_number": 117}
    for name in ("distinct_count", "distinct_count_lower", "distinct_count_upper"):
        assert {row["column_name"]: row[name] for row in rows} == expected, name
    assert all(row["is_distinct_count_exact"] for row in rows)
