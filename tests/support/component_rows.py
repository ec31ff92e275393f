"""Rows with gaps, the sums of them from which components are computed, and how scikit-learn scales them."""

import numpy as np
from data_health.components.components import Sums
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def sums_of(rows, centre=0.0, scale=1.0):
    """The sums of an array (n × d), NaN where a value is missing."""
    z = (rows - centre) / scale
    present = ~np.isnan(z)
    filled = np.where(present, z, 0)
    names = tuple(f"c{number:03d}" for number in range(rows.shape[1]))
    with np.errstate(all="ignore"):
        lowest = np.array([column[~np.isnan(column)].min(initial=np.inf) for column in rows.T])
        highest = np.array([column[~np.isnan(column)].max(initial=-np.inf) for column in rows.T])
    counts = present.T.astype(float) @ present
    return Sums(names, len(rows), counts, filled.T @ present, filled.T @ filled, lowest, highest)


def standardised(rows):
    return make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler()).fit(rows)


def correlated_rows(n=500, seed=1):
    """Gaps, a mean far from zero, a duplicate, a column that is the sum of two others."""
    generator = np.random.default_rng(seed)
    base = generator.normal(0, 1, (n, 6)) @ generator.normal(0, 1, (6, 6))
    rows = np.column_stack([base, base[:, 0], base[:, 1] + base[:, 2], base[:, 3] * 1e-3 + 1e7])
    rows[generator.random(rows.shape) < 0.1] = np.nan
    return rows
