"""The consensus of annotators against truth and a straightforward implementation."""

import csv
import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from consumer import SHARED_DATA, needs_shared_data
from data_health.labeling.calibration import calibrated
from data_health.labeling.consensus import Answers, dawid_skene, vote_shares
from data_health.labeling.label_posteriors import consensus
from data_health.labeling.numeric_consensus import are_measures, medians, numeric_consensus

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
        # all annotators together begin with a hundred right answers per label, and each of them with one answer like theirs
        everybody = [[100.01 if c == label else 0.01 for label in range(k)] for c in range(k)]
        for item, _, label in rows:
            for c in range(k):
                everybody[c][label] += posterior[item][c]
        belief = [[0.01 + value / sum(row) for value in row] for row in everybody]
        counts = [[list(row) for row in belief] for _ in range(w)]
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
                new += belief[c][label] * math.log(matrix[c][label] / sum(matrix[c]))
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


def real_answers(stem):
    """Answers of a crowd, and the truth of every item."""
    folder = SHARED_DATA / "labels"
    with (folder / f"{stem}_answer.csv").open() as answers, (folder / f"{stem}_truth.csv").open() as truth:
        given = {(item, who): label for item, who, label in itertools.islice(csv.reader(answers), 1, None)}
        true = dict(itertools.islice(csv.reader(truth), 1, None))
    items, people = (sorted({key[place] for key in given}) for place in (0, 1))
    labels = sorted(set(given.values()) | set(true.values()))
    rows = [(items.index(item), people.index(who), labels.index(label)) for (item, who), label in given.items()]
    return numbered(rows, [-1] * len(items), len(labels)), np.array([labels.index(true[item]) for item in items])


def mean_loss(posterior, truth):
    return -np.log(np.maximum(posterior[np.arange(len(truth)), truth], 1e-13)).mean()


@needs_shared_data
@pytest.mark.parametrize(("stem", "majority", "right"), [("d_Duck_Identification", 82, 97), ("s4_Dog_data", 660, 679)])
def test_real_crowds_are_right_as_often_and_not_surer_than_gold_labels_allow(stem, majority, right):
    """The majority and the published method without a prior are right in 82 and 97 of 108, and in 660 and 681 of 807."""
    answers, truth = real_answers(stem)
    found = dawid_skene(answers)
    is_right = found.posterior.argmax(axis=1) == truth
    assert np.sum(vote_shares(answers).argmax(axis=1) == truth) == majority and is_right.sum() == right
    score, has_gold = calibrated(answers, found)
    assert not has_gold and (score.argmax(axis=1) == found.posterior.argmax(axis=1)).all()
    # too sure by the model, less by what it foretells of answers
    assert found.posterior.max(axis=1).mean() > is_right.mean() + 0.09
    assert mean_loss(score, truth) < 0.7 * mean_loss(found.posterior, truth)
    # 50 gold labels: of the others, nearly as many are right as it says
    known = np.random.default_rng(0).permutation(len(truth))[:50]
    gold = np.full(len(truth), -1)
    gold[known] = truth[known]
    some = replace(answers, gold=gold)
    posterior, has_gold = calibrated(some, dawid_skene(some))
    rest = gold < 0
    said = posterior[rest].max(axis=1).mean()
    assert has_gold and abs(said - np.mean(posterior[rest].argmax(axis=1) == truth[rest])) < 0.08
    assert mean_loss(posterior[rest], truth[rest]) < 0.5 < mean_loss(found.posterior[rest], truth[rest])
    assert np.array_equal(posterior[known], np.eye(answers.label_count)[truth[known]])


def crowd(seed, items=4000, people=170):
    """Three answers to each item, of 12 in 100 that are positive; a few people gave most, and not all find a positive."""
    draw = np.random.default_rng(seed)
    truth = (draw.random(items) < 0.12).astype(int)
    activity = draw.pareto(1.0, people) + 0.05
    finds, spares = draw.beta(3, 2, people), draw.beta(9, 0.8, people)
    rows = []
    for item, label in enumerate(truth):
        for who in draw.choice(people, 3, replace=False, p=activity / activity.sum()):
            is_right = draw.random() < (finds[who] if label else spares[who])
            rows.append((item, who, label if is_right else 1 - label))
    return numbered(rows), truth


def test_what_is_believed_beforehand_costs_nothing_where_annotators_are_many(monkeypatch):
    """An own right answer per label, as it was believed before, cost accuracy; what all do tells more than nothing."""
    crowds = [crowd(seed) for seed in range(3)]
    right = np.mean([np.mean(dawid_skene(answers).posterior.argmax(axis=1) == truth) for answers, truth in crowds])
    monkeypatch.setattr("data_health.labeling.consensus.TRUST", 0.0)
    without = np.mean([np.mean(dawid_skene(answers).posterior.argmax(axis=1) == truth) for answers, truth in crowds])
    monkeypatch.setattr("data_health.labeling.consensus.TRUST", 1.0)
    monkeypatch.setattr("data_health.labeling.consensus.COMMON_TRUST", 1e12)
    before = np.mean([np.mean(dawid_skene(answers).posterior.argmax(axis=1) == truth) for answers, truth in crowds])
    assert right >= without and right > before


def test_a_model_that_fits_stays_as_sure_as_it_is():
    """Annotators who err independently: nothing is to be tempered, with gold labels and without."""
    draw = np.random.default_rng(1)
    truth, skill = draw.integers(0, 2, 900), np.linspace(0.65, 0.9, 6)
    given = np.where(draw.random((900, 6)) < skill, truth[:, None], 1 - truth[:, None])
    rows = [(item, who, given[item, who]) for item in range(900) for who in draw.choice(6, 3, replace=False)]
    answers = numbered(rows)
    found = dawid_skene(answers)
    score, _ = calibrated(answers, found)
    assert np.abs(score - found.posterior).mean() < 0.01
    gold = np.where(np.arange(900) < 300, truth, -1)
    some = numbered(rows, gold)
    posterior, has_gold = calibrated(some, dawid_skene(some))
    rest = gold < 0
    said, right = posterior[rest].max(axis=1), posterior[rest].argmax(axis=1) == truth[rest]
    assert has_gold and said.mean() == pytest.approx(right.mean(), abs=0.03)


def test_labels_are_a_measure_when_they_are_many_numbers():
    assert are_measures([str(number) for number in range(21)])
    assert not are_measures([str(number % 20) for number in range(100)])
    assert not are_measures([*(str(number) for number in range(50)), "none"])
    assert not are_measures([*(str(number) for number in range(50)), "nan"])
    assert not are_measures([])


def measured(seed, items=200, people=8, gross=0.05):
    """Numbers from 0 to 100 by people with biases of some 4 and scatters of 2, 5 or 15; some answers are anything."""
    draw = np.random.default_rng(seed)
    truth, scatters, biases = draw.uniform(0, 100, items), draw.choice([2, 5, 15], people), draw.normal(0, 4, people)
    rows = []
    for item in range(items):
        for who in draw.choice(people, draw.integers(2, 5), replace=False):
            is_gross = draw.random() < gross
            answer = draw.uniform(0, 100) if is_gross else truth[item] + biases[who] + draw.normal(0, scatters[who])
            rows.append((item, who, round(answer)))
    return *np.array(rows).T, truth


def test_a_consensus_of_numbers_is_nearer_than_mean_and_median():
    errors, ratios = [], []
    for seed in range(10):
        items, people, answers, truth = measured(seed)
        found = numeric_consensus(items, people, answers.astype(float), 200, 8)
        means = np.bincount(items, answers) / np.bincount(items)
        middle = [np.median(answers[items == item]) for item in range(200)]
        assert medians(items, answers.astype(float), 200) == pytest.approx(middle)
        errors.append([np.abs(value - truth).mean() for value in (found.values, means, middle)])
        ratios.append(np.median(np.abs(found.values - truth) / found.errors))
    own, mean, median = np.mean(errors, axis=0)
    assert own < 0.8 * median and own < 0.7 * mean
    # half of all errors are below .67 standard errors; those that are said are somewhat larger
    assert 0.45 < np.mean(ratios) < 0.75


def test_numbers_of_people_who_scatter_alike_are_their_mean():
    """Without biases, of as many answers each, what is left of the mean is Huber's pull: hardly anything."""
    draw = np.random.default_rng(3)
    truth = draw.uniform(0, 100, 400)
    items, people = np.repeat(np.arange(400), 6), np.tile(np.arange(6), 400)
    answers = truth[items] + draw.normal(size=2400)
    found = numeric_consensus(items, people, answers, 400, 6)
    assert found.scatters == pytest.approx(np.ones(6), abs=0.15)
    assert np.abs(found.values - answers.reshape(400, 6).mean(axis=1)).mean() < 0.15
    assert found.errors.mean() == pytest.approx(1 / np.sqrt(6), abs=0.1)
    order = draw.permutation(2400)
    other = numeric_consensus(items[order], people[order], answers[order], 400, 6)
    assert np.array_equal(found.values, other.values)
    alone = numeric_consensus(np.arange(3), np.zeros(3, int), np.array([1.0, 2.0, 4.0]), 4, 1)
    assert alone.values[:3].tolist() == [1, 2, 4] and np.isnan(alone.values[3]) and np.isnan(alone.errors).all()


def test_the_model_gives_one_number_per_row():
    """ann says each number, ben one more, both about 25 rows; a row of which the number is known needs none."""
    rows = [("m", f"k{i:02d}", False, who, str(i + (who == "ben"))) for i in range(25) for who in ("ann", "ben")]
    rows.append(("m", "k99", True, "truth", "7.5"))
    found = consensus(sorted(rows))
    assert [line["row_key"] for line in found] == [f"k{i:02d}" for i in range(25)]
    assert [float(line["label"]) for line in found] == pytest.approx([i + 0.5 for i in range(25)], abs=1e-6)
    assert {line["method"] for line in found} == {"robust_mean"} and "probability" not in found[0]
