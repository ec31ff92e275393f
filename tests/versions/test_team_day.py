"""A team's day, as docs/versions.md tells it: version 2 is trained, serves, fails for women, and version 1 is switched back."""

import datetime
import tempfile
from pathlib import Path

import numpy as np
import pytest
import walkthrough
from consumer import REPOSITORY, Consumer

PATH = REPOSITORY / "docs" / "versions.md"
HEADING = "## A team's day"
SOURCES = ("visits", "training_v2", "registry", "serving", "served")
FIRST = datetime.datetime(2024, 1, 1)
FEATURES = [
    # version, feature, number, type, definition, reference
    ("v1", "sex", 1, "varchar", "sex", None),
    ("v1", "bmi", 2, "double", "weight / power(height, 2)", None),
    ("v2", "sex", 1, "varchar", "sex", "training_v2"),
    ("v2", "bmi", 2, "double", "1.3 * weight / power(height, 2.5)", "training_v2"),
    ("v2", "hba1c", 3, "double", "hba1c", "training_v2"),
]


def section(page):
    """The part of the page that this file runs, and what stands before and after it."""
    before, rest = page.split(HEADING)
    told, end = rest.split("\n## ", 1) if "\n## " in rest else (rest, None)
    return before + HEADING, told, "" if end is None else "\n## " + end


def stories(page):
    """The subsections, one for each state of the project."""
    return section(page)[1].split("\n### ")[1:]


def days(first, count, version, seed):
    """200 visits a day as the model saw them, and what became of the patients; version 2 misses women who are ill."""
    draw = np.random.default_rng(seed)
    rows = []
    for number in range(200 * count):
        at = FIRST + datetime.timedelta(days=first + number // 200, minutes=number % 200)
        sex, ill = "fm"[int(draw.integers(2))], bool(draw.random() < 0.3)
        height = float(round(draw.normal(1.63 if sex == "f" else 1.76, 0.06), 2))
        weight = float(round(draw.normal(24 + 3 * ill, 3) * height**2, 1))
        skill = 0.3 if (version, sex) == ("v2", "f") else 3.0
        score = float(1 / (1 + np.exp(-(skill * (ill - 0.5) + draw.normal()))))
        rows.append(
            {
                "id": 10_000 * seed + number,
                "t": at,
                "sex": sex,
                "bmi": weight / height**2,
                "score": score,
                "predicted": "yes" if score > 0.5 else "no",
                "ill": "yes" if ill else "no",
                "version": version,
                "hba1c": float(round(draw.normal(5.4 + ill, 0.4), 1)),
                "served_bmi": weight / height**2 if version == "v1" else 1.3 * weight / height**2.5,
            }
        )
    return rows


def add(consumer, rows, table="visits", sides=("visits", "served")):
    def columns(*names):
        return {name: [row[name] for row in rows] for name in names}

    outcome = columns("id", "t", "sex", "bmi", "score", "predicted", "ill", "version")
    for side, given in {
        table: outcome | ({} if table == "visits" else columns("hba1c")),
        "served": columns("id", "t", "sex", "hba1c", "version") | {"bmi": [row["served_bmi"] for row in rows]},
    }.items():
        if side in sides:
            consumer.load("new_rows", given)
            consumer.sql(f"create table if not exists raw.{side} as select * from raw.new_rows where false")
            consumer.sql(f"insert into raw.{side} by name select * from raw.new_rows")
    consumer.sql("drop table raw.new_rows")


def trained(consumer):
    """Four weeks of version 1; version 2 is trained on patients of another clinic, and its row of the registry is written."""
    add(consumer, days(0, 28, "v1", 1))
    # in training both sexes are predicted equally well
    validation = [row | {"version": "v2"} for row in days(-28, 28, "v1", 2)]
    add(consumer, validation, "training_v2", ("training_v2",))
    consumer.sql(f"""
        create table raw.registry (model_version varchar, feature varchar, feature_number integer, data_type varchar, definition varchar,
            reference varchar);
        insert into raw.registry values {", ".join("(" + ", ".join("null" if item is None else repr(item) for item in row) + ")" for row in FEATURES)};
        create table raw.serving (model_version varchar, serves_from timestamp);
        insert into raw.serving values ('v1', '2024-01-01')
    """)


def served(consumer):
    """Version 2 serves for two weeks. The table gets the new column, and keeps the old formula."""
    consumer.sql("alter table raw.visits add column hba1c double")
    rows = days(28, 14, "v2", 3)
    add(consumer, rows)
    values = ", ".join(f"({row['id']}, {row['hba1c']})" for row in rows)
    consumer.sql(
        f"update raw.visits set hba1c = given.hba1c from (values {values}) as given (id, hba1c) where visits.id = given.id"
    )
    consumer.sql("insert into raw.serving values ('v2', '2024-01-29')")


def switched_back(consumer):
    """One row, and a week of version 1."""
    consumer.sql("insert into raw.serving values ('v1', '2024-02-12')")
    add(consumer, days(42, 7, "v1", 4))


def told(folder):
    """The project after each part of the story, as copies."""
    text = walkthrough.files(section(PATH.read_text())[1])["dbt_project.yml"]
    consumer = Consumer(folder / "day", text["vars"]["data_health"], sources=SOURCES)
    states = []
    for number, happens in enumerate((trained, served, switched_back)):
        happens(consumer)
        consumer.build("--exclude", "test_type:unit")
        states.append(consumer.copy(folder / f"state_{number}"))
    return states


@pytest.fixture(scope="module")
def states(tmp_path_factory):
    return told(tmp_path_factory.mktemp("day"))


QUERIES = [
    (state, query) for state, text in enumerate(stories(PATH.read_text())) for query in walkthrough.queries(text)
]


@pytest.mark.parametrize("number", range(len(QUERIES)))
def test_every_query_of_the_story_gives_the_table_below_it(states, number):
    state, (statement, table) = QUERIES[number]
    assert table == walkthrough.table(states[state].rows(statement)), statement


def alerts(consumer, finding):
    return {
        row[0]
        for row in consumer.sql(
            "select column_name from health_alerts where finding = ? and is_open and severity = 'alert'", [finding]
        )
    }


def test_the_contract_says_so_before_version_two_serves(states):
    rows = states[0].sql("""
        select feature, check_name from health_feature_contract where model_version = 'v2' and status = 'alert' order by all
    """)
    assert rows == [("bmi", "definition"), ("hba1c", "presence")]
    assert states[0].sql("select model_version, can_serve from health_model_versions order by all") == [
        ("v1", True),
        ("v2", False),
    ]
    assert not alerts(states[0], "serving_skew") and not alerts(states[0], "performance")


def test_the_skew_of_the_redefined_feature_shows_and_no_other(states):
    assert alerts(states[1], "serving_skew") == {"version v2, bmi"}
    skews = states[1].sql("""
        select feature, min(skew_share), min(skewed_since) from health_serving_skew
        where model_version = 'v2' and feature <> '(keys)' group by feature order by feature
    """)
    since = datetime.date(2024, 1, 29)
    # by chance 1.3 / height ** 0.5 is 1 at a height of 1.69
    assert [(name, round(share, 1), first) for name, share, first in skews] == [
        ("bmi", pytest.approx(1, abs=0.11), since),
        ("hba1c", 0, None),
        ("sex", 0, None),
    ]


def test_performance_falls_for_one_group(states):
    groups = {name for name in alerts(states[1], "performance") if "sex" in name}
    assert groups == {"version v2, sex: f"}


def test_one_row_switches_version_one_back(states):
    assert states[2].sql("select model_version, can_serve from health_model_versions where is_serving") == [
        ("v1", True)
    ]
    newest = states[2].sql("""
        select model_version, feature, status from health_serving_skew where is_latest and feature = 'bmi'
    """)
    assert newest == [("v1", "bmi", "ok")]
    # version 2 has no row in the newest week, so nothing of it is judged there
    assert not states[2].sql("select 1 from health_serving_skew where is_latest and model_version = 'v2'")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        before, text, after = section(PATH.read_text())
        parts = text.split("\n### ")
        for place, state in enumerate(told(Path(temporary)), start=1):
            parts[place] = walkthrough.with_tables(parts[place], state.rows)
        PATH.write_text(before + "\n### ".join(parts) + after)
