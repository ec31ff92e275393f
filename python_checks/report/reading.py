"""Reads the marts of a project through dbt's own connection; no row of a monitored table is read."""

import json
from dataclasses import dataclass, field
from datetime import date, datetime

from data_health.label_studio.project import Project
from data_health.label_studio.tasks import ExchangeError
from data_health.label_studio.warehouse import Warehouse, literal
from data_health.report import distributions
from data_health.report.blocks import BLOCKS, BY_NAME, SELECTION, Block
from data_health.report.statuses import statuses
from data_health.report.tables import Table, plain_columns
from data_health.report.withheld import Levels, hidden_levels, with_hidden_labels, with_hidden_levels

MARTS = tuple(dict.fromkeys(block.mart for block in BLOCKS))
NEEDED = ("health_incidents", "health_alerts", "health_monitors", "health_scorecard")

# compiled by dbt in the project; a mart whose part is off has no node
RELATIONS = """
{%- set found = {} -%}
{%- if execute -%}
    {%- for name in NAMES -%}
        {%- set node = graph.nodes.get('model.data_health.' ~ name) -%}
        {%- set relation = adapter.get_relation(node.database, node.schema, node.alias) if node else none -%}
        {%- do found.update({name: {
            'is_on': node is not none and node is defined and node != '',
            'relation': relation | string if relation is not none else none
        }}) -%}
    {%- endfor -%}
{%- endif -%}
{{ tojson(found) }}
"""


@dataclass(frozen=True)
class Content:
    """All that the page shows."""

    tables: dict[str, Table]
    built_at: datetime | None
    is_stale: bool
    # the first of the periods that are shown, for monitors that have more
    since: dict[str, date] = field(default_factory=dict)


def read_content(project: Project, periods: int) -> Content:
    """The content of the page, of the newest `periods` periods of every monitor.

    Raises ExchangeError where the marts of incidents are not built.
    """
    names = json.dumps([*MARTS, *distributions.TABLES])
    found = project.compiled(RELATIONS.replace("NAMES", names))
    missing = [name for name in NEEDED if not found.get(name, {}).get("relation")]
    if missing:
        raise ExchangeError(f"{', '.join(missing)} is not built yet; run: dbt build")
    with project.transaction() as warehouse:
        return content_of(found, warehouse, periods)


def content_of(found: dict[str, dict], warehouse: Warehouse, periods: int) -> Content:
    """The same from the relations that dbt found."""
    relations = {name: entry["relation"] for name, entry in found.items() if entry["relation"]}
    since = first_periods(warehouse, relations["health_scorecard"], periods)
    tables = {}
    for block in BLOCKS:
        missing = None if block.mart in relations else why_missing(block, found.get(block.mart, {}))
        relation = relations.get(block.mart, block.mart)
        rows = [] if missing else warehouse.rows(block.query(relation, cut(block, since)))
        query = None if missing else block.query(relation, SELECTION)
        tables[block.name] = Table(block.names, plain_columns(block.names, rows), block.mart, query, missing)
    tables["statuses"] = read_statuses(warehouse, relations, tables, since)
    allowed = shown_columns(warehouse, relations["health_monitors"])
    tables["distributions"] = read_distributions(warehouse, relations, allowed)
    tables["label_gates"] = with_hidden_labels(tables["label_gates"], label_monitors(warehouse, relations))
    levels = read_hidden_levels(warehouse, relations)
    tables = {name: with_hidden_levels(name, table, levels) for name, table in tables.items()}
    ((run_at, built_at),) = warehouse.rows(
        f"select (select max(built_at) from {relations['health_monitors']}), "
        f"(select max(built_at) from {relations['health_scorecard']})"
    )
    return Content(tables, built_at, built_at is None or run_at > built_at, since)


def why_missing(block: Block, entry: dict) -> str:
    """Why there are no rows."""
    if entry.get("is_on"):
        return f"{block.mart} is not built yet. The command dbt build makes it."
    return f"{block.mart} is not there, because the part {block.part} is off."


def first_periods(warehouse: Warehouse, scorecard: str, periods: int) -> dict[str, date]:
    """The first period to show, of monitors that have more than `periods`."""
    rows = warehouse.rows(
        "select monitor, min(period_start), max(place) from (select monitor, period_start, "
        f"row_number() over (partition by monitor order by period_start desc nulls last) as place from {scorecard} "
        f"where period_start is not null) as numbered where place <= {periods + 1} group by monitor"
    )
    more = [monitor for monitor, _, place in rows if place > periods]
    if not more:
        return {}
    names = ", ".join(map(literal, more))
    kept = warehouse.rows(
        "select monitor, min(period_start) from (select monitor, period_start, "
        f"row_number() over (partition by monitor order by period_start desc nulls last) as place from {scorecard} "
        f"where monitor in ({names})) as numbered where place <= {periods} group by monitor"
    )
    return dict(kept)


def cut(block: Block, since: dict[str, date]) -> str:
    """The condition that leaves out older periods. References have none, or one of their own."""
    if not block.is_cut or not since:
        return ""
    cases = " ".join(f"when {literal(monitor)} then cast('{first}' as date)" for monitor, first in since.items())
    old = f"period_start < case {block.subject} {cases} end"
    kept = " or dataset <> 'production'" if "dataset" in block.names else ""
    return f"(period_start is null or ({old}) is not true{kept})"


def shown_columns(warehouse: Warehouse, monitors: str) -> set[tuple[str, str]]:
    """The monitors and columns whose values may be seen."""
    query = f"select monitor, name from {monitors} where subject = 'column' and is_value_shown"
    return {(monitor, name) for monitor, name in warehouse.rows(query)}


def read_distributions(warehouse: Warehouse, relations: dict[str, str], allowed: set[tuple[str, str]]) -> Table:
    """Distributions of the stored counts, where they are there."""
    wanted = (*distributions.TABLES, "health_profile")
    absent = [name for name in wanted if name not in relations]
    names, mart = list(distributions.NAMES), "column_distributions"
    if absent:
        missing = f"{absent[0]} is not there. It belongs to the part profile."
        return Table(names, plain_columns(names, []), mart, None, missing)
    counted = warehouse.rows(distributions.query(relations).replace(SELECTION, "true"))
    rows = distributions.table(counted, allowed)
    return Table(names, plain_columns(names, rows), mart, distributions.query(relations))


def read_statuses(
    warehouse: Warehouse, relations: dict[str, str], tables: dict[str, Table], since: dict[str, date]
) -> Table:
    """The worst status of each column in each period, where drift or coverage is there."""
    names, mart = ["monitor", "part", "column_name", "period_start", "status"], "health_drift, health_coverage"
    if "health_drift" not in relations and "health_coverage" not in relations:
        return Table(names, plain_columns(names, []), mart, None, tables["drift"].missing)
    query = statuses(relations, cut(BY_NAME["coverage"], since))
    rows = warehouse.rows(query.replace(SELECTION, "true"))
    return Table(names, plain_columns(names, rows), mart, statuses(relations))


def label_monitors(warehouse: Warehouse, relations: dict[str, str]) -> set[str]:
    """The monitors whose labels may be seen."""
    query = f"select monitor from {relations['health_monitors']} where role = 'label' and is_value_shown"
    return {monitor for (monitor,) in warehouse.rows(query)}


def read_hidden_levels(warehouse: Warehouse, relations: dict[str, str]) -> Levels:
    """The levels of categories among the components, of columns whose values may not be shown."""
    loadings = relations.get("health_pca_loadings")
    if loadings is None:
        return {}
    names = warehouse.rows(f"select distinct monitor, column_name from {loadings} where column_name like '%=%'")
    monitors = relations["health_monitors"]
    columns = f"select monitor, name, is_value_shown from {monitors} where subject = 'column'"
    return hidden_levels(names, warehouse.rows(columns) if names else [])
