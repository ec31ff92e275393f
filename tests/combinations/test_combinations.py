"""Combinations of features and their gaps against a count of the rows themselves, and published examples."""

import math
from collections import Counter

import pytest
from combination_lattices import CONFIGURATION, LATTICES, MARTS, OFF, SOURCES, load_tables
from combination_oracle import brute_force_gaps, sides_of
from consumer import Consumer


@pytest.fixture(scope="module")
def lattices(tmp_path_factory):
    project = Consumer(tmp_path_factory.mktemp("lattices") / "project", CONFIGURATION, sources=SOURCES)
    load_tables(project)
    project.build_up_to(*MARTS)
    return project


@pytest.mark.parametrize("name", LATTICES)
def test_gaps_of_random_lattices_equal_brute_force(lattices, name):
    columns, _, threshold = LATTICES[name]
    january, february, training = sides_of(lattices, name)
    domains = [sorted({row[place] for row in (*january, *february, *training)}) for place in range(len(columns))]
    for dataset, rows in (("production", february), ("training", training)):
        gaps = lattices.rows(f"select * from health_coverage_gaps where monitor = '{name}' and dataset = '{dataset}'")
        expected = brute_force_gaps(rows, domains, threshold, len(columns))
        assert {gap["pattern"]: gap["row_count"] for gap in gaps} == {", ".join(key): n for key, n in expected.items()}
        assert len(gaps) == len(expected) > 10
        assert max(gap["level"] for gap in gaps) >= (3 if len(columns) > 3 else 2)
        for gap in gaps:
            fitting = sum(set(gap["pattern"].split(", ")) <= set(", ".join(row).split(", ")) for row in february)
            assert gap["production_row_count"] == fitting
            assert gap["rows_needed"] == threshold - gap["row_count"]
            assert gap["dataset_row_count"] == len(rows)


@pytest.mark.parametrize("name", LATTICES)
def test_combinations_of_random_lattices_equal_brute_force(lattices, name):
    columns = list(LATTICES[name][0])
    *months, training = sides_of(lattices, name)
    values = [{row[place] for rows in (*months, training) for row in rows} for place in range(len(columns))]
    found = lattices.rows(
        f"select * from health_coverage_combinations where monitor = '{name}' and column_names <> '(all)'"
    )
    sizes = {2, 3, len(columns)}
    assert len(found) == 2 * sum(math.comb(len(columns), size) for size in sizes)
    for row in found:
        places = [columns.index(column) for column in row["column_names"].split(", ")]
        production = months[row["period_start"].month - 1]
        now, seen = ([tuple(line[place] for place in places) for line in rows] for rows in (production, training))
        assert_counts(row, Counter(now), Counter(seen), math.prod(len(values[place]) for place in places))
        assert row["is_whole"] == (len(places) == len(columns))
        alone = [{line[place] for line in seen} for place in range(len(places))]
        new = sum(any(value not in known for value, known in zip(line, alone, strict=True)) for line in now)
        assert row["unseen_value_share"] == pytest.approx(new / len(now), rel=1e-12, abs=1e-15)
    assert_totals(lattices, name, found)


def assert_counts(row, now, seen, possible):
    n, m, frequencies = seen.total(), now.total(), Counter(seen.values())
    unseen = {pattern: count for pattern, count in now.items() if pattern not in seen}
    share = frequencies[1] / n
    expected = {
        "row_count": m,
        "reference_row_count": n,
        "possible_combination_count": possible,
        "combination_count": len(now),
        "reference_combination_count": len(seen),
        "value_coverage": len(seen) / possible,
        "simple_coverage": float(len(seen) == possible),
        "unseen_combination_count": len(unseen),
        "unseen_combination_share": len(unseen) / len(now),
        "unseen_count": sum(unseen.values()),
        "unseen_share": sum(unseen.values()) / m,
        "singleton_count": frequencies[1],
        "expected_unseen_share": share,
        "standard_error": math.sqrt(share * (1 - share) / m + (frequencies[1] + 2 * frequencies[2]) / n**2),
        "set_count": 1,
    }
    for name, value in expected.items():
        assert row[name] == pytest.approx(value, rel=1e-12, abs=1e-15), (name, row)
    assert (row["unseen_combination"] is None) == (not unseen)


def assert_totals(project, name, found):
    """One row for all sets of a size, where there are several."""
    totals = project.rows(
        f"select * from health_coverage_combinations where monitor = '{name}' and column_names = '(all)'"
    )
    assert len(totals) == 2 * len({row["combination_size"] for row in found if not row["is_whole"]})
    severity = {"ok": 0, "insufficient_data": 0, "warn": 1, "alert": 2}
    for total in totals:
        key = ("period_start", "reference", "combination_size")
        parts = [row for row in found if all(row[column] == total[column] for column in key)]
        assert total["set_count"] == len(parts)
        for column in ("unseen_combination_count", "unseen_count", "possible_combination_count", "combination_count"):
            assert total[column] == sum(row[column] for row in parts)
        assert total["unseen_share"] == pytest.approx(sum(row["unseen_share"] for row in parts) / len(parts))
        assert severity[total["status"]] == max(severity[row["status"]] for row in parts)


def test_the_example_of_nist(lattices):
    (row,) = lattices.rows(
        "select * from health_coverage_combinations where monitor = 'nist' and column_names = '(all)' and combination_size = 2"
    )
    assert (row["reference_combination_count"], row["possible_combination_count"]) == (19, 24)
    assert row["value_coverage"] == pytest.approx(19 / 24)
    assert row["simple_coverage"] == pytest.approx(2 / 6)
    assert row["set_count"] == 6


def test_values_are_hidden_unless_they_may_be_shown(lattices):
    rows = lattices.rows("select * from health_coverage_gaps where monitor = 'hidden'")
    assert rows
    shown = " ".join(row["pattern"] for row in rows)
    assert "o'hara" not in shown
    assert "second = (hidden 1)" in shown
    assert "second = (hidden 2)" in shown
    # so that a pattern is a key
    assert len({(row["dataset"], row["pattern"]) for row in rows}) == len(rows)


def test_a_feature_that_the_reference_lacks_is_no_gap(lattices):
    rows = lattices.rows("select * from health_coverage_combinations where monitor = 'hidden'")
    assert {(row["status"], row["reason"]) for row in rows} == {("insufficient_data", "not in the reference")}
    assert {row["unseen_share"] for row in rows} == {None}
    assert lattices.rows("select * from health_coverage_gaps where monitor = 'hidden' and dataset = 'training'") == []


def test_rare_categories_that_are_counted_together_are_not_judged(lattices):
    rows = lattices.rows("select * from health_coverage_combinations where monitor = 'many'")
    judged = {(row["status"], row["reason"]) for row in rows if row["is_latest"]}
    assert judged == {("insufficient_data", "rare categories are counted together")}


def test_features_are_chosen_by_the_rule(lattices):
    rows = lattices.rows(
        "select distinct column_name, position from feature_bins where monitor = 'chosen' order by position"
    )
    assert [row["column_name"] for row in rows] == ["sex", "even", "uneven", "wave"]


def test_without_representation_nothing_is_about_subgroups(lattices):
    stored = {row["table_name"] for row in lattices.rows("select table_name from information_schema.tables")}
    assert {"feature_cells", "health_coverage_gaps"} <= stored
    assert not {"declared_subgroups", "subgroup_cells", "health_representation_gaps"} & stored
    for table in ("combination_periods", "combination_values", "combination_sets", "uncovered_patterns"):
        assert lattices.rows(f"select distinct cell_kind from {table}") == [{"cell_kind": "features"}]


def test_too_many_combinations_are_refused(lattices, tmp_path):
    project = lattices.copy(tmp_path / "project")
    project.sql(
        "create table raw.wide as select "
        + ", ".join(f"(i * {7 + n}) % 997 as n{n}" for n in range(8))
        + " from range(5000) as numbered (i)"
    )
    monitor = {
        "relation": {"source": ["raw", "wide"]},
        "combinations": {"features": [f"n{n}" for n in range(8)]},
        "parts": OFF,
    }
    project.configure({"monitors": {"wide": monitor}})
    project.write("models/sources.yml", {"sources": [{"name": "raw", "schema": "raw", "tables": [{"name": "wide"}]}]})
    result = project.build("--select", "+feature_bins", succeeds=False)
    messages = [item.message for item in result.result if item.status == "error"]
    assert len(messages) == 1
    assert (
        "monitor 'wide', combinations.features: found 'n0, n1, n2, n3, n4, n5, n6, n7' (1679616 possible combinations)"
        in messages[0]
    )
    assert "at most 200000 possible combinations" in messages[0]
    project.configure({"monitors": {"wide": monitor | {"combinations": {"features": ["n0", "n1"]}}}})
    project.build("--select", "health_monitors", "feature_bins")
    assert project.sql("select distinct column_name from feature_bins where monitor = 'wide' order by 1") == [
        ("n0",),
        ("n1",),
    ]


def counted_when(project, monitor):
    """When the cells of each period were counted, with their sum."""
    rows = project.sql(
        f"select dataset, period_start, built_at, sum(row_count) from feature_cells where monitor = '{monitor}' group by all"
    )
    return {(dataset, start): (built, count) for dataset, start, built, count in rows}


def test_only_what_changed_is_counted_again(lattices, tmp_path):
    project = lattices.copy(tmp_path / "project")
    project.dbt("parse")
    before, bins = counted_when(project, "many"), project.sql("select * from feature_bins order by all")
    # a late row of a town that is new, and a first row of March
    project.sql(
        "insert into raw.many values ('new town', true, timestamp '2024-02-20'), ('new town', true, timestamp '2024-03-05')"
    )
    monitors = dict(CONFIGURATION["monitors"])
    monitors["many"] = monitors["many"] | {
        "references": monitors["many"]["references"] | {"both": {"from": "2024-01-01", "to": "2024-03-01"}}
    }
    project.configure({"monitors": monitors})
    project.build_up_to("health_coverage_combinations", only="many")
    after = counted_when(project, "many")
    january, february = (next(key for key in before if key[1].month == month) for month in (1, 2))
    assert after[january] == before[january]
    assert after[february][0] > before[february][0]
    assert after[february][1] == before[february][1] + 1
    assert {key[1].month for key in set(after) - set(before)} == {3}
    assert project.sql("select * from feature_bins order by all") == bins
    (row,) = project.rows("""
        select reference_row_count, row_count from health_coverage_combinations
        where monitor = 'many' and reference = 'both' and column_names = 'town, flag' and is_latest
    """)
    assert row == {"reference_row_count": 2001, "row_count": 1}
    # other features: every period is counted by them
    monitors["many"] = monitors["many"] | {"combinations": {"features": ["flag"]}}
    project.configure({"monitors": monitors})
    project.build_up_to("health_coverage_combinations", "health_coverage_gaps", only="many")
    assert all(built > after[key][0] for key, (built, _) in counted_when(project, "many").items())
    assert project.sql("select column_names from health_coverage_combinations where monitor = 'many' group by all") == [
        ("flag",)
    ]


def test_coverage_at_least(lattices, tmp_path):
    project = lattices.copy(tmp_path / "project")
    asked = {
        "little": {"share": 0.001, "combination_size": 3},
        "everything": {"share": 1.0, "combination_size": 3, "columns": "first, second, third"},
        "nothing_there": {"share": 0.001, "combination_size": 3, "reference": "nowhere"},
    }
    tests = [
        {"data_health.coverage_at_least": {"name": name, "arguments": {"monitor": "lattice_1"} | arguments}}
        for name, arguments in asked.items()
    ]
    tables = [{"name": name} | ({"data_tests": tests} if name == "lattice_1" else {}) for name in SOURCES]
    project.write("models/sources.yml", {"sources": [{"name": "raw", "schema": "raw", "tables": tables}]})
    project.dbt("test", "--select", "source:*")
    found = {
        result["unique_id"].split(".")[2]: (result["status"], result["failures"]) for result in project.run_results()
    }
    assert found == {"little": ("pass", 0), "everything": ("warn", 1), "nothing_there": ("warn", 1)}
