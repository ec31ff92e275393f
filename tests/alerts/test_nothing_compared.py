"""A generic test whose selection is empty does not pass: it says what it looked for in vain, and what there is instead."""

import pytest
from consumer import Consumer

TABLES = ("people", "training", "nobody", "population")
PEOPLE = {"relation": {"source": ["raw", "people"]}, "time": "moment", "key": "id", "subgroups": ["shop"]}
TRAINING = {"relation": {"source": ["raw", "training"]}}
MONITORS = {
    "people": PEOPLE
    | {
        "references": {"train": TRAINING, "holdout": TRAINING},
        "segments": ["shop"],
        "population": {"source": ["raw", "population"]},
    },
    "plain": PEOPLE,
    # a table that never had a row
    "nobody": PEOPLE | {"relation": {"source": ["raw", "nobody"]}},
}


def unknown(kind, name, *known):
    return f"nothing was compared: no {kind} is called {name}; there are: {', '.join(known) or 'none'}"


NO_ROW = "nothing was compared: no row is there for what this test asks for"
# of each case the test, its arguments, and the beginning of the reason of each failure; none where it passes
CASES = {
    "drift_all": ("drift_below", {}, []),
    "drift_known": ("drift_below", {"reference": "train", "columns": "amount", "segments": True}, []),
    "drift_reference": (
        "drift_below",
        {"reference": "trian"},
        [unknown("reference", "trian", "train", "holdout", "(previous period)")],
    ),
    "drift_column": (
        "drift_below",
        {"columns": ["amount", "amuont"]},
        [unknown("column", "amuont", "amount", "shop")],
    ),
    "drift_metric": (
        "drift_below",
        {"metric": "kolmogorov_smirnof"},
        [unknown("metric", "kolmogorov_smirnof", "kolmogorov_smirnov")],
    ),
    "drift_two": (
        "drift_below",
        {"reference": "hold_out", "columns": "shops"},
        [unknown("column", "shops", "shop", "amount"), unknown("reference", "hold_out", "holdout", "train")],
    ),
    "drift_segments": (
        "drift_below",
        {"monitor": "plain", "segments": True},
        [unknown("scope", "segments", "all rows")],
    ),
    "drift_nobody": ("drift_below", {"monitor": "nobody"}, [NO_ROW]),
    "volume": ("volume_expected", {}, []),
    "volume_nobody": ("volume_expected", {"monitor": "nobody"}, ["the table has no row"]),
    "alerts": ("no_open_alerts", {"findings": ["volume", "drift"]}, []),
    "alerts_finding": ("no_open_alerts", {"findings": "drfit"}, [unknown("finding", "drfit", "drift")]),
    "alerts_nobody": ("no_open_alerts", {"monitor": "nobody"}, ["the table has no row"]),
    "groups": ("representation_between", {"subgroups": "shop", "groups": ["north"], "minimum": 0.5}, []),
    "groups_reference": (
        "representation_between",
        {"reference": "trian"},
        [unknown("reference", "trian", "train", "(population)", "holdout", "(previous period)")],
    ),
    "groups_subgroup": ("representation_between", {"subgroups": "shpo"}, [unknown("subgroup", "shpo", "shop")]),
    "groups_group": (
        "representation_between",
        {"groups": ["nroth", "south"], "minimum": 0.5},
        [unknown("group", "nroth", "north", "south")],
    ),
    "groups_no_population": (
        "representation_between",
        {"monitor": "plain"},
        [unknown("reference", "(population)", "(previous period)")],
    ),
    "groups_nobody": ("representation_between", {"monitor": "nobody"}, [unknown("reference", "(population)")]),
    "schema": ("no_schema_change", {"columns": ["amount", "shop"]}, []),
    "schema_column": ("no_schema_change", {"columns": ["amount", "sohp"]}, [unknown("column", "sohp", "shop")]),
    "coverage": ("coverage_at_least", {}, []),
    "coverage_reference": (
        "coverage_at_least",
        {"reference": "trian"},
        [unknown("reference", "trian", "train", "holdout")],
    ),
    "coverage_column": (
        "coverage_at_least",
        {"columns": ["amuont", "shop"]},
        [unknown("column", "amuont", "amount", "shop")],
    ),
    "coverage_nobody": ("coverage_at_least", {"monitor": "nobody"}, [NO_ROW]),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A year of 100 rows a month, that has all it is asked for, and a table without rows."""
    consumer = Consumer(tmp_path_factory.mktemp("nothing") / "project", {"monitors": MONITORS}, sources=TABLES)
    consumer.sql("""
        create table raw.people as
        select i as id, timestamp '2024-01-01' + to_months(cast(i // 100 as integer)) as moment,
            cast((i * 37) % 100 as double) as amount, case i % 2 when 0 then 'north' else 'south' end as shop
        from range(1200) as numbers (i);
        create table raw.training as select id, amount, shop from raw.people;
        create table raw.nobody as select * from raw.people where false;
        create table raw.population as
        select 'shop' as subgroup, 'north' as value, 0.5 as share union all select 'shop', 'south', 0.5;
    """)
    tests = [
        {
            f"data_health.{test}": {
                "name": case,
                "arguments": {"monitor": "people"} | arguments,
                "config": {"alias": case},
            }
        }
        for case, (test, arguments, _) in CASES.items()
    ]
    tables = [{"name": name} | ({"data_tests": tests} if name == "people" else {}) for name in TABLES]
    consumer.write("models/sources.yml", {"sources": [{"name": "raw", "schema": "raw", "tables": tables}]})
    consumer.build("--store-failures", "--exclude", "test_type:unit")
    return consumer


@pytest.mark.parametrize("case", CASES)
def test_an_empty_selection_fails_with_what_there_is(project, case):
    test, _, reasons = CASES[case]
    column = "evidence" if test == "no_open_alerts" else "reason"
    found = project.sql(f"select {column} from main_dbt_test__audit.{case} order by 1")
    assert len(found) == len(reasons)
    assert all(reason.startswith(begin) for (reason,), begin in zip(found, reasons, strict=True))


def test_it_warns_or_fails_by_its_severity(project):
    outcomes = {item["unique_id"].split(".")[2]: item["status"] for item in project.run_results()}
    assert {case: outcomes[case] for case in CASES} == {
        case: "warn" if reasons else "pass" for case, (_, _, reasons) in CASES.items()
    }
    tests = [
        {
            "data_health.drift_below": {
                "arguments": {"monitor": "people", "reference": "trian"},
                "config": {"severity": "error"},
            }
        }
    ]
    tables = [{"name": name} | ({"data_tests": tests} if name == "people" else {}) for name in TABLES]
    project.write("models/sources.yml", {"sources": [{"name": "raw", "schema": "raw", "tables": tables}]})
    project.dbt("test", "--select", "source:*", succeeds=False)
    assert [item["status"] for item in project.run_results()] == ["fail"]
