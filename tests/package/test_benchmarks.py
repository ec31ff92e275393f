"""The benchmarks of what a build costs still run: on a tiny table, without judging a time."""

import subprocess
import sys

import pytest
from consumer import REPOSITORY

pytestmark = pytest.mark.slow


def printed(script, *arguments):
    """What a benchmark prints."""
    command = [sys.executable, str(REPOSITORY / "benchmarks" / script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("parts", [[], ["--all-parts"]], ids=["one line", "all parts"])
def test_a_build_is_measured_beside_summarize(parts):
    text = printed("bench.py", "--rows", "3000", "--columns", "5", "--days", "60", "--peer-rows", "0", *parts)
    lines = {line.split("|")[1].strip(): line for line in text.splitlines() if line.startswith("|")}
    assert {"SUMMARIZE", "dbt build again", "column_distributions", "all statistics tables"} <= lines.keys()
    assert ("feature_cells" in lines) == ("label_gates" in lines) == bool(parts)
    rows_stored = int(lines["all statistics tables"].split("|")[4].replace(",", ""))
    assert rows_stored > 100
