"""Whether chosen rows teach more than random rows: an experiment with two arms and a test of its own."""

from dataclasses import dataclass

import numpy as np
from data_health.labeling.progress import Fit, Matrix, Numbers, regression
from numpy.typing import NDArray
from scipy.special import stdtrit
from threadpoolctl import threadpool_limits

# probability that the interval of the difference holds, both sides together
CONFIDENCE = 0.98
# parts that are left out one by one to see how much depends on which rows were learnt from
GROUPS = 10
# rows of the test, and of each of two labels in it, and rows of an arm, below which nothing is said
LEAST_TEST, LEAST_OF_CLASS, LEAST_ARM = 30, 10, 20
# no label is impossible: what a learner says is mixed with so much of the shares of labels (one part in a thousand)
LEAST_SHARE = 1e-3
# with fewer labels an experiment seldom shows anything, as measured on eight pools
USUAL_LABELS = 1500


@dataclass(frozen=True)
class Arms:
    """Rows of an experiment, as numbers of labelled rows.

    `seed` was labelled before it, `random` and `chosen` are its arms, and `test` is a random sample that nothing learns
    from, neither what chooses rows nor what is compared.
    """

    seed: Numbers
    random: Numbers
    chosen: Numbers
    test: Numbers


@dataclass(frozen=True)
class Verdict:
    """Whether chosen labels teach more than as many random ones.

    `status` is `helps`, `does_not_help`, `not_shown` or `insufficient_data`, and `reason` says why. `gain` is the log
    loss (nats per row) of what the random arm teaches less that of the chosen arm, on the test; above 0, chosen rows
    teach more. `gain_error` is its standard error, and `gain_lower` and `gain_upper` hold it in 98 % of cases.
    `detectable_gain` is the smallest difference that would have been shown: half of that interval. `labels` is the size
    of each arm. Numbers are NaN where nothing was compared.
    """

    status: str
    reason: str
    labels: int = 0
    tested: int = 0
    gain: float = float("nan")
    gain_error: float = float("nan")
    gain_lower: float = float("nan")
    gain_upper: float = float("nan")
    detectable_gain: float = float("nan")


@dataclass(frozen=True)
class Difference:
    """A mean of paired differences with its two variances, of the rows tested and of those learnt from."""

    mean: float
    test_variance: float
    training_variance: float
    degrees: float

    @property
    def error(self) -> float:
        """The standard error."""
        return float(np.sqrt(self.test_variance + self.training_variance))

    @property
    def half_width(self) -> float:
        """Half of the 98 % interval; NaN where nothing varies."""
        return float(stdtrit(self.degrees, (1 + CONFIDENCE) / 2) * self.error) if self.error > 0 else float("nan")


def verdict(
    matrix: Matrix, codes: Numbers, arms: Arms, class_count: int, seed: int = 0, fit: Fit = regression
) -> Verdict:
    """Compare what seed and chosen arm teach with what seed and random arm teach, with as many rows of each.

    `matrix` (n × d) and `codes` (n) are all labelled rows. Of the larger arm chance leaves rows out. It says `helps` or
    `does_not_help` only where the 98 % interval of the difference does not hold 0. `helps` also needs that the learner
    of the chosen arm is certainly better than the shares of the labels, since of noise nothing is learnt.
    """
    arm = min(len(arms.random), len(arms.chosen))
    counts = np.sort(np.bincount(codes[arms.test], minlength=max(class_count, 2)))[::-1]
    problem = shortage(arm, len(arms.test), int(counts[1]))
    if problem:
        return Verdict("insufficient_data", problem, arm, len(arms.test))
    draw = np.random.default_rng(seed)
    random, chosen = (np.sort(draw.permutation(rows)[:arm]) for rows in (arms.random, arms.chosen))
    with threadpool_limits(limits=1):
        ours = Losses(matrix, codes, arms.seed, chosen, arms.test, class_count, fit)
        theirs = Losses(matrix, codes, arms.seed, random, arms.test, class_count, fit)
        found = difference(ours, theirs, draw)
        is_learnt = better_than_shares(ours, codes[arms.test], class_count)
    return judged(found, is_learnt, arm, len(arms.test))


def shortage(arm: int, tested: int, second: int) -> str:
    """Why nothing can be compared, in words; empty where it can."""
    if arm < LEAST_ARM:
        return f"{arm} random and as many chosen labels of the experiment; at least {LEAST_ARM} of each are needed"
    if tested < LEAST_TEST or second < LEAST_OF_CLASS:
        return (
            f"{tested} test rows, {second} of the second most common label; at least {LEAST_TEST} are needed, with "
            f"{LEAST_OF_CLASS} of each of two labels"
        )
    return ""


def judged(found: Difference, is_learnt: bool, arm: int, tested: int) -> Verdict:
    """The words and numbers of a difference."""
    half = found.half_width
    if not np.isfinite(half):
        reason = f"{arm} chosen and {arm} random labels teach exactly the same on {tested} test rows"
        return Verdict("not_shown", reason, arm, tested, found.mean, found.error)
    numbers = (arm, tested, found.mean, found.error, found.mean - half, found.mean + half, half)
    if abs(found.mean) > half and (found.mean < 0 or is_learnt):
        status, word = ("helps", "more") if found.mean > 0 else ("does_not_help", "less")
        reason = (
            f"{arm} chosen labels teach {word} than {arm} random labels: the log loss on {tested} test rows is "
            f"{abs(found.mean):.3f} {'lower' if found.mean > 0 else 'higher'}, ± {half:.3f}"
        )
        return Verdict(status, reason, *numbers)
    if found.mean > half:
        reason = f"{tested} test rows do not show that {arm} chosen labels teach anything"
        return Verdict("not_shown", reason, *numbers)
    reason = (
        f"{tested} test rows do not show whether {arm} chosen labels teach more than {arm} random labels: a difference "
        f"of {half:.3f} in log loss would have been shown, {abs(found.mean):.3f} was found"
    )
    return Verdict("not_shown", reason, *numbers)


class Losses:
    """What a learner of the seed and one arm loses on each row of the test."""

    def __init__(
        self,
        matrix: Matrix,
        codes: Numbers,
        seed: Numbers,
        arm: Numbers,
        test: Numbers,
        class_count: int,
        fit: Fit,
    ) -> None:
        """Learn from all rows."""
        self.matrix, self.codes, self.seed, self.arm, self.test = matrix, codes, seed, arm, test
        self.class_count, self.fit = class_count, fit
        self.whole = self.of(np.concatenate([seed, arm]))

    def of(self, rows: Numbers) -> Matrix:
        """Log loss (nats) of each row of the test, by a learner of these rows."""
        codes = self.codes[rows]
        shares = (np.bincount(codes, minlength=self.class_count) + 1) / (len(rows) + self.class_count)
        found = np.tile(shares, (len(self.test), 1))
        if len(np.unique(codes)) > 1:
            model = self.fit(self.matrix[rows], codes)
            learnt = np.zeros_like(found)
            learnt[:, model.classes_] = model.predict_proba(self.matrix[self.test])
            found = (1 - LEAST_SHARE) * learnt + LEAST_SHARE * found
        return -np.log(found[np.arange(len(self.test)), self.codes[self.test]])

    def without(self, group: int, seed_groups: Numbers, arm_groups: Numbers) -> Matrix:
        """The same where one group of rows is not learnt from."""
        return self.of(np.concatenate([self.seed[seed_groups != group], self.arm[arm_groups != group]]))


def difference(ours: Losses, theirs: Losses, draw: np.random.Generator) -> Difference:
    """Mean loss of theirs less ours, with the variance of its test rows and that of the rows learnt from.

    The second is the delete-a-group jackknife over ten groups of seed and arms, less what depends on single test rows,
    which the first has already (an analysis of variance of groups and rows). A loss above the least possible is a
    square of what the coefficients are off, and of squares the jackknife finds twice the variance (Efron and Stein
    1981): half of it counts. Degrees of freedom are those of Satterthwaite 1946.
    """
    paired = theirs.whole - ours.whole
    seed_groups, our_groups, their_groups = (
        draw.permutation(np.arange(len(rows)) % GROUPS) for rows in (ours.seed, ours.arm, theirs.arm)
    )
    left_out = np.array(
        [
            theirs.without(group, seed_groups, their_groups) - ours.without(group, seed_groups, our_groups)
            for group in range(GROUPS)
        ]
    )
    factor = (GROUPS - 1) ** 2 / GROUPS
    of_mean = factor * float(left_out.mean(axis=1).var(ddof=1))
    of_rows = factor * float(left_out.var(axis=0, ddof=1).mean())
    tested = len(paired)
    training = max(of_mean - max(of_rows - of_mean, 0.0) / (tested - 1), 0.0) / 2
    test = float(paired.var(ddof=1)) / tested
    total = test + training
    degrees = total**2 / (test**2 / (tested - 1) + training**2 / (GROUPS - 1)) if total > 0 else float("nan")
    return Difference(float(paired.mean()), test, training, degrees)


def better_than_shares(losses: Losses, codes: Numbers, class_count: int) -> bool:
    """Whether the learner is better on the test than the shares of the labels there, by a one-sided test at 1 %."""
    shares = np.bincount(codes, minlength=class_count) / len(codes)
    gaps = -np.log(shares[codes]) - losses.whole
    error = gaps.std(ddof=1) / np.sqrt(len(gaps))
    return bool(gaps.mean() > stdtrit(len(gaps) - 1, (1 + CONFIDENCE) / 2) * error)


def arms_of(strategies: NDArray, arms: NDArray, batches: Numbers) -> Arms | None:
    """The rows of an experiment; None where there was none.

    Of n labelled rows, `strategies` and `arms` (n) are those of the batch that first asked for the row, '' where there
    is none, and `batches` (n) is its number, 0 for rows that nobody was asked for. What was asked for before the
    experiment, and what nobody was asked for, is the seed. Rows of later batches that belong to no arm are left out:
    what chose them may have known the test.
    """
    is_new = np.isin(arms, ("random", "chosen", "test")) & (strategies != "relabel")
    if not is_new.any():
        return None
    first = batches[is_new].min()
    seed = ~is_new & ((batches < first) | (strategies == "relabel"))
    return Arms(
        np.flatnonzero(seed),
        np.flatnonzero(is_new & (arms == "random")),
        np.flatnonzero(is_new & (arms == "chosen")),
        np.flatnonzero(is_new & (arms == "test")),
    )


def without_experiment(labels: int) -> Verdict:
    """What is said where no batch was drawn at random."""
    reason = (
        "no batch was drawn at random to compare chosen rows with: set labeling: {experiment: true}, which seldom "
        f"shows a difference below {USUAL_LABELS} labels (there are {labels})"
    )
    return Verdict("not_shown", reason)
