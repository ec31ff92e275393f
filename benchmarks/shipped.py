"""The models of the package as they are shipped, run again and again on tables in memory.

dbt builds them once, of a handful of rows. The SQL that it compiles then is run as it is, on tables of the same names, and files of
Python models are called as dbt calls them. What stands above the models of interest is filled by the benchmark.
"""

from __future__ import annotations

from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from project import BENCHMARKS, SCHEMA, Project

MONITOR = "bench"
BLOCK = {
    "parts": {"drift": True},
    "monitors": {
        MONITOR: {
            "relation": {"source": ["raw", "bench"]},
            "key": "id",
            "time": "happened_at",
            "subgroups": ["subgroup"],
            "labeling": {"annotations": {"ref": "answers"}},
        }
    },
}
ANSWERS = """
select id, 'yes' as label, 'ana' as annotator, happened_at as labelled_at
from {{ source('raw', 'bench') }}
where false
"""
ROWS = """
create table bench as
select i as id, timestamp '2024-01-01' as happened_at, 'a' as subgroup, i % 7 as x
from range(100) as numbered (i)
"""


@dataclass(frozen=True)
class Model:
    """A model of the package: the SQL that dbt compiled, or the file of a Python model; neither where it is ephemeral."""

    name: str
    relation: str
    parents: frozenset[str]
    sql: str | None
    file: Path | None


@dataclass(frozen=True)
class Release:
    """What one build left: a database file, and the models, parents first."""

    database: Path
    models: dict[str, Model]

    def steps(self, last: str, given: tuple[str, ...]) -> list[Model]:
        """The models by which `last` follows from the tables `given`, in order."""
        unknown = {last, *given} - set(self.models)
        if unknown:
            raise LookupError(f"the package has no models {sorted(unknown)}")
        changed, needed = set(given), {last}
        for name, model in self.models.items():
            if model.parents & changed:
                changed.add(name)
        for name in reversed(self.models):
            if name in needed and name not in given:
                needed |= self.models[name].parents & changed
        return [model for name, model in self.models.items() if name in needed and name not in given]


def build_release(folder: Path) -> Release:
    """Build labeling once, for one monitor of a hundred rows without a label."""
    project = Project(folder, block=BLOCK, models={"answers.sql": ANSWERS})
    with duckdb.connect(str(project.database)) as connection:
        connection.execute(ROWS)
    project.prepare()
    selection = ("--select", "+health_auto_labels", "+labeling_batches", "--exclude", "resource_type:test")
    project.build("dbt build", *selection)
    # stores read their own past, and so do models that ask what was stored
    project.dbt("dbt compile", "compile", *selection)
    nodes = {node["unique_id"]: node for node in project.models()}
    parents = {name: set(node["depends_on"]["nodes"]) & set(nodes) for name, node in nodes.items()}
    models = {}
    for unique_id in TopologicalSorter(parents).static_order():
        node = nodes[unique_id]
        is_ephemeral = node["config"]["materialized"] == "ephemeral"
        is_sql = node["language"] == "sql"
        models[node["name"]] = Model(
            node["name"],
            node["relation_name"] or "",
            frozenset(nodes[parent]["name"] for parent in parents[unique_id]),
            node.get("compiled_code") if is_sql and not is_ephemeral else None,
            None if is_sql else BENCHMARKS.parent / node["original_file_path"],
        )
    return Release(project.database, models)


class Session:
    """The tables of a release in memory."""

    def __init__(self, release: Release) -> None:
        """Copy what the build left."""
        self.release = release
        self.connection = duckdb.connect(config={"threads": 1})
        self.connection.execute(
            f"attach ':memory:' as {release.database.stem}; create schema {release.database.stem}.{SCHEMA}"
        )
        self.connection.execute(f"use {release.database.stem}.main")
        self.connection.execute(f"attach '{release.database}' as built (read_only)")
        tables = "select table_name from duckdb_tables() where database_name = 'built' and schema_name = ?"
        for (name,) in self.connection.execute(tables, [SCHEMA]).fetchall():
            self.connection.execute(f'create table {SCHEMA}."{name}" as from built.{SCHEMA}."{name}"')
        self.connection.execute("detach built")

    def give(self, name: str, rows: pa.Table | dict[str, Any]) -> None:
        """Fill a table of the package; columns that are not given are null."""
        given = rows if isinstance(rows, pa.Table) else pa.table(rows)
        relation = self.release.models[name].relation
        self.connection.execute(f"delete from {relation}")
        self.connection.register("given", given)
        self.connection.execute(f"insert into {relation} by name from given")
        self.connection.unregister("given")

    def rows(self, query: str) -> list[tuple]:
        """The rows of a query, in which a table of the package is named as the model is."""
        self.connection.execute(f"set search_path = '{SCHEMA},main'")
        return self.connection.execute(query).fetchall()

    def selected(self, name: str, columns: str) -> list[tuple]:
        """Columns of what a model selects; of a store, of the rows that are new."""
        return self.connection.execute(f"select {columns} from ({self.release.models[name].sql})").fetchall()

    def run(self, model: Model) -> None:
        """Make the table of a model anew."""
        if model.sql is not None:
            self.connection.execute(f"create or replace table {model.relation} as {model.sql}")
        elif model.file is not None:
            found: dict[str, Any] = {}
            exec(compile(model.file.read_text(), model.file, "exec"), found)
            made = found["model"](self, self.connection)
            self.connection.register("made", made)
            self.connection.execute(f"create or replace table {model.relation} as from made")
            self.connection.unregister("made")

    def config(self, **settings: object) -> None:
        """What a Python model asks of dbt: nothing, here."""

    def ref(self, name: str) -> duckdb.DuckDBPyRelation:
        """What a Python model reads."""
        return self.connection.sql(f"from {self.release.models[name].relation}")
