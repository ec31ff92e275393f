"""Repair of values that stand twice in a row: which side is wrong, and what stays where nothing shows it."""

import numpy as np
import pytest
from data_health.cleaning.repair import repair_rules

pytestmark = pytest.mark.quick
NAMES = ["latitude", "place", "longitude"]


def places(rows=300):
    random = np.random.default_rng(3)
    latitude = [f"{number:.8f}" for number in random.uniform(41, 42, rows)]
    longitude = [f"{number:.8f}" for number in random.uniform(-88, -87, rows)]
    return [[a, f"({a}, {b})", b] for a, b in zip(latitude, longitude, strict=True)]


def visits(rows=600):
    dates = [f"{2019 + row % 4}-{row % 12 + 1:02}-{row % 28 + 1:02}" for row in range(rows)]
    return [[date, date[:4], str(int(date[5:7]))] for date in dates]


def repaired(names, rows):
    """The cells that are changed: (row, column) -> value."""
    values = np.array(rows, dtype=object)
    changed = {}
    for rule in repair_rules(names, values):
        column, determinant = names.index(rule.column), names.index(rule.determinant_column)
        for row in np.flatnonzero(
            (values[:, column] == rule.from_value) & (values[:, determinant] == rule.determinant_value)
        ):
            assert (row, column) not in changed
            assert 0.85 <= rule.confidence <= 1 and rule.support > 100
            changed[int(row), column] = rule.to_value
    return changed


def test_a_copied_value_and_a_number_out_of_range_are_repaired():
    rows = places()
    right = [list(row) for row in rows]
    rows[5][0] = rows[9][0]  # copied from another row
    rows[6][2] = "-17.5"
    rows[7][1] = rows[8][1]
    rows[11][1] = f"(410.5, {rows[11][2]})"
    assert repaired(NAMES, rows) == {
        (5, 0): right[5][0],
        (6, 2): right[6][2],
        (7, 1): right[7][1],
        (11, 1): right[11][1],
    }


def test_where_either_can_be_right_both_stay():
    rows = places()
    rows[5][0] = "41.12345678"
    rows[6][0], rows[6][1] = rows[1][0], rows[2][1]
    assert repaired(NAMES, rows) == {}


def test_a_year_that_no_date_has_becomes_that_of_the_date():
    rows = visits()
    rows[4][1], rows[5][1], rows[6][2] = "2099", "20", "30"
    rows[7][1] = "2019"  # a year that there is: the date may be wrong as well
    assert rows[7][0].startswith("2022")
    assert repaired(["date", "year", "month"], rows) == {(4, 1): "2019", (5, 1): "2020", (6, 2): "7"}


def test_only_the_targets_are_repaired():
    rows = visits()
    rows[4][1] = "2099"
    assert repair_rules(["date", "year", "month"], np.array(rows, dtype=object), targets=["date", "month"]) == []


@pytest.mark.parametrize("rows", [[], places()[:1], [[None, None, None]] * 30, [["", "(1, 2)", "2"]] * 30])
def test_too_little_to_see(rows):
    assert repair_rules(NAMES, np.array(rows, dtype=object).reshape(-1, 3)) == []


def test_right_tables_stay():
    assert repaired(NAMES, places()) == {}
    assert repaired(["date", "year", "month"], visits()) == {}
