"""Whether the verdict of an experiment on choosing rows is true.

    python benchmarks/label_experiment.py --data folder/of/the/sets --seeds 20 --workers 2

Every seed draws a pool with 60 random labels, two of the rarest label among them. An experiment
(`labeling: {experiment: true}`) asks for batches of 60 to 125 rows up to 1,500 labels. Half of every batch is the test, and
every other batch is random. Which rows are asked for is what the models of the package say, run on tables in memory
(shipped.py), and the verdict is that of the package after 300, 500 and 1,500 labels. The truth of a cell (a pool and a
number of labels) is the mean over the seeds of the same difference, measured on a held-out test. A cell is clear where the
truth is at least 2.5 times the mean standard error of the verdict.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from data_health.labeling.experiment import Arms, Losses, Verdict, arms_of, verdict
from data_health.labeling.features import Feature
from data_health.labeling.progress import regression
from label_sets import LabelSet, Task, pure_noise, read_set, shuffled_labels, task, tenfold_duplicates
from label_strategies import (
    GIVEN,
    fitted,
    give_drift,
    give_labels,
    give_pool,
    predicted,
    row_keys,
    scored_rows,
)
from measure import markdown
from shipped import MONITOR, Release, Session, build_release
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits

HERE = Path(__file__).parent / "labeling"
START, BUDGETS = 60, (300, 500, 1500)
BATCHES = {300: 60, 500: 100, 1500: 125}
CLEAR = 2.5


@dataclass(frozen=True)
class Asked:
    """Rows in the order in which they were asked for, with strategy, arm and batch of each; '' and 0 of the first ones."""

    rows: list[int]
    strategies: list[str]
    arms: list[str]
    batches: list[int]


@dataclass(frozen=True)
class Result:
    """What was said of one seed after so many labels, and the same difference on the held-out test."""

    pool: str
    budget: int
    said: Verdict
    truth: float


def main() -> None:
    """Run all pools and print a line per cell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the sets")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--workers", type=int, default=1, help="processes, of one thread each")
    parser.add_argument("--pools", nargs="+", choices=list(POOLS), default=list(POOLS))
    options = parser.parse_args()
    lines, results = [], []
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(options.workers) as pool:
        release = build_release(Path(folder))
        for name in options.pools:
            work = partial(results_of_seed, name, options.data, release)
            found = [result for seed in pool.map(work, range(options.seeds)) for result in seed]
            for budget in BUDGETS:
                these = [result for result in found if result.budget == budget]
                lines.append(cell_line(these))
                print(" ".join(lines[-1]), flush=True)
            results += found
    head = [
        "pool",
        "labels",
        "arm",
        "truth",
        "mean gain",
        "deviation",
        "mean error",
        "helps",
        "does not",
        "not shown",
        "wrong",
        "clear",
    ]
    print(markdown(head, lines))
    print(summary(results))


def results_of_seed(name: str, data: Path, release: Release, seed: int) -> list[Result]:
    """One experiment, judged after every budget."""
    given = POOLS[name](data, seed)
    with threadpool_limits(limits=1):
        return [judged(name, budget, given, asked, seed) for budget, asked in asked_for(given, release, seed)]


def asked_for(given: Task, release: Release, seed: int) -> Iterator[tuple[int, Asked]]:
    """What the package has asked for when a budget is reached."""
    draw = np.random.default_rng([seed, 6])
    count = len(given.codes)
    start = first_rows(given.codes, draw)
    hashes, tables = draw.random(count), Session(release)
    give_pool(tables, given, hashes)
    give_drift(tables)
    asked = Asked(list(start), [""] * START, [""] * START, [0] * START)
    for budget in BUDGETS:
        while len(asked.rows) < budget:
            size = min(BATCHES[budget], budget - len(asked.rows))
            found = next_batch(given, tables, asked, hashes, size)
            if not found:
                break
            batch = asked.batches[-1] + 1
            for key, strategy, arm in found:
                asked.rows.append(int(key))
                asked.strategies.append(strategy)
                asked.arms.append(arm or "")
                asked.batches.append(batch)
        yield budget, asked


def first_rows(codes: np.ndarray, draw: np.random.Generator) -> list[int]:
    """Random rows, of which two at least have the rarest label, so that something is learnt."""
    rows = draw.permutation(len(codes))
    rare = [row for row in rows.tolist() if codes[row] == np.bincount(codes).argmin()][:2]
    return rare + [row for row in rows.tolist() if row not in rare][: START - len(rare)]


def next_batch(given: Task, tables: Session, asked: Asked, hashes: np.ndarray, size: int) -> list[tuple[str, str, str]]:
    """Keys, strategies and arms of the rows that the package asks for next."""
    held_out = {row for row, arm in zip(asked.rows, asked.arms, strict=True) if arm in ("random", "test")}
    learnt = [row for row in asked.rows if row not in held_out]
    model = fitted(given.matrix[learnt], given.codes[learnt])
    if model is None:
        raise ValueError("of the first labels nothing is learnt: they are of one kind")
    give_labels(tables, given, asked.rows, held_out)
    give_batches(tables, asked)
    tables.give(
        "labeling_rows", scored_rows(given, asked.rows, hashes, predicted(model, given.matrix, given.class_count))
    )
    tables.rows(f"update monitor_settings set budget = {size}, is_experiment = true where part = 'labeling'")
    for step in tables.release.steps("labeling_batches", GIVEN)[:-1]:
        tables.run(step)
    found = sorted(tables.selected("labeling_batches", "rank, row_key, strategy, arm"))
    return [(key, strategy, arm) for _, key, strategy, arm in found]


def give_batches(tables: Session, asked: Asked) -> None:
    """What was asked for so far; the first rows have labels of their own."""
    places = [place for place, batch in enumerate(asked.batches) if batch]
    keys = row_keys(max(asked.rows) + 1)
    tables.give(
        "labeling_batches",
        {
            "monitor": [MONITOR] * len(places),
            "batch": [asked.batches[place] for place in places],
            "row_key": [keys[asked.rows[place]] for place in places],
            "strategy": [asked.strategies[place] for place in places],
            "arm": pa.array([asked.arms[place] or None for place in places], pa.string()),
            "status": ["labelled"] * len(places),
            "answer_count": np.zeros(len(places), np.int64),
            "answers_before": np.zeros(len(places), np.int64),
        },
    )


def judged(name: str, budget: int, given: Task, asked: Asked, seed: int) -> Result:
    """The verdict of the package, and the same two learners on the held-out test."""
    rows = np.array(asked.rows)
    parts = arms_of(np.array(asked.strategies, object), np.array(asked.arms, object), np.array(asked.batches))
    said = verdict(given.matrix[rows], given.codes[rows], parts, given.class_count)
    count = min(len(parts.random), len(parts.chosen))
    truth = held_out_gain(given, rows, parts, count)
    return Result(name, budget, said, truth)


def held_out_gain(given: Task, rows: np.ndarray, parts: Arms, count: int) -> float:
    """Log loss of the random arm less that of the chosen arm, on the held-out test."""
    matrix = np.vstack([given.matrix[rows], given.test_matrix])
    codes = np.concatenate([given.codes[rows], given.test_codes])
    test = np.arange(len(rows), len(codes))
    random, chosen = (
        Losses(matrix, codes, parts.seed, arm[:count], test, given.class_count, regression).whole.mean()
        for arm in (parts.random, parts.chosen)
    )
    return float(random - chosen)


def cell_line(found: list[Result]) -> list[str]:
    """A line of the table."""
    truth = np.mean([result.truth for result in found])
    gains = np.array([result.said.gain for result in found])
    errors = np.array([result.said.gain_error for result in found])
    said = [result.said.status for result in found]
    compared = np.isfinite(gains)
    return [
        found[0].pool,
        str(found[0].budget),
        str(int(np.median([result.said.labels for result in found]))),
        f"{truth:+.4f}",
        f"{gains[compared].mean():+.4f}" if compared.any() else "",
        f"{gains[compared].std(ddof=1):.4f}" if compared.sum() > 1 else "",
        f"{errors[compared].mean():.4f}" if compared.any() else "",
        str(said.count("helps")),
        str(said.count("does_not_help")),
        str(len(said) - said.count("helps") - said.count("does_not_help")),
        str(sum(is_wrong(result, truth) for result in found)),
        "yes" if is_clear(found) else "",
    ]


def is_clear(found: list[Result]) -> bool:
    """Whether the truth of a cell is far enough from 0 to be seen."""
    errors = np.array([result.said.gain_error for result in found])
    errors = errors[np.isfinite(errors)]
    return len(errors) > 0 and abs(np.mean([result.truth for result in found])) >= CLEAR * errors.mean()


def is_wrong(result: Result, truth: float) -> bool:
    """Whether something was said, and the other sign is true."""
    return (result.said.status == "helps" and truth <= 0) or (result.said.status == "does_not_help" and truth >= 0)


def summary(results: list[Result]) -> str:
    """The lines of the acceptance."""
    cells: dict[tuple[str, int], list[Result]] = {}
    for result in results:
        cells.setdefault((result.pool, result.budget), []).append(result)
    truths = {cell: float(np.mean([result.truth for result in found])) for cell, found in cells.items()}
    wrong = sum(is_wrong(result, truths[result.pool, result.budget]) for result in results)
    clear = {cell: found for cell, found in cells.items() if is_clear(found)}
    right = {
        cell: np.mean([result.said.status == ("helps" if truths[cell] > 0 else "does_not_help") for result in found])
        for cell, found in clear.items()
    }
    nothing = sum(result.said.status == "helps" for result in results if result.pool in ("shuffled", "noise"))
    shares = ", ".join(f"{pool} {budget}: {share:.2f}" for (pool, budget), share in right.items())
    return (
        f"wrong sign: {wrong} of {len(results)}; `helps` of shuffled labels or noise: {nothing}; clear cells: {len(clear)}, "
        f"spoken and right there: {shares}"
    )


def digits_set() -> LabelSet:
    """The digits that come with scikit-learn."""
    matrix, codes = load_digits(return_X_y=True)
    numbers = range(1, matrix.shape[1] + 1)
    return LabelSet(
        "digits",
        [Feature(number, f"pixel {number}", True) for number in numbers],
        pa.table({f"feature_{number}": matrix[:, number - 1] for number in numbers}),
        codes.astype(np.int64),
        np.array(["all"] * len(codes)),
        np.arange(len(codes)) >= 0.9 * len(codes),
        1550,
        247,
    )


@cache
def set_of(name: str, data: Path) -> LabelSet:
    """A table of the benchmark of labeling."""
    return digits_set() if name == "digits" else read_set(HERE / f"{name}.yml", data)


def rare_class(given: Task, seed: int) -> Task:
    """One row in a hundred is positive, in pool and test."""
    draw = np.random.default_rng([seed, 8])
    pool, test = (thinned(codes, draw) for codes in (given.codes, given.test_codes))
    kept = given.taken(pool)
    return replace(kept, test_columns=given.test_columns.take(pa.array(test)), test_codes=given.test_codes[test])


def thinned(codes: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Rows of which one in a hundred is positive."""
    positive, others = np.flatnonzero(codes == 1), np.flatnonzero(codes == 0)
    return np.sort(np.concatenate([others, draw.choice(positive, len(others) // 99, replace=False)]))


def pool_of(name: str, control: Callable[[Task, int], Task] | None, data: Path, seed: int) -> Task:
    """The task of a seed."""
    given = task(set_of(name, data), seed)
    return control(given, seed) if control else given


POOLS = {
    "digits": partial(pool_of, "digits", None),
    "Adult": partial(pool_of, "adult", None),
    "bank": partial(pool_of, "bank", None),
    "SMS": partial(pool_of, "sms", None),
    "1 % class": partial(pool_of, "adult", rare_class),
    "tenfold": partial(pool_of, "sms", tenfold_duplicates),
    "shuffled": partial(pool_of, "adult", shuffled_labels),
    "noise": partial(pool_of, "adult", pure_noise),
}


if __name__ == "__main__":
    main()
