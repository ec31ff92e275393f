"""Scores of two model versions, the project that monitors them, and what scikit-learn says of the same rows."""

import datetime

import numpy as np
import pyarrow as pa

MONTHS = [datetime.date(2024, month, 1) for month in range(1, 7)]
SUBGROUPS = ("sex", "age band", ("age band", "sex"))
COLUMNS = ("id", "at", "sex", "age band", "weight", "score", "label", "predicted", "version")


def made_up(seed, count, month, version, skill=1.5):
    """Rows whose score tells the label as well as `skill` says; a third of the ages is not known."""
    draw = np.random.default_rng(seed)
    label = draw.random(count) < 0.3
    score = 1 / (1 + np.exp(-(draw.normal(0, 1, count) + skill * label - 1.2)))
    sex, age = draw.choice(["f", "m"], count), draw.choice(["young", "old, very", ""], count)
    days = draw.integers(0, 28, count)
    return [
        {
            "id": seed * 1_000_000 + place,
            "at": datetime.datetime.combine(month, datetime.time()) + datetime.timedelta(days=int(days[place])),
            "sex": str(sex[place]),
            "age band": str(age[place]) or None,
            "weight": float(draw.gamma(2, 3)),
            "score": float(score[place]),
            "label": None if draw.random() < 0.1 else "yes" if label[place] else "no",
            "predicted": None if draw.random() < 0.05 else "yes" if score[place] > 0.45 else "no",
            "version": version,
        }
        for place in range(count)
    ]


def rows_of_all():
    """Version v1 for six months, v2 from April on; in June v2 knows nothing of the label any more."""
    rows = []
    for number, month in enumerate(MONTHS):
        rows += made_up(number + 1, 5000, month, "v1")
        if number >= 3:
            rows += made_up(number + 11, 2000, month, "v2", 0.0 if number == 5 else 2.0)
    return rows


def load(consumer, rows, table="rows"):
    types = {"at": pa.timestamp("us"), "score": pa.float64(), "weight": pa.float64()}
    columns = {name: pa.array([row[name] for row in rows], types.get(name)) for name in COLUMNS}
    # a score of eleven values
    consumer.load(table, columns | {"rounded": pa.array([round(row["score"], 1) for row in rows])})


# published by ProPublica: COMPAS scores of defendants in Broward County, (called dangerous, arrested again) -> defendants
COMPAS = {
    "African-American": {(1, 1): 1369, (1, 0): 805, (0, 1): 532, (0, 0): 990},
    "Caucasian": {(1, 1): 505, (1, 0): 349, (0, 1): 461, (0, 0): 1139},
}


def load_compas(consumer):
    rows = [(race, *cell) for race, cells in COMPAS.items() for cell, count in cells.items() for _ in range(count)]
    race, predicted, label = zip(*rows, strict=True)
    day = pa.array([datetime.date(2014, 1, 1)] * len(rows))
    consumer.load("compas", {"race": race, "predicted": predicted, "label": label, "day": day})


SUBGROUP_LISTS = [list(names) if isinstance(names, tuple) else names for names in SUBGROUPS]
MONITOR = {
    "relation": {"source": ["raw", "rows"]},
    "key": "id",
    "time": "at",
    "subgroups": SUBGROUP_LISTS,
    "label": {"column": "label", "positive": "yes"},
    "prediction": {"score": "score", "label": "predicted", "version": "version"},
    "parts": {"drift": False, "coverage": False, "components": False, "combinations": False, "representation": False},
}
PLAIN = MONITOR | {"subgroups": []}
CONFIGURATION = {
    "monitors": {
        "rows": MONITOR
        | {
            "references": {"half": {"from": "2024-01-01", "to": "2024-06-01"}},
            "fairness": {"sex": {"reference": "f"}, "age band, sex": {"reference": "young, f"}},
        },
        "weighted": MONITOR | {"weight": "weight", "fairness": {"sex": {"reference": "women"}}},
        "hidden": MONITOR | {"show_values": ["sex"]},
        "labels_only": PLAIN | {"prediction": {"label": "predicted", "version": "version"}},
        "scores_only": PLAIN | {"prediction": {"score": "score", "version": "version"}},
        "threshold": PLAIN | {"prediction": {"score": "score", "version": "version", "threshold": 0.45}},
        "values": PLAIN | {"prediction": {"score": "rounded", "label": "predicted", "version": "version"}},
        "late": PLAIN | {"label": MONITOR["label"] | {"matures_after": "20000 days"}},
        "unlabelled": {key: value for key, value in PLAIN.items() if key != "label"},
        "compas": {
            "relation": {"source": ["raw", "compas"]},
            "time": "day",
            "subgroups": ["race"],
            "label": {"column": "label", "positive": 1},
            "prediction": {"label": "predicted"},
            "parts": MONITOR["parts"],
        },
    }
}
SOURCES = ("rows", "compas")
PERFORMANCE = (
    "+health_performance",
    "+health_fairness",
    "--exclude",
    "test_type:unit",
    "--indirect-selection",
    "cautious",
)


def spelled(row, subgroup):
    """The group of a row as the marts write it."""
    names = subgroup.split(", ")
    values = ["(null)" if row[name] is None else row[name] for name in names]
    return ", ".join(f'"{value}"' if len(names) > 1 and ", " in value else value for value in values)


def arrays(rows, score="score"):
    """Label, score, predicted label (NaN where there is none) and weight of the rows that have a label."""
    known = [row for row in rows if row["label"]]
    said = [np.nan if row["predicted"] is None else row["predicted"] == "yes" for row in known]
    return (
        np.array([row["label"] == "yes" for row in known], float),
        np.array([row["score"] if score == "score" else round(row["score"], 1) for row in known]),
        np.array(said, float),
        np.array([row["weight"] for row in known]),
    )
