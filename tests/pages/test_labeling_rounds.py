"""The page docs/labeling_rounds.md: three rounds of labeling with people who err at a known rate.

`make pages` writes the tables of the page again.
"""

import csv
import importlib
import json
import random
import tempfile
from pathlib import Path

import pytest
import walkthrough
import yaml
from click.testing import CliRunner
from consumer import REPOSITORY, Consumer
from data_health.demo.annotators import SKIP_SHARE, answer_of, answered
from data_health.demo.rows import ANNOTATORS, logit
from data_health.demo.visits import clean_screenings
from data_health.labeling.gates import rows_needed
from label_studio import commands, run
from scipy.stats import beta
from sklearn.metrics import roc_auc_score

pytestmark = pytest.mark.slow

PAGE = REPOSITORY / "docs" / "labeling_rounds.md"
PROGRAMS = ("python", "data-health", "dbt")


class Reader(Consumer):
    """A project in which a reader does what the page says; what the queries give is kept, and states between."""

    def __init__(self, folder):
        page = PAGE.read_text()
        files = walkthrough.files(page)
        models = {
            path.removeprefix("models/"): yaml.safe_dump(content)
            for path, content in files.items()
            if path.startswith("models/")
        }
        (profile,) = files["profiles.yml"].values()
        self.output = profile["outputs"]["dev"]
        super().__init__(folder, files["dbt_project.yml"]["vars"]["data_health"], models=models)
        self.answers, self.learners = [], []
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            for block in walkthrough.BLOCK.finditer(page):
                if walkthrough.is_query(block):
                    self.answers.append(self.rows(block["text"]))
                elif block["language"] == "console":
                    for words in commands(block["text"], PROGRAMS):
                        self.follow(*words)

    def profile(self):
        self.database = self.folder / self.output["path"]
        return self.output | {"path": str(self.database), "threads": 1}

    def follow(self, program, *words):
        if program == "dbt":
            self.dbt(*words)
            self.learners.append((self.sql(PROBABILITIES), self.sql(SCORE)))
        elif program == "data-health":
            code, said = run(self, *words)
            assert code == 0, said
        else:
            _, module, *arguments = words
            done = CliRunner().invoke(importlib.import_module(module).main, arguments)
            assert done.exit_code == 0, done.output


# what the learner takes every row for, as the probability of yes
PROBABILITIES = """
    select row_key, case predicted_label when 'yes' then confidence else 1 - confidence end
    from labeling_rows
    where confidence is not null
    order by row_key
"""
SCORE = "select score, score_error from health_labeling_progress where batch is null"


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    return Reader(tmp_path_factory.mktemp("rounds") / "project")


@pytest.fixture(scope="module")
def truth(reader):
    with (reader.folder / "truth.csv").open(newline="") as file:
        return {row["screening_id"]: row["label"] for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def export(reader):
    """What the people's project holds in the end, in the order in which it was asked for."""
    return json.loads((reader.folder / "project.json").read_text())


def key_of(item):
    return item["data"]["dq_row_key"].removeprefix("visits|")


def right_share(rows):
    return sum(label == truth for label, truth in rows) / len(rows)


# The page


def words_of_the_page():
    """The page in one line: a sentence may go on in the next line."""
    return " ".join(PAGE.read_text().split())


@pytest.mark.parametrize("number", range(len(walkthrough.queries(PAGE.read_text()))))
def test_every_query_gives_the_table_below_it(reader, number):
    statement, table = walkthrough.queries(PAGE.read_text())[number]
    assert table == walkthrough.table(reader.answers[number]), statement


def test_the_rates_on_the_page_are_those_of_the_annotators(reader):
    known = {row["annotator"]: float(row["known_accuracy"]) for row in reader.answers[-3]}
    assert known == ANNOTATORS
    assert "97, 92, 85 and 70 % of cases, and skip 4 %" in words_of_the_page() and SKIP_SHARE == 0.04


# What it is made of


def test_nobody_is_asked_twice(reader, export):
    asked = reader.sql("select batch, row_key, strategy from health_labeling_candidates")
    assert [len([row for row in asked if row[0] == batch]) for batch in (1, 2, 3, 4)] == [300] * 4
    fresh = [key for _, key, strategy in asked if strategy != "relabel"]
    again = [key for _, key, strategy in asked if strategy == "relabel"]
    assert len(fresh) == len(set(fresh)) and len(again) == len(set(again)) > 0 and set(again) < set(fresh)
    answers = [(key_of(item), one["completed_by"]["email"]) for item in export for one in item["annotations"]]
    assert len(answers) == len(set(answers))
    exported = {(batch, key) for batch, key, _ in asked if batch < 4}
    assert {(item["data"]["dq_batch"], key_of(item)) for item in export} == exported and len(export) == len(exported)


def test_what_became_of_the_rows_is_what_people_did(reader, export):
    """Status, counts and seconds of every batch, from the export alone."""
    decided = {}
    for item in export:
        is_answer = [not one["was_cancelled"] for one in item["annotations"]]
        decided[item["data"]["dq_batch"], key_of(item)] = "answered" if any(is_answer) else "skipped"
    statuses = reader.sql("select batch, row_key, status from health_labeling_candidates")
    assert {(batch, key): status for batch, key, status in statuses if batch < 4} == decided
    assert {status for batch, _, status in statuses if batch == 4} == {"open"}
    seconds, labels = {}, {}
    for item in export:
        seconds[key_of(item)] = seconds.get(key_of(item), 0) + sum(one["lead_time"] for one in item["annotations"])
        if any(one["result"] for one in item["annotations"]):
            labels.setdefault(key_of(item), item["data"]["dq_batch"])
    progress = reader.rows("select * from health_labeling_progress where batch < 4 order by batch")
    for row in progress:
        batch = row["batch"]
        ours = [status for (number, _), status in decided.items() if number == batch]
        assert (row["answered_count"], row["skipped_count"], row["open_count"]) == (
            ours.count("answered"),
            ours.count("skipped"),
            0,
        )
        # of a row that came twice, what it took in all
        assert row["seconds"] == sum(seconds[key] for number, key in decided if number == batch)
        assert row["label_count"] == sum(first <= batch for first in labels.values())


def test_the_same_file_again_adds_nothing(reader, export):
    answers = "select * from raw.visit_answers order by all"
    before = reader.sql(answers)
    assert len(before) == sum(len(item["annotations"]) for item in export)
    code, said = run(reader, "labels", "import", str(reader.folder / "project.json"))
    assert code == 0 and f"project.json: 0 annotations added, {len(before)} known before" in said
    assert reader.sql(answers) == before


def test_all_answers_together_are_better_than_one_and_than_the_majority(reader, truth):
    single = [
        (label, truth[key])
        for key, label in reader.sql("select row_key, label from label_annotations where label is not null")
    ]
    labels = reader.sql(
        "select row_key, label, majority_label, annotation_count from health_labels where annotation_count > 0"
    )
    together = right_share([(label, truth[key]) for key, label, _, _ in labels])
    assert together > right_share(single) + 0.05
    assert together > right_share([(majority, truth[key]) for key, _, majority, _ in labels]) + 0.05
    doubted = [(label, truth[key]) for key, label, majority, count in labels if count == 1 and label != majority]
    right = doubted.count(("no", "no"))
    counts = f"{len(doubted)} visits to which only dan said `yes` get the label `no`, and {right} of them are `no`"
    assert counts in words_of_the_page() and {label for label, _ in doubted} == {"no"}
    several = right_share([(label, truth[key]) for key, label, _, count in labels if count > 1])
    assert several > together


def test_intervals_hold_the_known_rates(reader):
    rows = reader.rows("select * from health_annotators where annotator <> '(all)'")
    assert len(rows) == len(ANNOTATORS)
    for row in rows:
        rate = ANNOTATORS[row["annotator"].partition("@")[0]]
        assert row["accuracy_lower"] < rate < row["accuracy_upper"], row["annotator"]
        assert row["skip_count"] / (row["skip_count"] + row["annotation_count"]) == pytest.approx(SKIP_SHARE, abs=0.03)


def test_the_warehouse_measures_without_the_truth_how_well_the_learner_ranks(reader, truth):
    """Its score, from a random sample that people answered, against all visits that nobody was asked about."""
    asked = {key for (key,) in reader.sql("select row_key from health_labeling_candidates")}
    (nothing, _), *rounds = reader.learners
    assert nothing == []
    areas = []
    for probabilities, ((score, error),) in rounds:
        unasked = [(truth[key] == "yes", probability) for key, probability in probabilities if key not in asked]
        assert len(unasked) > 2000
        areas.append(roc_auc_score(*zip(*unasked, strict=True)))
        assert abs(score - areas[-1]) < 2 * error
    assert min(areas[1:]) > areas[0] > 0.7
    errors = [error for _, ((_, error),) in rounds]
    assert errors == sorted(errors, reverse=True)


def test_gates_are_closed_and_why(reader, truth):
    gate = reader.rows("select * from health_label_gates where predicted_label = 'no'")[0]
    right, tested = gate["right_count"], gate["tested_count"]
    words = words_of_the_page()
    assert tested == rows_needed(2, 0.9) and f"the {tested} visits" in words
    assert gate["precision_lower"] == pytest.approx(beta.ppf(0.05, right, tested - right + 1), abs=1e-9)
    assert f"confirmed {right} of {tested}. That is {right / tested:.0%}".replace("%", " %") in words
    assert f"may be as low as {gate['precision_lower']:.0%}".replace("%", " %") in words
    sample = reader.rows("""
        select row_key, predicted_label, label, is_right from audited_rows order by predicted_label = 'no' desc, confidence desc
    """)
    wrong = [row["label"] != truth[row["row_key"]] for row in sample[:tested] if not row["is_right"]]
    assert len(wrong) == tested - right == 4 and sum(wrong) == 1 and "one of the four errors above is theirs" in words
    mistakes = 1 - right_share([(row["label"], truth[row["row_key"]]) for row in sample])
    assert f"are wrong about {mistakes:.0%} of".replace("%", " %") in words
    assert reader.sql("select status, count(*) from health_label_gates group by 1") == [("needs_human", 9)]
    assert reader.sql("select count(*) from health_auto_labels") == [(0,)]


def test_the_best_score_is_what_the_page_says(truth):
    screenings = clean_screenings()
    area = roc_auc_score([truth[row.screening_id] == "yes" for row in screenings], [logit(row) for row in screenings])
    assert f"would reach {area:.2f};" in words_of_the_page()


# The annotators


def tasks(count, strategy="representative", batch=1, first=0):
    return [
        {"data": {"dq_row_key": f"visits|{number}", "dq_strategy": strategy, "dq_batch": batch}}
        for number in range(first, first + count)
    ]


TRUTH = {str(number): ("yes", "no", "maybe")[number % 3] for number in range(4000)}
LABELS = sorted(set(TRUTH.values()))


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("annotator", ANNOTATORS)
def test_annotators_err_at_their_rate(annotator, seed):
    answers = {key: answer_of(annotator, f"visits|{key}", label, LABELS, seed) for key, label in TRUTH.items()}
    given = {key: label for key, label in answers.items() if label is not None}
    assert 1 - len(given) / len(TRUTH) == pytest.approx(SKIP_SHARE, abs=0.012)
    right = right_share([(label, TRUTH[key]) for key, label in given.items()])
    assert right == pytest.approx(ANNOTATORS[annotator], abs=0.025)
    assert set(given.values()) == set(LABELS)


def test_answers_depend_on_the_row_and_not_on_the_order_of_tasks():
    first = tasks(200) + tasks(50, "audit", first=200)
    shuffled = random.Random(1).sample(first, len(first))

    def said(project):
        return {
            key_of(item): [
                (
                    one["completed_by"]["email"],
                    one["result"] and one["result"][0]["value"]["choices"],
                    one["updated_at"],
                )
                for one in item["annotations"]
            ]
            for item in project
        }

    project = answered([], first, TRUTH, LABELS)
    assert said(project) == said(answered([], shuffled, TRUTH, LABELS))
    assert said(project) == said(answered(answered([], first[100:], TRUTH, LABELS), first[:100], TRUTH, LABELS))
    assert said(project) != said(answered([], first, TRUTH, LABELS, seed=2))
    assert {len(item["annotations"]) for item in project[200:]} == {3}
    assert answered(project, first, TRUTH, LABELS) == project
    again = answered(project, tasks(250, "relabel", batch=2), TRUTH, LABELS)
    assert again[:250] == project and {len(item["annotations"]) for item in again[250:]} == {1}
    people = [(key_of(item), one["completed_by"]["email"]) for item in again for one in item["annotations"]]
    assert len(people) == len(set(people))
    assert len({one["id"] for item in again for one in item["annotations"]}) == len(people)
    assert [one["task"] for item in again for one in item["annotations"]] == [
        item["id"] for item in again for _ in item["annotations"]
    ]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        found = iter(Reader(Path(name) / "project").answers)
        PAGE.write_text(walkthrough.with_tables(PAGE.read_text(), lambda statement: next(found)))
