"""A run that fails before it comes to the alerts leaves those of the run before: no_open_alerts does not pass on them."""

import numpy as np
import pytest
import yaml
from consumer import Consumer
from data_health.components import components

TABLES = ("orders", "visits")
ROWS = """
    select i as id, timestamp '2025-01-01' + i // 40 * interval 1 day as moment, (i * 37) % 11 + 0.5 as amount, (i * 53) % 17 + 0.5 as weight
    from range(3600) as numbers (i)
"""
WHOLE = ("--exclude", "test_type:unit")


def monitor(name):
    return {
        "relation": {"source": ["raw", name]},
        "key": "id",
        "time": "moment",
        "references": {"january": {"from": "2025-01-01", "to": "2025-02-01"}},
    }


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    configuration = {"monitors": {name: monitor(name) for name in TABLES}}
    consumer = Consumer(tmp_path_factory.mktemp("stale") / "project", configuration, sources=TABLES)
    tests = [{"data_health.no_open_alerts": {"arguments": {"findings": "implausible_time"}}}]
    tables = [{"name": name, "data_tests": tests} for name in TABLES]
    text = yaml.safe_dump({"sources": [{"name": "raw", "schema": "raw", "tables": tables}]})
    (consumer.folder / "models" / "sources.yml").write_text(text)
    for name in TABLES:
        consumer.sql(f"create table raw.{name} as {ROWS}")
    consumer.build(*WHOLE)
    return consumer


def outcomes(project, command="test", *arguments, **options):
    result = project.dbt(command, *arguments, **options)
    return {
        table: item.status.value
        for item in result.result
        for table in TABLES
        if "no_open_alerts" in item.node.name and f"_{table}_" in item.node.name
    }


def fail(project, **options):
    """A build whose components have an error."""

    def broken(matrix):
        raise ValueError("no components today")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(components.np.linalg, "eigh", broken)
        project.build(*WHOLE, succeeds=False, **options)


def of_the_tests(project, *arguments):
    return outcomes(project, "test", "--select", "test_name:no_open_alerts", *arguments)


def test_alerts_are_fresh_after_a_whole_build_whatever_the_day(project):
    assert of_the_tests(project) == {"orders": "pass", "visits": "pass"}
    assert of_the_tests(project) == {"orders": "pass", "visits": "pass"}


def test_a_build_of_some_models_does_not_fail(project, tmp_path):
    twin = project.copy(tmp_path / "project")
    passed = {"orders": "pass", "visits": "pass"}
    assert outcomes(twin, "build", "--select", "+health_drift", *WHOLE) == passed
    assert outcomes(twin, "build", "--select", "health_volume+", *WHOLE) in ({}, passed)


def test_alerts_of_the_run_before_are_stale(project, tmp_path):
    twin = project.copy(tmp_path / "project")
    fail(twin)
    assert of_the_tests(twin, "--store-failures") == {"orders": "warn", "visits": "warn"}
    (table,) = twin.sql(
        "select table_schema || '.' || table_name from information_schema.tables where table_name like '%no_open_alerts%orders%'"
    )[0]
    ((finding, evidence),) = twin.sql(f"select finding, evidence from {table}")
    assert finding == "stale"
    assert evidence.startswith("the alerts are stale: they are of 20") and "did not build them" in evidence
    twin.build(*WHOLE)
    assert of_the_tests(twin) == {"orders": "pass", "visits": "pass"}


def test_the_alerts_of_a_monitor_that_the_run_left_out_are_not_stale(project, tmp_path):
    twin = project.copy(tmp_path / "project")
    fail(twin, only="orders")
    assert of_the_tests(twin) == {"orders": "warn", "visits": "pass"}


def test_numpy_is_whole_again():
    assert np.linalg.eigh(np.eye(2))[0].tolist() == [1, 1]
