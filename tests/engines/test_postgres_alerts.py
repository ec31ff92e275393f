"""Judgements, acknowledgements and the generic tests on PostgreSQL; that both engines judge the demo alike is in test_postgres.py."""

from datetime import date

import pytest
import yaml
from click.testing import CliRunner
from data_health.command_line import main
from generic_tests import ALL, ORDERS, outcomes_of, properties
from postgres_server import PostgresConsumer
from rows_per_period import MONTHS, NORMAL
from volume_oracle import expectations

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shop(postgres, tmp_path_factory):
    """A year of orders, and a month with three times as many; the gap of May is known, until a day that has passed."""
    counts = [*NORMAL, 1200]
    counts[10] = 0
    monitor = {"relation": {"ref": "orders"}, "time": "moment", "loaded_at": "loaded_at", "key": "order_id"}
    configuration = {
        "monitors": {"orders": monitor},
        "acknowledgements": {"source": ["raw", "known"]},
    }
    consumer = PostgresConsumer(
        postgres,
        tmp_path_factory.mktemp("shop") / "project",
        configuration,
        models={"orders.sql": ORDERS, "orders.yml": properties(*ALL)},
        sources=("rows", "known"),
    )
    values = ", ".join(f"(timestamp '{day}', {count})" for day, count in zip(MONTHS, counts, strict=False))
    consumer.rows(f"""
        create table raw.rows as
        select row_number() over () as order_id, moment + number * interval '1 minute' as moment,
            moment + number * interval '1 minute' + interval '1 hour' as loaded_at,
            cast(number % 100 as double precision) as amount, case number % 2 when 0 then 'north' else 'south' end as shop
        from (values {values}) as periods (moment, row_count)
        cross join lateral generate_series(1, row_count) as numbers (number);
        create table raw.known (monitor varchar, finding varchar, column_name varchar, first_period date, acknowledged_until date, acknowledged_by varchar, note varchar);
        insert into raw.known values ('orders', 'volume', '*', date '{MONTHS[12]}', date '2099-12-31', 'Ann', 'a sale'),
            (null, 'freshness', null, null, date '2020-12-31', 'Bob', 'long ago');
        select 1 as done
    """)
    consumer.build("--exclude", "test_type:unit")
    return consumer, counts


def test_a_monitor_is_proposed(shop):
    consumer, _ = shop
    done = CliRunner().invoke(main, ["init", "orders", "--project-dir", str(consumer.folder)])
    assert done.exit_code == 0, done.output
    proposed = yaml.safe_load(done.output)["vars"]["data_health"]["monitors"]["orders"]
    assert proposed["relation"] == {"ref": "orders"} and proposed["loaded_at"] == "loaded_at"
    assert (proposed["key"], proposed["time"], proposed["grain"]) == ("order_id", "moment", "month")


def test_rows_are_judged_as_on_duckdb(shop):
    consumer, counts = shop
    rows = {row["period_start"]: row for row in consumer.rows("select * from health_volume")}
    for day, limits in zip(MONTHS, expectations(counts, MONTHS[:13]), strict=False):
        found = tuple(rows[day][name] for name in ("expected_row_count", "expected_lower", "expected_upper"))
        assert found == (pytest.approx(limits[:3], rel=1e-9) if limits else (None,) * 3)
    findings = {(row["finding"], row["first_period"]): row for row in consumer.rows("select * from health_alerts")}
    assert {key: (row["severity"], row["is_acknowledged"]) for key, row in findings.items()} == {
        ("volume", MONTHS[10]): ("alert", False),
        ("volume", date(2016, 1, 1)): ("alert", True),
        ("freshness", date(2016, 1, 1)): ("alert", False),
    }


def test_the_generic_tests_pass_and_fail(shop):
    consumer, _ = shop
    assert outcomes_of(consumer, "--select", "orders") == {
        "drift_below": ("pass", 0),
        "volume_expected": ("warn", 1),
        "fresh_within": ("warn", 1),
        "no_schema_change": ("pass", 0),
        "no_open_alerts": ("warn", 1),
    }
    options = {
        "drift_below": {"columns": "amount", "metric": "kolmogorov_smirnov", "threshold": 0.3, "segments": True},
        "volume_expected": {"all_periods": True, "level": "warn"},
        "fresh_within": {"hours": 24 * 36500},
        "no_schema_change": {"columns": ["shop"]},
        "no_open_alerts": {"findings": ["volume"]},
    }
    (consumer.folder / "models" / "orders.yml").write_text(properties(*ALL, **options))
    assert outcomes_of(consumer, "--select", "orders") == {
        # segments are asked for, and there are none
        "drift_below": ("warn", 1),
        "volume_expected": ("warn", 2),
        "fresh_within": ("pass", 0),
        "no_schema_change": ("pass", 0),
        "no_open_alerts": ("pass", 0),
    }
