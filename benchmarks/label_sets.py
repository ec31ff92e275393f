"""Tables with known labels, as matrices: those of a configuration file, and the negative controls made of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np
import yaml
from data_health.labeling.encoding import standardised_and_one_hot
from numpy.typing import NDArray
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

Matrix = NDArray[np.float64]
Numbers = NDArray[np.int64]

KEYS = {"query", "label", "positive", "numbers", "categories", "text", "subgroups", "pool", "test"}
NEEDED = {"query", "label", "pool", "test"}


@dataclass(frozen=True)
class LabelSet:
    """n rows: features (n × d), codes of labels from 0, subgroups by name, whether of the newest tenth of the table."""

    name: str
    features: Matrix
    codes: Numbers
    subgroups: NDArray
    is_newest: NDArray[np.bool_]
    pool: int
    test: int

    @property
    def class_count(self) -> int:
        """Labels that there are; of two, 1 is the positive one."""
        return int(self.codes.max()) + 1


@dataclass(frozen=True)
class Task:
    """One seed's parts of a set: rows without label at first, and a random test set."""

    name: str
    features: Matrix
    codes: Numbers
    subgroups: NDArray
    is_newest: NDArray[np.bool_]
    test_features: Matrix
    test_codes: Numbers
    class_count: int


def read_set(path: Path, data: Path) -> LabelSet:
    """The table of a configuration file: `query` with {data} for the folder, `label` as SQL, and its feature columns."""
    settings = yaml.safe_load(path.read_text())
    unknown, missing = set(settings) - KEYS, NEEDED - set(settings)
    if unknown or missing:
        raise SystemExit(f"{path}: unknown keys {sorted(unknown)}, missing keys {sorted(missing)}")
    query = settings["query"].format(data=data)
    rows = duckdb.sql(f"select *, cast({settings['label']} as varchar) as given_label from ({query})").to_arrow_table()
    rows = rows.filter(rows["given_label"].is_valid())
    labels = np.array(rows["given_label"].to_pylist())
    # the positive label is the last
    names = sorted(set(labels.tolist()), key=lambda label: (label == settings.get("positive"), label))
    codes = np.array([names.index(label) for label in labels], np.int64)
    encoded = standardised_and_one_hot(
        {name: rows[name] for name in settings.get("numbers", [])},
        {name: rows[name] for name in settings.get("categories", [])},
    ).matrix
    if "text" in settings:
        texts = TfidfVectorizer(min_df=2, sublinear_tf=True).fit_transform(rows[settings["text"]["column"]].to_pylist())
        parts = TruncatedSVD(settings["text"]["components"], random_state=0).fit_transform(texts)
        parts = (parts - parts.mean(axis=0)) / parts.std(axis=0)
        encoded = np.hstack([encoded, parts]) if encoded.size else parts
    groups = [rows[name].to_pylist() for name in settings.get("subgroups", [])] or [["all"] * len(labels)]
    subgroups = np.array([" ".join(map(str, values)).strip() for values in zip(*groups, strict=True)])
    is_newest = np.arange(len(labels)) >= 0.9 * len(labels)
    return LabelSet(path.stem, encoded, codes, subgroups, is_newest, settings["pool"], settings["test"])


def task(rows: LabelSet, seed: int) -> Task:
    """The pool and the test set of a seed."""
    order = np.random.default_rng(seed).permutation(len(rows.codes))
    pool, test = order[: rows.pool], order[rows.pool : rows.pool + rows.test]
    return Task(
        rows.name,
        rows.features[pool],
        rows.codes[pool],
        rows.subgroups[pool],
        rows.is_newest[pool],
        rows.features[test],
        rows.codes[test],
        rows.class_count,
    )


def shuffled_labels(given: Task, seed: int) -> Task:
    """Labels that have nothing to do with the rows."""
    draw = np.random.default_rng([seed, 1])
    return replace(given, codes=draw.permutation(given.codes), test_codes=draw.permutation(given.test_codes))


def tenfold_duplicates(given: Task, seed: int) -> Task:
    """A tenth of the pool, ten times over."""
    rows = np.random.default_rng([seed, 2]).permutation(np.repeat(np.arange(len(given.codes) // 10), 10))
    return replace(
        given,
        features=given.features[rows],
        codes=given.codes[rows],
        subgroups=given.subgroups[rows],
        is_newest=given.is_newest[rows],
    )


def garbage_rows(given: Task, seed: int) -> Task:
    """One row of the pool in a hundred is noise with three times the deviation of every feature, and a label by chance."""
    draw = np.random.default_rng([seed, 3])
    rows = draw.choice(len(given.codes), len(given.codes) // 100, replace=False)
    features, codes = given.features.copy(), given.codes.copy()
    features[rows] = draw.normal(scale=3, size=(len(rows), features.shape[1]))
    codes[rows] = draw.integers(given.class_count, size=len(rows))
    return replace(given, features=features, codes=codes)


def pure_noise(given: Task, seed: int) -> Task:
    """Twenty independent normal features, labels by chance, one in four positive."""
    draw = np.random.default_rng([seed, 4])
    return replace(
        given,
        features=draw.normal(size=(len(given.codes), 20)),
        codes=(draw.random(len(given.codes)) < 0.25).astype(np.int64),
        test_features=draw.normal(size=(len(given.test_codes), 20)),
        test_codes=(draw.random(len(given.test_codes)) < 0.25).astype(np.int64),
        class_count=2,
    )


CONTROLS = {
    "shuffled labels": shuffled_labels,
    "tenfold duplicates": tenfold_duplicates,
    "1 % garbage rows": garbage_rows,
    "pure noise": pure_noise,
}
