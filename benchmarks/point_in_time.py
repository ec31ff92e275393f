"""What a point-in-time join costs, beside DuckDB's own as-of join written by hand.

    python benchmarks/point_in_time.py --rows 5000000

So many questions, and three feature tables of a fifth as many rows each; a hundredth as many keys. The first join knows only when a
feature happened, as the one by hand does. The second one also knows when it was loaded, up to ten days later, and so does more. Each is a
statement in a process of its own that makes a table; the statement of the macro is the one that dbt compiles. Medians of the runs.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

import duckdb
from measure import duckdb_process, machine, markdown
from project import Project

TABLES = ("first", "second", "third")


def main() -> None:
    """Generate, compile, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_250_000, 5_000_000], help="questions")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    print(machine() + "\n")
    rows = []
    for number in options.rows:
        with tempfile.TemporaryDirectory() as folder:
            statements, database = prepared(Path(folder), number)
            seconds, memory = {}, {}
            for name, statement in statements.items():
                taken = [
                    duckdb_process(name, database, f"create or replace table result as {statement}")
                    for _ in range(options.runs)
                ]
                seconds[name] = statistics.median(run.seconds for run in taken)
                memory[name] = max(run.memory for run in taken)
            by_hand = seconds["by hand"]
            rows += [
                (name, f"{number:,}", f"{value:.2f} s", f"{value / by_hand:.2f}", f"{memory[name]:,.0f} MiB")
                for name, value in seconds.items()
            ]
    print(markdown(["join", "questions", "time", "x by hand", "peak memory"], rows))


def prepared(folder: Path, rows: int) -> tuple[dict[str, str], Path]:
    """The statements by name, and the database with the tables that they read."""
    models = {}
    for name, loaded in (("happened", ""), ("loaded", ", 'loaded_at': 'loaded_at'")):
        features = ", ".join(
            f"{{'relation': source('raw', '{table}'), 'time': 'happened_at', 'columns': ['value'], 'prefix': '{table}_'{loaded}}}"
            for table in TABLES
        )
        models[f"{name}.sql"] = (
            f"{{{{ data_health.point_in_time_join(source('raw', 'questions'), 'key', 'asked_at', [{features}]) }}}}"
        )
    project = Project(folder, block={"monitors": {}}, models=models, tables=("questions", *TABLES))
    with duckdb.connect(project.database) as connection:
        moment = "timestamp '2024-01-01' + to_seconds(cast(hash({0}) % 31536000 as bigint))"
        connection.execute(
            f"create table questions as select i as id, hash(i, 1) % {rows // 100} as key, {moment.format('i, 2')} as asked_at "
            f"from range({rows}) as numbers (i)"
        )
        for number, table in enumerate(TABLES):
            connection.execute(
                f"create table {table} as select *, happened_at + to_hours(cast(hash(i, 9) % 240 as bigint)) as loaded_at from ("
                f"select i, hash(i, {number + 3}) % {rows // 100} as key, {moment.format(f'i, {number + 7}')} as happened_at, "
                f"i / 7 as value from range({rows // 5}) as numbers (i))"
            )
    project.prepare()
    project.dbt("compile", "compile")
    compiled = project.folder / "target" / "compiled" / "bench" / "models"
    joins = "".join(
        f" asof left join {table} on questions.key = {table}.key and questions.asked_at >= {table}.happened_at"
        for table in TABLES
    )
    values = ", ".join(f"{table}.value as {table}_value" for table in TABLES)
    statements = {"by hand": f"select questions.*, {values} from questions{joins}"}
    for name in ("happened", "loaded"):
        statements[f"point_in_time_join, {name}"] = (compiled / f"{name}.sql").read_text()
    return statements, project.database


if __name__ == "__main__":
    main()
