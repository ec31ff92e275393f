"""Run one of the other tools on a Parquet file, inside that tool's environment; peers.py starts this.

    .cache/peers/whylogs/bin/python benchmarks/peer_runs.py whylogs rows.parquet month result.json

Import, loading and computation are apart: only `compute` below is what `compute_seconds` tells. It gets the rows in a
pandas data frame and gives something that only exists when everything has been computed. The key is left out.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ |= {
    "DO_NOT_TRACK": "1",
    "NML_DISABLE_USAGE_LOGGING": "1",
    "WHYLOGS_NO_ANALYTICS": "True",
    "YDATA_PROFILING_NO_ANALYTICS": "True",
}

import pandas as pd

TIME = "happened_at"
PERIODS = {"day": "D", "week": "W", "month": "M", "quarter": "Q"}
Compute = Callable[[pd.DataFrame, str], int]


def ydata_profiling() -> Compute:
    """Profile of the whole table: what is not worth a plot or a correlation, as `minimal` says."""
    from ydata_profiling import ProfileReport

    def compute(rows: pd.DataFrame, grain: str) -> int:
        report = ProfileReport(rows.drop(columns=TIME), minimal=True, progress_bar=False)
        return len(report.get_description().variables)

    return compute


def whylogs() -> Compute:
    """One profile per period, as its users log one per batch, and kept as what they would store."""
    import whylogs

    def compute(rows: pd.DataFrame, grain: str) -> int:
        periods = rows.drop(columns=TIME).groupby(rows[TIME].dt.to_period(PERIODS[grain]))
        return sum(len(whylogs.log(part).view().serialize()) for _, part in periods)

    return compute


def evidently() -> Compute:
    """The preset's default test of every column."""
    from evidently import Report
    from evidently.presets import DataDriftPreset

    def compute(rows: pd.DataFrame, grain: str) -> int:
        reference, current = (part.drop(columns=TIME) for part in halves(rows, grain))
        return len(Report([DataDriftPreset()]).run(current_data=current, reference_data=reference).dict()["metrics"])

    return compute


def nannyml() -> Compute:
    """The default methods, Jensen-Shannon distance, for every column and period."""
    from nannyml import UnivariateDriftCalculator

    def compute(rows: pd.DataFrame, grain: str) -> int:
        reference, current = halves(rows, grain)
        calculator = UnivariateDriftCalculator(
            column_names=[name for name in rows.columns if name != TIME],
            timestamp_column_name=TIME,
            chunk_period=PERIODS[grain],
        )
        return len(calculator.fit(reference).calculate(current).to_df())

    return compute


def halves(rows: pd.DataFrame, grain: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of the first half of the periods, and the others."""
    periods = rows[TIME].dt.to_period(PERIODS[grain])
    different = periods.unique()
    if len(different) < 2:
        raise SystemExit("needs two periods")
    is_first = periods < sorted(different)[len(different) // 2]
    return rows[is_first], rows[~is_first]


PEERS = {"ydata-profiling": ydata_profiling, "whylogs": whylogs, "evidently": evidently, "nannyml": nannyml}


def main() -> None:
    """Import, load, compute; the result says how long the last two took."""
    name, parquet, grain, result = sys.argv[1:]
    compute = PEERS[name]()
    started = time.perf_counter()
    rows = pd.read_parquet(parquet).drop(columns="id")
    loaded, processor = time.perf_counter(), time.process_time()
    if not compute(rows, grain):
        raise SystemExit("computed nothing")
    seconds = {
        "rows": len(rows),
        "load_seconds": loaded - started,
        "compute_seconds": time.perf_counter() - loaded,
        "compute_processor_seconds": time.process_time() - processor,
    }
    Path(result).write_text(json.dumps(seconds))


if __name__ == "__main__":
    main()
