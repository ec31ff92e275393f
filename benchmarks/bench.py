"""Time a whole build on generated rows beside DuckDB's SUMMARIZE and plain sums of the same table, in one run.

    python benchmarks/bench.py --rows 10000000 --columns 25 --days 360

Four columns in five are numbers of different shapes, the fifth is a category. Every measurement is a process of its own on
the same database file, so that nothing is warm for one and cold for another; memory is the peak of that process. "dbt alone"
is the same command with nothing to build: what dbt costs before the package does anything.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent

SHAPES = (
    "random() * 100",
    "exp(4 * sqrt(-2 * ln(random() + 1e-12)) * cos(6.283185307 * random()))",
    "sqrt(-2 * ln(random() + 1e-12)) * cos(6.283185307 * random())",
    "case when random() < .8 then 0 else round(random() * 1000, 2) end",
    "cast(floor(random() * 20) as integer)",
    "tan(3.14159265 * (random() - .5))",
    "- ln(random() + 1e-12)",
)
CATEGORIES = (3, 10, 50, 200, 500)


@dataclass(frozen=True)
class Measurement:
    """Wall and processor seconds and peak memory (MiB) of one process."""

    name: str
    seconds: float
    processor_seconds: float
    memory: float


def main() -> None:
    """Generate the table, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=25)
    parser.add_argument("--days", type=int, default=360)
    parser.add_argument("--grain", default="month")
    parser.add_argument("--folder", type=Path, help="keep the database and the project here")
    parser.add_argument("--grow", action="store_true", help="then add one more day and build again")
    options = parser.parse_args()
    if options.folder:
        run(options, options.folder)
    else:
        with tempfile.TemporaryDirectory() as folder:
            run(options, Path(folder))


def run(options: argparse.Namespace, folder: Path) -> None:
    """Measure in this folder and print one line per measurement."""
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / "bench.duckdb"
    database.unlink(missing_ok=True)
    write_project(folder, options.grain)
    duckdb_process("generate", database, table_sql(options.rows, options.columns, options.days))
    print(f"{options.rows:,} rows x {options.columns} columns over {options.days} days, by {options.grain}")
    print(f"{platform.platform()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    names = [f"c{number}" for number in range(options.columns)]
    sums = ", ".join(f"sum({name})" for number, name in enumerate(names) if number % 5 != 4)
    measurements = [
        duckdb_process("plain sums", database, f"select {sums} from bench"),
        duckdb_process("SUMMARIZE", database, "summarize bench"),
        dbt_process("dbt alone", folder, "--exclude", "package:data_health"),
        dbt_process("dbt build", folder),
    ]
    models = model_seconds(folder)
    measurements.append(dbt_process("dbt build again", folder))
    if options.grow:
        duckdb_process("grow", database, growth_sql(options.rows, options.days))
        measurements.append(dbt_process("dbt build, one more day", folder))
        models |= {f"{name} (one more day)": seconds for name, seconds in model_seconds(folder).items()}
    summarize = measurements[1]
    print(f"{'':28} {'wall':>8}   {'x SUMMARIZE':>11} {'processor':>10}   {'x SUMMARIZE':>11} {'memory':>12}")
    for taken in measurements:
        print(
            f"{taken.name:28} {taken.seconds:8.2f} s {taken.seconds / summarize.seconds:11.2f} {taken.processor_seconds:10.2f} s "
            f"{taken.processor_seconds / summarize.processor_seconds:11.2f} {taken.memory:8.0f} MiB"
        )
    alone, build = (next(taken for taken in measurements if taken.name == name) for name in ("dbt alone", "dbt build"))
    added = build.seconds - alone.seconds
    print(f"what the package adds to dbt itself: {added:.2f} s, {added / summarize.seconds:.2f} x SUMMARIZE")
    print("execution time of each model:")
    for name, seconds in models.items():
        print(f"  {name:40} {seconds:8.2f} s")


def table_sql(rows: int, columns: int, days: int) -> str:
    """The statement that fills the table `bench`, the same rows every time."""
    expressions = [
        f"'v' || cast(floor(random() * {CATEGORIES[number // 5 % len(CATEGORIES)]}) as integer) as c{number}"
        if number % 5 == 4
        else f"{SHAPES[number % len(SHAPES)]} as c{number}"
        for number in range(columns)
    ]
    step = days * 86_400_000_000 // rows
    return (
        "set threads = 1; select setseed(.42); create or replace table bench as select range as id, "
        f"timestamp '2024-01-01' + to_microseconds(range * {step}) as happened_at, {', '.join(expressions)} from range({rows})"
    )


def growth_sql(rows: int, days: int) -> str:
    """The statement that adds the rows of one more day."""
    day = f"timestamp '2024-01-01' + interval {days} day"
    return (
        f"insert into bench select * replace (id + {rows} as id, {day} + (happened_at - timestamp '2024-01-01') as happened_at) "
        "from bench where happened_at < timestamp '2024-01-02'"
    )


def write_project(folder: Path, grain: str) -> None:
    """A project of one monitored source that installs the package of this checkout."""
    project = {
        "name": "bench",
        "version": "1.0.0",
        "profile": "bench",
        "model-paths": ["models"],
        "vars": {
            "data_health": {
                "monitors": {
                    "bench": {
                        "relation": {"source": ["raw", "bench"]},
                        "key": "id",
                        "time": "happened_at",
                        "grain": grain,
                    }
                }
            }
        },
        "flags": {"send_anonymous_usage_stats": False},
    }
    profile = {
        "bench": {
            "target": "dev",
            "outputs": {"dev": {"type": "duckdb", "path": str(folder / "bench.duckdb"), "threads": 2}},
        }
    }
    sources = {"sources": [{"name": "raw", "schema": "main", "tables": [{"name": "bench"}]}]}
    (folder / "models").mkdir(exist_ok=True)
    # JSON is YAML
    (folder / "dbt_project.yml").write_text(json.dumps(project))
    (folder / "profiles.yml").write_text(json.dumps(profile))
    (folder / "packages.yml").write_text(json.dumps({"packages": [{"local": str(PACKAGE)}]}))
    (folder / "models" / "sources.yml").write_text(json.dumps(sources))
    dbt(folder, "deps")
    # the database is cold in what follows, dbt's own parsing is not, as in any project that has run before
    dbt(folder, "parse")


def duckdb_process(name: str, database: Path, statement: str) -> Measurement:
    """Run a statement in a fresh process with two threads; its result is fetched and dropped."""
    code = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1], config={'threads': 2}); "
        "c.execute('set enable_progress_bar = false'); c.execute(sys.argv[2]).fetchall()"
    )
    return measured(name, [sys.executable, "-c", code, str(database), statement], database.parent)


def dbt_process(name: str, folder: Path, *selection: str) -> Measurement:
    """Run `dbt build` in a fresh process."""
    return measured(name, dbt_command("build", *selection), folder)


def dbt(folder: Path, *arguments: str) -> None:
    """Run dbt in a folder; its output appears only when it fails."""
    finished = subprocess.run(dbt_command(*arguments), cwd=folder, capture_output=True, text=True)
    if finished.returncode:
        raise SystemExit(finished.stdout + finished.stderr)


def dbt_command(*arguments: str) -> list[str]:
    """The dbt of this interpreter's environment."""
    return [sys.executable, "-c", "from dbt.cli.main import cli; cli()", "--quiet", *arguments, "--profiles-dir", "."]


def measured(name: str, command: list[str], folder: Path) -> Measurement:
    """Wall time and peak memory of a command, which must succeed."""
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{name} failed")
    kibibytes = usage.ru_maxrss if sys.platform != "darwin" else usage.ru_maxrss / 1024
    return Measurement(name, time.perf_counter() - started, usage.ru_utime + usage.ru_stime, kibibytes / 1024)


def model_seconds(folder: Path) -> dict[str, float]:
    """Execution time of each model in the last run, as dbt reports it."""
    results = json.loads((folder / "target" / "run_results.json").read_text())["results"]
    return {
        result["unique_id"].split(".")[-1]: result["execution_time"]
        for result in results
        if result["unique_id"].startswith("model.")
    }


if __name__ == "__main__":
    main()
