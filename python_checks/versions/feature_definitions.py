"""The model feature_definitions: which definitions say the same, what differs, and which columns they read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import permutations
from typing import NamedTuple

import duckdb
import pyarrow as pa
from data_health.output_schema import arrow_schema, of_kind
from data_health.versions.columns_read import columns_read
from data_health.versions.definitions import UnreadableDefinitionError, canonical, difference_of_trees
from sqlglot import exp

DEFINITIONS = {
    "monitor": "varchar",
    "model_version": "varchar",
    "feature": "varchar",
    "definition_key": "varchar",
    "problem": "varchar",
}
DIFFERENCES = {
    "monitor": "varchar",
    "feature": "varchar",
    "definition_key": "varchar",
    "other_definition_key": "varchar",
    "difference": "varchar",
}
COLUMNS_READ = {
    "monitor": "varchar",
    "model_version": "varchar",
    "feature": "varchar",
    "table_name": "varchar",
    "column_name": "varchar",
}
COLUMNS = {"kind": "varchar"} | DEFINITIONS | DIFFERENCES | COLUMNS_READ
SCHEMA = arrow_schema(COLUMNS)
Feature = tuple[str, str, str, str, str | None]
Row = dict[str, str | None]
Keys = dict[tuple[str, str], dict[str, tuple[exp.Expression, str | None]]]


class Definition(NamedTuple):
    """A definition that was read: its key, tree and (table, column) pairs; or the problem why it cannot be."""

    key: str | None
    problem: str | None
    tree: exp.Expression | None
    columns: list[tuple[str, str]]


def feature_definitions(features: duckdb.DuckDBPyRelation) -> pa.Table:
    """Rows of three kinds from the registry: `definition`, `difference` and `column`.

    A definition that cannot be read has no key, and its problem in words.
    """
    written = features.filter("feature is not null and definition is not null and trim(definition) <> ''")
    rows = written.select("monitor", "model_version", "feature", "definition", "dialect").order("all").fetchall()
    definitions, keys, columns = judged_definitions(rows)
    kinds = {
        "definition": (DEFINITIONS, definitions),
        "difference": (DIFFERENCES, differences(keys)),
        "column": (COLUMNS_READ, columns),
    }
    tables = [
        of_kind(kind, pa.Table.from_pylist(found, arrow_schema(schema)), SCHEMA)
        for kind, (schema, found) in kinds.items()
    ]
    return pa.concat_tables(tables)


def judged_definitions(rows: Iterable[Feature]) -> tuple[list[Row], Keys, list[Row]]:
    """The key of every definition; by (monitor, feature) a tree of each key with its dialect; the columns read."""
    definitions: list[Row] = []
    keys: Keys = {}
    columns: list[Row] = []
    known: dict[tuple[str, str | None], Definition] = {}
    for monitor, model_version, feature, text, dialect in rows:
        place = {"monitor": monitor, "model_version": model_version, "feature": feature}
        # most versions define most features in the same words
        if (text, dialect) not in known:
            known[text, dialect] = read_definition(text, dialect)
        found = known[text, dialect]
        definitions.append(place | {"definition_key": found.key, "problem": found.problem})
        if found.key is not None and found.tree is not None:
            keys.setdefault((monitor, feature), {}).setdefault(found.key, (found.tree, dialect))
        columns += [place | {"table_name": table or None, "column_name": column} for table, column in found.columns]
    return definitions, keys, columns


def read_definition(text: str, dialect: str | None) -> Definition:
    """A definition as a tree, and a key that is the same for definitions that say the same."""
    try:
        tree = canonical(text, dialect)
        key = hashlib.sha256(repr(tree).encode()).hexdigest()[:16]
        return Definition(key, None, tree, sorted(columns_read(text, dialect)))
    except UnreadableDefinitionError as error:
        return Definition(None, f"no SQL of {dialect}: {error}", None, [])


def differences(keys: Keys) -> list[Row]:
    """What differs between every two definitions of a feature, in both directions."""
    return [
        {
            "monitor": monitor,
            "feature": feature,
            "definition_key": before,
            "other_definition_key": now,
            "difference": difference_of_trees(found[before][0], found[now][0], found[before][1]),
        }
        for (monitor, feature), found in keys.items()
        for before, now in permutations(found, 2)
    ]
