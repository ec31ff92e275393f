"""What a suggestion says is what the build then does: every kind, on one table, by the counts of health_rule_outcomes."""

import pytest
import yaml
from click.testing import CliRunner
from consumer import Consumer
from data_health.command_line import main

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
}
SENTINELS = {"N/A", "-", "999"}


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
    assert "17 rules and 7 comments" in done.output
    (consumer.folder / "models" / "clean_rows.sql").write_text("{{ data_health.clean('odd') }}")
    consumer.build_cleaning("--vars", file.read_text())
    consumer.suggested = suggested
    return consumer


def settings():
    return {"relation": {"source": ["raw", "rows"]}, "suggest": True}


def test_every_suggestion_changes_or_fails_as_many_rows_as_it_says(project):
    outcomes = project.rows("""
        select column_name, kind, sum(changed_count) + sum(case when changed_count = 0 then failed_count else 0 end) as rows
        from health_rule_outcomes group by column_name, kind
    """)
    done = {(row["column_name"], row["kind"]): row["rows"] for row in outcomes}
    # a unit changes the values that have one
    for name in ("percent", "weight"):
        done[name, "units"] = project.sql(f"select count(*) from raw.rows where try_cast({name} as double) is null")[0][
            0
        ]
    said = {}
    for row in project.suggested:
        rule = yaml.safe_load(row["rule"] or "{}")
        for kind in set(rule) - {"column", "on_failure", "formats", "repair"}:
            said[row["column_name"], kind] = row["affected_count"]
    assert said == done
    assert len(said) > 20 and sum(count > 0 for count in said.values()) > 8


def test_no_right_value_is_lost(project):
    rows = project.rows("select * from clean_rows") + project.rows("select * from raw.rows")
    clean, raw = rows[: len(rows) // 2], rows[len(rows) // 2 :]
    assert len(clean) == len(raw) == ROWS
    lost = {
        name
        for name in COLUMNS
        if sum(row[name] is None for row in clean) != sum(row[name] in SENTINELS for row in raw)
    }
    assert lost == set()


def test_what_only_a_person_can_decide_is_asked(project):
    asked = {row["column_name"]: row["affected_count"] for row in project.suggested if row["kind"] == "question"}
    assert asked == {"either_order": ROWS, "huge": 1, "icd": 20}
