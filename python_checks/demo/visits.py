"""A year of visits without faults and without labels, and apart from them the truth.

`python -m data_health.demo.visits warehouse.duckdb truth.csv` makes the table `raw.visits` and the file.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click
import duckdb
import pyarrow as pa
from data_health.demo.clinic import FEATURES, Table, to_csv, training_row
from data_health.demo.faults import few_older_patients
from data_health.demo.rows import FIRST_DAY, POPULATION, Screening, diagnose, make_patients, make_screenings

LAST_DAY = date(2024, 12, 31)


def clean_screenings() -> list[Screening]:
    """The visits of 2024 as they were. The same on every call."""
    people = make_patients("people", "P", 4000, few_older_patients(POPULATION["age_band"]), date(2024, 10, 1))
    return make_screenings("screenings", "S", people, FIRST_DAY, LAST_DAY, (8, 17))


def load_visits(warehouse: Path, visits: Table) -> None:
    """Create or replace the table raw.visits of a DuckDB file."""
    types = {"screening_id": "varchar", "screened_at": "timestamp", **{name: kind for name, kind, _ in FEATURES}}
    columns = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in types.items())
    with duckdb.connect(str(warehouse)) as connection:
        connection.register("visits", pa.table({name: [row[name] for row in visits] for name in types}))
        connection.execute("create schema if not exists raw")
        connection.execute(f"create or replace table raw.visits as select {columns} from visits")


@click.command()
@click.argument("warehouse", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("truth", type=click.Path(dir_okay=False, path_type=Path))
def main(warehouse: Path, truth: Path) -> None:
    """Make the table raw.visits in the DuckDB file WAREHOUSE, and the file TRUTH with the label of each."""
    screenings = clean_screenings()
    load_visits(warehouse, [training_row(row) for row in screenings])
    diagnoses = diagnose(screenings).items()
    truth.write_text(to_csv([{"screening_id": key, "label": "yes" if is_ill else "no"} for key, is_ill in diagnoses]))
    click.echo(f"{len(screenings):,} visits without a label in {warehouse}; the truth is in {truth}")


if __name__ == "__main__":
    main()
