"""Time a whole build on generated rows beside DuckDB's SUMMARIZE, plain sums and other tools on the same rows, in one run.

    python benchmarks/bench.py --rows 10000000 --columns 25 --days 360

Every measurement is a process of its own on the same rows, so that nothing is warm for one and cold for another; memory
is the peak of that process. "dbt alone" is the same command with nothing to build: what dbt costs before the package does
anything. Other tools are run where `make bench-peers` has installed them.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from measure import Measurement, duckdb_process, machine, markdown
from peers import Peer, PeerRun, run_peers
from project import Build, Project
from tables import sums_sql

# what a monitor of one line does not ask for
OTHER_PARTS = ("components", "coverage", "combinations", "representation", "labeling")


def main() -> None:
    """Generate the table, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=25)
    parser.add_argument("--days", type=int, default=360)
    parser.add_argument("--grain", choices=["day", "week", "month", "quarter"], default="month")
    parser.add_argument(
        "--peer-rows", type=int, default=1_000_000, help="other tools get at most so many; 0 leaves them out"
    )
    parser.add_argument("--peer-seconds", type=float, default=1800, help="and at most so long")
    parser.add_argument("--memory-limit", default="", help="of DuckDB, in SUMMARIZE, sums and builds alike, as 3GB")
    parser.add_argument(
        "--all-parts", action="store_true", help="build the parts that a monitor of one line does not ask for"
    )
    parser.add_argument("--folder", type=Path, help="keep the database and the project here")
    options = parser.parse_args()
    if options.folder:
        run(options, options.folder)
    else:
        with tempfile.TemporaryDirectory() as folder:
            run(options, Path(folder))


def run(options: argparse.Namespace, folder: Path) -> None:
    """Measure in this folder and print as it goes."""
    project = Project(folder, options.grain, options.memory_limit, parts=OTHER_PARTS if options.all_parts else ())
    project.generate(options.rows, options.columns, options.days)
    project.prepare()
    print(
        f"{options.rows:,} rows x {options.columns} columns over {options.days} days, by {options.grain}\n{machine()}\n",
        flush=True,
    )
    queries = [("plain sums", sums_sql(options.columns)), ("SUMMARIZE", "summarize bench")]
    sums, summarize = (duckdb_process(name, project.database, sql, options.memory_limit) for name, sql in queries)
    alone = project.dbt("dbt alone", "build", "--exclude", "package:data_health")
    build = project.build()
    stored = project.stored_rows()
    again = project.build("dbt build again")
    print_processes([sums, summarize, alone, build.process, again.process], summarize)
    added = build.process.seconds - alone.seconds
    print(f"\nWhat the package adds to dbt itself: {added:.2f} s, {added / summarize.seconds:.2f} x SUMMARIZE.\n")
    print_statements([build, again])
    print_models(build, stored, project.statistics_seconds(build))
    if options.peer_rows:
        runs = run_peers(project.database, options.rows, options.peer_rows, options.grain, options.peer_seconds)
        print_peers(list(runs), build, options.rows)


def print_processes(taken: list[Measurement], summarize: Measurement) -> None:
    """One line per process."""
    rows = [
        (
            one.name,
            f"{one.seconds:.2f} s",
            f"{one.seconds / summarize.seconds:.2f}",
            f"{one.processor_seconds:.2f} s",
            f"{one.processor_seconds / summarize.processor_seconds:.2f}",
            f"{one.memory:,.0f} MiB",
        )
        for one in taken
    ]
    print(markdown(["process", "wall", "x SUMMARIZE", "processor", "x SUMMARIZE", "peak memory"], rows), flush=True)


def print_statements(builds: list[Build]) -> None:
    """What was sent to the database."""
    rows = [
        (build.process.name, f"{build.statements:,}", f"{build.largest_statement:,} B", build.largest_sender)
        for build in builds
    ]
    print(markdown(["statements", "sent", "largest", "sent by"], rows), end="\n\n", flush=True)


def print_models(build: Build, stored: dict[str, int], statistics_seconds: float) -> None:
    """Execution time of each model, and how many rows the statistics tables hold."""
    rows = [
        (
            name,
            f"{seconds:.2f} s",
            f"{build.compile_seconds[name]:.2f} s",
            f"{stored[name]:,}" if name in stored else "",
        )
        for name, seconds in build.model_seconds.items()
    ]
    rows.append(("all statistics tables", f"{statistics_seconds:.2f} s", "", f"{sum(stored.values()):,}"))
    print(markdown(["model", "execution", "of which compiling", "rows stored"], rows), end="\n\n", flush=True)


def print_peers(runs: list[tuple[Peer, PeerRun | str]], build: Build, rows: int) -> None:
    """One line per tool, or the reason why there is none; time per million rows makes different numbers of rows comparable."""
    measured = [run for _, run in runs if isinstance(run, PeerRun)]
    lines = [
        (
            f"{run.peer.name} {run.peer.version}",
            f"{run.rows:,}",
            f"{run.load_seconds:.2f} s",
            f"{run.compute_seconds:.2f} s",
            f"{run.compute_processor_seconds:.2f} s",
            f"{run.process.seconds:.2f} s",
            f"{run.process.processor_seconds:.2f} s",
            f"{run.compute_seconds / run.rows * 1e6:.2f} s",
            f"{run.process.memory:,.0f} MiB",
        )
        for run in measured
    ]
    whole = build.process
    lines.insert(
        0,
        (
            "dbt build",
            f"{rows:,}",
            "",
            "",
            "",
            f"{whole.seconds:.2f} s",
            f"{whole.processor_seconds:.2f} s",
            f"{whole.seconds / rows * 1e6:.2f} s",
            f"{whole.memory:,.0f} MiB",
        ),
    )
    header = ["tool", "rows", "load", "compute", "(processor)", "process", "(processor)", "per 1 M rows", "peak memory"]
    print(markdown(header, lines))
    print('\n"per 1 M rows" is the whole process of dbt build, and the computation alone of the others.')
    for peer, run in runs:
        print(f"- {peer.name}: {peer.what}" + (f": no numbers, {run}" if isinstance(run, str) else ""))


if __name__ == "__main__":
    main()
