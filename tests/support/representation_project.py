"""Visits whose groups are rare, empty, null or oddly named, the project that monitors them, and rows of its marts."""

import datetime
import itertools
import math

import numpy as np
import pyarrow as pa

MONTHS = [datetime.date(2024, month, 1) for month in (1, 2, 3)]
ATTRIBUTES = ("order", "age band", "Größe")
SUBGROUPS = (("order",), ("age band",), ("Größe",), ("order", "age band"), ("Größe", "order"))
POPULATION = [
    ("order", "f", 0.51),
    ("order", "m", 0.48),
    ("order", "nobody came", 0.01),
    ("age band", "young", 0.3),
    ("age band", "old", 0.4),
    ("age band", "oldest", 0.25),
    ("age band", "broken", 1.7),
    ("order, age band", "f, young", 0.2),
]
NAMES = [("age band", "18-34", "young"), ("age band", "35, 49", "young"), ("age band", "75+", "old")]
REGISTER = [
    # id, monitor, subgroup, value, metric, threshold, reference, opened, expiry
    ("rare", "visits", "order", "m", "share", 0.6, None, None),
    ("kept", "visits", "order", "f", "share_ratio", 0.8, None, "2020-01-01"),
    ("rows", "visits", "Größe", None, "row_count", 1.0, "production", None),
    ("labels", "visits", "order", "m", "label_rate_ratio", 0.9, "production", None),
    ("chosen", "visits", "age band", "18-34", "selection_ratio", 0.8, "production", None),
    ("found", "visits", "order", "f", "true_positive_rate", 0.99, "production", None),
    ("accused", "visits", "order", "f", "false_positive_rate", 0.1, "production", None),
    ("gaps", "visits", "order", "f", "missing_share", 0.5, "production", None),
    ("answers", "visits", "order", "f", "label_coverage", 0.9, "production", None),
    ("no group", "visits", "order", "x", "share", 0.1, "training", None),
    ("no metric", "visits", "order", "f", "beauty", 0.1, "training", None),
    ("no subgroup", "visits", "colour", "red", "share", 0.1, "training", None),
    ("no threshold", "visits", "order", "f", "share", None, "training", None),
    ("no reference", "visits", "order", "f", "share", 0.1, "traning", None),
    ("no monitor", "visit", "order", "f", "share", 0.1, None, None),
    ("no population", "visits", "Größe", "l", "share_ratio", 0.8, "training", None),
    ("no labels", "visits", "order", "f", "label_rate_ratio", 0.8, "training", None),
    ("tiny", "visits", "order", "f", "missing_share", 0.8, "few", None),
]


def made_up(seed, count, month=None, skew=0.0):
    """Rows with groups that are rare, empty, null or named like something else."""
    draw = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        sex = str(draw.choice(["f", "m"], p=[0.5 + skew, 0.5 - skew])) if draw.random() > 0.05 else None
        label = None if draw.random() < 0.5 else "yes" if draw.random() < (0.5 if sex == "f" else 0.35) else "no"
        rows.append(
            {
                "id": seed * 100000 + number,
                "at": None if month is None else datetime.datetime(2024, month, 1 + number % 28),
                "order": sex,
                "age band": [None, "18-34", "35, 49", "75+", "(null)", '"quoted"', ""][
                    int(draw.choice(7, p=[0.05, 0.4, 0.2, 0.3, 0.02, 0.02, 0.01]))
                ],
                "Größe": [None, "s", "l"][int(draw.choice(3, p=[0.3, 0.69, 0.01]))],
                "weight": [None, math.nan, -1.0, math.inf, 0.0][number % 5] if number < 10 else float(draw.gamma(2, 3)),
                "label": label,
                "predicted": None if draw.random() < 0.2 else bool(draw.random() < (0.25 if sex == "f" else 0.6)),
                "version": f"v{number % 2}",
                "height": None if draw.random() < 0.1 else 170.0,
                "pulse": None if draw.random() < 0.3 else 70.0,
            }
        )
    return rows


PRODUCTION = {month: made_up(number, 500, number, 0.02 * number) for number, month in enumerate(MONTHS, 1)}
TRAINING = made_up(7, 800, skew=0.3)
FEW = made_up(8, 20)


def load(consumer, table, rows, columns, types=None):
    types = types or {}
    consumer.load(table, {name: pa.array([row[name] for row in rows], types.get(name)) for name in columns})


def load_production(consumer, rows):
    columns = [name for name in rows[0] if name != "label"]
    load(consumer, "visits", rows, columns, {"at": pa.timestamp("us"), "weight": pa.float64()})
    answers = [row | {"answer": row["label"]} for row in rows if row["label"]]
    load(consumer, "answers", answers, ["id", "answer"])


def load_tables(consumer):
    load_production(consumer, list(itertools.chain(*PRODUCTION.values())))
    # the training set lacks a column and has no labels; the few are labelled
    load(consumer, "training", TRAINING, ["id", "order", "age band", "weight", "height", "pulse"])
    few = [row | {"answer": row["label"]} for row in FEW]
    load(consumer, "few", few, ["id", *ATTRIBUTES, "height", "pulse", "answer"])
    for table, names, rows in (
        ("population", ("subgroup", "value", "share"), POPULATION),
        ("names", ("subgroup", "value", "population_value"), NAMES),
    ):
        consumer.load(table, {name: [row[place] for row in rows] for place, name in enumerate(names)})
    load_register(consumer, REGISTER)


def load_register(consumer, entries):
    names = ("id", "monitor", "subgroup", "value", "metric", "threshold", "reference", "expiry")
    types = {"threshold": pa.float64()}
    table = {
        name: pa.array([row[place] for row in entries], types.get(name, pa.string()))
        for place, name in enumerate(names)
    }
    day = pa.array([datetime.date(2023, 1, 1)] * len(entries))
    expiry = [datetime.date.fromisoformat(row[7]) if row[7] else None for row in entries]
    consumer.load(
        "register", table | {"owner": ["ana"] * len(entries), "opened": day, "expiry": pa.array(expiry, pa.date32())}
    )


MONITOR = {
    "relation": {"source": ["raw", "visits"]},
    "key": "id",
    "time": "at",
    "subgroups": [list(columns) for columns in SUBGROUPS],
    "features": ["height", "pulse"],
    "references": {
        "training": {"relation": {"source": ["raw", "training"]}},
        "few": {"relation": {"source": ["raw", "few"]}},
        "january": {"from": "2024-01-01", "to": "2024-02-01"},
    },
    "population": {"source": ["raw", "population"]},
    "population_names": {"source": ["raw", "names"]},
    "label": {"relation": {"source": ["raw", "answers"]}, "key": "id", "column": "answer", "positive": "yes"},
    "prediction": {"label": "predicted", "version": "version"},
    "parts": {"drift": False, "coverage": False, "components": False},
}
SOURCES = ("visits", "answers", "training", "few", "population", "names", "register")
REPRESENTATION = (
    "+health_representation",
    "+health_bias_gate",
    "+health_volume",
    "--exclude",
    "test_type:unit",
    "--indirect-selection",
    "cautious",
)


PLAIN = MONITOR | {"references": {}, "population": None, "population_names": None, "show_values": ["age band"]}
CONFIGURATION = {
    "monitors": {
        "visits": MONITOR,
        "weighted": MONITOR | {"weight": "weight"},
        "hidden": PLAIN,
        "nothing": PLAIN | {"time": None, "label": None, "prediction": None},
        "strict": MONITOR | {"thresholds": {"representation": [0.01, 0.02]}, "minimum_rows": 2},
        "without": MONITOR | {"parts": {"representation": False}},
    },
    "known_biases": {"source": ["raw", "register"]},
}


def names_of(columns):
    return [((subgroup, value), other) for subgroup, value, other in NAMES if subgroup in columns]


def sides(reference):
    """The rows of February and those of what it is compared with."""
    other = {
        "january": PRODUCTION[MONTHS[0]],
        "(previous period)": PRODUCTION[MONTHS[0]],
        "training": TRAINING,
        "few": FEW,
    }
    return PRODUCTION[MONTHS[1]], other.get(reference)


def of(project, monitor="visits", month=MONTHS[1], dataset="production", table="health_representation"):
    period = "is not distinct from " + (f"date '{month}'" if month else "null")
    found = project.rows(
        f"select * from {table} where monitor = '{monitor}' and dataset = '{dataset}' and period_start {period}"
    )
    rows = {(row["reference"], row["subgroup"], row["group_value"]): row for row in found}
    assert len(rows) == len(found)
    return rows


def gate(project, monitor="visits"):
    return {
        row["reference"]: row for row in project.rows(f"select * from health_bias_gate where monitor = '{monitor}'")
    }


def checks(project):
    return {(row["id"], row["reference"]): row for row in project.rows("select * from health_known_biases")}
