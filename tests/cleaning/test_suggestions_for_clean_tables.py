"""100 random tables without a fault: nothing is suggested but what is true of them by the way in which they are made."""

import datetime

import numpy as np
import pytest
from data_health.cleaning.suggestions import suggested_rules

WORDS = ["lamp", "desk", "sofa", "shelf", "chair", "table", "clock", "mirror", "carpet", "basket"]
# kinds that look at several columns, at names or at how people write
NEW = {"unicode", "order", "arithmetic", "key", "required", "question"}


def days(numbers, form="%Y-%m-%d"):
    return [(datetime.date(1950, 1, 1) + datetime.timedelta(int(number))).strftime(form) for number in numbers]


def texts(numbers, digits=0):
    return [f"{number:.{digits}f}" for number in numbers]


# name -> a maker of values from a generator and a number of rows; names are chosen to tempt
MAKERS = {
    "customer_id": lambda draw, n: texts(draw.choice(10 * n, n, replace=False) + 100000),
    "phone_number": lambda draw, n: texts(draw.integers(2_000_000_000, 9_900_000_000, n)),
    "npi": lambda draw, n: texts(draw.integers(1_000_000_000, 2_000_000_000, n)),
    "zip": lambda draw, n: [f"{number:05}" for number in draw.integers(500, 99999, n)],
    "postcode": lambda draw, n: [f"{a} {b}" for a, b in draw.integers(100, 999, (n, 2))],
    "icd": lambda draw, n: [
        f"{a}.{b}" for a, b in zip(draw.integers(100, 999, n), draw.integers(0, 9, n), strict=True)
    ],
    "version": lambda draw, n: [f"{a}.{b}.{c}" for a, b, c in draw.integers(0, 20, (n, 3))],
    "area": lambda draw, n: [f"({number})" for number in draw.integers(200, 999, n)],
    "pages": lambda draw, n: [f"{a}-{a + b}" for a, b in draw.integers(1, 90, (n, 2))],
    "score_a": lambda draw, n: texts(draw.normal(50, 10, n), 1),
    "score_b": lambda draw, n: texts(draw.normal(60, 10, n), 1),
    "height_cm": lambda draw, n: texts(draw.normal(170, 8, n), 1),
    "weight_kg": lambda draw, n: texts(draw.normal(75, 12, n), 1),
    "salary_usd": lambda draw, n: texts(np.exp(draw.normal(10, 0.4, n))),
    "bonus_usd": lambda draw, n: texts(np.where(draw.random(n) < 0.9, 0, draw.integers(100, 9000, n))),
    "items_count": lambda draw, n: texts(draw.integers(0, 4, n)),
    "returns_count": lambda draw, n: texts(draw.integers(0, 3, n)),
    "orders_count": lambda draw, n: texts(draw.poisson(3, n)),
    "visits_count": lambda draw, n: texts(draw.poisson(3.5, n)),
    "big_count": lambda draw, n: texts(draw.integers(1_000_000_000, 1_900_000_000, n)),
    "eight_digits": lambda draw, n: texts(draw.integers(10_000_000, 99_999_999, n)),
    "birthday": lambda draw, n: days(draw.integers(0, 20000, n)),
    "hired": lambda draw, n: days(draw.integers(20000, 26000, n), "%d.%m.%Y"),
    "last_seen": lambda draw, n: days(draw.integers(24000, 27000, n)),
    "grade": lambda draw, n: draw.choice(["Y", "N", "T", "F"], n).tolist(),
    "level": lambda draw, n: draw.choice(["1", "2", "no"], n, p=[0.5, 0.3, 0.2]).tolist(),
    "on_sale": lambda draw, n: draw.choice(["yes", "no"], n).tolist(),
    "flag": lambda draw, n: draw.choice(["0", "1"], n).tolist(),
    "rare_flag": lambda draw, n: draw.choice(["0", "1"], n, p=[0.99, 0.01]).tolist(),
    "other_rare_flag": lambda draw, n: draw.choice(["0", "1"], n, p=[0.99, 0.01]).tolist(),
    "thing": lambda draw, n: draw.choice(WORDS, n).tolist(),
    "note": lambda draw, n: [" ".join(draw.choice(WORDS, 4)) + f" Nr. {number}" for number in draw.integers(0, 999, n)],
    "town": lambda draw, n: draw.choice(["Zürich", "Genève", "São Paulo", "Łódź"], n).tolist(),
    "hindi": lambda draw, n: draw.choice(["क्या", "नमस्ते", "धन्यवाद"], n).tolist(),
    "test": lambda draw, n: draw.choice(["+", "-"], n).tolist(),
    "mood": lambda draw, n: draw.choice(["👩\u200d💻", "🙂", "👍"], n).tolist(),
    "age": lambda draw, n: texts(draw.integers(18, 95, n)),
    "lat": lambda draw, n: texts(draw.uniform(-60, 70, n), 4),
    "lon": lambda draw, n: texts(draw.uniform(-170, 170, n), 4),
    "pct_change": lambda draw, n: texts(draw.normal(3, 40, n), 1),
    "percent": lambda draw, n: texts(draw.uniform(0, 100, n), 1),
}


@pytest.mark.parametrize("seed", range(100))
def test_nothing_wrong_is_suggested(seed):
    draw = np.random.default_rng(seed)
    names = draw.permutation(list(MAKERS))[: draw.integers(4, 25)].tolist()
    n = int(draw.integers(60, 1500))
    columns = [MAKERS[name](draw, n) for name in names]
    values = np.array(columns, dtype=object).T
    is_missing = draw.random(values.shape) < draw.choice([0, 0.05, 0.4], len(names))
    for number, name in enumerate(names):
        if name != "customer_id":
            values[is_missing[:, number], number] = None
    found = suggested_rules(names, values)
    wrong = [(item.column, item.kind, item.rule, item.evidence) for item in found if is_wrong(item, set(names))]
    assert not wrong
    assert ("customer_id" in names) == any(item.kind == "key" for item in found)


def is_wrong(item, names):
    """What changes a value, fails a row, or says of two columns what only chance could."""
    if item.column == "customer_id" and item.kind in ("key", "required"):
        return False
    # joiners of emoji are asked about
    if item.kind == "question":
        return item.column != "mood"
    is_format = item.kind in ("format", "unit", "case", "sentinel", "whitespace") or "epoch" in (item.rule or {})
    return item.kind in NEW or is_format or (item.kind == "range" and item.affected > 0)
