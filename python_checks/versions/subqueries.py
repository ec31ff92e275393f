"""The selects within a definition: common table expressions, subqueries and the tables that they read."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp


def without_ctes(tree: exp.Expression) -> exp.Expression:
    """Common table expressions stand where they are read, as subqueries."""
    for query in list(tree.find_all(exp.Query)):
        with_ = query.args.get("with_") or query.args.get("with")
        if with_ is None or with_.args.get("recursive"):
            continue
        known: dict[str, exp.Expression] = {}
        for cte in with_.expressions:
            body = _with_tables_replaced(cte.this.copy(), known)
            names = cte.args["alias"].columns if cte.args.get("alias") else []
            known[cte.alias] = _with_named_columns(body, names)
        for key in ("with_", "with"):
            if key in query.args:
                query.set(key, None)
        _with_tables_replaced(query, known)
    return tree


def _with_named_columns(query: exp.Expression, names: list[exp.Identifier]) -> exp.Expression:
    """The columns of a select have the names that stand behind the name of its common table expression."""
    if names and isinstance(query, exp.Select) and len(names) == len(query.expressions):
        query.set(
            "expressions",
            [exp.alias_(item.unalias(), name.copy()) for item, name in zip(query.expressions, names, strict=True)],
        )
    return query


def _with_tables_replaced(query: exp.Expression, known: dict[str, exp.Expression]) -> exp.Expression:
    for table in list(query.find_all(exp.Table)):
        if table.name in known and not table.db:
            alias = table.alias or table.name
            replacement = exp.Subquery(
                this=known[table.name].copy(), alias=exp.TableAlias(this=exp.to_identifier(alias))
            )
            table.replace(replacement)
    return query


def sources_of(select: exp.Expression) -> list[exp.Expression]:
    """The tables and subqueries of a select, in the order of the text."""
    from_ = select.args.get("from_") or select.args.get("from")
    joins = select.args.get("joins") or []
    return ([from_.this] if from_ else []) + [join.this for join in joins]


def top_selects(tree: exp.Expression) -> Iterable[exp.Select]:
    """The selects whose rows a definition gives: itself, or the branches of a set operation."""
    if isinstance(tree, exp.Select):
        yield tree
    elif isinstance(tree, exp.Subquery):
        yield from top_selects(tree.this)
    elif isinstance(tree, exp.SetOperation):
        yield from top_selects(tree.left)
        yield from top_selects(tree.right)
