"""The tables of docs/configuration.md, made of the schema that the validation reads."""

import re

TYPES = {
    "text": "text",
    "column": "column",
    "columns": "column or list",
    "column groups": "list of columns and lists",
    "share": "number above 0 and at most 1",
    "number": "number, at least 0",
    "boolean": "true or false",
    "scalar": "text, number or boolean",
    "scalars": "list of texts, numbers or booleans",
    "mapping": "mapping",
    "date": "date or time",
    "days": "days, as in `90 days`",
    "timezone": "timezone",
    "thresholds": "[warn, alert]",
    "relation": "relation",
    "rules": "list of rules",
    "dependencies": "list of mappings",
}


def entries(keys, prefix=""):
    """(path, entry) of every key, those of mappings included, and of the mappings in a list."""
    for key, entry in keys.items():
        yield prefix + key, entry
        yield from entries(entry.get("keys", {}), f"{prefix}{key}.")
        yield from entries(entry.get("each", {}), f"{prefix}{key}[].")


def type_of(entry):
    if entry["type"] == "choice":
        return ", ".join(entry["allowed"][:-1]) + " or " + entry["allowed"][-1]
    if entry["type"] == "whole number":
        return f"whole number, at least {entry['minimum']}"
    if entry.get("is_below_one"):
        return "number above 0 and below 1"
    return TYPES[entry["type"]]


def default_of(entry):
    if entry["type"] == "mapping":
        return ""
    default = entry.get("default")
    if default in (None, []):
        return entry.get("without", "none")
    return {True: "true", False: "false"}.get(default, default) if isinstance(default, bool) else str(default)


def table(keys, prefix=""):
    """The Markdown table of these keys."""
    lines = ["| key | type | default | meaning |", "|---|---|---|---|"]
    for path, entry in entries(keys, prefix):
        lines.append(f"| `{path}` | {type_of(entry)} | {default_of(entry)} | {entry['description']} |")
    return "\n".join(lines)


def parts_table(parts):
    """The Markdown table of the parts: what asks for them, whether one line of configuration does, what they need."""
    lines = ["| part | what it tells | asked for by | on for the one-line monitor | needs |", "|---|---|---|---|---|"]
    for name, part in parts.items():
        keys = [f"`{key}`" for key in part.get("asked_by", [])]
        asked = "a set under `cleaning`" if part.get("asked_by_set") else ", ".join(keys) or "every monitor"
        by_one_line = "yes" if asked == "every monitor" else "no"
        needs = ", ".join(f"`{needed}`" for needed in part["needs"])
        needs += (", " if needs else "") + "Python models" if part.get("needs_python") else ""
        lines.append(f"| [`{name}`]({name}.md) | {part['description']} | {asked} | {by_one_line} | {needs} |")
    return "\n".join(lines)


def with_tables(page, schema, cleaning_schema, parts):
    """The page with each table below its marker as the schemas give it."""
    tables = {
        "parts": parts_table(parts),
        "keys of a monitor": table(schema),
        "keys of a cleaning set": table(
            {"cleaning.*": {"type": "mapping", "description": "One cleaning set.", "keys": cleaning_schema}}
        ),
    }
    for name, text in tables.items():
        marker = re.compile(rf"(<!-- {name} -->\n\n)(?:\|[^\n]*\n)+")
        assert marker.search(page), f"the page has no marker <!-- {name} -->"
        page = marker.sub(lambda match, text=text: match[1] + text + "\n", page)
    return page
