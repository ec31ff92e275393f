"""Rows go out to people and their answers come back, on DuckDB: the commands as a user calls them."""

import csv
import json
import re
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from consumer import REPOSITORY, Consumer
from data_health.command_line import main
from data_health.label_studio import tasks as label_studio_tasks
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.adapters.factory import reset_adapters
from label_studio import annotated, annotation, as_csv, as_json, commands, flat, run
from labeling_exchange import LABELS, MODELS, SOURCES, configuration, draw, kill_at_commit, load, reset, state

TIME = datetime(2024, 3, 1, 10, 0, 5, 250000)


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    """The project as it is before anything went out; the table of answers was made before the first build."""
    project = Consumer(tmp_path_factory.mktemp("exchange") / "project", configuration(), sources=SOURCES, models=MODELS)
    load(project)
    assert run(project, "labels", "export", "--monitor", "visits", "--output", str(project.folder / "x.json")) == (
        1,
        'Error: "consumer"."main"."health_labeling_candidates" does not exist; build it first\n',
    )
    assert run(project, "labels", "import", "--monitor", "visits") == (
        0,
        'the table "consumer"."answered"."visit answers" exists\n',
    )
    draw(project)
    return project


@pytest.fixture
def project(origin):
    """The same for all, since dbt reads a project that moved from its beginning; tables and files are as they were."""
    before = set(origin.folder.iterdir())
    yield origin
    for file in set(origin.folder.iterdir()) - before:
        file.unlink()
    reset(origin)


def export(project, name, *options, monitor="visits"):
    """(exit code, what is said, what is written)"""
    file = project.folder / name
    code, said = run(project, "labels", "export", "--monitor", monitor, "--output", str(file), *options)
    return code, said, json.loads(file.read_text()) if file.exists() and file.suffix == ".json" else None


def give(project, content, *options, monitor="visits", name="answers.json"):
    """Import a file: (exit code, what is said)."""
    file = project.folder / name
    file.write_bytes(content if isinstance(content, bytes) else as_json(content))
    return run(project, "labels", "import", "--monitor", monitor, *options, str(file))


def answers(project):
    return project.sql("""
        select "a b", "order", label, annotator, labelled_at, seconds, is_gold from answered."visit answers" order by all
    """)


def test_the_table_of_answers_is_made_with_the_types_of_the_key(origin):
    assert origin.sql('select column_name, column_type from (describe answered."visit answers")') == [
        ("a b", "VARCHAR"),
        ("order", "INTEGER"),
        ("label", "VARCHAR"),
        ("annotator", "VARCHAR"),
        ("labelled_at", "TIMESTAMP"),
        ("source", "VARCHAR"),
        ("seconds", "DOUBLE"),
        ("is_gold", "BOOLEAN"),
        ("annotation_id", "VARCHAR"),
        ("annotation_task", "VARCHAR"),
        ("annotation_project", "VARCHAR"),
        ("is_withdrawn", "BOOLEAN"),
        ("imported_at", "TIMESTAMP"),
    ]


def test_open_rows_go_out_once_per_labeling_project(project):
    code, said, tasks = export(project, "tasks.json", "--labeling-config", str(project.folder / "view.xml"))
    assert code == 0
    assert said.splitlines() == [
        f"6 rows written to {project.folder / 'tasks.json'}",
        "1 open rows are no longer in the monitored table",
        "1 keys belong to several rows; one of these rows is shown",
    ]
    keys = ["k2|2", "k1|1", "k3|(null)", "k4|4|4", "k6|6", "007|7"]
    assert [task["data"]["dq_row_key"] for task in tasks] == [f"visits|{key}" for key in keys]
    assert tasks[1]["data"] == {
        "dq_row_key": "visits|k1|1",
        "dq_reason": "it is close",
        "dq_strategy": "margin",
        "dq_margin": 0.02,
        "dq_batch": 1,
        "Gr__e": "1.5",
        "label_2": "true",
        "note": 'it\'s "1"',
    }
    # nobody is told before an audit, nor what is no label
    predicted = ["predictions" in task for task in tasks]
    assert predicted == [False, True, False, True, True, False]
    assert [task["data"]["note"] for task in tasks] == ["", 'it\'s "1"', "x", "x", "a", "%s ? {}"]
    assert tasks[3]["data"]["dq_margin"] is None
    view = ElementTree.parse(project.folder / "view.xml")
    assert [choice.get("value") for choice in view.iter("Choice")] == LABELS
    log = project.rows("select * from labeling_export_log order by exported_at, row_key")
    assert sorted(row["row_key"] for row in log) == sorted(keys)
    assert {(row["monitor"], row["batch"], row["project"], row["file_name"]) for row in log} == {
        ("visits", 1, "visits", "tasks.json")
    }
    assert all(re.fullmatch("[0-9a-f]{64}", row["payload_hash"]) for row in log)

    code, said, again = export(project, "more.json")
    assert (code, again) == (0, None)
    assert said.splitlines()[:2] == [
        "no new row, so no file is written",
        "6 open rows were exported before; --again writes them again",
    ]
    # the next batch asks for another row, and once more for one that was asked before
    project.sql("""
        insert into health_labeling_candidates (monitor, batch, rank, row_key, strategy, status)
        select 'visits', 2, 1, 'k1|1', 'relabel', 'open' union all select 'visits', 2, 2, 'k6|6', 'margin', 'answered'
    """)
    assert [task["data"]["dq_batch"] for task in export(project, "more.json")[2]] == [2]
    assert len(export(project, "again.json", "--again")[2]) == 7
    assert len(export(project, "other.json", "--project", "second team")[2]) == 7
    code, said, _ = export(project, "other.json", "--project", "third team")
    assert (code, said) == (
        1,
        f"Error: {project.folder / 'other.json'} already exists; move it, or name another file with --output\n",
    )
    assert project.sql("select project, count(*) from labeling_export_log group by 1 order by 1") == [
        ("second team", 7),
        ("visits", 14),
    ]


def test_large_exports_are_several_files(project, monkeypatch):
    monkeypatch.setattr(label_studio_tasks.parts, "__defaults__", (4, 50_000_000))
    code, said, _ = export(project, "tasks.json")
    files = [project.folder / f"tasks_{number}.json" for number in (1, 2)]
    assert code == 0
    assert said.startswith(f"6 rows written to {files[0]}, {files[1]}\n")
    assert [len(json.loads(file.read_text())) for file in files] == [4, 2]


def test_there_and_back(project):
    tasks = export(project, "tasks.json")[2]
    given = [
        [annotation(1, ["no"]), annotation(2, ["yes"], completed_by={"id": 2, "email": "bo@example.org"})],
        [annotation(3, ["O'Hara"], ground_truth=True)],
        [annotation(4, was_cancelled=True)],
        [annotation(5, updated_at="2024-03-01T05:00:05.25-05:00", lead_time=None)],
        [],
        [annotation(6, None)],
    ]
    exported = annotated(tasks, given)
    code, said = give(project, exported)
    assert (code, said) == (
        0,
        f"{project.folder / 'answers.json'}: 6 annotations added, 0 known before; the file has 2 skips and 1 tasks without an annotation\n",
    )
    there = [
        ("007", 7, None, "1", TIME, 4.75, False),
        ("k1", 1, "O'Hara", "1", TIME, 4.75, True),
        ("k2", 2, "no", "1", TIME, 4.75, False),
        ("k2", 2, "yes", "bo@example.org", TIME, 4.75, False),
        ("k3", None, None, "1", TIME, 4.75, False),
        ("k4|4", 4, "yes", "1", TIME, None, False),
    ]
    assert answers(project) == there
    # the same file, and what the other formats say of the same answers, which is nothing of skips and gold
    for content, count in ((exported, 6), (flat(exported), 5), (as_csv(flat(exported)), 5)):
        assert f"0 annotations added, {count} known before" in give(project, content)[1]
        assert answers(project) == there
    exported[0]["annotations"][0] = annotation(1, ["yes"], updated_at="2024-03-02T10:00:00Z")
    assert "1 annotations added, 5 known before" in give(project, exported)[1]
    log = project.rows("select * from labeling_import_log order by imported_at")
    assert log[0]["added_count"] == 6
    assert (log[0]["known_count"], log[0]["skip_count"], log[0]["unanswered_count"]) == (0, 2, 1)
    assert log[0]["file_hash"] == log[1]["file_hash"] != log[-1]["file_hash"]
    project.build_up_to("health_labels")
    assert project.sql(
        "select row_key, label, method, annotation_count, skip_count from health_labels where monitor = 'visits' order by 1"
    ) == [
        ("007|7", None, "none", 0, 1),
        ("k1|1", "O'Hara", "gold", 0, 0),
        ("k2|2", "yes", "dawid_skene", 2, 0),
        ("k3|(null)", None, "none", 0, 1),
        ("k4|4|4", "yes", "dawid_skene", 1, 0),
    ]


def test_what_is_gone_from_label_studio_does_not_count(project):
    """Two people, of whom one is deleted later and one takes an annotation back; agreement is that of what is left."""
    tasks = export(project, "tasks.json")[2]
    given = [
        [annotation(2 * number, [label]), annotation(2 * number + 1, [other], completed_by=2)]
        for number, (label, other) in enumerate([("yes", "yes"), ("no", "no"), ("yes", "no"), ("no", "no")])
    ]
    give(project, annotated(tasks[:4], given))
    project.build_up_to("health_annotators")
    counted = "select annotator, annotation_count, round(krippendorff_alpha, 3) from health_annotators where monitor = 'visits' order by 1"
    before = project.sql(counted)
    assert before == [("(all)", 8, 0.533), ("1", 4, None), ("2", 4, None)]
    later = [
        [one | {"completed_by": {"id": 1, "email": "ann@example.org"}}, other | {"completed_by": None}]
        for one, other in given
    ]
    assert "0 annotations added, 8 known before" in give(project, annotated(tasks[:4], later))[1]
    project.build_up_to("health_annotators")
    assert project.sql(counted) == before
    code, said = give(project, annotated(tasks[:4], [*later[:2], later[2][:1], later[3]]))
    assert (code, said.splitlines()[1]) == (
        0,
        "1 annotations withdrawn: Label Studio does not have them any more",
    )
    project.build_up_to("health_annotators")
    assert project.sql(counted) == [("(all)", 7, 1.0), ("1", 4, None), ("2", 3, None)]
    assert project.sql("""
        select row_key, annotator, label, annotation_id, is_withdrawn, is_latest from label_annotations
        where monitor = 'visits' and row_key = 'k3|(null)' order by imported_at, annotation_id
    """) == [
        ("k3|(null)", "1", "yes", "4", False, True),
        ("k3|(null)", "2", "no", "5", False, False),
        ("k3|(null)", "2", None, "5", True, False),
    ]
    code, said = run(project, "labels", "status", "--monitor", "visits")
    assert code == 0
    assert [line.split()[:5] for line in said.splitlines() if line[:2] in ("1 ", "2 ")] == [
        ["1", "8", "6", "4", "0"],
        ["1", "4", "0", "0", "0"],
        ["2", "3", "0", "0", "1"],
    ]


def test_csv_that_people_fill_in(project):
    export(project, "tasks.csv")
    with (project.folder / "tasks.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["dq_predicted_label"] for row in rows] == ["", "yes", "", "O'Hara", "no", ""]
    for row, label in zip(rows, ["yes", "no", "skip", "", "yes", ""], strict=True):
        row["label"] = label
    code, said = give(project, as_csv(rows, ";"), "--annotator", "ann", name="filled.csv")
    assert (code, said.split(": ")[1]) == (
        0,
        "4 annotations added, 0 known before; the file has 1 skips and 2 tasks without an annotation\n",
    )
    # more of it is filled in, and one answer is another one now
    rows[3]["label"], rows[0]["label"] = "O'Hara", "no"
    assert (
        "2 annotations added, 3 known before" in give(project, as_csv(rows), "--annotator", "ann", name="filled.csv")[1]
    )
    rows[0]["label"] = "yes"
    assert (
        "1 annotations added, 4 known before" in give(project, as_csv(rows), "--annotator", "ann", name="filled.csv")[1]
    )
    assert [row[2] for row in answers(project) if row[0] == "k2"].count("yes") == 2


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("visits|k9|9", 'task 2 (id 4712): "consumer"."raw"."visits" has no row with the key \'k9|9\''),
        ("visits|x|y|z", '"consumer"."raw"."visits" has 2 keys that are written as \'x|y|z\''),
    ],
)
def test_nothing_is_half_imported(project, key, problem):
    if "y" in key:
        project.sql(
            """alter table raw.visits alter "order" type varchar; insert into raw.visits ("a b", "order") values ('x', 'y|z'), ('x|y', 'z')"""
        )
    good = annotated([{"data": {"dq_row_key": "visits|k1|1"}}], [[annotation(1)]])
    bad = annotated(
        [{"data": {"dq_row_key": name}} for name in ("visits|k2|2", key)], [[annotation(2)], [annotation(3)]]
    )
    files = [project.folder / "good.json", project.folder / "bad.json"]
    for file, content in zip(files, (good, bad), strict=True):
        file.write_bytes(as_json(content))
    before = state(project)
    code, said = run(project, "labels", "import", "--monitor", "visits", *map(str, files))
    assert code == 1
    assert said.startswith(f"Error: {files[1]}: nothing was imported\n- ")
    assert problem in said
    assert state(project) == before


def test_answers_go_into_a_table_of_other_types(project):
    """Labels are those of rows and answers; whole numbers, times with a zone, a key as text, no column for gold."""
    tasks = export(project, "orders.json", monitor="orders")[2]
    assert [task["data"]["dq_row_key"] for task in tasks] == ["orders|3", "orders|4", "orders|1"]
    assert ["predictions" in task for task in tasks] == [True, True, False]
    exported = annotated(tasks, [[annotation(1, ["2"])], [annotation(2, was_cancelled=True)], [annotation(3, ["2"])]])
    assert "2 annotations added, 1 known before" in give(project, exported, monitor="orders")[1]
    assert "0 annotations added, 3 known before" in give(project, exported, monitor="orders")[1]
    assert project.sql("""
        select id, "Label", annotator, epoch(labelled_at) from raw."order answers" order by 1
    """) == [
        (key, label, "1", TIME.timestamp() - datetime(1970, 1, 1).timestamp())
        for key, label in (("1", 2), ("3", 2), ("4", None))
    ]
    code, said = give(project, annotated(tasks[:1], [[annotation(1, ["3"])]]), monitor="orders")
    assert (code, "the label '3' is not one of ['0', '1', '2']" in said) == (1, True)
    code, said = give(project, annotated(tasks[:1], [[annotation(9, ["1"], ground_truth=True)]]), monitor="orders")
    assert (code, "has no column is_gold" in said) == (1, True)


def test_what_cannot_be_done_is_said(project):
    for arguments, code, message in (
        (["export", "--output", "x.json"], 1, "choose a monitor with --monitor; allowed: visits, orders, nobody"),
        (["import", "--monitor", "visit"], 1, "there is no monitor 'visit'; allowed: visits, orders, nobody"),
        (["import", "--monitor", "}} x"], 1, "'}} x' is not a valid name of a monitor"),
        (
            ["import", "--monitor", "nobody"],
            1,
            '"fixed" is built by dbt or is a file; annotations can be added only to a source',
        ),
        (["export", "--monitor", "nobody", "--output", "x.json"], 1, "no label is known"),
        (["import", "--monitor", "visits", "--target", "moon"], 1, "dbt cannot compile the project"),
        (["import", "nowhere.json"], 2, "does not exist"),
        (["export", "--monitor", "visits"], 2, "--output"),
        (["publish"], 2, "No such command"),
    ):
        found, said = run(project, "labels", *arguments) if arguments != ["publish"] else run_plain("labels", "publish")
        assert (found, message in " ".join(said.split())) == (code, True), said


def run_plain(*arguments):
    """The command as it is installed."""
    done = subprocess.run([Path(sys.executable).with_name("data-health"), *arguments], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def let_go():
    """Close the database that dbt keeps open in this process, so that another one can have it."""
    reset_adapters()
    if DuckDBConnectionManager._ENV is not None:
        DuckDBConnectionManager.env().close()
        DuckDBConnectionManager.close_all_connections()


def test_a_command_that_is_killed_leaves_nothing(project, processes):
    before = state(project)
    let_go()
    file = project.folder / "tasks.json"
    arguments = ("labels", "export", "--monitor", "visits", "--output", str(file))
    assert kill_at_commit(processes, project, *arguments) == -signal.SIGKILL
    assert state(project) == before
    file.unlink()
    tasks = export(project, "tasks.json")[2]
    assert len(tasks) == 6
    answered = project.folder / "answers.json"
    answered.write_bytes(as_json(annotated(tasks, [[annotation(number)] for number in range(6)])))
    before = state(project)
    let_go()
    arguments = ("labels", "import", "--monitor", "visits", str(answered))
    assert kill_at_commit(processes, project, *arguments) == -signal.SIGKILL
    assert state(project) == before
    assert "6 annotations added, 0 known before" in run(project, *arguments)[1]


def alone(project, *arguments):
    """The command with --project-dir and nothing else: (exit code, what it says)."""
    done = CliRunner().invoke(main, [*arguments, "--project-dir", str(project.folder)])
    return done.exit_code, done.output


def test_a_project_that_is_named_has_its_profile_beside_it(project, monkeypatch, tmp_path):
    """Its paths are meant as from there, those of the command as from the current folder."""
    monkeypatch.chdir(tmp_path)
    profile = project.folder / "profiles.yml"
    text = profile.read_text()
    let_go()
    profile.write_text(text.replace(str(project.folder) + "/", ""))
    try:
        code, said = alone(project, "labels", "export", "--monitor", "visits", "--output", "tasks.json")
        assert (code, said.splitlines()[0]) == (0, f"6 rows written to {tmp_path / 'tasks.json'}")
        tasks = json.loads((tmp_path / "tasks.json").read_text())
        (tmp_path / "answers.json").write_bytes(as_json(annotated(tasks[:1], [[annotation(1)]])))
        assert alone(project, "labels", "import", "--monitor", "visits", "answers.json")[0] == 0
        code, said = alone(project, "labels", "status", "--monitor", "visits")
        assert (code, "tasks.json" in said, "answers.json" in said) == (0, True, True)
    finally:
        let_go()
        profile.write_text(text)
    assert [row[:3] for row in answers(project)] == [("k2", 2, "yes")]
    assert sorted(file.name for file in tmp_path.iterdir() if file.name != "logs") == ["answers.json", "tasks.json"]


def test_a_database_that_is_locked_says_so(project):
    let_go()
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(project.database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline() == "open\n"
        code, said = run(project, "labels", "status", "--monitor", "visits")
    finally:
        holder.communicate("")
    assert code == 1
    assert re.fullmatch(
        rf"Error: the database {project.database} is locked: .*\(PID {holder.pid}\) has it open\. "
        r"Close that program, or wait until it ends, and run the command again\n",
        said,
    ), said
    code, said = run(project, "labels", "status")
    assert code == 0
    assert [line for line in said.splitlines() if line.startswith(("Monitor", "labeling"))] == [
        "Monitor visits",
        "Monitor orders",
        "Monitor nobody",
    ]


def test_the_commands_of_the_page(project, monkeypatch):
    page = (REPOSITORY / "docs/labeling.md").read_text()
    calls = [words for _, *words in commands(page)]
    assert [call[1] for call in calls] == ["import", "export", "import", "status"]
    monkeypatch.chdir(project.folder)
    calls = [["visits" if word == "screenings" else word for word in call] for call in calls]
    assert run(project, *calls[0])[0] == 0
    assert run(project, *calls[1])[0] == 0
    (name,) = [word for word in calls[1] if word.endswith(".json")]
    tasks = json.loads((project.folder / name).read_text())
    (project.folder / calls[2][-1]).write_bytes(
        as_json(annotated(tasks, [[annotation(one)] for one in range(len(tasks))]))
    )
    code, said = run(project, *calls[2])
    assert (code, "6 annotations added" in said) == (0, True)
    code, said = run(project, *calls[3])
    assert (code, "answers.json" in said) == (0, True)
