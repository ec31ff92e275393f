"""The seed files of the demo as its monitors see them, by the standard library and NumPy alone."""

import csv
from collections import Counter
from datetime import date, timedelta

import numpy as np
from consumer import REPOSITORY

SEEDS = REPOSITORY / "seeds" / "demo"
MONTHS = [date(2024 + number // 12, number % 12 + 1, 1) for number in range(18)]
SENTINELS = {
    "bmi": "N/A",
    "smoking_status": "N/A",
    "insurance": "unknown",
    "cholesterol": "-999",
    "prior_visits": "999",
}


def read(name):
    with (SEEDS / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def day(row):
    return date.fromisoformat(row["screened_at"][:10])


def monday(row):
    return day(row) - timedelta(days=day(row).weekday())


def groups(rows, period):
    result = {}
    for row in rows:
        result.setdefault(period(row), []).append(row)
    return result


def cleaned(rows):
    """What the rules leave: no row of somebody under age, and no value that stands for none."""
    kept = [row for row in rows if int(row["age"]) >= 18]
    return [row | {name: "" for name, value in SENTINELS.items() if row[name] == value} for row in kept]


def rows_by_week():
    """Monday -> delivered rows that are kept."""
    return groups(cleaned(read("raw_screenings")), monday)


def visits_by_month():
    """Month -> kept visits that are no test, each once."""
    visits = {row["screening_id"]: row for row in cleaned(read("raw_screenings")) if row["is_test"] == "N"}
    return groups(visits.values(), lambda row: day(row).replace(day=1))


def reference_rows(months):
    """Reference -> rows of the files."""
    training = {name: read(f"training_set_{name[-2:]}") for name in ("training_v1", "training_v2")}
    return training | {"first_half": [row for month in MONTHS[:6] for row in months[month]]}


def numbers(rows, column):
    return np.array([float(row[column]) for row in rows if row[column] != ""])


def most_frequent(rows, column):
    present = [row[column] for row in rows if row[column] != ""]
    (value, count), (_, second) = Counter(present).most_common(2)
    return (value if count > second else None), count / len(present)


def split(values, first, after=date.max):
    """Values of the periods from `first` to before `after`, and those of the other periods."""
    inside = [value for period, value in values.items() if first <= period < after]
    return inside, [value for period, value in values.items() if not first <= period < after]
