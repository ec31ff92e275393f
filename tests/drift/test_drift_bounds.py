"""How much the fine bins leave open of a distance, and that they leave nothing out."""

import datetime
import itertools

import numpy as np
import pytest
from consumer import Consumer
from scipy import stats

ROWS = 50_000
MONTHS = ("2024-01-01", "2024-02-01", "2024-03-01")
MONITOR = {"relation": {"source": ["raw", "rows"]}, "key": "id", "time": "at"}


def values(generator, change):
    """Columns of one month; `change` moves them a little."""
    mixed = np.where(
        generator.random(ROWS) < 0.3 + change / 10, generator.normal(-5, 0.1, ROWS), generator.normal(5, 2, ROWS)
    )
    return {
        "normal": generator.normal(change / 10, 1, ROWS),
        "log_normal": np.exp(4 * generator.normal(change / 10, 1, ROWS)),
        "cauchy": generator.standard_cauchy(ROWS) + change / 10,
        "exponential": generator.exponential(1 + change / 10, ROWS),
        "mixture": mixed,
    }


def elsewhere(generator, change):
    """Columns whose grid was fixed on other data: a hundred times smaller, or far away, or on one value."""
    return {
        "grown": generator.normal(10, 1, ROWS) * (100 if change == 2 else 1),
        "moved": generator.normal(1e6 if change == 2 else 0, 1, ROWS),
        "began": generator.normal(size=ROWS) if change == 2 else np.zeros(ROWS),
    }


@pytest.fixture(scope="module")
def months(tmp_path_factory):
    """The grids are those of the first two months; the third came later."""
    project = Consumer(tmp_path_factory.mktemp("bounds") / "project", {"monitors": {"rows": MONITOR}})
    generator, data = np.random.default_rng(5), {}
    for number, month in enumerate(MONTHS):
        data[datetime.date.fromisoformat(month)] = columns = values(generator, number) | elsewhere(generator, number)
        at = np.datetime64(month, "us") + np.arange(ROWS).astype("timedelta64[s]")
        project.load("month", {"id": np.arange(ROWS) + number * ROWS, "at": at, **columns})
        project.sql("create table raw.rows as from raw.month" if number == 0 else "insert into raw.rows from raw.month")
        if number:
            project.build_up_to("health_drift")
    rows = project.rows("select * from health_drift where reference = '(previous period)'")
    return data, {(row["period_start"], row["column_name"], row["metric"]): row for row in rows}


def test_bounds_contain_the_distance_and_are_narrow_on_the_same_kind_of_data(months):
    data, drift = months
    widths = {}
    starts = sorted(data)
    for before, start in itertools.pairwise(starts):
        for name, y in data[start].items():
            x = data[before][name]
            exact = {
                "kolmogorov_smirnov": stats.ks_2samp(x, y, method="asymp").statistic,
                "wasserstein": stats.wasserstein_distance(x, y),
                "out_of_range_share": np.mean((y < x.min()) | (y > x.max())),
            }
            for metric, value in exact.items():
                row = drift[start, name, metric]
                slack = 1e-9 * max(1, value)
                assert row["value_lower"] - slack <= value <= row["value_upper"] + slack, (start, name, metric)
            row = drift[start, name, "kolmogorov_smirnov"]
            widths[start, name] = row["value_upper"] - row["value_lower"]
    kinds = values(np.random.default_rng(0), 0)
    assert {key: width for key, width in widths.items() if key[1] in kinds and width > 0.0125} == {}
    assert max(width for (_, name), width in widths.items() if name not in kinds) <= 1


def test_what_left_its_grid_is_still_an_alert(months):
    _, drift = months
    for name in ("grown", "moved", "began"):
        assert drift[datetime.date(2024, 3, 1), name, "kolmogorov_smirnov"]["column_status"] == "alert"
        assert drift[datetime.date(2024, 2, 1), name, "kolmogorov_smirnov"]["column_status"] == "ok"
