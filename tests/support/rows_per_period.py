"""Tables whose periods have given numbers of rows."""

from datetime import date, timedelta

import numpy as np

MONTHS = [date(2015 + number // 12, number % 12 + 1, 1) for number in range(72)]
DAYS = [date(2024, 1, 1) + timedelta(days=number) for number in range(40 * 7)]
NORMAL = [400, 390, 410, 405, 395, 400, 402, 398, 401, 399, 404, 396]


def seeded(name):
    return np.random.default_rng(sum(map(ord, name)))


def daily():
    """A shop that is closed on Sundays, busy on Saturdays, was closed on a Wednesday and counted a Thursday twice."""
    random = seeded("daily")
    shape = [100, 90, 95, 105, 120, 300, 0]
    counts = [int(random.poisson(shape[day.weekday()])) for day in DAYS]
    counts[30 * 7 + 2] = 0
    counts[31 * 7 + 3] *= 2
    return counts


def yearly():
    """Twice as much in December, a tenth more every year, and a December that does not come."""
    random = seeded("yearly")
    counts = [
        int(random.poisson(400 * 1.1 ** (number / 12) * (2 if day.month == 12 else 1)))
        for number, day in enumerate(MONTHS)
    ]
    counts[5 * 12 + 11] //= 2
    return counts


def rows_of(consumer, name, counts, periods):
    """Create raw.<name> with so many rows per period, all on its first day."""
    values = ", ".join(f"(timestamp '{day}', {count})" for day, count in zip(periods, counts, strict=False))
    consumer.sql(f"""
        create or replace table raw.{name} as
        select moment + to_minutes(cast(number % 600 as integer)) as moment, number % 7 as value
        from (values {values}) as periods (moment, row_count), range(row_count) as numbers (number)
    """)
