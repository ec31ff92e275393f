"""The labeling loop on a task with known labels: batch after batch, by one strategy, with one fixed learner."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date
from functools import partial

import numpy as np
import pyarrow as pa
from data_health.labeling.progress import area_under_curve, regression
from label_reference import reference_clustered_margin
from label_sets import Task
from numpy.typing import NDArray
from shipped import MONITOR, Release, Session
from sklearn.linear_model import LogisticRegression

Matrix = NDArray[np.float64]
Numbers = NDArray[np.int64]

START, BATCH, BUDGET = 20, 20, 500
# what the benchmark fills: what is known of the rows, and which were asked for; no label is doubted or disputed here
GIVEN = ("labeling_rows", "labeling_scans", "label_consensus", "label_issues", "label_rates", "health_drift_latest")


@dataclass
class State:
    """What a strategy may look at: the pool, what is labelled in which order, and this batch's probabilities."""

    task: Task
    release: Release
    labelled: list[int]
    is_free: NDArray[np.bool_]
    # a number per row that belongs to it, as a hash of its key would
    hashes: Matrix
    probabilities: Matrix | None
    batch: int
    seed: int
    # the rows drawn at random
    audit: list[int] = field(default_factory=list)
    tables: Session | None = None

    @property
    def draw(self) -> np.random.Generator:
        """Random numbers of this batch: the same for all strategies."""
        return np.random.default_rng([self.seed, self.batch, 5])


Strategy = Callable[[State, int], list[int]]


def random(state: State, count: int) -> list[int]:
    """Any rows."""
    free = np.flatnonzero(state.is_free)
    return state.draw.choice(free, min(count, len(free)), replace=False).tolist()


def reference(state: State, count: int) -> list[int]:
    """Clustered margin, written apart."""
    return reference_clustered_margin(state.probabilities, state.task.matrix, state.is_free, count, state.draw)


def shipped(state: State, count: int, strategy: str, is_whole: bool) -> list[int]:
    """What the package asks for, by its models; without the parts of the budget that are not for uncertain rows if not `is_whole`.

    The newest tenth of the table is the period that drifted.
    """
    if state.tables is None:
        state.tables = Session(state.release)
        give_pool(state.tables, state.task, state.hashes)
        give_drift(state.tables)
    tables = state.tables
    give_labels(tables, state.task, state.labelled)
    give_history(tables, state.labelled)
    tables.give("labeling_rows", scored_rows(state.task, state.labelled, state.hashes, state.probabilities))
    tables.rows(f"update monitor_settings set budget = {count}, strategy = '{strategy}' where part = 'labeling'")
    for model in state.release.steps("labeling_batches", GIVEN)[:-1]:
        tables.run(model)
        if model.name == "labeling_shortlist" and not is_whole:
            tables.rows("delete from labeling_shortlist where priority < 6")
    found = sorted(tables.selected("labeling_batches", "rank, row_key, strategy"))
    state.audit += [int(key) for _, key, kind in found if kind == "audit"]
    return [int(key) for _, key, _ in found]


def row_keys(count: int) -> list[str]:
    """Keys of the rows of a pool."""
    return [f"{row:06d}" for row in range(count)]


def label_names(codes: Numbers) -> list[str]:
    """Labels, in the order of their codes."""
    return [f"{code:02d}" for code in codes]


def give_pool(tables: Session, task: Task, hashes: Matrix) -> None:
    """The rows that Python models read, as labeling_scans describes them."""
    connection = tables.connection
    pool = pa.table({"row_key": row_keys(len(task.codes)), "random_number": hashes})
    for name in task.columns.column_names:
        pool = pool.append_column(name, task.columns[name])
    connection.register("given", pool)
    connection.execute("create or replace table main.pool as from given")
    connection.unregister("given")
    rows_sql = (
        "select pool.*, labelled.label, coalesce(labelled.is_held_out, false) as is_held_out "
        "from main.pool left join main.labelled on pool.row_key = labelled.row_key"
    )
    tables.give(
        "labeling_scans",
        {
            "monitor": [MONITOR] * len(task.features),
            "learner": ["logistic_regression"] * len(task.features),
            "rows_sql": [rows_sql] * len(task.features),
            "feature_number": [feature.number for feature in task.features],
            "column_name": [feature.name for feature in task.features],
            "is_number": [feature.is_number for feature in task.features],
        },
    )


def give_labels(tables: Session, task: Task, labelled: list[int], held_out: Collection[int] = ()) -> None:
    """The labels that the table has by now, and which of them an experiment holds out."""
    connection = tables.connection
    keys = row_keys(len(task.codes))
    names = {"row_key": [keys[row] for row in labelled], "label": label_names(task.codes[labelled])}
    names["is_held_out"] = [row in held_out for row in labelled]
    connection.register("given", pa.table(names))
    connection.execute("create or replace table main.labelled as from given")
    connection.unregister("given")


def give_history(tables: Session, labelled: list[int]) -> None:
    """All that is labelled was asked for."""
    count = len(labelled)
    tables.give(
        "labeling_batches",
        {
            "monitor": [MONITOR] * count,
            "batch": np.arange(count) // BATCH + 1,
            "row_key": [f"{row:06d}" for row in labelled],
            "strategy": ["clustered_margin"] * count,
            "status": ["labelled"] * count,
            "answer_count": np.zeros(count, np.int64),
            "answers_before": np.zeros(count, np.int64),
        },
    )


def give_drift(tables: Session) -> None:
    """A feature of the newest period drifts."""
    tables.give(
        "health_drift_latest",
        {
            "monitor": [MONITOR],
            "period_start": [NEWEST],
            "segment_column": ["(all)"],
            "role": ["feature"],
            "column_name": ["x"],
            "column_status": ["alert"],
        },
    )


OLDER, NEWEST = date(2024, 1, 1), date(2024, 2, 1)


def scored_rows(task: Task, labelled: list[int], hashes: Matrix, probabilities: Matrix) -> pa.Table:
    """What labeling_rows says of the pool: labels, and what the model makes of every row."""
    count = len(task.codes)
    is_labelled = np.zeros(count, np.bool_)
    is_labelled[labelled] = True
    top = np.partition(probabilities, -2, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(probabilities > 0, probabilities * np.log(probabilities), 0.0)
    return pa.table(
        {
            "monitor": pa.array([MONITOR]).take(pa.array(np.zeros(count, np.int64))),
            "row_key": row_keys(count),
            "period_start": [NEWEST if is_new else OLDER for is_new in task.is_newest],
            "random_number": hashes,
            "value_1": pa.array(task.subgroups.tolist()),
            "label": pa.array(label_names(task.codes), mask=~is_labelled),
            "is_asked": is_labelled,
            "predicted_label": label_names(probabilities.argmax(axis=1)),
            "confidence": top[:, -1],
            "margin": top[:, -1] - top[:, -2],
            "entropy": -terms.sum(axis=1) / np.log(task.class_count),
            "learner_version": pa.array(["bench"]).take(pa.array(np.zeros(count, np.int64))),
        }
    )


STRATEGIES: dict[str, Strategy] = {
    "random": random,
    "margin": partial(shipped, strategy="margin", is_whole=False),
    "clustered_margin": partial(shipped, strategy="clustered_margin", is_whole=False),
    "reference": reference,
    "full allocation": partial(shipped, strategy="clustered_margin", is_whole=True),
}


@dataclass(frozen=True)
class Run:
    """The rows that were labelled, in order, and the scores after every batch on the test set."""

    labelled: Numbers
    is_audit: NDArray[np.bool_]
    sizes: Numbers
    areas: Matrix
    balanced: Matrix


def run(
    task: Task,
    release: Release,
    strategy: Strategy,
    seed: int,
    budget: int = BUDGET,
    start: int = START,
    batch: int = BATCH,
) -> Run:
    """Label `start` random rows and then batches up to the budget, scoring with a logistic regression of fixed strength."""
    draw = np.random.default_rng([seed, 6])
    rows = len(task.codes)
    labelled = draw.choice(rows, start, replace=False).tolist()
    state = State(task, release, labelled, np.ones(rows, np.bool_), draw.random(rows), None, 0, seed)
    state.is_free[state.labelled] = False
    state.audit = list(state.labelled)
    sizes, areas, balanced = [], [], []
    while True:
        tested = np.full((len(task.test_codes), task.class_count), 1 / task.class_count)
        model = fitted(task.matrix[state.labelled], task.codes[state.labelled])
        state.probabilities = None
        if model is not None:
            tested = predicted(model, task.test_matrix, task.class_count)
            state.probabilities = predicted(model, task.matrix, task.class_count)
        sizes.append(len(state.labelled))
        areas.append(area_under_curve(tested, task.test_codes, task.class_count))
        balanced.append(balanced_accuracy(tested, task.test_codes, task.class_count))
        if len(state.labelled) >= budget or not state.is_free.any():
            break
        state.batch += 1
        goal = min(len(state.labelled) + batch, budget)
        while len(state.labelled) < goal:
            count = goal - len(state.labelled)
            # of labels of one kind nothing is learnt: chance goes on
            chosen = strategy(state, count) if state.probabilities is not None else random(state, count)
            if not chosen:
                break
            # what differs may be less than there is room for; a build more fills it up
            state.labelled += chosen
            state.is_free[chosen] = False
        if len(state.labelled) < goal:
            # nothing new to ask: the score stays
            left = len(range(sizes[-1], budget, batch))
            sizes, areas, balanced = (values + [values[-1]] * left for values in (sizes, areas, balanced))
            break
    labelled = np.array(state.labelled)
    return Run(labelled, np.isin(labelled, state.audit), np.array(sizes), np.array(areas), np.array(balanced))


def fitted(features: Matrix, codes: Numbers) -> LogisticRegression | None:
    """The fixed learner; none of labels of one kind."""
    return regression(features, codes) if len(np.unique(codes)) > 1 else None


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
