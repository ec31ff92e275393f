"""Conditions in SQL: one may end in a comment, and one that the database refuses stops nothing but its own monitor."""

import contextlib
import io

import pytest
from consumer import Consumer
from dbt.cli.main import dbtRunner

MONITOR = {"relation": {"source": ["raw", "rows"]}, "time": "t", "key": "id"}
ROWS = """
    create table raw.rows as
    select i as id, timestamp '2024-01-01' + i // 100 * interval 1 month as t, i % 10 as v from range(1000) as numbers (i)
"""


def test_a_condition_may_end_in_a_comment(tmp_path):
    rules = [
        {"column": "v", "range": [0, 3], "when": "id < 500 -- the old ones", "name": "old"},
        {"expression": "id >= 0 -- always", "name": "always"},
        {"column": "v", "set": "v + 1 -- one more", "name": "more"},
    ]
    set_of_rules = {
        "relation": {"source": ["raw", "rows"]},
        "key": "id",
        "where": "v < 5 -- only small",
        "rules": rules,
    }
    configuration = {
        "monitors": {"commented": MONITOR | {"where": "v < 5 -- only small"}},
        "cleaning": {"rows": set_of_rules | {"time": "t"}},
    }
    consumer = Consumer(tmp_path / "project", configuration, models={"cleaned.sql": "{{ data_health.clean('rows') }}"})
    consumer.sql(ROWS)
    consumer.build("--exclude", "test_type:unit")
    assert consumer.sql("select sum(row_count) from health_volume") == [(500,)]
    assert consumer.sql("select count(*), min(v), max(v) from cleaned") == [(500, 1, 5)]
    outcomes = consumer.sql(
        "select rule, sum(tested_count), sum(failed_count) from health_rule_outcomes group by all order by 1"
    )
    assert outcomes == [("always", 500, 0), ("more", 500, 0), ("old", 250, 50)]


@pytest.fixture
def refused(tmp_path):
    monitors = {"good": MONITOR | {"where": "v < 5"}, "wrong": MONITOR | {"where": "no_such_column = 1"}}
    consumer = Consumer(tmp_path / "project", {"monitors": monitors})
    consumer.sql(ROWS)
    return consumer


def run(consumer, *arguments, only=""):
    """Statuses by model, and everything that was said."""
    heard = []
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()):
        patch.setenv("DATA_HEALTH_ONLY", only)
        patch.chdir(consumer.folder)
        result = dbtRunner(callbacks=[lambda event: heard.append(event.info.msg)]).invoke(["run", *arguments])
    return {item.node.name: item for item in result.result}, heard


def test_a_condition_that_the_database_refuses_is_named_with_its_monitor(refused):
    results, heard = run(refused)
    assert results["health_monitors"].status == "error"
    assert '"no_such_column"' in results["health_monitors"].message
    said = [line for line in heard if line.startswith("data_health: checks the condition")]
    assert said[-1] == (
        "data_health: checks the condition of monitor wrong in the database: where no_such_column = 1. "
        "If an error follows, correct the condition. "
        "To build the other monitors, set the environment variable DATA_HEALTH_ONLY='!wrong'."
    )
    # nothing was counted
    assert refused.sql("select count(*) from information_schema.tables where table_name = 'monitored_periods'") == [
        (0,)
    ]
    results, _ = run(refused, only="!wrong")
    assert {item.status for item in results.values()} == {"success"}
    assert refused.sql("select monitor, sum(row_count) from health_volume group by all") == [("good", 500)]


def test_only_a_condition_that_is_new_is_asked_about(refused):
    refused.configure({"monitors": {"good": MONITOR | {"where": "v < 5"}}})
    asked = [number_asked(refused) for _ in range(2)]
    refused.configure({"monitors": {"good": MONITOR | {"where": "v < 6"}}})
    asked += [number_asked(refused) for _ in range(2)]
    assert asked[0] >= 1 and asked[2] >= 1 and (asked[1], asked[3]) == (0, 0)


def number_asked(consumer):
    """How often the one model that asks did so."""
    return sum("checks the condition" in line for line in run(consumer, "--select", "health_monitors")[1])


def test_an_empty_run_asks_nothing(tmp_path):
    """With --empty dbt puts every table in brackets of its own."""
    consumer = Consumer(tmp_path / "project", {"monitors": {"good": MONITOR | {"where": "v < 5"}}})
    consumer.sql(ROWS)
    consumer.dbt("run", "--empty")
    assert consumer.sql("select count(*) from health_volume") == [(0,)]
    consumer.dbt("run")
    assert consumer.sql("select sum(row_count) from health_volume") == [(500,)]
