"""A team's day: version 2 has one feature more and one redefined; it serves; version 1 is switched back by one row."""

import tempfile
from pathlib import Path

import pytest
import walkthrough
from consumer import REPOSITORY, Consumer

ROWS = """
    select
        i as id, timestamp '2024-01-01' + i // 100 * interval 1 day as t, 20 + i % 60 as age, i % 7 + 0.5 as bmi,
        case when i % 3 = 0 then 'f' when i % 3 = 1 then 'm' else 'x' end as sex,
        case when i % 4 = 0 and i < 2800 then null when i % 2 = 0 and i >= 2800 then null else i % 11 end as prior_visits,
        i % 5 as "Größe"
    from range(5600) as numbers (i)
"""
REGISTRY = [
    # version, feature, number, type, definition, required, minimum, maximum, allowed values, reference
    ("v1", "age", 1, "integer", "age", True, 0, 70, None, "train"),
    ("v1", "bmi", 2, "double", "weight / (height * height)", True, None, None, None, "train"),
    ("v1", "sex", 3, "varchar", "sex", True, None, None, "f|m", "train"),
    ("v1", "prior_visits", 4, "bigint", "prior_visits", True, None, None, None, "train"),
    ("v2", "age", 1, "bigint", "age", True, 0, 120, None, "train"),
    ("v2", "bmi", 2, "double", "weight / power(height, 2)", True, None, None, None, "train"),
    ("v2", "sex", 3, "varchar", "SEX -- as it is", True, None, None, "f|m|x", "train"),
    ("v2", "hba1c", 4, "double", "hba1c", True, None, None, None, "train"),
    ("v2", "smoker", 5, "boolean", "smoker", False, None, None, None, "train"),
    ("v2", "größe", 6, "varchar", 'cast("Größe" as varchar)', True, None, None, None, "train"),
    ("v3", "age", 1, "integer", "age +", True, None, None, None, None),
    ("v3", "age", 2, "integer", "age +", True, None, None, None, None),
]


def load(consumer):
    consumer.sql("create schema if not exists raw")
    consumer.sql(f"create or replace table raw.visits as {ROWS}")
    consumer.sql("""
        create or replace table raw.registry (
            model_version varchar, feature varchar, feature_number integer, data_type varchar, definition varchar, is_required boolean,
            minimum double, maximum double, allowed_values varchar, reference varchar
        )
    """)
    for row in REGISTRY:
        consumer.sql("insert into raw.registry values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    consumer.sql("create or replace table raw.serving (model_version varchar, serves_from timestamp)")
    consumer.sql("insert into raw.serving values ('v1', '2024-01-01'), ('v2', '2199-01-01')")


MONITOR = {
    "relation": {"source": ["raw", "visits"]},
    "key": "id",
    "time": "t",
    "grain": "week",
    "references": {"train": {"from": "2024-01-01", "to": "2024-01-29"}},
    "show_values": ["sex"],
    "versions": {"registry": {"source": ["raw", "registry"]}, "serving": {"source": ["raw", "serving"]}},
}
SOURCES = ("visits", "registry", "serving")


def built(folder):
    consumer = Consumer(folder / "project", {"monitors": {"visits": MONITOR}}, sources=SOURCES)
    load(consumer)
    consumer.build("--exclude", "test_type:unit")
    return consumer


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return built(tmp_path_factory.mktemp("versions"))


PATH = REPOSITORY / "docs" / "versions.md"
# what follows is run by test_team_day.py
PAGE, REST = PATH.read_text().split("## A team's day")


@pytest.mark.parametrize("number", range(len(walkthrough.queries(PAGE))))
def test_every_query_of_the_page_gives_the_table_below_it(project, number):
    statement, table = walkthrough.queries(PAGE)[number]
    assert table == walkthrough.table(project.rows(statement)), statement


def checks(consumer, version):
    rows = consumer.sql(
        "select feature, check_name, status from health_feature_contract where model_version = ? and status <> 'ok' order by all",
        [version],
    )
    return {(feature, check): status for feature, check, status in rows}


def test_the_contract_of_the_serving_version(project):
    assert checks(project, "v1") == {
        ("age", "range"): "warn",
        ("sex", "values"): "alert",
        ("prior_visits", "nulls"): "alert",
    }
    found = dict(
        project.sql("""
            select feature || ' ' || check_name, found from health_feature_contract
            where model_version = 'v1' and check_name in ('range', 'values', 'nulls')
        """)
    )
    assert found["age range"] == "20 to 79"
    assert found["sex values"] == "233 rows with other values, such as x"
    assert found["prior_visits nulls"] == "50.0 %"


def test_version_two_says_what_it_lacks_before_it_serves(project):
    assert checks(project, "v2") == {
        ("bmi", "definition"): "alert",
        ("hba1c", "presence"): "alert",
        ("hba1c", "definition"): "insufficient_data",
        ("smoker", "presence"): "warn",
        ("smoker", "definition"): "insufficient_data",
        ("größe", "type"): "alert",
        ("größe", "definition"): "insufficient_data",
    }
    ((can_serve, reason),) = project.sql(
        "select can_serve, reason from health_model_versions where model_version = 'v2'"
    )
    assert not can_serve and "hba1c: the table has no column of this name" in reason


def test_a_definition_that_cannot_be_read_and_a_feature_listed_twice(project):
    assert checks(project, "v3") == {("age", "definition"): "warn", ("age", "presence"): "warn"}


def test_what_changed_between_two_versions(project):
    changes = project.sql("""
        select feature, change, difference from health_version_changes
        where version_before = 'v1' and version_now = 'v2' order by all
    """)
    assert changes == [
        ("age", "other range", None),
        ("bmi", "redefined", "- weight / (height * height)\n+ weight / POWER(height, 2)"),
        ("größe", "added", None),
        ("hba1c", "added", None),
        ("prior_visits", "removed", None),
        ("sex", "other values", None),
        ("smoker", "added", None),
    ]


def test_findings_are_those_of_the_serving_version(project):
    found = project.sql(
        "select column_name, metric, severity from health_alerts where finding = 'feature_contract' order by all"
    )
    assert found == [("age", "range", "warn"), ("prior_visits", "nulls", "alert"), ("sex", "values", "alert")]
    statuses = "select distinct feature_contract_status from health_scorecard where feature_contract_status is not null"
    assert project.sql(statuses) == [("alert",)]


# name -> (arguments, how many failures)
USER_TESTS = {
    "of_the_version_that_serves": ({}, 2),
    "warnings_too": ({"level": "warn"}, 3),
    "of_version_two": ({"versions": "v2"}, 3),
    "of_two_versions_and_one_check": ({"versions": ["v1", "v2"], "checks": "definition"}, 1),
    "of_a_feature_that_holds": ({"features": "bmi"}, 0),
    "misspelt": ({"versions": "v4"}, 1),
    "nothing_compared": ({"versions": "v2", "features": "hba1c", "checks": "definition"}, 1),
}


def test_the_test_for_users(project, tmp_path):
    twin = project.copy(tmp_path / "twin")
    tests = [
        {
            "data_health.feature_contract_holds": {
                "arguments": {"monitor": "visits"} | given,
                "config": {"alias": f"said_{name}"},
            }
        }
        for name, (given, _) in USER_TESTS.items()
    ]
    (twin.folder / "models/rows.sql").write_text("select * from {{ source('raw', 'visits') }}")
    twin.write("models/rows.yml", {"models": [{"name": "rows", "data_tests": tests}]})
    result = twin.dbt("build", "--select", "rows", "--indirect-selection", "eager")
    failures = {item.node.alias: item.failures for item in result.result if item.node.resource_type == "test"}
    assert failures == {f"said_{name}": expected for name, (_, expected) in USER_TESTS.items()}


def test_one_row_switches_the_version(project, tmp_path):
    twin = project.copy(tmp_path / "project")
    twin.sql("insert into raw.serving values ('v2', '2024-06-01')")
    twin.build("--exclude", "test_type:unit")
    serving = twin.sql("select model_version from health_model_versions where is_serving")
    assert serving == [("v2",)]
    assert checks(twin, "v1")["bmi", "definition"] == "alert"
    assert ("bmi", "definition") not in checks(twin, "v2")
    twin.sql("insert into raw.serving values ('v1', '2024-07-01')")
    for path, text in walkthrough.files(PAGE).items():
        (twin.folder / path).write_text(text)
    twin.build("--exclude", "test_type:unit")
    assert twin.sql("select model_version from health_model_versions where is_serving") == [("v1",)]
    columns = twin.sql(
        "select column_name, data_type from information_schema.columns where table_name = 'served' order by ordinal_position"
    )
    assert columns == [
        ("id", "BIGINT"),
        ("age", "INTEGER"),
        ("bmi", "DOUBLE"),
        ("sex", "VARCHAR"),
        ("prior_visits", "BIGINT"),
    ]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        PATH.write_text(walkthrough.with_tables(PAGE, built(Path(temporary)).rows) + "## A team's day" + REST)
