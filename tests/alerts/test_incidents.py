"""Findings that belong together are one incident: on planted events, from build to build, and in sentences."""

import sys

import numpy as np
import pyarrow.compute as pc
import pytest
from consumer import REPOSITORY, Consumer

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
