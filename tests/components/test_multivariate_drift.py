"""Components against scikit-learn, distances against the rows themselves, and what raises an alarm and what does not.

`make pages` writes the tables of docs/multivariate_drift.md again.
"""

import datetime
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import walkthrough
from consumer import REPOSITORY, SHARED_DATA, Consumer, needs_shared_data
from data_health.components.component_fits import Fit
from data_health.components.components import CONSTANT, NO_VALUES, Sums, principal_components
from data_health.components.periods import Period
from data_health.components.subspaces import Subspace, columns_that_moved
from demo_clinic import Demo
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

PAGE = REPOSITORY / "docs" / "multivariate_drift.md"
TABLES = SHARED_DATA / "tables"
JANUARY = datetime.date(2024, 1, 1)


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


@pytest.mark.parametrize("centre", [0.0, 3.0])
def test_components_are_those_of_scikit_learn_with_the_mean_for_missing_values(centre):
    rows = correlated_rows()
    # the grid's centre is near the values
    centres = centre + np.array([0.0] * 8 + [1e7])
    basis = principal_components(sums_of(rows, centres, 2.5), 0.9)
    # so far from zero scikit-learn itself loses digits
    near_zero = rows - np.array([0.0] * 8 + [1e7])
    theirs = PCA(svd_solver="full").fit(standardised(near_zero).transform(near_zero))
    n = len(rows)
    assert basis.eigenvalues == pytest.approx(theirs.explained_variance_ * (n - 1) / n, abs=1e-9)
    assert basis.kept == np.searchsorted(np.cumsum(theirs.explained_variance_ratio_), 0.9) + 1
    for number, component in enumerate(theirs.components_):
        ours = basis.vectors[:, number]
        assert ours * np.sign(ours @ component) == pytest.approx(component, abs=1e-8)
        assert ours[np.argmax(np.abs(ours))] > 0


def test_distances_are_those_of_the_rows():
    reference, period = correlated_rows(), correlated_rows(seed=2)[:200]
    period[:, :8] *= 1.2
    centres = np.array([0.0] * 8 + [1e7])
    subspace = Subspace.of(principal_components(sums_of(reference, centres), 0.9))
    k = subspace.components
    # so far from zero scikit-learn itself loses digits
    z = standardised(reference - centres).transform(period - centres)
    vectors = subspace.basis.vectors[:, :k]
    errors = z - z @ vectors @ vectors.T
    scores = z @ vectors
    error, distance, shift, overlap = subspace.measures(sums_of(period, centres))
    assert error.value == pytest.approx(np.mean(np.sum(errors**2, axis=1)), rel=1e-9)
    assert error.parts == pytest.approx(np.mean(errors**2, axis=0), rel=1e-8, abs=1e-12)
    assert distance.value == pytest.approx(
        np.mean(np.sum(scores**2 / subspace.basis.eigenvalues[:k], axis=1)), rel=1e-9
    )
    assert distance.parts.sum() == pytest.approx(distance.value)
    assert shift.value == pytest.approx(np.sum(scores.mean(axis=0) ** 2 / subspace.basis.eigenvalues[:k]), rel=1e-8)
    assert shift.parts.sum() == pytest.approx(shift.value)
    own = np.linalg.eigh(np.cov(z.T))[1][:, ::-1][:, :k]
    assert overlap.value == pytest.approx(np.sum((vectors.T @ own) ** 2) / k, rel=1e-8)


def test_the_noise_is_that_of_normal_rows():
    generator = np.random.default_rng(5)
    mixing = generator.normal(0, 1, (6, 6))
    reference = generator.normal(0, 1, (100_000, 6)) @ mixing
    subspace = Subspace.of(principal_components(sums_of(reference), 0.9))
    measures = [subspace.measures(sums_of(generator.normal(0, 1, (400, 6)) @ mixing)) for _ in range(400)]
    error, distance, shift, overlap = zip(*measures, strict=True)
    for metric in (error, distance):
        assert np.std([measure.value for measure in metric]) == pytest.approx(metric[0].noise, rel=0.15)
    assert np.mean([measure.value for measure in shift]) == pytest.approx(shift[0].noise, rel=0.15)
    assert np.mean([1 - measure.value for measure in overlap]) == pytest.approx(overlap[0].noise, rel=0.25)


def test_what_cannot_be_a_component_is_named():
    generator = np.random.default_rng(0)
    rows = np.column_stack(
        [generator.normal(0, 1, (100, 2)), np.full(100, 5.0), np.full(100, np.nan), 1e9 + np.zeros(100)]
    )
    reference = sums_of(rows)
    basis = principal_components(reference, 0.9)
    assert basis.names == ("c000", "c001")
    assert basis.excluded == {"c002": CONSTANT, "c003": NO_VALUES, "c004": CONSTANT}
    later = rows.copy()
    assert not columns_that_moved(basis, reference, sums_of(later)).any()
    later[3, 2] = 6
    later[:, 3] = 1
    assert list(columns_that_moved(basis, reference, sums_of(later))) == [True, True, False]


@pytest.mark.parametrize("rows", [np.zeros((0, 3)), np.ones((1, 3)), np.full((9, 3), np.nan), np.arange(9.0)[:, None]])
def test_too_little_to_compare_gives_no_measure(rows):
    if not len(rows):
        reference = correlated_rows()[:, :3]
        assert Subspace.of(principal_components(sums_of(reference), 0.9)).measures(sums_of(rows)) == []
    else:
        basis = principal_components(sums_of(rows), 0.9)
        assert Subspace.of(basis).measures(sums_of(rows)) == []


def test_fewer_rows_than_columns_have_components_without_variance():
    rows = np.random.default_rng(3).normal(0, 1, (5, 12))
    basis = principal_components(sums_of(rows), 1.0)
    assert basis.eigenvalues[4:] == pytest.approx(0, abs=1e-12)
    assert Subspace.of(basis).components == 4


def test_a_period_of_the_reference_is_measured_about_the_components_of_the_others():
    """Components that were fitted on its rows are too close to them; the rows of another day lie as far as expected."""
    generator = np.random.default_rng(6)
    days = [generator.normal(0, 1, (400, 60)) for _ in range(10)]
    rows = np.concatenate(days)
    sums = sums_of(rows)
    fit = Fit("m", "r", "all", sums, principal_components(sums, 0.9), {}, (JANUARY, JANUARY + datetime.timedelta(10)))
    inside, outside = [], []
    for number, day in enumerate(days):
        start = JANUARY + datetime.timedelta(number)
        period = Period("m", "production", start, start + datetime.timedelta(1), {"all": sums_of(day)})
        others = np.concatenate(days[:number] + days[number + 1 :])
        theirs = PCA(n_components=fit.subspace.components, svd_solver="full").fit(
            standardised(others).transform(others)
        )
        z = standardised(others).transform(day)
        errors = np.sum((z - theirs.inverse_transform(theirs.transform(z))) ** 2, axis=1)
        subspace = fit.subspace_for(period)
        assert subspace.components == fit.subspace.components
        assert subspace.measures(sums_of(day))[0].value == pytest.approx(errors.mean(), rel=1e-9)
        inside.append(fit.subspace.measures(sums_of(day))[0].value)
        outside.append(errors.mean())
    fresh = [fit.subspace.measures(sums_of(generator.normal(0, 1, (400, 60))))[0].value for _ in range(20)]
    assert np.mean(outside) == pytest.approx(np.mean(fresh), rel=0.02)
    assert np.mean(inside) < 0.9 * np.mean(fresh)
    later = Period("m", "production", JANUARY + datetime.timedelta(10), JANUARY + datetime.timedelta(11), {"all": sums})
    assert fit.subspace_for(later) is fit.subspace
    alone = Period("m", "production", JANUARY, JANUARY + datetime.timedelta(10), {"all": sums})
    assert fit.subspace_for(alone) is None


# Whole builds


def real_table(consumer, name):
    if name == "elec2":
        query = f"""
            select row_number() over () as id, * from read_csv('{TABLES}/elec2/elec2_with_ts.csv')
        """
    else:
        query = f"""
            select row_number() over () as id, timestamp '2024-01-01' + to_days(cast((row_number() over () - 1) // 200 as integer)) as called_at, *
            from read_csv('{TABLES}/bank/bank-additional-full.csv')
        """
    consumer.sql(f"create table raw.rows as {query}")


@needs_shared_data
@pytest.mark.parametrize("name", ["elec2", "bank"])
def test_components_of_real_tables_are_those_of_scikit_learn(tmp_path, name):
    time = {"elec2": "ts_reconstructed", "bank": "called_at"}[name]
    window = {"elec2": ("1996-07-01", "1997-07-01"), "bank": ("2024-01-01", "2024-05-01")}[name]
    monitor = {
        "relation": {"source": ["raw", "rows"]},
        "key": "id",
        "time": time,
        "references": {"window": {"from": window[0], "to": window[1]}},
    }
    consumer = Consumer(tmp_path / "project", {"monitors": {"m": monitor}})
    real_table(consumer, name)
    consumer.build_components()
    names = [
        name
        for (name,) in consumer.sql(
            "select distinct column_name from component_fits where values_used = 'all' and component is not null order by 1"
        )
    ]
    assert len(names) >= 4
    quoted = ", ".join(f'cast("{name}" as double)' for name in names)
    rows = np.array(
        consumer.sql(f"select {quoted} from raw.rows where {time} >= '{window[0]}' and {time} < '{window[1]}'"),
        dtype=float,
    )
    theirs = PCA(svd_solver="full").fit(standardised(rows).transform(rows))
    eigenvalues = [
        value
        for (value,) in consumer.sql(
            "select distinct on (component) eigenvalue from component_fits where values_used = 'all' and component is not null order by component"
        )
    ]
    assert eigenvalues == pytest.approx(theirs.explained_variance_ * (len(rows) - 1) / len(rows), rel=1e-9)
    loadings = consumer.sql(
        "select component, column_name, loading, mean, standard_deviation from component_fits where values_used = 'all' and component is not null order by 1, 2"
    )
    for number, component in enumerate(theirs.components_):
        ours = np.array([loading for index, _, loading, _, _ in loadings if index == number + 1])
        assert ours * np.sign(ours @ component) == pytest.approx(component, abs=1e-8)
    means = {column: mean for _, column, _, mean, _ in loadings}
    assert [means[name] for name in names] == pytest.approx(rows.mean(axis=0), rel=1e-9)


def gaussian_rows(n, seed, columns=8, mixing=None, heavy=False):
    generator = np.random.default_rng(seed)
    z = generator.normal(0, 1, (n, columns))
    if mixing is None:
        mixing = np.random.default_rng(77).normal(0, 1, (columns, columns))
    rows = z @ mixing
    if heavy:
        rows[:, ::3] = np.exp(rows[:, ::3] / 2)
        rows[:, 1::3] = generator.poisson(np.exp(rows[:, 1::3] / 4))
    rows[generator.random(rows.shape) < 0.05] = np.nan
    return rows


def load_months(consumer, table, months):
    """`months` are arrays (n × d), one per month from January 2022; NaN stays NaN, which is missing as well."""
    rows = np.concatenate(months)
    starts = [np.datetime64("2022-01", "M") + number for number in range(len(months))]
    time = np.concatenate(
        [np.full(len(month), start.astype("datetime64[us]")) for month, start in zip(months, starts, strict=True)]
    )
    columns = {"id": np.arange(len(rows)), "happened_at": time}
    consumer.load(table, columns | {f"x{number}": column for number, column in enumerate(rows.T)})


def judged(consumer, monitor, where="true"):
    return consumer.rows(
        f"select * from health_multivariate_drift where monitor = '{monitor}' and {where} order by period_start, metric"
    )


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """Months of the same rows, with a window and a table as references; and in others something that happens in month 20."""
    names = ["quiet_1", "quiet_2", "quiet_heavy", "correlation", "one_cell", "constant", "few", "shift"]
    window = {"first_year": {"from": "2022-01-01", "to": "2023-01-01"}}

    def monitor(name):
        table = {
            "training": {"relation": {"source": ["raw", "training_heavy" if name == "quiet_heavy" else "training"]}}
        }
        return {"relation": {"source": ["raw", name]}, "key": "id", "time": "happened_at", "references": window | table}

    sources = [*names, "training", "training_heavy"]
    consumer = Consumer(
        tmp_path_factory.mktemp("drift") / "project",
        {"monitors": {name: monitor(name) for name in names}},
        sources=sources,
    )
    load_months(consumer, "training", [gaussian_rows(4000, 1)])
    load_months(consumer, "training_heavy", [gaussian_rows(4000, 1, heavy=True)])
    for number, name in enumerate(names):
        sizes = [700 + 37 * (month % 5) for month in range(24)]
        months = [
            gaussian_rows(size, 1000 * number + month + 10, heavy=name == "quiet_heavy")
            for month, size in enumerate(sizes)
        ]
        if name == "correlation":
            # every column as before by itself, each in an order of its own
            generator = np.random.default_rng(4)
            months[20] = np.column_stack([generator.permutation(column) for column in months[20].T])
        elif name == "one_cell":
            months[20][5, 3] = 1e9
        elif name == "constant":
            for month in months:
                month[:, 2] = 4
            months[20][::2, 2] = 5
        elif name == "few":
            months[20] = months[20][:6]
        elif name == "shift":
            months[20][:, 0] += 5 * np.nanstd(months[20][:, 0])
        load_months(consumer, name, months)
    consumer.build_components()
    return consumer


DRIFTED = datetime.date(2023, 9, 1)


@pytest.fixture(scope="module")
def many_columns(tmp_path_factory):
    """60 days of 60 independent columns but for two, whose correlation breaks on one day; and a level that moves after four days."""
    generator = np.random.default_rng(9)
    consumer = Consumer(
        tmp_path_factory.mktemp("many") / "project",
        {
            "monitors": {
                name: {
                    "relation": {"source": ["raw", name]},
                    "key": "id",
                    "time": "happened_at",
                    "grain": "day",
                    "references": {"window": {"from": "2024-01-01", "to": end}},
                }
                for name, end in (("broken", "2024-01-21"), ("moved", "2024-01-05"))
            }
        },
        sources=["broken", "moved"],
    )
    for name, columns in (("broken", 60), ("moved", 8)):
        rows, days = [], []
        for day in range(60):
            x = generator.normal(0, 1, (generator.poisson(500), columns))
            if name == "broken" and day != 45:
                x[:, 1] = 0.8 * x[:, 0] + 0.6 * x[:, 1]
            elif name == "moved" and day >= 40:
                x[:, 0] += 1
            rows.append(x)
            days.append(np.full(len(x), np.datetime64("2024-01-01") + day).astype("datetime64[us]"))
        x = np.concatenate(rows)
        values = {f"x{number}": column for number, column in enumerate(x.T)}
        consumer.load(name, {"id": np.arange(len(x)), "happened_at": np.concatenate(days)} | values)
    consumer.build_components()
    return consumer


def test_a_correlation_that_breaks_among_many_columns_is_seen_in_its_column(many_columns):
    alarms = judged(many_columns, "broken", "status in ('warn', 'alert')")
    assert {row["period_start"] for row in alarms} == {datetime.date(2024, 2, 15)}
    (column,) = [row for row in alarms if row["metric"] == "column_error_of_clipped_values"]
    assert column["largest_contributor"] in ("x0", "x1") and column["status"] == "alert"
    assert column["value"] > column["expected_upper"] > column["expected_value"] > 0
    assert column["ratio"] == pytest.approx(column["value"] / column["expected_value"])


def test_a_short_window_finds_what_moved_later(many_columns):
    rows = judged(many_columns, "moved")
    alarms = [row for row in rows if row["status"] in ("warn", "alert")]
    assert {row["metric"] for row in alarms} >= {"mean_shift", "mean_shift_of_clipped_values"}
    assert {row["period_start"] for row in alarms} == {
        datetime.date(2024, 2, 10) + datetime.timedelta(day) for day in range(20)
    }
    assert {row["largest_contributor"] for row in alarms if row["metric"].endswith("mean_shift")} == {"x0"}
    # four days of the reference and four before it are eight
    first = min(row["period_start"] for row in rows if row["status"] == "ok" and row["metric"] == "mean_shift")
    assert first == datetime.date(2024, 1, 9)


def test_rows_that_stay_the_same_raise_hardly_any_alarm(simulated):
    rows = [row for name in ("quiet_1", "quiet_2", "quiet_heavy") for row in judged(simulated, name)]
    quiet = ("correlation", "one_cell", "few", "shift")
    rows += [row for name in quiet for row in judged(simulated, name, f"period_start < '{DRIFTED}'")]
    # against a table of its own the first eight months have nothing to be compared with
    for row in rows:
        too_early = row["reference"] == "training" and row["period_start"] < datetime.date(2022, 9, 1)
        is_judged = not too_early or row["metric"] == "constant_columns"
        assert (row["status"] != "insufficient_data") == is_judged == (row["reason"] is None), row
        # a month of the reference is not judged against it
        assert row["reference"] == "training" or row["period_start"] >= datetime.date(2023, 1, 1)
    status = [row["status"] for row in rows if row["status"] != "insufficient_data"]
    assert len(status) > 1000
    assert status.count("alert") <= 0.001 * len(status)
    assert status.count("warn") + status.count("alert") <= 0.005 * len(status)


@pytest.mark.parametrize("reference", ["first_year", "training"])
def test_columns_that_no_longer_go_together_are_an_alarm(simulated, reference):
    rows = judged(simulated, "correlation", f"period_start = '{DRIFTED}' and reference = '{reference}'")
    status = {row["metric"]: row["status"] for row in rows}
    assert status["reconstruction_error"] == status["reconstruction_error_of_clipped_values"] == "alert"
    error = next(row for row in rows if row["metric"] == "reconstruction_error")
    assert error["value"] > error["expected_upper"] > error["expected_value"] > error["expected_lower"] >= 0
    assert error["ratio"] == pytest.approx(error["value"] / error["reference_value"])


@pytest.mark.parametrize("reference", ["first_year", "training"])
def test_one_cell_is_no_alarm(simulated, reference):
    rows = judged(simulated, "one_cell", f"period_start = '{DRIFTED}' and reference = '{reference}'")
    by_metric = {row["metric"]: row for row in rows}
    assert by_metric["reconstruction_error"]["value"] + by_metric["hotelling_t2"]["value"] > 1e6
    assert by_metric["reconstruction_error"]["largest_contributor"] == "x3"
    # clipped values do not confirm it
    assert {row["status"] for row in rows} == {"ok"}


def test_a_column_that_was_constant_is_named_when_it_varies(simulated):
    rows = judged(simulated, "constant", "metric = 'constant_columns' and reference = 'first_year'")
    found = {row["period_start"]: (row["status"], row["value"], row["largest_contributor"]) for row in rows}
    assert found.pop(DRIFTED) == ("alert", 1, "x2") and len(found) == 11
    assert set(found.values()) == {("ok", 0, None)}
    left_out = simulated.sql(
        "select distinct column_name, reason_left_out from component_fits where monitor = 'constant' and reference = 'first_year' and component is null and values_used = 'all'"
    )
    assert left_out == [("x2", CONSTANT)]


def test_fewer_rows_than_columns_say_nothing(simulated):
    rows = judged(simulated, "few", f"period_start = '{DRIFTED}' and metric <> 'constant_columns'")
    assert {row["status"] for row in rows} == {"insufficient_data"}
    assert {row["expected_value"] for row in rows} == {None}


def test_a_shift_is_an_alarm_and_names_its_column(simulated):
    rows = judged(
        simulated, "shift", f"period_start = '{DRIFTED}' and metric like 'reconstruction_error%' or metric like '%t2%'"
    )
    rows = [row for row in rows if row["period_start"] == DRIFTED]
    assert "alert" in {row["status"] for row in rows if row["metric"].endswith("of_clipped_values")}
    assert "x0" in {row["largest_contributor"] for row in rows}


def test_an_empty_table_and_one_row_are_built(tmp_path):
    monitor = {
        "relation": {"source": ["raw", "rows"]},
        "references": {"training": {"relation": {"source": ["raw", "training"]}}},
    }
    consumer = Consumer(tmp_path / "project", {"monitors": {"m": monitor}}, sources=["rows", "training"])
    consumer.load("rows", {"a": np.zeros(0), "b": np.zeros(0)})
    consumer.load("training", {"a": np.zeros(1), "b": np.ones(1)})
    consumer.build()
    assert consumer.sql("select count(*) from health_multivariate_drift") == [(0,)]
    consumer.load("rows", {"a": np.zeros(1), "b": np.zeros(1)})
    consumer.build()
    # both are constant in a training set of one row; b is another value now
    found = consumer.sql("select metric, value, status, largest_contributor from health_multivariate_drift")
    assert found == [("constant_columns", 1, "alert", "b")]


def test_without_the_python_package_the_error_says_what_to_install(tmp_path, monkeypatch):
    monitor = {"relation": {"source": ["raw", "rows"]}, "components": {}}
    consumer = Consumer(tmp_path / "project", {"monitors": {"m": monitor}})
    consumer.load("rows", {"a": np.arange(3.0), "b": np.ones(3)})
    consumer.dbt("run", "--select", "+component_fits")
    for model in ("wide_batches", "component_fits"):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, f"data_health.components.{model}", None)
            consumer.dbt("run", "--select", model, succeeds=False)
        (failed,) = consumer.run_results()
        last = failed["message"].strip().splitlines()[-1].strip()
        assert last.startswith("ModuleNotFoundError: data_health: the part components needs Python packages")
        assert last.endswith("pip install data-health, or write parts: {components: false}")


# The demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    clinic = Demo(tmp_path_factory.mktemp("clinic"))
    clinic.build_components("--warn-error")
    return clinic


@pytest.mark.parametrize("number", range(len(walkthrough.queries(PAGE.read_text()))))
def test_every_query_gives_the_table_below_it(demo, number):
    statement, table = walkthrough.queries(PAGE.read_text())[number]
    assert table == walkthrough.table(demo.rows(statement)), statement


def test_the_demo_shows_its_pounds_and_its_glucose_and_nothing_else(demo):
    pounds = datetime.date(2024, 7, 1)
    rows = demo.rows("select * from health_multivariate_drift where monitor = 'screenings'")
    assert {row["reference"] for row in rows} == {"training_v1", "training_v2", "first_half"}
    found = {
        (row["period_start"], row["largest_contributor"])
        for row in rows
        if row["status"] in ("warn", "alert") and row["period_start"] != pounds
    }
    later = [datetime.date(2025, month, 1) for month in range(1, 7)]
    assert found == {(month, "glucose") for month in later}
    for reference in ("training_v1", "training_v2", "first_half"):
        of_reference = [row for row in rows if row["reference"] == reference]
        status = {(row["period_start"], row["metric"]): row for row in of_reference}
        error = status[pounds, "reconstruction_error_of_clipped_values"]
        assert (error["status"], error["largest_contributor"]) == ("alert", "weight_kg")
        assert all(status[month, "mean_shift_of_clipped_values"]["status"] == "alert" for month in later)
        # no heart rate from February on is for the null rate to tell
        assert status[datetime.date(2025, 2, 1), "subspace_overlap_of_clipped_values"]["status"] == "ok"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        written = Demo(Path(folder))
        written.build_components()
        PAGE.write_text(walkthrough.with_tables(PAGE.read_text(), written.rows))
