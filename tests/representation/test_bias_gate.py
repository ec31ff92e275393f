"""A known bias that comes back with a new training set fails the gate, and the tests that a job runs say the same."""

import numpy as np
import pyarrow as pa
import walkthrough
from consumer import REPOSITORY, Consumer
from representation_project import (
    ATTRIBUTES,
    MONITOR,
    MONTHS,
    PRODUCTION,
    REPRESENTATION,
    SOURCES,
    gate,
    load,
    load_register,
    load_tables,
    made_up,
)

PAGE = REPOSITORY / "docs" / "representation.md"


def gate_of(register, training, tmp_path_factory):
    """The gates of a monitor whose register and training sets are these."""
    monitor = MONITOR | {
        "references": {name: {"relation": {"source": ["raw", name]}} for name in training},
        "label": {"column": "label", "positive": "yes"},
        "subgroups": ["order", ["order", "age band"]],
    }
    of_page = {
        "relation": {"ref": "screenings"},
        "references": {"training_v2": {"relation": {"source": ["raw", "biased again"]}}},
    }
    configuration = {
        "monitors": {"visits": monitor, "screenings": monitor | of_page},
        "known_biases": {"source": ["raw", "register"]},
    }
    models = {"screenings.sql": "select * from {{ source('raw', 'visits') }}"}
    folder = tmp_path_factory.mktemp("gate") / "project"
    consumer = Consumer(folder, configuration, models=models, sources=(*SOURCES, *training))
    load_tables(consumer)
    columns = ["id", *ATTRIBUTES, "height", "pulse", "label", "predicted"]
    load(consumer, "visits", PRODUCTION[MONTHS[2]], ["at", "version", *columns], {"at": pa.timestamp("us")})
    for name, rows in training.items():
        load(consumer, name, rows, columns)
    load_register(consumer, register)
    consumer.build("--select", "column_statistics", *REPRESENTATION)
    return consumer


def with_label_rate(rows, rate, seed):
    """The rows with all of them labelled, women positive with this probability and everybody else with a half."""
    draw = np.random.default_rng(seed)
    return [row | {"label": "yes" if draw.random() < (rate if row["order"] == "f" else 0.5) else "no"} for row in rows]


def test_a_bias_that_comes_back_with_a_new_training_set_fails_the_gate(tmp_path_factory):
    register = [
        ("women are marked healthy", "visits", "order", "f", "label_rate_ratio", 0.8, None, None),
        ("old women are found", "visits", "order, age band", "f, 75+", "true_positive_rate", 0.1, None, None),
    ]
    rows = made_up(21, 1500)
    register.append(("page", "screenings", *register[0][2:]))
    training = {
        "repaired": with_label_rate(rows, 0.5, 1),
        "biased again": with_label_rate(rows, 0.3, 2),
        "small": with_label_rate(rows[:40], 0.3, 3),
    }
    project = gate_of(register, training, tmp_path_factory)
    gates = gate(project)
    statuses = {name: row["status"] for name, row in gates.items()}
    assert (statuses["biased again"], statuses["small"]) == ("fail", "inconclusive")
    assert statuses["repaired"] == "pass"
    labels = training["biased again"]
    women, others = (
        [row["label"] == "yes" for row in labels if (row["order"] == "f") == is_woman] for is_woman in (True, False)
    )
    value = sum(women) / len(women) / (sum(others) / len(others))
    evidence = gates["biased again"]["evidence"]
    assert evidence.startswith(f"women are marked healthy fail: order = f: label_rate_ratio {value:.3f} [")
    assert f"must be at least 0.800, {len(women)} of 1500 rows" in evidence
    assert "too few" in gates["small"]["evidence"]
    # the test that a job runs says the same, and one of a reference that nothing was checked in is no pass
    properties = {"version": 2, "sources": [{"name": "raw", "schema": "raw", "tables": []}]}
    for name in SOURCES + tuple(training):
        table = {"name": name}
        if name == "visits":
            tests = [
                {
                    "data_health.bias_gate_passes": {
                        "arguments": {"reference": reference},
                        "config": {"severity": "error", "alias": alias},
                    }
                }
                for reference, alias in (
                    ("repaired", "passes"),
                    ("biased again", "fails"),
                    ("small", "is_inconclusive"),
                    ("unknown", "is_not_there"),
                )
            ]
            tests += [
                {"data_health.representation_between": {"arguments": arguments, "config": {"alias": alias}}}
                for arguments, alias in (
                    ({"subgroups": "order", "groups": ["f", "m"], "minimum": 0.5, "maximum": 1.6}, "between"),
                    ({"subgroups": "order", "groups": ["f", "m"], "minimum": 1.3}, "not_between"),
                    ({"subgroups": ["order"], "minimum": 0.5, "certain": False}, "not_certain"),
                    ({"subgroups": ["order"], "reference": "repaired", "minimum": 0.5}, "between_repaired"),
                )
            ]
            table["data_tests"] = tests
        properties["sources"][0]["tables"].append(table)
    project.write("models/sources.yml", properties)
    (of_page,) = (text for path, text in walkthrough.files(PAGE.read_text()).items() if path.startswith("models/"))
    project.write("models/tests_of_screenings.yml", of_page)
    project.dbt("test", "--select", "test_type:generic,package:consumer", succeeds=False)
    outcomes = sorted((result["status"], result["failures"]) for result in project.run_results())
    # the test of the page asks for two subgroups that this table does not have
    assert outcomes == [("fail", 1)] * 4 + [("pass", 0)] * 3 + [("warn", 2)] * 3
    # labels of a training set are profiled too, though nobody counts them beforehand
    profiled = project.sql(
        "select row_count from column_statistics where dataset = 'repaired' and column_name = 'label'"
    )
    assert profiled == [(1500,)]
