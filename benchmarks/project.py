"""A dbt project of one monitored source that installs the package of this checkout, and what its builds cost."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from measure import THREADS, Measurement, measured

BENCHMARKS = Path(__file__).resolve().parent
# what the package builds is in a schema of its own, so that a benchmark can drop it and build again
SCHEMA = "health"


@dataclass(frozen=True)
class Build:
    """A whole `dbt build` in a process of its own, seen from outside and as dbt reports it.

    `processor_seconds` of a model are its own only where one model runs at a time, and so are `collection_seconds`, in
    which Python collected dbt's garbage while the model ran.
    """

    process: Measurement
    model_seconds: dict[str, float]
    processor_seconds: dict[str, float]
    collection_seconds: dict[str, float]
    compile_seconds: dict[str, float]
    statements: int
    largest_statement: int
    largest_sender: str


class Project:
    """The project in a folder, beside the database file that holds the table `bench`."""

    def __init__(
        self,
        folder: Path,
        grain: str = "month",
        memory_limit: str = "",
        block: dict[str, Any] | None = None,
        models: dict[str, str] | None = None,
        settings: dict[str, Any] | None = None,
        parts: Iterable[str] = (),
        tables: Iterable[str] = ("bench",),
    ) -> None:
        """Write the files; nothing is run.

        `block` replaces the configuration, `models` are the user's own by file name, `settings` are DuckDB's; `parts` are switched on
        though the monitor does not ask for them; `tables` are those of the source.
        """
        self.folder = folder.resolve()
        self.database = self.folder / "bench.duckdb"
        monitor = {"relation": {"source": ["raw", "bench"]}, "key": "id", "time": "happened_at", "grain": grain}
        output = {
            "type": "duckdb",
            "path": str(self.database),
            "schema": SCHEMA,
            "threads": THREADS,
            "config_options": {"threads": THREADS}
            | ({"memory_limit": memory_limit} if memory_limit else {})
            | (settings or {}),
        }
        files = {
            "dbt_project.yml": {
                "name": "bench",
                "version": "1.0.0",
                "profile": "bench",
                "model-paths": ["models"],
                "vars": {"data_health": block or {"monitors": {"bench": monitor}, "parts": dict.fromkeys(parts, True)}},
                "flags": {"send_anonymous_usage_stats": False},
            },
            "profiles.yml": {"bench": {"target": "dev", "outputs": {"dev": output}}},
            "packages.yml": {"packages": [{"local": str(BENCHMARKS.parent)}]},
            "models/sources.yml": {
                "sources": [{"name": "raw", "schema": "main", "tables": [{"name": name} for name in tables]}]
            },
        }
        for name in ("models", "macros"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        # dbt looks for overrides in the project whenever it dispatches, and fails twice each time where that has no macro at all
        (self.folder / "macros" / "cents.sql").write_text("{% macro cents(column) %}{{ column }} * 100{% endmacro %}")
        for name, content in files.items():
            # JSON is YAML
            (self.folder / name).write_text(json.dumps(content))
        for name, text in (models or {}).items():
            (self.folder / "models" / name).write_text(text)

    def generate(self, rows: int, columns: int, days: int) -> Measurement:
        """Make the table, in a new database."""
        self.database.unlink(missing_ok=True)
        command = ["tables.py", self.database, "--rows", rows, "--columns", columns, "--days", days]
        return self.script("generate", *map(str, command))

    def grow(self, rows: int, days: int) -> Measurement:
        """Add one more day to the table."""
        return self.script("grow", "tables.py", str(self.database), "--rows", str(rows), "--days", str(days), "--grow")

    def prepare(self) -> None:
        """Install the package and parse once: dbt's parsing is warm in what follows, as in a project that has run before."""
        self.dbt("deps", "deps")
        self.dbt("parse", "parse")

    def forget(self) -> None:
        """Drop everything the package has built."""
        with duckdb.connect(self.database) as connection:
            connection.execute(f"drop schema if exists {SCHEMA} cascade")

    def build(self, name: str = "dbt build", *arguments: str) -> Build:
        """Build everything."""
        process = self.dbt(name, "build", *arguments)
        results = json.loads((self.folder / "target" / "run_results.json").read_text())["results"]
        models = [result for result in results if result["unique_id"].startswith("model.")]
        seconds = {model_name(result): result["execution_time"] for result in models}
        compiling = {model_name(result): compile_time(result) for result in models}
        sent = json.loads((self.folder / "statements.json").read_text())
        processor, collecting = (
            {model_name(result): sent[kind][result["unique_id"]] for result in models}
            for kind in ("processor_seconds", "collection_seconds")
        )
        return Build(process, seconds, processor, collecting, compiling, sent["count"], sent["largest"], sent["sender"])

    def statistics_tables(self) -> dict[str, str]:
        """Name and relation of each model of the folder `statistics` that has one: what counts the rows, and what it stands on."""
        of_statistics = [node for node in self.models() if node["fqn"][1] == "statistics"]
        return {node["name"]: node["relation_name"] for node in of_statistics if node["relation_name"]}

    def models(self) -> list[dict[str, Any]]:
        """What dbt knows of each model of the package, by name."""
        nodes = json.loads((self.folder / "target" / "manifest.json").read_text())["nodes"].values()
        models = [node for node in nodes if node["resource_type"] == "model" and node["package_name"] == "data_health"]
        return sorted(models, key=lambda node: node["name"])

    def statistics_seconds(self, build: Build) -> float:
        """Execution times of the statistics models, added up, though two may have run at once."""
        return sum(build.model_seconds.get(name, 0) for name in self.statistics_tables())

    def stored_rows(self) -> dict[str, int]:
        """Number of rows of each statistics table."""
        with duckdb.connect(self.database, read_only=True) as connection:
            return {
                name: connection.execute(f"select count(*) from {relation}").fetchall()[0][0]
                for name, relation in self.statistics_tables().items()
            }

    def dbt(self, name: str, command: str, *arguments: str) -> Measurement:
        """Run a dbt command in a fresh process."""
        return self.script(name, "run_dbt.py", "statements.json", "--quiet", command, *arguments, "--profiles-dir", ".")

    def script(self, name: str, script: str, *arguments: str) -> Measurement:
        """Run a script of this folder in a fresh process."""
        return measured(name, [sys.executable, str(BENCHMARKS / script), *arguments], self.folder)


def model_name(result: dict[str, Any]) -> str:
    """The name of the model that a result of dbt is about."""
    return result["unique_id"].split(".")[-1]


def compile_time(result: dict[str, Any]) -> float:
    """How much of a model's execution time went into making its SQL, queries for that included."""
    spans = [span for span in result["timing"] if span["name"] == "compile"]
    moments = [[datetime.fromisoformat(span[end]) for end in ("started_at", "completed_at")] for span in spans]
    return sum((completed - started).total_seconds() for started, completed in moments)
