"""Features as they were known: against brute force on 200 random histories with ties, late loads, old values and null keys."""

import random
from datetime import datetime, timedelta

import pytest
from consumer import Consumer
from postgres_server import PostgresConsumer

START = datetime(2024, 1, 1)
HISTORIES = 200
CALL = """{{ config(materialized='table') }}
{{ data_health.point_in_time_join(
    source('raw', 'labels'), key=['customer', 'order'], time='asked_at',
    features=[
        {'relation': source('raw', 'balances'), 'key': ['client', 'order'], 'time': 'booked_at', 'loaded_at': 'loaded_at',
         'tie_breaker': 'entry', 'time_to_live': '5 days', 'columns': ['balance', 'Größe'], 'prefix': 'account_'},
        {'relation': source('raw', 'visits'), 'time': 'visited_at', 'columns': ['visits', 'known_from']}
    ]
) }}"""
FEATURES = [
    {
        "relation": "source('raw', 'balances')",
        "key": ["client", "order"],
        "time": "booked_at",
        "loaded_at": "loaded_at",
        "columns": ["balance", "Größe"],
        "prefix": "account_",
    },
    {"relation": "source('raw', 'visits')", "time": "visited_at", "columns": ["visits"]},
]
# the same table, but with the newest value of all time beside every row
LEAKING = """{{ config(materialized='table') }}
select l.*, b.balance as account_balance, b."Größe" as "account_Größe", v.visits
from {{ source('raw', 'labels') }} as l
left join {{ source('raw', 'balances') }} as b on l.customer = b.client and l."order" = b."order" and b.entry = 0
left join {{ source('raw', 'visits') }} as v on l.customer = v.customer and l."order" = v."order" and v.visits = 0"""


def moment(generator, days):
    """A time on a coarse grid, so that many are the same."""
    return START + timedelta(hours=12 * generator.randrange(2 * days))


def histories(seed):
    """The rows of three tables: labels, balances, visits; one customer per history."""
    generator = random.Random(seed)
    labels, balances, visits = [], [], []
    for customer in range(HISTORIES):
        key = None if customer == 0 else customer
        for number in range(generator.randrange(6)):
            asked_at = None if generator.random() < 0.05 else moment(generator, 20)
            labels.append((len(labels), key, generator.choice([1, 2]), asked_at, number))
        for entry in range(generator.randrange(12)):
            booked_at = None if generator.random() < 0.05 else moment(generator, 20)
            delay = generator.choice([0, 0, 1, 3, 10])
            loaded_at = None if generator.random() < 0.05 else (booked_at or START) + timedelta(days=delay)
            balance = None if generator.random() < 0.1 else generator.randrange(1000)
            balances.append((key, generator.choice([1, 2]), booked_at, loaded_at, entry, balance, f"g{entry}"))
        times = generator.sample(range(40), generator.randrange(8))
        visits += [
            (key, generator.choice([1, 2]), START + timedelta(hours=12 * time), count, 10 * count)
            for count, time in enumerate(times)
        ]
    return labels, balances, visits


def expected(labels, balances, visits):
    """Label number -> balance, Größe and visits, looked up one by one."""
    found = {}
    for number, customer, order, asked_at, _ in labels:
        values = (None, None, None)
        if customer is not None and asked_at is not None:
            known = [
                (booked_at, loaded_at, entry, balance, size)
                for client, own_order, booked_at, loaded_at, entry, balance, size in balances
                if (client, own_order) == (customer, order)
                and booked_at is not None
                and loaded_at is not None
                and booked_at <= asked_at
                and loaded_at <= asked_at
            ]
            seen = [
                (visited_at, count)
                for client, own_order, visited_at, count, _ in visits
                if (client, own_order) == (customer, order) and visited_at <= asked_at
            ]
            newest = max(known, key=lambda row: row[:3]) if known else None
            if newest and newest[0] < asked_at - timedelta(days=5):
                newest = None
            values = (*(newest[3:] if newest else (None, None)), max(seen)[1] if seen else None)
        found[number] = values
    return found


@pytest.fixture(params=["duckdb", "postgres"])
def project(request, tmp_path):
    """The three tables in a project, with a training set of them and one that looks into the future."""
    tests = [
        {
            "data_health.nothing_from_the_future": {
                "arguments": {"key": ["customer", "order"], "time": "asked_at", "features": FEATURES}
            }
        }
    ]
    models = {"training.sql": CALL, "leaking.sql": LEAKING}
    options = {"models": models, "sources": ["labels", "balances", "visits"]}
    if request.param == "duckdb":
        consumer = Consumer(tmp_path / "project", {}, **options)
    else:
        consumer = PostgresConsumer(request.getfixturevalue("postgres"), tmp_path / "project", {}, **options)
    consumer.write(
        "models/training.yml", {"models": [{"name": name, "data_tests": tests} for name in ("training", "leaking")]}
    )
    tables = {
        "labels": 'number integer, customer integer, "order" integer, asked_at timestamp, label integer',
        "balances": 'client integer, "order" integer, booked_at timestamp, loaded_at timestamp, entry integer, balance integer, "Größe" varchar',
        "visits": 'customer integer, "order" integer, visited_at timestamp, visits integer, known_from integer',
    }
    for (name, columns), rows in zip(tables.items(), histories(7), strict=True):
        values = ", ".join(
            "(" + ", ".join("null" if value is None else f"'{value}'" for value in row) + ")" for row in rows
        )
        consumer.sql(f"create table raw.{name} ({columns}); insert into raw.{name} values {values}; select 1")
    return consumer


def test_features_are_those_that_were_known(project):
    project.dbt("run", "--select", "training")
    # a column of a feature table may have the name of something that the macro computes
    assert project.sql("select count(*) from training where known_from is distinct from 10 * visits") == [(0,)]
    rows = project.rows('select number, account_balance, "account_Größe" as size, visits from training')
    assert {row["number"]: (row["account_balance"], row["size"], row["visits"]) for row in rows} == expected(
        *histories(7)
    )
    assert len(rows) == len(histories(7)[0])
    # the histories have what the join is for
    assert sum(row["account_balance"] is not None for row in rows) > 50


def test_what_was_not_known_fails(project):
    project.dbt("build", "--select", "training")
    result = project.dbt("build", "--select", "leaking", succeeds=False)
    (test,) = [item for item in result.result if item.node.resource_type == "test"]
    labels, balances, visits = histories(7)
    leaks = 0
    for _, customer, order, asked_at, _ in labels:
        if customer is None or asked_at is None:
            continue
        own = [row for row in balances if row[:2] == (customer, order) and row[4] == 0]
        leaks += sum(
            not any(
                other[:2] == row[:2]
                and other[5:] == row[5:]
                and other[2] is not None
                and other[3] is not None
                and other[2] <= asked_at
                and other[3] <= asked_at
                for other in balances
            )
            for row in own
        )
        leaks += sum(row[:2] == (customer, order) and row[3] == 0 and row[2] > asked_at for row in visits)
    assert leaks > 20
    # rows without a time know nothing, so each of their values is a failure as well
    timeless = [label for label in labels if label[3] is None and label[1] is not None]
    leaks += sum(row[:2] == label[1:3] and row[4] == 0 for label in timeless for row in balances)
    leaks += sum(row[:2] == label[1:3] and row[3] == 0 for label in timeless for row in visits)
    assert test.failures == leaks


def test_a_training_set_without_features_proves_nothing(project):
    project.sql("delete from raw.labels; select 1")
    result = project.dbt("build", "--select", "training", succeeds=False)
    (test,) = [item for item in result.result if item.node.resource_type == "test"]
    assert test.failures == len(FEATURES)
