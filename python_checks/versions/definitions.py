"""Whether two SQL definitions of a feature say the same, by their syntax trees, and what differs."""

from __future__ import annotations

import difflib

import sqlglot
from data_health.versions.subqueries import sources_of, top_selects, without_ctes
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers

# operators whose operands may change places; of the others of a pair, the one that its mirror image is written as
COMMUTATIVE = (exp.And, exp.Or, exp.Add, exp.Mul, exp.BitwiseAnd, exp.BitwiseOr, exp.BitwiseXor)
SYMMETRIC = (exp.EQ, exp.NEQ, exp.NullSafeEQ, exp.NullSafeNEQ)
MIRRORED = {exp.GT: exp.LT, exp.GTE: exp.LTE}
NEGATED = {exp.EQ: exp.NEQ, exp.NEQ: exp.EQ}
# types that are one type under several names
SAME_TYPES = {exp.DataType.Type.TEXT: exp.DataType.Type.VARCHAR, exp.DataType.Type.NVARCHAR: exp.DataType.Type.VARCHAR}
# a definition of at most so many characters is shown in one line; of a difference at most so many characters are shown
LONGEST_LINE = 80
LONGEST_DIFFERENCE = 300


class UnreadableDefinitionError(ValueError):
    """A definition that is no SQL of its dialect."""


def parsed(definition: str, dialect: str | None = None) -> exp.Expression:
    """The syntax tree of a select or of an expression.

    Raises UnreadableDefinitionError if the text is empty, is no SQL of the dialect, or holds more than one statement.
    """
    text = definition.strip().rstrip(";")
    try:
        trees = [tree for tree in sqlglot.parse(text, dialect=dialect) if tree is not None]
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        reason = str(first.get("description") or error).split(" but got")[0].rstrip(".")
        raise UnreadableDefinitionError(f"{reason} (line {first.get('line')}, character {first.get('col')})") from error
    except (SqlglotError, RecursionError) as error:
        raise UnreadableDefinitionError(str(error).split("\n")[0] or type(error).__name__) from error
    if len(trees) != 1:
        raise UnreadableDefinitionError(f"{len(trees)} statements; a definition is one select or one expression")
    if isinstance(trees[0], exp.Command):
        raise UnreadableDefinitionError("a command; a definition is one select or one expression")
    return trees[0]


def canonical(definition: str, dialect: str | None = None) -> exp.Expression:
    """The syntax tree of a definition without what does not change its meaning.

    Layout, comments, quotes, names of aliases, brackets, the order of commutative operands, of `in` lists and of inner
    joins, and different spellings of one function, operator or type are gone. Raises UnreadableDefinitionError as
    `parsed`.
    """
    tree = parsed(definition, dialect)
    for node in tree.walk():
        node.pop_comments()
    tree = normalize_identifiers(tree, dialect=dialect)
    for identifier in tree.find_all(exp.Identifier):
        identifier.set("quoted", False)
    try:
        tree = without_ctes(tree)
        # names follow the order of texts, and that order follows the names of what is read
        for _ in range(2):
            tree = _ordered(_without_aliases(tree))
    except RecursionError as error:
        raise UnreadableDefinitionError("nested too deeply") from error
    return tree


def is_same(definition: str, other: str, dialect: str | None = None) -> bool:
    """Whether two definitions say the same. Raises UnreadableDefinitionError as `parsed`."""
    return canonical(definition, dialect) == canonical(other, dialect)


def difference(before: str, now: str, dialect: str | None = None) -> str:
    """What differs between two definitions, in short: the lines of the canonical SQL that differ.

    Old lines begin with -, new ones with +. An empty text means no difference. Raises UnreadableDefinitionError as
    `parsed`.
    """
    old, new = canonical(before, dialect), canonical(now, dialect)
    return "" if old == new else difference_of_trees(old, new, dialect)


def difference_of_trees(before: exp.Expression, now: exp.Expression, dialect: str | None = None) -> str:
    """What differs between two canonical trees that are not equal, as `difference` shows it."""
    trees = [_with_brackets(tree.copy()) for tree in (before, now)]
    texts = [tree.sql(dialect=dialect) for tree in trees]
    if max(map(len, texts)) <= LONGEST_LINE:
        return f"- {texts[0]}\n+ {texts[1]}"
    lines = [tree.sql(dialect=dialect, pretty=True, max_text_width=LONGEST_LINE).splitlines() for tree in trees]
    changed = [
        f"{line[0]} {line[1:].strip()}"
        for line in difflib.unified_diff(*lines, n=0, lineterm="")
        if line[0] in "-+" and not line.startswith(("---", "+++"))
    ]
    text = "\n".join(changed)
    return text if len(text) <= LONGEST_DIFFERENCE else text[: LONGEST_DIFFERENCE - 1] + "…"


def _with_brackets(tree: exp.Expression) -> exp.Expression:
    for node in list(tree.find_all(exp.Binary, exp.Not, exp.Neg)):
        # a power is an operator in the tree and a function in the text
        if (
            not isinstance(node, exp.Func)
            and isinstance(node.parent, (exp.Binary, exp.Not, exp.Neg))
            and type(node.parent) is not type(node)
        ):
            node.replace(exp.Paren(this=node.copy()))
    return tree


def _without_aliases(tree: exp.Expression) -> exp.Expression:
    """Tables and columns of subqueries have names of their places; the one column of a definition has none."""
    for select in reversed(list(tree.find_all(exp.Select))):
        _expand_references(select)
        _rename_sources(select)
    top = tree.unalias() if isinstance(tree, exp.Alias) else tree
    for select in top_selects(top):
        if len(select.expressions) == 1:
            select.set("expressions", [select.expressions[0].unalias()])
    return top


def _expand_references(select: exp.Select) -> None:
    """Numbers and names of columns of the select in `group by`, `order by`, `having`, `qualify` are written out."""
    items = {item.alias: item.this for item in select.expressions if isinstance(item, exp.Alias)}
    clauses = [select.args[key] for key in ("group", "order", "having", "qualify") if select.args.get(key)]
    for clause in clauses:
        for column in list(clause.find_all(exp.Column)):
            meant = items.get(column.name) if not column.table else None
            # a table's own column of that name comes first
            if meant is not None and all(inner.name != column.name for inner in meant.find_all(exp.Column)):
                column.replace(meant.copy())
        if isinstance(clause, exp.Group):
            numbers = [item for item in clause.expressions if isinstance(item, exp.Literal) and item.is_int]
            for number in numbers:
                number.replace(select.expressions[int(number.this) - 1].unalias().copy())


def _rename_sources(select: exp.Select) -> None:
    """Tables have the names t1, t2 in the order of their texts; a column says of which it is, if that is known."""
    sources = sources_of(select)
    for source in sources:
        _rename_columns(source, select, is_only=len(sources) == 1)
    order = {
        number: place
        for place, number in enumerate(sorted(range(len(sources)), key=lambda n: _description(sources[n])), 1)
    }
    names = {source.alias_or_name: f"t{order[number]}" for number, source in enumerate(sources)}
    for column in list(select.find_all(exp.Column)):
        if column.table in names and _is_of(column, select, column.table):
            column.set("table", exp.to_identifier(names[column.table]))
        elif not column.table and len(sources) == 1 and column.find_ancestor(exp.Select) is select:
            column.set("table", exp.to_identifier("t1"))
    for source in sources:
        source.set("alias", exp.TableAlias(this=exp.to_identifier(names[source.alias_or_name])))


def _rename_columns(source: exp.Expression, select: exp.Select, is_only: bool) -> None:
    """The columns of a subquery have the names c1, c2 in the order of their texts, where it is read too."""
    inner = source.this if isinstance(source, exp.Subquery) else None
    if not isinstance(inner, exp.Select) or any(item.is_star for item in inner.expressions):
        return
    items = sorted(inner.expressions, key=lambda item: _key(item.unalias()))
    names = {item.alias_or_name: f"c{place}" for place, item in enumerate(items, 1)}
    for column in list(select.find_all(exp.Column)):
        is_read = column.table == source.alias_or_name or (is_only and not column.table)
        if is_read and column.name in names and _is_of(column, select, source.alias_or_name):
            column.set("this", exp.to_identifier(names[column.name]))
    inner.set("expressions", [exp.alias_(item.unalias(), names[item.alias_or_name]) for item in items])


def _is_of(column: exp.Column, select: exp.Select, name: str) -> bool:
    """Whether no select between the column and this one has a table of that name."""
    inner = column.find_ancestor(exp.Select)
    while inner is not None and inner is not select:
        if name in {source.alias_or_name for source in sources_of(inner)}:
            return False
        inner = inner.find_ancestor(exp.Select)
    return inner is select


def _description(source: exp.Expression) -> str:
    plain = source.copy()
    plain.set("alias", None)
    return _key(plain)


def _ordered(node: exp.Expression) -> exp.Expression:
    """The tree with commutative operands, lists and inner joins in one order, from the leaves to the root."""
    for key, value in list(node.args.items()):
        if isinstance(value, exp.Expression):
            node.set(key, _ordered(value))
        elif isinstance(value, list):
            node.set(key, [_ordered(item) if isinstance(item, exp.Expression) else item for item in value])
    return _plain(node)


def _plain(node: exp.Expression) -> exp.Expression:
    """One node, whose parts are plain already, in the one spelling of its kind."""
    if isinstance(node, exp.Paren):
        return node.this
    if isinstance(node, COMMUTATIVE):
        return _folded(type(node), _operands(node))
    if isinstance(node, SYMMETRIC):
        left, right = sorted((node.left, node.right), key=_key)
        return type(node)(this=left, expression=right)
    if type(node) in MIRRORED:
        return MIRRORED[type(node)](this=node.expression, expression=node.this)
    if isinstance(node, exp.Between):
        ends = [
            exp.LTE(this=node.args["low"], expression=node.this.copy()),
            exp.LTE(this=node.this, expression=node.args["high"]),
        ]
        return _folded(exp.And, ends)
    if isinstance(node, exp.Not) and type(node.this) in NEGATED:
        return NEGATED[type(node.this)](**node.this.args)
    if isinstance(node, exp.Case):
        return _plain_case(node)
    if isinstance(node, exp.If) and not isinstance(node.parent, exp.Case):
        default = node.args.get("false")
        return _plain_case(exp.Case(ifs=[exp.If(this=node.this, true=node.args["true"])], default=default))
    if isinstance(node, exp.Count) and isinstance(node.this, exp.Literal):
        node.set("this", exp.Star())
    elif isinstance(node, exp.In) and node.expressions:
        node.set("expressions", _unique(sorted(node.expressions, key=_key)))
    elif isinstance(node, exp.DataType) and node.this in SAME_TYPES:
        node.set("this", SAME_TYPES[node.this])
    elif isinstance(node, exp.Anonymous):
        node.set("this", str(node.this).lower())
    elif isinstance(node, exp.Group):
        node.set("expressions", sorted(node.expressions, key=_key))
    elif isinstance(node, exp.Window) and node.args.get("partition_by"):
        node.set("partition_by", sorted(node.args["partition_by"], key=_key))
    elif isinstance(node, exp.Select):
        return _plain_select(node)
    return node


def _plain_case(case: exp.Case) -> exp.Case:
    """Every branch has a condition of its own, and no branch says null where nothing would."""
    ifs = [
        exp.If(
            this=_plain(exp.EQ(this=case.this.copy(), expression=branch.this)) if case.this else branch.this,
            true=branch.args["true"],
        )
        for branch in case.args["ifs"]
    ]
    default = case.args.get("default")
    return exp.Case(ifs=ifs, default=None if isinstance(default, exp.Null) else default)


def _operands(node: exp.Expression) -> list[exp.Expression]:
    """The operands of a chain of one operator, whatever its brackets."""
    return [
        operand
        for side in (node.this, node.expression)
        for operand in (_operands(side) if type(side) is type(node) else [side])
    ]


def _folded(kind: type[exp.Expression], operands: list[exp.Expression]) -> exp.Expression:
    ordered = sorted(operands, key=_key)
    if kind in (exp.And, exp.Or):
        ordered = _unique(ordered)
    result = ordered[0]
    for operand in ordered[1:]:
        result = kind(this=result, expression=operand)
    return result


def _plain_select(select: exp.Select) -> exp.Select:
    """Inner joins in one order, with their conditions under `where`, which means the same."""
    joins = select.args.get("joins") or []
    from_key = "from_" if "from_" in select.args else "from"
    if joins and all(_is_inner(join) for join in joins):
        conditions = [join.args["on"] for join in joins if join.args.get("on")]
        sources = sorted(sources_of(select), key=lambda source: source.alias_or_name)
        select.set(from_key, exp.From(this=sources[0]))
        select.set("joins", [exp.Join(this=source, kind="CROSS") for source in sources[1:]])
        where = select.args.get("where")
        both = [part for condition in [*conditions, *([where.this] if where else [])] for part in _parts(condition)]
        if both:
            select.set("where", exp.Where(this=_folded(exp.And, both)))
    else:
        for join in joins:
            if join.side and join.kind == "OUTER":
                join.set("kind", None)
            if join.kind == "INNER":
                join.set("kind", None)
    return select


def _parts(condition: exp.Expression) -> list[exp.Expression]:
    return _operands(condition) if isinstance(condition, exp.And) else [condition]


def _is_inner(join: exp.Join) -> bool:
    return (
        not join.side
        and join.kind in ("", "INNER", "CROSS")
        and not join.args.get("using")
        and not join.args.get("method")
        and not isinstance(join.this, (exp.Lateral, exp.Unnest))
    )


def _unique(items: list[exp.Expression]) -> list[exp.Expression]:
    seen: dict[str, exp.Expression] = {}
    for item in items:
        seen.setdefault(_key(item), item)
    return list(seen.values())


def _key(node: exp.Expression) -> str:
    """A text that is the same for equal trees only: without brackets the SQL alone is not."""
    return f"{node.sql()} {node!r}"
