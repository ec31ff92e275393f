"""Repair without labels: its parts against brute force, planted errors, what must be left alone, the open sets."""

import csv
from collections import Counter, defaultdict

import numpy as np
import pytest
from consumer import SHARED_DATA, needs_shared_data
from data_health.cleaning.dependencies import predictions
from data_health.cleaning.repair import repair_rules
from data_health.cleaning.settings import DEFAULTS
from data_health.cleaning.spelling import spelling_variants
from data_health.cleaning.text import differ_in_digits_only, edit_distance, encoded, fingerprint

CITIES = {"Springfield": "Illinois", "Riverside": "California", "Georgetown": "Texas", "Fairview": "Oregon"}


def table(*columns):
    """Columns of equal length as an array of texts."""
    return np.array(columns, dtype=object).T.reshape(len(columns[0]), len(columns))


def repaired_values(names, values, rules):
    """The table with the rules applied; what the macro `repaired` does in SQL."""
    spelling = {(rule.column, rule.from_value): rule for rule in rules if rule.method != "dependency"}
    spelled = values.copy()
    for number, name in enumerate(names):
        for row, value in enumerate(values[:, number]):
            if (name, value) in spelling:
                spelled[row, number] = spelling[name, value].to_value
    result = spelled.copy()
    position = {name: number for number, name in enumerate(names)}
    by_value = defaultdict(list)
    for rule in rules:
        if rule.method == "dependency":
            by_value[rule.column, rule.from_value].append(rule)
    for number, name in enumerate(names):
        for row, value in enumerate(spelled[:, number]):
            for rule in by_value.get((name, value), []):
                if spelled[row, position[rule.determinant_column]] == rule.determinant_value:
                    result[row, number] = rule.to_value
    return result


def repaired(names, values, **options):
    return repaired_values(names, values, repair_rules(names, values, **options))


# Parts against brute force


def distance_in_full(a, b):
    """Optimal string alignment, the textbook table."""
    cost = np.zeros((len(a) + 1, len(b) + 1), int)
    cost[:, 0], cost[0, :] = np.arange(len(a) + 1), np.arange(len(b) + 1)
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            differs = a[i - 1] != b[j - 1]
            cost[i, j] = min(cost[i - 1, j] + 1, cost[i, j - 1] + 1, cost[i - 1, j - 1] + differs)
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                cost[i, j] = min(cost[i, j], cost[i - 2, j - 2] + 1)
    return int(cost[-1, -1])


def test_edit_distance_is_the_textbook_one():
    random = np.random.default_rng(1)
    words = ["".join(random.choice(list("abc"), size=size)) for size in random.integers(0, 9, 60)]
    for a in words:
        for b in words:
            for limit in (0, 2, 9):
                assert edit_distance(a, b, limit) == min(distance_in_full(a, b), limit + 1), (a, b, limit)


def predicted_in_full(x, y, row):
    """The strict majority among the other rows with the same x, how many hold it, are there, hold the row's own."""
    if x[row] < 0 or y[row] < 0:
        return -1, 0, 0, 0
    others = [y[i] for i in range(len(x)) if i != row and x[i] == x[row] and y[i] >= 0]
    ranked = Counter(others).most_common(2)
    leads = bool(ranked) and (len(ranked) == 1 or ranked[0][1] > ranked[1][1])
    value, support = ranked[0] if leads else (-1, 0)
    return value, support, len(others), others.count(y[row])


@pytest.mark.parametrize("seed", range(20))
def test_predictions_are_the_majority_of_the_other_rows(seed):
    random = np.random.default_rng(seed)
    n = int(random.integers(1, 40))
    x, y = random.integers(-1, 5, n), random.integers(-1, 4, n)
    found = predictions(x, y)
    for row in range(n):
        result = (found.value[row], found.support[row], found.others[row], found.same[row])
        assert result == predicted_in_full(x, y, row), row


def test_predictions_do_not_depend_on_how_pairs_are_counted(monkeypatch):
    random = np.random.default_rng(3)
    x, y = random.integers(-1, 30, 500), random.integers(-1, 20, 500)
    counted = predictions(x, y)
    monkeypatch.setattr("data_health.cleaning.dependencies.LARGEST_TABLE", 0)
    for one, other in zip(vars(counted).values(), vars(predictions(x, y)).values(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_fingerprints_and_digits():
    assert fingerprint("St.  Louis, MO") == fingerprint("mo st louis") == "louis mo st"
    assert fingerprint("Größe") != fingerprint("Grosse")
    assert differ_in_digits_only("ami-1", "AMI-4")
    assert not differ_in_digits_only("ami-1", "amx-1")


# Planted errors


def cities(rows=400):
    names = list(CITIES)
    city = [names[row % 4] for row in range(rows)]
    return city, [CITIES[name] for name in city], [f"6{names.index(name)}501" for name in city]


def test_misspellings_become_the_frequent_value():
    city, _, _ = cities()
    wrong = list(city)
    wrong[0], wrong[1], wrong[2], wrong[3], wrong[4] = "Springfeild", "Rivrside", "Georgetwon", "FAIRVIEW", "Sprinfield"
    rules = repair_rules(["a"], table(wrong))
    assert repaired_values(["a"], table(wrong), rules)[:, 0].tolist() == city
    assert {(rule.method, rule.determinant_column) for rule in rules} == {("spelling", None)}
    rule = next(rule for rule in rules if rule.from_value == "Springfeild")
    assert (rule.support, rule.confidence) == (98, 98 / 99)


def test_a_cell_that_other_columns_contradict_becomes_what_they_agree_on():
    city, state, code = cities()
    wrong_code = list(code)
    wrong_code[0], wrong_code[5] = "xyz", "61x0y"
    names = ["city", "state", "code"]
    rules = repair_rules(names, table(city, state, wrong_code))
    assert repaired_values(names, table(city, state, wrong_code), rules)[:, 2].tolist() == code
    assert {(rule.method, rule.column, rule.to_value) for rule in rules} == {
        ("dependency", "code", code[0]),
        ("dependency", "code", code[1]),
    }
    assert all(rule.support == 99 and rule.confidence >= 0.99 for rule in rules)


def test_only_the_targets_are_repaired():
    city, state, _ = cities()
    city[0], city[1], state[2], state[3] = "Springfeild", "Rivrside", "Texsa", "Oregno"
    after = repaired(["a", "b"], table(city, state), targets=["b"])
    assert after[:, 0].tolist() == city
    assert after[:4, 1].tolist() == ["Illinois", "California", "Texas", "Oregon"]


def test_a_row_meets_one_rule_at_most():
    values = hostile_table()
    names = ["a", "b", "c", "d"]
    rules = repair_rules(names, values)
    assert rules
    spelled = repaired_values(names, values, [rule for rule in rules if rule.method != "dependency"])
    for number, name in enumerate(names):
        for row in range(len(values)):
            matching = [
                rule
                for rule in rules
                if (rule.column, rule.method) == (name, "dependency")
                and rule.from_value == spelled[row, number]
                and spelled[row, names.index(rule.determinant_column)] == rule.determinant_value
            ]
            assert len(matching) <= 1
    keys = [(rule.column, rule.from_value) for rule in rules if rule.method != "dependency"]
    assert len(keys) == len(set(keys))


def hostile_table(rows=600, seed=5):
    """Three columns that decide each other and one that does not, with 4 % of the letters of cells replaced."""
    random = np.random.default_rng(seed)
    city, state, code = cities(rows)
    values = table(city, state, code, [f"customer {number}" for number in random.integers(0, 300, rows)])
    for row, column in zip(*np.nonzero(random.random(values.shape) < 0.04), strict=True):
        text = list(values[row, column])
        text[random.integers(len(text))] = "x"
        values[row, column] = "".join(text)
    values[random.integers(0, rows, 20), random.integers(0, 4, 20)] = None
    values[random.integers(0, rows, 5), 1] = ""
    return values


def test_neither_names_nor_places_of_columns_nor_the_order_of_rows_matter():
    values = hostile_table()
    before = repaired(["a", "b", "c", "d"], values)
    rows, columns = np.random.default_rng(1).permutation(len(values)), [2, 0, 3, 1]
    after = repaired(["order", "Größe", "it's", 'say "x"'], values[rows][:, columns])
    np.testing.assert_array_equal(after, before[rows][:, columns])
    assert (before != values).sum() > 30


# What is left alone


def test_a_rare_value_of_an_open_vocabulary_stays():
    surnames = ["Miller", "Taylor", "Walker", "Turner", "Cooper", "Parker"]
    rare = ["Milner", "Tylor", "Waller", "Tanner", "Hooper", "Barker", "Okonkwo", "Lindqvist", "Schneider", "Fitzgerald",
            "Abernathy", "Villanueva", "Dhillon", "Papadakis", "Nakamura", "Steinberg"]  # fmt: skip
    names = [surnames[row % 6] for row in range(300)] + rare
    assert repair_rules(["a"], table(names)) == []


def test_codes_that_differ_in_a_digit_stay():
    codes = ["room-1", "room-2"] * 50 + ["room-3", "room-4", "room-12"]
    assert spelling_variants(encoded(codes), DEFAULTS) == {}


def test_a_word_of_other_values_makes_another_value():
    known = ["boro north east", "boro south west", "isle north west"]
    variants = ["boro nroth east", "bor south west", "boro south wset", "isle north wst"]
    after = repaired(["a"], table([*known * 60, "boro north west", *variants]))[:, 0]
    assert after[-5:].tolist() == ["boro north west", known[0], known[1], known[1], known[2]]


def test_a_value_that_is_the_rule_elsewhere_is_real():
    city, state, code = cities()
    city[0] = "Riverside"  # a Riverside in Illinois
    names = ["a", "b", "c"]
    np.testing.assert_array_equal(repaired(names, table(city, state, code)), table(city, state, code))


def test_a_tendency_is_no_rule():
    random = np.random.default_rng(2)
    region = random.choice(["north", "south", "east"], 2000)
    product = np.where(random.random(2000) < 0.92, region, random.choice(["tea", "milk", "rum"], 2000))
    assert repair_rules(["a", "b"], table(region, product)) == []


@pytest.mark.parametrize(
    "columns",
    [
        [[], []],
        [["a"], ["b"]],
        [[None] * 50, ["x"] * 50],
        [[""] * 50, [None] * 50],
        [["same"] * 50, ["same"] * 50],
        [list("ab") * 25, [None, ""] * 25],
        [["'; drop table x; --"] * 30, ['"quoted"'] * 30],
        [[f"value {number}" for number in range(50)], [str(number) for number in range(50)]],
    ],
)
def test_nothing_to_repair(columns):
    assert repair_rules(["order", "Größe"], table(*columns)) == []


def test_missing_values_are_not_filled_in():
    city, state, code = cities()
    state[0], state[1] = None, ""
    values = table(city, state, code)
    np.testing.assert_array_equal(repaired(["a", "b", "c"], values), values)


# The open sets, at the default settings


def open_set(name):
    tables = []
    for part in ("dirty", "clean"):
        with open(SHARED_DATA / "cleaning" / name / f"{part}.csv", newline="", encoding="utf-8") as file:
            tables.append(np.array(list(csv.reader(file))[1:], dtype=object))
    return tables


@needs_shared_data
@pytest.mark.parametrize(
    "name, least_f1",
    [("hospital", 0.95), ("nypd_hate_crimes", 0.83), ("la_county_covid_cases", 0.40), ("grocery_stores_2013", 0.47)],
)
@pytest.mark.parametrize("is_shuffled", [False, True])
def test_open_sets(name, least_f1, is_shuffled):
    dirty, clean = open_set(name)
    if is_shuffled:
        order = np.random.default_rng(7).permutation(dirty.shape[1])
        dirty, clean = dirty[:, order], clean[:, order]
    after = repaired([f"c{number}" for number in range(dirty.shape[1])], dirty)
    changed, wrong = after != dirty, dirty != clean
    right = (changed & (after == clean)).sum()
    precision, recall = right / changed.sum(), right / wrong.sum()
    assert 2 * precision * recall / (precision + recall) >= least_f1
    assert (changed & ~wrong).sum() == 0


@needs_shared_data
@pytest.mark.parametrize(
    "name", ["hospital", "nypd_hate_crimes", "la_county_covid_cases", "grocery_stores_2013", "beers"]
)
def test_a_clean_table_is_left_alone(name):
    _, clean = open_set(name)
    after = repaired([f"c{number}" for number in range(clean.shape[1])], clean)
    assert (after != clean).sum() <= 0.0005 * clean.size


# In a user's project


SETS = {
    "hospital": {
        "relation": {"source": ["raw", "rows"]},
        "key": "index",
        "suggest": True,
        "repair": {"columns": "all"},
    }
}
MODELS = {
    "repaired_rows.sql": "{{ config(materialized='table') }} {{ data_health.repaired('hospital') }}",
    "repairs.sql": "{{ config(materialized='table') }} {{ data_health.repair_log('hospital') }}",
}


def as_written(values):
    return np.array([[value or "" for value in row] for row in values], dtype=object)


@needs_shared_data
def test_sql_repairs_what_python_does_and_logs_every_change(make_consumer):
    consumer = make_consumer({"cleaning": SETS}, models=MODELS)
    path = SHARED_DATA / "cleaning" / "hospital" / "dirty.csv"
    consumer.sql(f"create table raw.rows as select * from read_csv('{path}', all_varchar = true)")
    consumer.build_cleaning()
    names = [name for (name,) in consumer.sql("select column_name from (describe raw.rows)")]
    dirty = np.array(consumer.sql("select * from raw.rows order by cast(index as integer)"), dtype=object)
    after = np.array(consumer.sql("select * from repaired_rows order by cast(index as integer)"), dtype=object)
    np.testing.assert_array_equal(after, repaired(names, dirty))
    log = {(row["index"], row["column_name"]): row for row in consumer.rows("select * from repairs")}
    changed = np.argwhere(after != dirty)
    assert set(log) == {(dirty[row, 0], names[column]) for row, column in changed}
    assert len(log) == consumer.sql("select count(*) from repairs")[0][0]
    for row, column in changed:
        entry = log[dirty[row, 0], names[column]]
        assert (entry["value_before"], entry["value_after"]) == (dirty[row, column], after[row, column])
        assert entry["confidence"] >= 0.85 and entry["support"] >= 2
    # the same input twice changes nothing
    before = consumer.sql("select * from repair_rules order by all")
    consumer.build_cleaning()
    assert consumer.sql("select * from repair_rules order by all") == before


def test_typed_columns_and_hostile_names_are_repaired_in_sql(make_consumer):
    names = ["order", "Größe", "it's", 'say "x"']
    values = hostile_table(2000, seed=8)
    sets = {
        "odd": {
            "relation": {"source": ["raw", "rows"]},
            "key": "number",
            "repair": {"columns": ["Größe", "it's"], "min_confidence": 0.88},
        },
        "not_asked": {"relation": {"source": ["raw", "rows"]}, "key": "number"},
    }
    models = {name: text.replace("hospital", "odd") for name, text in MODELS.items()}
    consumer = make_consumer({"cleaning": sets}, models=models)
    city_number = [None if value is None else float(len(value)) for value in values[:, 0]]
    columns = {name: values[:, number].tolist() for number, name in enumerate(names)}
    consumer.load("rows", {"number": list(range(len(values))), **columns, "length": city_number})
    consumer.build_cleaning()
    after = consumer.rows("select * from repaired_rows order by number")
    before = consumer.rows("select * from raw.rows order by number")
    changed = {
        (row["number"], name) for row, old in zip(after, before, strict=True) for name in row if row[name] != old[name]
    }
    assert len(after) == len(values)
    assert {name for _, name in changed} == {"Größe", "it's"}
    assert changed == set(consumer.sql("select number, column_name from repairs"))
    assert consumer.sql("select min(confidence) >= 0.88 from repair_rules") == [(True,)]
    right = dict(zip(CITIES, CITIES.values(), strict=True))
    repaired_states = {row["Größe"] for row in after if (row["number"], "Größe") in changed}
    assert repaired_states <= set(right.values())


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_small_tables_are_left_as_they_are(make_consumer, rows):
    sets = {"hospital": SETS["hospital"] | {"key": "a"}}
    consumer = make_consumer({"cleaning": sets}, models=MODELS)
    consumer.sql(f"create table raw.rows as select range as a, 'x' as b, null as c from range({rows})")
    consumer.build_cleaning()
    assert consumer.sql("select count(*) from repaired_rows") == [(rows,)]
    assert consumer.sql("select count(*) from repairs") == [(0,)]
    assert consumer.sql("select count(*) from health_suggested_rules") == [(0,)]


def test_who_does_not_ask_needs_no_python(make_consumer, monkeypatch):
    consumer = make_consumer({"cleaning": {"plain": {"relation": {"source": ["raw", "rows"]}, "rules": []}}})
    consumer.sql("create table raw.rows as select 1 as a")
    monkeypatch.setitem(__import__("sys").modules, "data_health.cleaning.repair_rules", None)
    consumer.build_cleaning()
    tables = {name for (name,) in consumer.sql("select table_name from information_schema.tables")}
    assert "health_suggested_rules" in tables
    assert not tables & {"cleaning_sample", "cleaning_sample_columns", "repair_rules", "rule_suggestions"}


def test_compiling_on_an_empty_database(make_consumer):
    consumer = make_consumer({"cleaning": SETS}, models=MODELS)
    consumer.dbt("compile")
    assert consumer.sql("select count(*) from information_schema.tables") == [(0,)]
