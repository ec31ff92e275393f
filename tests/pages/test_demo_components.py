"""Multivariate drift of the demo: the queries of its page, and the two faults that it shows.

`make pages` writes the tables of docs/multivariate_drift.md again.
"""

import datetime
import tempfile
from pathlib import Path

import pytest
import walkthrough
from consumer import REPOSITORY
from demo_clinic import Demo

PAGE = REPOSITORY / "docs" / "multivariate_drift.md"


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
