"""Time projecting a wide table on ten components beside copying the same table, in one run.

    python benchmarks/projection_cost.py --rows 5000000

The table has a key and 50 columns of doubles that depend on each other, one value in a hundred missing; components are those of
its first 20,000 rows. "copy" is `create table as select *` in a process of its own; the others are the times that dbt reports.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from measure import duckdb_process, machine, markdown
from project import Project

COLUMNS, COMPONENTS, FITTED = 50, 10, 20_000


def rows_sql(rows: int) -> str:
    """The statement that makes the table, and the one that components are fitted on."""
    values = ", ".join(
        f"case when random() > 0.01 then a * {number % 7} + b * {number % 5} + random() * 5 end as c{number:02d}"
        for number in range(COLUMNS)
    )
    return f"""
        select setseed(0.5);
        create table bench as select id, {values} from (select range as id, random() as a, random() as b from range({rows}));
        create table fitted as select * from bench where id < {FITTED};
        checkpoint
    """


def main() -> None:
    """Generate, fit, copy, project, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    rows = parser.parse_args().rows
    relation = {"source": ["raw", "fitted"]}
    monitor = {"relation": relation, "key": "id", "references": {"training": {"relation": relation}}}
    call = f"data_health.project_components(source('raw', 'bench'), 'm', 'training', {COMPONENTS}, keys=['id']"
    models = {
        "sources.yml": '{"sources": [{"name": "raw", "schema": "main", "tables": [{"name": "bench"}, {"name": "fitted"}]}]}',
        "reduced.sql": "{{ config(materialized='table') }} {{ " + call + ") }}",
        "scored.sql": "{{ config(materialized='table') }} {{ "
        + call
        + ", hotelling_t2=true, reconstruction_error=true) }}",
    }
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder), block={"monitors": {"m": monitor}}, models=models)
        duckdb_process("rows", project.database, rows_sql(rows))
        project.prepare()
        copy_sql = "create or replace table copy as select * from bench"
        copies = [duckdb_process("copy", project.database, copy_sql)]
        duckdb_process("drop", project.database, "drop table copy; checkpoint")
        # one model at a time, so that each has both processors
        build = project.build("dbt build", "--threads", "1", "--select", "+reduced", "+scored")
        copies.append(duckdb_process("copy", project.database, copy_sql))
    copy = sum(one.seconds for one in copies) / 2
    lines = [("copy, mean of before and after", copy), (f"project to {COMPONENTS}", build.model_seconds["reduced"])]
    lines += [("with T² and reconstruction error", build.model_seconds["scored"])]
    print(f"{rows:,} rows x {COLUMNS} columns\n{machine()}\n")
    print(markdown(["", "wall", "x copy"], [(name, f"{value:.2f} s", f"{value / copy:.2f}") for name, value in lines]))


if __name__ == "__main__":
    main()
