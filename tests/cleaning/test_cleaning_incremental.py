"""Incremental clean and quarantine tables, and the log of changed cells, under histories of raw tables that nobody would plan."""

import random

import pytest
from consumer import Consumer
from postgres_server import PostgresConsumer

pytestmark = pytest.mark.slow

INCREMENTAL = (
    "{{ config(materialized='incremental', unique_key='data_health_load', incremental_strategy='delete+insert') }}\n"
)
TABLE = "{{ config(materialized='table') }}\n"
MODELS = {
    "cleaned.sql": INCREMENTAL + "{{ data_health.clean('rows') }}",
    "held.sql": INCREMENTAL + "{{ data_health.quarantine('rows') }}",
    "held_beside.sql": INCREMENTAL + "{{ data_health.quarantine('rows', kept=ref('cleaned')) }}",
    "cleaned_whole.sql": TABLE + "{{ data_health.clean('rows') }}",
    "held_whole.sql": TABLE + "{{ data_health.quarantine('rows') }}",
}
RUN = ("run", "--select", *(name.removesuffix(".sql") for name in MODELS))
COLUMNS = '"a b", amount, "Größe", loaded'
LOADS = ["2024-03-01", "2024-03-01 10:00:00", "2024-03-02", "2024-01-01", "infinity", None]


def configuration(**settings):
    rules = [
        {"columns": "all", "null_values": ["N/A"]},
        {"column": "amount", "cast": "double", "on_failure": "quarantine"},
        {"column": "amount", "range": [0, 100], "on_failure": "clamp"},
    ]
    block = {"relation": {"source": ["raw", "rows"]}, "loaded_at": "loaded", "where": '"a b" <> -1', "rules": rules}
    return {"cleaning": {"rows": block | settings}}


@pytest.fixture(params=["duckdb", "postgres"])
def engine(request):
    def make(folder, configuration, models):
        if request.param == "duckdb":
            return Consumer(folder, configuration, models=models)
        return PostgresConsumer(request.getfixturevalue("postgres"), folder, configuration, models=models)

    return make


def literal(value):
    return "null" if value is None else "'" + str(value).replace("'", "''") + "'"


def some_load(generator):
    # few moments, so that many are equal, and some of their own
    return generator.choice([*LOADS, f"2024-02-{generator.randint(1, 28):02} 0{generator.randint(0, 9)}:00:00"])


def some_amount(generator):
    return generator.choice(["7", "700", "N/A", "x", "it's", "", None])


def inserted(generator, keys):
    values = (
        f"({key}, {literal(some_amount(generator))}, {literal(generator.choice(['s', 'N/A', None]))}, {literal(some_load(generator))})"
        for key in keys
    )
    return f"insert into raw.rows values {', '.join(values)}"


def history(generator):
    """Statements that change the raw table: late, equal and missing loads, changes in place, rows that come twice and that go."""
    yield [inserted(generator, range(-1, 40))]
    yield []
    yield [inserted(generator, range(40, 45))]
    for _ in range(4):
        steps = []
        for _ in range(generator.randint(1, 4)):
            key, load = generator.randint(0, 44), literal(some_load(generator))
            steps.append(
                generator.choice(
                    [
                        inserted(generator, [generator.randint(50, 99)]),
                        inserted(generator, [key]),
                        f"update raw.rows set amount = {literal(some_amount(generator))}, loaded = timestamp '2024-04-01' + interval '{generator.randint(0, 99)} hours' where \"a b\" = {key}",
                        f'update raw.rows set loaded = {load} where "a b" = {key}',
                        f'delete from raw.rows where "a b" = {key}',
                        f'insert into raw.rows select * from raw.rows where loaded = (select min(loaded) from raw.rows where "a b" > {key % 9})',
                    ]
                )
            )
        yield steps
    yield ["delete from raw.rows where loaded is null or loaded > '2024-02-15'"]
    yield ["delete from raw.rows"]
    yield [inserted(generator, range(5))]


def multiset(consumer, table, columns=COLUMNS):
    return sorted(map(str, consumer.sql(f"select {columns} from {table}")))


@pytest.mark.parametrize(("seed", "settings"), [(1, {"key": "a b"}), (2, {})], ids=["with_key", "without_key"])
def test_any_history_leaves_what_a_table_would_hold(seed, settings, engine, tmp_path):
    generator = random.Random(seed)
    consumer = engine(tmp_path / "project", configuration(**settings), MODELS)
    consumer.sql(
        'drop table if exists raw.rows; create table raw.rows ("a b" integer, amount varchar, "Größe" varchar, loaded timestamp); select 1'
    )
    told = COLUMNS + ", broken_rules, broken_reasons"
    for number, statements in enumerate(history(generator)):
        for statement in statements:
            consumer.sql(statement + "; select 1")
        written = {table: multiset(consumer, table, "quarantine_run_id") for table in ("held",)} if number == 1 else {}
        consumer.dbt(*RUN)
        what = f"step {number}: {statements}"
        assert multiset(consumer, "cleaned") == multiset(consumer, "cleaned_whole"), what
        assert multiset(consumer, "held", told) == multiset(consumer, "held_whole", told), what
        assert multiset(consumer, "held_beside", told) == multiset(consumer, "held_whole", told), what
        delivered = consumer.sql('select count(*) from raw.rows where "a b" <> -1')[0][0]
        assert delivered == len(multiset(consumer, "cleaned")) + len(multiset(consumer, "held")), what
        for table, runs in written.items():
            assert multiset(consumer, table, "quarantine_run_id") == runs, "nothing has changed"


def test_only_loads_that_changed_are_written_again(engine, tmp_path):
    consumer = engine(tmp_path / "project", configuration(key="a b"), MODELS)
    consumer.sql(
        'drop table if exists raw.rows; create table raw.rows ("a b" integer, amount varchar, "Größe" varchar, loaded timestamp); select 1'
    )
    rows = [(1, "x", 1), (2, "7", 1), (3, "x", 2), (4, "7", 2), (5, "7", 3), (6, "x", 4)]
    for key, amount, day in rows:
        consumer.sql(f"insert into raw.rows values ({key}, '{amount}', null, '2024-01-0{day}'); select 1")
    consumer.dbt(*RUN)
    runs = 'select "a b", quarantine_run_id from {} order by 1'
    before = {table: dict(consumer.sql(runs.format(table))) for table in ("held", "held_beside")}
    consumer.sql("insert into raw.rows values (7, 'y', null, '2024-01-01'); select 1")
    consumer.dbt(*RUN)
    for table, old in before.items():
        new = dict(consumer.sql(runs.format(table)))
        assert {key for key in new if new[key] != old.get(key)} == {1, 7}, table
    # a change without a new load shows who reads a load that has no row in quarantine: nobody who is told of the rows kept
    consumer.sql("update raw.rows set amount = 'x' where \"a b\" = 5; select 1")
    consumer.dbt(*RUN)
    assert [5 in dict(consumer.sql(runs.format(table))) for table in before] == [True, False]


def test_the_kept_model_has_to_be_incremental_too(tmp_path):
    models = MODELS | {
        "cleaned.sql": MODELS["cleaned_whole.sql"],
        "held_beside.sql": MODELS["held_beside.sql"],
    }
    consumer = Consumer(tmp_path / "project", configuration(key="a b"), models)
    consumer.sql(
        'create table raw.rows ("a b" integer, amount varchar, "Größe" varchar, loaded timestamp); insert into raw.rows values (1, \'x\', null, null)'
    )
    consumer.dbt("run", "--select", "cleaned", "held_beside")
    results = consumer.dbt("run", "--select", "held_beside", succeeds=False).result
    assert "kept" in results[0].message and "the incremental model with clean()" in results[0].message


def test_an_empty_build_loses_nothing(engine, tmp_path):
    consumer = engine(tmp_path / "project", configuration(key="a b"), MODELS)
    consumer.sql(
        'drop table if exists raw.rows; create table raw.rows ("a b" integer, amount varchar, "Größe" varchar, loaded timestamp); select 1'
    )
    consumer.sql(inserted(random.Random(3), range(20)) + "; select 1")
    consumer.dbt(*RUN)
    before = multiset(consumer, "cleaned"), multiset(consumer, "held")
    consumer.dbt(*RUN, "--empty", "--exclude", "cleaned_whole", "held_whole")
    assert (multiset(consumer, "cleaned"), multiset(consumer, "held")) == before


def test_tables_built_with_the_option_empty_are_empty(engine, tmp_path):
    consumer = engine(tmp_path / "project", configuration(), MODELS)
    consumer.sql(
        'drop table if exists raw.rows; create table raw.rows ("a b" integer, amount varchar, "Größe" varchar, loaded timestamp); select 1'
    )
    consumer.sql(inserted(random.Random(3), range(20)) + "; select 1")
    whole = ("run", "--select", "cleaned_whole", "held_whole")
    consumer.dbt(*whole, "--empty")
    assert (multiset(consumer, "cleaned_whole"), multiset(consumer, "held_whole")) == ([], [])
    consumer.dbt(*whole)
    assert len(multiset(consumer, "cleaned_whole") + multiset(consumer, "held_whole")) == 20


LOG = ("run", "--select", "+health_cell_changes")
LOGGED = {"key": "a b", "time": "loaded", "log_changes": ["amount", "Größe"]}


def expected_changes(consumer, logged):
    """Worked out from the raw rows alone."""
    changes = []
    for key, amount, size, loaded in consumer.sql(
        'select "a b", amount, "Größe", cast(loaded as varchar) from raw.rows where "a b" <> -1'
    ):
        if amount in ("x", "it's", ""):
            continue
        period = None if loaded is None or loaded == "infinity" else loaded[:8] + "01"
        if amount == "N/A":
            changes.append((str(key), "amount", period, "N/A", None))
        if amount == "700":
            changes.append((str(key), "amount", period, 700.0, 100.0))
        if size == "N/A":
            changes.append((str(key), "Größe", period, "N/A", None))
    return sorted((change for change in changes if change[1] in logged), key=str)


def logged_changes(consumer):
    def read(text):
        return text if text in (None, "N/A") else float(text)

    rows = consumer.sql(
        "select row_key, column_name, cast(period_start as varchar), value_before, value_after from health_cell_changes"
    )
    return sorted(((*row[:3], read(row[3]), read(row[4])) for row in rows), key=str)


def runs_by_period(consumer, table="health_cell_changes"):
    return dict(consumer.sql(f"select cleaning_period_key, min(run_id) from {table} group by 1"))


def counted(consumer):
    return runs_by_period(consumer, "health_rule_outcomes")


def test_the_log_of_changes_follows_the_raw_table(engine, tmp_path):
    generator = random.Random(5)
    consumer = engine(tmp_path / "project", configuration(**LOGGED), {})
    consumer.sql(
        'drop table if exists raw.rows; create table raw.rows ("a b" integer, amount varchar, "Größe" varchar, loaded timestamp); select 1'
    )
    consumer.sql(inserted(generator, range(-1, 60)) + "; select 1")
    steps = [
        "select 1",
        inserted(generator, [70]),
        "insert into raw.rows values (71, 'N/A', null, '2024-01-01')",
        "update raw.rows set amount = 'x', loaded = '2024-03-09' where \"a b\" = 71",
        "update raw.rows set amount = '700', loaded = '2024-03-10' where \"a b\" = 71",
        "delete from raw.rows where amount = '700' and loaded < '2024-03-01'",
        'insert into raw.rows select * from raw.rows where "a b" < 5',
        "delete from raw.rows where loaded >= '2024-03-01'",
    ]
    untouched = 0
    for number, statement in enumerate(steps[:-1]):
        consumer.sql(statement + "; select 1")
        before, counted_before = (runs_by_period(consumer), counted(consumer)) if number else ({}, {})
        consumer.dbt(*LOG)
        if number == 0:
            before = runs_by_period(consumer)
            consumer.dbt(*LOG)
            assert runs_by_period(consumer) == before, "nothing has changed"
        assert logged_changes(consumer) == expected_changes(consumer, ("amount", "Größe")), statement
        after, counted_after = runs_by_period(consumer), counted(consumer)
        stand = {key for key in before.keys() & after.keys() if counted_before.get(key) == counted_after[key]}
        assert {key: after[key] for key in stand} == {key: before[key] for key in stand}, "the other periods stand"
        untouched += len(stand)
    assert untouched > 10
    # what the raw table no longer holds stays as it was logged
    gone = [row for row in logged_changes(consumer) if (row[2] or "") >= "2024-03"]
    consumer.sql(steps[-1] + "; select 1")
    consumer.dbt(*LOG)
    assert gone and [row for row in logged_changes(consumer) if (row[2] or "") >= "2024-03"] == gone
    consumer.sql("delete from health_cell_changes where period_start >= '2024-03-01'; select 1")
    consumer.configure(configuration(**LOGGED | {"log_changes": ["amount"]}))
    consumer.dbt(*LOG)
    assert logged_changes(consumer) == expected_changes(consumer, ("amount",)), "a column that is not logged any more"
    consumer.configure(configuration(**LOGGED | {"log_changes": []}))
    consumer.dbt(*LOG)
    assert logged_changes(consumer) == []


def test_a_log_that_an_older_version_wrote_is_written_again(engine, tmp_path):
    consumer = engine(tmp_path / "project", configuration(**LOGGED), {})
    consumer.sql(
        'drop table if exists raw.rows; create table raw.rows ("a b" integer, amount varchar, "Größe" varchar, loaded timestamp); select 1'
    )
    consumer.sql(inserted(random.Random(6), range(30)) + "; select 1")
    consumer.dbt(*LOG)
    wanted = expected_changes(consumer, ("amount", "Größe"))
    consumer.sql("alter table health_cell_changes drop column built_from; select 1")
    consumer.sql("alter table health_cell_changes drop column cleaning_period_key; select 1")
    consumer.dbt(*LOG)
    assert logged_changes(consumer) == wanted != []
