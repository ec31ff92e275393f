"""Columns of many values: what is put together as (other) is told with its values and rows, and nothing is left out without a word."""

import itertools
from collections import Counter

import pytest
from consumer import Consumer

pytestmark = pytest.mark.slow

MARTS = ("health_coverage_combinations", "health_coverage_gaps", "health_representation_gaps")
REFERENCES = {"references": {"training": {"relation": {"source": ["raw", "training"]}}}}
ROWS = {"relation": {"source": ["raw", "rows"]}} | REFERENCES
OFF = {"components": False, "drift": False, "coverage": False}
MONITORS = {
    # 529 values, by themselves and with two others
    "zip": ROWS | {"subgroups": ["zip"], "population": {"source": ["raw", "census"]}, "show_values": ["zip"]},
    "zip_sex": ROWS | {"subgroups": [["zip", "sex"]]},
    # 24 values, and 150, with two others; 150 beside so many combinations that 20 of them are told apart
    "town": ROWS | {"combinations": {"features": ["town", "sex"]}, "show_values": ["town", "sex"]},
    "street": ROWS | {"combinations": {"features": ["street", "sex"]}, "show_values": ["street", "sex"]},
    "wide": ROWS | {"combinations": {"features": ["street", "town", "wave", "other_wave", "sex"], "size": 2}},
}
GAP_ROWS = 30


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = Consumer(
        tmp_path_factory.mktemp("many_values") / "project",
        {"monitors": {name: monitor | {"parts": OFF} for name, monitor in MONITORS.items()}},
        sources=["rows", "training", "census"],
    )
    # value i of zip has about 1 to 61 rows of production; the rarest of towns and of streets have few
    project.sql("""
        create table raw.rows as
        with values_and_rows as (
            select i, unnest(range(1 + (i * 37) % 61)) as j from range(529) t(i)
        ),
        numbered as (select *, row_number() over (order by i, j) as n from values_and_rows)
        select
            'z' || i as zip, case when n % 12 = 0 then 'm' else 'f' end as sex,
            't' || floor(24 * pow((n * 7919 % 10007) / 10007, 3)) as town, 's' || floor(150 * pow((n * 104729 % 9973) / 9973, 2)) as street,
            sin(n) as wave, cos(n * n) as other_wave
        from numbered
    """)
    project.sql(
        "create table raw.training as select * from raw.rows where not (sex = 'm' and zip like '%7') and zip <> 'z8'"
    )
    project.sql(
        "create table raw.census as select 'zip' as subgroup, 'z' || i as value, 1 / 529e0 as share from range(529) t(i)"
    )
    project.build_up_to(*MARTS)
    return project


def gaps(project, mart, monitor, dataset):
    rows = project.rows(f"select * from {mart} where monitor = '{monitor}' and dataset = '{dataset}'")
    assert len({row["pattern"] for row in rows}) == len(rows)
    return {row["pattern"]: row for row in rows}


def values(project, column):
    """Rows of each pair of this column and sex by dataset."""
    return {
        dataset: Counter(project.sql(f"select {column}, sex from raw.{table}"))
        for dataset, table in (("production", "rows"), ("training", "training"))
    }


def uncovered(pairs, known):
    """Maximal uncovered patterns of two columns, spelled as a pair with None where one is open."""
    ones = [Counter(), Counter()]
    for pair, count in pairs.items():
        for place in (0, 1):
            ones[place][pair[place]] += count
    found = {
        tuple(value if place == where else None for where in (0, 1)): ones[place][value]
        for place in (0, 1)
        for value in known[place]
        if ones[place][value] < GAP_ROWS
    }
    for pair in itertools.product(*known):
        if all(ones[place][pair[place]] >= GAP_ROWS for place in (0, 1)) and pairs[pair] < GAP_ROWS:
            found[pair] = pairs[pair]
    return found


def known_values(sides):
    pairs = set().union(*sides.values())
    return [sorted({pair[place] for pair in pairs}) for place in (0, 1)]


@pytest.mark.parametrize("dataset", ["production", "training"])
def test_every_rare_value_of_a_subgroup_is_a_gap(project, dataset):
    counts = Counter()
    for (value, _), count in values(project, "zip")[dataset].items():
        counts[value] += count
    expected = {f"zip = z{i}": counts[f"z{i}"] for i in range(529) if counts[f"z{i}"] < GAP_ROWS}
    assert len(expected) > 236
    found = gaps(project, "health_representation_gaps", "zip", dataset)
    assert {pattern: row["row_count"] for pattern, row in found.items()} == expected
    # the population has a share of each, and nothing hides in combinations of one column
    assert {round(row["population_share"] * 529, 9) for row in found.values()} == {1}
    assert {row["other_value_count"] for row in found.values()} == {None}


@pytest.mark.parametrize("dataset", ["production", "training"])
def test_what_subgroups_hide_is_told(project, dataset):
    sides = values(project, "zip")
    expected = uncovered(sides[dataset], known_values(sides))
    found = gaps(project, "health_representation_gaps", "zip_sex", dataset)
    # all single values; values are hidden, so that it is their rows that are compared
    of_one = sorted(count for pattern, count in expected.items() if None in pattern)
    others = found.pop("zip = (other)")
    assert sorted(row["row_count"] for row in found.values() if row["level"] == 1) == of_one
    # every pair of the 120 most frequent values; those of the others are put together
    frequent = Counter()
    for pairs in sides.values():
        for (value, _), count in pairs.items():
            frequent[value] += count
    named = sorted(frequent, key=lambda value: (-frequent[value], value))[:120]
    pairs = sorted(count for pattern, count in expected.items() if None not in pattern and pattern[0] in named)
    assert (
        sorted(row["row_count"] for pattern, row in found.items() if row["level"] == 2 and "(other)" not in pattern)
        == pairs
    )
    rows = sum(count for (value, _), count in sides[dataset].items() if value not in named)
    assert (others["other_value_count"], others["row_count"], others["rows_needed"]) == (409, rows, 0)
    assert (others["status"], others["reason"]) == (
        "insufficient_data",
        f"409 values with {rows} rows are counted together",
    )


@pytest.mark.parametrize("dataset", ["production", "training"])
def test_all_of_24_values_of_a_feature_have_a_bin(project, dataset):
    sides = values(project, "town")
    known = known_values(sides)
    assert len(known[0]) == 24
    expected = uncovered(sides[dataset], known)
    found = gaps(project, "health_coverage_gaps", "town", dataset)
    names = {
        ", ".join(f"{name} = {value}" for name, value in zip(("town", "sex"), pattern, strict=True) if value): count
        for pattern, count in expected.items()
    }
    assert {pattern: row["row_count"] for pattern, row in found.items()} == names
    assert any(None not in pattern for pattern in expected)
    (row,) = project.rows(
        "select * from health_coverage_combinations where monitor = 'town' and column_names = 'town, sex'"
    )
    assert row["reference_combination_count"] == len(sides["training"])
    assert (row["other_value_count"], row["reference_other_count"]) == (None, None)


@pytest.mark.parametrize(("monitor", "kept"), [("street", 100), ("wide", 20)])
def test_what_features_hide_is_told(project, monitor, kept):
    sides = values(project, "street")
    frequent = Counter()
    for (value, _), count in sides["production"].items():
        frequent[value] += count
    hidden = set(known_values(sides)[0]) - set(sorted(frequent, key=lambda value: (-frequent[value], value))[:kept])
    rows = {side: sum(count for (value, _), count in pairs.items() if value in hidden) for side, pairs in sides.items()}
    for dataset in ("production", "training"):
        row = gaps(project, "health_coverage_gaps", monitor, dataset)["street = (other)"]
        assert (row["other_value_count"], row["row_count"]) == (len(hidden), rows[dataset])
        assert row["reason"] == f"{len(hidden)} values with {rows[dataset]} rows are counted together"
        assert row["status"] == "insufficient_data"
    (row,) = project.rows(
        f"select * from health_coverage_combinations where monitor = '{monitor}' and column_names = 'street, sex'"
    )
    assert (row["status"], row["reason"]) == ("insufficient_data", "rare categories are counted together")
    assert (row["other_value_count"], row["reference_other_count"]) == (len(hidden), rows["training"])
