"""The built-in learners of labelled rows: a regression that a warehouse can apply by itself, and boosted trees."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import data_health.labeling.learning_packages  # noqa: F401
import numpy as np
from data_health.solvers import NoConvergenceError
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax
from threadpoolctl import threadpool_limits

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

Matrix = NDArray[np.float64]
Numbers = NDArray[np.int64]

# strengths tried: C of scikit-learn, the weight of the likelihood against half the sum of squared coefficients
STRENGTHS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
MOST_FOLDS = 5
MOST_ITERATIONS = 2000
TOLERANCE = 1e-6
# probabilities below are not told apart from this one
LEAST_PROBABILITY = 1e-12
# one deviation of the logarithm of the temperature, as believed before any row is seen
TEMPERATURE_SPREAD = 0.5
ROWS_PER_BATCH = 65_536


class NotEnoughLabelsError(ValueError):
    """Too few labelled rows, or classes, to learn and to check what was learnt."""


@dataclass(frozen=True)
class Learner:
    """A multinomial logistic regression of K classes: probabilities are softmax(x · coefficientsᵀ + intercepts).

    `coefficients` is K × d and `intercepts` K, calibrated; of two classes the one is the negative of the other.
    `out_of_fold` (n × K) holds what each labelled row gets from a model that did not see it, calibrated alike; NaN in
    rows of classes with one row, which no model can be without. `log_loss` (nats) is the mean over the rows that have
    it, at the natural frequency of classes among the labelled rows. `regularisation` is C of scikit-learn.
    """

    coefficients: Matrix
    intercepts: Matrix
    regularisation: float
    temperature: float
    out_of_fold: Matrix
    log_loss: float

    def logits(self, matrix: Matrix) -> Matrix:
        """Logarithms of probabilities up to a constant per row (n × K)."""
        return matrix @ self.coefficients.T + self.intercepts


@dataclass(frozen=True)
class Boosting:
    """Gradient-boosted trees with the same outputs; scored by `probabilities`, in batches."""

    model: Any
    class_count: int
    temperature: float
    out_of_fold: Matrix
    log_loss: float

    def logits(self, matrix: Matrix) -> Matrix:
        """Logarithms of probabilities (n × K), calibrated up to a constant per row."""
        raw = self.model.predict_proba(matrix)
        return np.log(np.maximum(raw, LEAST_PROBABILITY)) / self.temperature


def fit_learner(
    matrix: Matrix, codes: Numbers, class_count: int, seed: int = 0, strengths: tuple[float, ...] = STRENGTHS
) -> Learner:
    """Fit, choose the strength of the penalty by cross-validated log loss, and calibrate by one temperature.

    `matrix` is n × d, standardised and finite; `codes` (n) numbers the classes from 0 to K − 1; the rows are in an
    order that does not change between runs, such as that of their keys. Folds are at most five and no more than the
    smallest class with two rows has rows. A class of one row is part of every training set and never held out.
    With two or more strengths equally good to 1e-12, the smaller is taken.

    Raises NotEnoughLabelsError unless two classes have two rows each and every class has one; ValueError for other
    input that cannot be used; NoConvergenceError for columns that are far from standardised.
    """
    with threadpool_limits(limits=1):
        folds = _folds(_checked(matrix, codes, class_count), codes, seed)
        held_out = [_cross_validated(matrix, codes, class_count, folds, strength) for strength in strengths]
        is_held_out = np.isfinite(held_out[0]).all(axis=1)
        losses = [log_loss(logits[is_held_out], codes[is_held_out]) for logits in held_out]
        best = int(np.flatnonzero(np.array(losses) <= min(losses) + 1e-12)[0])
        temperature = fitted_temperature(held_out[best][is_held_out], codes[is_held_out])
        coefficients, intercepts = _fitted(matrix, codes, class_count, strengths[best])
    out_of_fold = np.full((len(codes), class_count), np.nan)
    out_of_fold[is_held_out] = softmax(held_out[best][is_held_out] / temperature, axis=1)
    return Learner(
        coefficients / temperature,
        intercepts / temperature,
        strengths[best],
        temperature,
        out_of_fold,
        log_loss(held_out[best][is_held_out] / temperature, codes[is_held_out]),
    )


def fit_boosting(matrix: Matrix, codes: Numbers, class_count: int, seed: int = 0) -> Boosting:
    """The stronger learner: histogram gradient boosting of scikit-learn, of the same input, output and errors.

    Leaves hold at least five rows, or a twentieth of few rows; early stopping is off, so that no labelled row is lost.
    """
    with threadpool_limits(limits=1):
        folds = _folds(_checked(matrix, codes, class_count), codes, seed)
        held_out = np.full((len(codes), class_count), np.nan)
        for train, test in folds:
            model = boosted(matrix[train], codes[train], seed)
            held_out[test] = np.log(LEAST_PROBABILITY)
            raw = np.maximum(model.predict_proba(matrix[test]), LEAST_PROBABILITY)
            held_out[np.ix_(test, model.classes_)] = np.log(raw)
        is_held_out = np.isfinite(held_out).all(axis=1)
        temperature = fitted_temperature(held_out[is_held_out], codes[is_held_out])
        model = boosted(matrix, codes, seed)
    out_of_fold = np.full((len(codes), class_count), np.nan)
    out_of_fold[is_held_out] = softmax(held_out[is_held_out] / temperature, axis=1)
    loss = log_loss(held_out[is_held_out] / temperature, codes[is_held_out])
    return Boosting(model, class_count, temperature, out_of_fold, loss)


def probabilities(learner: Learner | Boosting, matrix: Matrix) -> Matrix:
    """Calibrated probabilities (n × K) of the rows of a finite matrix (n × d), computed in batches of 65,536 rows."""
    if not np.isfinite(matrix).all():
        raise ValueError("the matrix has values that are not finite: missing ones are 0, with an indicator beside")
    found = np.empty((len(matrix), learner.out_of_fold.shape[1]))
    with threadpool_limits(limits=1):
        for first in range(0, len(matrix), ROWS_PER_BATCH):
            last = first + ROWS_PER_BATCH
            found[first:last] = softmax(learner.logits(matrix[first:last]), axis=1)
    return found


def log_loss(logits: Matrix, codes: Numbers) -> float:
    """Mean negative logarithm (nats) of the probability of the given class."""
    return float(-log_softmax(logits, axis=1)[np.arange(len(codes)), codes].mean())


def fitted_temperature(logits: Matrix, codes: Numbers) -> float:
    """What to divide logits (n × K) by, between 1/20 and 20, for the least log loss (Guo et al. 2017).

    The logarithm of the temperature is believed to be 0 ± .5 beforehand, so that a few rows do not make it extreme.
    """

    def cost(log_temperature: float) -> float:
        prior = 0.5 * (log_temperature / TEMPERATURE_SPREAD) ** 2
        return log_loss(logits / np.exp(log_temperature), codes) * len(codes) + prior

    from scipy.optimize import minimize_scalar

    return float(np.exp(minimize_scalar(cost, bounds=(-3.0, 3.0), method="bounded", options={"xatol": 1e-6}).x))


def _checked(matrix: Matrix, codes: Numbers, class_count: int) -> Numbers:
    """Rows of each class (K)."""
    if matrix.ndim != 2 or len(matrix) != len(codes):
        raise ValueError(f"a matrix of shape {matrix.shape} does not go with {len(codes)} codes")
    if not matrix.shape[1]:
        raise ValueError("there is no column to learn from: none varies, or no level has rows enough")
    if not np.isfinite(matrix).all():
        raise ValueError("the matrix has values that are not finite: missing ones are 0, with an indicator beside")
    if len(codes) and (codes.min() < 0 or codes.max() >= class_count):
        raise ValueError(f"codes must be between 0 and {class_count - 1}: found {codes.min()} to {codes.max()}")
    counts = np.bincount(codes, minlength=class_count)
    if class_count < 2 or np.count_nonzero(counts >= 2) < 2:
        raise NotEnoughLabelsError(
            f"at least two classes with two labelled rows each are needed: there are {counts.tolist()} rows per class"
        )
    if (counts == 0).any():
        raise NotEnoughLabelsError(f"classes without a labelled row: {np.flatnonzero(counts == 0).tolist()}")
    return counts


def _folds(counts: Numbers, codes: Numbers, seed: int) -> list[tuple[Numbers, Numbers]]:
    """Rows to train on and rows held out, of every fold; in every training set there is every class."""
    is_split = counts[codes] >= 2
    rows, alone = np.flatnonzero(is_split), np.flatnonzero(~is_split)
    from sklearn.model_selection import StratifiedKFold

    splitter = StratifiedKFold(int(min(MOST_FOLDS, counts[counts >= 2].min())), shuffle=True, random_state=seed)
    splits = splitter.split(rows, codes[rows])
    return [(np.sort(np.concatenate([rows[train], alone])), rows[test]) for train, test in splits]


def _cross_validated(
    matrix: Matrix, codes: Numbers, class_count: int, folds: list[tuple[Numbers, Numbers]], strength: float
) -> Matrix:
    logits = np.full((len(codes), class_count), np.nan)
    for train, test in folds:
        coefficients, intercepts = _fitted(matrix[train], codes[train], class_count, strength)
        logits[test] = matrix[test] @ coefficients.T + intercepts
    return logits


def _fitted(matrix: Matrix, codes: Numbers, class_count: int, strength: float) -> tuple[Matrix, Matrix]:
    """Coefficients and intercepts of every class; a class without rows is as good as impossible."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, max_iter=MOST_ITERATIONS, tol=TOLERANCE)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            model.fit(matrix, codes)
        except ConvergenceWarning as warning:
            raise NoConvergenceError(
                f"the fit of {len(codes)} labels and {matrix.shape[1]} columns did not converge in {MOST_ITERATIONS} "
                f"iterations (C = {strength})"
            ) from warning
    coefficients, intercepts = model.coef_, model.intercept_
    if len(model.classes_) == 2:
        coefficients = np.vstack([-coefficients, coefficients]) / 2
        intercepts = np.concatenate([-intercepts, intercepts]) / 2
    everything = np.zeros((class_count, matrix.shape[1]))
    beginnings = np.full(class_count, np.log(LEAST_PROBABILITY))
    everything[model.classes_], beginnings[model.classes_] = coefficients, intercepts
    return everything, beginnings


def boosted(matrix: Matrix, codes: Numbers, seed: int = 0) -> HistGradientBoostingClassifier:
    """Trees of rows (n × d) and codes (n), neither cross-validated nor calibrated."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    leaf = max(5, min(20, len(codes) // 20))
    model = HistGradientBoostingClassifier(
        learning_rate=0.1,
        max_iter=100,
        max_leaf_nodes=15,
        min_samples_leaf=leaf,
        early_stopping=False,
        l2_regularization=1.0,
        random_state=seed,
    )
    return model.fit(matrix, codes)
