"""Print the first look at the built demo: `python -m data_health.demo.look data_health.duckdb`."""

import sys

import duckdb

QUERY = """
    select period_start, row_count, round(null_share, 3) as null_share, round(mean, 1) as mean,
        round(standard_deviation, 1) as standard_deviation, round(p05, 1) as p05, round(p50, 1) as p50,
        round(p95, 1) as p95
    from health_profile
    where monitor = 'screenings' and dataset = 'production' and segment_column = '(all)' and column_name = 'glucose'
    order by period_start
"""


def main(database: str) -> None:
    """Show one feature month by month; the mean moves in January 2025."""
    with duckdb.connect(database, read_only=True) as connection:
        print("glucose of the monitor screenings, by month:")
        connection.sql(QUERY).show(max_rows=40)


if __name__ == "__main__":
    main(sys.argv[1])
