"""The page on three rounds of labeling is done as a reader would do it, and what it says is compared with the truth."""

import json
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import label_studio
import numpy as np
import pytest
import walkthrough
from consumer import REPOSITORY, Consumer

from python_checks.demo import annotators

PAGE = REPOSITORY / "docs" / "labeling_rounds.md"
MARTS = ("health_labeling_progress", "health_auto_labels", "health_annotators", "health_label_gates")


def followed(folder):
    """A project after the three rounds of the page; `folder` has the files of the reader."""
    page = PAGE.read_text()
    configuration = walkthrough.files(page)["dbt_project.yml"]["vars"]["data_health"]
    project = Consumer(folder / "project", configuration, sources=("visits", "answers"))
    for line in page.splitlines():
        words = [file_of(project, word) for word in shlex.split(line, comments=False)] if is_command(line) else []
        if words[:2] == ["dbt", "build"]:
            project.build_up_to(*MARTS)
        elif words[:1] == ["data-health"]:
            code, said = label_studio.run(project, *words[1:])
            assert code == 0, said
        elif words[:1] == ["python"]:
            subprocess.run([sys.executable, *words[1:]], check=True, stdout=subprocess.DEVNULL, cwd=REPOSITORY)
    return project


def is_command(line):
    return line.startswith(("dbt build", "data-health ", "python -m "))


def file_of(project, word):
    """A word of a command; a file is one of the project's folder."""
    if word == "clinic.duckdb":
        return str(project.database)
    return str(project.folder / word) if word.endswith(".json") else word


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return followed(tmp_path_factory.mktemp("rounds"))


@pytest.fixture(scope="module")
def truth(project):
    return json.loads((project.folder / "truth.json").read_text())


@pytest.mark.parametrize("number", range(len(walkthrough.queries(PAGE.read_text()))))
def test_every_query_gives_the_table_below_it(project, number):
    statement, table = walkthrough.queries(PAGE.read_text())[number]
    assert table == walkthrough.table(project.rows(statement)), statement


def test_nobody_is_asked_twice_and_a_batch_fills_the_budget(project):
    rows = project.sql("select batch, row_key from health_labeling_candidates where strategy <> 'relabel'")
    assert len(rows) == len({key for _, key in rows})
    open_rows = project.sql("select count(*) from health_labeling_candidates where status = 'open'")
    assert open_rows[0][0] <= 250
    counts = dict(project.sql("select batch, count(*) from health_labeling_candidates group by batch"))
    assert set(counts) == {1, 2, 3, 4} and counts[1] == counts[2] == 250


def test_labels_are_nearer_to_the_truth_than_answers_are(project, truth):
    answers = project.sql(
        "select visit_id, label from raw.answers where label is not null and label not in ('', 'skip')"
    )
    labels = project.sql("select row_key, label from health_labels where label is not null")
    of_answers, of_labels = (np.mean([truth[key] == label for key, label in rows]) for rows in (answers, labels))
    assert len(labels) > 650
    assert of_labels > of_answers + 0.01


def test_accuracies_are_those_of_the_answers_that_were_judged(project, truth):
    answers = project.sql(
        "select visit_id, annotator, label from raw.answers where label is not null and label not in ('', 'skip')"
    )
    counts = {}
    for key, _, _ in answers:
        counts[key] = counts.get(key, 0) + 1
    for annotator, judged, accuracy in project.sql(
        "select annotator, judged_count, accuracy from health_annotators where annotator <> '(all)'"
    ):
        right = [truth[key] == label for key, name, label in answers if name == annotator and counts[key] > 1]
        assert len(right) == judged
        assert accuracy == pytest.approx(np.mean(right), abs=0.03)
        assert f"{100 * np.mean(right):.0f}" in PAGE.read_text().split("In truth ")[1].split(" %")[0]


def test_automatic_labels_keep_their_promise(project, truth):
    rows = project.sql("select row_key, label from health_auto_labels")
    answered = {key for (key,) in project.sql("select visit_id from raw.answers")}
    assert len(rows) > 300 and not answered & {key for key, _ in rows}
    assert all(truth[key] == label for key, label in rows)


def test_the_learner_gets_better(project):
    scores = project.sql("select score from health_labeling_progress where batch <= 3 order by batch")
    assert scores[0][0] < scores[1][0] < scores[2][0]


def test_the_same_answers_again_change_nothing(project):
    before = project.sql("select * from raw.answers order by all")
    code, said = label_studio.run(
        project, "labels", "import", "--monitor", "visits", str(project.folder / "answers_3.json")
    )
    assert (code, "0 answers added" in said) == (0, True)
    assert project.sql("select * from raw.answers order by all") == before


def test_people_answer_a_row_alike_in_any_order(truth, project):
    tasks = json.loads((project.folder / "tasks_1.json").read_text())
    forward, backward = (annotators.annotated(order, truth) for order in (tasks, tasks[::-1]))
    answers = [
        {
            (task["data"]["dq_row_key"], one["completed_by"]["email"]): (one["result"], one["updated_at"])
            for task in exported
            for one in task["annotations"]
        }
        for exported in (forward, backward)
    ]
    assert answers[0] == answers[1]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        PAGE.write_text(walkthrough.with_tables(PAGE.read_text(), followed(Path(name)).rows))
