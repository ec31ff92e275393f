"""
Flights as many sources tell them: a table with known truth, for declared dependencies of a cleaning set.

The faults are those of real tables of this kind, and most of them are shared, so that sources that err agree with each
other: some take the runway for the gate, some give the planned time where the real one is asked for, some have last
season's timetable, some round to five minutes, and some copy another source with its faults. Nearly half of what is
not right is empty.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TIMES = ["planned_departure", "departure", "planned_arrival", "arrival"]
DAY = 24 * 60
SHARE_EMPTY = 0.47
# how a source writes 19:05 on the second of December
FORMS = [
    "{h12}:{m:02} {half}.m.",
    "{h12}:{m:02} {half}.m.",
    "{h24:02}:{m:02}",
    "{h12}:{m:02}{HALF}M",
    "{date} {h12}:{m:02} {half}.m.",
]


@dataclass(frozen=True)
class Told:
    """
    n rows of a source and a flight: `names` of the columns, `dirty` and `clean` (n, columns) texts, where a missing
    value is an empty text. A clean time is written as its source writes times.
    """

    names: list[str]
    dirty: NDArray[np.object_]
    clean: NDArray[np.object_]


def told(seed: int, sources: int = 38, days: int = 2, flights_per_day: int = 60, covered: float = 0.53) -> Told:
    """The table of this seed; about sources x days x flights_per_day x covered rows."""
    random = np.random.default_rng(seed)
    flights = days * flights_per_day
    truth, shared = true_times(random, flights)
    honesty = random.uniform(0.5, 0.99, (sources, len(TIMES)))
    says = what_sources_say(random, truth, shared, honesty)
    copies(random, says)
    is_told = random.random((sources, flights)) < random.uniform(covered - 0.3, covered + 0.3, (sources, 1))
    form = random.integers(0, len(FORMS), sources)
    dirty, clean = [], []
    for source, flight in np.argwhere(is_told):
        day = flight // flights_per_day
        row = [f"source {source:02}", f"2011-12-0{1 + day}", f"XY-{100 + flight % flights_per_day}"]
        for cells, times in ((dirty, says[source, flight]), (clean, truth[flight])):
            cells.append([*row, *(written(int(time), FORMS[form[source]], day) for time in times)])
    order = random.permutation(len(dirty))
    names = ["source", "day", "flight", *TIMES]
    return Told(names, np.array(dirty, dtype=object)[order], np.array(clean, dtype=object)[order])


def true_times(random: np.random.Generator, flights: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """
    Minutes of the day as they were (flights, times), and what sources that err in the same way tell (3, flights, times):
    the time at the runway, the planned time in the place of the real one, the timetable of last season.
    """
    planned = 5 * random.integers(60, 270, flights)
    length = 5 * random.integers(9, 70, flights)
    late, gained = random.integers(-8, 50, flights), random.integers(-20, 25, flights)
    truth = np.stack([planned, planned + late, planned + length, planned + late + length + gained], axis=1)
    shared = np.stack([truth] * 3)
    shared[0, :, 1] += random.integers(8, 25, flights)
    shared[0, :, 3] -= random.integers(3, 12, flights)
    shared[1][:, [1, 3]] = truth[:, [0, 2]]
    shared[2][:, [0, 2]] -= (5 * random.integers(1, 8, flights))[:, None]
    return truth % DAY, shared % DAY


def what_sources_say(
    random: np.random.Generator, truth: NDArray[np.int64], shared: NDArray[np.int64], honesty: NDArray[np.float64]
) -> NDArray[np.int64]:
    """
    Minutes (sources, flights, times), -1 for nothing. A wrong value is the shared one where the flight is disputed, and
    else a slip, or the time rounded to five minutes.
    """
    sources, shape = len(honesty), (len(honesty), *truth.shape)
    # each source has its own way to be wrong about each kind of time
    way = random.choice(3, (sources, 1, 1), p=[0.5, 0.25, 0.25])
    way = np.where(np.arange(truth.shape[1]) % 2 == 0, 2, np.minimum(way, 1))
    usual = np.take_along_axis(shared, np.broadcast_to(way, shape), axis=0)
    # of a disputed flight most sources tell the same wrong time, in others each source errs by itself
    share = np.where(np.arange(truth.shape[1]) % 2 == 0, 0.2, 0.47)
    is_disputed = random.random(truth.shape) < share
    pull = np.where(is_disputed, random.uniform(1.0, 7.5, truth.shape), 0.4)
    is_wrong = random.random(shape) < 1 - honesty[:, None, :] ** pull
    slip = (truth + random.choice([-60, -30, -10, -5, -2, -1, 1, 2, 5, 10, 30, 60], shape)) % DAY
    rounded = np.broadcast_to((truth + 2) // 5 * 5 % DAY, shape)
    slip = np.where((random.random((sources, 1, 1)) < 0.2) & (rounded != truth), rounded, slip)
    wrong = np.where(is_disputed & (usual != truth), usual, slip)
    wrong = np.where(random.random(shape) < SHARE_EMPTY, -1, wrong)
    return np.where(is_wrong, wrong, truth)


def copies(random: np.random.Generator, says: NDArray[np.int64]) -> None:
    """Three sources are copied by three others each, faults and gaps and all, in nine of ten flights."""
    chosen = random.choice(len(says), 12, replace=False)
    for leader, *followers in chosen.reshape(3, 4):
        for follower in followers:
            is_copied = random.random(says.shape[1]) < 0.9
            says[follower][is_copied] = says[leader][is_copied]


def written(minutes: int, form: str, day: int) -> str:
    """A time of day as a source writes it; nothing for -1."""
    if minutes < 0:
        return ""
    hour, minute = divmod(minutes, 60)
    half = "p" if hour >= 12 else "a"
    return form.format(
        h12=(hour - 1) % 12 + 1, h24=hour, m=minute, half=half, HALF=half.upper(), date=f"12/0{1 + day}/2011"
    )


def minutes(text: str | None) -> int:
    """The minutes of the day that a text of one of the forms means, -1 for none."""
    found = re.search(r"(\d+):(\d\d)(?: ?([ap])[.m])?", (text or "").lower())
    if found is None:
        return -1
    hour = int(found[1]) % 12 + 12 * (found[3] == "p") if found[3] else int(found[1])
    return 60 * hour + int(found[2])
