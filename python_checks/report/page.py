"""Puts the page together: one file, which needs nothing else and asks no network for anything."""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from data_health.report.blocks import BY_NAME
from data_health.report.drawing import compiled_charts, vega
from data_health.report.overview import MOST_INCIDENTS, stories, strips
from data_health.report.packing import by_subject, json_in_html, packed_rows, squeezed
from data_health.report.reading import Content
from data_health.report.views import as_data
from jinja2 import Environment, PackageLoader, StrictUndefined

STATE = re.compile(r'<script id="state" type="application/json">(.*?)</script>', re.DOTALL)


@dataclass(frozen=True)
class State:
    """The open incidents of a build, as the page itself remembers them."""

    built_at: str
    incidents: dict[str, str]


@dataclass(frozen=True)
class News:
    """What changed since the page before; `since` is None where there was none."""

    since: str | None
    new: int = 0
    over: int = 0


def open_incidents(content: Content) -> State:
    """The open incidents now."""
    rows = [row for row in content.tables["incidents"].dicts() if row["is_open"]]
    return State(str(content.built_at), {str(row["incident_id"]): str(row["severity"]) for row in rows})


def earlier_state(file: Path, now: State) -> State | None:
    """The open incidents of the build before, from the page that is there.

    A page that is written twice after one build keeps what it was compared with.
    """
    found = STATE.search(file.read_text(encoding="utf-8")) if file.is_file() else None
    if found is None:
        return None
    content = json.loads(found[1])
    if content["now"]["built_at"] == now.built_at:
        return State(**content["before"]) if content["before"] else None
    return State(**content["now"])


def news(now: State, before: State | None) -> News:
    """How many incidents are new, and how many are over."""
    if before is None:
        return News(None)
    return News(
        before.built_at[:16], len(now.incidents.keys() - before.incidents), len(before.incidents.keys() - now.incidents)
    )


def subjects(content: Content) -> tuple[list[str], list[str]]:
    """The names of the monitors and of the cleaning sets."""
    monitors = {*content.tables["scorecard"].column("monitor"), *content.tables["columns"].column("monitor")}
    sets = {*content.tables["rules"].column("cleaning"), *content.tables["rule_totals"].column("cleaning")}
    incidents = set(content.tables["incidents"].column("monitor"))
    return sorted(monitors), sorted(sets | (incidents - monitors))


def chunks(content: Content, names: list[str]) -> dict[str, str]:
    """The rows of each block and subject, packed, by the id of their place in the page."""
    places = {name: place for place, name in enumerate(names)}
    found = {}
    for block, table in content.tables.items():
        decimals = BY_NAME[block].decimals if block in BY_NAME else {}
        for subject, columns in by_subject(table.columns).items():
            found[f"rows-{block}-{places[subject]}"] = packed_rows(table.names, columns, decimals)
    return found


def page(content: Content, docs: str | None, before: State | None = None) -> str:
    """The page. `docs` is where the pages of the docs are; None if nobody knows."""
    monitors, sets = subjects(content)
    names = sorted({*monitors, *sets})
    now = open_incidents(content)
    data = {
        "names": names,
        "monitors": monitors,
        "sets": sets,
        "docs": docs,
        "since": {monitor: str(first) for monitor, first in content.since.items()},
        "blocks": {
            name: {"names": table.names, "mart": table.mart, "query": table.query, "missing": table.missing}
            for name, table in content.tables.items()
        },
        **as_data(),
    }
    found = stories(content, set(before.incidents) if before else None)
    rows = content.tables["incidents"].dicts()
    counted = [row for row in rows if row["is_open"] and not row["is_acknowledged"]]
    environment = Environment(
        loader=PackageLoader("data_health.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html").render(
        content=content,
        strips=strips(content),
        stories=found,
        more=len(counted) - len(found),
        most=MOST_INCIDENTS,
        open_count=len(counted),
        alert_count=sum(row["severity"] == "alert" for row in counted),
        acknowledged_count=sum(bool(row["is_open"] and row["is_acknowledged"]) for row in rows),
        news=news(now, before),
        docs=docs,
        meta=json_in_html(data),
        state=json_in_html({"now": asdict(now), "before": asdict(before) if before else None}),
        chunks=chunks(content, names),
        vega=squeezed(vega()),
        charts=squeezed(json.dumps(compiled_charts(), separators=(",", ":"))),
    )
