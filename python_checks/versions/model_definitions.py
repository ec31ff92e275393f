"""The columns of a compiled select, each with the SQL that defines it by itself."""

from __future__ import annotations

from collections.abc import Sequence

from data_health.versions.definitions import parsed
from data_health.versions.subqueries import sources_of, top_selects, without_ctes
from sqlglot import exp

# what a select may have and still only compute columns of the rows beneath it
ONLY_COLUMNS = {"expressions", "from", "from_", "order", "kind", "hint"}


def model_definitions(sql: str, dialect: str | None, known_names: Sequence[str] = ()) -> list[tuple[str, str]]:
    """(column, definition) in the order of the select; `known_names` are the columns of the table that dbt built.

    A column that is only computed from columns of one table is an expression. Where rows are joined, filtered or
    grouped on the way, it is a select of that one column. Names of databases and schemas are left out, since they
    differ from target to target. Raises UnreadableDefinitionError as `parsed`.
    """
    tree = parsed(sql, dialect)
    for table in tree.find_all(exp.Table):
        table.set("db", None)
        table.set("catalog", None)
    tree = without_ctes(tree)
    columns = _columns(tree, list(known_names))
    return [(name, _definition(item, select).sql(dialect=dialect)) for name, item, select in columns]


def _columns(tree: exp.Expression, known_names: list[str]) -> list[tuple[str, exp.Expression, exp.Select | None]]:
    """(name, expression, select it stands in) of each column; a star is followed to where the columns are named."""
    if not isinstance(tree, exp.Select):
        # of a union every branch counts, so a column is a select from all of it
        names = known_names or [item.alias_or_name for item in next(iter(top_selects(tree))).expressions]
        whole = exp.select("*").from_(exp.Subquery(this=tree.copy(), alias=exp.TableAlias(this=exp.to_identifier("x"))))
        return [(name, exp.column(name), whole) for name in names]
    found: list[tuple[str, exp.Expression, exp.Select | None]] = []
    named = {item.alias_or_name.lower() for item in tree.expressions if not item.is_star}
    for item in tree.expressions:
        if not item.is_star:
            found.append((item.alias_or_name, item.unalias(), tree))
            continue
        sources = [s for s in sources_of(tree) if not getattr(item, "table", "") or s.alias_or_name == item.table]
        inner = [
            name for source in sources if isinstance(source, exp.Subquery) for name, *_ in _columns(source.this, [])
        ]
        if any(isinstance(source, exp.Table) for source in sources):
            inner = [name for name in known_names if name.lower() not in named]
        found += [(name, exp.column(name), tree) for name in inner]
    return found


def _only_computes(select: exp.Select) -> bool:
    return len(sources_of(select)) == 1 and not {key for key, value in select.args.items() if value} - ONLY_COLUMNS


def _definition(item: exp.Expression, select: exp.Select | None) -> exp.Expression:
    """The expression in terms of the lowest table to which selects only compute columns."""
    item = item.copy()
    while select is not None and _only_computes(select):
        (source,) = sources_of(select)
        if not isinstance(source, exp.Subquery):
            return _without_tables(item)
        inner = source.this
        if not isinstance(inner, exp.Select) or inner.args.get("distinct"):
            break
        item, select = _in_terms_of(item, inner), inner
    if select is None:
        return item
    return select.copy().select(item, append=False)


def _without_tables(item: exp.Expression) -> exp.Expression:
    for column in item.find_all(exp.Column):
        column.set("table", None)
    return item


def _in_terms_of(item: exp.Expression, select: exp.Select) -> exp.Expression:
    """The expression with the columns of a select replaced by what they are; those of a star keep their names."""
    known = {one.alias_or_name.lower(): one.unalias() for one in select.expressions if not one.is_star}

    def replaced(node: exp.Expression) -> exp.Expression:
        if not isinstance(node, exp.Column):
            return node
        meant = known.get(node.name.lower())
        if meant is None:
            return exp.column(node.this.copy())
        return exp.paren(meant.copy()) if isinstance(meant, (exp.Binary, exp.Unary)) else meant.copy()

    return item.transform(replaced)
