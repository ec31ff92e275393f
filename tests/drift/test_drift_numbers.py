"""The numbers of health_drift against SciPy and NumPy, on real tables and on the demo, with distances exact and from bins."""

import datetime
import functools
from collections import Counter

import duckdb
import numpy as np
import pytest
from consumer import REPOSITORY, SHARED_DATA, Consumer, needs_shared_data
from drift_oracle import WITHOUT_VALUES, distances, single_faults
from scipy import stats
from scipy.special import rel_entr

NUMBERS = ("numeric", "timestamp", "text")
TABLES = SHARED_DATA / "tables"
PEOPLE = "age, workclass, fnlwgt, education, education_num, marital_status, occupation, relationship, race, sex, capital_gain, capital_loss, hours_per_week, native_country, income"
LOADED = {
    "people": f"""
        select {PEOPLE} from read_csv(
            ['{TABLES}/adult/adult.data', '{TABLES}/adult/adult.test'], header = false, names = string_split('{PEOPLE}', ', '),
            delim = ', ', nullstr = '?', strict_mode = false, ignore_errors = true)
    """,
    "adult": "from raw.people where education in ('Some-college', 'HS-grad', 'Bachelors')",
    "adult_reference": "from raw.people where education not in ('Some-college', 'HS-grad', 'Bachelors')",
    # a tenth of the file, which is in the order of the calls, stands for a month
    "bank": f"""
        select *, date '2024-01-01' + to_months(cast((row_number() over () - 1) * 10 // count(*) over () as integer)) as at
        from read_csv('{TABLES}/bank/bank-additional-full.csv', delim = ';')
    """,
    "nypd": f"from read_csv('{TABLES}/nypd_stops/nypd_sqf_2021.csv', nullstr = '(null)')",
    "nhanes": f"""
        select *, make_date(cast(SurveyYr[:4] as integer), 1, 1) as at
        from read_csv('{TABLES}/nhanes/NHANESraw.csv', sample_size = -1)
    """,
    "elec2": f"from read_csv('{TABLES}/elec2/elec2_with_ts.csv')",
    "demo": f"from read_csv('{REPOSITORY}/seeds/demo/raw_screenings.csv', sample_size = -1) where try_cast(screened_at as timestamp) is not null",
}
MONITORS = {
    "adult": {"references": {"others": {"relation": {"source": ["raw", "adult_reference"]}}}},
    "bank": {"time": "at", "references": {"first": {"from": "2024-01-01", "to": "2024-04-01"}}},
    "nypd": {"time": "STOP_FRISK_DATE", "references": {"first": {"from": "2021-01-01", "to": "2021-04-01"}}},
    "nhanes": {"time": "at", "references": {"first": {"from": "2009-01-01", "to": "2010-01-01"}}},
    "elec2": {"time": "ts_reconstructed", "references": {"first": {"from": "1996-05-01", "to": "1996-11-01"}}},
    "demo": {"time": "screened_at", "references": {"first": {"from": "2024-01-01", "to": "2024-07-01"}}},
}


pytestmark = needs_shared_data


def real_tables(folder):
    monitors = {}
    for name, monitor in MONITORS.items():
        monitor = {"relation": {"source": ["raw", name]}, "max_categories": 5000} | monitor
        monitors |= {name: monitor | {"exact": True}, f"{name}_binned": monitor}
    project = Consumer(folder / "project", {"monitors": monitors}, sources=tuple(LOADED))
    for name, statement in LOADED.items():
        project.sql(f"create table raw.{name} as {statement}")
    project.build_up_to("health_drift")
    return project


class Samples:
    """The raw values of a table by column and month."""

    def __init__(self, project, time=None):
        self.connection, self.time, self.columns = duckdb.connect(str(project.database)), time, {}

    def column(self, table, name, kind):
        """Month -> sample."""
        if (table, name) not in self.columns:
            base = name.removesuffix(" (days from event)")
            value = {
                "numeric": f'cast("{base}" as double)',
                "timestamp": f'epoch(cast("{base}" as timestamp))',
                "text": f'cast(length("{base}") as double)',
            }.get(kind, f'cast("{base}" as varchar)')
            if base != name:
                value = f'(epoch(cast("{base}" as timestamp)) - epoch(cast("{self.time}" as timestamp))) / 86400'
            month = f"cast(date_trunc('month', \"{self.time}\") as date)" if self.time else "null"
            rows = self.connection.execute(f"select {month}, {value}, count(*) from {table} group by all").fetchall()
            months = {}
            for start, value, count in rows:
                months.setdefault(start, []).append((value, count))
            self.columns[table, name] = {start: sample(kind, counts) for start, counts in months.items()}
        return self.columns[table, name]

    @functools.cache  # noqa: B019
    def sample(self, table, name, kind, first=None, end=None):
        """The present values of a date range of whole months, and the number of nulls."""
        months = self.column(table, name, kind)
        inside = [months[start] for start in months if first is None or first <= start < end]
        present = [values for values, _ in inside]
        return (
            np.concatenate(present) if kind in NUMBERS else sum(present, Counter()),
            sum(nulls for _, nulls in inside),
        )


def sample(kind, counts):
    present = [(value, count) for value, count in counts if value is not None]
    nulls = sum(count for value, count in counts if value is None)
    if kind not in NUMBERS:
        return Counter(dict(present)), nulls
    return np.repeat([float(value) for value, _ in present], [count for _, count in present]), nulls


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return real_tables(tmp_path_factory.mktemp("drift"))


@pytest.fixture(scope="module")
def drift(project):
    """(monitor, reference, period, column) -> metric -> row."""
    result = {}
    for row in project.rows("select * from health_drift where segment_column = '(all)'"):
        key = row["monitor"], row["reference"], row["period_start"], row["column_name"]
        result.setdefault(key, {})[row["metric"]] = row
    return result


@pytest.fixture(scope="module")
def grids(project):
    """(monitor, column) -> whether it is counted by value, and whether its type has decimals."""
    rows = project.sql("select monitor, column_name, method, data_type from column_grids")
    return {
        (monitor, column): (method == "values", "INT" not in kind.upper()) for monitor, column, method, kind in rows
    }


@pytest.fixture(scope="module")
def oracle(project, drift, grids):
    """The keys of `drift`, of the exact monitors, -> metric -> value."""
    result = {}
    for name, monitor in MONITORS.items():
        samples = Samples(project, monitor.get("time"))
        window = next(iter(monitor["references"].values()))
        keys = [key for key in drift if key[0] == name]
        stored = (
            f"select period_start from monitored_periods where monitor = '{name}' and dataset = 'production' order by 1"
        )
        starts = [start for (start,) in project.sql(stored)]
        for key in keys:
            _, reference, start, column = key
            row = next(iter(drift[key].values()))
            kind, period = row["kind"], (start, row["period_end"])
            if reference == "(previous period)":
                before = starts[starts.index(start) - 1]
                earlier = samples.sample(f"raw.{name}", column, kind, before, start)
            elif "relation" in window:
                earlier = samples.sample("raw.adult_reference", column, kind)
                period = (None, None)
            else:
                first, end = map(datetime.date.fromisoformat, (window["from"], window["to"]))
                earlier = samples.sample(f"raw.{name}", column, kind, first, end)
            current = samples.sample(f"raw.{name}", column, kind, *period)
            result[key] = distances(kind, earlier, current)
            faults = single_faults(kind, earlier[0], current[0], *grids[name, column])
            if (*key[:3], f"{column} (days from event)") in drift:
                result[key] = {name: value for name, value in result[key].items() if name in WITHOUT_VALUES}
                faults = {name: value for name, value in faults.items() if name == "sentinel_share_cohens_h"}
            result[key] |= faults
        samples.connection.close()
    return result


def test_every_metric_equals_that_of_scipy(drift, oracle):
    assert len(oracle) > 3000
    for key, expected in oracle.items():
        rows = drift[key]
        of_bins = {"bin_share_cohens_h", "tail_share_cohens_h"} - set(expected)
        assert {name for name in rows if rows[name]["value"] is not None} - of_bins == set(expected), key
        for name, value in expected.items():
            row, values = rows[name], value if isinstance(value, tuple) else (value,)
            if name == "out_of_range_share":
                assert row["value_lower"] - 1e-12 <= value <= row["value_upper"] + 1e-12, key
                continue
            if name == "jensen_shannon_divergence_of_fine_bins":
                assert -1e-12 <= row["value"] <= value + 1e-9, key
                continue
            shown = (row["value"], row["value_lower"], row["value_upper"])[: len(values)]
            assert shown == pytest.approx(values, rel=1e-9, abs=1e-9), (key, name)
            if len(values) == 1:
                bounds = (row["value_lower"], row["value_upper"])
                assert bounds == pytest.approx((row["value"], row["value"]), rel=1e-12), (key, name)


def test_bins_bound_what_sorted_rows_give(drift, oracle):
    """What is of groups of values is the same; of groups of bins it has no bounds, and from 4,096 rows on it is near."""
    checked, of_values, large = 0, 0, []
    for key, expected in oracle.items():
        binned = drift[f"{key[0]}_binned", *key[1:]]
        for name, row in binned.items():
            exact = drift[key].get(name)
            if name in ("kolmogorov_smirnov", "wasserstein", "wasserstein_normed", "out_of_range_share"):
                slack = 1e-9 * max(1, abs(expected[name]))
                assert row["value_lower"] - slack <= expected[name] <= row["value_upper"] + slack, (key, name)
                assert row["value"] == row["value_lower"]
                checked += 1
            elif row["definition"].endswith(
                ("_of_bins", "_of_bins_laplace_half", "_of_bins_unsmoothed", "_of_bins_nats")
            ):
                assert row["value_lower"] is row["value_upper"] is None
                sizes = row["row_count"], row["reference_row_count"]
                if name == "population_stability_index" and min(sizes) >= 4096 and expected[name] <= 0.3:
                    large.append((abs(row["value"] - expected[name]), key[3]))
            elif name != "jensen_shannon_divergence_of_fine_bins":
                assert row["value"] == pytest.approx(exact["value"], rel=1e-12, abs=1e-15), (key, name)
                of_values += 1
    assert checked > 4000
    assert of_values > 10_000
    # survey weights, which come in clusters of their own every year, are the worst
    assert len(large) > 20
    assert max(error for error, _ in large) <= 0.006
    assert {column for error, column in large if error > 0.002} <= {"WTINT2YR", "WTMEC2YR"}


def null_test(row):
    """The test of two proportions; where fewer than 5 of one kind are expected, Chernoff's bound of the binomial tail."""
    n, m = row["reference_row_count"], row["row_count"]
    table = np.array(
        [[row["reference_null_count"], n - row["reference_null_count"]], [row["null_count"], m - row["null_count"]]]
    )
    rare = table[:, table.sum(axis=0).argmin()]
    if min(n, m) * rare.sum() / (n + m) >= 5:
        return stats.chi2.sf(stats.chi2_contingency(table, correction=False).statistic / row["variance_inflation"], 1)
    current, both, share = rare[1], rare.sum(), m / (n + m)
    exponent = rel_entr([current / both, 1 - current / both], [share, 1 - share]).sum() * both
    tails = [stats.binomtest(int(current), int(both), share, side).pvalue for side in ("less", "greater")]
    assert np.exp(-exponent) >= min(tails) * (1 - 1e-9)
    return min(1, 2 * np.exp(-exponent / row["variance_inflation"]))


def test_evidence_equals_that_of_scipy(project):
    """One probability per column: the least of its tests, each times how many it was the least of."""
    rows = project.rows("""
        select drift_measures.*, variance_inflation, distribution_p, null_p, category_p, bin_p, tail_p, decimals_p, sentinel_p, column_p
        from drift_evidence inner join drift_measures using (comparison_number, column_number)
    """)
    for row in rows:
        probabilities, statistic = [], row["kolmogorov_smirnov_lower"]
        if statistic is not None:
            n, m = row["reference_finite_count"], row["finite_count"]
            root = np.sqrt(n * m / (n + m))
            stephens = (root + 0.12 + 0.11 / root) * statistic / np.sqrt(row["variance_inflation"])
            probabilities.append(stats.kstwobign.sf(stephens))
            # near one the alternating series is cut short
            assert row["distribution_p"] == pytest.approx(
                probabilities[0], rel=1e-6 if probabilities[0] < 0.99 else 1e-3, abs=1e-100
            )
        elif row["pooled_group_count"] is not None and row["pooled_group_count"] > 1:
            chi_square = row["pooled_chi_square"] / row["variance_inflation"]
            probabilities.append(stats.chi2.sf(chi_square, row["pooled_group_count"] - 1))
            assert row["distribution_p"] == pytest.approx(probabilities[0], rel=0.05, abs=1e-100)
        if row["null_p"] is not None:
            probabilities.append(null_test(row))
            assert row["null_p"] == pytest.approx(probabilities[-1], rel=1e-5, abs=1e-100)
        if row["category_p"] is not None:
            probabilities.append(row["category_p"])
        faults = [row[f"{name}_p"] for name in ("bin", "tail", "decimals", "sentinel") if row[f"{name}_p"] is not None]
        # single faults have a tenth of the error
        errors = ([len(probabilities) * min(probabilities) / (0.9 if faults else 1)] if probabilities else []) + (
            [len(faults) * min(faults) / 0.1] if faults else []
        )
        if errors:
            assert row["column_p"] == pytest.approx(min(1, *errors, 1), rel=0.05, abs=1e-100)


def test_q_is_that_of_benjamini_and_hochberg(project):
    """A family of fewer than 20 columns counts as one of 20, of which the others show nothing: few columns are looked at as often as many."""
    families = {}
    for row in project.rows("select comparison_number, has_enough_rows, column_p, q_value from drift_evidence"):
        if row["has_enough_rows"] and row["column_p"] is not None:
            families.setdefault(row["comparison_number"], []).append((row["column_p"], row["q_value"]))
    assert {len(family) >= 20 for family in families.values()} == {True, False}
    for family in families.values():
        p, q = np.array(family).T
        padded = np.append(p, np.ones(max(0, 20 - len(p))))
        assert q == pytest.approx(stats.false_discovery_control(padded)[: len(p)], rel=1e-12, abs=1e-300)
