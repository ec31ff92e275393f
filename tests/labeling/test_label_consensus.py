"""The consensus of annotators against truth and a straightforward implementation."""

import itertools
import math

import numpy as np
import pytest
from data_health.labeling.consensus import Answers, dawid_skene, vote_shares

pytestmark = pytest.mark.quick


def numbered(rows, gold=None, label_count=None):
    """Answers from (item, annotator, label) with numbers."""
    items, annotators, labels = np.array(rows, int).reshape(-1, 3).T
    item_count = max(items, default=-1) + 1 if gold is None else len(gold)
    return Answers(
        items,
        annotators,
        labels,
        np.full(item_count, -1) if gold is None else np.array(gold),
        int(max(annotators, default=-1)) + 1,
        label_count or int(max(labels, default=-1)) + 1,
    )


def simulated(seed, items=200, annotators=12, labels=3, share=0.4):
    """Answers of annotators of known confusion, and the truth."""
    generator = np.random.default_rng(seed)
    truth = generator.choice(labels, items, p=[0.6, 0.3, 0.1][:labels])
    # a third knows, the others mostly guess
    skill = np.where(np.arange(annotators) < annotators / 3, 0.95, generator.uniform(0.3, 0.5, annotators))
    rows = []
    for item, annotator in itertools.product(range(items), range(annotators)):
        if item % annotators == annotator or generator.random() < share:
            other = (truth[item] + generator.integers(1, labels)) % labels
            rows.append((item, annotator, truth[item] if generator.random() < skill[annotator] else other))
    return rows, truth, skill


def by_the_book(answers):
    """Dawid and Skene in loops."""
    n, w, k = answers.item_count, answers.annotator_count, answers.label_count
    votes = [[0.0] * k for _ in range(n)]
    rows = list(zip(answers.items.tolist(), answers.annotators.tolist(), answers.labels.tolist(), strict=True))
    for item, _, label in rows:
        votes[item][label] += 1
    posterior = [[v / sum(row) for v in row] for row in votes]
    likelihood = -math.inf
    while True:
        prior = [sum(row[c] for row in posterior) / n for c in range(k)]
        counts = [[[1.01 if c == label else 0.01 for label in range(k)] for c in range(k)] for _ in range(w)]
        for item, annotator, label in rows:
            for c in range(k):
                counts[annotator][c][label] += posterior[item][c]
        new, posterior = 0.0, []
        logs = [[math.log(prior[c]) for c in range(k)] for _ in range(n)]
        for item, annotator, label in rows:
            for c in range(k):
                logs[item][c] += math.log(counts[annotator][c][label] / sum(counts[annotator][c]))
        for row in logs:
            top = max(row)
            total = sum(math.exp(value - top) for value in row)
            new += top + math.log(total)
            posterior.append([math.exp(value - top) / total for value in row])
        for matrix in counts:
            for c, label in itertools.product(range(k), range(k)):
                new += (1.01 if c == label else 0.01) * math.log(matrix[c][label] / sum(matrix[c]))
        if abs(new - likelihood) <= 1e-5 * abs(new):
            return posterior
        likelihood = new


@pytest.mark.parametrize("seed", range(3))
def test_consensus_is_that_of_the_loops_and_better_than_the_majority(seed):
    rows, truth, skill = simulated(seed)
    answers = numbered(rows)
    found = dawid_skene(answers)
    assert found.posterior == pytest.approx(np.array(by_the_book(answers)), abs=1e-9)
    right = np.mean(found.posterior.argmax(axis=1) == truth)
    assert right >= np.mean(vote_shares(answers).argmax(axis=1) == truth)
    own = found.confusion[np.arange(len(skill))][:, np.arange(3), np.arange(3)] @ found.prior
    assert np.corrcoef(own, skill)[0, 1] > 0.9


def test_the_order_of_the_answers_does_not_matter():
    rows, _, _ = simulated(5)
    shuffled = [rows[number] for number in np.random.default_rng(1).permutation(len(rows))]
    assert np.array_equal(dawid_skene(numbered(rows)).posterior, dawid_skene(numbered(shuffled)).posterior)


def test_gold_labels_are_kept_and_teach_who_is_right():
    """Two of three annotators are wrong everywhere; gold labels on half of the items turn the consensus of the rest."""
    truth = [number % 2 for number in range(40)]
    rows = [
        (item, annotator, label if annotator == 0 else 1 - label)
        for item, label in enumerate(truth)
        for annotator in range(3)
    ]
    assert np.mean(dawid_skene(numbered(rows)).posterior.argmax(axis=1) == truth) == 0
    gold = [label if item < 20 else -1 for item, label in enumerate(truth)]
    found = dawid_skene(numbered(rows, gold)).posterior
    assert list(found.argmax(axis=1)) == truth
    assert np.array_equal(found[:20], np.eye(2)[truth[:20]])


def test_few_answers():
    nothing = dawid_skene(numbered([], gold=[-1, 1], label_count=2))
    assert nothing.posterior.tolist() == [[0.5, 0.5], [0, 1]]
    one = dawid_skene(numbered([(0, 0, 1)], label_count=2))
    assert one.posterior.argmax() == 1
    unanimous = dawid_skene(numbered([(0, 0, 0), (0, 1, 0), (1, 0, 0)], label_count=1))
    assert unanimous.posterior.tolist() == [[1], [1]]
    unanswered = dawid_skene(numbered([(0, 0, 1), (1, 0, 0)], gold=[-1, -1, -1]))
    assert np.isfinite(unanswered.posterior).all()
    assert not np.any(np.isnan(dawid_skene(numbered([(0, 0, 0)], gold=[-1, 1], label_count=2)).posterior))


def test_two_answers_of_one_annotator_to_an_item_are_refused():
    with pytest.raises(ValueError, match="more than one answer"):
        numbered([(0, 0, 1), (0, 0, 0)])
