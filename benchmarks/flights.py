"""
Repair flights that many sources tell, by a declared dependency, with the package itself, and score the cells:

    python benchmarks/flights.py [--seeds 8]

Each seed is a table of benchmarks/told_by_many.py with known truth. All are built by one `dbt build`: with the votes of
the sources weighed, and with every row counted alike. Beside them stands what a plain majority of the group would give
if it always decided. Times are compared as times of day, in whatever form they are written.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from cleaning import POSITION, Score, build, load, quoted, write_project
from cleaning import score as cell_score
from numpy.typing import NDArray
from told_by_many import TIMES, Told, minutes, told

Minutes = NDArray[np.int64]
DEPENDENCY = {"by": ["day", "flight"], "columns": TIMES, "fill": True, "min_share": 0.6}
WAYS = {"sources weighed": DEPENDENCY | {"source": "source"}, "rows counted": DEPENDENCY}


def main() -> None:
    """Make the tables, run the package, print the scores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=8, help="tables, with the seeds from 100 on")
    # the settings of the package were chosen with tables of the seeds before
    tables = [told(100 + number) for number in range(parser.parse_args().seeds)]
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "flights.duckdb"
        build_all(Path(folder), database, tables)
        wrong = [(as_minutes(table.dirty) != as_minutes(table.clean)).mean() for table in tables]
        empty = [
            is_empty(table.dirty).sum() / (as_minutes(table.dirty) != as_minutes(table.clean)).sum() for table in tables
        ]
        rows = np.mean([len(table.dirty) for table in tables])
        print(
            f"{len(tables)} tables of {rows:,.0f} rows; {np.mean(wrong):.1%} of the cells wrong, {np.mean(empty):.0%} of these empty\n"
        )
        print("| way | repair precision, recall, F1 | lowest F1 | harm | highest harm |\n|---|---|---|---|---|")
        print(line("majority, always", [scored(table, majority(table)) for table in tables]))
        for number, way in enumerate(WAYS):
            after = [repaired(database, number, seed) for seed in range(len(tables))]
            print(line(way, [scored(table, values) for table, values in zip(tables, after, strict=True)]))
        print("\n| confidence of a changed value | cells | right |\n|---|---|---|")
        print("\n".join(calibration(database, tables)))


def build_all(folder: Path, database: Path, tables: list[Told]) -> None:
    """Load the tables, one below the other, and repair each in every way."""
    names = ["seed", POSITION, *tables[0].names]
    rows = [
        np.column_stack([np.full(len(table.dirty), str(seed)), np.arange(len(table.dirty)).astype(str), table.dirty])
        for seed, table in enumerate(tables)
    ]
    load(database, names, np.concatenate(rows))
    sets: dict[str, Any] = {}
    models = {}
    for seed in range(len(tables)):
        for number, dependency in enumerate(WAYS.values()):
            name = f"way_{number}_{seed}"
            sets[name] = {
                "relation": {"source": ["raw", "dirty"]},
                "where": f"seed = '{seed}'",
                "key": POSITION,
                "dependencies": [dependency],
            }
            models[name] = f"{{{{ data_health.repaired('{name}') }}}}"
            models[f"{name}_log"] = f"{{{{ data_health.repair_log('{name}') }}}}"
    write_project(folder, database, sets, models)
    build(folder)


def repaired(database: Path, way: int, seed: int) -> NDArray[np.object_]:
    """The times (rows, times) of a table as a way of repair leaves them."""
    columns = ", ".join(map(quoted, TIMES))
    query = f"select {columns} from way_{way}_{seed} order by cast({quoted(POSITION)} as integer)"
    with duckdb.connect(str(database), read_only=True) as connection:
        return np.array(connection.execute(query).fetchall(), dtype=object)


def as_minutes(rows: NDArray[np.object_]) -> Minutes:
    """The last columns of the rows, which are times, as minutes (rows, times); -1 where there is none."""
    return np.vectorize(minutes, otypes=[np.int64])(rows[:, -len(TIMES) :])


def is_empty(rows: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Which times (rows, times) are missing."""
    return as_minutes(rows) < 0


def majority(table: Told) -> NDArray[np.object_]:
    """The table with the most frequent time of each flight in all its cells; of several the earliest."""
    _, flight = np.unique(table.dirty[:, 1] + table.dirty[:, 2].astype(object), return_inverse=True)
    told_minutes, after = as_minutes(table.dirty), table.dirty.copy()
    for column in range(len(TIMES)):
        for group in range(flight.max() + 1):
            rows = np.flatnonzero(flight == group)
            known = told_minutes[rows, column]
            known = known[known >= 0]
            if len(known):
                usual = np.bincount(known).argmax()
                after[rows, column - len(TIMES)] = f"{usual // 60:02}:{usual % 60:02}"
    return after


def scored(table: Told, after: NDArray[np.object_]) -> Score:
    """The score of the times, compared as times of day."""
    as_texts = [as_minutes(rows).astype(str).astype(object) for rows in (table.dirty, table.clean, after)]
    return cell_score(*as_texts)


def line(way: str, scores: list[Score]) -> str:
    """A row of the table of scores."""
    precision = np.array([score.repair_precision for score in scores])
    recall = np.array([score.repair_recall for score in scores])
    harm = np.array([score.harm for score in scores])
    f1 = 2 * precision * recall / (precision + recall)
    means = f"{precision.mean():.3f}, {recall.mean():.3f}, **{f1.mean():.3f}**"
    return f"| {way} | {means} | {f1.min():.3f} | {harm.mean():.2%} | {harm.max():.2%} |"


def calibration(database: Path, tables: list[Told]) -> list[str]:
    """Rows of a table: how many of the values that were filled in or replaced are right, by their confidence."""
    found = []
    with duckdb.connect(str(database), read_only=True) as connection:
        for seed, table in enumerate(tables):
            clean = as_minutes(table.clean)
            query = f"select {quoted(POSITION)}, column_name, value_after, confidence from way_0_{seed}_log where method <> 'form'"
            for position, name, value, confidence in connection.execute(query).fetchall():
                found.append((confidence, minutes(value) == clean[int(position), TIMES.index(name)]))
    confidence, is_right = np.array(found, dtype=float).T
    lines = []
    for low in (0.6, 0.7, 0.8, 0.9):
        among = (confidence >= low) & (confidence < low + 0.1)
        lines.append(f"| {low:.1f} to {low + 0.1:.1f} | {among.sum()} | {is_right[among].mean():.3f} |")
    return lines


if __name__ == "__main__":
    main()
