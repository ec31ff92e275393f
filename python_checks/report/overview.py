"""The first view: a strip of states per monitor, and the incidents with a small picture each."""

from collections import defaultdict
from dataclasses import dataclass
from urllib.parse import quote

from data_health.report.reading import Content

MOST_INCIDENTS = 60
STEP, HEIGHT = 6, 24
HEIGHTS = {"alert": 24, "warn": 16, "ok": 9, "insufficient_data": 4}
WORST = ("alert", "warn", "ok", "insufficient_data")


@dataclass(frozen=True)
class Picture:
    """Bars in a row: for each class a path; `text` says what is seen."""

    width: int
    paths: dict[str, str]
    text: str
    has_threshold: bool = False


@dataclass(frozen=True)
class Strip:
    """A monitor, how its newest period is, and the picture of its periods."""

    monitor: str
    href: str
    owner: str | None
    first: str
    newest: str
    status: str
    open_count: int
    picture: Picture


@dataclass(frozen=True)
class Story:
    """An incident, where it leads, and its picture."""

    row: dict[str, object]
    href: str
    is_new: bool
    picture: Picture | None


def link(view: str, *names: str) -> str:
    """The address of a view within the page."""
    return "#" + "/".join((view, *(quote(name, safe="") for name in names)))


def strips(content: Content) -> list[Strip]:
    """Monitors with open alerts first."""
    periods: dict[str, list[dict]] = defaultdict(list)
    for row in content.tables["scorecard"].dicts():
        periods[str(row["monitor"])].append(row)
    counts: dict[str, int] = defaultdict(int)
    for row in content.tables["incidents"].dicts():
        counts[str(row["monitor"])] += bool(row["is_open"]) and not row["is_acknowledged"]
    found = []
    for monitor, rows in periods.items():
        dated = [row for row in rows if row["period_start"]]
        newest = rows[-1]
        seen = {status: sum(row["status"] == status for row in dated) for status in WORST}
        text = f"{len(dated)} periods: " + ", ".join(f"{count} {status}" for status, count in seen.items() if count)
        found.append(
            Strip(
                monitor,
                link("monitor", monitor),
                newest["owner"],
                str(dated[0]["period_start"]) if dated else "",
                str(newest["period_start"] or "all rows"),
                str(newest["status"]),
                counts[monitor],
                bars([(str(row["status"]), HEIGHTS.get(str(row["status"]), 4)) for row in dated or rows], text),
            )
        )
    return sorted(found, key=lambda strip: (-strip.open_count, WORST.index(strip.status), strip.monitor))


def bars(heights: list[tuple[str, float]], text: str, has_threshold: bool = False) -> Picture:
    """The picture of bars, each with its class and height."""
    paths: dict[str, str] = defaultdict(str)
    for place, (name, height) in enumerate(heights):
        if height > 0:
            paths[name] += f"M{place * STEP + 3} {HEIGHT}v-{height:.3g}"
    return Picture(len(heights) * STEP, dict(paths), text, has_threshold)


def stories(content: Content, known: set[str] | None) -> list[Story]:
    """The incidents that are open and not acknowledged, in their order; `known` are those of the page before."""
    monitors = {str(name) for name in content.tables["scorecard"].column("monitor")}
    rows = [row for row in content.tables["incidents"].dicts() if row["is_open"] and not row["is_acknowledged"]]
    periods = periods_of(content)
    sizes = sizes_of_drift(content, {(row["monitor"], row["leading_column"]) for row in rows})
    columns = {(row["monitor"], row["name"]) for row in content.tables["columns"].dicts() if row["is_monitored"]}
    found = []
    for row in rows[:MOST_INCIDENTS]:
        monitor, column = str(row["monitor"]), row["leading_column"]
        if (monitor, column) in columns:
            href = link("column", monitor, str(column))
        else:
            href = link("monitor" if monitor in monitors else "cleaning", monitor)
        is_new = known is not None and row["incident_id"] not in known
        found.append(Story(row, href, is_new, picture(row, periods.get(monitor, {}), sizes.get((monitor, column), {}))))
    return found


def periods_of(content: Content) -> dict[str, dict[str, float]]:
    """Monitor -> its periods with their rows."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for row in content.tables["scorecard"].dicts():
        if row["period_start"]:
            found[str(row["monitor"])][str(row["period_start"])] = float(row["row_count"] or 0)
    return found


def sizes_of_drift(content: Content, wanted: set[tuple]) -> dict[tuple, dict[str, float]]:
    """Monitor and column -> period -> the largest metric as a multiple of the threshold of an alert."""
    table, found = content.tables["drift"], defaultdict(dict)
    names = ("monitor", "column_name", "period_start", "value", "alert_threshold")
    for monitor, column, period, value, threshold in zip(*map(table.column, names), strict=True):
        if (monitor, column) in wanted and threshold:
            sizes = found[monitor, column]
            sizes[period] = max(sizes.get(period, 0), abs(value) / threshold)
    return found


def picture(row: dict[str, object], periods: dict[str, float], sizes: dict[str, float]) -> Picture | None:
    """The periods of the monitor, those of the incident in its colour."""
    if len(periods) < 2:
        return None
    first, last = str(row["first_period"]), str(row["last_period"])
    if row["incident_kind"] == "load":
        top = max(periods.values()) or 1
        heights = {period: HEIGHT * count / top for period, count in periods.items()}
        text = "Rows per period."
    elif sizes:
        heights = {period: HEIGHT * min(sizes.get(period, 0), 2) / 2 for period in periods}
        text = f"Drift of {row['leading_column']} per period; the line is the threshold of an alert."
    else:
        heights = {period: 14.0 if first <= period <= last else 4.0 for period in periods}
        text = "Periods."
    named = [
        (str(row["severity"]) if first <= period <= last else "quiet", max(heights[period], 1.5)) for period in periods
    ]
    return bars(named, f"{text} Periods of the incident are coloured.", bool(sizes) and row["incident_kind"] != "load")
