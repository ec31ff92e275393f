"""A monitor with a label and no table of annotations: the rate of its labels is judged, and nobody is asked."""

import numpy as np
import pytest

pytestmark = pytest.mark.slow

DAYS, ROWS = 40, 50


def table(newest_share, values):
    """Forty days of fifty rows, labelled with two values by turns; the share of the first is .5, on the last day another."""
    count = DAYS * ROWS
    day, place = np.divmod(np.arange(count), ROWS)
    share = np.where(day == DAYS - 1, newest_share, 0.5)
    return {
        "id": np.arange(count),
        "at": np.datetime64("2025-01-01", "us") + day * np.timedelta64(86_400_000_000, "us"),
        "x": place / ROWS,
        "outcome": np.where((place + 0.5) / ROWS < share, values[0], values[1]),
    }


def monitor(name):
    return {
        "relation": {"source": ["raw", name]},
        "key": "id",
        "time": "at",
        "label": {"column": "outcome"},
        "grain": "day",
        "labeling": {},
        "show_values": [] if name == "steady" else ["outcome"],
    }


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    from consumer import Consumer

    tables = {
        "breaks": table(0.9, ("yes", "no")),
        "leaks": table(1.0, (1, 0)),
        "steady": table(0.5, (1, 0)),
        "measures": table(0.5, ("yes", "no")),
    }
    tables["measures"]["outcome"] = np.random.default_rng(0).normal(size=DAYS * ROWS)
    monitors = {name: monitor(name) for name in tables}
    # all rows have a label, and annotators are asked from the next one on
    monitors["asked"] = monitor("steady") | {"labeling": {"annotations": {"source": ["raw", "answers"]}}}
    project = Consumer(
        tmp_path_factory.mktemp("rates") / "project", {"monitors": monitors}, sources=(*tables, "answers")
    )
    for name, columns in tables.items():
        project.load(name, columns)
    project.build_up_to("health_label_quality", "health_labeling_candidates", "health_labeling_progress")
    return project


def test_rates_are_those_of_the_table(project):
    found = project.rows("select * from health_label_quality order by monitor, given_label")
    judged = {
        (row["monitor"], row["given_label"]): (row["status"], row["rate"], row["earlier_rate"])
        for row in found
        if row["monitor"] != "asked"
    }
    assert judged == {
        ("breaks", "no"): ("break", pytest.approx(0.1), pytest.approx(0.5)),
        ("breaks", "yes"): ("break", pytest.approx(0.9), pytest.approx(0.5)),
        ("leaks", "0"): ("leak", 0.0, pytest.approx(0.5)),
        ("leaks", "1"): ("leak", 1.0, pytest.approx(0.5)),
        ("steady", "(hidden 1)"): ("ok", pytest.approx(0.5), pytest.approx(0.5)),
        ("steady", "(hidden 2)"): ("ok", pytest.approx(0.5), pytest.approx(0.5)),
    }
    assert {str(row["period_start"]) for row in found} == {"2025-02-09"}


def test_nobody_is_asked(project):
    assert project.sql("select count(*) from health_labeling_candidates") == [(0,)]


def test_where_no_row_is_left_the_mart_says_so(project):
    [(monitor_name, reason)] = project.sql("select monitor, reason from health_labeling_progress where batch is null")
    assert monitor_name == "asked" and reason.startswith("no row is left to ask for; ")
