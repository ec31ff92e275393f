"""Files of the labeling exchange without a warehouse: what tasks look like, and what is taken and refused of what comes back."""

import json
import tomllib
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from consumer import REPOSITORY
from data_health.command_line import main
from data_health.label_studio.answers import Expected
from data_health.label_studio.files import read_answers
from data_health.label_studio.project import Project, described
from data_health.label_studio.tasks import (
    Candidate,
    ExchangeError,
    csv_header,
    csv_lines,
    csv_row,
    field_names,
    json_lines,
    labeling_config,
    parts,
    task,
)
from data_health.label_studio.warehouse import lock_message
from label_studio import annotated, annotation, as_csv, as_json, flat

pytestmark = pytest.mark.quick

EXPECTED = Expected("visits", ["yes", "no", "O'Hara"], "skip")
TIME = datetime(2024, 3, 1, 10, 0, 5, 250000)


def candidate(**changes):
    values = {
        "row_key": "k1|1",
        "batch": 2,
        "strategy": "margin",
        "reason": "the model hardly knows",
        "margin": 0.03,
        "predicted_label": "yes",
        "confidence": 0.51,
        "learner_version": "m7",
        "shown": ('it\'s "5"', None),
    }
    return Candidate(**values | changes)


def tasks(*keys):
    return [{"data": {"dq_row_key": f"visits|{key}", "dq_batch": 1, "age": "50"}} for key in keys]


def read(content, **changes):
    expected = Expected(**{**vars(EXPECTED), **changes})
    return read_answers(content if isinstance(content, bytes) else as_json(content), expected)


def told(reading):
    return [
        (one.row_key, one.label, one.annotator, one.labelled_at, one.seconds, one.is_gold) for one in reading.answers
    ]


def test_a_task_as_label_studio_takes_it():
    assert task(candidate(), "visits", ["size", "age"], ["yes", "no"], "label") == {
        "data": {
            "dq_row_key": "visits|k1|1",
            "dq_reason": "the model hardly knows",
            "dq_strategy": "margin",
            "dq_margin": 0.03,
            "dq_batch": 2,
            "size": 'it\'s "5"',
            "age": "(null)",
        },
        "predictions": [
            {
                "model_version": "m7",
                "score": 0.51,
                "result": [
                    {"from_name": "label", "to_name": "row_key", "type": "choices", "value": {"choices": ["yes"]}}
                ],
            }
        ],
    }


@pytest.mark.parametrize(
    "changes",
    [{"strategy": "audit"}, {"strategy": "relabel"}, {"predicted_label": None}, {"predicted_label": "maybe"}],
)
def test_nobody_is_told_what_the_model_says_where_the_answer_judges_it_or_it_says_no_label(changes):
    row = candidate(**changes)
    assert "predictions" not in task(row, "visits", ["size", "age"], ["yes", "no"], "label")
    assert csv_row(row, "visits", ["size", "age"], ["yes", "no"])[-3:] == [None, None, None]


def test_numbers_that_json_has_no_word_for_are_left_out():
    made = task(candidate(margin=float("nan"), confidence=float("inf")), "visits", ["a", "b"], ["yes"], "label")
    assert made["data"]["dq_margin"] is None
    assert made["predictions"][0]["score"] is None
    assert json.loads(json_lines([made])[0]) == made


def test_fields_have_names_that_label_studio_takes_and_none_twice():
    columns = ["age", "a b", "a_b", "Größe", "1st", "label", "id", "dq_batch", "annotator", "row_key", "order"]
    names = field_names(columns, "label")
    assert names[:3] == ["age", "a_b", "a_b_2"]
    assert names[-1] == "order"
    taken = {"label", "id", "dq_batch", "annotator", "row_key"}
    assert len(set(names)) == len(columns)
    assert not taken & set(names)
    assert all(name.isidentifier() and name.isascii() for name in names)


def test_the_labeling_interface_fits_the_tasks():
    columns, labels = ['5" <b> & more', "age"], ["yes", 'no "way"', "O'Hara & <sons>", "Größe"]
    fields = field_names(columns, "label")
    view = ElementTree.fromstring(labeling_config(columns, fields, labels, "label"))
    made = task(candidate(predicted_label="Größe"), "visits", fields, labels, "label")
    (result,) = made["predictions"][0]["result"]
    (choices,) = view.findall("Choices")
    assert (choices.get("name"), choices.get("toName")) == (result["from_name"], result["to_name"])
    assert choices.get("toName") in [text.get("name") for text in view.findall("Text")]
    assert [choice.get("value") for choice in choices] == labels
    assert [text.get("value").removeprefix("$") for text in view.findall("Text")] == ["dq_row_key", *fields]
    assert {text.get("value").removeprefix("$") for text in view.findall("Text")} <= set(made["data"])
    assert [header.get("value") for header in view.findall("Header")] == columns
    with pytest.raises(ExchangeError, match="XML"):
        labeling_config([], [], ["a\x01"], "label")


def test_files_are_as_large_as_they_may_be():
    lines = ["aaaa", "bb", "ü", "cccc"]
    assert list(parts(lines, 4, most=2)) == [range(0, 2), range(2, 4)]
    # around, and each line with what separates it: 4 + 6 + 4 + 4 and 4 + 6
    assert list(parts(lines, 4, most_bytes=18)) == [range(0, 3), range(3, 4)]
    assert list(parts(lines, 4, most_bytes=17)) == [range(0, 2), range(2, 4)]
    assert list(parts(lines, 4)) == [range(0, 4)]
    assert list(parts([], 4)) == []
    with pytest.raises(ExchangeError, match="row 1 alone has 6 bytes"):
        list(parts(lines, 4, most_bytes=9))


def test_every_annotation_is_an_answer():
    given = [
        [annotation(1), annotation(2, ["no"], completed_by={"id": 7, "email": "bo@example.org"}, lead_time=None)],
        [annotation(3, ["O'Hara"], ground_truth=True, updated_at="2024-03-01T12:00:05.25+02:00")],
        [annotation(4, was_cancelled=True), annotation(5, None, completed_by=2)],
        [],
        [annotation(6, ["no"], completed_by=None, updated_at=None)],
    ]
    reading = read(annotated(tasks("k1|1", "k2|2", "a|b|c", "k4|4", "Größe|(null)"), given))
    assert told(reading) == [
        ("k1|1", "yes", "1", TIME, 4.75, False),
        ("k1|1", "no", "bo@example.org", TIME, None, False),
        ("k2|2", "O'Hara", "1", TIME, 4.75, True),
        ("a|b|c", None, "1", TIME, 4.75, False),
        ("a|b|c", None, "2", TIME, 4.75, False),
        ("Größe|(null)", "no", None, datetime(2024, 3, 1, 10), 4.75, False),
    ]
    assert (reading.skip_count, reading.unanswered_count, reading.repeated_count) == (2, 1, 0)
    assert {one.source for one in reading.answers} == {"label_studio"}


def test_flat_formats_say_the_same_but_for_skips_and_gold():
    given = [
        [annotation(1), annotation(2, ["no"], completed_by=2)],
        [annotation(3, was_cancelled=True)],
        [annotation(4, None)],
    ]
    export = annotated(tasks("k1|1", "k2|2", "k3|3"), given)
    whole = [row for row in told(read(export)) if row[0] != "k2|2"]
    assert told(read(flat(export))) == whole
    for delimiter in ",;\t":
        assert told(read(as_csv(flat(export), delimiter))) == whole
    # a task that nobody has annotated
    line = {"dq_row_key": "visits|k9", "id": 9, "annotator": None, "annotation_id": None, "created_at": None}
    assert read([line]).unanswered_count == 1


def test_csv_that_people_fill_in():
    rows = [candidate(), candidate(row_key=" k2 |2", strategy="audit"), candidate(row_key="k3|3")]
    lines = csv_lines(
        [csv_header(["size", "age"], "label"), *(csv_row(row, "visits", ["size", "age"], ["yes"]) for row in rows)]
    )
    assert lines[1] == 'visits|k1|1,the model hardly knows,margin,0.03,2,"it\'s ""5""",(null),yes,,'
    answers = ["label,annotator", "no, ann ", "skip,", ","]
    filled = [lines[0], *(line[:-1] + answer for line, answer in zip(lines[1:], answers[1:], strict=True))]
    reading = read("﻿".encode() + "\r\n".join(filled).encode(), annotator="bob")
    assert told(reading) == [("k1|1", "no", "ann", None, None, False), (" k2 |2", None, "bob", None, None, False)]
    assert (reading.skip_count, reading.unanswered_count) == (1, 1)
    assert {one.source for one in reading.answers} == {"csv"}
    content = (
        b"dq_row_key,label,annotator,labelled_at,seconds,is_gold\nvisits|k1,yes,ann,2024-03-01 10:00:05.25,4.75,TRUE\n"
    )
    assert told(read(content)) == [("k1", "yes", "ann", TIME, 4.75, True)]


def test_what_stands_twice_in_a_file_counts_once():
    (one,) = annotated(tasks("k1|1"), [[annotation(1), annotation(1), annotation(2, ["no"])]])
    reading = read([one, one])
    assert len(reading.answers) == 2
    assert reading.repeated_count == 4


def test_other_controls_are_no_answers():
    comment = {
        "from_name": "comment",
        "to_name": "row_key",
        "type": "textarea",
        "value": {"text": ["blurred"]},
        "id": "x",
    }
    given = annotation(1)
    given["result"].append(comment)
    assert told(read(annotated(tasks("k1"), [[given]])))[0][1] == "yes"
    other = annotation(1)
    other["result"][0]["from_name"] = "diagnosis"
    assert told(read(annotated(tasks("k1"), [[other]]), control="diagnosis"))[0][1] == "yes"


def changed(**changes):
    """An export of one row with a change in its annotation."""
    return annotated(tasks("k1|1"), [[annotation(1, **changes)]])


def with_result(**changes):
    export = changed()
    export[0]["annotations"][0]["result"][0] |= changes
    return export


def with_data(**data):
    return [changed()[0] | {"data": data}]


WHOLE = as_json(changed())
ROW = r"task 1 \(id 4711\): row 'k1\|1', annotation 1: "

REFUSED = {
    "nothing": (b"", "is empty"),
    "blanks": (b" \n", "is empty"),
    "an image": (b"\x89PNG\r\n", "not UTF-8 text: byte 0"),
    "UTF-16": ("dq_row_key,label".encode("utf-16"), "not UTF-8 text"),
    "a page": (b"<html></html>", "neither JSON nor CSV with a column dq_row_key"),
    "truncated": (WHOLE[: len(WHOLE) // 2], "not complete, correct JSON"),
    "one bracket less": (WHOLE[:-1], "not complete, correct JSON"),
    "two files in one": (WHOLE + WHOLE, "not complete, correct JSON"),
    "NaN": (WHOLE.replace(b"4.75", b"NaN"), "NaN is not JSON"),
    "a huge number": (WHOLE.replace(b"4711", b"9" * 5000), "not complete, correct JSON"),
    "deep": (b"[" * 200_000, "nested too deeply|not complete, correct JSON"),
    "COCO": (as_json({"images": [], "categories": [], "annotations": []}), "a list of tasks"),
    "numbers": ([1, 2], "task 1: found 1; a task is expected"),
    "a task of somebody else": (
        [{"id": 1, "data": {"text": "hello"}, "annotations": []}],
        "task 1 \\(id 1\\): no dq_row_key among \\['text'\\]",
    ),
    "a task without data": ([{"id": 1, "annotations": []}], "the task has no data"),
    "another monitor": (
        with_data(dq_row_key="orders|k1"),
        "'orders\\|k1': a row of another monitor; 'visits' is expected",
    ),
    "a key without monitor": (with_data(dq_row_key="k1"), "'k1'; the form monitor\\|key is expected"),
    "a key of no text": (with_data(dq_row_key=17), "no dq_row_key"),
    "a key that no table holds": (with_data(dq_row_key="visits|\x00"), "no warehouse can store"),
    "no annotations": ([{"id": 1, "data": tasks("k1|1")[0]["data"]}], "no list of annotations"),
    "an annotation that is none": ([changed()[0] | {"annotations": ["yes"]}], "found 'yes'; an annotation is expected"),
    "results that are none": (changed(result={"choices": ["yes"]}), ROW + "the annotation has no list of results"),
    "a result that is none": (changed(result=["yes"]), ROW + "a result is not an object"),
    "an unknown label": (changed(choices=["maybe"]), ROW + "the label 'maybe' is not one of \\['yes', 'no', "),
    "a label in another case": (changed(choices=["Yes"]), ROW + "the label 'Yes'"),
    "a label of no text": (changed(choices=[1]), ROW + "the label 1"),
    "two choices": (changed(choices=["yes", "no"]), ROW + "2 choices, \\['yes', 'no'\\]; one is expected"),
    "another control": (with_result(from_name="other"), ROW + "no result is of the control 'label', but of 'other'"),
    "rectangles": (
        with_result(type="rectanglelabels", value={"x": 1}),
        ROW + "the result has the type 'rectanglelabels'",
    ),
    "no choices": (with_result(value={}), ROW + "found .*; a list of choices is expected"),
    "choices as text": (with_result(value={"choices": "yes"}), ROW + "found .*; a list of choices is expected"),
    "two results": (changed(result=annotation(1)["result"] * 2), ROW + "2 results of the control"),
    "a time that is none": (changed(updated_at="yesterday"), ROW + "updated_at is 'yesterday'; a time such as"),
    "a time as number": (changed(updated_at=1709287205), ROW + "updated_at is 1709287205"),
    "a time before all": (changed(updated_at="0001-01-01T00:00:00+10:00"), ROW + "updated_at"),
    "no time": (changed(updated_at=None, created_at=None), ROW + "the time is missing; updated_at or created_at"),
    "negative seconds": (changed(lead_time=-1), ROW + "lead_time is -1"),
    "seconds as boolean": (changed(lead_time=True), ROW + "lead_time is True"),
    "a skip that is no boolean": (changed(was_cancelled="no"), ROW + "was_cancelled is 'no'"),
    "an annotator that is a list": (changed(completed_by=[1]), ROW + "the annotator is \\[1\\]"),
    "half a character": (WHOLE.replace(b'"completed_by": 1', b'"completed_by": "\\ud800"'), ROW + "the annotator"),
    "JSON_MIN with several choices": (flat(changed(choices=["yes", "no"])), "row 'k1\\|1': 2 choices"),
    "CSV without a label": (b"dq_row_key\nvisits|k1\n", "line 2: there is no column label"),
    "CSV with two labels": (b"dq_row_key,label,label\nvisits|k1,yes,no\n", "more than one column label"),
    "CSV that ends in a cell": (b'dq_row_key,label,annotator\nvisits|k1,yes,"an', "not complete, correct CSV"),
    "CSV that ends in a line": (
        b"dq_row_key,label,annotator\nvisits|k1,yes",
        "line 2: 2 cells; the header has 3 columns",
    ),
    "CSV without annotator": (
        b"dq_row_key,label\nvisits|k1,yes\n",
        "line 2: row 'k1': the annotator is missing; --annotator names",
    ),
    "CSV with an odd boolean": (b"dq_row_key,label,annotator,is_gold\nvisits|k1,yes,ann,maybe\n", "is_gold is 'maybe'"),
    "CSV of another monitor": (b"dq_row_key,label,annotator\norders|k1,yes,ann\n", "another monitor"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_hostile_files_are_refused_with_the_place_named(name):
    content, message = REFUSED[name]
    with pytest.raises(ExchangeError, match=message):
        read(content)


def test_all_that_is_wrong_is_said_at_once():
    export = annotated(tasks(*map(str, range(30))), [[annotation(number, ["maybe"])] for number in range(30)])
    with pytest.raises(ExchangeError) as refused:
        read(export)
    lines = str(refused.value).splitlines()
    assert lines[0] == "nothing was imported"
    assert lines[1].startswith("- task 1 (id 4711): row '0', annotation 1: the label 'maybe'")
    assert len(lines) == 22
    assert lines[-1] == "- and 10 more"


def found(**labeling):
    """What dbt says of a monitor."""
    columns = [{"name": name, "quoted": f'"{name}"', "type": "VARCHAR"} for name in ("Id", "a b", "A B")]
    table = {"relation": "raw.rows", "columns": columns, "schema": "raw", "schema_exists": True, "lock": ""}
    places = ("relation", "label", "candidates", "export_log", "import_log")
    return {
        "name": "m",
        "where": None,
        "key": "id",
        "label_column": None,
        "labeling": {"show": [], "labels": None, "skip": "skip", **labeling},
        "answers_can_grow": False,
        "tables": dict.fromkeys(places, table),
    }


def test_columns_are_found_without_regard_to_case_unless_two_differ_in_nothing_else():
    monitor = described(found(show=["A B", "a B"]))
    assert [column.name for column in monitor.key] == ["Id"]
    assert [column.name for column in monitor.show] == ["A B", "a b"]
    assert described(found(show="a b")).show[0].name == "a b"
    with pytest.raises(ExchangeError, match=r"monitor 'm', labeling\.show: raw\.rows has no column age"):
        described(found(show=["Id", "age"]))
    nowhere = found()
    nowhere["tables"] = {**nowhere["tables"], "relation": {**nowhere["tables"]["relation"], "columns": None}}
    with pytest.raises(ExchangeError, match=r"raw\.rows does not exist; build or load it first"):
        described(nowhere)


def test_labels_are_texts():
    assert described(found(labels=["yes", 1, 1.5, True, "yes"])).labels == ["yes", "1", "1.5", "true"]
    with pytest.raises(ExchangeError, match="empty"):
        described(found(labels=["yes", " "]))


LOCKED = {
    "DuckDB": (
        'IO Error: Could not set lock on file "/data/x.duckdb": Conflicting lock is held in /usr/bin/python3.11 (PID 17) '
        "by user ann. See also https://duckdb.org/docs",
        "the database /data/x.duckdb is locked: /usr/bin/python3.11 (PID 17) has it open. Close that program",
    ),
    "DuckDB of another user": (
        'IO Error: Could not set lock on file "/data/x.duckdb": Resource temporarily unavailable',
        "the database /data/x.duckdb is locked: another program has it open.",
    ),
    "Windows": (
        'IO Error: Cannot open file "c:\\x.duckdb": The process cannot access the file because it is being used by another process.',
        "the database c:\\x.duckdb is locked: another program has it open.",
    ),
    "PostgreSQL": ("canceling statement due to lock timeout\n", "a table is locked: another session of the database"),
}


@pytest.mark.parametrize("name", LOCKED)
def test_a_lock_is_told_in_one_sentence(name):
    said, message = LOCKED[name]
    assert lock_message(said).startswith(message)
    assert lock_message("relation x does not exist") is None


def test_a_profile_beside_a_named_project_comes_first(tmp_path, monkeypatch):
    for name in ("DBT_PROJECT_DIR", "DBT_PROFILES_DIR"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    assert Project("project").options() == ["--project-dir", "project"]
    (folder / "profiles.yml").touch()
    assert Project("project").options() == ["--project-dir", str(folder), "--profiles-dir", str(folder)]
    assert Project("project").absolute(Path("x.json")) == tmp_path / "x.json"
    # whoever names a folder of profiles means that one, and who names no project means the current folder
    assert Project("project", "here").options() == ["--project-dir", "project", "--profiles-dir", "here"]
    assert Project(None).options() == []
    assert Project(None).absolute(Path("x.json")) == Path("x.json")
    monkeypatch.setenv("DBT_PROJECT_DIR", "project")
    assert Project(None, target="dev").options()[2:] == ["--profiles-dir", str(folder), "--target", "dev"]
    monkeypatch.setenv("DBT_PROFILES_DIR", "there")
    assert Project("project").options() == ["--project-dir", "project"]


def test_the_command_says_which_version_it_is():
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
    assert CliRunner().invoke(main, ["--version"]).output == f"data-health, version {version}\n"


def test_every_folder_of_python_is_packed():
    packed = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = [path.parent.name for path in (REPOSITORY / "python_checks").glob("*/__init__.py")]
    assert sorted(packed) == sorted(["data_health", *(f"data_health.{name}" for name in folders)])
