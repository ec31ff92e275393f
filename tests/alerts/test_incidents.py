"""Findings that belong together are one incident: on planted events, from build to build, and in sentences."""

import html
import json
import re
import sys

import numpy as np
import pyarrow.compute as pc
import pytest
from click.testing import CliRunner
from consumer import REPOSITORY, Consumer
from data_health.command_line import main

sys.path.insert(0, str(REPOSITORY / "benchmarks"))
from incidents import LABEL, OF_NOBODY, belongs, compared, planted

MONITOR = {
    "relation": {"source": ["raw", "rows"]},
    "key": "id",
    "time": "happened_at",
    "grain": "month",
    "segments": ["site"],
    "label": {"column": LABEL, "positive": "yes"},
    "references": {"training": {"from": "2024-01-01", "to": "2024-07-01"}},
    "volume": {"fresh_within": "36500 days"},
    "owner": "the risk team",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Built without the newest month, then with it; `before` and `events` are kept beside it."""
    table, consumer_events = planted(np.random.default_rng(3))
    consumer = Consumer(tmp_path_factory.mktemp("incidents") / "project", {"monitors": {"events": MONITOR}})
    is_old = pc.less(table["happened_at"], np.datetime64("2025-12-01", "us"))
    consumer.load("rows", table.filter(is_old))
    consumer.build()
    consumer.before = consumer.rows("select * from health_incidents where is_open")
    consumer.load("rows", table)
    consumer.build()
    consumer.events = consumer_events
    return consumer


def findings(project):
    return project.sql(f"""
        select incident_id, finding, column_name, first_period from health_alerts where finding not in {OF_NOBODY}
    """)


def test_an_incident_is_one_event(project):
    sentences = dict(project.sql("select incident_id, sentence from health_incidents"))
    events, exact, split, together, missed, incidents, of_nobody, _ = compared(
        findings(project), sentences, project.events, False
    )
    assert (events, split, together, missed) == (12, 0, 0, 0) and exact == 12
    kinds = dict(project.sql("select incident_kind, count(*) from health_incidents group by incident_kind"))
    assert kinds["load"] == 2 and kinds["label"] == 1 and kinds["recoding"] == 1
    # what passed is one row, whatever it was
    assert kinds["passing"] == 1 and of_nobody - 1 <= incidents / 10


def test_every_finding_is_evidence_of_an_incident_that_counts_it(project):
    counted = project.sql("""
        select health_incidents.incident_id, max(finding_count), count(*)
        from health_incidents left join health_alerts
            on health_incidents.incident_id = health_alerts.incident_id
            and health_incidents.monitor = health_alerts.monitor
        group by health_incidents.incident_id
    """)
    assert len(counted) > 10 and all(told == found for _, told, found in counted)
    assert project.sql("select count(*) from health_alerts where incident_id is null") == [(0,)]


def test_an_open_incident_keeps_its_id_while_it_grows(project):
    now = {row["incident_id"]: row for row in project.rows("select * from health_incidents")}
    kept = [row for row in project.before if row["incident_id"] in now]
    assert len(kept) >= 8 and {now[row["incident_id"]]["owner"] for row in kept} == {"the risk team"}
    assert all(now[row["incident_id"]]["first_period"] == row["first_period"] for row in kept)
    # a column that changed with a short load is part of it, as soon as both are over
    for row in project.before:
        if row["incident_id"] not in now:
            joined = project.sql(f"""
                select incident_kind from health_incidents inner join health_alerts using (incident_id)
                where health_alerts.column_name = '{row["leading_column"]}'
                    and health_alerts.first_period = date '{row["first_period"]}'
            """)
            assert set(joined) == {("load",)}, row["sentence"]


def test_the_sentence_has_the_numbers_of_the_marts(project):
    (event,) = [event for event in project.events if event.name == "mean shifts"]
    ((sentence, first),) = project.sql(f"""
        select sentence, first_period from health_incidents where leading_column = '{event.columns[0]}' and is_open
    """)
    now, before = (
        project.sql(f"""
            select mean from health_profile
            where column_name = '{event.columns[0]}' and segment_column = '(all)' and {where}
        """)[0][0]
        for where in ("is_latest and dataset = 'production'", "dataset = 'training'")
    )
    assert f"the mean of {event.columns[0]} is {now:.1f}" in sentence and f"({before:.2f} in training)" in sentence
    assert f"{100 * now / before - 100:.0f} % higher" in sentence
    assert sentence.startswith(f"Since {first}, ")


def test_what_is_written_differently_is_no_lost_value(project):
    (event,) = [event for event in project.events if event.name == "written differently"]
    ((kind, sentence),) = project.sql(f"""
        select incident_kind, sentence from health_incidents where leading_column = '{event.columns[0]}' and is_open
    """)
    assert kind == "recoding"
    assert f"{event.columns[0]} seems to be written differently" in sentence
    # no value may be shown
    assert "CATEGORY_" not in sentence and f"{event.columns[0]}_" not in sentence


def test_values_of_columns_that_may_not_be_shown_are_in_no_sentence(project):
    values = {
        value
        for name in project.rows("select * from raw.rows limit 1")[0]
        if name.startswith("category") or name == LABEL
        for (value,) in project.sql(f'select distinct "{name}" from raw.rows where "{name}" is not null')
        if len(value) > 3
    }
    text = " ".join(sentence for (sentence,) in project.sql("select sentence from health_incidents"))
    assert len(values) > 50 and not [value for value in values if value in text]


def test_the_risk_is_first_where_most_is_concerned(project):
    ranks = project.sql("select is_open, risk from health_incidents order by incident_rank")
    assert ranks == sorted(ranks, key=lambda row: (not row[0], -row[1]))
    assert all(0 < risk <= 20 for _, risk in ranks)


def test_belongs_is_about_the_months_of_the_event(project):
    """The measure itself: a finding of another month, or of another column, is not of the event."""
    (event,) = [event for event in project.events if event.name == "unit at one site"]
    assert belongs(event, "drift", event.columns[0], event.first)
    assert not belongs(event, "drift", event.columns[0], event.first - 1)
    assert not belongs(event, "drift", "another", event.first)


def run(project, *arguments):
    """Exit code and output of the command, as from the folder of the project."""
    done = CliRunner().invoke(main, [*arguments, "--project-dir", str(project.folder)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def open_incidents(project):
    return project.rows("select * from health_incidents where is_open order by incident_rank")


def test_the_summary_tells_the_open_incidents_the_most_at_risk_first(project):
    code, said = run(project, "summary", "--most", "3")
    found = open_incidents(project)
    text = " ".join(said.split())
    assert code == 0
    assert text.startswith(f"{len(found)} open incidents in 1 monitor: {len(found)} alerts and 0 warnings (build of ")
    places = [text.index(row["sentence"]) for row in found[:3]]
    assert places == sorted(places) and all(row["incident_id"] in text for row in found[:3])
    assert found[3]["sentence"] not in text and f"{len(found) - 3} more incidents in health_incidents" in text
    assert "owner: the risk team" in text and "older" not in text


def test_a_summary_fails_on_alerts_where_it_is_asked_to(project):
    assert [run(project, "summary", *options)[0] for options in ((), ("--fail-on", "alert"))] == [0, 3]
    code, said = run(project, "summary", "--monitor", "event")
    assert code == 1 and "there is no monitor 'event'; allowed: events" in said


def test_json_has_every_incident_with_a_key_and_a_state(project):
    code, said = run(project, "summary", "--format", "json")
    content = json.loads(said)
    rows = project.rows("select incident_id, is_open, sentence from health_incidents order by incident_rank")
    assert code == 0 and content["is_stale"] is False
    assert [row["incident_id"] for row in content["incidents"]] == [row["incident_id"] for row in rows]
    assert [row["status"] for row in content["incidents"]] == ["open" if row["is_open"] else "closed" for row in rows]
    assert [row["sentence"] for row in content["incidents"]] == [row["sentence"] for row in rows]


def test_markdown_has_no_character_that_means_something(project):
    code, said = run(project, "summary", "--format", "markdown", "--closed", "--most", "100")
    lines = [line for line in said.splitlines() if line.startswith("- **")]
    assert code == 0 and len(lines) == project.sql("select count(*) from health_incidents")[0][0]
    # names of columns have underscores, which would begin italics
    assert any("\\_" in line for line in lines) and not any("number_" in line for line in lines)


def test_incidents_of_a_build_before_the_last_run_are_called_so(project):
    twin = project.copy(project.folder.with_name("stale"))
    twin.sql("update health_monitors set built_at = built_at + interval 1 hour")
    code, said = run(twin, "summary", "--fail-on", "warn")
    assert code == 3 and "The last run did not come to the incidents" in said
    twin.sql("drop table health_incidents")
    code, said = run(twin, "summary")
    assert code == 1 and "health_incidents is not built yet; run: dbt build" in said


def test_a_build_ends_with_the_summary(project):
    twin = project.copy(project.folder.with_name("built"))
    page = twin.folder / "health.html"
    code, said = run(twin, "build", "--fail-on", "alert", "--report", str(page))
    lines = said.splitlines()
    assert code == 3 and len(lines) <= 40, said
    # where the page is stands at the end; it has the incidents, and a mart that is off is a sentence in it
    assert re.fullmatch(rf"the page of 1 monitor is in {page} \(0\.\d MB\); open it in a browser", lines[-1])
    written = page.read_text(encoding="utf-8")
    assert all(html.escape(row["sentence"], quote=False) in written for row in open_incidents(project)[:5])
    assert "health_performance is not there, because the part performance is off." in written
    assert sum("models and tests are done" in line for line in lines) == 5
    assert f"{len(open_incidents(project))} open incidents in 1 monitor" in said
    twin.configure({"monitors": {"events": MONITOR | {"grian": "month"}}})
    code, said = run(twin, "build")
    assert code == 1 and "the build failed" in said and "grian" in said


def test_an_incident_is_acknowledged_with_all_its_findings(project):
    twin = project.copy(project.folder.with_name("known"))
    tables = [{"name": name} for name in ("rows", "known")]
    twin.write("models/sources.yml", {"sources": [{"name": "raw", "schema": "raw", "tables": tables}]})
    twin.configure({"monitors": {"events": MONITOR}, "acknowledgements": {"source": ["raw", "known"]}})
    known, first, other = open_incidents(project)[:3]
    columns = "monitor, finding, column_name, first_period, acknowledged_until, acknowledged_by, note"
    twin.sql(f"""
        create table raw.known as select * from (values
            ('*', 'incident', '{known["incident_id"]}', null, date '2099-12-31', 'ann', 'is planned'),
            ('*', 'incident_warn', '{first["incident_id"]}', null, date '2099-12-31', 'ann', 'it is an alert by now'),
            ('*', 'incident', '{other["incident_id"]}', null, date '2020-12-31', 'ann', 'has expired')
        ) as acknowledgements({columns})
    """)
    twin.build("--select", "health_alerts", "health_incidents", "health_scorecard", "--indirect-selection", "empty")
    found = {row["incident_id"]: row for row in twin.rows("select * from health_incidents")}
    assert [found[row["incident_id"]]["is_acknowledged"] for row in (known, first, other)] == [True, False, False]
    assert found[known["incident_id"]]["note"] == "is planned"
    assert twin.sql(f"""
        select distinct is_acknowledged from health_alerts where incident_id = '{known["incident_id"]}'
    """) == [(True,)]
    # it counts no more: not in the scorecard, and not in the summary
    before, after = (
        dict(one.sql("select period_start, alert_count + warn_count from health_scorecard")) for one in (project, twin)
    )
    assert sum(after.values()) < sum(before.values())
    said = run(twin, "summary")[1]
    assert "1 acknowledged" in said and known["incident_id"] not in said
    assert "acknowledged until 2099-12-31: is planned" in run(twin, "summary", "--closed", "--most", "50")[1]
