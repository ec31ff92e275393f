"""In a table that is larger than the sample, what is said is said of all rows, by the SQL that the build uses."""

import pytest
import yaml
from click.testing import CliRunner
from consumer import Consumer
from data_health.command_line import main

ROWS, SAMPLED = 30_000, 20_000
# column -> SQL of its values by the number i of the row
COLUMNS = {
    "id": "i",
    "fee": "cast(i * 7 % 9973 as varchar)",
    "fee_max": "cast(i * 7 % 9973 + i % 3000 as varchar)",
    "order": "cast(i * 11 % 9973 as varchar)",
    "price": "'$' || (i * 13 % 5003 + 1) || '.25'",
    "note": "case when i % 100 = 0 then 'note ' || i || ' ' else 'note ' || i end",
    "weight": "cast(i % 7000 + 1 as varchar) || case when i % 4 = 0 then ' lbs' else ' kg' end",
    "age": "case when i % 6000 = 7 then '400' else cast(i % 90 as varchar) end",
    "begun": "cast(date '2021-01-01' + cast((i * 37) % 900 as integer) as varchar)",
    "ended": "cast(date '2021-01-01' + cast((i * 37) % 900 + case when i % 300 = 5 then -9 else i % 20 end as integer) as varchar)",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """One value of `fee` that is no number and not in the sample, so that only all rows show it."""
    consumer = Consumer(
        tmp_path_factory.mktemp("large"),
        {"cleaning": {"large": {"relation": {"source": ["raw", "rows"]}, "suggest": True}}},
    )
    selected = ", ".join(f'{sql} as "{name}"' for name, sql in COLUMNS.items())
    consumer.sql(f"create table raw.rows as select {selected} from range({ROWS}) as numbers (i)")
    consumer.build_cleaning()
    consumer.before = consumer.rows("select * from health_suggested_rules order by rule_number")
    for row in range(7, 100):
        consumer.sql(
            f"update raw.rows set fee = case when id = {row} then 'n/k' else cast(id * 7 % 9973 as varchar) end"
        )
        if not consumer.sql("select 1 from cleaning_sample where value = 'n/k'"):
            break
    consumer.build_cleaning()
    consumer.suggested = consumer.rows("select * from health_suggested_rules order by rule_number")
    file = consumer.folder / "rules.yml"
    done = CliRunner().invoke(main, ["suggest", "--project-dir", str(consumer.folder), "--output", str(file)])
    assert done.exit_code == 0, done.output
    (consumer.folder / "models" / "clean_rows.sql").write_text("{{ data_health.clean('large') }}")
    consumer.build_cleaning("--vars", file.read_text())
    return consumer


def test_every_suggestion_is_about_all_rows(project):
    said = {}
    for row in project.before:
        rule = yaml.safe_load(row["rule"])
        if not {"repair", "key"} & set(rule):
            assert row["sampled_count"] == ROWS, row
            said[row["column_name"], next(iter(set(rule) - {"column", "name", "on_failure"}))] = row["affected_count"]
    assert said["note", "trim"] == 300
    assert said["age", "range"] == 5
    assert said["weight", "units"] == ROWS
    assert said["ended", "expression"] == 100
    assert said["price", "replace_pattern"] == ROWS
    assert {count for (_, kind), count in said.items() if kind == "cast"} == {0}


def test_the_build_does_what_was_said(project):
    """Units apart, of which the outcomes count what they could not read."""
    said = {}
    for row in project.suggested:
        rule = yaml.safe_load(row["rule"] or "{}")
        for kind in set(rule) - {"column", "name", "on_failure", "repair", "key", "units"}:
            said[rule.get("column") or rule["name"], kind] = row["affected_count"]
    outcomes = project.rows("select * from health_rule_outcomes where kind <> 'units'")
    done = {
        (row["column_name"] or row["rule"], row["kind"]): row["changed_count"] or row["failed_count"]
        for row in outcomes
    }
    assert said == done


def test_a_cast_that_would_lose_a_value_outside_of_the_sample_is_a_question(project):
    suggested = [row for row in project.suggested if row["column_name"] == "fee"]
    # a rule that compares it with another column needs the numbers
    rules = [
        [yaml.safe_load(row["rule"] or "{}").get("name") for row in rows]
        for rows in (project.before, project.suggested)
    ]
    assert ["fee <= fee_max" in names for names in rules] == [True, False]
    assert [(row["kind"], row["rule"], row["affected_count"], row["sampled_count"]) for row in suggested] == [
        ("question", None, 1, ROWS)
    ]
    assert suggested[0]["evidence"] == (
        f"{SAMPLED} of {SAMPLED} values are whole numbers in the sample. Of all {ROWS} rows, 1 have something else. "
        "What are these? {column: fee, cast: integer} would lose them"
    )
