"""Conditions of rows as the marts of combinations name them, and gaps among them by brute force."""

import itertools
import math
from collections import Counter

from combination_lattices import LATTICES


def as_conditions(columns, production, training, rows):
    """Each value as the marts name it: texts that production has, and numbers that it or the training has."""
    named = []
    for place, name in enumerate(columns):
        known = {row[place] for row in (production if place % 2 else production + training) if row[place] is not None}
        named.append([condition(name, row[place], known) for row in rows])
    return list(zip(*named, strict=True))


def condition(name, value, known):
    if value is None:
        return f"{name} is null"
    if isinstance(value, str):
        spelled = '"(other)"' if value == "(other)" else value
        return f"{name} = {spelled if value in known else '(other)'}"
    if not math.isfinite(value):
        return f"{name} = {'NaN' if math.isnan(value) else 'Infinity' if value > 0 else '-Infinity'}"
    return f"{name} = {value:g}"


def sides_of(project, name):
    """The conditions of the rows of January, of February, and of the training set."""
    columns = LATTICES[name][0]
    listed = ", ".join(f'"{column}"' for column in columns)
    production = project.sql(f"select {listed}, happened_at from raw.{name}")
    training = project.sql(f"select {listed} from raw.{name}_training")
    months = [[row[:-1] for row in production if row[-1].month == month] for month in (1, 2)]
    return [as_conditions(columns, production, training, rows) for rows in (*months, training)]


def brute_force_gaps(rows, domains, threshold, levels):
    """Patterns of conditions with their rows: too few, while every pattern with one condition less has enough."""
    counts = {
        places: Counter(tuple(row[place] for place in places) for row in rows)
        for size in range(levels + 1)
        for places in itertools.combinations(range(len(domains)), size)
    }
    if len(rows) < threshold:
        return {(): len(rows)}
    found = {}
    for places, counted in counts.items():
        for pattern in itertools.product(*[domains[place] for place in places]):
            parents = [(places[:i] + places[i + 1 :], pattern[:i] + pattern[i + 1 :]) for i in range(len(places))]
            if (
                places
                and counted[pattern] < threshold
                and all(counts[which][what] >= threshold for which, what in parents)
            ):
                found[pattern] = counted[pattern]
    return found
