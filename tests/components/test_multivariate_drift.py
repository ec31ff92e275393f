"""What raises an alarm of multivariate drift and what does not, in simulated months and days of many columns."""

import datetime
import sys

import numpy as np
import pytest
from consumer import Consumer
from data_health.components.components import CONSTANT


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
