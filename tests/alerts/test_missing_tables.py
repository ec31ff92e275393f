"""A table that was counted and is gone, or has lost a column: a finding of its monitor, and all others are built."""

import contextlib
import io

import pytest
from consumer import Consumer
from dbt.cli.main import dbtRunner

TABLES = (
    "sound",
    "dropped",
    "narrowed",
    "retyped",
    "labelled",
    "labels",
    "compared",
    "training",
    "grouped",
    "population",
)
ROWS = """
    select i as id, timestamp '2024-01-01' + i // 40 * interval 1 day as t, i % 7 + 0.5 as v, (i * 37) % 11 + 0.25 as w, i % 3 as s
    from range(3600) as numbers (i)
"""
MONITOR = {"time": "t", "key": "id", "grain": "week", "features": ["v", "w"], "volume": {"fresh_within": "3 days"}}
WHOLE = ("--exclude", "test_type:unit")
STAY = "; nothing is counted, and the statistics stay as they were"


def monitors():
    names = ("sound", "dropped", "narrowed", "retyped", "labelled", "compared", "grouped")
    monitored = {name: MONITOR | {"relation": {"source": ["raw", name]}} for name in names}
    monitored["labelled"]["label"] = {"relation": {"source": ["raw", "labels"]}, "key": "id", "column": "label"}
    monitored["compared"]["references"] = {"train": {"relation": {"source": ["raw", "training"]}}}
    monitored["grouped"] |= {"subgroups": ["s"], "population": {"source": ["raw", "population"]}}
    return monitored


def load(consumer):
    consumer.sql("create schema if not exists raw")
    for name in TABLES:
        consumer.sql(f"create or replace table raw.{name} as {ROWS}")
    consumer.sql("create or replace table raw.labels as select i as id, i % 2 as label from range(3600) as numbers (i)")
    consumer.sql("""
        create or replace table raw.population as
        select 's' as subgroup, cast(i as varchar) as value, 1 / 3.0 as share from range(3) as numbers (i)
    """)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    consumer = Consumer(tmp_path_factory.mktemp("missing") / "project", {"monitors": monitors()}, sources=TABLES)
    load(consumer)
    consumer.build(*WHOLE)
    consumer.drift = drift_of(consumer)
    consumer.whole = consumer.copy(tmp_path_factory.mktemp("whole") / "project")
    for name in ("dropped", "labels", "training", "population"):
        consumer.sql(f"drop table raw.{name}")
    consumer.sql("alter table raw.narrowed drop column w")
    consumer.sql("alter table raw.retyped alter column t type varchar")
    consumer.sql(
        f"insert into raw.sound select id + 10000, t + interval 90 day, v, w, s from ({ROWS}) as more where id < 280"
    )
    # not once only: what was found before is known as long as it is gone
    for _ in range(2):
        consumer.build(*WHOLE)
    return consumer


def drift_of(consumer):
    rows = consumer.sql("""
        select monitor, count(*), max(period_start), round(sum(value), 6) from health_drift where monitor <> 'sound' group by 1 order by 1
    """)
    return {monitor: numbers for monitor, *numbers in rows}


def test_the_others_are_built(project):
    assert project.sql("select sum(row_count) from health_volume where monitor = 'sound'") == [(3880,)]
    assert project.sql(
        "select count(*) from health_alerts where finding = 'relation_missing' and monitor = 'sound'"
    ) == [(0,)]


def test_statistics_stay_as_they_were(project):
    assert drift_of(project) == project.drift
    counts = project.sql("select monitor, sum(row_count) from health_volume where monitor <> 'sound' group by 1")
    assert set(counts) == {(name, 3600) for name in monitors() if name != "sound"}
    columns = "select monitor, name from health_monitors where subject = 'column' order by all"
    assert project.sql(columns) == project.whole.sql(columns)


def test_each_is_a_finding(project):
    found = project.sql("""
        select monitor, column_name, reference_list, severity, is_open, evidence
        from health_alerts where finding = 'relation_missing' order by monitor
    """)
    assert found == [
        (
            "compared",
            None,
            "train",
            "warn",
            True,
            "the table raw.training does not exist; its statistics stay as they were",
        ),
        ("dropped", None, None, "alert", True, "the table raw.dropped does not exist" + STAY),
        ("grouped", "population", None, "warn", True, "the table raw.population does not exist"),
        ("labelled", None, None, "alert", True, "the table raw.labels does not exist" + STAY),
        ("narrowed", None, None, "alert", True, "the table raw.narrowed has no column w" + STAY),
        ("retyped", None, None, "alert", True, "t of the table raw.retyped is of type VARCHAR now" + STAY),
    ]
    cards = dict(project.sql("select monitor, relation_missing_status from health_scorecard where is_latest"))
    assert cards == {"sound": "ok", "compared": "warn", "grouped": "warn"} | dict.fromkeys(
        ("dropped", "labelled", "narrowed", "retyped"), "alert"
    )
    freshness = project.sql("select fresh_status from health_volume where monitor = 'dropped' and is_latest")
    assert freshness == [("alert",)]


def test_it_is_over_when_the_table_is_back(project, tmp_path):
    twin = project.copy(tmp_path / "project")
    load(twin)
    twin.build(*WHOLE)
    assert twin.sql("select count(*) from health_alerts where finding = 'relation_missing'") == [(0,)]
    assert twin.sql("select count(*) from health_monitors where subject = 'missing'") == [(0,)]
    assert drift_of(twin) == project.drift


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"relation": {"source": ["raw", "never_loaded"]}}, "monitor 'sound', relation: found"),
        ({"features": ["v", "never_there"]}, "monitor 'sound', features: found 'never_there'"),
        (
            {"references": {"train": {"relation": {"source": ["raw", "never_loaded"]}}}},
            "references.train.relation: found",
        ),
        ({"loaded_at": "v"}, "monitor 'sound', loaded_at: found 'v' (type"),
    ],
)
def test_what_was_never_found_is_still_an_error(project, tmp_path, changes, line):
    twin = project.copy(tmp_path / "project")
    twin.write(
        "models/sources.yml",
        {
            "sources": [
                {"name": "raw", "schema": "raw", "tables": [{"name": name} for name in (*TABLES, "never_loaded")]}
            ]
        },
    )
    configuration = monitors()
    configuration["sound"] |= changes
    twin.configure({"monitors": configuration})
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()):
        patch.chdir(twin.folder)
        result = dbtRunner().invoke(["run", "--select", "health_monitors"])
    (item,) = result.result
    assert item.status == "error" and line in item.message
