"""The experiment on choosing rows: what its verdict is made of, how often it holds, and which rows are asked for."""

import json

import numpy as np
import pytest
from data_health.labeling.experiment import GROUPS, Arms, Losses, arms_of, difference, verdict, without_experiment
from data_health.labeling.progress import regression
from scipy import stats
from sklearn.linear_model import LogisticRegression


def experiment(seed, signal=2.0, kind="better", arm=120, tested=400, rows=15):
    """Codes of two labels by the first of ten numbers, which hardly varies in the arm that teaches less."""
    draw = np.random.default_rng(seed)
    matrix = draw.normal(size=(rows + 2 * arm + tested, 10))
    parts = np.split(np.arange(len(matrix)), np.cumsum([rows, arm, arm]))
    if kind != "alike":
        matrix[parts[1 if kind == "better" else 2], 0] *= 0.01
    codes = (draw.random(len(matrix)) < 1 / (1 + np.exp(-signal * matrix[:, 0]))).astype(int)
    return matrix, codes, Arms(*parts)


@pytest.mark.quick
def test_the_gain_is_the_log_loss_of_two_learners_and_its_errors_are_those_of_their_formulas():
    matrix, codes, arms = experiment(0, tested=100)
    found = verdict(matrix, codes, arms, 2)
    test = codes[arms.test]
    losses = []
    for arm in (arms.random, arms.chosen):
        rows = np.concatenate([arms.seed, arm])
        model = LogisticRegression(C=0.1, max_iter=1000).fit(matrix[rows], codes[rows])
        shares = (np.bincount(codes[rows]) + 1) / (len(rows) + 2)
        mixed = 0.999 * model.predict_proba(matrix[arms.test]) + 0.001 * shares
        losses.append(-np.log(mixed[np.arange(100), test]))
    assert found.gain == pytest.approx((losses[0] - losses[1]).mean(), abs=1e-12)
    assert (found.labels, found.tested) == (120, 100)
    assert found.detectable_gain == pytest.approx(found.gain_upper - found.gain) == found.gain - found.gain_lower

    ours, theirs = (
        Losses(matrix, codes, arms.seed, arm, arms.test, 2, regression) for arm in (arms.chosen, arms.random)
    )
    parts = difference(ours, theirs, np.random.default_rng(3))
    assert parts.test_variance == pytest.approx(stats.sem(losses[0] - losses[1]) ** 2, rel=1e-9)
    # the jackknife by the letter: pseudo-values of every group that is left out
    draw = np.random.default_rng(3)
    groups = [draw.permutation(np.arange(len(rows)) % GROUPS) for rows in (arms.seed, arms.chosen, arms.random)]
    left = np.array([
        theirs.of(np.concatenate([arms.seed[groups[0] != g], arms.random[groups[2] != g]]))
        - ours.of(np.concatenate([arms.seed[groups[0] != g], arms.chosen[groups[1] != g]]))
        for g in range(GROUPS)
    ])  # fmt: skip
    pseudo = GROUPS * (losses[0] - losses[1]) - (GROUPS - 1) * left
    of_mean, of_rows = stats.sem(pseudo.mean(axis=1)) ** 2, (stats.sem(pseudo, axis=0) ** 2).mean()
    assert parts.training_variance == pytest.approx(max(of_mean - (of_rows - of_mean) / 99, 0) / 2, rel=1e-9)
    whole = parts.test_variance + parts.training_variance
    freedom = whole**2 / (parts.test_variance**2 / 99 + parts.training_variance**2 / (GROUPS - 1))
    assert parts.half_width == pytest.approx(stats.t.ppf(0.99, freedom) * np.sqrt(whole), rel=1e-9)


@pytest.mark.quick
def test_what_teaches_more_helps_and_what_teaches_less_does_not():
    better = [verdict(*experiment(seed, tested=2000), 2) for seed in range(6)]
    worse = [verdict(*experiment(seed, kind="worse", tested=2000), 2) for seed in range(6)]
    assert sum(one.status == "helps" for one in better) >= 4 and all(one.gain > 0 for one in better)
    assert sum(one.status == "does_not_help" for one in worse) >= 4 and all(one.gain < 0 for one in worse)
    assert "120 chosen labels teach more than 120 random labels" in better[0].reason
    # the same with ninety-two test rows
    few = [verdict(*experiment(seed, signal=1.0, arm=30, rows=60, tested=92), 2) for seed in range(6)]
    assert sum(one.status == "not_shown" for one in few) >= 4
    assert all(one.detectable_gain > abs(one.gain) for one in few if one.status == "not_shown")
    reason = next(one.reason for one in few if one.status == "not_shown")
    assert "92 test rows do not show whether 30 chosen labels teach more" in reason


@pytest.mark.slow
def test_arms_that_are_alike_and_labels_by_chance_are_hardly_ever_told_apart():
    alike = [verdict(*experiment(seed, kind="alike", tested=150), 2, seed) for seed in range(100)]
    # two in a hundred are allowed, and chance
    assert sum(one.status != "not_shown" for one in alike) <= stats.binom.ppf(0.999, 100, 0.02)
    noise = [verdict(*experiment(seed, signal=0.0, tested=150), 2, seed) for seed in range(40)]
    assert not any(one.status == "helps" for one in noise)


@pytest.mark.quick
def test_arms_are_of_one_size_and_too_few_rows_are_no_experiment():
    matrix, codes, arms = experiment(1)
    short = Arms(arms.seed, arms.random[:40], arms.chosen, arms.test)
    assert verdict(matrix, codes, short, 2).labels == 40
    for odd in (
        Arms(arms.seed, arms.random[:19], arms.chosen, arms.test),
        Arms(arms.seed, arms.random, arms.chosen, arms.test[:29]),
        Arms(arms.seed, arms.random, arms.chosen, np.flatnonzero(codes == 0)),
    ):
        found = verdict(matrix, codes, odd, 2)
        assert found.status == "insufficient_data" and "needed" in found.reason and np.isnan(found.gain)
    # nothing varies: the same rows in both arms, of which nothing is learnt
    same = Arms(arms.seed[:0], arms.random, arms.random, arms.test)
    found = verdict(np.zeros_like(matrix), codes, same, 2)
    assert found.status == "not_shown"
    # of labels of one kind nothing is learnt
    constant = np.where(np.arange(len(codes)) < arms.test[0], 0, codes)
    assert verdict(matrix, constant, arms, 2).status in ("not_shown", "does_not_help")


@pytest.mark.quick
def test_rows_belong_to_the_arm_that_first_asked_for_them():
    strategies = np.array(["", "audit", "random", "clustered_margin", "audit", "relabel", "clustered_margin"], object)
    arms = np.array(["", "", "random", "chosen", "test", "chosen", ""], object)
    found = arms_of(strategies, arms, np.array([0, 1, 2, 3, 3, 3, 4]))
    # what was labelled before the experiment is the seed; what was chosen after it may know the test
    assert [part.tolist() for part in (found.seed, found.random, found.chosen, found.test)] == [
        [0, 1, 5],
        [2],
        [3],
        [4],
    ]
    assert arms_of(strategies[:2], arms[:2], np.array([0, 1])) is None
    said = without_experiment(300)
    assert said.status == "not_shown" and "experiment: true" in said.reason and "1500" in said.reason


ROWS = 3000


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Five batches of sixty: the first before anything is known, then two of each arm."""
    from consumer import Consumer

    draw = np.random.default_rng(5)
    table = {
        "id": np.arange(ROWS),
        "at": np.datetime64("2025-01-01", "us") + np.arange(ROWS) * np.timedelta64(3600, "s"),
        **{f"x{number}": draw.normal(size=ROWS) for number in range(4)},
    }
    truth = np.where(draw.random(ROWS) < 1 / (1 + np.exp(-3 * table["x0"])), "yes", "no")
    monitor = {
        "relation": {"source": ["raw", "visits"]},
        "key": "id",
        "time": "at",
        "labeling": {"annotations": {"source": ["raw", "answers"]}, "budget": 80, "experiment": True},
    }
    project = Consumer(
        tmp_path_factory.mktemp("experiment") / "project",
        {"monitors": {"visits": monitor}},
        sources=("visits", "answers"),
    )
    project.load("visits", table)
    project.sql("create table raw.answers (id bigint, label varchar, annotator varchar, labelled_at timestamp)")
    for _ in range(5):
        project.build_up_to("health_labeling_candidates")
        opened = "select row_key, strategy from health_labeling_candidates where status = 'open' order by row_key"
        for key, strategy in project.sql(opened):
            who = "ben" if strategy == "relabel" else "ana"
            project.sql("insert into raw.answers values (?, ?, ?, '2025-06-01')", [int(key), truth[int(key)], who])
    project.build_up_to("health_labeling_progress")
    return project


@pytest.mark.slow
def test_every_other_batch_is_random_and_half_of_each_is_the_test(project):
    batches = project.sql(
        "select batch, coalesce(arm, '(none)'), strategy, count(*) from labeling_batches group by all order by all"
    )
    found = {}
    for batch, arm, strategy, count in batches:
        found.setdefault(batch, {}).setdefault(arm, {})[strategy] = count
    # the first batch comes before there is anything to choose by
    assert set(found[1]) == {"(none)"} and found[1]["(none)"]["audit"] == 12
    assert found[2] == found[4] == {"test": {"audit": 40}, "random": {"random": 40}}
    for batch in (3, 5):
        assert set(found[batch]) == {"test", "chosen"} and found[batch]["test"] == {"audit": 40}
        assert sum(found[batch]["chosen"].values()) == 40 and found[batch]["chosen"]["clustered_margin"] >= 25
    assert found[6].keys() == {"test", "random"}


@pytest.mark.slow
def test_what_chooses_rows_knows_neither_the_random_arm_nor_the_test(project):
    fits = project.rows("select distinct row_key from learner_fits where row_key is not null")
    answered = project.sql("select count(distinct id) from raw.answers")[0][0]
    # all labelled rows have a probability, by a model that did not see them
    assert len(fits) == answered
    held_out = project.sql(
        "select row_key from labeling_batches where arm in ('random', 'test') and status = 'answered'"
    )
    assert len(held_out) == 240
    learnt = {row["row_key"] for row in fits} - {key for (key,) in held_out}
    assert len(learnt) == answered - 240
    # oracle: the learner of the other rows alone
    import duckdb
    from data_health.labeling.features import encoded, scans_of
    from data_health.labeling.learner import fit_learner, probabilities
    from data_health.labeling.learner_fits import training_of

    session = duckdb.connect(str(project.database))
    [scan] = scans_of(session.sql("select * from main.labeling_scans"))
    training = training_of(session, scan, session.sql("select * from main.label_consensus"))
    assert set(training.keys) == learnt and set(training.unseen_keys) == {key for (key,) in held_out}
    learner = fit_learner(training.matrix, training.codes, 2)
    expected = dict(zip(training.unseen_keys, probabilities(learner, training.unseen_matrix)[:, 1], strict=True))
    stored = dict(
        session.sql(
            "select row_key, probability from main.learner_fits where label = 'yes' and row_key is not null"
        ).fetchall()
    )
    assert all(stored[key] == pytest.approx(value, abs=1e-9) for key, value in expected.items())
    assert encoded(training.terms, session.sql(scan.rows_sql).to_arrow_table()).shape[0] == ROWS
    session.close()


@pytest.mark.slow
def test_the_verdict_is_in_the_mart(project):
    [row] = project.rows("select * from health_labeling_progress where batch is null")
    assert row["status"] in ("helps", "does_not_help", "not_shown")
    counted = "count(distinct row_key) filter (where arm = 'chosen' and strategy <> 'relabel' and status = 'answered')"
    [(chosen,)] = project.sql(f"select {counted} from labeling_batches")
    assert (row["compared_count"], row["tested_count"]) == (chosen, 160) and 70 <= chosen <= 80
    assert row["gain_lower"] < row["gain"] < row["gain_upper"] and row["gain_error"] > 0
    assert row["detectable_gain"] == pytest.approx((row["gain_upper"] - row["gain_lower"]) / 2)
    assert json.dumps(row["reason"]) and f"{chosen} chosen" in row["reason"]
