"""Numbers of which a double, or a square, cannot hold every digit."""

import datetime

import numpy as np
import pytest
from scipy import stats

MONITOR = {"relation": {"source": ["raw", "rows"]}, "time": "at"}


def test_long_whole_numbers_are_told_apart(make_consumer):
    """Of 64 bits, unsigned, and with digits behind the point: at 1.78e18 a double holds every 256th number."""
    consumer = make_consumer({"monitors": {"m": MONITOR | {"features": ["a", "b", "c"]}}})
    consumer.sql("""
        create table raw.rows as
        select
            timestamp '2024-01-05' as at,
            1780000000000000000 + 64 * (i % 50) as a,
            cast(18000000000000000000 + i % 116 as ubigint) as b,
            cast('12345678901234567890.' || lpad(cast(i % 116 as varchar), 3, '0') as decimal(38, 10)) as c
        from range(2000) t(i)
    """)
    consumer.build_profile()
    counts = dict(consumer.sql("select column_name, distinct_count from health_profile"))
    assert {name: counts[name] == pytest.approx(count, rel=0.15) for name, count in (("a", 50), ("b", 116), ("c", 116))} == {
        "a": True, "b": True, "c": True,
    }  # fmt: skip


def test_distances_far_from_zero_keep_their_digits(make_consumer):
    consumer = make_consumer(
        {"monitors": {"m": MONITOR | {"references": {"january": {"from": "2024-01-01", "to": "2024-02-01"}}}}}
    )
    generator = np.random.default_rng(1)
    months = {month: 1e9 + generator.normal(0.2 * (month - 1), 1, 8000) * 1e-3 for month in (1, 2)}
    consumer.load(
        "rows",
        {
            "at": np.repeat(np.array(["2024-01-05", "2024-02-05"], "datetime64[us]"), 8000),
            "x": np.concatenate([months[1], months[2]]),
        },
    )
    consumer.build_up_to("health_drift")
    rows = {
        row["metric"]: row
        for row in consumer.rows("select * from health_drift where column_name = 'x' and reference = 'january'")
        if row["period_start"] == datetime.date(2024, 2, 1)
    }
    # from the centre, so that the oracle keeps the digits, too
    x, y = (values - 1e9 for values in months.values())
    assert rows["mean_shift"]["value"] == pytest.approx((y.mean() - x.mean()) / x.std(), rel=1e-9)
    distance, row = stats.wasserstein_distance(x, y) / x.std(), rows["wasserstein_normed"]
    assert row["value_lower"] - 1e-9 <= distance <= row["value_upper"] + 1e-9
    assert row["value_upper"] - row["value_lower"] < 0.02
