"""Labels that are likely wrong, and label columns that are: confident learning and checks of rates."""

import itertools
from dataclasses import dataclass

import data_health.labeling.learning_packages  # noqa: F401
import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

Matrix = NDArray[np.float64]
Numbers = NDArray[np.int64]

# in which order suspected labels are looked at: by the margin where no more than this share of the labels is doubted
ORDERS = ("self_confidence", "normalized_margin")
MOST_DOUBTED = 0.2
# a class is possible for a row from its threshold less this on
TOLERANCE = 1e-6
# verdicts that the general rate weighs in a band, and what is believed before the first verdict
BAND_WEIGHT, PRIOR_ERRORS, PRIOR_VERDICTS = 5.0, 1.0, 3.0
LEAST_BAND, MOST_BANDS = 10, 20
LEAK_RATE, LEAST_CHANGE, LEAST_P = 0.02, 0.10, 1e-4


@dataclass(frozen=True)
class LabelIssues:
    """What confident learning says of n labels of K classes.

    `is_issue` (n) flags likely errors, `self_confidence` (n) is the probability of the given label, `suggested` (n) the
    likeliest label. `queue` holds the numbers of the rows that a person should look at, flagged rows first, each part
    by `scores` (n), the lowest first; rows whose given label is the likeliest are not in it. `ranked_by` says what the
    scores are: `self_confidence`, or `normalized_margin`, which is (p of the given label − p of the likeliest other
    one + 1) / 2. Rows without probabilities (NaN) are not judged: no issue, NaN scores, suggested −1.
    """

    is_issue: NDArray[np.bool_]
    self_confidence: Matrix
    suggested: Numbers
    queue: Numbers
    scores: Matrix
    ranked_by: str


@dataclass(frozen=True)
class RateFinding:
    """Whether the rate of the newest period fits those before: `ok`, `leak`, `break` or `insufficient_data`."""

    status: str
    rate: float
    earlier_rate: float
    p_value: float


def label_issues(probabilities: Matrix, codes: Numbers, ranked_by: str | None = None) -> LabelIssues:
    """Confident learning (Northcutt et al. 2021), as cleanlab's `find_label_issues` with `prune_by_noise_rate`.

    `probabilities` (n × K) are out of sample, `codes` (n) the given labels from 0. Of a model that doubts few labels
    the margin finds more errors among the first rows, and of one that doubts many the probability of the given label
    does (benchmarks/label_queue.py); `ranked_by` asks for one of the two. Of two labels both orders are one.
    """
    n, class_count = probabilities.shape
    if len(codes) != n or (n and (codes.min() < 0 or codes.max() >= class_count)):
        raise ValueError(f"{n} rows of {class_count} classes do not go with these {len(codes)} codes")
    judged = np.flatnonzero(np.isfinite(probabilities).all(axis=1))
    p, given = probabilities[judged], codes[judged]
    joint = confident_joint(p, given)
    own = p[np.arange(len(p)), given]
    suggested = p.argmax(axis=1) if len(p) else np.zeros(0, np.int64)
    flagged = _pruned(p, given, joint) & (suggested != given)
    is_issue = np.zeros(n, np.bool_)
    is_issue[judged] = flagged
    self_confidence, margin, likeliest = np.full(n, np.nan), np.full(n, np.nan), np.full(n, -1)
    self_confidence[judged], likeliest[judged] = own, suggested
    others = p.copy()
    others[np.arange(len(p)), given] = 0.0
    margin[judged] = (own - others.max(axis=1, initial=0.0) + 1) / 2
    if ranked_by is None:
        ranked_by = "normalized_margin" if is_issue.sum() <= MOST_DOUBTED * len(judged) else "self_confidence"
    scores = {"self_confidence": self_confidence, "normalized_margin": margin}[ranked_by]
    disputed = np.flatnonzero((likeliest >= 0) & (likeliest != codes))
    queue = disputed[np.lexsort((disputed, scores[disputed], ~is_issue[disputed]))]
    return LabelIssues(is_issue, self_confidence, likeliest, queue, scores, ranked_by)


def confident_joint(probabilities: Matrix, codes: Numbers) -> Numbers:
    """Estimated number of rows by given (first) and true label (K × K), with as many of each given label as there are.

    A row counts for the classes whose probability reaches the mean of their own rows: for the one, or of several for
    its likeliest class; for none if it reaches none.
    """
    n, class_count = probabilities.shape
    counts = np.bincount(codes, minlength=class_count)
    sums = np.zeros(class_count)
    np.add.at(sums, codes, probabilities[np.arange(n), codes])
    thresholds = np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
    possible = probabilities >= thresholds - TOLERANCE
    number = possible.sum(axis=1)
    guess = np.where(number > 1, probabilities.argmax(axis=1), possible.argmax(axis=1))
    joint = np.zeros((class_count, class_count))
    np.add.at(joint, (codes[number > 0], guess[number > 0]), 1.0)
    np.fill_diagonal(joint, np.maximum(np.diagonal(joint), 1))
    calibrated = joint / joint.sum(axis=1, keepdims=True) * counts[:, None]
    return np.array([_rounded(row) for row in calibrated], np.int64).reshape(class_count, class_count)


def expected_precision(
    past_scores: Matrix, past_is_error: NDArray[np.bool_], scores: Matrix
) -> tuple[Matrix, Matrix, Matrix]:
    """Probability that queued labels are errors, with a 90 % interval, from past verdicts on labels of known score.

    The lower a score, the more suspect is the label. Verdicts are taken in bands of at least ten, or a
    twentieth of all, in order of their scores; bands whose rates of errors do not fall are merged. Every band is drawn
    to the general rate by five verdicts, and the general rate to a third by three: without verdicts all is a third,
    with the width of so little knowledge.
    """
    order = np.argsort(past_scores, kind="stable")
    verdicts = np.asarray(past_is_error, np.float64)[order]
    general = (verdicts.sum() + PRIOR_ERRORS) / (len(verdicts) + PRIOR_VERDICTS)
    if not len(verdicts):
        pools, edges = [(0.0, 0.0)], np.zeros(0)
        weight = PRIOR_VERDICTS
    else:
        pools, edges = _falling_pools(np.asarray(past_scores, np.float64)[order], verdicts)
        weight = BAND_WEIGHT
    errors, numbers = np.array(pools).T
    a, b = errors + weight * general, numbers - errors + weight * (1 - general)
    pool = np.searchsorted(edges, scores, side="left")
    # small bands are drawn further to the general rate than their neighbours, and may rise by that
    falling = (
        np.minimum.accumulate(values) for values in (a / (a + b), betaincinv(a, b, 0.05), betaincinv(a, b, 0.95))
    )
    expected, lower, upper = (values[pool] for values in falling)
    return expected, lower, upper


def rate_finding(successes: Numbers, rows: Numbers) -> RateFinding:
    """Compare the newest period's rate with those before (T periods in order; of labels, or of one label).

    `leak`: the rate goes to 98 % and more, or 2 % and less, from 10 points or more away. `break`: it changes by 10
    points or more otherwise. Both need p < 1e-4 against the earlier rate, which is allowed to vary between periods as
    it did before (binomial with the overdispersion found there, at least 1). `insufficient_data` under 30 rows on
    either side.
    """
    if len(successes) != len(rows) or (np.asarray(successes) > np.asarray(rows)).any() or (np.asarray(rows) < 0).any():
        raise ValueError("successes and rows must be of one length, and no more successes than rows")
    counts, sizes = np.asarray(successes, np.float64), np.asarray(rows, np.float64)
    if len(sizes) < 2 or sizes[-1] < 30 or sizes[:-1].sum() < 30:
        nan = float("nan")
        newest = float(counts[-1] / sizes[-1]) if len(sizes) and sizes[-1] else nan
        return RateFinding("insufficient_data", newest, nan, nan)
    rate, earlier = float(counts[-1] / sizes[-1]), float(counts[:-1].sum() / sizes[:-1].sum())
    phi = _overdispersion(counts[:-1], sizes[:-1], earlier)
    smoothed = (counts[:-1].sum() + 0.5) / (sizes[:-1].sum() + 1)
    # as many rows as would vary as much without overdispersion
    effective = max(1, round(sizes[-1] / phi))
    from scipy.stats import binomtest

    p_value = float(binomtest(round(rate * effective), effective, smoothed).pvalue)
    if abs(rate - earlier) < LEAST_CHANGE or p_value >= LEAST_P:
        return RateFinding("ok", rate, earlier, p_value)
    is_extreme = rate >= 1 - LEAK_RATE or rate <= LEAK_RATE
    return RateFinding("leak" if is_extreme else "break", rate, earlier, p_value)


def _pruned(p: Matrix, given: Numbers, joint: Numbers) -> NDArray[np.bool_]:
    """For every pair of labels as many rows as the joint says, with the largest p of the other less that of the own."""
    found = np.zeros(len(p), np.bool_)
    for label in range(joint.shape[0]):
        of_label = np.flatnonzero(given == label)
        # the last row of a label is not taken away
        if len(of_label) <= 1:
            continue
        for other in range(joint.shape[0]):
            number = min(int(joint[label, other]), len(of_label))
            if other == label or number == 0:
                continue
            gaps = p[of_label, other] - p[of_label, label]
            found[of_label[gaps >= np.partition(gaps, -number)[-number]]] = True
    return found


def _rounded(row: Matrix) -> Matrix:
    """Whole numbers with the same sum: each to the nearest, then those that were rounded most the other way."""
    whole = row.round()
    missing = int(np.round(row.sum()) - whole.sum())
    order = np.argsort(row - whole, kind="stable")
    # equals are raised from the last label on, and lowered from the first on, as cleanlab does
    order = order[::-1] if missing > 0 else order
    whole[order[: abs(missing)]] += np.sign(missing)
    return whole


def _falling_pools(scores: Matrix, verdicts: Matrix) -> tuple[list[tuple[float, float]], Matrix]:
    """(errors, verdicts) of bands with falling rates, and the scores between them; equal scores are in one band."""
    n = len(scores)
    starts = np.unique(np.searchsorted(scores, scores[:: max(LEAST_BAND, -(-n // MOST_BANDS))]))
    # the rest at the end is no band of its own
    starts = starts[:-1] if len(starts) > 1 and n - starts[-1] < LEAST_BAND else starts
    pools: list[list[float]] = []
    for first, end in itertools.pairwise([*starts.tolist(), n]):
        pools.append(
            [float(verdicts[first:end].sum()), float(end - first), float(scores[first]), float(scores[end - 1])]
        )
        while len(pools) > 1 and pools[-1][0] / pools[-1][1] >= pools[-2][0] / pools[-2][1]:
            last = pools.pop()
            pools[-1] = [pools[-1][0] + last[0], pools[-1][1] + last[1], pools[-1][2], last[3]]
    edges = [(before[3] + after[2]) / 2 for before, after in itertools.pairwise(pools)]
    return [(pool[0], pool[1]) for pool in pools], np.array(edges)


def _overdispersion(counts: Matrix, sizes: Matrix, rate: float) -> float:
    """Pearson's φ of earlier periods, at least 1."""
    there = sizes > 0
    if np.count_nonzero(there) < 3 or rate in (0.0, 1.0):
        return 1.0
    expected = sizes[there] * rate
    chi2 = np.sum((counts[there] - expected) ** 2 / (expected * (1 - rate)))
    return max(1.0, float(chi2 / (np.count_nonzero(there) - 1)))
