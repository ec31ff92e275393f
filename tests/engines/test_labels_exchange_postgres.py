"""The same commands on PostgreSQL."""

import json
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from label_studio import annotated, annotation, as_json, run
from labeling_exchange import MODELS, SOURCES, configuration, draw, exit_code, kill_at_commit, load, reset, state
from postgres_server import PostgresConsumer

pytestmark = pytest.mark.slow

KEYS = ["k2|2", "k1|1", "k3|(null)", "k4|4|4", "k6|6", "007|7"]


@pytest.fixture(scope="module")
def origin(postgres, tmp_path_factory):
    project = PostgresConsumer(
        postgres,
        tmp_path_factory.mktemp("exchange") / "project",
        configuration(),
        sources=SOURCES,
        models=MODELS,
    )
    load(project)
    # neither the schema of the answers nor that of the marts is there
    project.sql("drop schema if exists main cascade; select 1")
    assert run(project, "labels", "import", "--monitor", "visits") == (
        0,
        'the table "{dbname}"."answered"."visit answers" exists\n'.format(**project.server),
    )
    draw(project)
    return project


@pytest.fixture
def project(origin):
    yield origin
    reset(origin)


def export(project, tmp_path, *options, monitor="visits"):
    file = tmp_path / f"{monitor}.json"
    code, said = run(project, "labels", "export", "--monitor", monitor, "--output", str(file), *options)
    assert code == 0, said
    return json.loads(file.read_text()) if file.exists() else []


def give(project, tmp_path, export, monitor="visits"):
    file = tmp_path / "answers.json"
    file.write_bytes(as_json(export))
    return run(project, "labels", "import", "--monitor", monitor, str(file))


def test_the_table_of_answers_is_made_with_the_types_of_the_key(origin):
    assert origin.sql("""
        select column_name, data_type from information_schema.columns
        where table_schema = 'answered' and table_name = 'visit answers' order by ordinal_position
    """) == [
        ("a b", "character varying"),
        ("order", "integer"),
        ("label", "character varying"),
        ("annotator", "character varying"),
        ("labelled_at", "timestamp without time zone"),
        ("source", "character varying"),
        ("seconds", "double precision"),
        ("is_gold", "boolean"),
        ("annotation_id", "character varying"),
        ("annotation_task", "character varying"),
        ("annotation_project", "character varying"),
        ("is_withdrawn", "boolean"),
        ("imported_at", "timestamp without time zone"),
    ]


def test_there_and_back(project, tmp_path):
    tasks = export(project, tmp_path)
    assert [task["data"]["dq_row_key"] for task in tasks] == [f"visits|{key}" for key in KEYS]
    assert tasks[1]["data"]["note"] == 'it\'s "1"'
    assert tasks[-1]["data"] | {"dq_reason": ""} == {
        "dq_row_key": "visits|007|7",
        "dq_reason": "",
        "dq_strategy": "random",
        "dq_margin": 0.1,
        "dq_batch": 1,
        "Gr__e": "(null)",
        "label_2": "false",
        "note": "%s ? {}",
    }
    assert len(project.sql("select * from labeling_export_log")) == 6
    (tmp_path / "visits.json").unlink()
    assert export(project, tmp_path) == []
    given = [
        [annotation(1, ["no"]), annotation(2, ["yes"], completed_by=2)],
        [annotation(3, ["O'Hara"], ground_truth=True, completed_by="100% O'Brien")],
        [annotation(4, was_cancelled=True)],
        [annotation(5, lead_time=None)],
        [],
        [],
    ]
    exported = annotated(tasks, given)
    assert (
        "5 annotations added, 0 known before; the file has 1 skips and 2 tasks" in give(project, tmp_path, exported)[1]
    )
    before = project.sql('select * from answered."visit answers" order by 1, 4')
    assert [(row[:4], row[7]) for row in before] == [
        (("k1", 1, "O'Hara", "100% O'Brien"), True),
        (("k2", 2, "no", "1"), False),
        (("k2", 2, "yes", "2"), False),
        (("k3", None, None, "1"), False),
        (("k4|4", 4, "yes", "1"), False),
    ]
    assert "0 annotations added, 5 known before" in give(project, tmp_path, exported)[1]
    assert project.sql('select * from answered."visit answers" order by 1, 4') == before
    # one was changed, one was deleted, and nobody has a name any more
    given[0] = [annotation(1, ["yes"], completed_by=None, updated_at="2024-03-02T10:00:00Z")]
    given[3] = [annotation(5, lead_time=None, completed_by=None)]
    code, said = give(project, tmp_path, annotated(tasks, given))
    assert (code, said.splitlines()[1:]) == (
        0,
        ["1 annotations withdrawn: Label Studio does not have them any more"],
    )
    assert "1 annotations added, 3 known before" in said
    rest = project.sql("""
        select "a b", label, annotator, annotation_id, annotation_task, annotation_project, is_withdrawn
        from answered."visit answers" order by imported_at, annotation_id
    """)[5:]
    assert sorted(rest, key=lambda row: row[3]) == [
        ("k2", "yes", "1", "1", "4711", "83", False),
        ("k2", None, "2", "2", "4711", "83", True),
    ]
    assert project.sql("select added_count, withdrawn_count from labeling_import_log order by imported_at") == [
        (5, 0),
        (0, 0),
        (1, 1),
    ]
    project.build_up_to("health_labels")
    assert project.sql(
        "select row_key, label, annotation_count from health_labels where monitor = 'visits' and row_key = 'k2|2'"
    ) == [("k2|2", "yes", 1)]
    code, said = run(project, "labels", "status", "--monitor", "visits")
    assert code == 0, said
    assert ["1", "2", "1", "0", "0"] in [line.split()[:5] for line in said.splitlines()], said


def test_a_table_of_the_release_before_gets_ids(project, tmp_path):
    given = [[annotation(1)], [], [], [], [], []]
    exported = annotated([{"data": {"dq_row_key": f"visits|{key}"}} for key in KEYS], given)
    give(project, tmp_path, exported)
    project.sql("""
        alter table answered."visit answers" drop column annotation_id, drop column annotation_task,
            drop column annotation_project, drop column is_withdrawn, drop column imported_at;
        alter table labeling_import_log drop column withdrawn_count; select 1
    """)
    given[0] = [annotation(1, completed_by=None)]
    code, said = give(project, tmp_path, annotated([{"data": task["data"]} for task in exported], given))
    assert (code, "0 annotations added, 1 known before" in said) == (0, True), said
    assert project.sql("""
        select annotator, annotation_id, annotation_task, annotation_project, is_withdrawn from answered."visit answers"
    """) == [("1", "1", "4711", "83", None)]


def test_answers_go_into_a_table_of_other_types(project, tmp_path):
    tasks = export(project, tmp_path, monitor="orders")
    exported = annotated(tasks, [[annotation(1, ["2"])], [annotation(2, was_cancelled=True)], [annotation(3, ["2"])]])
    assert "2 annotations added, 1 known before" in give(project, tmp_path, exported, monitor="orders")[1]
    assert "0 annotations added, 3 known before" in give(project, tmp_path, exported, monitor="orders")[1]
    assert project.sql("""
        select id, "Label", annotator, cast(labelled_at at time zone 'UTC' as varchar) from raw."order answers" order by 1
    """) == [(key, label, "1", "2024-03-01 10:00:05.25") for key, label in (("1", 2), ("3", 2), ("4", None))]


def test_nothing_is_half_imported(project, tmp_path):
    tasks = [{"data": {"dq_row_key": f"visits|{key}"}} for key in ("k1|1", "k9|9")]
    before = state(project)
    code, said = give(project, tmp_path, annotated(tasks, [[annotation(1)], [annotation(2)]]))
    assert code == 1 and "task 2 (id 4712): " in said and "has no row with the key 'k9|9'" in said, said
    assert state(project) == before


def test_a_command_that_is_killed_leaves_nothing(project, tmp_path, processes):
    tasks = [{"data": {"dq_row_key": f"visits|{key}"}} for key in KEYS]
    file = tmp_path / "answers.json"
    file.write_bytes(as_json(annotated(tasks, [[annotation(number)] for number in range(6)])))
    before = state(project)
    arguments = ("labels", "import", "--monitor", "visits", str(file))
    assert kill_at_commit(processes, project, *arguments) == -signal.SIGKILL
    assert state(project) == before
    # two at once: one waits, and then knows all of it
    start = [processes.Process(target=in_a_process, args=(project.folder, arguments)) for _ in range(2)]
    with ThreadPoolExecutor() as pool:
        assert list(pool.map(exit_code, start)) == [0, 0]
    assert len(project.sql('select * from answered."visit answers"')) == 6
    assert sorted(project.sql("select added_count, known_count from labeling_import_log")) == [(0, 6), (6, 0)]


def test_the_first_two_imports_at_once_make_the_tables_once(project, tmp_path, processes):
    import psycopg2

    tasks = [{"data": {"dq_row_key": f"visits|{key}"}} for key in KEYS]
    file = tmp_path / "answers.json"
    file.write_bytes(as_json(annotated(tasks, [[annotation(number)] for number in range(6)])))
    project.sql("drop schema answered cascade; select 1")
    arguments = ("labels", "import", "--monitor", "visits", str(file))
    start = [processes.Process(target=in_a_process, args=(project.folder, arguments)) for _ in range(2)]
    waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
    with closing(psycopg2.connect(**project.server)) as first, ThreadPoolExecutor() as pool:
        # both have looked at the warehouse, and found nothing, before one of them may write
        first.cursor().execute("""select pg_advisory_xact_lock(hashtextextended('"main"', 0))""")
        codes = pool.map(exit_code, start)
        until = time.monotonic() + 60
        while project.sql(waiting) != [(2,)]:
            assert time.monotonic() < until, "the two do not wait"
            time.sleep(0.1)
        first.rollback()
        assert list(codes) == [0, 0]
    assert len(project.sql('select * from answered."visit answers"')) == 6
    assert sorted(project.sql("select added_count, known_count from labeling_import_log")) == [(0, 6), (6, 0)]


def in_a_process(folder, arguments):
    class Folder:
        pass

    Folder.folder = folder
    code, said = run(Folder, *arguments)
    assert code == 0, said


def test_a_table_of_answers_that_nobody_made_yet_has_none(postgres, tmp_path):
    monitor = {"relation": {"source": ["raw", "rows"]}, "key": "id"}
    monitor["labeling"] = {"annotations": {"source": ["raw", "answers"]}, "labels": ["yes", "no"]}
    project = PostgresConsumer(
        postgres, tmp_path / "project", {"monitors": {"m": monitor}}, sources=("rows", "answers")
    )
    project.sql("create table raw.rows as select i as id, i * 1.5 as size from generate_series(1, 50) as i; select 1")
    project.build_up_to("health_labels")
    assert project.sql("select count(*) from label_annotations") == [(0,)]
    file = tmp_path / "answers.csv"
    file.write_text("dq_row_key,label,annotator,labelled_at\nm|7,yes,ann,2024-03-01 10:00:00\n")
    assert run(project, "labels", "import", str(file))[0] == 0
    project.build_up_to("health_labels")
    assert project.sql("select row_key, label, annotation_count from health_labels") == [("7", "yes", 1)]
