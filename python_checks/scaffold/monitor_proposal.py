"""A first monitor from the facts of a table: every line with its reason, and what needs a decision as a comment."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import yaml
from data_health.scaffold.column_words import (
    EVENTS,
    GROUPS,
    LOADS,
    NO_EVENTS,
    PERSONAL,
    PREDICTIONS,
    SCORES,
    SEGMENTS,
    is_called,
    words,
)
from data_health.scaffold.table_facts import ColumnFacts, TableFacts

POSITIVES = ("yes", "true", "1", "y", "t")
MOST_GROUPS = 20
MOST_SEGMENTS = 12
# a period of a grain needs so many rows, and there must be so many periods
ROWS_OF_A_PERIOD = 200
LEAST_PERIODS = 8
DAYS = {"day": 1, "week": 7, "month": 30.4}


@dataclass(frozen=True)
class Line:
    """A key of the monitor with its value, and why; one that `needs_decision` is written as a comment."""

    key: str
    value: Any
    why: str
    needs_decision: bool = False


def propose(table: TableFacts, today: date) -> list[Line]:
    """The lines of a monitor for the table; `today` decides which times are in the future."""
    time, other_times = event_time(table, today)
    loaded = [column.name for column in table.columns if column.family == "timestamp" and is_called(column.name, LOADS)]
    lines = [
        Line("relation", table.reference, f"{table.rows:,} rows x {len(table.columns)} columns"),
        *key_lines(table),
    ]
    if time is not None:
        begin, end = day(time.lowest), day(time.highest)
        others = f"; others are {', '.join(other_times)}" if other_times else ""
        grain, per_period = grain_of(table.rows, begin, end)
        lines += [
            Line("time", time.name, f"when it happened, {begin} to {end}{others}"),
            Line("grain", grain, f"about {per_period:,} rows a {grain}"),
        ]
    else:
        lines.append(no_time(table))
    if loaded:
        lines.append(Line("loaded_at", loaded[0], "when it was loaded: late and changed rows are seen by it"))
    lines += outcome_lines(table) + group_lines(table) + exclude_lines(table, {time.name if time else "", *loaded})
    if time is not None:
        middle = begin + timedelta((end - begin).days // 2)
        span = {"training": {"from": begin, "to": middle}}
        lines.append(Line("references", span, "put the days that the model was trained on; drift is from them", True))
    return [*lines, Line("owner", "your team", "whom an alert is for", True)]


def key_lines(table: TableFacts) -> list[Line]:
    """The key, or that no single column is one."""
    if table.keys:
        also = f"; so is {', '.join(table.keys[1:])}" if len(table.keys) > 1 else ""
        return [Line("key", table.keys[0], f"different in every row, never null{also}")]
    return [
        Line("key", ["column_1", "column_2"], "no single column tells rows apart; name those that do together", True)
    ]


def event_time(table: TableFacts, today: date) -> tuple[ColumnFacts | None, list[str]]:
    """The column that says when a row happened, and the others that could."""
    possible = [
        column
        for column in table.columns
        if column.family == "timestamp"
        and column.count >= 0.95 * table.rows > 0
        and not is_called(column.name, NO_EVENTS)
        # a time that reaches far back or into the future is another thing, such as a birthday
        if day(column.lowest).year >= 1980 and day(column.highest) <= today + timedelta(days=2)
    ]
    ranked = sorted(possible, key=lambda column: (not is_called(column.name, EVENTS), column.count < table.rows))
    return (ranked[0] if ranked else None), [column.name for column in ranked[1:]]


def text_times(table: TableFacts) -> list[str]:
    """Columns of texts that are called like times."""
    return [
        column.name
        for column in table.columns
        if column.family == "string" and words(column.name)[-1:] in (["at"], ["date"], ["time"], ["timestamp"])
    ]


def no_time(table: TableFacts) -> Line:
    """That no column can be the event time, and what to do about it."""
    texts = text_times(table)
    why = "no column tells when a row happened, so each build is a period"
    if texts:
        why = f"texts until a model or cleaning rules make them times: {', '.join(texts)}; each build is a period"
    return Line("time", texts[0] if texts else "event_time", why, True)


def day(text: str | float | None) -> date:
    """The day of a time as text, such as 2024-01-31 12:00:00; what is no day is of the year 1."""
    found = re.match(r"\d{4}-\d\d-\d\d", str(text))
    return date.fromisoformat(found[0]) if found else date.min


def grain_of(rows: int, begin: date, end: date) -> tuple[str, int]:
    """The finest grain with enough rows in a period and enough periods, and about how many rows a period has."""
    days = max((end - begin).days + 1, 1)
    per_period = {grain: round(rows / max(days / length, 1)) for grain, length in DAYS.items()}
    for grain, length in DAYS.items():
        if per_period[grain] >= ROWS_OF_A_PERIOD and days / length >= LEAST_PERIODS:
            return grain, per_period[grain]
    return "month", per_period["month"]


def outcome_lines(table: TableFacts) -> list[Line]:
    """What a model predicts and what came true, as far as names and values tell."""
    lines, prediction = [], {}
    for column in table.columns:
        is_share = (
            column.family == "numeric" and column.lowest is not None and column.lowest >= 0 and column.highest <= 1
        )
        if is_called(column.name, SCORES) and is_share and column.distinct > 2:
            prediction.setdefault("score", column.name)
        elif is_called(column.name, PREDICTIONS) and 2 <= column.distinct <= MOST_GROUPS:
            prediction.setdefault("label", column.name)
        elif words(column.name)[-1:] == ["version"] and is_called(column.name, ("model",)):
            prediction.setdefault("version", column.name)
        elif column.values:
            positive = next((value for value in column.values if value.lower() in POSITIVES), column.values[-1])
            told = f"the true outcome? it is {', '.join(column.values)}; which one is positive?"
            lines.append(Line("label", {"column": column.name, "positive": positive}, told, True))
    if {"score", "label"} & prediction.keys():
        lines.append(Line("prediction", prediction, "what a model said: performance and fairness by version"))
    # a row has one true outcome
    return [line for number, line in enumerate(lines) if line.key != "label" or number == 0]


def group_lines(table: TableFacts) -> list[Line]:
    """Whom the rows are about, and by what drift may be split."""
    lines = []
    few = [
        column for column in table.columns if column.family in ("string", "boolean", "numeric") and column.distinct >= 2
    ]
    groups = [column.name for column in few if is_called(column.name, GROUPS) and column.distinct <= MOST_GROUPS]
    segments = [column for column in few if is_called(column.name, SEGMENTS) and column.distinct <= MOST_SEGMENTS]
    if groups:
        lines.append(Line("subgroups", groups[:8], "groups of people: is each one represented, in every period?"))
    if segments:
        name, values = segments[0].name, segments[0].distinct
        lines.append(
            Line("segments", [name], f"drift within each of its about {values} values, too; costs as much again", True)
        )
    return lines


def exclude_lines(table: TableFacts, roles: Collection[str]) -> list[Line]:
    """Columns whose distribution tells nothing: personal data, free texts, and names of single rows or things."""
    personal, long, single = [], [], []
    for column in table.columns:
        if column.name in roles or column.name in [*table.keys[:1], *text_times(table)]:
            continue
        if column.family == "string" and is_called("_".join(["", *words(column.name)]), PERSONAL):
            personal.append(column.name)
        elif column.family == "string" and (column.mean_length or 0) > 60:
            long.append(column.name)
        elif is_name_of_one(column, table):
            single.append(column.name)
    told = [
        f"{reason}: {', '.join(names)}"
        for reason, names in (("personal", personal), ("long texts", long), ("a value for nearly every row", single))
        if names
    ]
    return [Line("exclude", [*personal, *long, *single], "; ".join(told))] if told else []


def is_name_of_one(column: ColumnFacts, table: TableFacts) -> bool:
    """Whether a column has another value in nearly every row, and is no number to be measured."""
    if column.name in table.keys[:1] or column.count == 0 or column.distinct < 0.5 * column.count:
        return False
    return column.family == "string" or (
        column.family == "numeric"
        and not column.has_fractions
        and words(column.name)[-1:] in (["id"], ["key"], ["number"])
    )


def written(monitors: Sequence[tuple[str, Sequence[Line]]]) -> str:
    """The block of dbt_project.yml with these monitors, which a build takes as it is."""
    text = ["vars:", "  data_health:", "    monitors:"]
    for name, lines in monitors:
        text.append(f"      {flow(name)}:")
        text += [written_line(line) for line in lines]
    return "\n".join(text) + "\n"


def written_line(line: Line) -> str:
    """One line of YAML, with its reason behind it."""
    return f"        {'# ' if line.needs_decision else ''}{line.key}: {flow(line.value)}   # {line.why}"


def flow(value: Any) -> str:  # noqa: ANN401
    """A value as YAML on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**6)
    return text.removesuffix("\n").removesuffix("\n...").strip()
