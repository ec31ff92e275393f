"""What combinations of eight features and their gaps cost, beside one `group by` of those features over the same rows.

    python benchmarks/cells_cost.py --rows 5000000

Two months, the first of which is the reference; features of 6, 6, 6, 6, 5, 4, 3 and 2 values, so that 155,520 combinations are possible and
there. They are texts as census data has them; `--numbers` makes them whole numbers, which a database groups in a fraction of the time. Execution times are dbt's, one model at a time, so that they add up; the `group by` is measured three times after
the build, on the same number of threads, and the median counts.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import duckdb
from measure import THREADS
from project import Build, Project

SIZES = (6, 6, 6, 6, 5, 4, 3, 2)
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
    parser.add_argument("--numbers", action="store_true", help="whole numbers instead of texts")
    parser.add_argument("--memory-limit", default="", help="what DuckDB may use, such as 2GB")
    parser.add_argument(
        "--folder", type=Path, help="where to work, and find the table of an earlier run; a temporary one otherwise"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        project = Project(
            options.folder or Path(temporary),
            memory_limit=options.memory_limit,
            block={"monitors": {"bench": monitor()}},
        )
        if not project.database.exists():
            generate(project.database, options.rows, options.numbers)
        project.prepare()
        project.forget()
        build = project.build("dbt build", "--threads", "1", "--exclude", "resource_type:test")
        report(project, build, grouped(project.database))


def monitor() -> dict[str, object]:
    """The monitor: nothing but coverage, against the first month."""
    return {
        "relation": {"source": ["raw", "bench"]},
        "time": "happened_at",
        "grain": "month",
        "references": {"training": {"from": "2024-01-01", "to": "2024-02-01"}},
        "coverage": {"features": list(NAMES)},
        "marts": {"drift": False, "dimensions": False, "representation": False, "labeling": False},
    }


def generate(database: Path, rows: int, are_numbers: bool) -> None:
    """Make the table `bench`; low values are likelier."""
    columns = []
    for number, (name, size) in enumerate(zip(NAMES, SIZES, strict=True)):
        place = f"cast(floor({size} * power((hash(i, {number}) % 1000003) / 1000003.0, 1.2)) as integer)"
        columns.append(f"{place if are_numbers else f'({list(WORDS)})[1 + {place}]'} as {name}")
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"""
            create table bench as
            select
                timestamp '2024-01-01' + to_seconds(cast(i % 5184000 as bigint)) as happened_at,
                {", ".join(columns)}
            from range({rows}) as numbered (i)
        """)


def grouped(database: Path) -> float:
    """Seconds of one `group by` of the eight features, whose result is kept in a table: the median of three."""
    seconds = []
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"set threads = {THREADS}")
        for _ in range(3):
            started = time.perf_counter()
            connection.execute(
                f"create or replace temporary table grouped as select {', '.join(NAMES)}, count(*) as row_count from bench group by all"
            )
            seconds.append(time.perf_counter() - started)
        found = connection.execute("select count(*) from grouped").fetchall()[0][0]
    print(f"{found} combinations")
    return statistics.median(seconds)


def report(project: Project, build: Build, group_by: float) -> None:
    """Print seconds per model, their sum, and that sum in terms of the `group by`."""
    for name in MEASURED:
        print(f"{name:32} {build.model_seconds[name]:7.2f} s")
    total = sum(build.model_seconds[name] for name in MEASURED)
    print(f"\ncells, patterns and marts {total:.2f} s, one group by {group_by:.2f} s: {total / group_by:.2f} x")
    print(
        f"peak memory of the whole build {build.process.memory / 1024:.2f} GiB, database {project.database.stat().st_size / 1e9:.2f} GB"
    )


if __name__ == "__main__":
    main()
