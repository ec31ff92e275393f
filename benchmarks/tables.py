"""The generated table: the same rows every time, whatever the number of threads or chunks.

    python benchmarks/tables.py bench.duckdb --rows 1000000 --columns 25 --days 360
    python benchmarks/tables.py bench.duckdb --rows 1000000 --days 360 --grow

Every value is a function of a hash of its row, column and the seed. Four columns in five are numbers of different
shapes, the fifth is a category. Rows are evenly spread over the days, and inserted in chunks, so that memory does not
grow with the table.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import duckdb

SEED = 42
# enough for two random numbers of each of 2,048 columns
NUMBERS_PER_ROW = 4096
CELLS_PER_CHUNK = 50_000_000
MEMORY_LIMIT = "2GB"
FIRST_DAY = "timestamp '2024-01-01'"

# of two independent numbers, even between 0 and 1
SHAPES = (
    "{a} * 100",
    "exp(4 * sqrt(-2 * ln({a} + 1e-12)) * cos(6.283185307 * {b}))",
    "sqrt(-2 * ln({a} + 1e-12)) * cos(6.283185307 * {b})",
    "case when {a} < .8 then 0 else round({b} * 1000, 2) end",
    "cast(floor({a} * 20) as integer)",
    "tan(3.14159265 * ({a} - .5))",
    "- ln({a} + 1e-12)",
)
CATEGORIES = (3, 10, 50, 200, 500)


def main() -> None:
    """Generate or grow the table `bench` in a database file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=25)
    parser.add_argument("--days", type=int, default=360)
    parser.add_argument("--grow", action="store_true", help="add one more day to the table that is there")
    options = parser.parse_args()
    with duckdb.connect(options.database, config={"memory_limit": MEMORY_LIMIT}) as connection:
        connection.execute("set enable_progress_bar = false")
        if options.grow:
            connection.execute(growth_sql(options.rows, options.days))
        else:
            generate(connection, options.rows, options.columns, options.days)


def generate(connection: duckdb.DuckDBPyConnection, rows: int, columns: int, days: int) -> None:
    """Fill the table chunk by chunk."""
    chunk = max(1, CELLS_PER_CHUNK // columns)
    connection.execute(f"create or replace table bench as {rows_sql(0, 0, rows, columns, days)}")
    for first in range(0, rows, chunk):
        connection.execute(f"insert into bench {rows_sql(first, min(first + chunk, rows), rows, columns, days)}")
        connection.execute("checkpoint")


def rows_sql(first: int, end: int, rows: int, columns: int, days: int) -> str:
    """The query that gives rows `first` to `end` of `rows`."""
    step = days * 86_400_000_000 // rows
    values = ", ".join(f"{column_sql(number)} as c{number}" for number in range(columns))
    return f"select range as id, {FIRST_DAY} + to_microseconds(range * {step}) as happened_at, {values} from range({first}, {end})"


def column_sql(number: int) -> str:
    """The expression of a column."""
    a, b = (
        f"((hash(range * {NUMBERS_PER_ROW} + {SEED << 44} + {2 * number + which}) >> 11) * {2.0**-53!r})"
        for which in (0, 1)
    )
    if is_category(number):
        return f"'v' || cast(floor({a} * {CATEGORIES[number // 5 % len(CATEGORIES)]}) as integer)"
    return SHAPES[number % len(SHAPES)].format(a=a, b=b)


def is_category(number: int) -> bool:
    """Whether a column holds categories; it holds numbers otherwise."""
    return number % 5 == 4


def growth_sql(rows: int, days: int) -> str:
    """The statement that adds one more day: the values of the first."""
    day = f"{FIRST_DAY} + interval {days} day"
    return (
        f"insert into bench select * replace (id + {rows} as id, {day} + (happened_at - {FIRST_DAY}) as happened_at) "
        f"from bench where happened_at < {FIRST_DAY} + interval 1 day"
    )


def sums_sql(columns: int) -> str:
    """The cheapest query that reads every number: its sum."""
    return f"select {', '.join(f'sum(c{number})' for number in range(columns) if not is_category(number))} from bench"


if __name__ == "__main__":
    main()
