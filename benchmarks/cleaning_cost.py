"""Time cleaning by 60 rules beside copying the same table, in one run.

    python benchmarks/cleaning_cost.py --rows 10000000

The table has 25 columns of which 11 are texts, with values that stand for none, blanks and numbers that are none, and a load
time and a key beside. "copy" is `create table as select *` in a process of its own; "cleaning" is the time that dbt reports
for the models of clean() and quarantine(), and "outcomes" for health_rule_outcomes.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import duckdb
from measure import THREADS, duckdb_process, machine, markdown
from project import Project
from tables import is_category

COLUMNS = 25
NUMBER_TEXTS = (0, 3, 5, 8, 10, 13)
CATEGORIES = tuple(number for number in range(COLUMNS) if is_category(number))
NUMBERS = tuple(number for number in range(COLUMNS) if number not in NUMBER_TEXTS + CATEGORIES)


def names(numbers: tuple[int, ...]) -> list[str]:
    """Columns by number."""
    return [f"c{number}" for number in numbers]


RULES = [
    {"columns": names(NUMBER_TEXTS + CATEGORIES), "null_values": ["N/A", ""]},
    {"columns": names(CATEGORIES), "trim": True},
    {"columns": names(CATEGORIES), "case": "lower"},
    {"columns": names(NUMBERS), "null_values": [-999]},
    {"column": "happened_at", "cast": "timestamp", "formats": ["%Y-%m-%d %H:%M:%S"], "on_failure": "quarantine"},
    {"columns": names(NUMBER_TEXTS), "cast": "double"},
    {"columns": names((0, 5, 10)), "range": [0, 100], "on_failure": "clamp"},
    {"columns": names((1, 2, 6, 7, 12)), "range": [-1_000_000, 1_000_000], "on_failure": "null"},
    {"columns": names((4, 9)), "required": True},
    {"column": "c4", "allowed": ["v0", "v1", "v2"], "on_failure": "quarantine"},
    {"columns": names((9, 14)), "pattern": "v[0-9]+"},
    {"column": "id", "required": True},
    {"name": "c0 is small", "expression": "c0 is null or c0 <= 100"},
    {"name": "c2 is small", "expression": "c2 < 5"},
    {"column": "c12", "round": 3},
    {"column": "c17", "convert": {"multiply": 2}},
]


def raw_sql() -> str:
    """The statement that makes the raw table from the generated one."""
    values = []
    for number in range(COLUMNS):
        column, draw = f"c{number}", f"hash(id * 31 + {number}) % 100"
        if number in CATEGORIES:
            values.append(
                f"case {draw} when 0 then '' when 1 then 'N/A' when 2 then ' ' || upper({column}) || ' ' else {column} end"
            )
        elif number in NUMBER_TEXTS:
            values.append(
                f"case {draw} when 0 then '' when 1 then 'N/A' when 2 then 'x1' else cast(round({column}, 2) as varchar) end"
            )
        else:
            values.append(f"case when {draw} = 0 then -999 else {column} end")
    columns = ", ".join(f"{value} as c{number}" for number, value in enumerate(values))
    times = "strftime(happened_at, '%Y-%m-%d %H:%M:%S') as happened_at, happened_at + interval 1 day as loaded_at"
    return f"create or replace table raw as select id, {times}, {columns} from bench; drop table bench; checkpoint"


def main() -> None:
    """Generate, copy, clean, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    rows = parser.parse_args().rows
    relation = {"source": ["raw", "raw"]}
    block = {
        "cleaning": {
            "rows": {"relation": relation, "key": "id", "time": "happened_at", "loaded_at": "loaded_at", "rules": RULES}
        }
    }
    table = "{{ config(materialized='table') }}"
    models = {
        "sources.yml": '{"sources": [{"name": "raw", "schema": "main", "tables": [{"name": "raw"}]}]}',
        "cleaned.sql": table + "{{ data_health.clean('rows') }}",
        "held.sql": table + "{{ data_health.quarantine('rows') }}",
    }
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder), block=block, models=models)
        project.generate(rows, COLUMNS, 360)
        duckdb_process("raw", project.database, raw_sql())
        project.prepare()
        copies = [duckdb_process("copy", project.database, "create or replace table copy as select * from raw")]
        duckdb_process("drop", project.database, "drop table copy; checkpoint")
        # one model at a time, so that each has both processors and no time is counted twice
        build = project.build("dbt build", "--threads", "1")
        copies.append(duckdb_process("copy", project.database, "create or replace table copy as select * from raw"))
        with duckdb.connect(project.database, config={"threads": THREADS}) as connection:
            rules = connection.execute("select count(distinct rule_number) from health.health_rule_outcomes").fetchone()
            split = [
                connection.execute(f"select count(*) from health.{name}").fetchone() for name in ("cleaned", "held")
            ]
    copy = sum(one.seconds for one in copies) / 2
    seconds = build.model_seconds
    cleaning = seconds["cleaned"] + seconds["held"]
    lines = [("copy, mean of before and after", copy), ("clean", seconds["cleaned"]), ("quarantine", seconds["held"])]
    lines += [("cleaning: both", cleaning), ("outcomes", seconds["health_rule_outcomes"])]
    lines += [
        ("cleaning and outcomes", cleaning + seconds["health_rule_outcomes"]),
        ("whole dbt build", build.process.seconds),
    ]
    print(
        f"{rows:,} rows x {COLUMNS} columns, {rules[0]} rules, {split[0][0]:,} kept, {split[1][0]:,} in quarantine\n{machine()}\n"
    )
    print(markdown(["", "wall", "x copy"], [(name, f"{value:.2f} s", f"{value / copy:.2f}") for name, value in lines]))
    print(f"\nPeak memory of the build {build.process.memory:,.0f} MiB.")


if __name__ == "__main__":
    main()
