"""Likely label errors against confident learning by brute force, rates that break, and what labels were worth."""

import json

import numpy as np
import pytest
from consumer import SHARED_DATA, needs_shared_data
from data_health.labeling.progress import area_and_variance, area_under_curve, learning_curve
from data_health.labeling.quality import confident_joint, expected_precision, label_issues, rate_finding
from scipy import stats
from sklearn.metrics import roc_auc_score

pytestmark = pytest.mark.quick


def noisy_labels(rows, classes, seed):
    draw = np.random.default_rng(seed)
    logits = 2 * draw.normal(size=(rows, classes))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    codes = np.array([draw.choice(classes, p=row) for row in p])
    wrong = draw.random(rows) < 0.15
    codes[wrong] = draw.integers(0, classes, wrong.sum())
    return p, codes


def joint_by_hand(p, codes):
    """Row by row, before rounding."""
    n, classes = p.shape
    thresholds = [
        np.mean([p[i, k] for i in range(n) if codes[i] == k]) if k in codes else np.inf for k in range(classes)
    ]
    counted = np.zeros((classes, classes))
    for i in range(n):
        possible = [k for k in range(classes) if p[i, k] >= thresholds[k] - 1e-6]
        if possible:
            counted[codes[i], possible[0] if len(possible) == 1 else int(np.argmax(p[i]))] += 1
    for k in range(classes):
        counted[k, k] = max(counted[k, k], 1)
    sizes = np.bincount(codes, minlength=classes)
    return counted / counted.sum(axis=1, keepdims=True) * sizes[:, None]


@pytest.mark.parametrize(("rows", "classes"), [(60, 2), (200, 3), (400, 6), (30, 4)])
def test_flags_are_those_of_confident_learning_by_brute_force(rows, classes):
    for seed in range(8):
        p, codes = noisy_labels(rows, classes, seed)
        joint = confident_joint(p, codes)
        assert (joint.sum(axis=1) == np.bincount(codes, minlength=classes)).all()
        assert np.abs(joint - joint_by_hand(p, codes)).max() <= 1
        expected = set()
        for given in range(classes):
            members = [i for i in range(rows) if codes[i] == given]
            for other in range(classes):
                if other != given and joint[given, other] and len(members) > 1:
                    members.sort(key=lambda i, g=given, o=other: p[i, g] - p[i, o])
                    expected.update(members[: joint[given, other]])
        expected = {i for i in expected if np.argmax(p[i]) != codes[i]}
        issues = label_issues(p, codes)
        assert set(np.flatnonzero(issues.is_issue).tolist()) == expected
        assert issues.self_confidence.tolist() == [p[i, codes[i]] for i in range(rows)]
        flagged = len(expected)
        assert set(issues.queue[:flagged].tolist()) == expected
        others = [max(p[i, k] for k in range(classes) if k != codes[i]) for i in range(rows)]
        margins = np.array([(p[i, codes[i]] - others[i] + 1) / 2 for i in range(rows)])
        for ranked_by, scores in (("self_confidence", issues.self_confidence), ("normalized_margin", margins)):
            ranked = label_issues(p, codes, ranked_by)
            assert ranked.scores == pytest.approx(scores, abs=1e-12) and ranked.ranked_by == ranked_by
            for part in (ranked.queue[:flagged], ranked.queue[flagged:]):
                assert (np.diff(scores[part]) >= 0).all()
            if ranked_by == issues.ranked_by:
                assert ranked.queue.tolist() == issues.queue.tolist()
        assert issues.ranked_by == ("normalized_margin" if flagged <= rows / 5 else "self_confidence")
        assert (issues.suggested[issues.queue] != codes[issues.queue]).all()


def test_the_order_is_by_the_margin_where_few_labels_are_doubted():
    """Three rows of label 0 that are likely 1: the margin is least where 1 is surest, the probability where 2 is, too."""
    p = np.full((60, 3), 0.02)
    codes = np.arange(60) % 3
    p[np.arange(60), codes] = 0.96
    p[[0, 3, 6]] = [[0.10, 0.46, 0.44], [0.12, 0.86, 0.02], [0.05, 0.50, 0.45]]
    found = label_issues(p, codes)
    assert found.ranked_by == "normalized_margin"
    assert found.queue.tolist() == [3, 6, 0]
    assert found.scores[found.queue] == pytest.approx([(1 - 0.74) / 2, (1 - 0.45) / 2, (1 - 0.36) / 2])
    assert label_issues(p, codes, "self_confidence").queue.tolist() == [6, 0, 3]
    # every second label is another than the model says
    turned = np.where(np.arange(60) % 2 == 0, (codes + 1) % 3, codes)
    many = label_issues(p, turned)
    assert many.is_issue.mean() > 0.2
    assert many.ranked_by == "self_confidence"


def test_rows_without_probabilities_are_not_judged():
    p, codes = noisy_labels(100, 3, 0)
    some = p.copy()
    some[::10] = np.nan
    issues, without = (
        label_issues(some, codes),
        label_issues(np.delete(p, np.arange(0, 100, 10), 0), np.delete(codes, np.arange(0, 100, 10))),
    )
    assert not issues.is_issue[::10].any() and (issues.suggested[::10] == -1).all()
    assert np.isnan(issues.self_confidence[::10]).all()
    assert np.delete(issues.is_issue, np.arange(0, 100, 10)).tolist() == without.is_issue.tolist()
    nothing = label_issues(np.full((5, 2), np.nan), np.zeros(5, int))
    assert len(nothing.queue) == 0 and not nothing.is_issue.any()
    assert len(label_issues(np.zeros((0, 2)), np.zeros(0, int)).queue) == 0
    with pytest.raises(ValueError, match="codes"):
        label_issues(p, codes + 1)


@needs_shared_data
def test_real_label_errors_of_mnist_are_found():
    folder = SHARED_DATA / "labels"
    verdicts = json.loads((folder / "mnist_mturk.json").read_text())
    # people did not agree with the given label
    real = {one["id"] for one in verdicts if one["mturk"]["given"] < 3}
    issues = label_issues(
        np.load(folder / "mnist_test_set_pyx.npy"), np.load(folder / "mnist_test_set_original_labels.npy")
    )
    assert len(real) == 15
    # cleanlab 2.9 flags 15 rows, 7 of them real; by self-confidence alone 6 of the first 15 are
    assert issues.is_issue.sum() == 15
    assert len(real & set(issues.queue[:15].tolist())) == 7
    assert len(real & set(issues.queue.tolist())) == 15


def test_expected_precision_falls_with_the_score_and_says_how_sure_it_is():
    draw = np.random.default_rng(0)
    scores = draw.random(2000)
    is_error = draw.random(2000) < 0.8 * (1 - scores)
    at = np.linspace(0.02, 0.98, 25)
    expected, lower, upper = expected_precision(scores, is_error, at)
    assert (np.diff(expected) <= 1e-12).all() and (lower < expected).all() and (expected < upper).all()
    assert expected == pytest.approx(0.8 * (1 - at), abs=0.12)
    shuffled = draw.permutation(2000)
    assert (expected_precision(scores[shuffled], is_error[shuffled], at)[0] == expected).all()
    # one verdict: the general rate (1 + 1)/(1 + 3), drawn to by five verdicts
    expected, lower, _ = expected_precision(np.array([0.3]), np.array([True]), np.array([0.1, 0.9]))
    assert expected.tolist() == [3.5 / 6] * 2
    assert lower[0] == pytest.approx(stats.beta(3.5, 2.5).ppf(0.05))
    nothing = expected_precision(np.zeros(0), np.zeros(0, bool), np.array([0.1]))
    assert nothing[0][0] == pytest.approx(1 / 3) and nothing[2][0] - nothing[1][0] > 0.6


@pytest.mark.parametrize(
    ("successes", "rows", "status"),
    [
        ([30, 28, 33, 99], [100] * 4, "leak"),
        ([30, 28, 33, 0], [100] * 4, "leak"),
        ([30, 28, 33, 60], [100] * 4, "break"),
        ([30, 28, 33, 36], [100] * 4, "ok"),
        # rates that always moved so much
        ([10, 60, 25, 70, 15, 72], [100] * 6, "ok"),
        ([0, 0, 0, 0], [100] * 4, "ok"),
        ([100, 100, 100], [100] * 3, "ok"),
        ([0, 0, 100], [100] * 3, "leak"),
        ([30, 28, 20], [100, 100, 20], "insufficient_data"),
        ([5, 20], [10, 40], "insufficient_data"),
        ([50], [100], "insufficient_data"),
        ([], [], "insufficient_data"),
        ([0, 50], [0, 100], "insufficient_data"),
        ([30, 0, 33, 99], [100, 0, 100, 100], "leak"),
    ],
)
def test_rates_that_jump_are_told_from_those_that_move(successes, rows, status):
    assert rate_finding(np.array(successes, int), np.array(rows, int)).status == status


def test_rates_by_chance_alone_are_hardly_ever_a_finding():
    draw = np.random.default_rng(0)
    findings = [rate_finding(draw.binomial(60, 0.4, 12), np.full(12, 60)).status for _ in range(1000)]
    assert findings.count("ok") >= 999
    with pytest.raises(ValueError, match="successes"):
        rate_finding(np.array([5]), np.array([4]))


def test_areas_and_their_errors():
    draw = np.random.default_rng(0)
    codes = draw.integers(0, 3, 300)
    scores = draw.normal(size=(300, 3)).round(1)
    scores[np.arange(300), codes] += 1
    expected = np.mean([roc_auc_score(codes == code, scores[:, code]) for code in range(3)])
    assert area_under_curve(scores, codes, 3) == pytest.approx(expected, abs=1e-12)
    # the error against that of many draws
    areas, variances = [], []
    for _ in range(400):
        given = draw.integers(0, 2, 80)
        both = np.column_stack([np.zeros(80), given + draw.normal(size=80)])
        area, variance = area_and_variance(both, given, 2)
        areas.append(area)
        variances.append(variance)
    assert np.mean(variances) == pytest.approx(np.var(areas), rel=0.2)
    assert np.isnan(area_under_curve(scores[:, :2], np.zeros(300, int), 2))


def labels(seed, signal, rows=600):
    """Six hundred labels in six batches, half of them random; the others are of rows that tell."""
    draw = np.random.default_rng(seed)
    matrix = draw.normal(size=(rows, 20))
    is_audit = np.arange(rows) % 2 == 0
    # as if those near the boundary of a rare class had been asked for
    matrix[~is_audit, 0] = draw.normal(2, 2, rows // 2)
    codes = (draw.random(rows) < 1 / (1 + np.exp(-signal * matrix[:, 0] + 2))).astype(int)
    return matrix, codes, is_audit, np.arange(rows) // 100


def test_curves_rise_with_labels_and_say_how_sure_they_are():
    matrix, codes, is_audit, batches = labels(0, 2.0)
    curve = learning_curve(matrix, codes, is_audit, batches, 2)
    assert [point.labels for point in curve] == [100, 200, 300, 400, 500, 600]
    assert curve[-1].score > curve[0].score and all(0 < point.standard_error < 0.2 for point in curve)
    assert curve == learning_curve(matrix, codes, is_audit, batches, 2)
    few = is_audit & (np.arange(600) < 40)
    assert learning_curve(matrix, codes, few, batches, 2) == []
    assert learning_curve(matrix, codes * 0, is_audit, batches, 2) == []
