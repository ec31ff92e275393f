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
    "shares",
    "names",
    "asked",
    "asked_answers",
    "unanswered",
    "no_answers",
)
ROWS = """
    select i as id, timestamp '2024-01-01' + i // 40 * interval 1 day as t, i % 7 + 0.5 as v, (i * 37) % 11 + 0.25 as w, i % 3 as s,
        (i * 7919 % 997) / 997.0 as p, case when i % 10 = 0 then i // 10 % 2 end as y
    from range(3600) as numbers (i)
"""
MONITOR = {"time": "t", "key": "id", "grain": "week", "features": ["v", "w"], "volume": {"fresh_within": "3 days"}}
WHOLE = ("--exclude", "test_type:unit")
STAY = "; nothing is counted, and the statistics stay as they were"


def monitors():
    names = (
        "sound",
        "dropped",
        "narrowed",
        "retyped",
        "labelled",
        "compared",
        "grouped",
        "named",
        "asked",
        "unanswered",
    )
    monitored = {name: MONITOR | {"relation": {"source": ["raw", name]}} for name in names}
    monitored["labelled"]["label"] = {"relation": {"source": ["raw", "labels"]}, "key": "id", "column": "label"}
    monitored["compared"]["references"] = {"train": {"relation": {"source": ["raw", "training"]}}}
    monitored["grouped"] |= {"subgroups": ["s"], "population": {"source": ["raw", "population"]}}
    monitored["named"] |= {"relation": {"source": ["raw", "grouped"]}, "subgroups": ["s"]}
    monitored["named"] |= {
        "population": {"source": ["raw", "shares"]},
        "population_names": {"source": ["raw", "names"]},
    }
    labeling = {"label": {"column": "y", "positive": 1}, "prediction": {"score": "p"}}
    monitored["asked"] |= labeling | {"labeling": {"annotations": {"source": ["raw", "asked_answers"]}}}
    monitored["unanswered"] |= labeling | {"labeling": {"annotations": {"source": ["raw", "no_answers"]}}}
    return monitored


def load(consumer):
    consumer.sql("create schema if not exists raw")
    for name in set(TABLES) - {"no_answers"}:
        consumer.sql(f"create or replace table raw.{name} as {ROWS}")
    consumer.sql("create or replace table raw.labels as select i as id, i % 2 as label from range(3600) as numbers (i)")
    for name in ("population", "shares"):
        consumer.sql(f"""
            create or replace table raw.{name} as
            select 's' as subgroup, cast(i as varchar) as value, 1 / 3.0 as share from range(3) as numbers (i)
        """)
    consumer.sql("create or replace table raw.names as select 's' as subgroup, '0' as value, '0' as population_value")
    consumer.sql("""
        create or replace table raw.asked_answers as
        select i as id, cast(i % 3 as varchar) as label, 'ann' as annotator, timestamp '2024-02-01' as labelled_at
        from range(50) as numbers (i)
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
    consumer.sql("alter table raw.shares alter column share type varchar")
    consumer.sql("alter table raw.names drop column population_value")
    consumer.sql("alter table raw.asked_answers drop column annotator")
    consumer.sql("alter table raw.retyped alter column t type varchar")
    consumer.sql(
        f"insert into raw.sound select id + 10000, t + interval 90 day, v, w, s, p, y from ({ROWS}) as more where id < 280"
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
        from health_alerts where finding = 'relation_missing' order by monitor, column_name
    """)
    assert found == [
        (
            "asked",
            "labeling.annotations",
            None,
            "warn",
            True,
            "the table raw.asked_answers has no column annotator; it is not read",
        ),
        (
            "compared",
            None,
            "train",
            "warn",
            True,
            "the table raw.training does not exist; its statistics stay as they were",
        ),
        ("dropped", None, None, "alert", True, "the table raw.dropped does not exist" + STAY),
        ("grouped", "population", None, "warn", True, "the table raw.population does not exist; it is not read"),
        ("labelled", None, None, "alert", True, "the table raw.labels does not exist" + STAY),
        (
            "named",
            "population",
            None,
            "warn",
            True,
            "share of the table raw.shares is of type VARCHAR now; it is not read",
        ),
        (
            "named",
            "population_names",
            None,
            "warn",
            True,
            "the table raw.names has no column population_value; it is not read",
        ),
        ("narrowed", None, None, "alert", True, "the table raw.narrowed has no column w" + STAY),
        ("retyped", None, None, "alert", True, "t of the table raw.retyped is of type VARCHAR now" + STAY),
    ]
    cards = dict(project.sql("select monitor, relation_missing_status from health_scorecard where is_latest"))
    assert cards == {"sound": "ok", "unanswered": "ok"} | dict.fromkeys(
        ("asked", "compared", "grouped", "named"), "warn"
    ) | dict.fromkeys(("dropped", "labelled", "narrowed", "retyped"), "alert")
    freshness = project.sql("select fresh_status from health_volume where monitor = 'dropped' and is_latest")
    assert freshness == [("alert",)]


def test_annotations_that_are_gone_are_told_as_long_as_they_are(project, tmp_path):
    twin = project.copy(tmp_path / "project")
    twin.sql("drop table raw.asked_answers")
    for _ in range(2):
        twin.build(*WHOLE)
        found = twin.sql("""
            select monitor, evidence from health_alerts where finding = 'relation_missing' and column_name = 'labeling.annotations'
        """)
        assert found == [("asked", "the table raw.asked_answers does not exist; it is not read")]
    # what was asked is kept, and nobody is asked for more rows than the budget of 100
    asked = "select row_key from labeling_batches where monitor = 'asked'"
    before, now = set(project.whole.sql(asked)), set(twin.sql(asked))
    assert before and before <= now and len(now) <= 100


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
