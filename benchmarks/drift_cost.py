"""What the drift marts cost beside the statistics they are computed from, in one build.

    python benchmarks/drift_cost.py --rows 5000000 --columns 50 --months 36

Three references that are windows of the table, and the period before as the fourth. Execution times are dbt's, one model at
a time, so that they add up; all else is every other model of the package but health_monitors.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from project import Build, Project

GRAIN_DAYS = 30


def main() -> None:
    """Generate the table, build once, print the times of the models."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--months", type=int, default=36)
    parser.add_argument(
        "--folder", type=Path, help="where to work, and find the table of an earlier run; a temporary one otherwise"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        project = Project(folder, block={"monitors": {"bench": monitor()}})
        if not project.database.exists():
            project.generate(options.rows, options.columns, options.months * GRAIN_DAYS)
        project.prepare()
        project.forget()
        report(project, project.build("dbt build", "--threads", "1"))


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


def report(project: Project, build: Build) -> None:
    """Print seconds per model, and what all that is computed from the statistics took in terms of them."""
    counted = project.statistics_tables().keys()
    statistics = sum(seconds for name, seconds in build.model_seconds.items() if name in counted)
    rest = sum(seconds for name, seconds in build.model_seconds.items() if name not in {*counted, "health_monitors"})
    for name, seconds in sorted(build.model_seconds.items(), key=lambda item: -item[1]):
        print(f"{name:32} {seconds:7.2f} s")
    print(
        f"\nstatistics {statistics:.2f} s, all else {rest:.2f} s: {rest / statistics:.2f} x; whole build {build.process.seconds:.1f} s"
    )


if __name__ == "__main__":
    main()
