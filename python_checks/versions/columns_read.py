"""Which columns of which tables a definition reads."""

from __future__ import annotations

from data_health.versions.definitions import parsed
from data_health.versions.subqueries import sources_of, top_selects, without_ctes
from sqlglot import exp
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers


def columns_read(definition: str, dialect: str | None = None) -> set[tuple[str, str]]:
    """The (table, column) pairs of base tables that a definition reads; the table is '' where the text does not say it.

    Names of common table expressions and of subqueries are followed to the tables beneath them. Raises
    UnreadableDefinitionError as `parsed`.
    """
    tree = without_ctes(normalize_identifiers(parsed(definition, dialect), dialect=dialect))
    return {pair for column in tree.find_all(exp.Column) for pair in _origins(column)}


def _origins(column: exp.Column) -> set[tuple[str, str]]:
    """The columns of base tables that a column comes from."""
    select = column.find_ancestor(exp.Select)
    while select is not None:
        sources = sources_of(select)
        named = [source for source in sources if source.alias_or_name == column.table]
        candidates = named if column.table else (sources if len(sources) == 1 else [])
        if candidates:
            return _origins_in(candidates[0], column.name)
        if not column.table and sources:
            return {("", column.name)}
        select = select.find_ancestor(exp.Select)
    return {(column.table, column.name)}


def _origins_in(source: exp.Expression, name: str) -> set[tuple[str, str]]:
    if isinstance(source, exp.Table):
        return {(".".join(part.name for part in source.parts), name)}
    if isinstance(source, exp.Subquery):
        found: set[tuple[str, str]] = set()
        for select in top_selects(source.this):
            for item in select.expressions:
                if item.alias_or_name == name:
                    found |= {pair for column in item.find_all(exp.Column) for pair in _origins(column)}
                elif item.is_star:
                    for inner in sources_of(select):
                        found |= _origins_in(inner, name)
        return found
    return {("", name)}
