"""What a small project pays for the package: relations, statements, the longest chain and the lines of a build.

Two projects are built: two monitors with references, segments and subgroups, and the monitor of one line. On DuckDB, and on
PostgreSQL where `--postgres` says how to reach a server or its binaries are installed. The project of two monitors has neither labeling
nor cleaning.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import sqlparse

REPOSITORY = Path(__file__).resolve().parents[1]
COUNTED = ("create", "insert", "delete", "update", "merge", "select", "with")
# what adapters ask the warehouse about itself
CATALOGUE = re.compile(
    r"information_schema|pg_catalog|pg_class|pg_namespace|pg_depend|duckdb_\w+\(|pragma", re.IGNORECASE
)
LEADING_COMMENTS = re.compile(r"^(\s|/\*.*?\*/|--[^\n]*\n)+", re.DOTALL)

VISITS = """
select
    i as visit_id, date '2024-01-01' + cast(i % 180 as integer) as visited_on,
    case when i % 2 = 0 then 'f' else 'm' end as sex, case when i % 3 = 0 then 'north' else 'south' end as region,
    case when i % 4 = 0 then 'hill' else 'lake' end as site, 20 + (i * 7919) % 60 as age,
    (i * 104729) % 97 / 10.0 as weight, (i * 86028) % 89 / 10.0 as height
from {numbers}
"""
REFERENCES = {"training": {"from": "2024-01-01", "to": "2024-03-01"}}
VISITS_MONITOR = {
    "relation": {"ref": "visits"},
    "key": "visit_id",
    "time": "visited_on",
    "references": REFERENCES,
    "segments": ["site"],
    "subgroups": ["sex", "region"],
}
ONE_LINE = {"monitors": {"visits": {"relation": {"ref": "visits"}}}}
TWO_MONITORS = {
    "monitors": {
        "visits": VISITS_MONITOR,
        "patients": VISITS_MONITOR | {"relation": {"ref": "patients"}, "subgroups": ["region"], "segments": ["sex"]},
    }
}


@dataclass(frozen=True)
class House:
    """What one build made and did."""

    relations: int
    empty: list[str]
    statements: Counter[str]
    catalogue: int
    chain: list[str]
    lines: int
    tests: int


def written_project(folder: Path, block: dict[str, Any], output: dict[str, Any], numbers: str) -> None:
    """Write a consumer's project; JSON is YAML."""
    (folder / "models").mkdir(parents=True)
    project = {"name": "house", "version": "1.0.0", "profile": "house", "vars": {"data_health": block}}
    files = {
        "dbt_project.yml": project | {"models": {"house": {"+materialized": "table"}}},
        "profiles.yml": {"house": {"target": "dev", "outputs": {"dev": output}}},
        "packages.yml": {"packages": [{"local": str(REPOSITORY)}]},
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content))
    for name in ("visits", "patients"):
        (folder / "models" / f"{name}.sql").write_text(VISITS.format(numbers=numbers))


def dbt(folder: Path, *arguments: str) -> str:
    """The output of a dbt command.

    Raises:
        RuntimeError: where it fails; the message is its output.
    """
    flags = ("--log-format-file", "json", "--log-level-file", "debug")
    command = [str(Path(sys.executable).with_name("dbt")), *flags, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)
    return done.stdout


def sent_statements(folder: Path) -> tuple[Counter[str], int]:
    """Statements by their first word, and how many of them only ask for the catalogue, from dbt's log."""
    words: Counter[str] = Counter()
    catalogue = 0
    for line in (folder / "logs" / "dbt.log").read_text().splitlines():
        event = json.loads(line)
        if event["info"]["name"] != "SQLQuery":
            continue
        for statement in sqlparse.split(event["data"]["sql"]):
            word = (LEADING_COMMENTS.sub("", statement).split() or [""])[0].lower().strip("(;")
            if word in COUNTED:
                words[word] += 1
                catalogue += bool(CATALOGUE.search(statement))
    return words, catalogue


def longest_chain(manifest: dict[str, Any]) -> list[str]:
    """Names of the relations of the package that must be built one after the other; ephemeral models are none."""
    nodes = {
        name: node
        for name, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and node["package_name"] == "data_health"
    }
    longest: dict[str, list[str]] = {}

    def chain(name: str) -> list[str]:
        if name not in longest:
            before = max(
                (chain(other) for other in nodes[name]["depends_on"]["nodes"] if other in nodes), key=len, default=[]
            )
            is_relation = nodes[name]["config"]["materialized"] != "ephemeral"
            longest[name] = [*before, nodes[name]["name"]] if is_relation else before
        return longest[name]

    return max((chain(name) for name in nodes), key=len)


def built(folder: Path, is_empty: Callable[[str], bool]) -> House:
    """Build the project in a folder once more and look at what it did."""
    (folder / "logs" / "dbt.log").unlink()
    output = dbt(folder, "build")
    manifest = json.loads((folder / "target" / "manifest.json").read_text())
    results = json.loads((folder / "target" / "run_results.json").read_text())["results"]
    nodes = [node for node in manifest["nodes"].values() if node["package_name"] == "data_health"]
    relations = [
        node for node in nodes if node["resource_type"] == "model" and node["config"]["materialized"] != "ephemeral"
    ]
    words, catalogue = sent_statements(folder)
    return House(
        relations=len(relations),
        empty=sorted(node["alias"] for node in relations if is_empty(f"{node['schema']}.{node['alias']}")),
        statements=words,
        catalogue=catalogue,
        chain=longest_chain(manifest),
        lines=len(output.splitlines()),
        tests=sum(result["unique_id"].startswith("test.data_health.") for result in results),
    )


def houses(
    folder: Path, block: dict[str, Any], output: dict[str, Any], numbers: str, is_empty: Callable[[str], bool]
) -> list[House]:
    """The first build of a project, and a second one with nothing new."""
    written_project(folder, block, output, numbers)
    dbt(folder, "deps")
    return [built(folder, is_empty), built(folder, is_empty)]


def on_duckdb(folder: Path, block: dict[str, Any]) -> list[House]:
    """The builds of a project on DuckDB."""
    database = folder / "house.duckdb"

    def is_empty(relation: str) -> bool:
        with duckdb.connect(str(database)) as connection:
            return connection.execute(f"select count(*) from {relation}").fetchone() == (0,)

    output = {"type": "duckdb", "path": str(database), "schema": "main", "threads": 2}
    return houses(folder, block, output, "range(3600) as numbers (i)", is_empty)


def on_postgres(folder: Path, block: dict[str, Any], server: dict[str, Any]) -> list[House]:
    """The builds of a project in a schema of its own on PostgreSQL."""
    from postgres_server import execute, new_database

    login = new_database(server)

    def is_empty(relation: str) -> bool:
        return execute(login, f"select count(*) as n from {relation}")[0]["n"] == 0

    output = {"type": "postgres", "schema": "house", "threads": 2, **login}
    return houses(folder, block, output, "generate_series(0, 3599) as numbers (i)", is_empty)


def report(engine: str, project: str, first: House, second: House) -> Iterator[str]:
    """What to print of one project on one engine."""
    for name, house in (("first build", first), ("nothing new", second)):
        own = house.statements.total() - house.catalogue
        yield (
            f"{engine:9} {project:13} {name:11} {house.relations:3} relations, {house.statements.total():4} statements, "
            f"{own:4} without the catalogue's, {house.tests:3} tests, {house.lines:4} lines, chain {len(house.chain)}"
        )
    yield f"    {dict(first.statements)}"
    yield f"    chain: {' > '.join(first.chain)}"
    yield f"    empty: {', '.join(first.empty) or 'none'}"


@contextlib.contextmanager
def server_of_postgres() -> Iterator[dict[str, Any] | None]:
    """How to reach PostgreSQL, or none where there is no server."""
    sys.path.insert(0, str(REPOSITORY / "tests" / "support"))
    from postgres_server import binaries, throwaway_server

    programs = binaries()
    if programs is None:
        print("PostgreSQL is not installed, so it is not measured")
        yield None
    else:
        with throwaway_server(programs) as server:
            yield server


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=["duckdb", "postgres"], action="append")
    engines = parser.parse_args().engine or ["duckdb", "postgres"]
    projects = {"two monitors": TWO_MONITORS, "one line": ONE_LINE}
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        if "duckdb" in engines:
            for name, block in projects.items():
                print(*report("duckdb", name, *on_duckdb(Path(folder) / f"duckdb {name}", block)), sep="\n")
        server = stack.enter_context(server_of_postgres()) if "postgres" in engines else None
        if server:
            for name, block in projects.items():
                print(
                    *report("postgres", name, *on_postgres(Path(folder) / f"postgres {name}", block, server)), sep="\n"
                )


if __name__ == "__main__":
    main()
