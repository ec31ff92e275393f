"""A monitor that has a label and no key labeling: drift says that the rate of its label steps."""

import datetime

import numpy as np
import pytest
from consumer import Consumer

DAYS, ROWS, STEP = 60, 100, 50
FIRST = datetime.date(2025, 1, 1)


def table(seed, after, values, labelled=1.0):
    """A hundred rows a day, half of them with the first label, and from the 51st day on another share."""
    draw = np.random.default_rng(seed)
    day = np.repeat(np.arange(DAYS), ROWS)
    is_first = draw.random(len(day)) < np.where(day >= STEP, after, 0.5)
    label = np.where(is_first, values[0], values[1]).astype(object)
    label[draw.random(len(day)) >= labelled] = None
    return {
        "id": np.arange(len(day)),
        "at": np.datetime64("2025-01-01", "us") + day * np.timedelta64(86_400_000_000, "us"),
        "x": draw.normal(size=len(day)),
        "outcome": label if isinstance(values[0], str) else label.astype(float),
    }


TABLES = {
    "steps": table(0, 0.8, ("yes", "no")),
    "numbers": table(1, 0.8, (1, 0)),
    "leaks": table(2, 1.0, ("yes", "no")),
    "some": table(3, 0.85, ("yes", "no"), labelled=0.7),
    "steady": table(4, 0.5, ("yes", "no")),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    monitors = {
        name: {
            "relation": {"source": ["raw", name]},
            "key": "id",
            "time": "at",
            "grain": "day",
            "label": {"column": "outcome"},
        }
        for name in TABLES
    }
    project = Consumer(tmp_path_factory.mktemp("steps") / "project", {"monitors": monitors}, sources=TABLES)
    for name, columns in TABLES.items():
        project.load(name, columns)
    project.build_up_to("health_alerts")
    return project


def test_a_step_of_the_rate_is_drift_of_the_label(project):
    """On its first day; a step that is too small for a hundred rows is seen in the newest week."""
    alerts = project.sql("""
        select monitor, min(first_period) filter (finding = 'drift'), count(*) filter (finding = 'window_drift')
        from health_alerts
        where column_name = 'outcome'
        group by monitor
        order by monitor
    """)
    step = FIRST + datetime.timedelta(days=STEP)
    assert alerts == [("leaks", step, 1), ("numbers", None, 1), ("some", step, 1), ("steps", step, 1)]
    assert project.sql("""
        select distinct metric, severity from health_alerts where monitor = 'numbers' and column_name = 'outcome'
    """) == [("kolmogorov_smirnov", "alert")]


def test_nothing_heavy_is_on_for_it(project):
    """Neither the learner nor a table of annotations: the part labeling has no node."""
    tables = {name for (name,) in project.sql("select table_name from information_schema.tables")}
    assert "health_drift" in tables and "health_volume" in tables
    assert not {name for name in tables if "label" in name}


def known(kind, draw):
    """Sixty days until today of a hundred rows; each label is known a day later, and none or half of the last ten days is."""
    day = np.repeat(np.arange(DAYS), ROWS)
    start = np.datetime64("today", "us") - (DAYS - 1) * np.timedelta64(86_400_000_000, "us")
    at = start + day * np.timedelta64(86_400_000_000, "us")
    is_known = (day < STEP) | (draw.random(len(day)) < {"stopped": 0.0, "halved": 0.5, "going": 1.0}[kind])
    known_at = np.where(is_known & (day < DAYS - 1), at + np.timedelta64(86_400_000_000, "us"), np.datetime64("NaT"))
    outcome = np.where(draw.random(len(day)) < 0.5, "yes", "no").astype(object)
    outcome[np.isnat(known_at)] = None
    return {
        "id": np.arange(len(day)),
        "at": at,
        "x": draw.normal(size=len(day)),
        "outcome": outcome,
        "known_at": known_at,
    }


def test_labels_that_stop_are_said_by_a_monitor_of_the_labels(tmp_path):
    """The same table, by the time at which a label became known: fewer rows, or none for days."""
    monitors, kinds = {}, ("stopped", "halved", "going")
    for kind in kinds:
        monitors[kind] = {
            "relation": {"source": ["raw", kind]},
            "key": "id",
            "time": "at",
            "grain": "day",
            "label": {"column": "outcome"},
        }
        monitors[f"labels of {kind}"] = {
            "relation": {"source": ["raw", kind]},
            "where": "outcome is not null",
            "key": "id",
            "time": "known_at",
            "grain": "day",
            "features": [],
            "parts": {"drift": False},
        }
    project = Consumer(tmp_path / "project", {"monitors": monitors}, sources=kinds)
    draw = np.random.default_rng(5)
    for kind in kinds:
        project.load(kind, known(kind, draw))
    project.build_up_to("health_alerts")
    assert project.sql("""
        select distinct monitor, finding, severity from health_alerts where finding in ('volume', 'freshness') order by monitor
    """) == [("labels of halved", "volume", "alert"), ("labels of stopped", "freshness", "alert")]
