"""What the answers of several annotators say together: the model of Dawid and Skene."""

from dataclasses import dataclass

import numpy as np
from data_health.solvers import NoConvergenceError
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Numbers = NDArray[np.int64]

# what every entry of a confusion matrix begins with, so that nothing is impossible; how many answers per label what all
# annotators do weighs for one of them; and how many right answers per label all together begin with, so that whoever
# answered little is not believed to mean something else. Where there are thousands of answers, the last two are nothing
SMOOTHING, TRUST, COMMON_TRUST = 0.01, 1.0, 100.0
LEAST_GAIN = 1e-5
MOST_ITERATIONS = 1000


@dataclass(frozen=True)
class Answers:
    """One answer per item and annotator, as numbers from 0: three vectors of the same length n.

    `gold` (one per item) is the number of the label that is known to be right, -1 where none is known.
    """

    items: Numbers
    annotators: Numbers
    labels: Numbers
    gold: Numbers
    annotator_count: int
    label_count: int

    def __post_init__(self) -> None:
        if not len(self.items) == len(self.annotators) == len(self.labels):
            raise ValueError("items, annotators and labels must be of the same length")
        pairs = self.items * max(self.annotator_count, 1) + self.annotators
        if len(np.unique(pairs)) < len(pairs):
            raise ValueError("an annotator has more than one answer to an item: keep the latest")

    @property
    def item_count(self) -> int:
        """Items, with those that nobody answered."""
        return len(self.gold)


@dataclass(frozen=True)
class Consensus:
    """What the answers say together, of N items, W annotators and K labels.

    `posterior` (N × K) is the probability of each label; `prior` (K) its share; `confusion` (W × K × K) the probability
    that an annotator answers the second label where the first is right. `evidence` (N × K) is the logarithm of
    posterior and a constant per item.
    """

    posterior: Matrix
    prior: Matrix
    confusion: Matrix
    iterations: int
    evidence: Matrix


def vote_shares(answers: Answers) -> Matrix:
    """Share of the answers to each item that name each label (N × K); all labels alike where nobody answered."""
    votes = np.zeros((answers.item_count, answers.label_count))
    np.add.at(votes, (answers.items, answers.labels), 1.0)
    counts = votes.sum(axis=1, keepdims=True)
    return np.where(counts > 0, votes / np.maximum(counts, 1), 1 / max(answers.label_count, 1))


def dawid_skene(answers: Answers) -> Consensus:
    """Maximum likelihood of true labels and of each annotator's confusions (Dawid and Skene 1979), from vote shares on.

    Every annotator begins with one answer per label, as all annotators together give it, and all together with a
    hundred right answers per label. Items with a gold label keep it.
    The order of the answers does not matter.

    Raises NoConvergenceError when a thousand iterations do not bring the relative gain of the likelihood below 1e-5.
    """
    order = np.lexsort((answers.annotators, answers.items))
    items, annotators, labels = answers.items[order], answers.annotators[order], answers.labels[order]
    known = answers.gold >= 0
    truth = np.zeros((answers.item_count, answers.label_count))
    truth[known, answers.gold[known]] = 1.0
    posterior = np.where(known[:, None], truth, vote_shares(answers))
    if not len(items):
        prior = posterior.mean(axis=0) if answers.item_count else np.zeros(answers.label_count)
        shape = (answers.annotator_count, answers.label_count, answers.label_count)
        return Consensus(
            posterior, prior, np.full(shape, 1 / max(answers.label_count, 1)), 0, np.zeros(posterior.shape)
        )
    answered = np.unique(items)
    shape = (answers.annotator_count, answers.label_count, answers.label_count)
    likelihood = -np.inf
    for iteration in range(1, MOST_ITERATIONS + 1):
        prior = posterior[answered].mean(axis=0)
        given = np.zeros(shape)
        np.add.at(given, (annotators, labels), posterior[items])
        # given[w, l, k] counts answers l where k is right
        common = given.sum(axis=0).T + SMOOTHING + COMMON_TRUST * np.eye(answers.label_count)
        belief = SMOOTHING + TRUST * common / common.sum(axis=1, keepdims=True)
        confusion = np.swapaxes(given, 1, 2) + belief
        confusion = confusion / confusion.sum(axis=2, keepdims=True)
        with np.errstate(divide="ignore"):
            evidence = np.tile(np.log(prior), (answers.item_count, 1))
        np.add.at(evidence, items, np.log(confusion[annotators, :, labels]))
        evidence = np.where(known[:, None], np.where(truth > 0, evidence, -np.inf), evidence)
        largest = evidence.max(axis=1, keepdims=True)
        # the gold label of an item that nobody answered may be one that no answered item has
        is_possible = np.isfinite(largest)
        weights = np.where(is_possible, np.exp(evidence - np.where(is_possible, largest, 0)), truth)
        posterior = weights / weights.sum(axis=1, keepdims=True)
        found = evidence[answered]
        top = found.max(axis=1)
        new = float(np.sum(top + np.log(np.exp(found - top[:, None]).sum(axis=1))) + np.sum(belief * np.log(confusion)))
        if abs(new - likelihood) <= LEAST_GAIN * abs(new):
            return Consensus(posterior, prior, confusion, iteration, evidence)
        likelihood = new
    raise NoConvergenceError(
        f"the consensus of {answers.annotator_count} annotators did not converge in {MOST_ITERATIONS} iterations"
    )
