"""Combinations of features and their gaps against a count of the rows themselves, published examples, and random halves of Adult."""

import itertools
import math
from collections import Counter

import numpy as np
import pyarrow
import pytest
from consumer import SHARED_DATA, Consumer, needs_shared_data

OFF = {"drift": False, "components": False, "representation": False}
MARTS = ("health_coverage_combinations", "health_coverage_gaps", "health_volume")

# random lattices: name -> columns with the number of their values, rows, and from how many rows a pattern is covered
LATTICES = {
    "lattice_0": ({"order": 3, "Größe": 4, "a b": 2}, 300, 8),
    "lattice_1": ({"first": 2, "second": 3, "third": 3, "fourth": 4, "fifth": 2}, 700, 5),
    "lattice_2": ({"v1": 3, "v2": 2, "v3": 3, "v4": 2, "v5": 3, "v6": 2}, 900, 4),
}
WORDS = ["o'hara", "", "(other)", "Ü, 'b'"]


def lattice(seed, columns, count):
    """Rows of tuples: texts in odd places, whole numbers, in the fifth without gaps, and doubles with NaN and infinity in even ones; a tenth is null."""
    generator = np.random.default_rng(seed)
    values = []
    for place, size in enumerate(columns.values()):
        kinds = {0: [7, 8, 11, 20], 2: [1.5, math.inf, math.nan, -2.0], 4: [-1, 0, 1, 2]}.get(place, WORDS)
        likely = np.sort(generator.random(size))[::-1]
        drawn = generator.choice(size, count, p=likely / likely.sum())
        missing = generator.random(count) < 0.1
        values.append([None if gone else kinds[number] for number, gone in zip(drawn, missing, strict=True)])
    return list(zip(*values, strict=True))


def configured_monitors():
    """The configuration, with names of sources: random lattices and small made-up tables."""
    monitors, sources = {}, []
    for name, (columns, _, gap_rows) in LATTICES.items():
        monitors[name] = {
            "relation": {"source": ["raw", name]},
            "time": "happened_at",
            "references": {"training": {"relation": {"source": ["raw", f"{name}_training"]}}},
            "combinations": {"features": list(columns), "gap_rows": gap_rows, "gap_levels": len(columns)},
            "show_values": list(columns),
            "parts": OFF,
        }
        sources += [name, f"{name}_training"]
    # no example of a value may be seen, and one feature is not in the training set
    monitors["hidden"] = {
        "relation": {"source": ["raw", "lattice_1"]},
        "time": "happened_at",
        "references": {"training": {"relation": {"source": ["raw", "lattice_0_training"]}}},
        "combinations": {"features": ["second", "fourth"]},
        "parts": OFF,
    }
    monitors["many"] = {
        "relation": {"source": ["raw", "many"]},
        "time": "happened_at",
        "references": {"training": {"from": "2024-01-01", "to": "2024-02-01"}},
        "combinations": {"features": ["town", "flag"]},
        "parts": OFF,
    }
    monitors["chosen"] = {
        "relation": {"source": ["raw", "chosen"]},
        "subgroups": ["sex"],
        "parts": OFF,
    }
    monitors["nist"] = {
        "relation": {"source": ["raw", "nist"]},
        "references": {"same": {"relation": {"source": ["raw", "nist"]}}},
        "combinations": {"features": ["a", "b", "c", "d"], "size": 2},
        "minimum_rows": 2,
        "parts": OFF,
    }
    return {"monitors": monitors}, (*sources, "many", "chosen", "nist")


def load_tables(project):
    """Two months of each lattice, and a training table that has fewer values, and one that production never had."""
    for seed, (name, (columns, count, _)) in enumerate(LATTICES.items()):
        production = lattice(seed, columns, count)
        training = [row for row in lattice(10 + seed, columns, count // 2) if row[0] != 8]
        training += [(*row[:1], "only in training", *row[2:]) for row in training[:3]]
        # values that production does not have
        training += [(*row[:4], number, *row[5:]) for number in (-40, 40) for row in training[:6] if len(row) > 4]
        months = np.where(np.arange(count) < 0.6 * count, "2024-01-05", "2024-02-05").astype("datetime64[us]")
        project.load(name, as_columns(columns, production) | {"happened_at": months})
        project.load(f"{name}_training", as_columns(columns, training))
    project.sql("""
        create table raw.many as
        select 'town ' || i % 131 as town, i % 2 = 0 as flag, timestamp '2024-01-03' + to_days(cast(31 * (i % 2) as integer)) as happened_at
        from range(2000) as numbered (i)
    """)
    # a text, a constant and a category of many values are not chosen; an even category comes before an uneven one
    project.sql("""
        create table raw.chosen as
        select
            case when i % 3 = 0 then 'f' else 'm' end as sex, i % 2 = 0 as even, case when i % 50 = 0 then 'rare' else 'usual' end as uneven,
            'same' as constant, 'v' || i % 30 as many, md5(cast(i as varchar)) as note, sin(i) as wave, date '2020-01-01' + cast(i as integer) as day
        from range(1000) as numbered (i)
    """)
    project.sql(
        "create table raw.nist as select * from (values (0, 0, 0, 0), (0, 1, 1, 0), (1, 0, 0, 1), (0, 1, 1, 1)) as rows (a, b, c, d)"
    )


CONFIGURATION, SOURCES = configured_monitors()


@pytest.fixture(scope="module")
def lattices(tmp_path_factory):
    project = Consumer(tmp_path_factory.mktemp("lattices") / "project", CONFIGURATION, sources=SOURCES)
    load_tables(project)
    project.build_up_to(*MARTS)
    return project


def as_columns(columns, rows):
    types = [
        pyarrow.string() if place % 2 else pyarrow.float64() if place == 2 else pyarrow.int64()
        for place in range(len(columns))
    ]
    return {
        name: pyarrow.array(values, type=type_)
        for name, values, type_ in zip(columns, zip(*rows, strict=True), types, strict=True)
    }


def as_conditions(columns, production, training, rows):
    """Each value as the marts name it: texts that production has, and numbers that it or the training has."""
    named = []
    for place, name in enumerate(columns):
        known = {row[place] for row in (production if place % 2 else production + training) if row[place] is not None}
        named.append([condition(name, row[place], known) for row in rows])
    return list(zip(*named, strict=True))


def condition(name, value, known):
    if value is None:
        return f"{name} is null"
    if isinstance(value, str):
        spelled = '"(other)"' if value == "(other)" else value
        return f"{name} = {spelled if value in known else '(other)'}"
    if not math.isfinite(value):
        return f"{name} = {'NaN' if math.isnan(value) else 'Infinity' if value > 0 else '-Infinity'}"
    return f"{name} = {value:g}"


def sides_of(project, name):
    """The conditions of the rows of January, of February, and of the training set."""
    columns = LATTICES[name][0]
    listed = ", ".join(f'"{column}"' for column in columns)
    production = project.sql(f"select {listed}, happened_at from raw.{name}")
    training = project.sql(f"select {listed} from raw.{name}_training")
    months = [[row[:-1] for row in production if row[-1].month == month] for month in (1, 2)]
    return [as_conditions(columns, production, training, rows) for rows in (*months, training)]


def brute_force_gaps(rows, domains, threshold, levels):
    """Patterns, as sets of conditions, with their rows: too few, while every pattern with one condition less has enough."""
    counts = {
        places: Counter(tuple(row[place] for place in places) for row in rows)
        for size in range(levels + 1)
        for places in itertools.combinations(range(len(domains)), size)
    }
    if len(rows) < threshold:
        return {(): len(rows)}
    found = {}
    for places, counted in counts.items():
        for pattern in itertools.product(*[domains[place] for place in places]):
            parents = [(places[:i] + places[i + 1 :], pattern[:i] + pattern[i + 1 :]) for i in range(len(places))]
            if (
                places
                and counted[pattern] < threshold
                and all(counts[which][what] >= threshold for which, what in parents)
            ):
                found[pattern] = counted[pattern]
    return found


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


# Adult


ADULT = """
    select
        trim(column09) as sex, trim(column08) as race, trim(column05) as marital, trim(column01) as workclass, trim(column07) as relationship,
        trim(replace(column14, '.', '')) as income,
        case when column00 < 25 then 0 when column00 < 35 then 1 when column00 < 45 then 2 when column00 < 55 then 3 when column00 < 65 then 4 else 5 end as age_six,
        case when column00 < 25 then 0 when column00 < 45 then 1 when column00 < 65 then 2 else 3 end as age_four,
        case when column12 < 35 then 0 when column12 < 40 then 1 when column12 < 41 then 2 else 3 end as hours
    from read_csv('{folder}/adult.{part}', header = false, nullstr = '?')
"""
FEATURES = ["sex", "race", "marital", "age_six", "workclass", "relationship", "income", "hours"]
SHUFFLES = 3


@pytest.fixture(scope="module")
def adult(tmp_path_factory):
    """All of Adult, for its gaps; random halves with 5 to 8 features, and nine random months after a random half."""
    base = {"parts": OFF}
    monitors = {
        "three": base
        | {"relation": {"source": ["raw", "adult"]}, "combinations": {"features": ["sex", "race", "age_six"]}},
        "five": base
        | {
            "relation": {"source": ["raw", "adult"]},
            "combinations": {"features": ["sex", "race", "marital", "age_four", "workclass"], "gap_levels": 5},
        },
    }
    for shuffle, count in itertools.product(range(SHUFFLES), range(5, 9)):
        monitors[f"half_{shuffle}_{count}"] = base | {
            "relation": {"source": ["raw", f"half_{shuffle}"]},
            "time": "happened_at",
            "references": {"training": {"from": "2020-01-01", "to": "2020-02-01"}},
            "combinations": {"features": FEATURES[:count]},
        }
    monitors["months"] = monitors["half_0_8"] | {"relation": {"source": ["raw", "months"]}}
    sources = ("adult", "months", *(f"half_{shuffle}" for shuffle in range(SHUFFLES)))
    project = Consumer(tmp_path_factory.mktemp("adult") / "project", {"monitors": monitors}, sources=sources)
    parts = [ADULT.format(folder=SHARED_DATA / "tables" / "adult", part=part) for part in ("data", "test")]
    project.sql(f"create table raw.adult as {' union all '.join(parts)}")
    for number, name in enumerate(sources[1:]):
        month = "1 + floor(9 * (2 * place / row_count - 1))" if name == "months" else "1"
        project.sql(f"""
            create table raw.{name} as
            with numbered as (select *, row_number() over () as number from raw.adult),
            shuffled as (select *, row_number() over (order by hash(number + 100000 * {number})) - 1 as place, count(*) over () as row_count from numbered)
            select
                * exclude (number, place, row_count),
                timestamp '2020-01-01' + to_months(cast(case when 2 * place < row_count then 0 else {month} end as integer)) as happened_at
            from shuffled
        """)
    project.build_up_to(*MARTS)
    return project


@needs_shared_data
def test_gaps_of_adult_are_the_published_ones(adult):
    counted = adult.sql(
        "select monitor, level, count(*) from health_coverage_gaps where monitor in ('three', 'five') group by all"
    )
    levels = {(monitor, level): count for monitor, level, count in counted}
    assert sum(count for (monitor, _), count in levels.items() if monitor == "three") == 10
    assert [levels["five", level] for level in range(1, 6)] == [2, 40, 218, 137, 28]


@needs_shared_data
def test_random_halves_leave_unseen_what_good_and_turing_expect(adult):
    rows = adult.rows("""
        select * from health_coverage_combinations
        where monitor like 'half%' and is_whole and period_start = date '2020-02-01'
    """)
    assert len(rows) == 4 * SHUFFLES
    for row in rows:
        difference = abs(row["unseen_share"] - row["expected_unseen_share"])
        assert difference <= min(0.015, 3 * row["standard_error"]), row
    assert max(row["unseen_share"] for row in rows) > 0.05


@needs_shared_data
def test_nothing_random_is_in_alarm(adult):
    combinations = adult.rows("select * from health_coverage_combinations where period_start > date '2020-01-01'")
    assert len(combinations) > 1000
    assert [(row["monitor"], row["column_names"]) for row in combinations if row["status"] in ("warn", "alert")] == []
    gaps = adult.rows("select * from health_coverage_gaps where dataset = 'training'")
    assert len(gaps) > 1000
    assert [(row["monitor"], row["pattern"]) for row in gaps if row["status"] in ("warn", "alert")] == []
