"""What a batch costs on a pool of many rows: the learner, the scores of all rows, and the choice of those to ask for.

    python benchmarks/labeling_cost.py --rows 500000 5000000
    python benchmarks/labeling_cost.py --rows 1000000 --learner boosting

A table of eight numbers and two categories, of which people have labelled 2,000 rows; the labels depend on three of the features. Execution
times are dbt's, one model at a time. Peak memory is of the whole process, of which DuckDB may use what `--memory-limit` says; beyond that
it works on disk.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import duckdb
from measure import markdown
from project import Project

LABELLED = 2_000
MONITOR = {
    "relation": {"source": ["raw", "bench"]},
    "key": "id",
    "time": "happened_at",
    "subgroups": ["site"],
    "labeling": {"annotations": {"ref": "answers"}},
    "parts": {"components": False},
}
ANSWERS = f"""
{{{{ config(materialized='table') }}}}
select id, case when number_1 + number_2 + (site = 'a')::integer > 0 then 'yes' else 'no' end as label, 'ana' as annotator, happened_at as labelled_at
from {{{{ source('raw', 'bench') }}}}
where id < {LABELLED}
"""


def main() -> None:
    """Generate a table of each size, build it, and print seconds per model and peak memory."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[500_000, 5_000_000])
    parser.add_argument("--memory-limit", default="2GB", help="what DuckDB may use")
    parser.add_argument("--learner", choices=["logistic_regression", "boosting"], default="logistic_regression")
    options = parser.parse_args()
    columns = {rows: cost(rows, options.memory_limit, options.learner) for rows in options.rows}
    names = list(columns[options.rows[0]])
    print(
        markdown(
            ["", *(f"{rows:,} rows" for rows in options.rows)],
            [[name, *(f"{columns[rows][name]:.2f}" for rows in options.rows)] for name in names],
        )
    )


def cost(rows: int, memory_limit: str, learner: str) -> dict[str, float]:
    """Seconds of every model of labeling, their sum, and GiB at the most."""
    monitor = MONITOR | {"labeling": MONITOR["labeling"] | {"learner": learner}}
    with tempfile.TemporaryDirectory() as folder:
        project = Project(
            Path(folder),
            memory_limit=memory_limit,
            block={"monitors": {"bench": monitor}},
            models={"answers.sql": ANSWERS},
        )
        generate(project.database, rows)
        project.prepare()
        build = project.build("dbt build", "--threads", "1", "--exclude", "resource_type:test")
        names = [
            node["name"]
            for node in project.models()
            if "labeling" in node["fqn"] and node["name"] in build.model_seconds
        ]
        seconds = {name: build.model_seconds[name] for name in names}
        with duckdb.connect(project.database, read_only=True) as connection:
            asked = connection.execute("select count(*) from health.health_labeling_candidates").fetchall()[0][0]
        return seconds | {
            "seconds of labeling": sum(seconds.values()),
            "seconds of the build": build.process.seconds,
            "peak, GiB": build.process.memory / 1024,
            "rows asked for": asked,
        }


def generate(database: Path, rows: int) -> None:
    """Make the table `bench`, of two months."""
    numbers = ", ".join(f"(hash(i, {number}) % 1000003) / 500001.5 - 1 as number_{number}" for number in range(1, 9))
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"""
            create table bench as
            select
                i as id,
                timestamp '2024-01-01' + to_seconds(cast(i % 5184000 as bigint)) as happened_at,
                {numbers},
                (['a', 'b', 'c', 'd'])[1 + cast(hash(i, 9) % 4 as integer)] as site,
                (['x', 'y', 'z'])[1 + cast(hash(i, 10) % 3 as integer)] as kind
            from range({rows}) as numbered (i)
        """)


if __name__ == "__main__":
    main()
