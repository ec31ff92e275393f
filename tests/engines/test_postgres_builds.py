"""Two builds at once on PostgreSQL: nothing is doubled, and a plain rerun gives what an undisturbed build gives."""

import re
import time

import pytest
from killing import KEPT
from postgres_server import PostgresConsumer
from test_postgres import KEYS, assert_equal_tables

pytestmark = pytest.mark.slow

MONITOR = {
    "relation": {"source": ["raw", "rows"]},
    "key": "id",
    "time": "at",
    "loaded_at": "loaded",
    "grain": "day",
    "segments": ["site"],
    "subgroups": ["site"],
    "references": {"first_days": {"from": "2024-03-01", "to": "2024-03-04"}},
}
ROWS = """
    select
        i as id, timestamp '2024-03-01' + (i % {days}) * interval '1 day' + i % 86000 * interval '1 second' as at,
        timestamp '{loaded}' as loaded, (array['hill', 'harbour', null])[1 + i % 3] as site, sin(i) * 100 as size,
        exp(10 * sin(i * 0.7)) as skewed, 'c' || i % 40 as code, i % 12 as few, md5(i::text) as note, i % 5 = 0 as flag
    from generate_series({first}, {last}) as i
"""
FIRST = ROWS.format(days=20, loaded="2024-04-01", first=0, last=49_999)
# late rows of every old day, and four new days
LATER = ROWS.format(days=24, loaded="2024-04-02", first=50_000, last=64_999)
MEETINGS = re.compile(
    r"Database Error in (?:model|test) .*\n.*(?:already exists|does not exist|deadlock detected|concurrently)"
)
DUPLICATES = "select count(*) from (select 1 from {} group by {} having count(*) > 1) as doubled"


@pytest.fixture(scope="module")
def loaded(postgres, tmp_path_factory):
    """A project that has rows and no build yet."""
    project = PostgresConsumer(
        postgres,
        tmp_path_factory.mktemp("loaded") / "project",
        {"parts": {"components": True}, "monitors": {"events": MONITOR}},
    )
    project.sql(f"create table raw.rows as {FIRST}")
    project.dbt("parse")
    return project


@pytest.fixture(scope="module")
def built_once(loaded, tmp_path_factory):
    """Built; then the later rows arrive."""
    project = loaded.copy(tmp_path_factory.mktemp("once") / "project")
    project.build(*KEPT)
    project.sql(f"insert into raw.rows {LATER}")
    return project


@pytest.fixture(scope="module")
def undisturbed(built_once, tmp_path_factory):
    project = built_once.copy(tmp_path_factory.mktemp("undisturbed") / "project")
    project.build(*KEPT)
    return project


def stored_keys(project):
    """The keys of the tables that were built, which are all that keep rows from build to build, and marts of them."""
    names = project.sql("select table_name from information_schema.tables where table_schema = 'main'")
    return {name: KEYS[name] for (name,) in names if name in KEYS}


def doubled(project):
    """Tables with more than one row of a key."""
    counts = {
        name: project.sql(DUPLICATES.format(name, ", ".join(key)))[0][0] for name, key in stored_keys(project).items()
    }
    return {name: count for name, count in counts.items() if count}


def assert_repaired(project, undisturbed):
    project.build(*KEPT)
    assert doubled(project) == {}
    keys = stored_keys(undisturbed)
    assert {"column_statistics", "column_products", "subgroup_cells", "feature_cells", "health_profile"} <= keys.keys()
    assert_equal_tables(undisturbed.rows, project.rows, tables=keys)


@pytest.mark.parametrize("attempt", range(2))
def test_two_builds_at_once_double_nothing(built_once, undisturbed, tmp_path, attempt):
    project = built_once.copy(tmp_path / "project")
    first = project.start_build("first", *KEPT)
    time.sleep(0.4 * attempt)
    second = project.start_build("second", *KEPT)
    outputs = [build.communicate()[0].decode() for build in (first, second)]
    # dbt replaces a table by renaming, where two builds may meet and one of them stops; statistics wait for each other
    for output in outputs:
        assert not re.search("ERROR creating sql incremental model", output), output
        assert output.count("Database Error") == len(MEETINGS.findall(output)), output
    assert doubled(project) == {}
    assert_repaired(project, undisturbed)


def test_two_first_builds_at_once_double_nothing(loaded, undisturbed, tmp_path):
    project = loaded.copy(tmp_path / "project")
    builds = [project.start_build("first", *KEPT), project.start_build("second", *KEPT)]
    for build in builds:
        build.communicate()
    assert doubled(project) == {}
    project.build(*KEPT)
    project.sql(f"insert into raw.rows {LATER}")
    assert_repaired(project, undisturbed)
