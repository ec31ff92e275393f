"""Builds that are killed, stopped, doubled or fail half way: a plain rerun gives what an undisturbed build gives."""

import collections
import contextlib
import copy
import math
import os
import shutil
import signal
import subprocess
import sys

import pytest
import yaml
from consumer import Consumer
from distributions import NAMED_DISTRIBUTIONS
from killing import CHAINS, KEPT, KEPT_IN_ORDER, SEED, Moment, build, count_of_events, finish, kill, moments, start

ROWS_A_DAY = 6_000
CONFIGURATION = yaml.safe_load("""
    monitors:
      events:
        {relation: {source: [raw, rows]}, key: id, time: happened_at, loaded_at: loaded_at, grain: day,
         segments: [site], subgroups: [site, [site, code]], max_categories: 25, label: {column: answer},
         references: {
           first_days: {from: "2024-03-01", to: "2024-03-03"},
           odd_hours: {from: "2024-03-01 12:00:00", to: "2024-03-02 06:00:00"},
           recent: {last: 3 days},
           training: {relation: {source: [raw, training]}}}}
      visits:
        {relation: {source: [raw, visits]}, key: id, time: visited_at, lookback: 2, on_missing_period: rebuild,
         label: {relation: {source: [raw, answers]}, key: id, column: answer, loaded_at: answered_at}}
""")


def rows_of_days(first, end, per_day=ROWS_A_DAY):
    """Rows of some days as a query; the same rows at every call."""
    return f"""
        select
            100000 * day + i as id,
            timestamp '2024-03-01' + to_days(cast(day as integer)) + to_seconds(cast(hash(i, day) % 86400 as bigint)) as happened_at,
            timestamp '2024-03-02' + to_days(cast(day as integer)) as loaded_at,
            ln(1 + hash(i, day, 1) % 1000) * 3 as size,
            case when hash(i, day, 2) % 10 > 0 then (hash(i, day, 3) % 100000) / 1000.0 end as weight,
            cast(hash(i, day, 4) % 7 as integer) as pieces,
            'c' || hash(i, day, 5) % 40 as code,
            ['hill', 'harbour', 'O''Hara'][cast(1 + hash(i, day, 6) % 3 as integer)] as site,
            case when day < 3 then hash(i, day, 7) % 2 = 0 end as answer
        from range({first}, {end}) days (day), range({per_day}) numbers (i)
    """


def visits(first, end, month):
    columns = f"i as id, timestamp '2024-{month:02}-05' as visited_at, i * 1.5 as price, 'k' || i % 4 as kind"
    return f"select {columns} from range({first}, {end}) numbers (i)"


# what the tables come to hold, one after the other; each is built by a project of its own that nobody disturbs
CHANGES = {
    "first build": f"""
        create table raw.rows as {rows_of_days(0, 6)};
        create table raw.training as select * exclude (happened_at) from raw.rows where id % 5 = 0;
        create table raw.visits as {visits(0, 300, 1)};
        create table raw.answers as
            select id, 'no' as answer, timestamp '2024-02-01' as answered_at from raw.visits where id % 2 = 0;
    """,
    "next period": f"""
        insert into raw.rows {rows_of_days(6, 7)};
        insert into raw.visits {visits(300, 400, 2)};
    """,
    # late rows in old periods, labels in place, a new column, another type, a changed row, rows and periods that go
    "late rows": f"""
        insert into raw.rows
            select * replace (id + 50000 as id, timestamp '2024-03-15' as loaded_at, 'late' || code as code)
            from ({rows_of_days(0, 3, 400)});
        update raw.rows set answer = true where answer is null and id >= 300000 and id % 3 = 0;
        update raw.rows set size = 1e4, loaded_at = timestamp '2024-03-16' where id = 500005;
        delete from raw.rows where id >= 400000 and id < 500000 and id % 2 = 0;
        delete from raw.rows where happened_at >= timestamp '2024-03-02' and happened_at < timestamp '2024-03-03';
        alter table raw.rows add column extra double;
        update raw.rows set extra = size / 2;
        alter table raw.rows alter column pieces type varchar;
        insert into raw.visits {visits(400, 4000, 2)};
        insert into raw.answers select id, 'yes', timestamp '2024-04-01' from raw.visits where id % 5 = 0;
    """,
}


class Project(Consumer):
    """A project that other processes build; the path is relative, so that a copy needs not be parsed anew."""

    def profile(self):
        return {"type": "duckdb", "path": self.database.name, "threads": 2}

    def copy(self, folder):
        twin = copy.copy(self)
        twin.folder, twin.database = shutil.copytree(self.folder, folder, symlinks=True), folder / self.database.name
        return twin


def contents(project):
    """Every table that dbt left, as names of columns and rows, without the columns that tell when."""
    columns = project.sql("""
        select table_name, string_agg('"' || column_name || '"', ', ' order by data_type = 'DOUBLE', ordinal_position)
        from information_schema.columns
        where table_schema <> 'raw'
            -- a change is new in the build that recorded it: see the test of its own
            and not regexp_matches(column_name, '_at$|_since$|^valid_|^hours_since_|^column_version_key$|^statistics_key$|^is_new$')
        group by table_name
    """)
    found = {table: project.rows(f"select {names} from {table} order by all") for table, names in columns}
    # bins of an older state are nobody's, and may lie there until something is counted again
    if "column_distributions" in found:
        found["column_distributions"] = project.rows(
            f"select * exclude (built_at) from {NAMED_DISTRIBUTIONS} order by all"
        )
    return found


def differences(expected, found):
    """What two contents differ in; sums may differ in their last digits, as the order of adding is nobody's promise."""
    if expected.keys() != found.keys():
        return [f"tables {sorted(expected.keys() ^ found.keys())}"]
    result = [
        f"{table}: {len(rows)} rows expected" for table, rows in expected.items() if len(rows) != len(found[table])
    ]
    for table, rows in expected.items():
        tolerance = 1e-9 if table.startswith(("health_", "drift_", "component_", "subspace_")) else 1e-12
        result += [
            f"{table}.{name}: {value!r} expected, {theirs[name]!r} found in {ours}"
            for ours, theirs in zip(rows, found[table], strict=False)
            for name, value in ours.items()
            # NaN is not equal to itself
            if str(value) != str(theirs[name]) and not is_close(ours, theirs, name, tolerance)
        ]
    return result


def is_close(ours, theirs, name, tolerance):
    """Sums of odd powers are near zero, so that their digits are those of what was added."""
    if not isinstance(ours[name], float) or not isinstance(theirs[name], float):
        return False
    added = {"sum_1": ("row_count", "sum_2"), "sum_3": ("sum_2", "sum_4")}.get(name)
    scale = math.sqrt(ours[added[0]] * ours[added[1]]) if added else 0
    if "pair_count" in ours or "column_count" in ours or "loading" in ours:
        # sums of values whose size is about one, and what comes of them
        scale = ours["row_count"]
    return math.isclose(ours[name], theirs[name], rel_tol=tolerance, abs_tol=tolerance * scale)


def assert_same(expected, project, what):
    found = differences(expected, contents(project))
    assert found == [], f"{what}: " + "\n".join(found[:10])


# a situation: the project before its build, the tables after it, and how many events the build had
Undisturbed = collections.namedtuple("Undisturbed", "before after events")


@pytest.fixture(scope="module")
def undisturbed(processes, tmp_path_factory):
    """The three situations, built one after the other without a disturbance."""
    folder = tmp_path_factory.mktemp("undisturbed")
    project = Project(folder / "project", CONFIGURATION, sources=["rows", "training", "visits", "answers"])
    project.dbt("parse")
    result = {}
    for name, change in CHANGES.items():
        project.sql(change)
        before = project.copy(folder / name.replace(" ", "_"))
        build(processes, project, name, *KEPT_IN_ORDER)
        result[name] = Undisturbed(before, contents(project), count_of_events(project))
    return result


@pytest.mark.slow
@pytest.mark.parametrize("situation", CHANGES)
@pytest.mark.parametrize("chain", range(CHAINS))
def test_killed_again_and_again_a_rerun_equals_an_undisturbed_build(situation, chain, undisturbed, processes, tmp_path):
    """A chain of builds that die, first in a scan and then between any two statements, and one build that does not."""
    expected = undisturbed[situation]
    project = expected.before.copy(tmp_path / "project")
    chosen = moments(situation, chain, expected.events)
    what = f"seed {SEED}, {situation}, chain {chain}, {chosen}"
    for moment in chosen:
        kill(processes, project, moment, what)
    build(processes, project, what, *KEPT)
    assert_same(expected.after, project, what)


def real_build(project):
    """A `dbt build` as anybody starts it, in a process group of its own."""
    # tests that a shell started in the background ignore Ctrl-C, and would pass that on
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from dbt.cli.main import cli; cli()"
    )
    command = [sys.executable, "-c", code, "build", "--threads", "1", *KEPT]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, cwd=project.folder, start_new_session=True, **streams)


@pytest.mark.slow
def test_stopped_by_ctrl_c_and_by_a_scheduler_a_rerun_equals_an_undisturbed_build(undisturbed, processes, tmp_path):
    """The signal is sent when dbt says that it begins with the statistics, to all its processes, and again while it goes on."""
    expected = undisturbed["first build"]
    project = expected.before.copy(tmp_path / "project")
    for number in (signal.SIGINT, signal.SIGTERM):
        with real_build(project) as process:
            output = ""
            for line in process.stdout:
                output += line
                if "START sql incremental model main.column_statistics" in output:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(process.pid, number)
        assert process.returncode != 0, f"{number!r}: {output}"
        assert "health_profile" not in contents(project), f"{number!r} came too late to prove anything"
    build(processes, project, "after the signals", *KEPT)
    assert_same(expected.after, project, "after the signals")


@pytest.mark.slow
def test_a_second_build_meanwhile_stops_with_a_message_and_harms_nothing(undisturbed, processes, tmp_path):
    """The first build is held between two statements until the second has given up."""
    expected = undisturbed["next period"]
    project = expected.before.copy(tmp_path / "project")
    reached, go_on = processes.Event(), processes.Event()
    moment = Moment(event=expected.events // 2)
    first = start(processes, project, *KEPT_IN_ORDER, moment=moment, reached=reached, go_on=go_on)
    try:
        assert reached.wait(60), (project.folder / "build.txt").read_text()
        with real_build(project) as second:
            output = second.stdout.read()
    finally:
        go_on.set()
    assert second.returncode != 0
    assert "Could not set lock on file" in output and str(project.database) in output, output
    finish(first, project, 0, "the first of two builds")
    assert_same(expected.after, project, "the first of two builds")


@pytest.mark.slow
def test_a_table_that_cannot_be_read_half_way_is_completed_when_it_can(undisturbed, processes, tmp_path):
    """Its periods are counted, its columns are not: the build says so, and the next one reads what is missing."""
    expected = undisturbed["next period"]
    project = expected.before.copy(tmp_path / "project")
    project.sql("""
        alter table raw.rows rename to stored_rows;
        create view raw.rows as
            select * replace (case when id = 600005 then cast(site as double) else size end as size) from raw.stored_rows;
    """)
    build(processes, project, "a value that cannot be cast", *KEPT, expected=1)
    assert "Conversion Error: Could not convert string" in (project.folder / "build.txt").read_text()
    newest = "select max(period_start) = date '2024-03-07' from {} where monitor = 'events' and dataset = 'production'"
    assert project.sql(newest.format("monitored_periods")) == [(True,)]
    assert project.sql(newest.format("column_statistics")) == [(False,)]
    project.sql("create or replace view raw.rows as from raw.stored_rows")
    build(processes, project, "the view is repaired", *KEPT)
    assert_same(expected.after, project, "the view is repaired")


@pytest.mark.slow
def test_changed_columns_are_new_in_the_build_that_reports_them_first(undisturbed, processes, tmp_path):
    """A build that died between recording a change and reporting it does not swallow the news."""
    project = undisturbed["late rows"].before.copy(tmp_path / "project")
    kill(processes, project, Moment(event=1, model="health_schema_changes"), "before the report")
    build(processes, project, "the report", *KEPT_IN_ORDER)
    changes = "from health_schema_changes where change in ('added', 'retyped') and dataset = 'production' order by all"
    assert project.sql(f"select column_name, is_new {changes}") == [("extra", True), ("pieces", True)]


def test_the_first_values_of_a_column_draw_its_grid_though_the_build_that_saw_them_died(processes, tmp_path):
    """The build is killed when the new period is counted and the grid of the column not yet drawn."""
    monitor = {"relation": {"source": ["raw", "rows"]}, "time": "happened_at"}
    project = Project(tmp_path / "project", {"monitors": {"m": monitor}})
    project.sql("create table raw.rows as select date '2024-01-05' as happened_at, null::double as x from range(500)")
    build(processes, project, "no values", *KEPT_IN_ORDER)
    project.sql("insert into raw.rows select date '2024-02-05', i * 1.5 from range(500) t(i)")
    kill(processes, project, Moment(event=1, model="column_grids"), "before the grid is drawn")
    build(processes, project, "the grid", *KEPT_IN_ORDER)
    assert project.sql("select generation, sampled_value_count from column_grids") == [(2, 500)]
