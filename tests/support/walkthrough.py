"""Pages whose fenced blocks are run, in order: files of a project, and queries with the tables that they give.

A block below a path in backquotes is that file; a `sql` block without one is a query, the table below it its output.
"""

import re
from datetime import date, datetime

import yaml

BLOCK = re.compile(
    r"(?:^`(?P<path>[^`\n]+)`:\n\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```\n(?P<table>\n(?:^\|[^\n]*\n)+)?",
    re.MULTILINE | re.DOTALL,
)


def merged(left, right):
    """Two YAML documents as one: mappings are combined key by key."""
    if not isinstance(left, dict) or not isinstance(right, dict):
        return right
    return left | {key: merged(left[key], value) if key in left else value for key, value in right.items()}


def files(page):
    """Path -> content; a YAML file that is shown in parts is put together."""
    result = {}
    for block in BLOCK.finditer(page):
        path, text = block["path"], block["text"]
        if path and path.endswith(".yml"):
            result[path] = merged(result.get(path, {}), yaml.safe_load(text))
        elif path:
            assert path not in result, f"{path} is on the page twice"
            result[path] = text
    return result


def is_query(block):
    return block["language"] == "sql" and not block["path"]


def queries(page):
    """(statement, table) of every query."""
    return [(block["text"], (block["table"] or "").strip()) for block in BLOCK.finditer(page) if is_query(block)]


def with_tables(page, answer):
    """The page with the table below every query as `answer`, a function of the statement, gives it."""

    def replaced(block):
        if not is_query(block):
            return block[0]
        return f"```sql\n{block['text']}```\n\n{table(answer(block['text']))}\n"

    return BLOCK.sub(replaced, page)


def cell(value):
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def table(rows):
    """Rows, given as dictionaries, as a Markdown table."""
    names = list(rows[0])
    lines = [names, ["---"] * len(names), *([cell(row[name]) for name in names] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
