"""Whether an incident is one event: twelve events are planted, and the incidents of `health_incidents` are compared with them.

    python benchmarks/incidents.py --seeds 5

The table has 40 columns, 24 months and three segments. The first six months are the reference. Of each event the columns and
the months are drawn: the mean of a column shifts, the columns of one source are missing for some months, a category is written
differently, a new category comes, the label breaks, a unit changes at one site for a month, a load comes twice or is short,
a column vanishes, a sentinel comes, and so on. An event is found exactly if all its findings are in one incident and this
incident has no finding of another event. What follows from columns (all features together, combinations) counts for nobody.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from measure import markdown
from project import Project

MONTHS, REFERENCE_MONTHS, ROWS_A_MONTH = 24, 6, 900
NUMBERS = [f"number_{i}" for i in range(24)]
CATEGORIES = [f"category_{i}" for i in range(15)]
LABEL = "label"
SITES = np.array(["north", "south", "east"])
# findings of all columns together belong to no event
OF_NOBODY = ("multivariate_drift", "combinations", "region")
Columns = dict[str, np.ndarray]


@dataclass
class Event:
    """What was planted: its columns (none of a load), and the first and the last month, from 0."""

    name: str
    first: int
    last: int
    columns: list[str] = field(default_factory=list)


def main() -> None:
    """Plant, build and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder otherwise")
    parser.add_argument("--details", action="store_true", help="also print each event and each incident of nobody")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        for seed in range(options.first_seed, options.first_seed + options.seeds):
            folder = (options.folder or Path(temporary)) / str(seed)
            rows.append([str(seed), *(str(number) for number in experiment(folder, seed, options.details))])
    print(
        markdown(
            ["seed", "events", "exactly", "split", "together", "not found", "incidents", "of nobody", "findings"], rows
        )
    )


def experiment(folder: Path, seed: int, with_details: bool) -> list[int]:
    """The counts of one seed, in the order of the table that is printed."""
    table, events = planted(np.random.default_rng(seed))
    monitor = {
        "relation": {"source": ["raw", "bench"]},
        "key": "id",
        "time": "happened_at",
        "grain": "month",
        "segments": ["site"],
        "label": {"column": LABEL, "positive": "yes"},
        "references": {"training": {"from": "2024-01-01", "to": "2024-07-01"}},
        "volume": {"fresh_within": "36500 days"},
    }
    project = Project(folder, block={"monitors": {"bench": monitor}})
    with duckdb.connect(project.database) as connection:
        connection.register("rows", table)
        connection.execute("create or replace table bench as select * from rows")
    project.prepare()
    project.build()
    with duckdb.connect(project.database, read_only=True) as connection:
        connection.execute("use health")
        query = "select incident_id, finding, column_name, first_period from health_alerts where not finding in "
        findings = connection.execute(query + str(OF_NOBODY)).fetchall()
        sentences = dict(connection.execute("select incident_id, sentence from health_incidents").fetchall())
    return compared(findings, sentences, events, with_details)


def compared(findings: list[tuple], sentences: dict[str, str], events: list[Event], with_details: bool) -> list[int]:
    """How many events are one incident and nothing else, are split, share one with others, or are not found."""
    incidents_of: dict[str, set[str]] = {event.name: set() for event in events}
    events_of: dict[str, set[str]] = {}
    for incident, finding, column, first_period in findings:
        month = (first_period.year - 2024) * 12 + first_period.month - 1
        owners = {event.name for event in events if belongs(event, finding, column, month)}
        events_of.setdefault(incident, set()).update(owners)
        for name in owners:
            incidents_of[name].add(incident)
    split = {name for name, incidents in incidents_of.items() if len(incidents) > 1}
    together = {name for names in events_of.values() if len(names) > 1 for name in names}
    missed = {name for name, incidents in incidents_of.items() if not incidents}
    exact = {event.name for event in events} - split - together - missed
    nobody = [incident for incident, names in events_of.items() if not names]
    if with_details:
        for event in events:
            state = (
                "exact"
                if event.name in exact
                else ", ".join(
                    text
                    for text, names in (("split", split), ("together", together), ("missed", missed))
                    if event.name in names
                )
            )
            print(event, state, [sentences[incident] for incident in incidents_of[event.name]])
        for incident in nobody:
            print("nobody:", sentences[incident])
    return [len(events), len(exact), len(split), len(together), len(missed), len(events_of), len(nobody), len(findings)]


def belongs(event: Event, finding: str, column: str | None, month: int) -> bool:
    """Whether a finding is of an event: of its column while it lasts, or of a load in its month."""
    if not event.columns:
        return finding in ("volume", "key", "window_volume", "freshness") and event.first <= month <= event.last
    name = LABEL if finding == "label_rate" else column
    return name in event.columns and event.first <= month <= event.last + 1


def planted(random: np.random.Generator) -> tuple[pa.Table, list[Event]]:
    """The table with its events."""
    counts = random.poisson(ROWS_A_MONTH, MONTHS)
    columns = clean(random, counts)
    numbers, categories = list(random.permutation(NUMBERS)), list(random.permutation(CATEGORIES))
    # several events may begin in one month, but those that would hide each other: a load is alone in its month
    months = random.permutation(np.arange(REFERENCE_MONTHS + 1, MONTHS - 1))
    begins = random.choice(months[:-2], 10)
    takes: list[tuple[str, Callable, list[str], bool]] = [
        ("mean shifts", shifted, [numbers.pop()], True),
        ("spread grows", spread, [numbers.pop()], False),
        ("source is missing", missing, [numbers.pop(), numbers.pop(), categories.pop()], False),
        ("column vanishes", vanished, [numbers.pop()], True),
        ("written differently", recoded, [categories.pop()], True),
        ("new category", renewed, [categories.pop()], True),
        ("label breaks", broken, [LABEL], True),
        ("unit at one site", at_one_site, [numbers.pop()], False),
        ("sentinel", marked, [numbers.pop()], True),
        ("population", moved, [numbers.pop(), numbers.pop(), categories.pop(), categories.pop()], True),
    ]
    events = []
    for (name, change, names, lasts), month in zip(takes, begins, strict=True):
        last = MONTHS - 1 if lasts else int(min(month + random.integers(0, 4), MONTHS - 1))
        rows = (columns["month"] >= month) & (columns["month"] <= last)
        change(random, columns, names, rows)
        events.append(Event(name, int(month), last, [str(column) for column in names]))
    for name, month in (("short load", months[-1]), ("load twice", months[-2])):
        loaded(columns, name, int(month))
        events.append(Event(name, int(month), int(month)))
    month_starts = np.datetime64("2024-01", "M") + columns.pop("month")
    time = month_starts.astype("datetime64[D]") + columns.pop("day").astype("timedelta64[D]")
    # NaN stands for a value that is not there
    arrays = {name: pa.array(values, from_pandas=True) for name, values in columns.items()}
    return pa.table({"happened_at": pa.array(time.astype("datetime64[us]")), **arrays}), events


def clean(random: np.random.Generator, counts: np.ndarray) -> Columns:
    """Columns without any event: numbers of four shapes, categories of 3 to 12 values, a label and a site."""
    month = np.repeat(np.arange(MONTHS), counts)
    rows = len(month)
    columns: Columns = {"id": np.arange(rows), "month": month, "day": random.integers(0, 28, rows)}
    for place, name in enumerate(NUMBERS):
        values = [
            random.normal(50, 10, rows),
            random.lognormal(3, 0.7, rows),
            random.poisson(8, rows).astype(float),
            random.gamma(2, 30, rows),
        ][place % 4]
        columns[name] = np.where(random.random(rows) < 0.01, np.nan, values)
    for place, name in enumerate(CATEGORIES):
        size = 3 + place % 10
        shares = random.dirichlet(np.full(size, 4.0))
        columns[name] = np.array([f"{name}_{value}" for value in range(size)], object)[
            random.choice(size, rows, p=shares)
        ]
    columns[LABEL] = np.where(random.random(rows) < 0.3, "yes", "no").astype(object)
    columns["site"] = SITES[random.choice(3, rows, p=[0.5, 0.3, 0.2])].astype(object)
    return columns


def shifted(random: np.random.Generator, columns: Columns, names: list[str], rows: np.ndarray) -> None:
    """The mean moves by .8 standard deviations."""
    values = columns[names[0]]
    values[rows] += 0.8 * np.nanstd(values)


def spread(random: np.random.Generator, columns: Columns, names: list[str], rows: np.ndarray) -> None:
    """The spread doubles around the mean."""
    values = columns[names[0]]
    mean = np.nanmean(values)
    values[rows] = mean + 2 * (values[rows] - mean)


def missing(random: np.random.Generator, columns: Columns, names: list[str], rows: np.ndarray) -> None:
    """Columns of one source are missing in the same three of ten rows."""
    gone = rows & (random.random(len(rows)) < 0.3)
    for name in names:
        columns[name][gone] = None if columns[name].dtype == object else np.nan


def vanished(random: np.random.Generator, columns: Columns, names: list[str], rows: np.ndarray) -> None:
    """The column is null from then on."""
    columns[names[0]][rows] = np.nan


def recoded(random: np.random.Generator, columns: Columns, names: list[str], rows: np.ndarray) -> None:
    """All values are written in capitals."""
    columns[names[0]][rows] = np.array([value.upper() for value in columns[names[0]][rows]], object)


def renewed(random: np.random.Generator, columns: Columns, names: list[str], rows: np.ndarray) -> None:
    """A value that was never there has a quarter of the rows."""
    columns[names[0]][rows & (random.random(len(rows)) < 0.25)] = "a new one"


def broken(random: np.random.Generator, columns: Columns, names: list[str], rows: np.ndarray) -> None:
    """Half of the negative labels become positive."""
    columns[LABEL][rows & (columns[LABEL] == "no") & (random.random(len(rows)) < 0.5)] = "yes"


def at_one_site(random: np.random.Generator, columns: Columns, names: list[str], rows: np.ndarray) -> None:
    """One site measures in another unit."""
    columns[names[0]][rows & (columns["site"] == "south")] *= 2.2


def marked(random: np.random.Generator, columns: Columns, names: list[str], rows: np.ndarray) -> None:
    """One row in twenty has -999."""
    columns[names[0]][rows & (random.random(len(rows)) < 0.05)] = -999


def moved(random: np.random.Generator, columns: Columns, names: list[str], rows: np.ndarray) -> None:
    """Other people come: two numbers shift, and two categories have other shares, in the same rows."""
    others = rows & (random.random(len(rows)) < 0.5)
    for name in names[:2]:
        columns[name][others] += np.nanstd(columns[name])
    for name in names[2:]:
        columns[name][others] = min(value for value in set(columns[name]) if value)


def loaded(columns: Columns, name: str, month: int) -> None:
    """A month with a third of its rows, or with each of its rows twice."""
    of_month = np.flatnonzero(columns["month"] == month)
    rest = np.flatnonzero(columns["month"] != month)
    kept = of_month[: len(of_month) // 3] if name == "short load" else np.repeat(of_month, 2)
    order = np.concatenate([rest, kept])
    for column in columns:
        columns[column] = columns[column][order]


if __name__ == "__main__":
    main()
