"""The model feature_definitions: which definitions say the same, what differs, and which columns they read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import permutations

import duckdb
import pyarrow as pa
from data_health.output_schema import arrow_schema, of_kind
from data_health.versions.definitions import UnreadableDefinitionError, canonical, columns_read, difference

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
OUTPUT = arrow_schema({"kind": "varchar"} | DEFINITIONS | DIFFERENCES | COLUMNS_READ)
Feature = tuple[str, str, str, str, str | None]
Row = dict[str, str | None]


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
        of_kind(kind, pa.Table.from_pylist(found, arrow_schema(schema)), OUTPUT)
        for kind, (schema, found) in kinds.items()
    ]
    return pa.concat_tables(tables)


def judged_definitions(
    rows: Iterable[Feature],
) -> tuple[list[Row], dict[tuple[str, str], dict[str, tuple[str, str | None]]], list[Row]]:
    """The key of every definition; by (monitor, feature) a text of each key with its dialect; the columns read."""
    definitions: list[Row] = []
    keys: dict[tuple[str, str], dict[str, tuple[str, str | None]]] = {}
    columns: list[Row] = []
    for monitor, model_version, feature, definition, dialect in rows:
        place = {"monitor": monitor, "model_version": model_version, "feature": feature}
        try:
            key = definition_key(definition, dialect)
            read = sorted(columns_read(definition, dialect))
        except UnreadableDefinitionError as error:
            definitions.append(place | {"definition_key": None, "problem": f"no SQL of {dialect}: {error}"})
            continue
        definitions.append(place | {"definition_key": key, "problem": None})
        keys.setdefault((monitor, feature), {}).setdefault(key, (definition, dialect))
        columns += [place | {"table_name": table or None, "column_name": column} for table, column in read]
    return definitions, keys, columns


def definition_key(definition: str, dialect: str | None) -> str:
    """A short text that is the same for definitions that say the same. Raises UnreadableDefinitionError."""
    return hashlib.sha256(repr(canonical(definition, dialect)).encode()).hexdigest()[:16]


def differences(keys: dict[tuple[str, str], dict[str, tuple[str, str | None]]]) -> list[Row]:
    """What differs between every two definitions of a feature, in both directions."""
    return [
        {
            "monitor": monitor,
            "feature": feature,
            "definition_key": before,
            "other_definition_key": now,
            "difference": difference(found[before][0], found[now][0], found[before][1]),
        }
        for (monitor, feature), found in keys.items()
        for before, now in permutations(found, 2)
    ]
