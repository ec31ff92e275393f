"""The declared key: rows that repeat it, and rows without it, are counted per period, and are a finding."""

from datetime import date

import pytest
from consumer import Consumer
from postgres_server import PostgresConsumer

# of each day 1,000 rows; a month is one period
ROWS = """
    select i as id, i % 97 as "Größe", timestamp '2024-01-01' + interval '1 day' * cast(floor(i / 1000.0) as integer) as t, i % 7 as v
    from generate_series(0, 9999) as numbers (i)
"""
TABLES = {
    "sound": ROWS,
    # 5 % of the rows of one day are there twice, and a row of another day four times
    "loaded_twice": f"{ROWS} union all select * from ({ROWS}) as again where id between 3000 and 3049"
    f" union all select again.* from ({ROWS}) as again, generate_series(1, 3) as copies where id = 7000",
    "without": f"""
        select case when id % 1000 < 20 then null else id end as id, "Größe", t, v from ({ROWS}) as sound_rows
    """,
    # the key of two columns is unique, each of them is not
    "two_columns": f'select id % 500 as id, id - id % 500 as "Größe", t, v from ({ROWS}) as sound_rows',
    "wrong": ROWS,
    "timeless": f"select id - id % 2 as id, v from ({ROWS}) as sound_rows",
    "no_key": ROWS,
}


def monitors():
    monitored = {
        name: {"relation": {"source": ["raw", name]}, "time": "t", "key": "id", "grain": "day"} for name in TABLES
    }
    monitored["two_columns"]["key"] = ["id", "Größe"]
    monitored["wrong"]["key"] = "Größe"
    monitored["sound"]["segments"] = ["v"]
    del monitored["timeless"]["time"], monitored["no_key"]["key"]
    return monitored


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def project(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys") / "project"
    if request.param == "duckdb":
        consumer = Consumer(folder, {"monitors": monitors()}, sources=tuple(TABLES))
    else:
        server = request.getfixturevalue("postgres")
        consumer = PostgresConsumer(server, folder, {"monitors": monitors()}, sources=tuple(TABLES))
    for name, query in TABLES.items():
        consumer.sql(f"create table raw.{name} as {query}; select 1")
    consumer.build_up_to("health_alerts")
    return consumer


def counts(project, name):
    rows = project.sql(f"""
        select period_start, key_repeated_count, key_null_count, key_status
        from health_volume where monitor = '{name}' and (key_status <> 'ok' or key_status is null) order by period_start
    """)
    return [tuple(row) for row in rows]


def test_repeated_and_missing_keys_are_counted_per_period(project):
    assert counts(project, "sound") == counts(project, "two_columns") == []
    assert counts(project, "loaded_twice") == [(date(2024, 1, 4), 50, 0, "alert"), (date(2024, 1, 8), 3, 0, "warn")]
    assert counts(project, "without") == [(date(2024, 1, day), 0, 20, "alert") for day in range(1, 11)]
    assert {row[1:] for row in counts(project, "wrong")} == {(903, 0, "alert")}
    ((_, repeated, missing, status),) = counts(project, "timeless")
    assert (repeated, missing, status) == (5000, 0, "alert")
    assert {row[1:] for row in counts(project, "no_key")} == {(None, None, None)}


def test_they_are_a_finding(project):
    found = project.sql(
        "select monitor, severity, first_period, evidence from health_alerts where finding = 'key' order by 1, 3"
    )
    told = {row[0]: tuple(row[1:]) for row in found}
    assert set(told) == {"loaded_twice", "without", "wrong", "timeless"}
    assert [tuple(row[1:]) for row in found if row[0] == "loaded_twice"] == [
        ("alert", date(2024, 1, 4), "50 of 1050 rows repeat the key of another row of the period, and 0 have no key"),
        ("warn", date(2024, 1, 8), "3 of 1003 rows repeat the key of another row of the period, and 0 have no key"),
    ]


def test_of_many_rows_every_nth_key_tells(tmp_path):
    """From two million rows on: of three million, of which 150,000 are there twice, within four standard errors."""
    monitor = {"relation": {"source": ["raw", "rows"]}, "key": "id"}
    consumer = Consumer(tmp_path / "project", {"monitors": {"rows": monitor}})
    consumer.sql("""
        create table raw.rows as select i as id from range(3000000) as numbers (i)
        union all select i * 7 as id from range(150000) as numbers (i)
    """)
    consumer.build_up_to("health_volume")
    ((repeated,),) = consumer.sql("select key_repeated_count from health_volume")
    assert repeated % 3 == 0 and abs(repeated - 150000) < 4 * (3 * 150000 * (1 - 1 / 3)) ** 0.5
