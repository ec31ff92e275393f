"""Tables with known labels: those of a configuration file, and the negative controls made of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import yaml
from data_health.labeling.features import Feature, Term, encoded, terms_of
from numpy.typing import NDArray
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

Matrix = NDArray[np.float64]
Numbers = NDArray[np.int64]

KEYS = {"query", "label", "positive", "numbers", "categories", "text", "subgroups", "pool", "test"}
NEEDED = {"query", "label", "pool", "test"}
NOISE_COLUMNS = 20


@dataclass(frozen=True)
class LabelSet:
    """n rows: columns feature_1 and so on, codes of labels from 0, subgroups by name, whether of the newest tenth of the table."""

    name: str
    features: list[Feature]
    columns: pa.Table
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
    features: list[Feature]
    columns: pa.Table
    codes: Numbers
    subgroups: NDArray
    is_newest: NDArray[np.bool_]
    test_columns: pa.Table
    test_codes: Numbers
    class_count: int

    @cached_property
    def terms(self) -> list[Term]:
        """What the package makes of the columns; averages and levels are those of the pool."""
        return terms_of(self.features, self.columns)

    @cached_property
    def matrix(self) -> Matrix:
        """The pool, as it is learnt from."""
        return encoded(self.terms, self.columns)

    @cached_property
    def test_matrix(self) -> Matrix:
        """The test set alike."""
        return encoded(self.terms, self.test_columns)

    def taken(self, rows: Numbers) -> Task:
        """The same with these rows of the pool only."""
        return replace(
            self,
            columns=self.columns.take(pa.array(rows)),
            codes=self.codes[rows],
            subgroups=self.subgroups[rows],
            is_newest=self.is_newest[rows],
        )


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
    columns: dict[str, pa.ChunkedArray | pa.Array] = {}
    for name in settings.get("numbers", []):
        numbers = rows[name].cast(pa.float64()).to_numpy()
        columns[name] = pa.array(numbers, mask=~np.isfinite(numbers))
    columns |= {name: rows[name].cast(pa.string()) for name in settings.get("categories", [])}
    if "text" in settings:
        texts = TfidfVectorizer(min_df=2, sublinear_tf=True).fit_transform(rows[settings["text"]["column"]].to_pylist())
        parts = TruncatedSVD(settings["text"]["components"], random_state=0).fit_transform(texts)
        columns |= {f"component {number}": pa.array(part) for number, part in enumerate(parts.T, 1)}
    features = [
        Feature(place, name, pa.types.is_floating(column.type))
        for place, (name, column) in enumerate(columns.items(), 1)
    ]
    groups = [rows[name].to_pylist() for name in settings.get("subgroups", [])] or [["all"] * len(labels)]
    subgroups = np.array([" ".join(map(str, values)).strip() for values in zip(*groups, strict=True)])
    is_newest = np.arange(len(labels)) >= 0.9 * len(labels)
    numbered = pa.table({f"feature_{place}": column for place, column in enumerate(columns.values(), 1)})
    return LabelSet(path.stem, features, numbered, codes, subgroups, is_newest, settings["pool"], settings["test"])


def task(rows: LabelSet, seed: int) -> Task:
    """The pool and the test set of a seed."""
    order = np.random.default_rng(seed).permutation(len(rows.codes))
    pool, test = order[: rows.pool], order[rows.pool : rows.pool + rows.test]
    return Task(
        rows.name,
        rows.features,
        rows.columns.take(pa.array(pool)),
        rows.codes[pool],
        rows.subgroups[pool],
        rows.is_newest[pool],
        rows.columns.take(pa.array(test)),
        rows.codes[test],
        rows.class_count,
    )


def shuffled_labels(given: Task, seed: int) -> Task:
    """Labels that have nothing to do with the rows."""
    draw = np.random.default_rng([seed, 1])
    return replace(given, codes=draw.permutation(given.codes), test_codes=draw.permutation(given.test_codes))


def tenfold_duplicates(given: Task, seed: int) -> Task:
    """A tenth of the pool, ten times over."""
    return given.taken(np.random.default_rng([seed, 2]).permutation(np.repeat(np.arange(len(given.codes) // 10), 10)))


def garbage_rows(given: Task, seed: int) -> Task:
    """One row of the pool in a hundred is noise: numbers of three times the deviation, any level of a text, any label."""
    draw = np.random.default_rng([seed, 3])
    rows = draw.choice(len(given.codes), len(given.codes) // 100, replace=False)
    columns, codes = given.columns, given.codes.copy()
    for place, feature in enumerate(given.features):
        values = columns[place].to_numpy().copy()
        if feature.is_number:
            values[rows] = np.nanmean(values) + draw.normal(scale=3 * np.nanstd(values), size=len(rows))
            spoilt = pa.array(values, mask=np.isnan(values))
        else:
            levels = sorted({value for value in values.tolist() if value is not None})
            values[rows] = draw.choice(levels, len(rows))
            spoilt = pa.array(values.tolist(), pa.string())
        columns = columns.set_column(place, columns.schema.field(place).name, spoilt)
    codes[rows] = draw.integers(given.class_count, size=len(rows))
    return replace(given, columns=columns, codes=codes)


def pure_noise(given: Task, seed: int) -> Task:
    """Twenty independent normal features, labels by chance, one in four positive."""
    draw = np.random.default_rng([seed, 4])
    numbers = range(1, NOISE_COLUMNS + 1)
    columns, test_columns = (
        pa.table({f"feature_{number}": draw.normal(size=len(codes)) for number in numbers})
        for codes in (given.codes, given.test_codes)
    )
    return replace(
        given,
        features=[Feature(number, f"noise {number}", True) for number in numbers],
        columns=columns,
        codes=(draw.random(len(given.codes)) < 0.25).astype(np.int64),
        test_columns=test_columns,
        test_codes=(draw.random(len(given.test_codes)) < 0.25).astype(np.int64),
        class_count=2,
    )


CONTROLS = {
    "shuffled labels": shuffled_labels,
    "tenfold duplicates": tenfold_duplicates,
    "1 % garbage rows": garbage_rows,
    "pure noise": pure_noise,
}
