"""In which order suspected labels should be looked at: by the probability of the given label, or by the normalised margin.

    python benchmarks/label_queue.py --data folder/of/the/sets --seeds 10

Every seed draws rows of a pool, and gives some of them a wrong label: `any` is any other label, and `alike` is the label
that a model which knows all true labels finds likeliest among the others, as a tired person would give it. The learner of
the package learns from these labels, and its out-of-fold probabilities go through `label_issues`. What counts is how many of
the first k rows of the queue are wrong, where k is the number of wrong labels. `package` is the order that the package takes.
The errors of MNIST are real: people found them, and the probabilities are those of another model. With two labels both
orders are the same, so all pools have three or more.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from data_health.labeling.features import Feature, encoded, terms_of
from data_health.labeling.learner import boosted, fit_boosting, fit_learner
from data_health.labeling.quality import ORDERS, label_issues
from measure import markdown
from sklearn.datasets import load_digits
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

Matrix = np.ndarray
LEARNERS = {"logistic_regression": fit_learner, "boosting": fit_boosting}
ROWS, LEAST_OF_A_LABEL = 1200, 10


@dataclass(frozen=True)
class Pool:
    """Rows as a matrix (n × d) and their true labels."""

    matrix: Matrix
    codes: np.ndarray


def main() -> None:
    """Print a line per pool and kind of errors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the sets")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--pools", nargs="+", choices=list(POOLS), default=list(POOLS))
    parser.add_argument("--first-seed", type=int, default=100, help="the threshold was chosen on the seeds 0 to 3")
    parser.add_argument("--workers", type=int, default=1, help="processes, of one thread each")
    parser.add_argument("--learner", choices=list(LEARNERS), default="logistic_regression")
    parser.add_argument("--shares", nargs="+", type=float, default=[0.05, 0.1], help="shares of wrong labels")
    options = parser.parse_args()
    lines = []
    for name in options.pools:
        pool = POOLS[name](options.data)
        for kind in KINDS:
            for share in options.shares:
                seeds = range(options.first_seed, options.first_seed + options.seeds)
                with ProcessPoolExecutor(options.workers) as workers:
                    work = partial(outcome, pool, kind, share, options.learner)
                    found = list(workers.map(work, seeds))
                lines.append([name, str(pool.codes.max() + 1), kind, f"{share:.2f}", *cells(found)])
                print(" ".join(lines[-1]), flush=True)
    lines.append(["MNIST", "10", "real", "", *cells([known_errors(options.data)])])
    head = ["pool", "labels", "errors", "share", "doubted", *ORDERS, "margin − probability", "package", "by the margin"]
    print(markdown(head, lines))


@dataclass(frozen=True)
class Outcome:
    """Precision at the number of errors by each of ORDERS, which of them the package took, and the share it flags."""

    precisions: tuple[float, ...]
    taken: str
    doubted: float


def cells(found: list[Outcome]) -> list[str]:
    """Means over the seeds, and the mean difference ± its standard error."""
    precisions = np.array([one.precisions for one in found])
    taken = np.array([ORDERS.index(one.taken) for one in found])
    gaps = precisions[:, 1] - precisions[:, 0]
    error = gaps.std(ddof=1) / np.sqrt(len(gaps)) if len(gaps) > 1 else np.nan
    return [
        f"{np.mean([one.doubted for one in found]):.2f}",
        *(f"{value:.3f}" for value in precisions.mean(axis=0)),
        f"{gaps.mean():+.3f} ± {error:.3f}",
        f"{precisions[np.arange(len(found)), taken].mean():.3f}",
        f"{taken.sum()} of {len(found)}",
    ]


def outcome(pool: Pool, kind: str, share: float, learner: str, seed: int) -> Outcome:
    """One seed of one pool."""
    draw = np.random.default_rng(seed)
    rows = draw.permutation(len(pool.codes))[:ROWS]
    matrix, truth = pool.matrix[rows], pool.codes[rows]
    kept = np.isin(truth, np.flatnonzero(np.bincount(truth) >= LEAST_OF_A_LABEL))
    matrix, truth = matrix[kept], np.unique(truth[kept], return_inverse=True)[1]
    given = KINDS[kind](matrix, truth, share, draw)
    fitted = LEARNERS[learner](matrix, given, int(truth.max()) + 1)
    return compared(fitted.out_of_fold, given, given != truth)


def known_errors(data: Path) -> Outcome:
    """The test set of MNIST; a label is wrong where fewer than three of five people confirmed it."""
    folder = data / "labels"
    given = np.load(folder / "mnist_test_set_original_labels.npy")
    is_wrong = np.zeros(len(given), np.bool_)
    verdicts = json.loads((folder / "mnist_mturk.json").read_text())
    is_wrong[[one["id"] for one in verdicts if one["mturk"]["given"] < 3]] = True
    return compared(np.load(folder / "mnist_test_set_pyx.npy"), given, is_wrong)


def compared(probabilities: Matrix, given: np.ndarray, is_wrong: np.ndarray) -> Outcome:
    """What the queue finds in as many rows as there are errors."""
    count = int(is_wrong.sum())
    queues = [label_issues(probabilities, given, order).queue[:count] for order in ORDERS]
    taken = label_issues(probabilities, given)
    return Outcome(
        tuple(float(is_wrong[queue].sum() / count) for queue in queues), taken.ranked_by, float(taken.is_issue.mean())
    )


def any_other(matrix: Matrix, truth: np.ndarray, share: float, draw: np.random.Generator) -> np.ndarray:
    """Some labels are any other one."""
    given, class_count = truth.copy(), int(truth.max()) + 1
    wrong = draw.choice(len(truth), round(share * len(truth)), replace=False)
    given[wrong] = (truth[wrong] + draw.integers(1, class_count, len(wrong))) % class_count
    return given


def most_alike(matrix: Matrix, truth: np.ndarray, share: float, draw: np.random.Generator) -> np.ndarray:
    """Some labels are the other one that looks most like it."""
    given = truth.copy()
    wrong = draw.choice(len(truth), round(share * len(truth)), replace=False)
    known = boosted(matrix, truth).predict_proba(matrix[wrong])
    known[np.arange(len(wrong)), truth[wrong]] = -1
    given[wrong] = known.argmax(axis=1)
    return given


KINDS = {"any": any_other, "alike": most_alike}


def table_pool(query: str, label: str, numbers: list[str], categories: list[str], data: Path) -> Pool:
    """A table, encoded as the package does."""
    rows = duckdb.sql(query.format(data=data)).to_arrow_table()
    rows = rows.filter(rows[label].is_valid())
    names = rows[label].to_pylist()
    features = [Feature(place, name, name in numbers) for place, name in enumerate([*numbers, *categories], 1)]
    columns = pa.table(
        {f"feature_{f.number}": rows[f.name].cast(pa.float64() if f.is_number else pa.string()) for f in features}
    )
    return Pool(encoded(terms_of(features, columns), columns), np.unique(names, return_inverse=True)[1])


def text_pool(query: str, components: int, data: Path) -> Pool:
    """Texts and labels of a query, as components of their words."""
    rows = duckdb.sql(query.format(data=data)).fetchall()
    words = TfidfVectorizer(min_df=2, sublinear_tf=True).fit_transform([text for text, _ in rows])
    parts = TruncatedSVD(components, random_state=0).fit_transform(words)
    return Pool(
        (parts - parts.mean(axis=0)) / parts.std(axis=0),
        np.unique([label for _, label in rows], return_inverse=True)[1],
    )


def digits(data: Path) -> Pool:
    """The digits that come with scikit-learn."""
    matrix, codes = load_digits(return_X_y=True)
    spread = matrix.std(axis=0)
    return Pool(((matrix - matrix.mean(axis=0)) / np.where(spread > 0, spread, 1))[:, spread > 0], codes)


ADULT = (
    "select * from read_csv('{data}/tables/adult/adult.data', header = false, nullstr = '?', names = ['age', 'workclass', 'fnlwgt', "
    "'education', 'education_num', 'marital_status', 'occupation', 'relationship', 'race', 'sex', 'capital_gain', "
    "'capital_loss', 'hours_per_week', 'native_country', 'income'])"
)
BANK = "select * from read_csv('{data}/tables/bank/bank-additional-full.csv', delim = ';', nullstr = 'unknown')"
TITLES = "select title || ' ' || coalesce(authors, '') as text, venue from read_csv('{data}/dedup/dblp_acm/dblp.csv', delim = '%', quote = '')"
MAKERS = (
    "with makers as (select title as text, manufacturer as maker, count(*) over (partition by manufacturer) as size "
    "from read_csv('{data}/dedup/amazon_google/amazon.csv', delim = '#', quote = '', ignore_errors = true)) "
    "select text, maker from makers where size >= 15 and text is not null"
)
POOLS: dict[str, Callable[[Path], Pool]] = {
    "digits": digits,
    "Adult, relationship": partial(
        table_pool, ADULT, "relationship", ["age", "education_num", "hours_per_week"],
        ["workclass", "marital_status", "occupation", "sex", "race", "income"],
    ),
    "Adult, occupation": partial(
        table_pool, ADULT, "occupation", ["age", "education_num", "hours_per_week", "capital_gain"],
        ["workclass", "education", "sex", "income", "relationship"],
    ),
    "bank, month": partial(
        table_pool, BANK, "month", ["age", "campaign", "emp.var.rate", "cons.price.idx", "cons.conf.idx", "euribor3m"],
        ["job", "contact", "day_of_week", "y"],
    ),
    "bank, job": partial(
        table_pool, BANK, "job", ["age", "campaign", "euribor3m"], ["marital", "education", "housing", "contact", "y"]
    ),
    "titles of papers": partial(text_pool, TITLES, 60),
    "titles of products": partial(text_pool, MAKERS, 60),
}  # fmt: skip


if __name__ == "__main__":
    main()
