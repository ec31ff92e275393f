"""What the drift marts cost beside the statistics they are computed from, in one build.

    python benchmarks/drift_cost.py --rows 5000000 --columns 50 --months 36

Three references that are windows of the table, and the period before as the fourth. Execution times are dbt's, one model at
a time, so that they add up, and the processor times beside them. Of several builds (--runs) it is the median of each model.
DuckDB compresses new tables and writes them into its file once its log has grown to 16 MB, so that one model pays for all before it;
here it does so after every model, and each pays for its own.
What drift and alarms are made of is counted apart from the other marts, such as those of coverage; health_monitors, which
all stand on, counts nowhere. Once in about 25 models Python stops for .1 to .3 s to collect dbt's garbage, in whichever
model that happens to be: wall times are shown with it and without.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

from measure import machine, markdown
from project import Build, Project

GRAIN_DAYS = 30
# parts that make drift, volume, changes of the schema, alarms and the scorecard, with the settings that they read
DRIFT = ("monitors", "profile", "volume", "drift", "alerts")
NOT_COUNTED = "health_monitors"


def main() -> None:
    """Generate the table, build once, print the times of the models."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--months", type=int, default=36)
    parser.add_argument(
        "--folder", type=Path, help="where to work, and find the table of an earlier run; a temporary one otherwise"
    )
    parser.add_argument("--runs", type=int, default=1, help="how many times to build")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        project = Project(folder, block={"monitors": {"bench": monitor()}}, settings={"checkpoint_threshold": "1KB"})
        if not project.database.exists():
            project.generate(options.rows, options.columns, options.months * GRAIN_DAYS)
        project.prepare()
        builds = []
        for _ in range(options.runs):
            project.forget()
            builds.append(project.build("dbt build", "--threads", "1"))
        report(project, builds)


def monitor() -> dict[str, object]:
    """The monitor, with three references inside its first year."""
    windows = {
        "first_quarter": ("2024-01-01", "2024-04-01"),
        "first_half": ("2024-01-01", "2024-07-01"),
        "first_year": ("2024-01-01", "2025-01-01"),
    }
    return {
        "relation": {"source": ["raw", "bench"]},
        "key": "id",
        "time": "happened_at",
        "grain": "month",
        "references": {name: {"from": start, "to": end} for name, (start, end) in windows.items()},
    }


def report(project: Project, builds: list[Build]) -> None:
    """Print seconds per model, and what all that is computed from the statistics took in terms of them."""
    parts = {node["name"]: part(node) for node in project.models() if node["name"] in builds[0].model_seconds}
    wall, collecting, processor = (
        {name: statistics.median(getattr(build, kind)[name] for build in builds) for name in parts}
        for kind in ("model_seconds", "collection_seconds", "processor_seconds")
    )
    own = {name: wall[name] - collecting[name] for name in parts}
    columns = {"wall": wall, "without collecting": own, "processor": processor}
    longest = sorted(parts, key=lambda name: -processor[name])
    rows = [[name, parts[name], *(f"{seconds[name]:.2f}" for seconds in columns.values())] for name in longest]
    print(f"{machine()}\n\n{markdown(['model', 'part', *(f'{name} s' for name in columns)], rows)}\n")
    totals = {
        name: [sum(seconds[model] for model in parts if parts[model] == name) for seconds in columns.values()]
        for name in ("statistics", "drift", "other marts")
    }
    rows = [
        [
            name,
            *(
                f"{taken:.2f} s, {taken / whole:.3f} x"
                for taken, whole in zip(seconds, totals["statistics"], strict=True)
            ),
        ]
        for name, seconds in totals.items()
    ]
    print(markdown(["part", *columns], rows))
    print(
        f"\nmedians of {len(builds)}; whole build {statistics.median(build.process.seconds for build in builds):.1f} s"
    )


def part(node: dict[str, Any]) -> str:
    """To which part of the package a model belongs."""
    folder = node["fqn"][-2]
    if node["name"] == NOT_COUNTED:
        return "not counted"
    return folder if folder == "statistics" else "drift" if folder in DRIFT else "other marts"


if __name__ == "__main__":
    main()
