"""The built-in learner against scikit-learn step by step, and the encoding it is given."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from data_health.labeling.features import Feature, encoded, terms_of
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

pytestmark = pytest.mark.quick


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


def test_rows_are_encoded_by_medians_spreads_and_frequent_levels():
    draw = np.random.default_rng(3)
    age, size = draw.normal(40, 12, 200), draw.integers(0, 9, 200).astype(float)
    city = draw.choice(["Oslo", "Köln", "a b", "rare"], 200, p=[0.5, 0.3, 0.16, 0.04])
    features = [Feature(1, "age", True), Feature(2, "size", True), Feature(3, "city", False)]
    rows = pa.table({"feature_1": age, "feature_2": size, "feature_3": city})
    terms = terms_of(features, rows)
    counts = Counter(city.tolist())
    frequent = sorted((level for level in counts if counts[level] >= 20), key=lambda level: -counts[level])
    assert [(term.feature.name, term.kind, term.level) for term in terms] == [
        ("age", "number", None),
        ("size", "number", None),
        *(("city", "level", level) for level in frequent),
    ]
    assert "rare" not in frequent and len(frequent) == 3
    by_hand = []
    for values in (age, size):
        low, middle, high = np.sort(values)[[1, 99, 197]]
        by_hand.append((values - middle) / ((high - low) / 4.65))
    assert encoded(terms, rows) == pytest.approx(np.column_stack([*by_hand, *(city == level for level in frequent)]))


def test_missing_and_constant_columns_are_told_apart():
    draw = np.random.default_rng(4)
    features = [
        *(Feature(number, name, True) for number, name in enumerate(("x", "constant", "nothing", "flag", "y"), 1)),
        Feature(6, "Größe", False),
        Feature(7, "one", False),
    ]
    rows = pa.table(
        {
            "feature_1": pa.chunked_array([[1.0, None, 3.0] * 7, [None, None, 5.0] * 7]),
            "feature_2": [7.0] * 42,
            "feature_3": pa.nulls(42, pa.float64()),
            "feature_4": [1.0, 0.0] * 21,
            "feature_5": [0.1] * 41 + [None],
            "feature_6": ["s", None] * 21,
            "feature_7": ["a"] * 42,
        }
    )
    terms = terms_of(features, rows)
    assert [(term.feature.name, term.kind, term.level) for term in terms] == [
        ("x", "number", None),
        ("x", "missing", None),
        ("flag", "number", None),
        ("y", "missing", None),
        ("Größe", "level", None),
        ("Größe", "level", "s"),
    ]
    matrix = encoded(terms, rows)
    assert np.isfinite(matrix).all()
    # a missing number is at the centre
    assert (matrix[:, 0] == 0).tolist() == [number is None or number == 3 for number in rows["feature_1"].to_pylist()]
    assert matrix[:, 1].tolist() == [0, 1, 0] * 7 + [1, 1, 0] * 7
    assert matrix[:, 4].tolist() == [0, 1] * 21 and matrix[:, 5].tolist() == [1, 0] * 21
    far = pa.table({"feature_1": np.append(draw.normal(size=9999), 1e9)})
    assert encoded(terms_of(features[:1], far), far).max() == 8
    assert terms_of([], rows) == [] and encoded([], rows).shape == (42, 0)
