"""What combinations of eight features and their gaps cost, beside one `group by` of those features over the same rows.

    python benchmarks/cells_cost.py --rows 5000000

Two months, the first of which is the reference; features of 6, 6, 6, 6, 5, 4, 3 and 2 values, so that 155,520 combinations are possible and
there. They are texts; `--census` makes the first of them a number, as an age is, cut into six bins in the `group by` as well; `--numbers`
makes them whole numbers, which a database groups in a fraction of the time; `--mixed` has texts, whole numbers, a boolean, and two
continuous numbers. Execution times are dbt's, one model at a time, so that they add up; the seconds that the same statements take without
dbt stand beside them. The `group by` is measured five times after the build, on the same number of threads, and the median counts.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import duckdb
from measure import THREADS
from project import SCHEMA, Build, Project

# per kind of table, what each feature is and how many values, or bins, it has; 155,520 combinations in all
KINDS = {
    "texts": [("text", size) for size in (6, 6, 6, 6, 5, 4, 3, 2)],
    "census": [("continuous", 6), *(("text", size) for size in (6, 6, 6, 5, 4, 3, 2))],
    "numbers": [("number", size) for size in (6, 6, 6, 6, 5, 4, 3, 2)],
    "mixed": [
        ("text", 6),
        ("number", 6),
        ("continuous", 6),
        ("text", 5),
        ("number", 4),
        ("continuous", 6),
        ("text", 3),
        ("boolean", 2),
    ],
}
NAMES = tuple(f"feature_{number}" for number in range(1, 9))
WORDS = ("Married-civ-spouse", "Some-college", "Own-child", "Asian-Pac-Islander", "Self-emp-not-inc", "Exec-managerial")
MEASURED = (
    "feature_bins",
    "feature_cells",
    "combination_values",
    "combination_sets",
    "combination_periods",
    "combination_patterns",
    "combination_counts",
    "uncovered_patterns",
    "health_coverage_combinations",
    "health_coverage_gaps",
)


def main() -> None:
    """Generate the table, build once, print the times of the models and their ratio to the `group by`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--census", dest="kind", action="store_const", const="census", help="an age and seven texts")
    parser.add_argument("--numbers", dest="kind", action="store_const", const="numbers", help="whole numbers")
    parser.add_argument(
        "--mixed", dest="kind", action="store_const", const="mixed", help="texts and numbers of all kinds"
    )
    parser.add_argument("--memory-limit", default="", help="what DuckDB may use, such as 2GB")
    parser.add_argument(
        "--folder", type=Path, help="where to work, and find the table of an earlier run; a temporary one otherwise"
    )
    options = parser.parse_args()
    kind = options.kind or "texts"
    with tempfile.TemporaryDirectory() as temporary:
        project = Project(
            options.folder or Path(temporary),
            memory_limit=options.memory_limit,
            block={"monitors": {"bench": monitor()}},
        )
        if not project.database.exists():
            generate(project.database, options.rows, kind)
        project.prepare()
        project.forget()
        build = project.build("dbt build", "--threads", "1", "--exclude", "resource_type:test")
        report(project, build, *statement_seconds(project, kind))


def monitor() -> dict[str, object]:
    """The monitor: nothing but combinations, against the first month."""
    return {
        "relation": {"source": ["raw", "bench"]},
        "time": "happened_at",
        "grain": "month",
        "references": {"training": {"from": "2024-01-01", "to": "2024-02-01"}},
        "combinations": {"features": list(NAMES)},
        "parts": {"drift": False, "components": False, "coverage": False},
    }


def generate(database: Path, rows: int, kind: str) -> None:
    """Make the table `bench`; low values are likelier."""
    columns = []
    for number, (name, (what, size)) in enumerate(zip(NAMES, KINDS[kind], strict=True)):
        value = f"{size} * power((hash(i, {number}) % 1000003) / 1000003.0, 1.2)"
        columns.append(f"{expression(what, value)} as {name}")
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"""
            create table bench as
            select
                timestamp '2024-01-01' + to_seconds(cast(i % 5184000 as bigint)) as happened_at,
                {", ".join(columns)}
            from range({rows}) as numbered (i)
        """)


def expression(what: str, value: str) -> str:
    """A value from 0 on as a feature of a kind, in SQL."""
    place = f"cast(floor({value}) as integer)"
    return {
        "text": f"({list(WORDS)})[1 + {place}]",
        "number": place,
        "continuous": f"cast({value} as double)",
        "boolean": f"{place} = 1",
    }[what]


def attributes(connection: duckdb.DuckDBPyConnection, kind: str) -> str:
    """What a person would group by: the features, continuous ones cut where feature_bins cuts them."""
    columns = []
    for name, (what, _) in zip(NAMES, KINDS[kind], strict=True):
        if what == "continuous":
            edges = connection.execute(
                f"select lower_edge from {SCHEMA}.feature_bins where column_name = '{name}' and bin_type = 'bin' order by lower_edge"
            ).fetchall()
            branches = " ".join(f"when {name} < {edge} then {number}" for number, (edge,) in enumerate(edges[1:]))
            columns.append(f"case {branches} else {len(edges) - 1} end as {name}")
        else:
            columns.append(name)
    return ", ".join(columns)


def statement_seconds(project: Project, kind: str) -> tuple[float, float]:
    """Seconds of one `group by` of the eight features, and of the statements of the models without dbt: medians of five rounds of all.

    Results are kept in temporary tables.
    """
    statements = {path.stem: path.read_text() for path in (project.folder / "target" / "compiled").rglob("*.sql")}
    grouping, models = [], []
    with duckdb.connect(str(project.database)) as connection:
        connection.execute(f"set threads = {THREADS}")
        listed = attributes(connection, kind)
        for _ in range(5):
            grouping.append(seconds_of(connection, f"select {listed}, count(*) as row_count from bench group by all"))
            models.append(sum(seconds_of(connection, statements[name]) for name in MEASURED))
        found = connection.execute(
            f"select count(*) from (select {listed}, count(*) as row_count from bench group by all)"
        ).fetchall()[0][0]
    print(f"{found} combinations")
    return statistics.median(grouping), statistics.median(models)


def seconds_of(connection: duckdb.DuckDBPyConnection, statement: str) -> float:
    """How long it takes to put the result of a statement into a table."""
    started = time.perf_counter()
    connection.execute(f"create or replace temporary table measured as {statement}")
    return time.perf_counter() - started


def report(project: Project, build: Build, group_by: float, statements: float) -> None:
    """Print seconds per model, their sum, and that sum in terms of the `group by`."""
    for name in MEASURED:
        print(f"{name:32} {build.model_seconds[name]:7.2f} s")
    total = sum(build.model_seconds[name] for name in MEASURED)
    print(f"\ncells, patterns and marts {total:.2f} s, one group by {group_by:.2f} s: {total / group_by:.2f} x")
    print(f"their statements without dbt {statements:.2f} s: {statements / group_by:.2f} x")
    print(
        f"peak memory of the whole build {build.process.memory / 1024:.2f} GiB, database {project.database.stat().st_size / 1e9:.2f} GB"
    )


if __name__ == "__main__":
    main()
