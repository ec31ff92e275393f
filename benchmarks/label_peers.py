"""modAL and scikit-activeml in the same loop: pip install 'data-health[labeling-peers]'.

They look at three thousand random rows of the pool in every batch: modAL's ranked batches take a time that grows with
the product of pool, labels and batch.
"""

from __future__ import annotations

import numpy as np
from label_strategies import STRENGTH, State, Strategy
from sklearn.linear_model import LogisticRegression

SAMPLE = 3000


def peers() -> dict[str, Strategy]:
    """Their strategies, under their names; ImportError where they are not installed."""
    from modAL.batch import uncertainty_batch_sampling
    from modAL.models import ActiveLearner
    from modAL.uncertainty import margin_sampling
    from skactiveml.classifier import SklearnClassifier
    from skactiveml.pool import Badge, UncertaintySampling

    def of_modal(query: object) -> Strategy:
        def strategy(state: State, count: int) -> list[int]:
            rows, features, codes = sampled(state)
            learner = ActiveLearner(LogisticRegression(C=STRENGTH, max_iter=500), query, features, codes)
            chosen = query(learner, state.task.matrix[rows], n_instances=count)
            # newer versions return the scores beside
            return rows[np.asarray(chosen[0] if isinstance(chosen, tuple) else chosen)].tolist()

        return strategy

    def of_activeml(make: object) -> Strategy:
        def strategy(state: State, count: int) -> list[int]:
            rows, features, codes = sampled(state)
            everything = np.vstack([state.task.matrix[rows], features])
            known = np.concatenate([np.full(len(rows), np.nan), codes])
            model = SklearnClassifier(
                LogisticRegression(C=STRENGTH, max_iter=500), classes=list(range(state.task.class_count))
            )
            chosen = make(state.seed).query(everything, known, clf=model, batch_size=count)
            return rows[np.asarray(chosen)].tolist()

        return strategy

    return {
        "modAL margin": of_modal(margin_sampling),
        "modAL ranked batch": of_modal(uncertainty_batch_sampling),
        "scikit-activeml margin": of_activeml(
            lambda seed: UncertaintySampling(method="margin_sampling", random_state=seed)
        ),
        "scikit-activeml BADGE": of_activeml(lambda seed: Badge(random_state=seed)),
    }


def sampled(state: State) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows to choose from, and the labelled features and codes."""
    free = np.flatnonzero(state.is_free)
    rows = np.sort(state.draw.choice(free, min(SAMPLE, len(free)), replace=False))
    return rows, state.task.matrix[state.labelled], state.task.codes[state.labelled]
