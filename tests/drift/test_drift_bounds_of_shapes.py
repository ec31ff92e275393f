"""Bounds of the Kolmogorov-Smirnov distance against another table, over seeds and shapes, atoms among them, against SciPy."""

import numpy as np
import pytest
from consumer import Consumer
from scipy import stats

pytestmark = pytest.mark.slow

SEEDS = range(12)
SIZES = (2_000, 20_000)
# what the bins may leave open from 20,000 rows on: one of them, and a fine bin, of which those are made
WIDEST = 1 / 120 + 0.0045
USUAL = 0.0105


def shapes(generator, rows):
    """Name -> values of one sample; zeros, ones and clipped values are atoms below, among and around the others."""
    is_zero, is_left = generator.random(rows) < 0.4, generator.random(rows) < 0.5
    return {
        "normal": generator.normal(size=rows),
        "uniform": generator.random(rows),
        "log_normal": generator.lognormal(size=rows),
        "exponential": generator.exponential(size=rows),
        "bimodal": np.where(is_left, generator.normal(-4, 1, rows), generator.normal(4, 0.5, rows)),
        "zeros": np.where(is_zero, 0, generator.lognormal(size=rows)),
        "ones": np.where(is_zero, 1, generator.lognormal(size=rows)),
        "clipped": np.clip(generator.normal(size=rows), -1, 1),
        "student": generator.standard_t(3, rows),
        "prices": 100 * np.floor(generator.lognormal(3, 1, rows)).astype(np.int64) + 99,
    }


@pytest.fixture(scope="module")
def drift(tmp_path_factory):
    """Rows of health_drift by size, seed and shape, with the distance by SciPy; every seed is a column of its own."""
    monitors = {
        f"rows_{size}": {
            "relation": {"source": ["raw", f"rows_{size}"]},
            "references": {"training": {"relation": {"source": ["raw", f"training_{size}"]}}},
        }
        for size in SIZES
    }
    sources = [f"{table}_{size}" for size in SIZES for table in ("rows", "training")]
    project = Consumer(tmp_path_factory.mktemp("shapes") / "project", {"monitors": monitors}, sources=sources)
    exact = {}
    for size in SIZES:
        x, y = {}, {}
        for seed in SEEDS:
            generator = np.random.default_rng(seed)
            x |= {f"{name}_{seed}": values for name, values in shapes(generator, size).items()}
            y |= {f"{name}_{seed}": values for name, values in shapes(generator, size).items()}
        project.load(f"training_{size}", x)
        project.load(f"rows_{size}", y)
        exact |= {(size, name): stats.ks_2samp(x[name], y[name], method="asymp").statistic for name in x}
    project.build_up_to("health_drift")
    rows = project.rows("""
        select monitor, column_name, value, value_lower, value_upper from health_drift
        where metric = 'kolmogorov_smirnov' and reference = 'training' and segment_column = '(all)'
    """)
    found = {(int(row["monitor"].removeprefix("rows_")), row["column_name"]): row for row in rows}
    assert found.keys() == exact.keys()
    return {key: row | {"exact": exact[key]} for key, row in found.items()}


def test_bounds_hold(drift):
    for key, row in drift.items():
        assert row["value_lower"] - 1e-9 <= row["exact"] <= row["value_upper"] + 1e-9, key


def test_bounds_are_narrow(drift):
    widths = {key: row["value_upper"] - row["value_lower"] for key, row in drift.items()}
    of_many_rows = {key: width for key, width in widths.items() if key[0] == 20_000}
    assert {key: width for key, width in of_many_rows.items() if width > WIDEST} == {}
    for name in shapes(np.random.default_rng(0), 1):
        assert np.median([of_many_rows[20_000, f"{name}_{seed}"] for seed in SEEDS]) < USUAL, name
    # of whole numbers nothing is left open, and of fewer rows less than chance is
    assert {width for (_, name), width in widths.items() if name.startswith("prices")} == {0}
    assert max(widths.values()) < 2 * WIDEST
