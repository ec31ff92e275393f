"""The incidents of health_incidents for the terminal, for a pull request, or for a paging tool."""

import json
import textwrap
from dataclasses import dataclass
from datetime import date, datetime

from data_health.label_studio.project import Project
from data_health.label_studio.tasks import ExchangeError
from data_health.label_studio.warehouse import Warehouse, literal

# compiled by dbt in the project; what is read must be named while dbt parses, too
SETTINGS = """
{%- set found = {} -%}
{%- for name in ['health_incidents', 'health_monitors', 'health_scorecard'] -%}
    {%- set relation = ref('data_health', name) -%}
    {%- do found.update({name: relation | string if load_relation(relation) is not none else none}) -%}
{%- endfor -%}
{{ tojson(found) }}
"""
COLUMNS = (
    "incident_id", "monitor", "incident_kind", "severity", "is_open", "is_acknowledged", "first_period", "last_period",
    "sentence", "leading_column", "column_list", "finding_count", "risk", "relation", "owner", "muted_until", "note",
)  # fmt: skip
LEAST_WIDTH = 60


@dataclass(frozen=True)
class Incident:
    """A row of health_incidents; the fields are its columns of the same names."""

    incident_id: str
    monitor: str
    incident_kind: str
    severity: str
    is_open: bool
    is_acknowledged: bool
    first_period: date
    last_period: date
    sentence: str
    leading_column: str | None
    column_list: str | None
    finding_count: int
    risk: float
    relation: str | None
    owner: str | None
    muted_until: date | None
    note: str | None

    @property
    def counts(self) -> bool:
        """Whether somebody should act: it is open, and nobody acknowledged it."""
        return self.is_open and not self.is_acknowledged


@dataclass(frozen=True)
class Summary:
    """The incidents, the most at risk first, when they were computed, and whether a later run did not come to them."""

    incidents: list[Incident]
    monitors: list[str]
    built_at: datetime | None
    is_stale: bool

    def worst(self) -> str | None:
        """The worst severity of the incidents that count; None without any."""
        return min((incident.severity for incident in self.incidents if incident.counts), default=None)


def read_summary(project: Project, wanted: str | None) -> Summary:
    """What the marts of the project say, of the monitor of that name or of all.

    Raises ExchangeError where the marts are not built, or where there is no such monitor or cleaning set.
    """
    marts = project.compiled(SETTINGS)
    missing = sorted(name for name, relation in marts.items() if relation is None)
    if missing:
        raise ExchangeError(f"{', '.join(missing)} is not built yet; run: dbt build")
    with project.transaction() as warehouse:
        return summary_of(marts, warehouse, wanted)


def summary_of(marts: dict[str, str], warehouse: Warehouse, wanted: str | None) -> Summary:
    """The same from the names of the three marts."""
    rows = warehouse.rows(f"select {', '.join(COLUMNS)} from {marts['health_incidents']} order by incident_rank")
    incidents = [Incident(*row) for row in rows]
    ((run_at,),) = warehouse.rows(f"select max(built_at) from {marts['health_monitors']}")
    ((alerts_at,),) = warehouse.rows(
        f"select max(built_at) from (select built_at from {marts['health_incidents']} "
        f"union all select built_at from {marts['health_scorecard']}) as builds"
    )
    monitors = f"select distinct monitor from {marts['health_monitors']} where subject = {literal('monitor')}"
    names = sorted(name for (name,) in warehouse.rows(monitors))
    known = sorted({*names, *(incident.monitor for incident in incidents)})
    if wanted is not None and wanted not in known:
        raise ExchangeError(f"there is no monitor {wanted!r}; allowed: {', '.join(known) or 'none'}")
    return Summary(
        [incident for incident in incidents if wanted in (None, incident.monitor)],
        names if wanted is None else [wanted],
        alerts_at,
        alerts_at is None or run_at > alerts_at,
    )


def headline(summary: Summary) -> str:
    """How many incidents there are, and when that was."""
    open_ones = [incident for incident in summary.incidents if incident.counts]
    alerts = sum(incident.severity == "alert" for incident in open_ones)
    known = sum(incident.is_open and incident.is_acknowledged for incident in summary.incidents)
    when = f"{summary.built_at:%Y-%m-%d %H:%M} UTC" if summary.built_at else "no build"
    parts = [
        f"{counted(len(open_ones), 'open incident')} in {counted(len(summary.monitors), 'monitor')}",
        f"{counted(alerts, 'alert')} and {counted(len(open_ones) - alerts, 'warning')}",
    ]
    if known:
        parts.append(f"{known} acknowledged")
    return f"{': '.join(parts[:2])}{', ' + parts[2] if known else ''} (build of {when})"


STALE = "The last run did not come to the incidents: they are those of the build before."


def counted(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def shown(summary: Summary, with_closed: bool, most: int | None) -> tuple[list[Incident], int]:
    """The incidents to show, and how many more there are."""
    found = [incident for incident in summary.incidents if with_closed or incident.counts]
    kept = found if most is None else found[:most]
    return kept, len(found) - len(kept)


def as_text(summary: Summary, with_closed: bool = False, most: int | None = None, width: int = 100) -> str:
    """Lines for the terminal: a head line, then an incident per paragraph."""
    incidents, more = shown(summary, with_closed, most)
    lines = [headline(summary), *([STALE] if summary.is_stale else [])]
    for incident in incidents:
        indent = " " * 7
        lines += textwrap.wrap(
            f"{incident.severity:<5}  {incident.monitor}: {incident.sentence}",
            max(width, LEAST_WIDTH),
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        lines.append(indent + "; ".join(details(incident)))
    if more:
        lines.append(f"{counted(more, 'more incident')} in health_incidents; --most {more + len(incidents)} shows them")
    return "\n".join(lines)


def details(incident: Incident) -> list[str]:
    """What stands below the sentence."""
    found = [incident.incident_id, counted(incident.finding_count, "finding")]
    if not incident.is_open:
        found.append("over")
    if incident.owner:
        found.append(f"owner: {incident.owner}")
    if incident.is_acknowledged:
        until = f" until {incident.muted_until}" if incident.muted_until else ""
        found.append(f"acknowledged{until}{f': {incident.note}' if incident.note else ''}")
    return found


def as_markdown(summary: Summary, with_closed: bool = False, most: int | None = None) -> str:
    """The same as a list in Markdown, for a pull request or a chat."""
    incidents, more = shown(summary, with_closed, most)
    lines = [f"**{headline(summary)}**", ""]
    lines += [STALE, ""] if summary.is_stale else []
    for incident in incidents:
        lines.append(f"- **{incident.severity}** `{incident.monitor}`: {escaped(incident.sentence)}")
        lines.append(f"  {escaped('; '.join(details(incident)))}")
    if more:
        lines.append(f"- {counted(more, 'more incident')} in `health_incidents`")
    return "\n".join(lines)


def escaped(text: str) -> str:
    """A text whose characters mean nothing in Markdown or HTML."""
    for character in "\\`*_[]<>|#":
        text = text.replace(character, f"&#{ord(character)};" if character in "<>" else f"\\{character}")
    return text


def as_json(summary: Summary) -> str:
    """All incidents as JSON. `incident_id` is the key by which a paging tool opens, updates and closes one case."""
    rows = [
        {name: getattr(incident, name) for name in COLUMNS}
        | {"status": "open" if incident.counts else "acknowledged" if incident.is_open else "closed"}
        for incident in summary.incidents
    ]
    content = {"built_at": summary.built_at, "is_stale": summary.is_stale, "incidents": rows}
    return json.dumps(content, default=lambda value: value.isoformat(), ensure_ascii=False, indent=2)


def fails(summary: Summary, level: str | None) -> bool:
    """Whether an incident that counts is as bad as `level` (`warn` or `alert`), or nobody can tell."""
    if level is None:
        return False
    return summary.is_stale or summary.worst() in (["alert"] if level == "alert" else ["alert", "warn"])


def written(summary: Summary, kind: str, with_closed: bool, most: int | None, width: int) -> str:
    """The summary in the form `text`, `markdown` or `json`."""
    if kind == "json":
        return as_json(summary)
    if kind == "markdown":
        return as_markdown(summary, with_closed, most)
    return as_text(summary, with_closed, most, width)
