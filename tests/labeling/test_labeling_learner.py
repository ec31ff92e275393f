"""The built-in learner against scikit-learn step by step, and the encoding it is given."""

import numpy as np
import pyarrow as pa
import pytest
from data_health.labeling.encoding import standardised_and_one_hot
from data_health.labeling.learner import (
    STRENGTHS,
    NotEnoughLabelsError,
    fit_boosting,
    fit_learner,
    fitted_temperature,
    probabilities,
)
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def rows_of(classes, rows=240, width=6, seed=0):
    draw = np.random.default_rng(seed)
    matrix = draw.normal(size=(rows, width))
    score = matrix[:, 0] + 0.5 * matrix[:, 1] + draw.logistic(scale=0.5, size=rows)
    return matrix, np.digitize(score, np.quantile(score, np.arange(1, classes) / classes))


@pytest.mark.parametrize("classes", [2, 3])
def test_strength_folds_and_temperature_are_those_of_scikit_learn_by_hand(classes):
    matrix, codes = rows_of(classes)
    folds = list(StratifiedKFold(5, shuffle=True, random_state=7).split(matrix, codes))

    def held_out(strength):
        logits = np.zeros((len(codes), classes))
        for train, test in folds:
            model = LogisticRegression(C=strength, max_iter=5000, tol=1e-10).fit(matrix[train], codes[train])
            logits[test] = np.log(model.predict_proba(matrix[test]))
        return logits

    def loss(logits):
        return -np.log(softmax(logits, axis=1)[np.arange(len(codes)), codes]).mean()

    logits = {strength: held_out(strength) for strength in STRENGTHS}
    best = min(STRENGTHS, key=lambda strength: loss(logits[strength]))
    grid = np.exp(np.linspace(-2, 2, 40001))
    costs = [loss(logits[best] / t) * len(codes) + 0.5 * (np.log(t) / 0.5) ** 2 for t in grid[::100]]
    temperature = grid[::100][np.argmin(costs)]
    learner = fit_learner(matrix, codes, classes, seed=7)
    assert learner.regularisation == best
    assert learner.temperature == pytest.approx(temperature, rel=0.011)
    assert learner.out_of_fold == pytest.approx(softmax(logits[best] / learner.temperature, axis=1), abs=1e-4)
    assert learner.log_loss == pytest.approx(loss(logits[best] / learner.temperature), abs=1e-5)
    final = LogisticRegression(C=best, max_iter=5000, tol=1e-10).fit(matrix, codes)
    expected = softmax(np.log(final.predict_proba(matrix)) / learner.temperature, axis=1)
    assert probabilities(learner, matrix) == pytest.approx(expected, abs=1e-4)
    # what a warehouse does
    scored = softmax(matrix @ learner.coefficients.T + learner.intercepts, axis=1)
    assert scored == pytest.approx(probabilities(learner, matrix), abs=1e-12)
    assert learner.coefficients.shape == (classes, 6) and learner.intercepts.shape == (classes,)
    if classes == 2:
        assert (learner.coefficients[0] == -learner.coefficients[1]).all()
        assert learner.intercepts[0] == -learner.intercepts[1]


def test_the_same_input_gives_the_same_learner():
    matrix, codes = rows_of(3)
    first, second = (fit_learner(matrix, codes, 3) for _ in range(2))
    assert (first.coefficients == second.coefficients).all() and (first.out_of_fold == second.out_of_fold).all()
    trees = [fit_boosting(matrix, codes, 3) for _ in range(2)]
    assert (trees[0].out_of_fold == trees[1].out_of_fold).all()


def test_temperature_mends_what_is_too_sure_and_hardly_moves_on_a_few_rows():
    draw = np.random.default_rng(0)
    truth = draw.normal(size=(20000, 3))
    codes = (truth + draw.gumbel(size=truth.shape)).argmax(axis=1)
    assert fitted_temperature(truth, codes) == pytest.approx(1, abs=0.05)
    assert fitted_temperature(3 * truth, codes) == pytest.approx(3, abs=0.15)
    assert fitted_temperature(truth / 4, codes) == pytest.approx(0.25, abs=0.02)
    # three rows that are right with certainty do not make it 0
    assert fitted_temperature(np.eye(3), np.arange(3)) > 0.5


def test_rows_of_one_group_are_never_on_both_sides():
    draw = np.random.default_rng(1)
    # copies of thirty rows with labels by chance: whoever saw the copy knows the label
    matrix, labels = draw.normal(size=(30, 25)), draw.integers(0, 2, 30)
    copies, codes, groups = np.repeat(matrix, 8, axis=0), np.repeat(labels, 8), np.repeat(np.arange(30), 8)
    leaky, honest = fit_learner(copies, codes, 2), fit_learner(copies, codes, 2, groups=groups)
    assert leaky.log_loss < 0.5 and honest.log_loss > 0.6
    with pytest.raises(NotEnoughLabelsError, match="group"):
        fit_learner(copies, codes, 2, groups=codes)


def test_a_class_of_one_row_is_learnt_but_not_judged():
    matrix, codes = rows_of(2)
    matrix, codes = np.vstack([matrix, np.full((1, 6), 4.0)]), np.append(codes, 2)
    for fit in (fit_learner, fit_boosting):
        learner = fit(matrix, codes, 3)
        assert np.isnan(learner.out_of_fold[-1]).all() and np.isfinite(learner.out_of_fold[:-1]).all()
        assert learner.out_of_fold[:-1].sum(axis=1) == pytest.approx(1)
        assert np.isfinite(learner.log_loss)
    assert probabilities(fit_learner(matrix, codes, 3), matrix)[-1, 2] > 0.05


def test_labels_that_nothing_can_be_learnt_from_are_refused():
    matrix, codes = rows_of(2)
    for fit in (fit_learner, fit_boosting):
        with pytest.raises(NotEnoughLabelsError, match="two classes with two"):
            fit(matrix, np.zeros(240, int), 2)
        with pytest.raises(NotEnoughLabelsError, match="two classes with two"):
            fit(matrix[:2], np.array([0, 1]), 2)
        with pytest.raises(NotEnoughLabelsError, match="two classes with two"):
            fit(matrix[:0], codes[:0], 2)
        with pytest.raises(NotEnoughLabelsError, match=r"without a labelled row: \[2\]"):
            fit(matrix, codes, 3)
        with pytest.raises(ValueError, match="between 0 and 1"):
            fit(matrix, codes + 1, 2)
        with pytest.raises(ValueError, match="does not go with"):
            fit(matrix[:5], codes, 2)
        with pytest.raises(ValueError, match="no column"):
            fit(matrix[:, :0], codes, 2)
        spoilt = matrix.copy()
        spoilt[5, 1] = np.inf
        with pytest.raises(ValueError, match="not finite"):
            fit(spoilt, codes, 2)
    with pytest.raises(ValueError, match="not finite"):
        probabilities(fit_learner(matrix, codes, 2), spoilt)


def test_four_labels_are_enough_and_no_column_is_too_few():
    matrix, _ = rows_of(2)
    learner = fit_learner(matrix[:4], np.array([0, 1, 0, 1]), 2)
    assert np.isfinite(learner.out_of_fold).all()
    assert probabilities(learner, matrix).sum(axis=1) == pytest.approx(1)


def test_boosting_learns_what_a_line_cannot_part():
    draw = np.random.default_rng(2)
    matrix = draw.normal(size=(600, 4))
    codes = (matrix[:, 0] * matrix[:, 1] > 0).astype(int)
    trees, line = fit_boosting(matrix, codes, 2), fit_learner(matrix, codes, 2)
    assert trees.log_loss < 0.45 < 0.65 < line.log_loss
    given = probabilities(trees, matrix)
    assert given.shape == (600, 2) and given.sum(axis=1) == pytest.approx(1)
    assert (given.argmax(axis=1) == codes).mean() > 0.95


def test_encoding_is_that_of_scikit_learn():
    draw = np.random.default_rng(3)
    age, size = draw.normal(40, 12, 200), draw.integers(0, 9, 200)
    city = draw.choice(["Oslo", "Köln", "a b", "rare"], 200, p=[0.5, 0.3, 0.16, 0.04])
    encoded = standardised_and_one_hot({"age": pa.array(age), "order": size}, {"city": pa.array(city)})
    frequent = [level for level in sorted(set(city.tolist())) if np.count_nonzero(city == level) >= 20]
    assert encoded.names == ("age", "order", *(f"city = {level}" for level in frequent))
    expected = StandardScaler().fit_transform(np.column_stack([age, size]))
    levels = OneHotEncoder(categories=[frequent], handle_unknown="ignore").fit_transform(city[:, None]).toarray()
    assert encoded.matrix == pytest.approx(np.hstack([expected, levels]), abs=1e-12)
    assert "rare" not in frequent and len(frequent) == 3


def test_missing_and_constant_columns_are_told_apart():
    values = pa.chunked_array([[1.0, None, 3.0], [float("nan"), float("inf"), 5.0]])
    encoded = standardised_and_one_hot(
        {
            "x": values,
            "constant": [7.0] * 6,
            "nothing": pa.nulls(6),
            "flag": pa.array([True, False] * 3),
            "y": [0.1] * 5 + [None],
        },
        {"Größe": ["s", None, "s", None, "s", None], "one": ["a"] * 6},
        least_rows=3,
    )
    assert encoded.names == ("x", "x is missing", "flag", "y is missing", "Größe = (null)", "Größe = s")
    spread = np.std([1.0, 3.0, 5.0])
    assert encoded.matrix[:, 0] == pytest.approx([-2 / spread, 0, 0, 0, 0, 2 / spread])
    assert encoded.matrix[:, 1].tolist() == [0, 1, 0, 1, 1, 0]
    assert encoded.matrix[:, 2].tolist() == [1, -1] * 3
    assert encoded.matrix[:, 4].tolist() == [0, 1] * 3
    far = standardised_and_one_hot({"x": np.append(np.zeros(9999), 1e9)}, {}).matrix
    assert far.max() == 10
    assert standardised_and_one_hot({}, {}).matrix.shape == (0, 0)
    with pytest.raises(ValueError, match="length"):
        standardised_and_one_hot({"x": [1.0, 2.0]}, {"y": ["a"]})
    with pytest.raises(ValueError, match="not numeric"):
        standardised_and_one_hot({"x": ["one", "two"]}, {})
