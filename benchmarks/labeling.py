"""Whether the rows that are asked for are worth more than random ones, and whether automatic labels keep their promise.

    python benchmarks/labeling.py benchmarks/labeling/*.yml --data folder/of/the/sets --seeds 20
    python benchmarks/labeling.py my_table.yml --data . --peers

Every seed draws a pool and a random test set. From 20 random labels on, batches of 20 are labelled up to 500, all
strategies from the same start with the same learner (logistic regression of fixed strength). What counts is the mean
area under the ROC curve over the whole learning curve (ALC), paired by seed. A configuration file says what a table's
label, features and subgroups are. What is asked for, and what is labelled automatically, is what the models of the package
say, run on tables in memory (shipped.py).
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from data_health.labeling.progress import area_under_curve
from label_gates import AUDITED, CHOSEN, TARGETS, Outcome, outcomes
from label_sets import CONTROLS, LabelSet, Task, read_set, task
from label_strategies import BUDGET, STRATEGIES, predicted, run
from measure import markdown
from numpy.typing import NDArray
from shipped import Release, build_release
from sklearn.ensemble import ExtraTreesClassifier
from threadpoolctl import threadpool_limits

BUDGETS = (60, 200, 500)
DEFAULT, REFERENCE, FULL = "clustered_margin", "reference", "full allocation"


@dataclass(frozen=True)
class Curve:
    """What one strategy came to with one seed."""

    areas: NDArray[np.float64]
    sizes: NDArray[np.int64]
    balanced: float
    other_model: float
    groups_covered: float


def main() -> None:
    """Run the parts asked for on every table and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", type=Path, help="configuration files")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="what {data} in a query stands for")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--workers", type=int, default=1, help="processes, of one thread each")
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--budget", type=int, default=BUDGET, help="labels of the learning curves")
    parser.add_argument("--chosen", type=int, default=CHOSEN, help="labels beside the audit rows of automatic labels")
    parser.add_argument("--audited", type=int, default=AUDITED, help="audit rows of the automatic labels")
    parser.add_argument("--peers", action="store_true", help="modAL and scikit-activeml too, where they are installed")
    options = parser.parse_args()
    sets = [read_set(path, options.data) for path in options.sets]
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(options.workers) as pool:
        options.release = build_release(Path(folder))
        for part in options.parts:
            print(f"## {part}\n", flush=True)
            PARTS[part](sets, options, lambda work, seeds=options.seeds: list(pool.map(work, range(seeds))))


def curves(sets: Iterable[LabelSet], options: argparse.Namespace, by_seed: Callable) -> None:
    """The learning curves of all strategies."""
    for rows in sets:
        found = by_seed(partial(curves_of_seed, rows, options.release, budget=options.budget, with_peers=options.peers))
        names = list(found[0])
        base = np.array([seed["random"].areas.mean() for seed in found])
        print(f"{rows.name}: {len(rows.codes)} rows, {len(rows.features)} columns, {len(found)} seeds\n")
        print(
            markdown(
                ["strategy", "ALC", "− random", "better in", *(f"AUC at {budget}" for budget in BUDGETS),
                 "balanced accuracy", "trees", "labels to random's end", "subgroups with 10"],
                [curve_line(name, [seed[name] for seed in found], base, [seed["random"] for seed in found]) for name in names],
            )
        )  # fmt: skip
        means = {name: np.array([seed[name].areas.mean() for seed in found]) for name in names}
        print(f"{DEFAULT} − {REFERENCE}: {difference(means[DEFAULT], means[REFERENCE])}")
        print(f"{FULL} − {DEFAULT}: {difference(means[FULL], means[DEFAULT])}")
        print(flush=True)


def curves_of_seed(rows: LabelSet, release: Release, seed: int, budget: int, with_peers: bool) -> dict[str, Curve]:
    """Every strategy on one seed's task."""
    strategies = dict(STRATEGIES)
    if with_peers:
        from label_peers import peers

        strategies |= peers()
    given = task(rows, seed)
    with threadpool_limits(limits=1):
        return {name: curve(given, release, name, strategies[name], seed, budget) for name in strategies}


def curve(given: Task, release: Release, name: str, strategy: Callable, seed: int, budget: int) -> Curve:
    """One strategy, and what another model learns from its labels."""
    found = run(given, release, strategy, seed, budget)
    trees = ExtraTreesClassifier(50, min_samples_leaf=2, random_state=seed, n_jobs=1)
    trees.fit(given.matrix[found.labelled], given.codes[found.labelled])
    other = area_under_curve(
        predicted(trees, given.test_matrix, given.class_count), given.test_codes, given.class_count
    )
    # groups that have ten rows at all
    names, sizes = np.unique(given.subgroups, return_counts=True)
    labels = given.subgroups[found.labelled]
    covered = [np.count_nonzero(labels == group) >= 10 for group in names[sizes >= 10]]
    return Curve(found.areas, found.sizes, float(found.balanced[-1]), other, float(np.mean(covered)))


def curve_line(name: str, found: Sequence[Curve], base: NDArray, random: Sequence[Curve]) -> list[str]:
    """A line of the table of curves."""
    means = np.array([curve.areas.mean() for curve in found])
    at = [area_at(found, budget) for budget in BUDGETS]
    goal = np.mean([curve.areas[-1] for curve in random])
    average = np.mean([curve.areas for curve in found], axis=0)
    reached = np.flatnonzero(average >= goal)
    return [
        name,
        f"{means.mean():.4f}",
        "" if name == "random" else difference(means, base),
        "" if name == "random" else f"{np.count_nonzero(means > base)} of {len(means)}",
        *("" if np.isnan(value) else f"{value:.4f}" for value in at),
        f"{np.mean([curve.balanced for curve in found]):.4f}",
        f"{np.mean([curve.other_model for curve in found]):.4f}",
        str(found[0].sizes[reached[0]]) if len(reached) else f"> {found[0].sizes[-1]}",
        f"{np.mean([curve.groups_covered for curve in found]):.2f}",
    ]


def area_at(found: Sequence[Curve], budget: int) -> float:
    """Mean area when the budget is reached; NaN when it never is."""
    areas = [curve.areas[np.searchsorted(curve.sizes, budget)] for curve in found if curve.sizes[-1] >= budget]
    return float(np.mean(areas)) if len(areas) == len(found) else float("nan")


def controls(sets: Iterable[LabelSet], options: argparse.Namespace, by_seed: Callable) -> None:
    """Where choosing cannot help, or rows are hostile, it must not hurt."""
    lines = []
    for rows in sets:
        found = by_seed(partial(controls_of_seed, rows, options.release, budget=options.budget))
        for name in CONTROLS:
            ours, base = (np.array([seed[name][kind] for seed in found]) for kind in (DEFAULT, "random"))
            full = np.array([seed[name][FULL] for seed in found])
            lines.append([rows.name, name, f"{base.mean():.4f}", difference(ours, base), difference(full, base)])
    head = ["table", "control", "random ALC", f"{DEFAULT} − random", f"{FULL} − random"]
    print(markdown(head, lines), flush=True)


def controls_of_seed(rows: LabelSet, release: Release, seed: int, budget: int) -> dict[str, dict[str, float]]:
    """ALC of random, default and full allocation under every control."""
    found: dict[str, dict[str, float]] = {}
    with threadpool_limits(limits=1):
        for name, control in CONTROLS.items():
            given = control(task(rows, seed), seed)
            runs = {kind: run(given, release, STRATEGIES[kind], seed, budget) for kind in ("random", DEFAULT, FULL)}
            found[name] = {kind: float(its.areas.mean()) for kind, its in runs.items()}
    return found


def automatic(sets: Iterable[LabelSet], options: argparse.Namespace, by_seed: Callable) -> None:
    """Automatic labels: share, precision, misses, lost positives."""
    print(
        f"{options.chosen} chosen and {options.audited} audit rows; a miss: the one-sided 95 % upper bound is below the target\n"
    )
    lines, missed, judged = [], 0, 0
    for rows in sets:
        work = partial(outcomes_of_seed, rows, options.release, chosen=options.chosen, audited=options.audited)
        found = [outcome for seed in by_seed(work) for outcome in seed]
        for target in TARGETS:
            these = [o for o in found if o.target == target]
            lines.append(outcome_line(rows.name, these))
            missed, judged = missed + sum(o.missed > 0 for o in these), judged + len(these)
    head = [
        "table",
        "target",
        "labelled",
        "precision",
        "misses, all rows",
        "misses, any gate",
        "positives lost",
        "as estimated",
    ]
    print(markdown(head, lines))
    print(f"{missed} of {judged} miss in any gate\n", flush=True)


def outcomes_of_seed(rows: LabelSet, release: Release, seed: int, chosen: int, audited: int) -> list[Outcome]:
    """All targets of one seed."""
    with threadpool_limits(limits=1):
        return list(outcomes(task(rows, seed), release, seed, chosen, audited))


def outcome_line(name: str, found: Sequence[Outcome]) -> list[str]:
    """A line of the table of automatic labels."""
    precision = [o.precision for o in found if o.coverage > 0]
    estimates = [o.lost_estimate for o in found if not np.isnan(o.lost_estimate)]
    return [
        name,
        f"{found[0].target:.2f}",
        f"{np.mean([o.coverage for o in found]):.3f}",
        f"{np.mean(precision):.4f}" if precision else "",
        f"{sum(o.misses_overall for o in found)} of {len(found)}",
        f"{sum(o.missed > 0 for o in found)} of {len(found)}",
        f"{np.mean([o.lost_share for o in found]):.3f}",
        f"{np.mean(estimates):.3f}" if estimates else "",
    ]


def difference(ours: NDArray, theirs: NDArray) -> str:
    """Mean of paired differences ± its standard error."""
    gaps = ours - theirs
    error = gaps.std(ddof=1) / np.sqrt(len(gaps)) if len(gaps) > 1 else float("nan")
    return f"{gaps.mean():+.4f} ± {error:.4f}"


PARTS = {"curves": curves, "controls": controls, "automatic": automatic}


if __name__ == "__main__":
    main()
