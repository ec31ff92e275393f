"""Builds on PostgreSQL that are killed at 30 moments: a plain rerun gives what an undisturbed build gives."""

import collections
import copy

import pytest
from killing import CHAINS, KEPT, KEPT_IN_ORDER, SEED, build, count_of_events, kill, moments
from postgres_server import PostgresConsumer, execute, new_database
from test_postgres import NAMES_OF_TYPES, TIMES_OF_THE_RUN, assert_equal_tables
from test_postgres_builds import MONITOR, ROWS, doubled, stored_keys

pytestmark = pytest.mark.slow

# what the table comes to hold, one after the other
CHANGES = {
    "first build": f"create table raw.rows as {ROWS.format(days=5, loaded='2024-04-01', first=0, last=4_999)}",
    "next period": f"""
        insert into raw.rows {ROWS.format(days=1, loaded="2024-04-02", first=5_000, last=5_999)};
        update raw.rows set at = at + interval '5 days' where loaded = timestamp '2024-04-02'
    """,
    # late rows of every day, a new column, a changed row, rows and a period that go
    "late rows": f"""
        insert into raw.rows {ROWS.format(days=6, loaded="2024-04-03", first=6_000, last=6_799)};
        alter table raw.rows add column extra double precision;
        update raw.rows set extra = size / 2;
        update raw.rows set size = 1e4, loaded = timestamp '2024-04-04' where id = 1001;
        delete from raw.rows where at < timestamp '2024-03-02' and id % 2 = 0;
        delete from raw.rows where at >= timestamp '2024-03-03' and at < timestamp '2024-03-04'
    """,
}
# a change is new in the build that recorded it
SKIPPED = TIMES_OF_THE_RUN | NAMES_OF_TYPES | {"is_new"}

# a situation: the databases before its build and after it, and how many events the build had
Undisturbed = collections.namedtuple("Undisturbed", "before after events")


def reset(project, template):
    """The project's database made anew as a copy of another; it keeps its name, so that dbt needs not parse anew."""
    name, maintenance = project.server["dbname"], project.server | {"dbname": "postgres"}
    execute(maintenance, f"drop database {name} with (force)")
    execute(maintenance, f"create database {name} template {template['dbname']}")


@pytest.fixture(scope="module")
def project(postgres, tmp_path_factory):
    folder = tmp_path_factory.mktemp("killed") / "project"
    project = PostgresConsumer(postgres, folder, {"parts": {"components": True}, "monitors": {"events": MONITOR}})
    project.dbt("parse")
    return project


@pytest.fixture(scope="module")
def undisturbed(project, processes):
    """The three situations, built one after the other without a disturbance."""
    result = {}
    for name, change in CHANGES.items():
        project.sql(change)
        before = new_database(project.server, template=project.server["dbname"])
        build(processes, project, name, *KEPT_IN_ORDER)
        after = copy.copy(project)
        after.server = new_database(project.server, template=project.server["dbname"])
        result[name] = Undisturbed(before, after, count_of_events(project))
    return result


@pytest.mark.parametrize("chain", range(CHAINS))
@pytest.mark.parametrize("situation", CHANGES)
def test_killed_again_and_again_a_rerun_equals_an_undisturbed_build(situation, chain, undisturbed, processes, project):
    """Each build begins at once, while the server may not yet have noticed that the one before it is dead."""
    expected = undisturbed[situation]
    reset(project, expected.before)
    chosen = moments(f"postgres {situation}", chain, expected.events)
    what = f"seed {SEED}, {situation}, chain {chain}, {chosen}"
    for moment in chosen:
        kill(processes, project, moment, what)
    build(processes, project, what, *KEPT)
    assert doubled(project) == {}
    assert_equal_tables(expected.after.rows, project.rows, tables=stored_keys(expected.after), skip=SKIPPED)
