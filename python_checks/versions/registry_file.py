"""The rows of the registry for a new version: from a compiled dbt model, a model of MLflow, or an export of Feast."""

from __future__ import annotations

import csv
import difflib
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click
import yaml
from data_health.versions.definitions import UnreadableDefinitionError
from data_health.versions.model_definitions import model_definitions

COLUMNS = ("model_version", "feature", "feature_number", "data_type", "definition", "is_required")
# names of dbt's adapters that sqlglot knows under another one
DIALECTS = {"sqlserver": "tsql", "synapse": "tsql", "fabric": "tsql", "glue": "spark"}
MLFLOW_TYPES = {
    "boolean": "boolean",
    "integer": "integer",
    "long": "bigint",
    "float": "real",
    "double": "double precision",
    "string": "varchar",
    "datetime": "timestamp",
}
FEAST_TYPES = {
    "BOOL": "boolean",
    "INT32": "integer",
    "INT64": "bigint",
    "FLOAT": "real",
    "DOUBLE": "double precision",
    "STRING": "varchar",
    "UNIX_TIMESTAMP": "timestamp",
}
VIEWS = ("featureViews", "streamFeatureViews", "onDemandFeatureViews")


class RegistryError(click.ClickException):
    """What is read does not say which features there are."""


class Feature(NamedTuple):
    """A feature as the registry has it; None where the source does not say it."""

    name: str
    data_type: str | None = None
    definition: str | None = None
    is_required: bool = True


def nearest(name: str, known: Iterable[str]) -> str:
    """The names that there are, those that look like `name` first."""
    names = sorted(known, key=lambda other: -difflib.SequenceMatcher(None, name.lower(), other.lower()).ratio())
    return ", ".join(names[:20]) or "none"


def read_json(file: Path, hint: str) -> dict[str, Any]:
    """The content of a JSON file that holds an object; raises RegistryError with the hint."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RegistryError(f"there is no file {file}; {hint}") from None
    except ValueError as wrong:
        raise RegistryError(f"{file} is no JSON ({wrong}); {hint}") from None
    if not isinstance(told, dict):
        raise RegistryError(f"{file} holds no JSON object; {hint}")
    return told


def features_of_model(target: Path, name: str, exclude: Sequence[str] = ()) -> list[Feature]:
    """The columns of a model in the order of its select, from what dbt left in the folder `target`.

    Types are those of catalog.json, else those of the properties. Raises RegistryError if the model is not there, not
    compiled, or no SQL of its dialect.
    """
    manifest = read_json(target / "manifest.json", "run dbt compile or dbt build first")
    models = {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "snapshot") and node.get("language", "sql") == "sql"
    }
    if name not in models:
        raise RegistryError(f"no model in SQL is called {name}; there are: {nearest(name, models)}")
    node = models[name]
    if not node.get("compiled_code"):
        raise RegistryError(f"{name} is not compiled; run: dbt compile --select {name}")
    catalog_file = target / "catalog.json"
    catalog = read_json(catalog_file, "run dbt docs generate")["nodes"] if catalog_file.exists() else {}
    built = catalog.get(node["unique_id"], {}).get("columns", {})
    types = {column.lower(): told.get("data_type") for column, told in node["columns"].items()}
    types |= {column.lower(): told["type"].lower() for column, told in built.items()}
    names = sorted(built, key=lambda column: built[column]["index"]) or list(node["columns"])
    adapter = manifest["metadata"].get("adapter_type") or ""
    try:
        columns = model_definitions(node["compiled_code"], DIALECTS.get(adapter, adapter) or None, names)
    except UnreadableDefinitionError as wrong:
        raise RegistryError(f"{name} is no SQL of {adapter}: {wrong}") from None
    left_out = {column.lower() for column in exclude}
    if unknown := left_out - {column.lower() for column, _ in columns}:
        raise RegistryError(f"{name} has no column {min(unknown)}; there are: {nearest(min(unknown), dict(columns))}")
    if not columns:
        raise RegistryError(f"the columns of {name} are those of a star; run dbt docs generate, which names them")
    return [
        Feature(column, types.get(column.lower()), definition)
        for column, definition in columns
        if column.lower() not in left_out
    ]


def features_of_mlflow(path: Path) -> list[Feature]:
    """The inputs of the signature in an MLmodel file, or in the folder of a model.

    Raises RegistryError if the model was saved without a signature, or with one that names no columns.
    """
    file = path / "MLmodel" if path.is_dir() else path
    try:
        told = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as wrong:
        raise RegistryError(f"{file} is no MLmodel file of MLflow: {wrong}") from None
    signature = told.get("signature") if isinstance(told, Mapping) else None
    if not signature or not signature.get("inputs"):
        raise RegistryError(f"{file} has no signature; save the model with infer_signature()")
    inputs = json.loads(signature["inputs"])
    if nameless := [item for item in inputs if not item.get("name") or item["type"] == "tensor"]:
        raise RegistryError(f"the signature in {file} has {len(nameless)} inputs that are no named columns")
    return [Feature(item["name"], MLFLOW_TYPES.get(str(item["type"])), None, is_needed(item)) for item in inputs]


def is_needed(item: Mapping[str, Any]) -> bool:
    """Whether a column of a signature must be there; MLflow before 2.10 wrote `optional`."""
    return bool(item.get("required", not item.get("optional", False)))


def features_of_feast(file: Path, service: str | None) -> list[Feature]:
    """The features of a service in the output of `feast registry-dump`; without one, of all feature views.

    A name that two views have is written as Feast does, with the view before it. Raises RegistryError if the service is
    not there, or there is no feature.
    """
    told = read_json(file, "write it by: feast registry-dump > registry.json")
    if service is None:
        specs = [view["spec"] for kind in VIEWS for view in told.get(kind, [])]
        found = [(spec["name"], feature) for spec in specs for feature in spec.get("features", [])]
    else:
        services = {item["spec"]["name"]: item["spec"] for item in told.get("featureServices", [])}
        if service not in services:
            raise RegistryError(f"no feature service is called {service}; there are: {nearest(service, services)}")
        found = [
            (view.get("featureViewNameAlias") or view["featureViewName"], feature)
            for view in services[service].get("features", [])
            for feature in view.get("featureColumns", [])
        ]
    if not found:
        raise RegistryError(f"{file} has no feature")
    counts = Counter(feature["name"] for _, feature in found)
    return [
        Feature(
            feature["name"] if counts[feature["name"]] == 1 else f"{view}__{feature['name']}",
            FEAST_TYPES.get(feature.get("valueType", "")),
        )
        for view, feature in found
    ]


def registry_rows(version: str, features: Sequence[Feature]) -> list[dict[str, str]]:
    """Features as rows of the registry, all values as texts."""
    return [
        {
            "model_version": version,
            "feature": feature.name,
            "feature_number": str(number),
            "data_type": feature.data_type or "",
            "definition": feature.definition or "",
            "is_required": str(feature.is_required).lower(),
        }
        for number, feature in enumerate(features, start=1)
    ]


def with_rows(before: str, rows: Sequence[Mapping[str, str]]) -> str:
    """The CSV of a registry with these rows at its end; columns that it has besides are kept.

    Raises RegistryError if it has the version already.
    """
    reader = csv.DictReader(io.StringIO(before))
    known, names = list(reader), list(reader.fieldnames or [])
    version = rows[0]["model_version"]
    if any(row.get("model_version") == version for row in known):
        raise RegistryError(f"the registry has version {version} already; remove its rows, or choose another version")
    names += [name for name in COLUMNS if name not in names]
    out = io.StringIO()
    writer = csv.DictWriter(out, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows([*known, *rows])
    return out.getvalue()
