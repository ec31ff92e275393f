"""Automatic labels against the truth: how often the promised precision is missed, and how much is labelled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from data_health.labeling.gates import (
    clopper_pearson_upper,
    fitted_gates,
    is_automatic,
    lost_positives,
)
from data_health.labeling.learner import fit_learner, probabilities
from label_sets import Task
from label_strategies import START, clustered, run
from numpy.typing import NDArray

TARGETS = (0.90, 0.95, 0.98)
CHOSEN = 400
AUDITED = 800


@dataclass(frozen=True)
class Outcome:
    """One seed's gates for one target, `crossed` when the model learnt from the audit rows too, fold by fold.

    `coverage` is the automatic share of the rest of the pool, `precision` what it reached; `misses` counts the gates
    (all rows, every predicted class, every subgroup) whose upper bound is below the target, of `judged`.
    """

    set_name: str
    seed: int
    target: float
    is_crossed: bool
    coverage: float
    precision: float
    misses_overall: bool
    missed: int
    judged: int
    lost_share: float
    lost_estimate: float


def outcomes(task: Task, seed: int, chosen_count: int = CHOSEN, audited: int = AUDITED) -> Iterator[Outcome]:
    """Draw an audit stream, choose as many rows beside it, fit, and open the gates, in both ways."""
    draw = np.random.default_rng([seed, 7])
    rows = len(task.codes)
    audit = draw.choice(rows, audited, replace=False)
    others = np.setdiff1d(np.arange(rows), audit)
    beside = replace(
        task,
        features=task.features[others],
        codes=task.codes[others],
        subgroups=task.subgroups[others],
        is_newest=task.is_newest[others],
        test_features=task.test_features[:10],
        test_codes=task.test_codes[:10],
    )
    chosen = others[run(beside, clustered, seed, budget=chosen_count, start=min(START, chosen_count)).labelled]
    labelled = np.sort(np.concatenate([chosen, audit]))
    rest = np.setdiff1d(others, chosen)
    for is_crossed in (False, True):
        train = labelled if is_crossed else np.sort(chosen)
        learner = fit_learner(task.features[train], task.codes[train], task.class_count, seed)
        if is_crossed:
            kept = np.flatnonzero(np.isin(labelled, audit) & np.isfinite(learner.out_of_fold).all(axis=1))
            audit_rows, audit_probabilities = labelled[kept], learner.out_of_fold[kept]
        else:
            audit_rows, audit_probabilities = audit, probabilities(learner, task.features[audit])
        rest_probabilities = probabilities(learner, task.features[rest])
        for target in TARGETS:
            yield outcome(task, seed, target, is_crossed, audit_rows, audit_probabilities, rest, rest_probabilities)


def outcome(
    task: Task,
    seed: int,
    target: float,
    is_crossed: bool,
    audit: NDArray,
    audit_probabilities: NDArray,
    rest: NDArray,
    rest_probabilities: NDArray,
) -> Outcome:
    """Fit the gates on the audit rows and judge them on all other rows."""
    guessed, guess = audit_probabilities.argmax(axis=1), rest_probabilities.argmax(axis=1)
    gates = fitted_gates(
        audit_probabilities.max(axis=1), guessed == task.codes[audit], guessed, target, task.subgroups[audit]
    )
    given = is_automatic(gates, rest_probabilities.max(axis=1), guess, task.subgroups[rest])
    right = guess == task.codes[rest]
    parts = [given]
    parts += [given & (guess == code) for code in range(task.class_count)]
    parts += [given & (task.subgroups[rest] == name) for name in np.unique(task.subgroups)]
    verdicts = [is_missed(right[part], target) for part in parts if part.any()]
    is_positive = task.codes[rest] == task.class_count - 1
    of_audit = is_automatic(gates, audit_probabilities.max(axis=1), guessed, task.subgroups[audit])
    estimate = lost_positives(task.codes[audit] == task.class_count - 1, guessed == task.class_count - 1, of_audit)
    lost = np.count_nonzero(is_positive & given & (guess != task.class_count - 1)) / max(
        1, np.count_nonzero(is_positive)
    )
    return Outcome(
        task.name,
        seed,
        target,
        is_crossed,
        float(given.mean()),
        float(right[given].mean()) if given.any() else float("nan"),
        is_missed(right[given], target) if given.any() else False,
        sum(verdicts),
        len(verdicts),
        lost,
        estimate.share,
    )


def is_missed(right: NDArray[np.bool_], target: float) -> bool:
    """Whether even the one-sided 95 % upper bound of the precision is below the target."""
    return clopper_pearson_upper(int(np.count_nonzero(right)), len(right)) < target
