"""Tables of random combinations and small made-up ones, and the project that monitors them."""

import math

import numpy as np
import pyarrow

OFF = {"drift": False, "components": False, "representation": False}
MARTS = ("health_coverage_combinations", "health_coverage_gaps", "health_volume")

# random lattices: name -> columns with the number of their values, rows, and from how many rows a pattern is covered
LATTICES = {
    "lattice_0": ({"order": 3, "Größe": 4, "a b": 2}, 300, 8),
    "lattice_1": ({"first": 2, "second": 3, "third": 3, "fourth": 4, "fifth": 2}, 700, 5),
    "lattice_2": ({"v1": 3, "v2": 2, "v3": 3, "v4": 2, "v5": 3, "v6": 2}, 900, 4),
}
WORDS = ["o'hara", "", "(other)", "Ü, 'b'"]


def lattice(seed, columns, count):
    """Rows of tuples, of which a tenth is null: texts in odd places, numbers in even ones.

    These are whole numbers, in the fifth without gaps, and in the third doubles with NaN and infinity.
    """
    generator = np.random.default_rng(seed)
    values = []
    for place, size in enumerate(columns.values()):
        kinds = {0: [7, 8, 11, 20], 2: [1.5, math.inf, math.nan, -2.0], 4: [-1, 0, 1, 2]}.get(place, WORDS)
        likely = np.sort(generator.random(size))[::-1]
        drawn = generator.choice(size, count, p=likely / likely.sum())
        missing = generator.random(count) < 0.1
        values.append([None if gone else kinds[number] for number, gone in zip(drawn, missing, strict=True)])
    return list(zip(*values, strict=True))


def configured_monitors():
    """The configuration, with names of sources: random lattices and small made-up tables."""
    monitors, sources = {}, []
    for name, (columns, _, gap_rows) in LATTICES.items():
        monitors[name] = {
            "relation": {"source": ["raw", name]},
            "time": "happened_at",
            "references": {"training": {"relation": {"source": ["raw", f"{name}_training"]}}},
            "combinations": {"features": list(columns), "gap_rows": gap_rows, "gap_levels": len(columns)},
            "show_values": list(columns),
            "parts": OFF,
        }
        sources += [name, f"{name}_training"]
    # no example of a value may be seen, and one feature is not in the training set
    monitors["hidden"] = {
        "relation": {"source": ["raw", "lattice_1"]},
        "time": "happened_at",
        "references": {"training": {"relation": {"source": ["raw", "lattice_0_training"]}}},
        "combinations": {"features": ["second", "fourth"]},
        "parts": OFF,
    }
    monitors["many"] = {
        "relation": {"source": ["raw", "many"]},
        "time": "happened_at",
        "references": {"training": {"from": "2024-01-01", "to": "2024-02-01"}},
        "combinations": {"features": ["town", "flag"]},
        "parts": OFF,
    }
    monitors["chosen"] = {
        "relation": {"source": ["raw", "chosen"]},
        "subgroups": ["sex"],
        "parts": OFF,
    }
    monitors["nist"] = {
        "relation": {"source": ["raw", "nist"]},
        "references": {"same": {"relation": {"source": ["raw", "nist"]}}},
        "combinations": {"features": ["a", "b", "c", "d"], "size": 2},
        "minimum_rows": 2,
        "parts": OFF,
    }
    return {"monitors": monitors}, (*sources, "many", "chosen", "nist")


def load_tables(project):
    """Two months of each lattice, and a training table that has fewer values, and one that production never had."""
    for seed, (name, (columns, count, _)) in enumerate(LATTICES.items()):
        production = lattice(seed, columns, count)
        training = [row for row in lattice(10 + seed, columns, count // 2) if row[0] != 8]
        training += [(*row[:1], "only in training", *row[2:]) for row in training[:3]]
        # values that production does not have
        training += [(*row[:4], number, *row[5:]) for number in (-40, 40) for row in training[:6] if len(row) > 4]
        months = np.where(np.arange(count) < 0.6 * count, "2024-01-05", "2024-02-05").astype("datetime64[us]")
        project.load(name, as_columns(columns, production) | {"happened_at": months})
        project.load(f"{name}_training", as_columns(columns, training))
    project.sql("""
        create table raw.many as
        select 'town ' || i % 131 as town, i % 2 = 0 as flag, timestamp '2024-01-03' + to_days(cast(31 * (i % 2) as integer)) as happened_at
        from range(2000) as numbered (i)
    """)
    # a text, a constant and a category of many values are not chosen; an even category comes before an uneven one
    project.sql("""
        create table raw.chosen as
        select
            case when i % 3 = 0 then 'f' else 'm' end as sex, i % 2 = 0 as even, case when i % 50 = 0 then 'rare' else 'usual' end as uneven,
            'same' as constant, 'v' || i % 30 as many, md5(cast(i as varchar)) as note, sin(i) as wave, date '2020-01-01' + cast(i as integer) as day
        from range(1000) as numbered (i)
    """)
    project.sql(
        "create table raw.nist as select * from (values (0, 0, 0, 0), (0, 1, 1, 0), (1, 0, 0, 1), (0, 1, 1, 1)) as rows (a, b, c, d)"
    )


CONFIGURATION, SOURCES = configured_monitors()


def as_columns(columns, rows):
    types = [
        pyarrow.string() if place % 2 else pyarrow.float64() if place == 2 else pyarrow.int64()
        for place in range(len(columns))
    ]
    return {
        name: pyarrow.array(values, type=type_)
        for name, values, type_ in zip(columns, zip(*rows, strict=True), types, strict=True)
    }
