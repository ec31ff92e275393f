"""What the first labels are worth, before a model can choose: from no label at all to sixty.

    python benchmarks/label_start.py benchmarks/labeling/*.yml --data folder/of/the/sets --seeds 10 --workers 2

Batches of 20 rows are asked for by the models of the package, run on tables in memory (shipped.py). `random` takes any rows.
`representative` takes typical rows of clusters (TypiClust) alone. `default` is all that the package does by itself, with
the random sample, the quotas of subgroups and the rows of the drifted period. After every batch a regression is fitted to the
labels; what counts is the area under the ROC curve on a random test set, paired by seed. `digits` are those of scikit-learn.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from data_health.labeling.progress import area_under_curve
from label_experiment import digits_set
from label_sets import LabelSet, Task, read_set, task
from label_strategies import (
    GIVEN,
    fitted,
    give_drift,
    give_history,
    give_labels,
    give_pool,
    predicted,
    scored_rows,
)
from labeling import difference
from measure import markdown
from shipped import Release, Session, build_release
from threadpoolctl import threadpool_limits

BATCH, BUDGETS = 20, (20, 40, 60)
SCORES = ("predicted_label", "confidence", "margin", "entropy", "learner_version")
# the strategy that is set, and whether the other parts of the budget are asked for, too
WAYS = {"representative": ("representative", False), "default": ("clustered_margin", True)}


def main() -> None:
    """Print a line per table, way and budget."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", help="configuration files, or digits")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="what {data} in a query stands for")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1, help="processes, of one thread each")
    options = parser.parse_args()
    lines: list[list[str]] = []
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(options.workers) as pool:
        release = build_release(Path(folder))
        for name in options.sets:
            rows = digits_set() if name == "digits" else read_set(Path(name), options.data)
            seeds = range(options.first_seed, options.first_seed + options.seeds)
            found = list(pool.map(partial(areas_of_seed, rows, release), seeds))
            for line in lines_of(rows.name, found):
                lines.append(line)
                print(" ".join(line), flush=True)
    print(markdown(["table", "labels", "random", *(f"{way} − random" for way in WAYS), "below by two errors"], lines))


def lines_of(name: str, found: Sequence[dict[str, list[float]]]) -> list[list[str]]:
    """The budgets of one table."""
    lines = []
    for place, budget in enumerate(BUDGETS):
        areas = {way: np.array([seed[way][place] for seed in found]) for way in ("random", *WAYS)}
        gaps = areas["default"] - areas["random"]
        is_below = gaps.mean() < -2 * gaps.std(ddof=1) / np.sqrt(len(gaps))
        ways = [difference(areas[way], areas["random"]) for way in WAYS]
        lines.append([name, str(budget), f"{areas['random'].mean():.4f}", *ways, "yes" if is_below else "no"])
    return lines


def areas_of_seed(rows: LabelSet, release: Release, seed: int) -> dict[str, list[float]]:
    """The area after every batch, by every way."""
    given = task(rows, seed)
    with threadpool_limits(limits=1):
        draw = np.random.default_rng([seed, 9])
        order = draw.permutation(len(given.codes)).tolist()
        hashes = draw.random(len(given.codes))
        found = {"random": [area(given, order[:budget]) for budget in BUDGETS]}
        for way, (strategy, is_whole) in WAYS.items():
            found[way] = asked_areas(given, release, hashes, strategy, is_whole)
    return found


def asked_areas(given: Task, release: Release, hashes: np.ndarray, strategy: str, is_whole: bool) -> list[float]:
    """The areas of what the package asks for; a build fills a batch up where the first left room."""
    tables, labelled, areas = Session(release), [], []
    give_pool(tables, given, hashes)
    give_drift(tables)
    for budget in BUDGETS:
        while len(labelled) < budget:
            chosen = next_rows(given, tables, labelled, hashes, strategy, is_whole, budget - len(labelled))
            if not chosen:
                raise ValueError(f"{given.name}: nothing is asked for after {len(labelled)} labels")
            labelled += chosen
        areas.append(area(given, labelled))
    return areas


def next_rows(
    given: Task, tables: Session, labelled: list[int], hashes: np.ndarray, strategy: str, is_whole: bool, count: int
) -> list[int]:
    """What the models of the package ask for while no model scores the rows."""
    give_labels(tables, given, labelled)
    give_history(tables, labelled)
    scores = np.full((len(given.codes), given.class_count), 1 / given.class_count)
    rows = scored_rows(given, labelled, hashes, scores)
    for name in SCORES:
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, name, pa.nulls(rows.num_rows, rows.schema.field(place).type))
    tables.give("labeling_rows", rows)
    tables.rows(f"update monitor_settings set budget = {count}, strategy = '{strategy}' where part = 'labeling'")
    for model in tables.release.steps("labeling_batches", GIVEN)[:-1]:
        tables.run(model)
        if model.name == "labeling_shortlist" and not is_whole:
            tables.rows("delete from labeling_shortlist where priority < 6")
    return [int(key) for _, key in sorted(tables.selected("labeling_batches", "rank, row_key"))]


def area(given: Task, labelled: list[int]) -> float:
    """What a regression learns from these labels; of labels of one kind nothing."""
    model = fitted(given.matrix[labelled], given.codes[labelled])
    if model is None:
        return 0.5
    tested = predicted(model, given.test_matrix, given.class_count)
    return area_under_curve(tested, given.test_codes, given.class_count)


if __name__ == "__main__":
    main()
