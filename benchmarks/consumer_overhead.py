"""What the package costs a project that installs it: `dbt run -s one_model` with and without it, partial parse warm.

    python benchmarks/consumer_overhead.py --models 500 --runs 7

Two projects of trivial models are made; one of them installs the package and monitors two of its models. The runs of
both alternate, so that a busy machine is busy for both, and every run is a process of its own, as on the command line.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

PACKAGE = Path(__file__).resolve().parent.parent
DBT = Path(sys.executable).with_name("dbt")
MONITORS = {
    "first": {"relation": {"ref": "model_001"}, "key": "id", "time": "happened_at", "subgroups": ["part"]},
    "second": {"relation": {"ref": "model_002"}},
}
MODEL = "select 1 as id, timestamp '2024-01-01' as happened_at, 'a' as part\n"


def main() -> None:
    """Make both projects, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=500)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        without = make_project(Path(folder) / "without", options.models, installed=False)
        installed = make_project(Path(folder) / "installed", options.models, installed=True)
        seconds: dict[Path, list[float]] = {without: [], installed: []}
        for project in seconds:
            # the first run parses everything, the second is the first one that starts from what was parsed
            run_one_model(project)
            run_one_model(project)
        for _ in range(options.runs):
            for project, taken in seconds.items():
                taken.append(run_one_model(project))
    for project, taken in seconds.items():
        print(f"{project.name:10} median {statistics.median(taken):6.2f} s   all {' '.join(f'{t:.2f}' for t in taken)}")
    difference = statistics.median(seconds[installed]) - statistics.median(seconds[without])
    print(f"the package adds {difference:.2f} s to dbt run -s one_model in a project of {options.models} models")


def make_project(folder: Path, models: int, installed: bool) -> Path:
    """Write a project of trivial views, with the package and two monitors if `installed`."""
    (folder / "models").mkdir(parents=True)
    for number in range(models):
        (folder / "models" / f"model_{number:03}.sql").write_text(MODEL)
    profile = {"type": "duckdb", "path": str(folder / "overhead.duckdb"), "threads": 2}
    files = {
        "dbt_project.yml": {
            "name": "consumer",
            "version": "1.0.0",
            "profile": "consumer",
            "vars": {"data_health": {"monitors": MONITORS}} if installed else {},
            "flags": {"send_anonymous_usage_stats": False},
        },
        "profiles.yml": {"consumer": {"target": "dev", "outputs": {"dev": profile}}},
        "packages.yml": {"packages": [{"local": str(PACKAGE)}] if installed else []},
    }
    for name, content in files.items():
        (folder / name).write_text(yaml.safe_dump(content, sort_keys=False))
    dbt(folder, "deps")
    return folder


def run_one_model(project: Path) -> float:
    """Seconds of one whole process."""
    start = time.perf_counter()
    dbt(project, "run", "--select", "model_000")
    return time.perf_counter() - start


def dbt(project: Path, *arguments: str) -> None:
    """Run a command of the dbt beside this Python; its output is shown when it fails."""
    environment = os.environ | {"DATA_HEALTH_ONLY": ""}
    finished = subprocess.run([DBT, *arguments], cwd=project, env=environment, capture_output=True, text=True)
    if finished.returncode:
        sys.exit(finished.stdout + finished.stderr)


if __name__ == "__main__":
    main()
