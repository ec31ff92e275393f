"""How often drift is called where there is none, and how often it is found where there is some.

    python benchmarks/drift_noise.py --columns 400 --windows 40

Null data: independent draws of mixed kinds, 300 to 100,000 rows a month, against a reference table, a window of the table
itself and the month before. Power: 5,000 rows a month, eight columns of which drift in every month against the reference.
Slow drift: one column that moves by .02 standard deviations a month. One `dbt build` each.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from measure import markdown
from project import Project

SEED = 7
REFERENCE_ROWS = 30_000
ROWS_OF_POWER = 5_000
TRAINING_SET = "{{ config(materialized='view') }} select * from main.training"
Draw = Callable[[np.random.Generator, int], pa.Array]


def main() -> None:
    """Run the three experiments and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--columns", type=int, default=400)
    parser.add_argument("--windows", type=int, default=40)
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder otherwise")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        sizes = np.geomspace(300, 100_000, options.windows).astype(int)
        np.random.default_rng(SEED).shuffle(sizes)
        columns = null_columns(options.columns)
        null = experiment(folder / "null", columns, {}, list(sizes))
        print(
            "Null data\n\n"
            + markdown(["against", "column-windows", "warn or worse", "alert", "judged"], false_alarms(null))
        )
        print(markdown(["kind", "rows", "column-windows", "warn or worse", "alert"], false_alarms_by_kind(null)))
        drifting = drifting_columns()
        background = dict(list(columns.items())[: options.columns - len(drifting)])
        power = experiment(
            folder / "power",
            background | {name: before for name, (before, _) in drifting.items()},
            {name: after for name, (_, after) in drifting.items()},
            [ROWS_OF_POWER] * options.windows,
        )
        print(
            "Power\n\n"
            + markdown(["column", "windows", "warn or worse", "alert", "decided by"], power_of(power, list(drifting)))
        )
        slow = slow_drift(folder / "slow", options.windows)
        print("Slow drift of .02 sd a month\n\n" + markdown(["month", "PSI", "status", "decided by"], slow))


def null_columns(count: int) -> dict[str, Draw]:
    """Columns of mixed kinds by name: a quarter normal, a fifth log-normal, counts, categories, numbers with nulls."""
    generator = np.random.default_rng(SEED)
    columns: dict[str, Draw] = {}
    for number in range(count):
        kind = number % 20
        if kind < 5:
            columns[f"normal_{number}"] = lambda draw, rows: pa.array(draw.normal(size=rows))
        elif kind < 9:
            columns[f"lognormal_{number}"] = lognormal(float(generator.uniform(0.5, 4)))
        elif kind < 12:
            columns[f"count_{number}"] = poisson(float(np.exp(generator.uniform(-1, 4))))
        elif kind < 17:
            columns[f"category_{number}"] = category(zipf(int(np.exp(generator.uniform(np.log(3), np.log(200))))))
        else:
            columns[f"nulls_{number}"] = with_nulls(float(np.exp(generator.uniform(np.log(0.001), np.log(0.5)))))
    return columns


def lognormal(sigma: float) -> Draw:
    """Draws whose logarithm is normal."""
    return lambda draw, rows: pa.array(draw.lognormal(sigma=sigma, size=rows))


def poisson(rate: float) -> Draw:
    """Counts."""
    return lambda draw, rows: pa.array(draw.poisson(rate, size=rows))


def category(shares: np.ndarray) -> Draw:
    """Texts with these shares."""
    names = np.array([f"v{number}" for number in range(len(shares))])
    return lambda draw, rows: pa.array(names[draw.choice(len(shares), size=rows, p=shares)])


def zipf(count: int) -> np.ndarray:
    """Shares that fall with the rank."""
    weights = 1 / np.arange(1, count + 1)
    return weights / weights.sum()


def with_nulls(share: float) -> Draw:
    """Normal draws of which a share is missing."""
    return lambda draw, rows: pa.array(draw.normal(size=rows), mask=draw.random(rows) < share)


def shifted(mean: float, deviation: float = 1) -> Draw:
    """Normal draws."""
    return lambda draw, rows: pa.array(draw.normal(mean, deviation, size=rows))


def drifting_columns() -> dict[str, tuple[Draw, Draw]]:
    """The drifting columns: how they are drawn in the reference, and in production."""
    five, ten = np.array([0.05, 0.6, 0.35]), np.array([0.10, 0.568, 0.332])
    many = zipf(60)
    grown = many * (0.95 - 0.05) / (1 - many[3])
    many_before = many * 0.95 / (1 - many[3])
    many_before[3], grown[3] = 0.05, 0.10
    return {
        "shift_normal": (shifted(0), shifted(0.3)),
        "shift_lognormal": (
            lambda draw, rows: pa.array(np.exp(2 * draw.normal(size=rows))),
            lambda draw, rows: pa.array(np.exp(2 * draw.normal(0.3, size=rows))),
        ),
        "shift_count": (poisson(9), poisson(9 + 0.3 * 3)),
        "variance_normal": (shifted(0), shifted(0, 2**0.5)),
        "variance_lognormal": (
            lambda draw, rows: pa.array(np.exp(draw.normal(size=rows))),
            lambda draw, rows: pa.array(np.exp(draw.normal(0, 2**0.5, size=rows))),
        ),
        "category_of_3": (category(five), category(ten)),
        "category_of_60": (category(many_before / many_before.sum()), category(grown / grown.sum())),
        "nulls_1_to_5": (with_nulls(0.01), with_nulls(0.05)),
    }


def experiment(folder: Path, columns: dict[str, Draw], changed: dict[str, Draw], sizes: list[int]) -> Project:
    """Draw the reference and the months, and build."""
    project = Project(folder, block={"monitors": {"bench": monitor()}}, models={"training_set.sql": TRAINING_SET})
    project.database.unlink(missing_ok=True)
    draw = np.random.default_rng(SEED)
    with duckdb.connect(project.database) as connection:
        store(connection, "training", drawn(draw, columns, REFERENCE_ROWS, date(2019, 12, 1)))
        for month, rows in enumerate(sizes):
            store(
                connection, "bench", drawn(draw, columns | changed, rows, date(2020 + month // 12, month % 12 + 1, 1))
            )
    project.prepare()
    project.build()
    return project


def monitor() -> dict[str, object]:
    """The monitor: a table, read through a model, and a window as references."""
    return {
        "relation": {"source": ["raw", "bench"]},
        "time": "happened_at",
        "grain": "month",
        "references": {
            "table": {"relation": {"ref": "training_set"}},
            "window": {"from": "2020-01-01", "to": "2021-01-01"},
        },
        # the products of columns are another mart's
        "parts": {"components": False},
    }


def drawn(draw: np.random.Generator, columns: dict[str, Draw], rows: int, month: date) -> pa.Table:
    """Rows of one month."""
    moments = pa.array(np.full(rows, np.datetime64(month, "us")))
    return pa.table({"happened_at": moments} | {name: column(draw, rows) for name, column in columns.items()})


def store(connection: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    """Append rows to a table."""
    connection.register("rows_to_store", rows)
    connection.execute(f"create table if not exists {name} as select * from rows_to_store limit 0")
    connection.execute(f"insert into {name} select * from rows_to_store")


def asked(project: Project, query: str) -> list[tuple]:
    """The rows of a query; `judged` is one row per column, month and reference."""
    judged = (
        "select distinct on (reference, period_start, column_name) reference, period_start, column_name, row_count, "
        "regexp_replace(column_name, '_[0-9]+$', '') as kind, column_status, deciding_metric from health.health_drift"
    )
    with duckdb.connect(project.database, read_only=True) as connection:
        return connection.execute(f"with judged as ({judged}) {query}").fetchall()


SHARES = (
    "round(100 * avg(cast(column_status in ('warn', 'alert') as integer)), 4) || ' %', "
    "round(100 * avg(cast(column_status = 'alert' as integer)), 4) || ' %'"
)


def false_alarms(project: Project) -> list[tuple]:
    """Shares of column-windows that are in alarm, by reference."""
    judged = "round(100 * avg(cast(column_status <> 'insufficient_data' as integer)), 2) || ' %'"
    return asked(project, f"select reference, count(*), {SHARES}, {judged} from judged group by reference order by 1")


def false_alarms_by_kind(project: Project) -> list[tuple]:
    """The same by kind of column and number of rows."""
    size = "case when row_count < 1000 then 'below 1,000' when row_count < 10000 then 'below 10,000' else '10,000 and more' end"
    return asked(project, f"select kind, {size}, count(*), {SHARES} from judged group by 1, 2 order by 1, 2")


def power_of(project: Project, names: list[str]) -> list[tuple]:
    """Shares of months in alarm against the reference table, by drifting column and for all others together."""
    known = ", ".join(f"'{name}'" for name in names)
    subject = f"case when column_name in ({known}) then column_name else 'all others' end"
    decided = "mode(deciding_metric)"
    return asked(
        project,
        f"select {subject}, count(*), {SHARES}, {decided} from judged where reference = 'table' group by 1 order by 1",
    )


def slow_drift(folder: Path, windows: int) -> list[tuple]:
    """Months from the first alarm on of a column that moves slowly among twenty that do not."""
    project = Project(folder, block={"monitors": {"bench": monitor()}}, models={"training_set.sql": TRAINING_SET})
    project.database.unlink(missing_ok=True)
    draw = np.random.default_rng(SEED)
    still: dict[str, Draw] = {f"still_{number}": shifted(0) for number in range(20)}
    with duckdb.connect(project.database) as connection:
        store(connection, "training", drawn(draw, still | {"moving": shifted(0)}, REFERENCE_ROWS, date(2019, 12, 1)))
        for month in range(windows):
            columns = still | {"moving": shifted(0.02 * (month + 1))}
            store(connection, "bench", drawn(draw, columns, ROWS_OF_POWER, date(2020 + month // 12, month % 12 + 1, 1)))
    project.prepare()
    project.build()
    with duckdb.connect(project.database, read_only=True) as connection:
        return connection.execute("""
            select strftime(period_start, '%Y-%m'), round(value, 3), column_status, deciding_metric
            from health.health_drift
            where column_name = 'moving' and reference = 'table' and metric = 'population_stability_index'
            order by period_start
        """).fetchall()


if __name__ == "__main__":
    main()
