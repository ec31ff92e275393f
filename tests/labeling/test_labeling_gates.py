"""Automatic labels: bounds against SciPy, thresholds against brute force, and the promise kept where chance decides."""

import math

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from data_health.labeling import label_gates
from data_health.labeling.gates import (
    clopper_pearson_lower,
    clopper_pearson_upper,
    confidence_threshold,
    lost_positives,
    rows_needed,
    sharing_labels,
)
from scipy import stats

pytestmark = pytest.mark.quick


@pytest.mark.parametrize(("right", "n"), [(0, 1), (1, 1), (0, 40), (40, 40), (37, 40), (1, 1000), (998, 1000)])
def test_bounds_are_those_of_the_exact_binomial_interval(right, n):
    # one-sided 95 % is half of two-sided 90 %
    interval = stats.binomtest(right, n).proportion_ci(0.9, method="exact")
    assert clopper_pearson_lower(right, n) == pytest.approx(interval.low, abs=1e-12)
    assert clopper_pearson_upper(right, n) == pytest.approx(interval.high, abs=1e-12)


def test_rows_needed_without_an_error_are_the_known_ones_and_the_fewest():
    assert [rows_needed(0, target) for target in (0.90, 0.95, 0.98, 0.99)] == [29, 59, 149, 299]
    for errors in (1, 2, 5):
        needed = rows_needed(errors, 0.93)
        assert clopper_pearson_lower(needed - errors, needed) >= 0.93
        assert clopper_pearson_lower(needed - errors - 1, needed - 1) < 0.93


@pytest.mark.parametrize(("right", "n"), [(-1, 3), (4, 3), (0, 0)])
def test_counts_that_cannot_be_are_refused(right, n):
    with pytest.raises(ValueError, match="of"):
        clopper_pearson_lower(right, n)


def by_hand(confidence, is_right, target):
    """The rule written out row by row."""
    n = len(confidence)
    sizes = [next(m for m in range(1, 9999) if m > e and stats.beta.ppf(0.05, m - e, e + 1) >= target) for e in (2, 1)]
    size = next((m for m in sizes if m <= n / 2), math.ceil(math.log(0.05) / math.log(target)))
    found = math.nan
    while size <= n:
        limit = sorted(confidence, reverse=True)[size - 1]
        above = [right for value, right in zip(confidence, is_right, strict=True) if value >= limit]
        wrong = above.count(False)
        if wrong == len(above) or stats.beta.ppf(0.05, len(above) - wrong, wrong + 1) < target:
            break
        found = limit
        if size == n:
            break
        size = min(max(size + 1, int(size * 1.1)), n)
    return found


@pytest.mark.parametrize("seed", range(12))
def test_thresholds_are_those_of_the_rule_by_hand(seed):
    draw = np.random.default_rng(seed)
    n = int(draw.integers(20, 500))
    confidence = draw.uniform(0.5, 1, n).round(2 if seed % 2 else 6)
    is_right = draw.random(n) < np.sqrt(confidence)
    for target in (0.8, 0.9):
        gate = confidence_threshold(confidence, is_right, target)
        assert gate.threshold == pytest.approx(by_hand(confidence.tolist(), is_right.tolist(), target), nan_ok=True)
        shuffled = draw.permutation(n)
        assert repr(confidence_threshold(confidence[shuffled], is_right[shuffled], target)) == repr(gate)
        if gate.is_open:
            above = is_right[confidence >= gate.threshold]
            assert (gate.audited, gate.right) == (len(above), above.sum())
            assert gate.lower_bound == clopper_pearson_lower(gate.right, gate.audited) >= target


def test_gates_open_wrongly_at_most_as_often_as_they_say():
    draw = np.random.default_rng(0)
    # whatever the confidence, nine rows in ten are right: no threshold keeps more than .90
    opened = [confidence_threshold(draw.random(200), draw.random(200) < 0.8999, 0.90).is_open for _ in range(1500)]
    # 5 %, and three standard errors of 1,500 draws
    assert 0.005 < np.mean(opened) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1500)


def test_a_stream_that_is_always_right_opens_all_and_too_few_rows_open_nothing():
    confidence = np.linspace(0.5, 1, 400)
    assert confidence_threshold(confidence, np.ones(400, bool), 0.95).threshold == 0.5
    assert confidence_threshold(confidence[:59], np.ones(59, bool), 0.95).threshold == 0.5
    for rows in (0, 1, 58):
        assert not confidence_threshold(confidence[:rows], np.ones(rows, bool), 0.95).is_open
    assert not confidence_threshold(confidence, np.zeros(400, bool), 0.95).is_open
    # all alike: one step, which holds all rows
    gate = confidence_threshold(np.full(400, 0.7), np.arange(400) >= 4, 0.95)
    assert (gate.threshold, gate.audited, gate.right) == (0.7, 400, 396)
    with pytest.raises(ValueError, match="finite"):
        confidence_threshold(np.array([np.nan]), np.ones(1, bool), 0.9)


def audited_rows(confidence, predicted, is_right, subgroups):
    """What label_gates reads, for two labels and one declared subgroup."""
    session = duckdb.connect()
    count = len(confidence)
    nothing = {f"value_{number}": pa.nulls(count, pa.string()) for number in range(2, 9)}
    labels = np.where(is_right, predicted, 1 - predicted)
    rows = {
        "monitor": ["m"] * count,
        "row_key": [f"{number:04d}" for number in range(count)],
        "value_1": pa.array(subgroups),
        **nothing,
        "label": labels.astype(str).tolist(),
        "predicted_label": predicted.astype(str).tolist(),
        "confidence": confidence,
        "is_right": is_right,
    }
    session.register("rows", pa.table(rows))
    groups = session.sql("""
        select distinct monitor, columns('value_.'), 'site' as subgroup, coalesce(value_1, '(null)') as group_key, 'site = ' || coalesce(value_1, '(null)') as group_value
        from rows
    """)
    settings = session.sql(
        "select 'labeling' as part, 'm' as monitor, 0.9::double as target_precision union all select 'components', 'm', null"
    )
    return session.table("rows"), groups, settings


def test_labels_and_subgroups_have_gates_and_subgroups_need_thirty_rows():
    confidence = np.linspace(0.5, 1, 400)
    predicted = np.arange(400) % 2
    # of the rows called 1, half are wrong; `few` has 29 rows, `bad` is always wrong
    subgroups = ["few"] * 29 + ["bad"] * 31 + ["many"] * 339 + [None]
    is_right = (predicted == 0) | (np.arange(400) % 4 == 1)
    is_right[29:60] = False
    found = label_gates.table(*audited_rows(confidence, predicted, is_right, subgroups))
    assert found.schema == label_gates.SCHEMA
    gates = {line["group_key"] or line["predicted_label"]: line for line in found.to_pylist()}
    expected = confidence_threshold(confidence[predicted == 0], is_right[predicted == 0], 0.9)
    own = gates["0"]
    assert (own["threshold"], own["tested_count"], own["right_count"], own["precision_lower"]) == (
        expected.threshold,
        expected.audited,
        expected.right,
        expected.lower_bound,
    )
    assert {key for key, line in gates.items() if line["threshold"] is not None} == {"0"}
    assert {key: line["audited_count"] for key, line in gates.items()} == {
        "0": 200, "1": 200, "few": 29, "bad": 31, "many": 339, "(null)": 1,
    }  # fmt: skip
    # shut subgroups let nothing be lost
    assert gates["1"]["label_count"] == (np.where(is_right, predicted, 1 - predicted) == 1).sum()
    assert gates["0"]["lost_count"] == gates["1"]["lost_count"] == 0


def test_labels_with_few_audit_rows_share_a_gate_and_two_labels_never_do():
    # two errors are allowed of 124 rows at 95 %, and of 61 at 90 %
    assert (rows_needed(2, 0.95), rows_needed(2, 0.90)) == (124, 61)
    assert sharing_labels({"a": 247, "b": 10, "c": 1, "d": 248, "e": 0}, 0.95) == {"a", "b", "c"}
    assert sharing_labels({"a": 122, "b": 10, "c": 1}, 0.90) == set()
    assert sharing_labels({"a": 100, "b": 1}, 0.95) == set()


def test_labels_that_share_a_gate_have_its_threshold_and_its_counts():
    confidence = np.linspace(0.5, 1, 400)
    predicted = np.where(np.arange(400) < 200, 3, np.arange(400) % 3)
    is_right = np.arange(400) % 50 > 0
    found = label_gates.table(*audited_rows(confidence, predicted, is_right, ["all"] * 400))
    gates = {line["predicted_label"]: line for line in found.to_pylist() if line["subgroup"] is None}
    together = confidence_threshold(confidence[200:], is_right[200:], 0.9)
    for label in "012":
        line = gates[label]
        counts = (line["threshold"], line["tested_count"], line["right_count"], line["precision_lower"])
        assert counts == (together.threshold, together.audited, together.right, together.lower_bound)
        assert (line["sharing_count"], line["audited_count"]) == (3, (predicted == int(label)).sum())
    assert (gates["3"]["sharing_count"], gates["3"]["audited_count"]) == (1, 200)
    assert [line["sharing_count"] for line in found.to_pylist() if line["subgroup"]] == [None]


def limits_of(draw, rate, rows=800, target=0.95):
    """From which confidence on each of ten labels is given by one audit sample, whose rows are right as `rate` says."""
    predicted, confidence = draw.integers(0, 10, rows), draw.random(rows)
    is_right = draw.random(rows) < rate(predicted, confidence)
    verdicts = pa.table(
        {"predicted_label": predicted.astype(str).tolist(), "confidence": confidence, "is_right": is_right}
    )
    own = label_gates.gates_by(verdicts, ["predicted_label"], {"target_precision": target}, 1)
    shared = label_gates.with_shared_gate(verdicts, own, target)
    assert {line["sharing_count"] for line in shared} == {10}
    return [np.array([label_gates.limit_of(line) for line in lines]) for lines in (own, shared)]


def test_labels_that_share_a_gate_are_together_as_often_right_as_promised():
    draw = np.random.default_rng(1)

    def rate(predicted, _):
        # the best label is right in 98 of 100 rows, the worst in 91.8: together in 94.9, whatever the confidence
        return 0.98 - predicted / 9 * 0.062

    missed = [np.isfinite(limits_of(draw, rate)[1]).any() for _ in range(400)]
    # 5 %, and three standard errors
    assert 0 < np.mean(missed) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


def test_ten_labels_and_800_audit_rows_label_more_than_gates_of_their_own():
    draw = np.random.default_rng(2)
    predicted, confidence = draw.integers(0, 10, 20_000), draw.random(20_000)
    own, shared = (
        np.mean([(confidence >= limits[predicted]).mean() for limits in found])
        for found in zip(*(limits_of(draw, lambda _, c: 0.9 + 0.1 * np.sqrt(c)) for _ in range(20)), strict=True)
    )
    assert shared > 2 * own > 0


def test_what_both_gates_let_through_is_counted_as_lost():
    confidence, predicted = np.linspace(0.5, 1, 400), np.zeros(400, int)
    is_right = np.ones(400, bool)
    # ten rows that are called 0 and are 1, one among the surest of a subgroup that is open, nine that nothing lets through
    is_right[[399, *range(9)]] = False
    found = label_gates.table(*audited_rows(confidence, predicted, is_right, ["many"] * 390 + ["few"] * 10))
    gates = {line["group_key"] or line["predicted_label"]: line for line in found.to_pylist()}
    assert (gates["1"]["audited_count"], gates["1"]["threshold"]) == (0, None)
    assert gates["many"]["threshold"] <= 0.52 and gates["few"]["threshold"] is None
    automatic = (confidence >= max(gates["0"]["threshold"], gates["many"]["threshold"])) & (np.arange(400) < 390)
    assert gates["1"]["label_count"] == 10 and gates["1"]["lost_count"] == (automatic & ~is_right).sum() > 0
    assert gates["1"]["lost_share"] == gates["1"]["lost_count"] / 10


def test_lost_positives_are_counted():
    is_positive = np.array([True, True, True, True, False, False])
    is_called_so = np.array([True, False, False, False, False, True])
    is_given = np.array([True, True, True, False, True, True])
    lost = lost_positives(is_positive, is_called_so, is_given)
    assert (lost.audited_positives, lost.lost, lost.share) == (4, 2, 0.5)
    assert lost.upper_bound == pytest.approx(stats.binomtest(2, 4).proportion_ci(0.9, method="exact").high)
    assert math.isnan(lost_positives(~np.ones(3, bool), np.ones(3, bool), np.ones(3, bool)).share)
