"""What rows and types say against the configuration: a positive label that is nowhere, scores that are no probabilities, kinds that a
column cannot have, labeling without answers. Each is a finding, stands in health_monitors, and is in no rate."""

import pytest
from consumer import Consumer
from postgres_server import PostgresConsumer

# of each day 100 rows; a week is one period
ROWS = """
    select
        i as id, timestamp '2024-01-01' + interval '1 day' * cast(floor(i / 100.0) as integer) as t, i % 7 as v, i % 2 as s,
        case when i % 5 = 0 then 1 else 0 end as y, {prediction} as p, {score} as score
    from generate_series(0, 2799) as numbers (i)
"""
YES_NO = "case when i % 4 = 0 then 'yes' else 'no' end"
PROBABILITY = "cast((i % 101) / 100.0 as double precision)"
MODEL = {"score": "score", "label": "p"}


def rows(prediction="case when i % 4 = 0 then 1 else 0 end", score=PROBABILITY):
    return ROWS.format(prediction=prediction, score=score)


TABLES = {
    "sound": rows(),
    # predictions and labels have nothing in common
    "unlike": rows(YES_NO),
    "constant_unlike": rows("'no'"),
    "decimal_texts": rows("case when i % 4 = 0 then '1.0' else '0.0' end"),
    # labels are read by the positive label, predictions are; those of the other kind
    "labels_unlike": f"select id, t, v, s, case when y = 1 then 'ill' else 'well' end as y, p, score from ({rows()}) as r",
    # neither holds what is called positive
    "nowhere": f"select id, t, v, s, y * 2 as y, p * 2 as p, score from ({rows()}) as r",
    # a model that says no to everybody, in four ways of saying so
    "negative": rows("0"),
    "negative_text": f"select id, t, v, s, case when y = 1 then 'yes' else 'no' end as y, p, score from ({rows(chr(39) + 'no' + chr(39))}) as r",
    "negative_number": f"select id, t, v, s, case when y = 1 then 'yes' else 'no' end as y, p, score from ({rows('0')}) as r",
    "negative_boolean": rows("false"),
    "of_three": rows("1 + i % 2"),
    "scores": rows(score="cast(1 + i % 10 as double precision)"),
    # in one of four weeks
    "scores_once": rows(score=f"case when i between 700 and 1399 then - {PROBABILITY} else {PROBABILITY} end"),
    "single_precision": rows(score="cast(1.0000001 as real)"),
    "kinds": f"select id, t, v, s, y, p, score, {{json}} as j from ({rows()}) as r",
    "training": rows(YES_NO, score="cast(1 + i % 10 as double precision)"),
    "unasked": rows(),
}
POSITIVE = {"labels_unlike": 1, "negative_text": "yes", "negative_number": "yes", "of_three": 3}
UNSEEN = {
    "unlike": [("p", "prediction.label", "no prediction equals 1 (the positive label) or any other known label")],
    "labels_unlike": [("y", "label.positive", "no label equals 1 (the positive label) or any other known label")],
    "nowhere": [
        ("p", "prediction.label", "no prediction equals 1 (the positive label)"),
        ("y", "label.positive", "no label equals 1 (the positive label)"),
    ],
}
UNSEEN["constant_unlike"] = UNSEEN["decimal_texts"] = UNSEEN["unlike"]


def monitors():
    monitored = {
        name: {
            "relation": {"source": ["raw", name]},
            "time": "t",
            "key": "id",
            "grain": "week",
            "subgroups": ["s"],
            "label": {"column": "y", "positive": POSITIVE.get(name, 1)},
            "prediction": MODEL,
        }
        for name in TABLES
        if name != "training"
    }
    # two of labels 0, 1 and 2; none is predicted
    monitored["of_three"]["label"]["positive"] = 0
    monitored["sound"]["references"] = {
        "other_table": {"relation": {"source": ["raw", "training"]}},
        "first": {"from": "2024-01-01", "to": "2024-01-08"},
    }
    monitored["kinds"]["columns"] = {
        "j": {"kind": "categorical"},
        "id": {"kind": "categorical"},
        "t": {"kind": "timestamp"},
    }
    monitored["kinds"]["columns"]["score"] = {"kind": "categorical"}
    monitored["kinds"]["columns"]["v"] = {"kind": "categorical"}
    monitored["unasked"]["labeling"] = {"budget": 5}
    return monitored


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def project(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("contradictions") / "project"
    if request.param == "duckdb":
        consumer = Consumer(folder, {"monitors": monitors()}, sources=tuple(TABLES))
    else:
        server = request.getfixturevalue("postgres")
        consumer = PostgresConsumer(server, folder, {"monitors": monitors()}, sources=tuple(TABLES))
    json = {"duckdb": "[1, 2]", "postgres": "cast('{}' as json)"}[request.param]
    for name, query in TABLES.items():
        consumer.sql(f"create table raw.{name} as {query.replace('{json}', json)}; select 1")
    consumer.build_up_to("health_alerts", "health_scorecard", "health_representation")
    return consumer


def told(project, finding):
    found = project.sql(f"""
        select monitor, column_name, metric, evidence from health_alerts
        where finding = '{finding}' and is_open and severity = 'warn' and reference_list is null order by 1, 2
    """)
    return {name: [tuple(row[1:]) for row in found if row[0] == name] for name in {row[0] for row in found}}


def test_a_positive_label_that_is_nowhere_is_a_finding(project):
    assert told(project, "positive") == UNSEEN
    assert project.sql(
        "select distinct monitor from health_scorecard where positive_status is not null order by 1"
    ) == [*((name,) for name in sorted([*UNSEEN, "sound"]))]


@pytest.mark.parametrize("name", ["unlike", "constant_unlike", "decimal_texts", "nowhere"])
def test_nothing_is_made_of_predictions_that_are_not_understood(project, name):
    rates = project.sql(f"""
        select distinct selection_rate, selection_rate_lower, selection_ratio, selection_status, true_positive_rate, false_positive_rate,
            prediction_reason
        from health_representation where monitor = '{name}'
    """)
    assert [tuple(row) for row in rates] == [(None,) * 6 + (UNSEEN[name][0][2],)]


def test_nothing_is_made_of_labels_that_are_not_understood(project):
    rates = project.sql("""
        select distinct label_rate, true_positive_rate, false_positive_rate, judged_positive_count, judged_negative_count, label_reason
        from health_representation where monitor = 'labels_unlike'
    """)
    assert [tuple(row) for row in rates] == [(None,) * 5 + (UNSEEN["labels_unlike"][0][2],)]
    assert project.sql(
        "select max(selection_rate) = 0.5 from health_representation where monitor = 'labels_unlike'"
    ) == [(True,)]


@pytest.mark.parametrize("name", ["negative", "negative_text", "negative_number", "negative_boolean", "of_three"])
def test_a_model_that_always_says_no_selects_nobody(project, name):
    rates = project.sql(f"""
        select distinct selection_rate, true_positive_rate, false_positive_rate, prediction_reason, label_reason
        from health_representation where monitor = '{name}'
    """)
    assert [tuple(row) for row in rates] == [(0, 0, 0, None, None)]


def test_a_training_set_with_other_predictions_is_told_as_one(project):
    found = project.sql("""
        select finding, column_name, reference_list from health_alerts
        where monitor = 'sound' and finding in ('positive', 'score', 'configuration') order by 1
    """)
    assert [tuple(row) for row in found] == [("positive", "p", "other_table"), ("score", "score", "other_table")]
    rates = project.sql("""
        select dataset, count(selection_rate) > 0 as has_rate, count(prediction_reason) > 0 as has_reason
        from health_representation where monitor = 'sound' group by 1 order by 1
    """)
    assert [tuple(row) for row in rates] == [
        ("first", True, False),
        ("other_table", False, True),
        ("production", True, False),
    ]


def test_scores_that_are_no_probabilities_are_found_where_they_are(project):
    assert told(project, "score") == {
        "scores": [("score", "prediction.score", "scores from 1.000 to 10.000; a score is a probability, from 0 to 1")]
    }
    weeks = project.sql("""
        select period_start, score_status from health_scorecard where monitor = 'scores_once' order by 1
    """)
    assert [status for _, status in weeks] == ["ok", "warn", "ok", "ok"]
    closed = project.sql(
        "select is_open, evidence from health_alerts where monitor = 'scores_once' and finding = 'score'"
    )
    assert [tuple(row) for row in closed] == [
        (False, "scores from -1.000 to 0.000; a score is a probability, from 0 to 1")
    ]


def test_kinds_and_labeling_that_lead_to_nothing_are_found(project):
    found = told(project, "configuration")
    assert set(found) == {"kinds", "unasked"}
    (missing,) = found["unasked"]
    assert missing[0] == "labeling.annotations" and missing[2].startswith("missing: ")
    kinds = {row[0]: row[2] for row in found["kinds"]}
    assert list(kinds) == ["columns.id.kind", "columns.j.kind", "columns.score.kind", "columns.t.kind"]
    assert kinds["columns.id.kind"] == "ignored: a column of key always has the kind key"
    assert kinds["columns.t.kind"] == "ignored: an event time has no statistics; see health_volume"
    assert kinds["columns.j.kind"].startswith("ignored: ")


def test_health_monitors_says_them(project):
    """Those that types and keys tell at once, those that rows tell with the next build."""
    problems = "select monitor, name, reason from health_monitors where subject = 'problem' order by 1, 2"
    at_once = {tuple(row[:2]): row[2] for row in project.sql(problems)}
    assert {name for name, _ in at_once} == {"kinds", "unasked"}
    project.build_up_to("health_alerts", "health_scorecard", "health_representation")
    now = {tuple(row[:2]): row[2] for row in project.sql(problems)}
    assert {key: reason for key, reason in now.items() if key in at_once} == at_once
    told_by_rows = {key: reason for key, reason in now.items() if key not in at_once}
    assert set(told_by_rows) == {
        *((name, row[1]) for name, unseen in UNSEEN.items() for row in unseen),
        ("scores", "prediction.score"),
        ("sound", "prediction.label"),
        ("sound", "prediction.score"),
    }
    assert told_by_rows["unlike", "prediction.label"] == "in the build before: " + UNSEEN["unlike"][0][2]
