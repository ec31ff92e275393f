"""Which faults of one bad day are found, each beside a clean twin: the table of docs/findings.md.

    python benchmarks/fault_power.py --seeds 5 --rows 10000

Thirty days; the first twenty are the reference, the last one is bad. The days before it are built first, then the bad one. A
fault of a column is found when the column is `warn` or worse on the bad day and its twin is not; a fault of a table when the
named finding is there, and is not there for a table without the fault.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from measure import markdown
from project import Project

FIRST_DAY = np.datetime64("2026-05-01", "us")
DAY = np.timedelta64(86_400_000_000, "us")
DAYS, REFERENCE_DAYS = 30, 20
CITIES = np.array(
    ["Zürich", "Genève", "Bern", "Köln", "Málaga", "Łódź", "Paris", "London", "Oslo", "Rome", "Wien", "Århus"]
)
SHARES = 1 / np.arange(1, len(CITIES) + 1)
Values = np.ndarray
# fault -> mart that tells, or the kinds of finding
TABLE_FAULTS = {
    "correlation_of_10": "multivariate_drift",
    "correlation_of_145": "multivariate_drift",
    "loaded_twice": "volume",
    "rows_twice": "key",
}


def main() -> None:
    """Plant, build, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=10_000, help="rows a day")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder otherwise")
    options = parser.parse_args()
    found: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for seed in range(options.seeds):
            for fault, how in experiment((options.folder or Path(temporary)) / str(seed), seed, options.rows).items():
                found.setdefault(fault, []).append(how)
    rows = [
        [fault, f"{sum(bool(how) for how in told)} of {options.seeds}", ", ".join(sorted({how for how in told if how}))]
        for fault, told in sorted(found.items())
    ]
    print(markdown(["fault", "found", "by"], rows))


def experiment(folder: Path, seed: int, rows: int) -> dict[str, str]:
    """By fault what found it; nothing where it was not found, or the twin alarmed."""
    tables = {"columns": columns_of_day}
    for count in (10, 145):
        tables[f"correlation_of_{count}"] = tables[f"correlation_of_{count}_twin"] = correlated(count)
    tables |= {"loaded_twice": few_columns, "rows_twice": few_columns, "twin": few_columns}
    block = {"monitors": {name: monitor(name) for name in tables}}
    project = Project(folder, grain="day", block=block)
    project.database.unlink(missing_ok=True)
    sources = [{"name": "raw", "schema": "main", "tables": [{"name": name} for name in tables]}]
    (folder / "models" / "sources.yml").write_text(json.dumps({"sources": sources}))
    project.prepare()
    draws = {name: np.random.default_rng([seed, len(name.removesuffix("_twin"))]) for name in tables}
    for day in range(DAYS):
        if day == DAYS - 1:
            project.build()
        for name, rows_of_day in tables.items():
            is_bad = day == DAYS - 1 and not name.endswith("twin")
            store(project, name, doubled(name, rows_of_day(draws[name], day, rows, is_bad), is_bad))
    project.build()
    return {**column_faults(project), **table_faults(project)}


def monitor(name: str) -> dict[str, object]:
    """A monitor with the first days as reference; components only where columns go together."""
    return {
        "relation": {"source": ["raw", name]},
        "key": "id",
        "time": "happened_at",
        "grain": "day",
        "references": {"first_days": {"from": "2026-05-01", "to": "2026-05-21"}},
        "parts": {"components": name.startswith("correlation"), "combinations": False},
    }


def store(project: Project, name: str, rows: pa.Table) -> None:
    """Append rows to a table."""
    with duckdb.connect(project.database) as connection:
        connection.register("new_rows", rows)
        connection.execute(f"create table if not exists {name} as select * from new_rows limit 0")
        connection.execute(f"insert into {name} select * from new_rows")


def moments_of(draw: np.random.Generator, day: int, rows: int) -> Values:
    """Moments of a day."""
    return FIRST_DAY + day * DAY + (draw.random(rows) * 86.4e9).astype("timedelta64[us]")


def table_of(day: int, moments: Values, columns: dict[str, pa.Array | Values]) -> pa.Table:
    """Rows with a key and a time."""
    ids = pa.array(day * 10_000_000 + np.arange(len(moments)))
    return pa.table({"id": ids, "happened_at": pa.array(moments)} | {name: pa.array(x) for name, x in columns.items()})


def few_columns(draw: np.random.Generator, day: int, rows: int, is_bad: bool) -> pa.Table:
    """A table whose rows are counted; how many there are is drawn."""
    moments = moments_of(draw, day, int(draw.poisson(rows)))
    return table_of(day, moments, {"x": draw.normal(size=len(moments))})


def doubled(name: str, rows: pa.Table, is_bad: bool) -> pa.Table:
    """All rows twice, or one in twenty of them."""
    if not is_bad or name not in ("loaded_twice", "rows_twice"):
        return rows
    return pa.concat_tables([rows, rows if name == "loaded_twice" else rows.slice(0, rows.num_rows // 20)])


def correlated(count: int) -> Callable[[np.random.Generator, int, int, bool], pa.Table]:
    """Columns of which the first two go together (.8), and on a bad day do not."""

    def rows_of_day(draw: np.random.Generator, day: int, rows: int, is_bad: bool) -> pa.Table:
        values = draw.normal(size=(rows, count))
        if not is_bad:
            values[:, 1] = 0.8 * values[:, 0] + 0.6 * values[:, 1]
        return table_of(day, moments_of(draw, day, rows), {f"x{number}": values[:, number] for number in range(count)})

    return rows_of_day


def columns_of_day(draw: np.random.Generator, day: int, rows: int, is_bad: bool) -> pa.Table:
    """Every column and, as <name>__fault, the same with its fault on a bad day."""
    moments, chance = moments_of(draw, day, rows), draw.random(rows)
    columns: dict[str, pa.Array | Values] = {}

    def plant(name: str, values: Values, fault: Callable[[Values], Values]) -> None:
        columns[name] = values
        columns[f"{name}__fault"] = fault(values.copy()) if is_bad else values

    def some(share: float, change: Callable[[Values], Values]) -> Callable[[Values], Values]:
        return lambda values: np.where(chance < share, change(values), values)

    def cities() -> Values:
        return CITIES[draw.choice(len(CITIES), rows, p=SHARES / SHARES.sum())]

    plant("renamed", cities().astype(object), lambda x: np.where((x == "Zürich") & (chance < 0.37), "Zurich (ZH)", x))
    plant("merged", cities(), lambda x: np.where(x == "Genève", "Zürich", x))
    plant("new_category", cities(), some(0.01, lambda x: "Atlantis"))
    plant("cut", cities(), lambda x: np.array([text[:3] for text in x]))
    plant("mojibake", cities(), lambda x: np.array([text.encode().decode("latin-1") for text in x]))
    values = draw.normal(size=rows)
    columns["nulls"] = pa.array(values, mask=chance < 0.05)
    columns["nulls__fault"] = pa.array(values, mask=chance < (0.09 if is_bad else 0.05))
    height, weight = draw.normal(170, 10, rows), draw.normal(75, 12, rows)
    plant("swapped_height", height, lambda x: weight)
    plant("swapped_weight", weight, lambda x: height)
    plant("sign_of_all", draw.lognormal(3, 1, rows), lambda x: -x)
    plant("sign_of_some", draw.lognormal(3, 1, rows), some(0.02, lambda x: -x))
    plant("sentinel_outside", draw.normal(50, 10, rows), some(0.01, lambda x: -999))
    plant("sentinel_inside", draw.normal(0, 10, rows), some(0.01, lambda x: -1))
    plant("sentinel_of_money", np.round(draw.lognormal(6, 1, rows), 2), some(0.01, lambda x: 999))
    plant("sentinel_of_counts", draw.poisson(60, rows), some(0.01, lambda x: 99))
    plant("hundredfold", draw.lognormal(3, 1.5, rows), some(0.03, lambda x: 100 * x))
    ago = (draw.random(rows) * 1000 * 86.4e9).astype("timedelta64[us]")
    plant("unknown_1970", moments - ago, some(0.02, lambda x: np.datetime64("1970-01-01", "us")))
    later = (draw.lognormal(1, 0.8, rows) * 3.6e9).astype("timedelta64[us]")
    plant("time_zone", moments + later, lambda x: x + np.timedelta64(5, "h"))
    plant("rounded", np.round(draw.lognormal(3, 1, rows), 2), np.round)
    plant("rounded_to_tenths", np.round(draw.normal(37, 1, rows), 2), lambda x: np.round(x, 1))
    plant("stuck", draw.normal(20, 5, rows), some(0.1, lambda x: 21.7))
    plant("capped", draw.lognormal(3, 1, rows), lambda x: np.minimum(x, np.exp(3 + 1.6449)))
    return table_of(day, moments, columns)


def column_faults(project: Project) -> dict[str, str]:
    """Fault -> metrics that alarm on the bad day, of columns whose twin is silent."""
    query = """
        select split_part(column_name, ' (', 1), status in ('warn', 'alert'), metric
        from health.health_drift
        where monitor = 'columns' and is_latest and reference = 'first_days' and status is not null
    """
    with duckdb.connect(project.database, read_only=True) as connection:
        told = connection.execute(query).fetchall()
    alarms: dict[str, set[str]] = {name: set() for name, _, _ in told}
    for name, is_alarm, metric in told:
        if is_alarm:
            alarms[name].add(metric)
    return {
        name.removesuffix("__fault"): "" if alarms[name.removesuffix("__fault")] else ", ".join(sorted(metrics))
        for name, metrics in alarms.items()
        if name.endswith("__fault")
    }


def table_faults(project: Project) -> dict[str, str]:
    """Fault -> finding of the bad day, where the twin has none."""
    day = str(FIRST_DAY + (DAYS - 1) * DAY)[:10]
    query = f"""
        select distinct monitor, finding from health.health_alerts
        where first_period = date '{day}' and finding in ('multivariate_drift', 'volume', 'key')
    """
    with duckdb.connect(project.database, read_only=True) as connection:
        told = set(connection.execute(query).fetchall())
    return {
        fault: finding
        if (fault, finding) in told and (f"{fault}_twin" if fault.startswith("corr") else "twin", finding) not in told
        else ""
        for fault, finding in TABLE_FAULTS.items()
    }


if __name__ == "__main__":
    main()
