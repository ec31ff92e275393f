"""How often the marts alarm where nothing happens: every column is drawn in the same way on every day.

    python benchmarks/alarm_noise.py --seeds 3 --columns 200 --days 60 --rows 1000
    python benchmarks/alarm_noise.py --seeds 2 --tables 25 --columns 16 --days 60 --rows 1000 --builds 1

The second one is for what is judged once per table and day: volume, components, groups.

Columns of eight kinds: normal, log-normal, counts, money with zeros, categories, Booleans, times, texts. The number of rows of a
day is drawn, by Poisson's law and with a dispersion of 4. References are the first twenty days and the period before. The table
is built at several ends of its history, because windows of several periods are judged at the newest period only. `not judged` counts
the days after the references that have too little data.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from measure import markdown
from project import Project

FIRST_DAY = np.datetime64("2026-01-01", "us")
DAY = np.timedelta64(86_400_000_000, "us")
REFERENCE_DAYS = 20
KINDS = ("normal", "lognormal", "count", "money", "category", "flag", "time", "text")
# mart, its column of the judgement, what tells one judged series from another besides the period
JUDGED = {
    "health_drift": ("column_status", "segment_column, segment_value, reference, column_name"),
    "health_drift_windows": ("column_status", "window_periods, segment_column, segment_value, reference, column_name"),
    "health_coverage": ("status", "segment_column, segment_value, reference, column_name"),
    "health_coverage_combinations": ("status", "reference, column_names"),
    "health_volume": ("status", "period_status"),
    "health_representation": ("status", "dataset, subgroup, group_value, reference"),
    "health_multivariate_drift": ("status", "reference, metric"),
}


def main() -> None:
    """Draw, build and count what alarms."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--tables", type=int, default=1, help="per seed and dispersion, monitored by one project")
    parser.add_argument("--columns", type=int, default=200)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--rows", type=int, default=1000, help="rows a day, on average")
    parser.add_argument("--builds", type=int, default=3, help="at how many ends of the history the table is built")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder otherwise")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        counts: dict[tuple[str, str], np.ndarray] = {}
        for seed in range(options.seeds):
            for dispersion in (1, 4):
                folder = (options.folder or Path(temporary)) / f"{seed}_{dispersion}"
                for key, numbers in experiment(folder, seed, dispersion, options).items():
                    counts[key] = counts.get(key, np.zeros(3, dtype=int)) + numbers
                print(f"seed {seed}, dispersion {dispersion}: {table(counts)}", file=sys.stderr, flush=True)
        print(markdown(["mart", "judged by", "judged", "warn or worse", "not judged"], table(counts)))


def experiment(folder: Path, seed: int, dispersion: int, options: argparse.Namespace) -> dict:
    """By mart and status column: judged rows, those in alarm, those with too little data; of all builds of the tables."""
    names = ["bench", *(f"bench_{number}" for number in range(1, options.tables))]
    block = {"monitors": {name: monitor(name, options.columns) for name in names}}
    project = Project(folder, grain="day", block=block, tables=names)
    project.database.unlink(missing_ok=True)
    project.prepare()
    draw = np.random.default_rng(seed)
    histories = {name: history(draw, dispersion, options) for name in names}
    ends = np.linspace(options.days, REFERENCE_DAYS + 15, options.builds).astype(int)[::-1]
    counts: dict[tuple[str, str], np.ndarray] = {}
    begun = 0
    for end in ends:
        for name, days in histories.items():
            store(project, name, days[begun:end])
        project.build()
        newest = end == ends[-1]
        for key, numbers in judgements(project, windows_only=not newest).items():
            counts[key] = counts.get(key, np.zeros(3, dtype=int)) + numbers
        begun = end
    return counts


def history(draw: np.random.Generator, dispersion: int, options: argparse.Namespace) -> list[pa.Table]:
    """All days of a table."""
    drawers = [drawer(KINDS[number % len(KINDS)], draw) for number in range(options.columns)]
    return [
        day_of(draw, drawers, number, drawn_rows(draw, options.rows, dispersion), number * 10_000_000)
        for number in range(options.days)
    ]


def monitor(name: str, columns: int) -> dict[str, object]:
    """The monitor: a window as reference, two subgroups, everything judged."""
    flags = [f"flag_{number}" for number in range(columns) if KINDS[number % len(KINDS)] == "flag"]
    return {
        "relation": {"source": ["raw", name]},
        "key": "id",
        "time": "happened_at",
        "grain": "day",
        "subgroups": flags[:2],
        "references": {"window": {"from": "2026-01-01", "to": "2026-01-21"}},
        "parts": {"labeling": False},
    }


def drawn_rows(draw: np.random.Generator, mean: int, dispersion: int) -> int:
    """Rows of a day, with a variance of the mean times the dispersion."""
    if dispersion == 1:
        return max(1, int(draw.poisson(mean)))
    return max(1, int(draw.negative_binomial(mean / (dispersion - 1), 1 / dispersion)))


def drawer(kind: str, draw: np.random.Generator) -> tuple[str, Callable[[np.ndarray], pa.Array]]:
    """How a column of this kind is drawn: its name's beginning, and a function of the moments of the rows."""
    sigma, rate, share = draw.uniform(0.5, 2), np.exp(draw.uniform(-1, 4)), draw.uniform(0.05, 0.6)
    weights = 1 / np.arange(1, int(np.exp(draw.uniform(np.log(5), np.log(500)))) + 1)
    names = np.array([f"v{number}" for number in range(len(weights))])

    def column(moments: np.ndarray) -> pa.Array:
        rows = len(moments)
        if kind == "normal":
            return pa.array(draw.normal(size=rows), mask=draw.random(rows) < share / 3)
        if kind == "lognormal":
            return pa.array(draw.lognormal(sigma=sigma, size=rows))
        if kind == "count":
            return pa.array(draw.poisson(rate, size=rows))
        if kind == "money":
            return pa.array(np.where(draw.random(rows) < share, 0, np.round(draw.lognormal(3, sigma, size=rows), 2)))
        if kind == "category":
            return pa.array(names[draw.choice(len(weights), size=rows, p=weights / weights.sum())])
        if kind == "flag":
            return pa.array(draw.random(rows) < share)
        if kind == "time":
            return pa.array(moments - (draw.lognormal(1, sigma, size=rows) * 3.6e9).astype("timedelta64[us]"))
        lengths = draw.poisson(20, size=rows) + 1
        return pa.array(
            [
                f"{number:0{length}x}"[:length]
                for number, length in zip(draw.integers(0, 2**62, rows), lengths, strict=True)
            ]
        )

    return kind, column


def day_of(draw: np.random.Generator, drawers: list, day: int, rows: int, first_id: int) -> pa.Table:
    """The rows of one day."""
    moments = FIRST_DAY + day * DAY + (draw.random(rows) * 86.4e9).astype("timedelta64[us]")
    columns = {f"{kind}_{number}": column(moments) for number, (kind, column) in enumerate(drawers)}
    return pa.table({"id": pa.array(first_id + np.arange(rows)), "happened_at": pa.array(moments)} | columns)


def store(project: Project, name: str, days: list[pa.Table]) -> None:
    """Append days to a table."""
    with duckdb.connect(project.database) as connection:
        connection.register("new_rows", pa.concat_tables(days))
        connection.execute(f"create table if not exists {name} as select * from new_rows limit 0")
        connection.execute(f"insert into {name} select * from new_rows")


def judgements(project: Project, windows_only: bool) -> dict[tuple[str, str], np.ndarray]:
    """By mart: judged rows, those in alarm, those of days after the references with too little data."""
    first_day = str(FIRST_DAY.astype("datetime64[D]") + REFERENCE_DAYS)
    with duckdb.connect(project.database, read_only=True) as connection:
        marts = {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
        return {
            (mart, status): np.array(
                connection.execute(f"""
                    select
                        count(*) filter (status in ('ok', 'warn', 'alert')),
                        count(*) filter (status in ('warn', 'alert')),
                        count(*) filter (status = 'insufficient_data' and day >= date '{first_day}')
                    from (
                        select distinct monitor, {series}, {status} as status,
                            {"newest_period" if mart.endswith("_windows") else "period_start"} as day
                        from health.{mart}
                    )
                """).fetchone()
            )
            for mart, (status, series) in JUDGED.items()
            if mart in marts and (not windows_only or mart.endswith("_windows"))
        }


def table(counts: dict[tuple[str, str], np.ndarray]) -> list[list[str]]:
    """Rows of the printed table."""
    return [
        [
            mart,
            status,
            f"{judged:,}",
            f"{alarms} ({100 * alarms / max(judged, 1):.4f} %)",
            f"{100 * missing / max(judged + missing, 1):.1f} %",
        ]
        for (mart, status), (judged, alarms, missing) in counts.items()
    ]


if __name__ == "__main__":
    main()
