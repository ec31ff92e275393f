"""Dependencies that many rows contradict are suggested with what speaks for them, and build as they are pasted."""

import csv
from collections import Counter

import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from consumer import SHARED_DATA, needs_shared_data
from data_health.cleaning.disputed import comparable, disputed, disputed_suggestions, second_of_day
from data_health.cleaning.rules_file import Suggested, not_rules
from data_health.command_line import main


def flights(seed=1, rounds=False):
    """
    60 flights told by 12 sources, half of which tell the same wrong time of every third flight; in two written forms,
    every tenth time missing.
    """
    random = np.random.default_rng(seed)
    rows = []
    for flight in range(60):
        times = [300 + 17 * flight, 400 + 13 * flight]
        for source in range(12):
            cells = []
            for time in times:
                told = time + 20 if source % 2 and flight % 3 == 0 else time
                form = "{}:{:02}" if source % 4 < 2 else "{} : {:02}".replace(" ", "") + " "
                cells.append(None if random.random() < 0.1 else form.format(told // 60 % 24, told % 60))
            rows.append([str(len(rows)), f"XY-{flight}", f"s{source}", *cells])
    return ["id", "Größe", "source", "order", "it's"], np.array(rows, dtype=object)[random.permutation(len(rows))]


def scattered(noise, seed=2, rows=1500):
    """A key, a value that it decides but for noise, and a row number."""
    random = np.random.default_rng(seed)
    key = random.integers(0, 40, rows)
    value = np.where(random.random(rows) < noise, random.integers(0, 40, rows), key)
    return np.array([[f"k{a}", f"v{b}", str(i)] for i, (a, b) in enumerate(zip(key, value, strict=True))], dtype=object)


@pytest.mark.quick
def test_what_sources_tell_of_groups_is_one_suggestion():
    names, values = flights()
    found = list(disputed_suggestions(names, values, set()))
    dependency = {"by": ["Größe"], "columns": ["order", "it's"], "source": "source", "fill": True}
    assert [(item.kind, item.rule) for item in found] == [("dependency", {"dependencies": [dependency]})]
    missing = sum(value is None for value in values[:, 3:].ravel())
    assert f"; {missing} values are missing; each source tells of a Größe once" in found[0].evidence
    assert found[0].as_yaml().startswith("{dependencies: [{by: [Größe], columns: [order, it's], source: source")
    assert list(disputed_suggestions(names, values, {"order", "it's"})) == []
    # rows, and not values
    assert 0 < found[0].affected <= len(values) / 2


@pytest.mark.quick
@pytest.mark.parametrize("noise", [0.2, 0.35, 0.5])
def test_scattered_noise_is_counted_as_it_is(noise):
    values = scattered(noise)
    found = [item for item in disputed([comparable(values[:, number]) for number in range(3)]) if item.by == 0]
    assert [(item.by, item.target, item.source) for item in found] == [(0, 1, None)]
    # the leading value of the other rows, counted row by row
    right = informed = 0
    for number, (key, value, _) in enumerate(values):
        others = Counter(b for i, (a, b, _) in enumerate(values) if a == key and i != number).most_common(2)
        informed += 1
        right += others[0][0] == value and (len(others) == 1 or others[0][1] > others[1][1])
    assert (found[0].informed, found[0].is_exception.sum()) == (informed, informed - right)
    assert found[0].share == right / informed and abs(found[0].share - (1 - noise)) < 0.06


@pytest.mark.quick
def test_a_tendency_is_no_dependency():
    random = np.random.default_rng(3)
    group = random.integers(0, 40, 4000)
    # each group has a usual value and two others that come again and again
    value = 3 * group + random.choice(3, 4000, p=[0.7, 0.2, 0.1])
    values = np.array([[f"g{a}", f"v{b}"] for a, b in zip(group, value, strict=True)], dtype=object)
    assert [item.rule for item in disputed_suggestions(["a", "b"], values, set()) if "b" in item.rule] == []
    assert all(item.by != 0 for item in disputed([comparable(values[:, 0]), comparable(values[:, 1])]))
    alone = np.array([[None, ""], ["x", None]], dtype=object)
    assert list(disputed_suggestions(["a", "b"], alone, set())) == []
    assert list(disputed_suggestions(["a", "b"], alone[:0], set())) == []


@pytest.mark.quick
def test_times_are_compared_as_in_sql():
    told = ["7:05 p.m.", "19:05", "12/02/2011 7:05 p.m.", " 7:05PM", "dec 2 - 19:05:00", "x"]
    assert comparable(told).values == [str(19 * 3600 + 5 * 60), "x"]
    assert [second_of_day(text) for text in ("24:00", "13:00 pm", "7:65", "7:05-8:05", "")] == [None] * 5
    # a column of dated times keeps its dates
    assert len(comparable(["12/01/2011 19:05", "12/02/2011 19:05"]).values) == 2


@pytest.mark.quick
def test_the_file_has_it_as_a_comment():
    rule = "{dependencies: [{by: [a], columns: [b]}]}"
    assert not_rules([Suggested("dependency", rule, "a decides b", 7)]) == [f"{rule}  dependency, 7 rows: a decides b"]


@needs_shared_data
def test_real_tables_of_one_source_get_none():
    for path, delimiter in (("nypd_stops/nypd_sqf_2021.csv", ","), ("bank/bank-additional-full.csv", ";")):
        with open(SHARED_DATA / "tables" / path, newline="", encoding="utf-8-sig") as file:
            names, *rows = csv.reader(file, delimiter=delimiter)
        assert list(disputed_suggestions(names, np.array(rows[:9000], dtype=object), set())) == []


def test_a_suggested_dependency_builds_as_it_is_pasted(make_consumer):
    names, values = flights()
    flight_set = {"relation": {"source": ["raw", "rows"]}, "key": "id", "suggest": True}
    consumer = make_consumer({"cleaning": {"flights": flight_set}})
    consumer.load("rows", {name: values[:, number].tolist() for number, name in enumerate(names)})
    consumer.build("--select", "+health_suggested_rules")
    rows = consumer.rows("select rule from health_suggested_rules where kind = 'dependency'")
    assert len(rows) == 1
    file = consumer.folder / "rules.yml"
    done = CliRunner().invoke(main, ["suggest", "--project-dir", str(consumer.folder), "--output", str(file)])
    assert done.exit_code == 0 and f"# {rows[0]['rule']}" in file.read_text()
    consumer.configure({"cleaning": {"flights": flight_set | yaml.safe_load(rows[0]["rule"])}})
    (consumer.folder / "models" / "flight_repairs.sql").write_text("{{ data_health.repair_log('flights') }}")
    consumer.dbt("build", "--select", "package:consumer")
    methods = dict(consumer.sql("select method, count(*) from flight_repairs group by method"))
    assert methods["fill"] > 50
