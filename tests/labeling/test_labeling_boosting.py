"""`learner: boosting`: trees learn what a line cannot, and every row has the score that Python gives it directly."""

import json

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from data_health.components.scans import grid_of
from data_health.labeling import learner_fits, learner_scores
from data_health.labeling.features import scans_of
from data_health.labeling.learner import fit_boosting, fit_learner, probabilities
from data_health.labeling.learner_fits import training_of

pytestmark = pytest.mark.slow

N = 2400
LABELLED = 500
CONFIGURATION = {
    "monitors": {
        "visits": {
            "relation": {"source": ["raw", "visits"]},
            "key": "Id",
            "time": "at",
            "prediction": {"score": "score"},
            "labeling": {
                "annotations": {"source": ["raw", "answers"]},
                "learner": "boosting",
                "budget": 200,
                "precision": 0.8,
            },
            "parts": {"components": False, "coverage": False},
        }
    }
}
MARTS = ("health_labeling_candidates", "health_labeling_progress", "health_auto_labels", "health_label_quality")


def visits(seed=5):
    """Labels say whether two numbers have the same sign: neither of them alone tells anything. With what hurts."""
    draw = np.random.default_rng(seed)
    left, right = draw.normal(size=(2, N))
    level = draw.choice(["a'b", "c", None], N, p=[0.5, 0.4, 0.1])
    level[-30:] = "only without labels"
    label = np.where((left * right > 0) ^ (draw.random(N) < 0.02), "it's", "no")
    right[:30], right[30:60], right[60], right[61] = np.nan, np.inf, -np.inf, 1e300
    # a key that is there twice, of rows that differ
    keys = np.arange(N)
    keys[-1] = keys[-2]
    left[-2:], right[-2:] = [2, 2], [1, -1]
    return {
        "Id": keys,
        "at": np.datetime64("2025-01-01", "us") + np.arange(N) * np.timedelta64(3600, "s"),
        "left": left,
        "ri%g|ht": right,
        "level": level,
        "constant": np.ones(N),
        "nothing": np.full(N, np.nan),
        "score": np.full(N, 0.5),
        "label": label,
    }


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Built twice: people answer what the first build asked for."""
    from consumer import Consumer

    table = visits()
    truth = table.pop("label")
    consumer = Consumer(tmp_path_factory.mktemp("boosting") / "project", CONFIGURATION, sources=("visits", "answers"))
    consumer.load("visits", table)
    answers = {
        "Id": np.arange(LABELLED),
        "label": truth[:LABELLED],
        "annotator": ["ana"] * LABELLED,
        "labelled_at": np.full(LABELLED, np.datetime64("2025-06-01", "us")),
    }
    consumer.load("answers", answers)
    consumer.build_up_to("health_labeling_candidates")
    asked = consumer.sql("select row_key from health_labeling_candidates where row_key <> '2398'")
    for (key,) in asked:
        consumer.sql("insert into raw.answers values (?, ?, 'ben', '2025-06-02')", [int(key), str(truth[int(key)])])
    consumer.build_up_to(*MARTS)
    return consumer


def matrix_by_hand(table):
    """What the trees are given (N × 7): number, number, whether that is missing, levels by frequency."""
    left, right, level = table["left"], table["ri%g|ht"], table["level"]
    is_there = np.isfinite(right)
    columns = []
    for values, known in ((left, np.ones(N, bool)), (right, is_there)):
        centre, scale = grid_of(values[known])
        columns.append(np.where(known, np.clip((np.where(known, values, 0) - centre) / scale, -8, 8), 0))
    levels = [level == name for name in ("a'b", "c", None, "only without labels")]
    return np.column_stack([*columns, ~is_there, *levels]).astype(float)


def test_every_row_has_the_score_that_python_gives_directly(project):
    table = visits()
    matrix, key_of = matrix_by_hand(table), [str(key) for key in table["Id"]]
    rows = project.rows("select * from labeling_rows order by random_number")
    first_row = {key: number for number, key in reversed(list(enumerate(key_of)))}
    labelled = [row for row in rows if row["label"] is not None]
    places = [first_row[row["row_key"]] for row in labelled]
    codes = np.array([["it's", "no"].index(row["label"]) for row in labelled])
    trees = fit_boosting(matrix[places], codes, 2)
    given = probabilities(trees, matrix)
    assert len(rows) == N and len(labelled) > LABELLED + 150
    found = sorted((int(row["row_key"]), row["confidence"], row["predicted_label"], row["margin"]) for row in rows)
    expected = sorted(
        (int(key), share.max(), ["it's", "no"][share.argmax()], share.max() - share.min())
        for key, share in zip(key_of, given, strict=True)
    )
    assert [row[:3:2] for row in found] == [row[:3:2] for row in expected]
    assert [row[1::2] for row in found] == [pytest.approx(row[1::2], abs=1e-15) for row in expected]
    entropy = -(given * np.log(given)).sum(axis=1) / np.log(2)
    assert sorted(row["entropy"] for row in rows) == pytest.approx(sorted(entropy), abs=1e-12)
    fits = project.rows("select * from learner_fits where label = 'no' order by row_key")
    held_out = {labelled[place]["row_key"]: trees.out_of_fold[place, 1] for place in range(len(labelled))}
    assert {fit["row_key"]: fit["probability"] for fit in fits} == held_out


def test_rows_with_one_key_have_each_their_own_score(project):
    twins = project.rows("select row_key, predicted_label, confidence from labeling_rows where row_key = '2398'")
    assert sorted(row["predicted_label"] for row in twins) == ["it's", "no"]


def test_trees_know_what_a_line_cannot(project):
    table = visits()
    truth = dict(zip(map(str, table["Id"]), table["label"], strict=True))
    rows = project.rows("select * from labeling_rows where label is null and row_key <> '2398'")
    right = np.mean([truth[row["row_key"]] == row["predicted_label"] for row in rows])
    line = fit_learner(matrix_by_hand(table)[:LABELLED], (table["label"][:LABELLED] == "no").astype(int), 2)
    assert right > 0.9
    assert (probabilities(line, matrix_by_hand(table)).argmax(axis=1) == (table["label"] == "no")).mean() < 0.65


def test_the_marts_have_these_scores(project):
    scored = {row["row_key"]: row for row in project.rows("select * from labeling_rows")}
    versions = {version for (version,) in project.sql("select distinct learner_version from learner_fits")}
    assert len(versions) == 1 and {row["learner_version"] for row in scored.values()} == versions
    newest = project.rows("select * from health_labeling_candidates where batch = 2 and row_key <> '2398'")
    assert {row["strategy"] for row in newest} >= {"audit", "clustered_margin"}
    for row in newest:
        own = scored[row["row_key"]]
        assert (row["confidence"], row["margin"], row["predicted_label"]) == (
            own["confidence"],
            own["margin"],
            own["predicted_label"],
        )
    assert {row["learner_version"] for row in newest if row["strategy"] != "relabel"} == versions
    automatic = project.rows("select row_key, label, confidence, learner_version from health_auto_labels")
    assert len(automatic) > 100
    for row in automatic:
        own = scored[row["row_key"]]
        assert (row["label"], row["confidence"]) == (own["predicted_label"], own["confidence"])
    # a row that nobody could have seen the label of is judged by trees that did not see it either
    held_out = dict(
        project.sql("select row_key, max(probability) from learner_fits where row_key is not null group by 1")
    )
    audited = project.rows("select row_key, confidence from audited_rows")
    assert audited and all(row["confidence"] == held_out[row["row_key"]] for row in audited)
    assert project.sql("select count(*) > 0 from health_label_quality where subject = 'row'") == [(True,)]
    assert project.sql("select count(*) > 0 from health_labeling_progress where batch = 1 and score > 0.8") == [(True,)]
    assert project.sql("select count(*) from learner_fits where row_key is null") == [(0,)]


def test_the_order_of_rows_does_not_matter(project, tmp_path):
    tables = (
        "select row_key, label, predicted_label, confidence, margin, entropy, learner_version from labeling_rows order by all",
        "select row_key, label, probability, learner_version from learner_fits order by all",
        "select batch, rank, row_key, strategy, cluster, margin from health_labeling_candidates order by all",
    )
    before = [project.sql(statement) for statement in tables]
    twin = project.copy(tmp_path / "twin")
    twin.sql('create or replace table raw.visits as select * from raw.visits order by hash("at")')
    twin.sql('create or replace table raw.answers as select * from raw.answers order by hash("Id", annotator)')
    # the last batch is drawn again
    assert twin.sql("delete from labeling_batches where batch = 2 returning 1")
    twin.build_up_to("health_labeling_candidates")
    assert [twin.sql(statement) for statement in tables] == before


def test_the_other_learner_leaves_nothing_behind(project, tmp_path):
    twin = project.copy(tmp_path / "twin")
    configuration = json.loads(json.dumps(CONFIGURATION))
    configuration["monitors"]["visits"]["labeling"]["learner"] = "logistic_regression"
    twin.configure(configuration)
    twin.build_up_to("labeling_rows")
    assert twin.sql("select count(*) from learner_scores") == [(0,)]
    assert twin.sql("select count(*) from learner_fits where row_key is null")[0][0] > 0
    assert twin.sql("select count(distinct confidence) > 100 from labeling_rows") == [(True,)]


# In memory


def tables(values, labels, learner="boosting"):
    """A session with the rows of one monitor (numbers by feature) and the labels by row; None is none."""
    session = duckdb.connect()
    count = len(labels)
    names = [f"feature_{number + 1}" for number in range(len(values))]
    session.register(
        "own",
        pa.table(
            {
                "row_key": [str(number) for number in range(count)],
                "random_number": np.random.default_rng(0).permutation(count) / count,
                "label": pa.array(labels, pa.string()),
                "is_held_out": pa.array([False] * count, pa.bool_()),
            }
            | {name: pa.array(numbers, pa.float64()) for name, numbers in zip(names, values, strict=True)}
        ),
    )
    session.sql("create table numbered as select * from own")
    features = [(number + 1, f"column {number}", True) for number in range(len(values))]
    lines = [("m", learner, "select * from numbered", *feature) for feature in features]
    named = ("monitor", "learner", "rows_sql", "feature_number", "column_name", "is_number")
    session.register("scans", pa.table({name: [line[place] for line in lines] for place, name in enumerate(named)}))
    session.sql("create table answers (monitor varchar, row_key varchar, label varchar)")
    return session, session.table("scans"), session.table("answers")


def fitted_tables(values, labels):
    session, scans, answers = tables(values, labels)
    fits = learner_fits.table(session, scans, answers)
    session.register("fits", fits)
    return session, scans, answers, session.table("fits")


def same_sign(count=400):
    values = np.random.default_rng(3).normal(size=(2, count))
    return values, ["yes" if product > 0 else "no" for product in values.prod(axis=0)]


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (same_sign()[0], [None] * 400),
        (same_sign()[0], ["yes"] * 400),
        (same_sign()[0], ["yes"] * 395 + ["no"] * 4 + [None]),
        ([np.ones(400), [None] * 400], same_sign()[1]),
        (np.zeros((2, 0)), []),
    ],
    ids=["no label", "one class", "four of the other", "nothing varies", "no row"],
)
def test_where_nothing_can_be_learnt_nothing_is_scored(values, labels):
    *everything, fits = fitted_tables(values, labels)
    assert fits.fetchall() == []
    assert learner_scores.table(*everything, fits).read_all() == learner_scores.SCHEMA.empty_table()


def test_five_labels_of_each_are_enough():
    values, labels = same_sign()
    few = [place for name in ("yes", "no") for place in [n for n, label in enumerate(labels) if label == name][:5]]
    *everything, fits = fitted_tables(values, [label if place in few else None for place, label in enumerate(labels)])
    assert fits.count("*").fetchall() == [(20,)]
    found = learner_scores.table(*everything, fits).read_all()
    assert found.num_rows == 400 and np.isfinite(found["probabilities"].combine_chunks().flatten()).all()


def test_three_labels_have_three_probabilities_in_their_order():
    values, _ = same_sign()
    labels = np.array(["a", "b", "c"])[(values > 0).sum(axis=0)].tolist()
    session, scans, answers, fits = fitted_tables(values, labels)
    found = learner_scores.table(session, scans, answers, fits).read_all()
    training = training_of(session, scans_of(scans)[0], answers)
    given = probabilities(fit_boosting(training.matrix, training.codes, 3), training.matrix)
    expected = dict(zip(training.keys, given.tolist(), strict=True))
    assert training.classes == ["a", "b", "c"] and training.codes.tolist() == given.argmax(axis=1).tolist()
    assert dict(zip(found["row_key"].to_pylist(), found["probabilities"].to_pylist(), strict=True)) == expected


def test_batches_of_any_size_give_the_same_scores_and_are_read_one_by_one(monkeypatch):
    *everything, fits = fitted_tables(*same_sign())
    whole = learner_scores.table(*everything, fits).read_all()
    monkeypatch.setattr(learner_scores, "batch_rows", lambda _: 64)
    asked = []
    monkeypatch.setattr(
        learner_scores, "scored", lambda *given, of=learner_scores.scored: asked.append(1) or of(*given)
    )
    reader = learner_scores.table(*everything, fits)
    first = reader.read_next_batch()
    assert len(asked) == 1 and first.num_rows < 400
    again = pa.concat_tables([pa.Table.from_batches([first]), reader.read_all()])
    assert again.sort_by("row_key") == whole.sort_by("row_key") and len(asked) > 1


def test_trees_of_other_rows_than_those_of_the_fits_are_refused():
    session, scans, answers, fits = fitted_tables(*same_sign())
    session.sql(
        "insert into answers select 'm', '7', case label when 'yes' then 'no' else 'yes' end from numbered where row_key = '7'"
    )
    with pytest.raises(learner_scores.ChangedRowsError, match=r"monitor m: .* dbt build --select"):
        learner_scores.table(session, scans, answers, fits)
    assert learner_fits.table(session, scans, session.table("answers").filter("false")).schema == learner_fits.SCHEMA


def test_postgresql_does_without_trees_as_it_does_without_a_regression(postgres, project, tmp_path):
    from postgres_server import PostgresConsumer

    consumer = PostgresConsumer(postgres, tmp_path / "elsewhere", CONFIGURATION, sources=("visits", "answers"))
    for table in ("visits", "answers"):
        consumer.take(project, table)
    consumer.build_up_to("health_labeling_candidates")
    assert consumer.sql("select learner from monitor_settings where part = 'labeling'") == [("boosting",)]
    assert consumer.sql("select count(*) as n, count(confidence) as of_them from labeling_rows") == [(N, 0)]
    assert consumer.sql("select count(*) as n, count(confidence) as of_them from health_labeling_candidates") == [
        (200, 0)
    ]
