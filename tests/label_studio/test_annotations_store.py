"""Annotations are known by their id: what imports add to the table of annotations, and what they do not, without dbt."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from annotations_store import AnnotationsStore, exported
from data_health.label_studio.tasks import Candidate, ExchangeError, csv_header, csv_lines, csv_row
from label_studio import annotation, as_csv, flat

pytestmark = pytest.mark.quick

TIME = datetime(2024, 3, 1, 10, 0, 5, 250000)
BO = {"id": 2, "email": "bo@example.org"}
# what the release before made, and what it wrote of three annotations of Label Studio
OLD_TABLE = """
    create table answers (
        id varchar, label varchar, annotator varchar, labelled_at timestamp, source varchar, seconds double, is_gold boolean
    );
    create table labeling_import_log (
        monitor varchar, file_name varchar, file_hash varchar, added_count bigint, known_count bigint, skip_count bigint,
        unanswered_count bigint, imported_at timestamp
    );
    insert into labeling_import_log values ('visits', 'old.json', 'a', 3, 0, 0, 0, timestamp '2024-03-02 00:00:00');
    insert into answers values
        ('k1', 'yes', '1', timestamp '2024-03-01 10:00:05.25', 'label_studio', 4.75, false),
        ('k1', 'no', '2', timestamp '2024-03-01 10:00:05.25', 'label_studio', 4.75, false),
        ('k2', 'yes', '2', timestamp '2024-03-01 10:00:05.25', 'label_studio', 4.75, false)
"""


@pytest.fixture
def store(tmp_path):
    return AnnotationsStore(tmp_path)


def three(**changes):
    """Two people annotate k1, and one of them k2."""
    second, third = annotation(2, ["no"], completed_by=2), annotation(3, completed_by=2)
    return {"k1": [annotation(1, **changes), second | changes], "k2": [third | changes], "k3": []}


def rows(store, columns="id, label, annotator, annotation_id, is_withdrawn"):
    return store.sql(f"select {columns} from answers order by imported_at nulls first, id, annotation_id")


def counts(done):
    return [(one.added_count, one.known_count, one.withdrawn_count) for one in done]


THREE = [("k1", "yes", "1", "1", False), ("k1", "no", "2", "2", False), ("k2", "yes", "2", "3", False)]


def test_ids_are_stored(store):
    assert counts(store.give(exported(three()))) == [(3, 0, 0)]
    assert rows(store, "id, annotation_id, annotation_task, annotation_project, is_withdrawn") == [
        ("k1", "1", "4711", "83", False),
        ("k1", "2", "4711", "83", False),
        ("k2", "3", "4712", "83", False),
    ]
    assert store.sql("select count(*) from answers where imported_at is null") == [(0,)]


@pytest.mark.parametrize("who", [None, {"id": 2, "email": "bo@example.org", "first_name": "Bo"}, "bo@example.org", 7])
def test_annotations_that_name_somebody_else_now_are_the_same(store, who):
    """A user was deleted, or a snapshot names users by an object."""
    store.give(exported(three()))
    export = exported(three(completed_by=who))
    for content in (export, flat(export), as_csv(flat(export))):
        assert counts(store.give(content)) == [(0, 3, 0)]
    assert rows(store) == THREE


def test_a_changed_annotation_keeps_the_name_of_its_annotator(store):
    store.give(exported(three()))
    given = three(completed_by=None)
    given["k1"][0] = annotation(1, ["no"], completed_by=None, updated_at="2024-03-05T10:00:00Z")
    assert counts(store.give(exported(given), exported(given))) == [(1, 2, 0), (0, 3, 0)]
    assert rows(store) == [*THREE, ("k1", "no", "1", "1", False)]
    # an older export does not bring the older state back
    assert counts(store.give(exported(three()))) == [(0, 3, 0)]


def test_new_annotations_are_of_the_person_whom_the_table_names_otherwise(store):
    store.give(exported({"k1": [annotation(1), annotation(2, ["no"], completed_by=2)]}))
    snapshot = {
        "k1": [annotation(1, completed_by=None), annotation(2, ["no"], completed_by=BO)],
        "k2": [annotation(3, completed_by=BO)],
    }
    assert counts(store.give(exported(snapshot))) == [(1, 2, 0)]
    assert rows(store)[-1] == ("k2", "yes", "2", "3", False)


@pytest.mark.parametrize("who", [1, None, BO])
def test_a_table_of_the_release_before_gets_ids(store, who):
    store.sql(OLD_TABLE)
    given = three() if who == 1 else three(completed_by=who)
    assert counts(store.give(exported(given))) == [(0, 3, 0)]
    assert rows(store) == [(*row[:4], None) for row in THREE]
    assert store.sql("select distinct annotation_project from answers") == [("83",)]
    assert store.sql("select file_name, withdrawn_count from labeling_import_log order by imported_at") == [
        ("old.json", None),
        ("answers_0", 0),
    ]
    # a flat format fills in the id, a whole one the project
    store.sql("update answers set annotation_id = null, annotation_task = null, annotation_project = null")
    for content in (flat(exported(given)), exported(given)):
        assert counts(store.give(content)) == [(0, 3, 0)]
    assert store.sql("select annotation_id, annotation_task, annotation_project from answers order by 1") == [
        ("1", "4711", "83"),
        ("2", "4711", "83"),
        ("3", "4712", "83"),
    ]


def test_what_the_release_before_counted_twice_gets_the_same_id(store):
    """It imported the same annotations again after their annotators were deleted."""
    store.sql(OLD_TABLE)
    store.sql("insert into answers select * replace (null as annotator) from answers")
    assert counts(store.give(exported(three(completed_by=None)))) == [(0, 3, 0)]
    assert store.sql("select id, annotation_id, count(*) from answers group by all order by all") == [
        ("k1", "1", 2),
        ("k1", "2", 2),
        ("k2", "3", 2),
    ]


def test_two_people_of_one_time_and_label_are_two(store):
    store.sql(OLD_TABLE)
    store.sql("update answers set label = 'yes'")
    assert counts(store.give(exported({"k1": [annotation(1, completed_by=2)]}))) == [(0, 1, 0)]
    assert store.sql("select annotator, annotation_id from answers where id = 'k1' order by 1") == [
        ("1", None),
        ("2", "1"),
    ]


def test_a_deleted_annotation_is_withdrawn_and_logged(store):
    store.give(exported(three()))
    less = three()
    del less["k1"][1]
    assert counts(store.give(exported(less), exported(less))) == [(0, 2, 1), (0, 2, 0)]
    assert rows(store) == [*THREE, ("k1", None, "2", "2", True)]
    assert store.sql("select withdrawn_count from labeling_import_log order by imported_at") == [(0,), (1,), (0,)]
    # an export from before the deletion does not bring it back
    (done,) = store.give(exported(three()))
    assert (counts([done]), done.still_withdrawn_count) == ([(0, 3, 0)], 1)
    # one from after the withdrawal does, and so does whoever says that the file is the newest
    later = exported(three())
    later[0]["updated_at"] = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    assert counts(store.give(later)) == [(1, 2, 0)]
    assert rows(store)[-1] == ("k1", "no", "2", "2", False)
    assert counts(store.give(exported(less))) == [(0, 2, 1)]
    assert counts(store.give(exported(three()), is_complete=True)) == [(1, 2, 0)]


def test_the_last_annotation_of_a_task_is_withdrawn(store):
    store.give(exported(three()))
    assert counts(store.give(exported(three() | {"k2": []}))) == [(0, 2, 1)]
    assert rows(store)[-1] == ("k2", None, "2", "3", True)


def without_k2():
    return exported({"k1": three()["k1"]})


def filtered():
    """A snapshot of the annotations of one person: Label Studio still counts two."""
    export = exported(three())
    del export[0]["annotations"][1]
    return export


def older():
    """An export from before the second annotation."""
    export = exported(three() | {"k1": [annotation(1, updated_at="2024-03-01T09:00:00Z")], "k2": []})
    for task in export:
        task |= {"updated_at": "2024-03-01T09:00:00Z"}
    return export


def other_task():
    """The same row again as another task: a later batch asked for it again."""
    return exported({"k1": [annotation(9, completed_by=3)]}, before=100)


def other_project():
    export = exported(three() | {"k1": []})
    for task in export:
        task["project"] = 84
    return export


@pytest.mark.parametrize(
    ("partial", "missing_count", "complete"),
    [(without_k2, 0, 1), (filtered, 1, 1), (older, 2, 2), (other_task, 0, 3), (other_project, 0, 0)],
)
def test_what_a_partial_export_lacks_stays_unless_it_is_called_complete(store, partial, missing_count, complete):
    store.give(exported(three()))
    (done,) = store.give(partial())
    assert (done.withdrawn_count, done.missing_count) == (0, missing_count)
    assert counts(store.give(partial(), is_complete=True))[0][2] == complete


def test_flat_formats_withdraw_nothing(store):
    """They have no skips, so what they lack says nothing."""
    given = three()
    given["k2"] = [annotation(3, was_cancelled=True, completed_by=2)]
    store.give(exported(given))
    for content in (flat(exported(given)), as_csv(flat(exported(given)))):
        assert counts(store.give(content)) == [(0, 2, 0)]
        with pytest.raises(ExchangeError, match="--complete needs an export in the format JSON"):
            store.give(content, is_complete=True)
    with pytest.raises(ExchangeError, match="--complete needs an export in the format JSON"):
        store.give(b"[]", is_complete=True)


def test_several_files_are_complete_together(store):
    store.give(exported(three()))
    parts = exported({"k1": three()["k1"]}), exported({"k2": []}, before=1)
    assert counts(store.give(*parts, is_complete=True)) == [(0, 2, 1), (0, 0, 0)]


def test_ground_truth_follows_label_studio(store):
    store.give(exported({"k1": [annotation(1)]}))
    gold = {"k1": [annotation(1, ground_truth=True, updated_at="2024-03-02T10:00:00Z")]}
    assert counts(store.give(exported(gold))) == [(1, 0, 0)]
    # flat formats do not say it, and do not take it back
    assert counts(store.give(flat(exported(gold)))) == [(0, 1, 0)]
    later = {"k1": [annotation(1, ["no"], updated_at="2024-03-03T10:00:00Z")]}
    assert counts(store.give(flat(exported(later)))) == [(1, 0, 0)]
    last = {"k1": [annotation(1, ["no"], updated_at="2024-03-04T10:00:00Z")]}
    assert counts(store.give(exported(last))) == [(1, 0, 0)]
    assert rows(store, "label, is_gold") == [("yes", False), ("yes", True), ("no", True), ("no", False)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"dq_row_key,label,annotator,labelled_at\nvisits|k1,yes,ann,2024-03-01\nvisits|k1,no,ann,2024-03-01T00:00Z\n",
            r"line 3: row 'k1': the annotator 'ann' has two labels at the same time 2024-03-01 00:00:00, 'yes' \(line 2\) and 'no'",
        ),
        (
            b"dq_row_key,label,annotator\nvisits|k2,yes,ann\nvisits|k2,skip,ann\n",
            r"line 3: row 'k2': the annotator 'ann' has two labels without a time, 'yes' \(line 2\) and None",
        ),
        (
            b"dq_row_key,label,annotator,is_gold\nvisits|k2,yes,ann,1\nvisits|k2,no,bo,1\n",
            r"line 3: row 'k2': what is known to be right has two labels without a time",
        ),
        (
            exported({"k1": [annotation(1), annotation(1, ["no"])]}),
            r"task 1 \(id 4711\): row 'k1': annotation 1 has two labels at the same time",
        ),
    ],
)
def test_two_labels_of_one_time_are_refused(store, content, message):
    with pytest.raises(ExchangeError, match=message):
        store.give(content)
    assert store.table("answers").columns is None


def test_a_label_that_contradicts_the_table_at_the_same_time_is_refused(store):
    csv_file = b"dq_row_key,label,annotator,labelled_at\nvisits|k3,%s,ann,2024-03-01\n"
    store.give(exported(three()), csv_file % b"yes")
    with pytest.raises(ExchangeError, match="row 'k3': the table has the label 'yes' of the annotator 'ann'"):
        store.give(csv_file % b"no")
    with pytest.raises(ExchangeError, match="row 'k1', annotation 1: the table has the label 'yes' of the same time"):
        store.give(exported({"k1": [annotation(1, ["no"])]}))
    assert len(rows(store)) == 4


@pytest.mark.parametrize(
    "content",
    [
        exported({"k1": [annotation(1, updated_at="2031-01-01T00:00:00Z")]}),
        flat(exported({"k1": [annotation(1, updated_at="2031-01-01T00:00:00Z")]})),
        b"dq_row_key,label,annotator,labelled_at\nvisits|k1,yes,ann,2031-01-01\n",
    ],
)
def test_times_in_the_future_are_refused(store, content):
    with pytest.raises(ExchangeError, match=r"row 'k1'.*(updated_at|labelled_at) is '2031-01-01.*in the future"):
        store.give(content)


def test_a_clock_may_differ_by_a_minute(store):
    soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    assert counts(store.give(exported({"k1": [annotation(1, updated_at=soon)]}))) == [(1, 0, 0)]


def test_a_time_in_the_future_that_is_stored_does_not_beat_corrections(store):
    store.sql(OLD_TABLE)
    store.give(exported(three()))
    store.sql("update answers set labelled_at = timestamp '2031-01-01' where annotation_id = '1'")
    assert counts(store.give(exported(three()))) == [(1, 2, 0)]
    assert rows(store, "annotation_id, labelled_at")[-1] == ("1", TIME)


AWKWARD = ["=1+1", "+49", "-1.5", "-1+1", "@SUM(A1)", "\tx", "\rx", "'=1", "''-2", "'a", "-1", "- x", "a=b", "1.5", ""]


def test_csv_is_no_formula_and_comes_back_as_it_was(store):
    fields = [f"column_{number}" for number in range(len(AWKWARD))]
    candidate = Candidate("k1", 1, "margin", "=why", -0.5, "-1", 0.5, "m", tuple(AWKWARD))
    header = csv_header(fields, "label")
    text = "\n".join(csv_lines([header, csv_row(candidate, "visits", fields, ["-1", "yes"])])) + "\n"
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert [row[name] for name in fields] == [
        "'=1+1", "'+49", "-1.5", "'-1+1", "'@SUM(A1)", "'\tx", "'\rx", "''=1", "'''-2", "'a", "-1", "'- x", "a=b", "1.5",
        "",
    ]  # fmt: skip
    assert (row["dq_reason"], row["dq_margin"], row["dq_predicted_label"]) == ("'=why", "-0.5", "-1")
    for label, annotator in (("-1", "'@ann"), ("'-1", "@ann")):
        store.give(as_csv([row | {"label": label, "annotator": annotator}]))
    assert store.sql("select label, annotator from answers") == [("-1", "@ann")]


def test_status_of_nothing(store):
    assert store.status().splitlines() == [
        "Monitor visits",
        "",
        "Batches",
        "No row is chosen for labeling yet; build health_labeling_candidates.",
        "",
        "Annotators",
        "There is no annotation yet.",
        "",
        "Exports",
        "Nothing was exported yet.",
        "",
        "Imports",
        "Nothing was imported yet.",
    ]


def test_status_of_a_table_of_the_release_before(store):
    store.sql(OLD_TABLE)
    lines = [line.split() for line in store.status().splitlines()]
    assert ["2", "2", "0", "0", "0", "2024-03-01", "10:00:05"] in lines
    assert ["2024-03-02", "00:00:00", "old.json", "3", "0", "0", "0", "0"] in lines


def test_a_table_that_may_not_be_changed_says_what_its_owner_has_to_run(store):
    store.sql(OLD_TABLE)
    store.sql("alter table answers rename to stored; create view answers as from stored")
    message = (
        "answers needs the columns annotation_id, annotation_task, .*run: alter table answers add column if not exists"
    )
    with pytest.raises(ExchangeError, match=message):
        store.give(exported(three()))


def test_status_says_what_was_asked_answered_skipped_and_imported(store):
    store.sql("""
        create table health_labeling_candidates as
        select 'visits' as monitor, * from (values
            (1, 'k1', 'margin', 'open', 0), (1, 'k2', 'margin', 'open', 0), (1, 'k3', 'margin', 'open', 0),
            (2, 'k1', 'relabel', 'open', 2), (2, 'k4', 'margin', 'gone', 0)
        ) as rows (batch, row_key, strategy, status, annotations_before);
        create table labeling_export_log (
            monitor varchar, row_key varchar, batch bigint, project varchar, file_name varchar, payload_hash varchar,
            exported_at timestamp
        );
        insert into labeling_export_log
        select 'visits', unnest(['k1', 'k2']), 1, 'team', 'tasks.json', '', timestamp '2024-03-01 08:00:00'
    """)
    given = three() | {"k2": [annotation(3, was_cancelled=True, completed_by=BO)], "k3": [annotation(4, ["no"])]}
    store.give(exported(given))
    given["k3"] = []
    store.give(exported(given))
    told = store.status()
    imported = [line.split() for line in told.split("Imports\n")[1].splitlines()[1:]]
    assert [line[2:] for line in imported] == [
        ["answers_0", "4", "0", "0", "1", "0"],
        ["answers_0", "0", "3", "1", "1", "1"],
    ]
    assert told.split("\n\nImports")[0].splitlines() == [
        "Monitor visits",
        "",
        "Batches",
        "batch  asked  exported  answered  skipped  open  gone  labelled",
        "1          3         2         1        1     1     0         0",
        "2          2         0         0        0     1     1         0",
        "(all)      5         2         1        1     2     1         0",
        "",
        "Annotators",
        "annotator       labels  skips  gold  withdrawn  last",
        "1                    1      0     0          1  2024-03-01 10:00:05",
        "2                    1      0     0          0  2024-03-01 10:00:05",
        "bo@example.org       0      1     0          0  2024-03-01 10:00:05",
        "",
        "Exports",
        "exported at          project  file        rows",
        "2024-03-01 08:00:00  team     tasks.json     2",
    ]
