"""What scikit-learn, and sums over rows, say of scores, predicted labels and labels."""

import numpy as np
from sklearn import metrics


def measures(label, score, predicted, weight=None):
    """Metric -> value, of rows whose label is known; `predicted` may be null (NaN), `score` may be None."""
    found = {}
    weight = np.ones(len(label)) if weight is None else weight
    known = ~np.isnan(predicted)
    said, truth, mass = predicted[known], label[known], weight[known]
    found["accuracy"] = metrics.accuracy_score(truth, said, sample_weight=mass)
    found["precision"] = metrics.precision_score(truth, said, sample_weight=mass)
    found["recall"] = metrics.recall_score(truth, said, sample_weight=mass)
    found["specificity"] = metrics.recall_score(truth, said, pos_label=0, sample_weight=mass)
    found["f1"] = metrics.f1_score(truth, said, sample_weight=mass)
    if score is not None:
        found["roc_auc"] = metrics.roc_auc_score(label, score, sample_weight=weight)
        found["average_precision"] = metrics.average_precision_score(label, score, sample_weight=weight)
        found["log_loss"] = metrics.log_loss(
            label, np.clip(score, 1e-15, 1 - 1e-15), sample_weight=weight, labels=[0, 1]
        )
        found["brier"] = np.average((score - label) ** 2, weights=weight)
        found["expected_calibration_error"] = calibration_error(label, score, weight)
        found["lift_top_decile"] = lift(label, score, weight)
    return found


def calibration_error(label, score, weight):
    """Ten bins of equal width, each counted by its rows."""
    tenth = np.clip(np.searchsorted(np.arange(1, 10) / 10, score, side="right"), 0, 9)
    gaps = np.bincount(tenth, weight * (label - score), 10)
    return np.abs(gaps).sum() / weight.sum()


def lift(label, score, weight):
    """Positives among the tenth of the rows with the highest scores, over those among all; ties are cut in proportion."""
    _, place = np.unique(-score, return_inverse=True)
    rows, positives = np.bincount(place, weight), np.bincount(place, weight * label)
    inside = np.clip(weight.sum() / 10 - (np.cumsum(rows) - rows), 0, rows)
    return (inside * positives / rows).sum() / inside.sum() / np.average(label, weights=weight)


def delong_error(label, score):
    """The standard error of the area under the curve after DeLong, of all pairs of a positive and a negative."""
    positive, negative = score[label == 1], score[label == 0]
    wins = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    return np.sqrt(wins.mean(1).var(ddof=1) / len(positive) + wins.mean(0).var(ddof=1) / len(negative))


def rates(label, score, predicted, weight=None):
    """Rate of a group -> value, of rows with a label and a prediction; the same formulas that Fairlearn computes."""
    weight = np.ones(len(label)) if weight is None else weight
    known = ~np.isnan(predicted)
    said, truth, mass = predicted[known] == 1, label[known] == 1, weight[known]

    def share(part, whole):
        return (mass * (part & whole)).sum() / (mass * whole).sum()

    found = {
        "true_positive_rate": share(said, truth),
        "false_positive_rate": share(said, ~truth),
        "precision": share(truth, said),
        "false_omission_rate": share(truth, ~said),
        "accuracy": share(said == truth, np.ones(len(truth), bool)),
    }
    if score is not None:
        found["calibration_gap"] = np.average(label - score, weights=weight)
    return found
