"""The tests that a team puts under its own table: what they pass and fail, what they say, and what is acknowledged."""

import json
from datetime import date

import pytest
import walkthrough
from consumer import REPOSITORY, Consumer
from generic_tests import ALL, ORDERS, outcomes_of, properties
from rows_per_period import rows_of


@pytest.fixture
def orders(make_consumer):
    """A year of 100 orders a month, monitored by a monitor that is called like the model, and built."""
    monitor = {
        "relation": {"ref": "orders"},
        "time": "moment",
        "loaded_at": "loaded_at",
        "key": "order_id",
        "owner": "shop team",
        "volume": {"fresh_within": "36500 days"},
        "references": {"first": {"from": "2023-01-01", "to": "2023-04-01"}},
    }
    models = {"orders.sql": ORDERS, "orders.yml": properties(*ALL)}
    consumer = make_consumer(
        {"monitors": {"orders": monitor}, "acknowledgements": {"source": ["raw", "known"]}},
        models=models,
        sources=("rows", "known"),
    )
    consumer.sql("""
        create table raw.rows as
        select
            month * 1000 + number as order_id,
            date_trunc('month', timestamp '2023-01-01' + to_months(cast(month as integer))) + to_hours(cast(number * 7 as integer)) as moment,
            moment + interval 1 hour as loaded_at,
            cast((number * 37) % 100 as double) as amount,
            case number % 2 when 0 then 'north' else 'south' end as shop
        from range(12) as months (month), range(100) as numbers (number);
        create table raw.known (monitor varchar, finding varchar, column_name varchar, first_period varchar, acknowledged_until varchar, acknowledged_by varchar, note varchar)
    """)
    return consumer


def stored_failures(consumer, name):
    (schema, table), *_ = consumer.sql(f"""
        select table_schema, table_name from information_schema.tables
        where table_schema like '%dbt_test__audit' and table_name like 'data_health_{name}%'
    """)
    return consumer.rows(f'select * from {schema}."{table}"')


def test_a_sound_table_passes_and_the_tests_hang_on_the_marts(orders):
    found = outcomes_of(
        orders, "--select", "+orders", "package:data_health", "--exclude", "test_type:unit", command="build"
    )
    assert found == dict.fromkeys(ALL, ("pass", 0))
    assert orders.sql("select * from health_alerts") == []
    assert set(orders.sql("select status from health_scorecard")) == {("ok",)}
    nodes = json.loads((orders.folder / "target" / "manifest.json").read_text())["nodes"]
    edges = {
        name: {parent.split(".")[-1] for parent in node["depends_on"]["nodes"]}
        for name in ALL
        for node in nodes.values()
        if node["resource_type"] == "test" and node["package_name"] == "consumer" and name in node["name"]
    }
    assert edges == {
        "drift_below": {"orders", "health_drift", "health_volume"},
        "volume_expected": {"orders", "health_volume"},
        "fresh_within": {"orders", "health_volume"},
        "no_schema_change": {"orders", "health_schema_changes", "health_volume", "monitored_columns"},
        "no_open_alerts": {"orders", "health_alerts", "findings", "health_monitors"},
    }


def test_a_table_with_faults_fails_says_why_and_can_be_acknowledged(orders):
    orders.build("--exclude", "test_type:unit")
    # the newest month came three times, and a column went
    orders.sql("""
        insert into raw.rows
        select order_id + 100000 * copy, moment, loaded_at + interval 1 minute, amount, shop
        from raw.rows, range(1, 3) as copies (copy) where moment >= '2023-12-01'
    """)
    (orders.folder / "models" / "orders.sql").write_text(
        "select order_id, moment, loaded_at, amount from {{ source('raw', 'rows') }}"
    )
    options = {"fresh_within": {"hours": 24}, "no_open_alerts": {"level": "warn", "config": {"severity": "error"}}}
    (orders.folder / "models" / "orders.yml").write_text(properties(*ALL, **options))
    orders.build("--exclude", "test_type:data", "test_type:unit")
    add_drift(orders)
    orders.dbt("run", "--select", "findings+")
    found = outcomes_of(orders, "--select", "orders", "--store-failures", succeeds=False)
    assert found == {
        "drift_below": ("warn", 1),
        "volume_expected": ("warn", 1),
        "fresh_within": ("warn", 1),
        "no_schema_change": ("warn", 1),
        "no_open_alerts": ("fail", 3),
    }
    (drift,) = stored_failures(orders, "drift_below")
    assert (drift["column_name"], drift["period_start"], drift["metric"]) == (
        "amount",
        date(2023, 12, 1),
        "kolmogorov_smirnov",
    )
    assert (drift["value"], drift["threshold"], drift["status"]) == (0.5, 0.2, "alert")
    (volume,) = stored_failures(orders, "volume_expected")
    assert (volume["row_count"], volume["expected_row_count"]) == (300, pytest.approx(100))
    assert volume["expected_upper"] < 300
    (fresh,) = stored_failures(orders, "fresh_within")
    assert fresh["threshold"] == 24 and fresh["hours_since_newest_row"] > 24 * 365
    (schema,) = stored_failures(orders, "no_schema_change")
    assert (schema["column_name"], schema["change"], schema["status"]) == ("shop", "dropped", "alert")
    alerts = {row["finding"]: row for row in orders.rows("select * from health_alerts")}
    assert set(alerts) == {"drift", "volume", "schema"}
    for row in alerts.values():
        assert (row["severity"], row["is_open"], row["is_acknowledged"]) == ("alert", True, False)
        assert (row["first_period"], row["owner"], row["relation"]) == (date(2023, 12, 1), "shop team", "ref orders")
    assert alerts["drift"]["evidence"] == (
        "kolmogorov_smirnov 0.500 against first (alert above 0.200), q below 0.0001, 300 rows"
    )
    card = orders.rows("select * from health_scorecard where is_latest")[0]
    assert (card["status"], card["alert_count"], card["acknowledged_count"]) == ("alert", 3, 0)

    orders.sql(
        """insert into raw.known values
        ('orders', '*', '', '', '2099-12-31', 'Ann', 'known'), ('orders', 'volume', '*', null, '2020-01-01', 'Bob', 'long ago'),
        ('', '', null, null, '2099-02-30', 'Cy', 'no such day'), ('', '', '', 'soon', '2099-12-31', 'Dee', 'no period'),
        ('', '', '', '', null, 'Eve', 'no date')"""
    )
    orders.dbt("run", "--select", "findings+")
    assert outcomes_of(orders, "--select", "orders")["no_open_alerts"] == ("pass", 0)
    assert set(orders.sql("select is_acknowledged, acknowledged_by, muted_until from health_alerts")) == {
        (True, "Ann", date(2099, 12, 31))
    }
    card = orders.rows("select * from health_scorecard where is_latest")[0]
    assert (card["status"], card["volume_status"], card["alert_count"], card["acknowledged_count"]) == (
        "ok",
        "alert",
        0,
        3,
    )


def add_drift(consumer):
    """One drifting column in the newest month, as health_drift tells it; with what the mart says itself replaced."""
    consumer.sql("""
        delete from health_drift where monitor = 'orders';
        insert into health_drift (monitor, period_start, period_end, is_latest, segment_column, segment_value, reference, column_name,
            metric, value, warn_threshold, alert_threshold, q_value, row_count, status, column_status, deciding_metric)
        select 'orders', date '2023-12-01', date '2024-01-01', true, '(all)', '(all)', reference, 'amount', metric, value, 0.1, 0.2,
            1e-9, 300, status, 'alert', 'kolmogorov_smirnov'
        from (values ('first', 'kolmogorov_smirnov', 0.5, 'alert'), ('first', 'population_stability_index', 0.05, 'ok'),
            ('(previous period)', 'kolmogorov_smirnov', 0.4, 'alert')) as told (reference, metric, value, status)
    """)


@pytest.mark.parametrize(
    ("arguments", "failures"),
    [
        ({}, 1),
        ({"columns": ["amount"]}, 1),
        ({"columns": ["shop"]}, 1),
        ({"reference": "(previous period)"}, 1),
        ({"reference": "other"}, 1),
        ({"metric": "population_stability_index"}, 0),
        ({"metric": "population_stability_index", "threshold": 0.04}, 1),
        ({"threshold": 0.06}, 0),
        ({"threshold": 0.04}, 1),
        ({"metric": "kolmogorov_smirnov", "level": "warn"}, 1),
    ],
)
def test_drift_below_looks_where_it_is_told(drifting, arguments, failures):
    (drifting.folder / "models" / "orders.yml").write_text(properties("drift_below", drift_below=arguments))
    found = outcomes_of(drifting, "--select", "orders")
    assert found == {"drift_below": ("warn" if failures else "pass", failures)}


@pytest.fixture(scope="module")
def drifting(tmp_path_factory):
    monitors = {"orders": {"relation": {"ref": "orders"}, "time": "moment"}}
    consumer = Consumer(
        tmp_path_factory.mktemp("drifting") / "project",
        {"monitors": monitors},
        models={"orders.sql": "select moment, value as amount from {{ source('raw', 'rows') }}"},
    )
    rows_of(consumer, "rows", [30], [date(2023, 12, 1)])
    consumer.dbt("run", "--select", "+health_alerts")
    add_drift(consumer)
    return consumer


def test_a_test_of_a_monitor_that_is_not_there_is_an_error(drifting):
    wrong = {"volume_expected": {"monitor": "ordres"}}
    (drifting.folder / "models" / "orders.yml").write_text(properties("volume_expected", **wrong))
    drifting.dbt("compile")
    result = drifting.dbt("test", "--select", "orders", succeeds=False)
    (message,) = {item.message for item in result.result}
    assert "monitor: found 'ordres'; did you mean 'orders'? Allowed: orders" in message


def test_the_tests_of_the_page_run(drifting):
    blocks = walkthrough.BLOCK.finditer((REPOSITORY / "docs" / "alerts.md").read_text())
    (properties_file,) = [block["text"] for block in blocks if "data_tests" in block["text"]]
    (drifting.folder / "models" / "orders.yml").write_text(properties_file)
    # the table has one month of 2023 only, too old, and no earlier one to compare with; nor has it a column `shop`
    assert outcomes_of(drifting, "--select", "orders", succeeds=False) == {
        "drift_below": ("pass", 0),
        "volume_expected": ("warn", 1),
        "fresh_within": ("fail", 1),
        "no_schema_change": ("warn", 1),
        "no_open_alerts": ("warn", 1),
    }
