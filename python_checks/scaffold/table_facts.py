"""What one look at a table tells: its rows, and of every column how many values there are, and from where to where."""

import difflib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from data_health.label_studio.project import Project
from data_health.label_studio.tasks import ExchangeError
from data_health.label_studio.warehouse import Warehouse
from data_health.scaffold.column_words import LABELS, is_called

# columns of one statement; a warehouse plans wide statements slowly
COLUMNS_AT_ONCE = 100
# so many columns, the likeliest first, are counted exactly as a key
MOST_KEYS = 3
# a column of so few values may be a label, whose values are looked at
MOST_LABEL_VALUES = 5
# names that a message offers
MOST_NAMES = 5

# compiled by dbt in the project: the tables of that name, or all whose names are like a pattern; a table of this
# package is none to monitor, but in its own project
TABLES = """
{%- set found, known = [], [] -%}
{%- for node in (graph.nodes.values() | list + graph.sources.values() | list) if execute
    and node.resource_type in ['model', 'seed', 'snapshot', 'source']
    and (node.config.get('materialized') or 'table') != 'ephemeral'
    and (node.package_name != 'data_health' or project_name == 'data_health') -%}
    {%- set is_source = node.resource_type == 'source' -%}
    {%- set name = node.source_name ~ '.' ~ node.name if is_source else node.name -%}
    {%- do known.append(name) -%}
    {%- set last_name = name.split('.')[-1] | lower -%}
    {%- set is_like = like is not none and modules.re.fullmatch(like, last_name) is not none
        and (schema is none or node.schema | lower == schema | lower) -%}
    {%- if is_like or name in names or (is_source and node.name in names) -%}
        {%- set relation = api.Relation.create(
            database=node.database, schema=node.schema, identifier=node.identifier if is_source else node.alias
        ) -%}
        {%- set columns = [] -%}
        {%- for column in data_health.columns_of(relation) or [] -%}
            {%- set quoted = data_health.quoted(column.name) -%}
            {%- do columns.append({
                'name': column.name, 'quoted': quoted, 'data_type': column.data_type | lower,
                'family': data_health.type_family(column.data_type),
                'distinct': data_health.engine_sql('distinct_count', quoted)
            }) -%}
        {%- endfor -%}
        {%- do found.append({
            'name': name, 'relation': relation | string, 'columns': columns,
            'reference': {'source': [node.source_name, node.name]} if is_source else {'ref': node.name}
        }) -%}
    {%- endif -%}
{%- endfor -%}
{{ tojson({'found': found, 'known': known | sort, 'engine': target.type}) }}
"""


@dataclass(frozen=True)
class ColumnFacts:
    """A column: its name, its kind of type (numeric, string, boolean, timestamp or other), and what was counted.

    `lowest` and `highest` are texts of times (timestamps) or numbers (numeric), and None else. `mean_length` is that of
    texts. `values` holds the values of a column that may be a label.
    """

    name: str
    family: str
    count: int
    distinct: int
    lowest: str | float | None = None
    highest: str | float | None = None
    mean_length: float | None = None
    has_fractions: bool = False
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableFacts:
    """A table: its name in dbt's graph, `ref` or `source` of it, rows, columns, and the names of its keys."""

    name: str
    reference: dict[str, Any]
    rows: int
    columns: list[ColumnFacts]
    keys: tuple[str, ...] = field(default=())


def read_tables(project: Project, names: Sequence[str], like: str | None, schema: str | None) -> list[TableFacts]:
    """The facts of the tables of these names, or of all whose names are like a pattern of SQL (`%` and `_`).

    Raises ExchangeError where dbt knows no such table, or where one is not in the warehouse yet.
    """
    pattern = None if like is None else like_pattern(like.lower())
    values = {"names": list(names), "like": pattern, "schema": schema}
    head = "".join(f"{{%- set {name} = {literal_of_jinja(value)} -%}}" for name, value in values.items())
    graph = project.compiled(head + TABLES)
    found = {word for table in graph["found"] for word in words_of(table)}
    missing = [name for name in names if name not in found] or ([] if graph["found"] else [like])
    if missing:
        near = (
            difflib.get_close_matches(str(missing[0]), graph["known"], MOST_NAMES, 0.3) or graph["known"][:MOST_NAMES]
        )
        raise ExchangeError(
            f"dbt knows no model, seed or source {missing[0]!r}; the nearest are: {', '.join(near) or 'none'}. "
            "A table that dbt does not know needs a source first"
        )
    unbuilt = [table["name"] for table in graph["found"] if not table["columns"]]
    if unbuilt:
        raise ExchangeError(f"{', '.join(unbuilt)} is not in the warehouse yet; build or load it first")
    with project.transaction() as warehouse:
        return [facts_of(table, warehouse) for table in graph["found"]]


def literal_of_jinja(value: Any) -> str:  # noqa: ANN401
    """The value as Jinja writes it; characters outside of ASCII and braces are escaped."""
    return "none" if value is None else json.dumps(value).replace("{", "\\u007b").replace("}", "\\u007d")


def like_pattern(like: str) -> str:
    """The regular expression of a pattern of SQL's `like`."""
    return "".join({"%": ".*", "_": "."}.get(sign, re.escape(sign)) for sign in like)


def words_of(table: dict[str, Any]) -> set[str]:
    """The names by which a table may be called: a source with its name before it, or without."""
    return {table["name"], table["name"].split(".")[-1]}


def facts_of(table: dict[str, Any], warehouse: Warehouse) -> TableFacts:
    """Counts of one table: one statement for a hundred columns, one for the likeliest keys, one for possible labels."""
    columns, rows = [], 0
    for begin in range(0, len(table["columns"]), COLUMNS_AT_ONCE):
        part = table["columns"][begin : begin + COLUMNS_AT_ONCE]
        asked = [expression for column in part for expression in measures(column)]
        ((rows, *found),) = warehouse.rows(f"select count(*), {', '.join(asked)} from {table['relation']}")
        for column in part:
            taken = [found.pop(0) for _ in measures(column)]
            columns.append(measured(column, taken))
    quoted = {column["name"]: column["quoted"] for column in table["columns"]}
    keys = possible_keys(columns, rows)
    if keys:
        exact = ", ".join(f"count(distinct {quoted[name]})" for name in keys)
        (counts,) = warehouse.rows(f"select {exact} from {table['relation']}")
        keys = [name for name, count in zip(keys, counts, strict=True) if count == rows]
    columns = [with_values(column, table["relation"], quoted[column.name], warehouse) for column in columns]
    return TableFacts(table["name"], table["reference"], rows, columns, tuple(keys))


def measures(column: dict[str, str]) -> list[str]:
    """What is counted of a column, as SQL."""
    quoted, asked = column["quoted"], [f"count({column['quoted']})"]
    if column["family"] != "other":
        asked.append(column["distinct"])
    if column["family"] == "timestamp":
        asked += [f"cast(min({quoted}) as varchar)", f"cast(max({quoted}) as varchar)"]
    elif column["family"] == "numeric":
        number = f"cast({quoted} as double precision)"
        asked += [f"min({number})", f"max({number})", f"count(case when {number} <> floor({number}) then 1 end)"]
    elif column["family"] == "string":
        asked.append(f"avg(length(cast({quoted} as varchar)))")
    return asked


def measured(column: dict[str, str], taken: list[Any]) -> ColumnFacts:
    """The counts of `measures`, in the same order."""
    facts = ColumnFacts(column["name"], column["family"], taken[0], taken[1] if len(taken) > 1 else taken[0])
    if facts.family == "timestamp":
        return replace(facts, lowest=taken[2], highest=taken[3])
    if facts.family == "numeric":
        return replace(facts, lowest=taken[2], highest=taken[3], has_fractions=taken[4] > 0)
    if facts.family == "string":
        return replace(facts, mean_length=taken[2] and float(taken[2]))
    return facts


def possible_keys(columns: Sequence[ColumnFacts], rows: int) -> list[str]:
    """Columns without nulls of which nearly all values seem to differ; those that are called so come first."""
    possible = [
        column
        for column in columns
        if rows and column.count == rows and column.distinct >= 0.8 * rows and column.family in ("numeric", "string")
        if not column.has_fractions
    ]
    ranked = sorted(possible, key=lambda column: 0 if column.name.lower().endswith(("id", "key", "uuid")) else 1)
    return [column.name for column in ranked[:MOST_KEYS]]


def with_values(column: ColumnFacts, relation: str, quoted: str, warehouse: Warehouse) -> ColumnFacts:
    """The column with its values, if it has a name and a number of values as a label has."""
    if not is_called(column.name, LABELS) or not 2 <= column.distinct <= MOST_LABEL_VALUES:
        return column
    rows = warehouse.rows(
        f"select distinct cast({quoted} as varchar) as value from {relation} where {quoted} is not null order by value"
    )
    return replace(column, values=tuple(value for (value,) in rows))
