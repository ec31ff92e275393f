"""The labeling loop on a task with known labels: batch after batch, by one strategy, with one fixed learner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from data_health.labeling.progress import area_under_curve
from data_health.labeling.selection import allocation, clustered_margin, principal_points, typical
from label_reference import reference_clustered_margin
from label_sets import Task
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

Matrix = NDArray[np.float64]
Numbers = NDArray[np.int64]

START, BATCH, BUDGET = 20, 20, 500
STRENGTH = 0.1
SHORTLIST = 10
# rows of the random sample of which the least certain are shortlisted, for each that is wanted
SAMPLED = 50
QUOTA = 10
COLD = 60


@dataclass
class State:
    """What a strategy may look at: the pool, what is labelled in which order, and this batch's probabilities."""

    task: Task
    labelled: list[int]
    is_free: NDArray[np.bool_]
    # a number per row that belongs to it, as a hash of its key would
    hashes: Matrix
    # the number of the first of the rows with the same features
    copies: Numbers
    probabilities: Matrix | None
    batch: int
    seed: int
    # the rows drawn at random
    audit: list[int] = field(default_factory=list)

    @property
    def draw(self) -> np.random.Generator:
        """Random numbers of this batch: the same for all strategies."""
        return np.random.default_rng([self.seed, self.batch, 5])

    def margins(self) -> Matrix:
        """Probability of the likeliest label less that of the next, of every row."""
        top = np.partition(self.probabilities, -2, axis=1)
        return top[:, -1] - top[:, -2]


Strategy = Callable[[State, int], list[int]]


def random(state: State, count: int) -> list[int]:
    """Any rows."""
    free = np.flatnonzero(state.is_free)
    return state.draw.choice(free, min(count, len(free)), replace=False).tolist()


def margin(state: State, count: int) -> list[int]:
    """The least certain rows."""
    free = np.flatnonzero(state.is_free)
    return free[np.lexsort((state.hashes[free], state.margins()[free]))][:count].tolist()


def shortlist_points(state: State, margins: Matrix, count: int) -> tuple[Numbers, Matrix]:
    """The least certain of a random sample, one of each with the same features and none that is labelled, and their components."""
    is_new = state.is_free.copy()
    is_new[np.isin(state.copies, state.copies[state.labelled])] = False
    free = state.draw.permutation(np.flatnonzero(is_new))[: SAMPLED * count]
    order = free[np.lexsort((state.hashes[free], margins[free]))]
    if not len(order):
        return order, np.zeros((0, 0))
    _, firsts = np.unique(state.copies[order], return_index=True)
    shortlist = order[np.sort(firsts)][: SHORTLIST * count]
    return shortlist, principal_points(state.task.features[shortlist], state.hashes[shortlist])


def clustered(state: State, count: int) -> list[int]:
    """Clusters of the least certain rows, from the first batch on."""
    margins = state.margins()
    shortlist, points = shortlist_points(state, margins, count)
    chosen, _ = clustered_margin(margins[shortlist], points, state.hashes[shortlist], count, state.seed)
    return shortlist[chosen].tolist()


def typical_first(state: State, count: int) -> list[int]:
    """The default of the package: typical rows of clusters up to sixty labels, then clusters of the least certain."""
    if len(state.labelled) >= COLD:
        return clustered(state, count)
    free = np.flatnonzero(state.is_free)
    sample = free[np.argsort(state.hashes[free])][:5000]
    both = np.concatenate([sample, state.labelled])
    points = principal_points(state.task.features[both], state.hashes[both])
    chosen, _ = typical(points[: len(sample)], points[len(sample) :], count, state.seed, state.hashes[sample])
    return sample[chosen].tolist()


def reference(state: State, count: int) -> list[int]:
    """The same recipe, written apart."""
    return reference_clustered_margin(state.probabilities, state.task.features, state.is_free, count, state.draw)


def full(state: State, count: int) -> list[int]:
    """The allocated budget: a random audit stream, subgroups under ten labels, the newest tenth, the rest by the default."""
    groups, numbers = np.unique(state.task.subgroups, return_counts=True)
    have = {name: 0 for name in groups.tolist()}
    for row in state.labelled:
        have[state.task.subgroups[row]] += 1
    needs = {
        name: min(QUOTA, size) - have[name]
        for name, size in zip(groups.tolist(), numbers.tolist(), strict=True)
        if have[name] < min(QUOTA, size)
    }
    parts = allocation(count, quota=sum(needs.values()), drift=count)
    chosen: list[int] = []

    def take(rows: list[int]) -> None:
        chosen.extend(rows)
        state.is_free[rows] = False

    try:
        take(random(state, parts["audit"]))
        state.audit += chosen
        for _ in range(parts["quota"]):
            name = max(sorted(needs), key=needs.__getitem__)
            of_it = np.flatnonzero(state.is_free & (state.task.subgroups == name))
            take([int(of_it[np.argmin(state.hashes[of_it])])])
            needs[name] -= 1
        newest = np.flatnonzero(state.is_free & state.task.is_newest)
        take(newest[np.argsort(state.hashes[newest])][: parts["drift"]].tolist())
        take(typical_first(state, count - len(chosen)))
    finally:
        state.is_free[chosen] = True
    return chosen


STRATEGIES: dict[str, Strategy] = {
    "random": random,
    "margin": margin,
    "clustered_margin": typical_first,
    "without typical rows": clustered,
    "reference": reference,
    "full allocation": full,
}


@dataclass(frozen=True)
class Run:
    """The rows that were labelled, in order, and the scores after every batch on the test set."""

    labelled: Numbers
    is_audit: NDArray[np.bool_]
    sizes: Numbers
    areas: Matrix
    balanced: Matrix


def run(task: Task, strategy: Strategy, seed: int, budget: int = BUDGET, start: int = START, batch: int = BATCH) -> Run:
    """Label `start` random rows and then batches up to the budget, scoring with a logistic regression of fixed strength."""
    draw = np.random.default_rng([seed, 6])
    rows = len(task.codes)
    state = State(
        task,
        draw.choice(rows, start, replace=False).tolist(),
        np.ones(rows, np.bool_),
        draw.random(rows),
        np.unique(task.features.round(9), axis=0, return_inverse=True)[1].ravel(),
        None,
        0,
        seed,
    )
    state.is_free[state.labelled] = False
    state.audit = list(state.labelled)
    sizes, areas, balanced = [], [], []
    while True:
        tested = np.full((len(task.test_codes), task.class_count), 1 / task.class_count)
        model = fitted(task.features[state.labelled], task.codes[state.labelled])
        state.probabilities = None
        if model is not None:
            tested = predicted(model, task.test_features, task.class_count)
            state.probabilities = predicted(model, task.features, task.class_count)
        sizes.append(len(state.labelled))
        areas.append(area_under_curve(tested, task.test_codes, task.class_count))
        balanced.append(balanced_accuracy(tested, task.test_codes, task.class_count))
        if len(state.labelled) >= budget or not state.is_free.any():
            break
        state.batch += 1
        count = min(batch, budget - len(state.labelled))
        # of labels of one kind nothing is learnt: chance goes on
        chosen = strategy(state, count) if state.probabilities is not None else random(state, count)
        if not chosen:
            # nothing new to ask: the score stays
            left = len(range(len(state.labelled), budget, batch))
            sizes, areas, balanced = (values + [values[-1]] * left for values in (sizes, areas, balanced))
            break
        state.labelled += chosen
        state.is_free[chosen] = False
    labelled = np.array(state.labelled)
    return Run(labelled, np.isin(labelled, state.audit), np.array(sizes), np.array(areas), np.array(balanced))


def fitted(features: Matrix, codes: Numbers, strength: float = STRENGTH) -> LogisticRegression | None:
    """The fixed learner; none of labels of one kind."""
    if len(np.unique(codes)) < 2:
        return None
    return LogisticRegression(C=strength, max_iter=500).fit(features, codes)


def predicted(model: LogisticRegression, features: Matrix, class_count: int) -> Matrix:
    """Probabilities of all classes, 0 of those the model never saw."""
    found = np.zeros((len(features), class_count))
    found[:, model.classes_] = model.predict_proba(features)
    return found


def balanced_accuracy(probabilities: Matrix, codes: Numbers, class_count: int) -> float:
    """Mean over the classes of the share of their rows that is found."""
    guess = probabilities.argmax(axis=1)
    return float(
        np.mean([(guess[codes == code] == code).mean() for code in range(class_count) if (codes == code).any()])
    )
