"""What a suggestion says is what the build then does: every kind, on one table, by the counts of health_rule_outcomes."""

from collections import Counter

import pytest
import yaml
from click.testing import CliRunner
from consumer import Consumer
from data_health.command_line import main
from postgres_server import PostgresConsumer

ROWS = 1200
# column -> SQL of its values by the number i of the row; each needs rules of other kinds
COLUMNS = {
    "padded": "case when i < 80 then 'lamp' || chr(9) when i < 90 then chr(160) || 'desk' else ['lamp', 'desk', 'shelf'][i % 3 + 1] end",
    "missing": "case when i % 50 = 0 then 'N/A' when i % 51 = 0 then '-' else cast(i % 40 as varchar) end",
    "nines": "case when i % 60 = 0 then '999' else cast(i % 40 as varchar) end",
    "long_ids": "cast(1200000000000000007 + (i * i) % 977 as varchar)",
    "digits": "translate(cast(i % 40 as varchar), '0123456789', '٠١٢٣٤٥٦٧٨٩')",
    "huge": "case when i = 7 then '1e400' else cast(i % 40 as varchar) end",
    "decimal_comma": "cast(i % 40 as varchar) || ',' || cast(i % 90 + 1 as varchar)",
    "thousands": "cast(i % 9 + 1 as varchar) || ',250,100' || case when i % 2 = 0 then '.5' else '' end",
    "percent": "case when i % 3 = 0 then cast(i % 90 + 2 as varchar) || '%' else cast((i % 90) / 100.0 as varchar) end",
    "weight": "cast(i % 70 + 30 as varchar) || case when i % 4 = 0 then ' lbs' else ' kg' end",
    "day": "strftime(date '2021-01-01' + interval (i % 300) day, '%m/%d/%Y')",
    "moment": "strftime(timestamp '2021-01-01 10:00:00' + interval (i) hour, '%Y-%m-%dT%H:%M:%S')"
    " || case i % 4 when 0 then 'Z' when 1 then '+02:00' when 2 then '.123Z' else '' end",
    "either_order": "case when i % 2 = 0 then strftime(date '2021-01-01' + interval (i % 300) day, '%m/%d/%Y')"
    " else strftime(date '2021-01-01' + interval (i % 300) day, '%d/%m/%Y') end",
    "yes": "case when i % 3 = 0 then 'y' else 'N' end",
    "letters": "case when i % 40 = 0 then 'LAMP' else ['lamp', 'desk', 'shelf'][i % 3 + 1] end",
    "spelled": "case when i = 5 then 'Springfeild' when i = 6 then 'Rivrside' when i = 9 then 'Geogretown'"
    " else ['Springfield', 'Riverside', 'Georgetown'][i % 3 + 1] end",
    "outliers": "case when i in (3, 4) then '90000' else cast(i % 40 as varchar) end",
    "icd": "case when i % 60 = 0 then 'V' || cast(i % 7 + 40 as varchar) else cast(200 + i % 90 as varchar) || '.8' end",
    "visit_id": "cast(70000 + 3 * i as varchar)",
    "copy_of_spelled": "upper(spelled)",
    "dollars": "'$' || (i % 9 + 1) || ',' || (100 + i % 800) || case when i % 2 = 0 then '.50' else '' end",
    "euros": "case when i % 11 = 0 then '-' else '' end || '€ ' || (i % 9 + 1) || '.' || (100 + i % 800) || ',5' || i % 10",
    "booked": "case when i % 7 = 0 then '(' || (i % 90 + 1) || '.25)' when i % 13 = 0 then (i % 90 + 1) || '-'"
    " else (i % 90) || '.5' end",
    "swiss": "(i % 9 + 1) || '''' || (100 + i % 800) || '.' || (10 + i % 90)",
    "french": "(i % 9 + 1) || chr(8239) || (100 + i % 800) || ',' || (10 + i % 90)",
    "agreed": "['yes', 'Y', 'no', 'N', 'true', '0'][i % 6 + 1]",
    "einig": "['Ja', 'nein', '1', '0'][i % 4 + 1]",
    "created_at": "cast(1600000000 + i * 7919 as varchar)",
    "seen_ms": "cast(1600000000123 + (i * 7919 % 1009) * 1000000 as varchar)",
    "compact_day": "case when i % 100 = 0 then '0' else strftime(date '2021-01-01' + interval (i % 300) day, '%Y%m%d') end",
    "zero_day": "case when i % 100 = 0 then '0000-00-00' when i = 3 then '9999-12-31' when i % 90 = 1 then '1900-01-01'"
    " else cast(date '2021-01-01' + cast(i % 300 as integer) as varchar) end",
    "hidden": "case i % 40 when 0 then chr(65279) || 'lamp' when 1 then 'de' || chr(8203) || 'sk'"
    " else ['lamp', 'desk'][i % 2 + 1] end",
    "accents": "case when i % 40 = 0 then 'Zu' || chr(776) || 'rich' else ['Zürich', 'Genf'][i % 2 + 1] end",
    "no_break": "case when i % 40 = 0 then 'New' || chr(160) || 'York' else ['New York', 'Boston'][i % 2 + 1] end",
    "age": "case when i in (5, 6) then '140' when i = 9 then '-4' else cast(i % 80 as varchar) end",
    "latitude": "case when i = 8 then '95.5' else cast(i % 180 - 89.5 as varchar) end",
    "begun": "strftime(date '2021-01-01' + interval ((i * 37) % 300) day, '%d.%m.%Y')",
    "ended": "cast(date '2021-01-01'"
    " + cast((i * 37) % 300 + case when i in (4, 40, 400) then -9 else i % 20 end as integer) as varchar)",
    "net": "cast(cast((i * 31 % 977) / 100.0 as decimal(9, 2)) as varchar)",
    "tax": "cast(cast((i * 17 % 311) / 100.0 as decimal(9, 2)) as varchar)",
    "gross": "cast(cast((i * 31 % 977 + i * 17 % 311 + case when i in (7, 70) then 50 else 0 end) / 100.0"
    " as decimal(9, 2)) as varchar)",
}
SENTINELS = {"N/A", "-", "999", "0000-00-00", "9999-12-31", "1900-01-01"}
# values that are none in one column alone
OWN_SENTINELS = {"compact_day": {"0"}}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The table, built with the rules that a build before suggested, as they are."""
    consumer = Consumer(tmp_path_factory.mktemp("said"), {"cleaning": {"odd": settings()}}, models={})
    selected = ", ".join(f"{sql} as {name}" for name, sql in COLUMNS.items())
    consumer.sql(f"create table raw.rows as select {selected} from range({ROWS}) as numbers (i)")
    consumer.build_cleaning()
    suggested = consumer.rows("select * from health_suggested_rules order by rule_number")
    file = consumer.folder / "rules.yml"
    done = CliRunner().invoke(main, ["suggest", "--project-dir", str(consumer.folder), "--output", str(file)])
    assert done.exit_code == 0, done.output
    assert "46 rules and 14 comments" in done.output
    (consumer.folder / "models" / "clean_rows.sql").write_text("{{ data_health.clean('odd') }}")
    consumer.build_cleaning("--vars", file.read_text())
    consumer.suggested, consumer.configuration = suggested, yaml.safe_load(file.read_text())["data_health"]
    return consumer


@pytest.fixture(scope="module")
def on_postgres(project, postgres, tmp_path_factory):
    """The same rules for the same rows on PostgreSQL, where nothing is suggested."""
    folder, models = tmp_path_factory.mktemp("done") / "project", {"clean_rows.sql": "{{ data_health.clean('odd') }}"}
    consumer = PostgresConsumer(postgres, folder, project.configuration, models=models)
    consumer.take(project, "rows")
    consumer.build_cleaning()
    return consumer


def settings():
    return {"relation": {"source": ["raw", "rows"]}, "suggest": True}


def done_by(consumer):
    """How many rows each rule changed or failed, by column, or by the name of a rule over the row, and kind."""
    done = Counter()
    for row in consumer.rows("select * from health_rule_outcomes"):
        done[row["column_name"] or row["rule"], row["kind"]] += row["changed_count"] or row["failed_count"]
    # a unit changes the values that have one
    for name in ("percent", "weight"):
        values = [value for (value,) in consumer.sql(f"select {name} from raw.rows")]
        done[name, "units"] = sum(not value.replace(".", "").isdigit() for value in values)
    return done


def said_in(suggested):
    said = Counter()
    for row in suggested:
        rule = yaml.safe_load(row["rule"] or "{}")
        for kind in set(rule) - {"column", "name", "on_failure", "formats", "repair", "key", "dependencies"}:
            said[rule.get("column") or rule["name"], kind] += row["affected_count"]
    return said


def test_every_suggestion_changes_or_fails_as_many_rows_as_it_says(project):
    said = said_in(project.suggested)
    assert dict(said) == dict(done_by(project))
    assert len(said) > 55 and sum(count > 0 for count in said.values()) > 25


def test_postgresql_does_the_same(project, on_postgres):
    assert dict(done_by(on_postgres)) == dict(said_in(project.suggested))
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    one, other = (
        sorted(map(str, consumer.sql(f"select {names} from clean_rows"))) for consumer in (project, on_postgres)
    )
    assert one == other


def test_no_right_value_is_lost(project):
    rows = project.rows("select * from clean_rows") + project.rows("select * from raw.rows")
    clean, raw = rows[: len(rows) // 2], rows[len(rows) // 2 :]
    assert len(clean) == len(raw) == ROWS
    lost = {
        name
        for name in COLUMNS
        if sum(row[name] is None for row in clean)
        != sum(row[name] in SENTINELS | OWN_SENTINELS.get(name, set()) for row in raw)
    }
    assert lost == set()


def test_what_only_a_person_can_decide_is_asked(project):
    asked = {row["column_name"]: row["affected_count"] for row in project.suggested if row["kind"] == "question"}
    assert asked == {"either_order": ROWS, "huge": 1, "icd": 20, "spelled": ROWS}
