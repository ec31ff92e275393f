"""What a build may cost: each limit of speed and size, beside what is measured here, as ratios of one run.

    python benchmarks/acceptance.py --runs 5

Every build is compared with DuckDB's SUMMARIZE of the same table, in a process of its own, with the same two threads. The median
of the runs counts; a tenth more passes. Three tables: 1 million rows x 200 columns over 30 days by day, 10 million x 25 over a
year by month, and 10 million x 25 over 250 days by day, to which one more day comes.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import OTHER_PARTS
from measure import duckdb_process, machine, markdown
from project import Build, Project

TOLERANCE = 1.1
Line = tuple[str, str, float, float]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="of which the median counts")
    parser.add_argument("--share", type=float, default=1, help="of the rows: a look at less than all of it")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder otherwise")
    options = parser.parse_args()
    print(machine() + "\n", flush=True)
    lines: list[Line] = []
    with tempfile.TemporaryDirectory() as temporary:
        for measure in (wide, long, daily):
            folder = (options.folder or Path(temporary)) / measure.__name__
            lines += measure(folder, options.runs, options.share)
            print(printed(lines), flush=True)


def printed(lines: list[Line]) -> str:
    """The lines so far: what, of which table, what was measured, what is asked, and whether it holds."""
    rows = [
        (what, table, f"{value:,.2f}", f"{limit:,.2f}", "yes" if value <= TOLERANCE * limit else "no")
        for what, table, value, limit in lines
    ]
    return markdown(["what", "table", "measured", "at most", "holds"], rows) + "\n"


def wide(folder: Path, runs: int, share: float) -> Iterator[Line]:
    """1 million rows x 200 columns x 30 days."""
    table = "1 M x 200 x 30 days"
    project = prepared(Project(folder, "day"), int(1e6 * share), 200, 30)
    summarize = summarize_seconds(project, runs)
    builds = [rebuilt(project) for _ in range(runs)]
    yield "whole build, x SUMMARIZE", table, median(builds, seconds) / summarize, 0.8
    yield "statistics alone", table, median(builds, project.statistics_seconds) / summarize, 0.5
    yield "rows stored", table, sum(project.stored_rows().values()), 850_000
    yield "nothing new", table, median([project.build() for _ in range(runs)], seconds) / summarize, 0.5


def long(folder: Path, runs: int, share: float) -> Iterator[Line]:
    """10 million rows x 25 columns by month."""
    table = "10 M x 25 by month"
    project = prepared(Project(folder, "month"), int(1e7 * share), 25, 360)
    summarize = summarize_seconds(project, runs)
    yield (
        "whole build, x SUMMARIZE",
        table,
        median([rebuilt(project) for _ in range(runs)], seconds) / summarize,
        0.75,
    )
    yield "nothing new", table, median([project.build() for _ in range(runs)], seconds) / summarize, 0.35
    references = {"first_half": {"from": "2024-01-01", "to": "2024-07-01"}}
    monitor = {"relation": {"source": ["raw", "bench"]}, "key": "id", "time": "happened_at", "references": references}
    block = {"monitors": {"bench": monitor}, "parts": dict.fromkeys(OTHER_PARTS, True)}
    project = Project(folder, "month", block=block)
    project.prepare()
    yield (
        "with references and all parts",
        table,
        median([rebuilt(project) for _ in range(runs)], seconds) / summarize,
        1.1,
    )


def daily(folder: Path, runs: int, share: float) -> Iterator[Line]:
    """10 million rows x 25 columns x 250 days, and one day more."""
    table, rows = "10 M x 25 x 250 days", int(1e7 * share)
    project = prepared(Project(folder, "day"), rows, 25, 250)
    summarize = summarize_seconds(project, runs)
    rebuilt(project)
    yield "rows stored", table, sum(project.stored_rows().values()), 1_100_000
    nothing = project.build()
    days: list[Build] = []
    for day in range(runs):
        project.grow(rows, 250 + day)
        days.append(project.build())
    yield "one more day, x SUMMARIZE", table, median(days, seconds) / summarize, 0.5
    more = [build.statements - nothing.statements for build in days]
    yield "statements more than with nothing new", table, statistics.median(more), 60


def prepared(project: Project, rows: int, columns: int, days: int) -> Project:
    """The project with its table."""
    project.generate(rows, columns, days)
    project.prepare()
    return project


def rebuilt(project: Project) -> Build:
    """A build from nothing."""
    project.forget()
    return project.build()


def summarize_seconds(project: Project, runs: int) -> float:
    """Median of SUMMARIZE."""
    taken = [duckdb_process("SUMMARIZE", project.database, "summarize bench").seconds for _ in range(runs)]
    return statistics.median(taken)


def seconds(build: Build) -> float:
    """Wall time of the whole process."""
    return build.process.seconds


def median(builds: list[Build], value: Callable[[Build], float]) -> float:
    """Median over builds."""
    return statistics.median(map(value, builds))


if __name__ == "__main__":
    main()
