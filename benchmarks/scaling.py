"""How the cost grows: with rows, columns, periods, one more day, and on a wide table beside SUMMARIZE.

    python benchmarks/scaling.py --json scaling.json                          # everything; wants 20 GB of disk
    python benchmarks/scaling.py --axis rows --max-rows 1000000 --json rows.json

For every point the table is generated, and `dbt build` runs in a process of its own on a schema without any table of the
package. "Statistics" is the execution time that dbt reports for the models of the folder `statistics` (their compilation
included), added up, though two models may run at once. The exponent is the slope of log time against log size by least
squares over all points; fixed costs flatten it at small sizes, so the slope of the last step is given beside it.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from measure import ProcessFailed, duckdb_process, machine, markdown
from project import Build, Project


@dataclass(frozen=True)
class Case:
    """A table to build on."""

    axis: str
    rows: int
    columns: int
    days: int
    grain: str

    @property
    def size(self) -> int:
        """Where it is on its axis."""
        return {"rows": self.rows, "columns": self.columns}.get(self.axis, self.days)

    @property
    def disk(self) -> int:
        """Bytes of the table at most: eight per value, and as much again for what is being written."""
        return 16 * self.rows * (self.columns + 2)


@dataclass(frozen=True)
class Point:
    """What one build of a case took; of a repeated one, the run with the median of `statistics_seconds`."""

    case: Case
    build: str
    statistics_seconds: float
    wall_seconds: float
    processor_seconds: float
    memory_mib: float
    statements: int
    largest_statement: int
    largest_sender: str
    stored_rows: dict[str, int]
    model_seconds: dict[str, float]
    compile_seconds: dict[str, float]
    summarize_wall_seconds: float | None = None
    summarize_processor_seconds: float | None = None


AXES = {
    "rows": [Case("rows", rows, 10, 360, "month") for rows in (100_000, 1_000_000, 10_000_000, 100_000_000)],
    "columns": [Case("columns", 100_000, columns, 360, "month") for columns in (10, 30, 100, 300, 1_000)],
    "periods": [Case("periods", 1_000_000, 10, days, "day") for days in (1, 10, 100, 1_000)],
    "growth": [Case("growth", 10_000_000, 25, 250, "day")],
    "wide": [Case("wide", 1_000_000, 200, 30, "day")],
}


def main() -> None:
    """Measure the chosen axes, write the results after every point, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--axis", choices=AXES, action="append", help="only this one; may be given again")
    parser.add_argument(
        "--max-rows",
        type=int,
        default=100_000_000,
        help="larger tables get so many, or are left out of the axis `rows`",
    )
    parser.add_argument("--max-columns", type=int, default=1_000, help="the same for columns")
    parser.add_argument("--max-periods", type=int, default=1_000, help="the same for days")
    parser.add_argument("--column-rows", type=int, default=100_000, help="rows of the tables of the axis `columns`")
    parser.add_argument("--repeat", type=int, default=1, help="builds from nothing per point; the median counts")
    parser.add_argument(
        "--memory-limit", default="3GB", help="of DuckDB, in builds and SUMMARIZE alike; empty for none"
    )
    parser.add_argument("--json", type=Path, required=True, help="file for the results")
    parser.add_argument("--folder", type=Path, help="make the databases here, one after the other")
    options = parser.parse_args()
    if options.folder:
        options.folder.mkdir(parents=True, exist_ok=True)
    points: list[Point] = []
    skipped: list[str] = []
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for case in chosen(options):
            try:
                for point in measure(case, Path(folder) / "case", options):
                    points.append(point)
                    print(
                        f"{case.axis} {case.size:,}: {point.build}, statistics {point.statistics_seconds:.2f} s",
                        flush=True,
                    )
            except ProcessFailed as failure:
                skipped.append(f"{case}: {failure.reason}")
                print(skipped[-1], flush=True)
            write(options, points, skipped)
    print_report(points, skipped)


def chosen(options: argparse.Namespace) -> Iterator[Case]:
    """The cases within the limits."""
    limits = {"rows": options.max_rows, "columns": options.max_columns, "periods": options.max_periods}
    for axis in options.axis or AXES:
        for case in AXES[axis]:
            if case.size > limits.get(axis, case.size):
                continue
            rows = options.column_rows if axis == "columns" else case.rows
            yield replace(
                case,
                rows=min(rows, options.max_rows),
                columns=min(case.columns, options.max_columns),
                days=case.days if axis == "rows" else min(case.days, options.max_periods),
            )


def measure(case: Case, folder: Path, options: argparse.Namespace) -> Iterator[Point]:
    """Build on a fresh table; `growth` builds again after one more day, `wide` takes SUMMARIZE of the table too."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    if shutil.disk_usage(folder).free < case.disk:
        raise ProcessFailed(case.axis, f"needs {case.disk / 1e9:.0f} GB of disk", "")
    project = Project(folder, case.grain, options.memory_limit)
    project.generate(case.rows, case.columns, case.days)
    project.prepare()
    point = median([first_build(case, project, options.memory_limit) for _ in range(options.repeat)])
    yield point
    if case.axis == "growth":
        project.grow(case.rows, case.days)
        yield as_point(case, project, project.build("one more day"))


def first_build(case: Case, project: Project, memory_limit: str) -> Point:
    """A build from nothing."""
    project.forget()
    point = as_point(case, project, project.build("first build"))
    if case.axis != "wide":
        return point
    summarize = duckdb_process("SUMMARIZE", project.database, "summarize bench", memory_limit)
    return replace(
        point, summarize_wall_seconds=summarize.seconds, summarize_processor_seconds=summarize.processor_seconds
    )


def as_point(case: Case, project: Project, build: Build) -> Point:
    """What is kept of a build."""
    return Point(
        case,
        build.process.name,
        project.statistics_seconds(build),
        build.process.seconds,
        build.process.processor_seconds,
        build.process.memory,
        build.statements,
        build.largest_statement,
        build.largest_sender,
        project.stored_rows(),
        build.model_seconds,
        build.compile_seconds,
    )


def median(points: list[Point]) -> Point:
    """The run whose statistics took the median of times (the lower of two)."""
    middle = statistics.median_low([point.statistics_seconds for point in points])
    return next(point for point in points if point.statistics_seconds == middle)


def exponents(points: list[Point]) -> dict[str, dict[str, float]]:
    """Slopes of log statistics time against log size, of the axes that have at least two points."""
    slopes = {}
    for axis in ("rows", "columns"):
        pairs = [(math.log(p.case.size), math.log(p.statistics_seconds)) for p in points if p.case.axis == axis]
        if len(pairs) > 1:
            sizes, times = zip(*pairs, strict=True)
            last_sizes, last_times = sizes[-2:], times[-2:]
            slopes[axis] = {
                "all_points": statistics.linear_regression(sizes, times).slope,
                "last_step": statistics.linear_regression(last_sizes, last_times).slope,
            }
    return slopes


def write(options: argparse.Namespace, points: list[Point], skipped: list[str]) -> None:
    """The results so far, as JSON."""
    content = {
        "machine": machine(),
        "memory_limit": options.memory_limit,
        "repeat": options.repeat,
        "exponents": exponents(points),
        "points": [asdict(point) for point in points],
        "skipped": skipped,
    }
    options.json.write_text(json.dumps(content, indent=2))


def print_report(points: list[Point], skipped: list[str]) -> None:
    """Tables and sentences, ready for docs/benchmarks.md."""
    header = [
        "axis",
        "rows",
        "columns",
        "days",
        "grain",
        "build",
        "statistics",
        "whole build",
        "peak memory",
        "largest statement",
        "sent",
        "rows stored",
    ]
    rows = [
        (
            point.case.axis,
            f"{point.case.rows:,}",
            f"{point.case.columns:,}",
            f"{point.case.days:,}",
            point.case.grain,
            point.build,
            f"{point.statistics_seconds:.2f} s",
            f"{point.wall_seconds:.2f} s",
            f"{point.memory_mib:,.0f} MiB",
            f"{point.largest_statement:,} B",
            f"{point.statements:,}",
            f"{sum(point.stored_rows.values()):,}",
        )
        for point in points
    ]
    print(f"\n{machine()}\n\n{markdown(header, rows)}\n")
    if points:
        print(f"Statistics: {', '.join(points[0].stored_rows)}.")
    for axis, slopes in exponents(points).items():
        print(
            f"Exponent of statistics time against {axis}: {slopes['all_points']:.2f}, last step {slopes['last_step']:.2f}."
        )
    growth = [point.statistics_seconds for point in points if point.case.axis == "growth"]
    if len(growth) == 2:
        print(f"One more day takes 1/{growth[0] / growth[1]:.1f} of the statistics time of the first build.")
    for point in points:
        if point.summarize_wall_seconds and point.summarize_processor_seconds:
            print(
                f"Whole dbt build of the wide table: {point.wall_seconds / point.summarize_wall_seconds:.2f} x SUMMARIZE "
                f"({point.summarize_wall_seconds:.2f} s); processor {point.processor_seconds / point.summarize_processor_seconds:.2f} x."
            )
    for reason in skipped:
        print(f"No numbers: {reason}")


if __name__ == "__main__":
    main()
