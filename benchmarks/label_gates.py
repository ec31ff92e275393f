"""Automatic labels against the truth: how often the promised precision is missed, and how much is labelled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from data_health.labeling import learner_fits
from data_health.labeling.features import encoded, scans_of
from data_health.labeling.gates import clopper_pearson_upper
from data_health.labeling.learner import fit_learner, probabilities
from label_sets import Task
from label_strategies import START, STRATEGIES, give_labels, give_pool, row_keys, run, scored_rows
from numpy.typing import NDArray
from shipped import MONITOR, Release, Session

TARGETS = (0.90, 0.95, 0.98)
CHOSEN = 400
AUDITED = 800
# what the benchmark fills: what was asked for at random, what was learnt, and what that says of every row
GIVEN = ("labeling_rows", "learner_fits", "labeling_batches")


@dataclass(frozen=True)
class Outcome:
    """One seed's automatic labels for one target.

    `coverage` is the automatic share of the rest of the pool, `precision` what it reached; `misses` counts the gates
    (all rows, every predicted class, every subgroup) whose upper bound is below the target, of `judged`.
    """

    target: float
    coverage: float
    precision: float
    misses_overall: bool
    missed: int
    judged: int
    lost_share: float
    lost_estimate: float


def outcomes(
    task: Task, release: Release, seed: int, chosen_count: int = CHOSEN, audited: int = AUDITED
) -> Iterator[Outcome]:
    """Draw an audit stream, choose as many rows beside it, learn from all of them, and open the gates."""
    draw = np.random.default_rng([seed, 7])
    rows = len(task.codes)
    audit = draw.choice(rows, audited, replace=False)
    others = np.setdiff1d(np.arange(rows), audit)
    beside = task.taken(others)
    strategy = STRATEGIES["clustered_margin"]
    chosen = others[run(beside, release, strategy, seed, budget=chosen_count, start=min(START, chosen_count)).labelled]
    labelled = np.sort(np.concatenate([chosen, audit])).tolist()
    rest = np.setdiff1d(others, chosen)
    tables, hashes = Session(release), draw.random(rows)
    give_pool(tables, task, hashes)
    give_labels(tables, task, labelled)
    [scan] = scans_of(tables.ref("labeling_scans"))
    training = learner_fits.training_of(tables.connection, scan, tables.ref("label_consensus"))
    learner = fit_learner(training.matrix, training.codes, len(training.classes))
    lines = learner_fits.probability_lines(training, learner)
    tables.give(
        "learner_fits", pa.Table.from_pylist([{"monitor": MONITOR} | line for line in lines], learner_fits.SCHEMA)
    )
    found = np.zeros((rows, task.class_count))
    found[:, [int(label) for label in training.classes]] = probabilities(learner, encoded(training.terms, task.columns))
    tables.give("labeling_rows", scored_rows(task, labelled, hashes, found))
    keys = row_keys(rows)
    tables.give(
        "labeling_batches",
        {
            "monitor": [MONITOR] * audited,
            "row_key": [keys[row] for row in audit],
            "strategy": ["audit"] * audited,
            "status": ["answered"] * audited,
        },
    )
    for target in TARGETS:
        yield outcome(tables, task, rest, found.argmax(axis=1), target)


def outcome(tables: Session, task: Task, rest: NDArray, guess: NDArray, target: float) -> Outcome:
    """Open the gates for a target, and judge the labels that the package gives by itself."""
    tables.rows(f"update monitor_settings set target_precision = {target} where part = 'labeling'")
    for model in tables.release.steps("health_auto_labels", GIVEN):
        tables.run(model)
    labels = {int(key): int(label) for key, label in tables.rows("select row_key, label from health_auto_labels")}
    if set(labels) - set(rest.tolist()):
        raise ValueError("a row that has a label got another one")
    given = np.isin(rest, list(labels))
    right = guess[rest] == task.codes[rest]
    if any(labels[row] != guess[row] for row in rest[given]):
        raise ValueError("a label is not the one that the model predicts")
    parts = [given]
    parts += [given & (guess[rest] == code) for code in range(task.class_count)]
    parts += [given & (task.subgroups[rest] == name) for name in np.unique(task.subgroups)]
    verdicts = [is_missed(right[part], target) for part in parts if part.any()]
    positive = task.class_count - 1
    is_positive = task.codes[rest] == positive
    lost = np.count_nonzero(is_positive & given & (guess[rest] != positive)) / max(1, np.count_nonzero(is_positive))
    estimate = tables.rows(
        f"select lost_share from label_gates where subgroup is null and predicted_label = '{positive:02d}'"
    )
    return Outcome(
        target,
        float(given.mean()),
        float(right[given].mean()) if given.any() else float("nan"),
        is_missed(right[given], target) if given.any() else False,
        sum(verdicts),
        len(verdicts),
        lost,
        float("nan") if not estimate or estimate[0][0] is None else estimate[0][0],
    )


def is_missed(right: NDArray[np.bool_], target: float) -> bool:
    """Whether even the one-sided 95 % upper bound of the precision is below the target."""
    return clopper_pearson_upper(int(np.count_nonzero(right)), len(right)) < target
