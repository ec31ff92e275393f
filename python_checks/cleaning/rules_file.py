"""The suggested rules of health_suggested_rules as a file that a build can take as it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from data_health.label_studio.project import Project
from data_health.label_studio.tasks import ExchangeError

# rules of one column stay in this order when those of several columns become one
ORDER = [
    "unicode", "whitespace", "sentinel", "format", "unit", "type", "range", "case", "spelling", "allowed",
    "near_constant", "required", "order", "arithmetic",
]  # fmt: skip
# keys of a cleaning set, which stand beside its rules
BESIDE_RULES = {"repair", "key", "dependencies"}
# rules that read texts alone, so that `all` means the columns of texts
OF_TEXTS = {"unicode", "trim", "squeeze", "null_values", "replace", "replace_pattern", "case"}

# compiled by dbt in the project; the mart must be named while dbt parses, too
SETTINGS = """
{%- set mart = ref('data_health', 'health_suggested_rules') -%}
{%- set found, columns = {'block': data_health.configured_block(), 'mart': mart | string}, {} -%}
{%- do found.update({'is_built': load_relation(mart) is not none}) -%}
{%- for name, cleaning in data_health.cleaning_sets().items() if cleaning.suggest and cleaning.relation -%}
    {%- set relation, texts = data_health.relation_of(cleaning.relation), [] -%}
    {%- for column in (data_health.columns_of(relation) or []) if execute -%}
        {%- do texts.append(column.name) if data_health.type_family(column.data_type) == 'string' -%}
    {%- endfor -%}
    {%- do columns.update({name: texts}) -%}
{%- endfor -%}
{%- do found.update({'texts': columns}) -%}
{{ tojson(found) }}
"""


# a rule and what speaks for it
Reasoned = tuple[dict[str, Any], list[str]]


@dataclass(frozen=True)
class Suggested:
    """A row of health_suggested_rules: its kind, the rule on one line (None for a question), why, rows, and column."""

    kind: str
    rule: str | None
    evidence: str
    affected: int
    column: str = ""

    @property
    def reason(self) -> str:
        """What it is, and what speaks for it."""
        return f"{self.kind}, {self.affected} rows{f' of {self.column}' if self.column else ''}: {self.evidence}"


def written_rules(project: Project, wanted: str | None) -> tuple[str, int, int]:
    """
    The text of the file for the cleaning set of that name, or for all that ask for suggestions, and how many rules and
    questions it has. Raises ExchangeError when there is no such set, or when the mart is not built.
    """
    found = project.compiled(SETTINGS)
    names = list(found["texts"])
    if wanted is not None and wanted not in names:
        allowed = ", ".join(names) or "none"
        raise ExchangeError(f"no cleaning set {wanted!r} asks for suggestions (suggest: true); allowed: {allowed}")
    if not names:
        raise ExchangeError("no cleaning set asks for suggestions; write suggest: true below one")
    if not found["is_built"]:
        raise ExchangeError(f"{found['mart']} is not there yet; run: dbt build")
    suggested: dict[str, list[Suggested]] = {name: [] for name in names if wanted in (None, name)}
    with project.transaction() as warehouse:
        query = (
            f"select cleaning, kind, rule, evidence, affected_count, column_name from {found['mart']}"
            " order by cleaning, rule_number"
        )
        for name, *row in warehouse.rows(query):
            if name in suggested:
                suggested[name].append(Suggested(*row))
    rules = {name: merged_rules(rows, found["texts"][name]) for name, rows in suggested.items()}
    asked = {name: not_rules(rows) for name, rows in suggested.items()}
    return file_text(found["block"], rules, asked), sum(map(len, rules.values())), sum(map(len, asked.values()))


def merged_rules(rows: Sequence[Suggested], texts: Sequence[str]) -> list[Reasoned]:
    """
    The rules with the reasons of each. Equal rules for several columns become one, with `columns: all` where it is for
    all columns of texts. Rules for one column keep their order.
    """
    ordered = sorted((row for row in rows if row.kind in ORDER and row.rule), key=lambda row: ORDER.index(row.kind))
    merged: list[tuple[str, dict[str, Any], list[str], list[str]]] = []
    last: dict[str | None, int] = {}
    for row in ordered:
        rule = yaml.safe_load(row.rule or "")
        if BESIDE_RULES & set(rule):
            continue
        column = rule.pop("column", None)
        # a rule of other columns that comes after all rules of this one can be its own, too
        places = range(last.get(column, -1) + 1, len(merged)) if column is not None else []
        place = next((place for place in places if merged[place][:2] == (row.kind, rule)), len(merged))
        if place == len(merged):
            merged.append((row.kind, rule, [], []))
        last[column] = place
        _, _, columns, reasons = merged[place]
        columns += [] if column is None else [column]
        reasons.append(row.reason)
    result = []
    for _, rule, columns, reasons in merged:
        is_all = set(columns) == set(texts) and bool(OF_TEXTS & set(rule))
        names: dict[str, Any] = {"columns": "all" if is_all else columns} if len(columns) > 1 else {}
        result.append((names | ({"column": columns[0]} if len(columns) == 1 else {}) | rule, reasons))
    return result


def not_rules(rows: Sequence[Suggested]) -> list[str]:
    """What a person has to decide, or to write elsewhere: questions, columns that could be repaired, and the key."""
    listed = []
    for row in rows:
        if row.rule is None:
            listed.append(row.reason)
        elif row.kind not in ORDER or BESIDE_RULES & set(yaml.safe_load(row.rule)):
            listed.append(f"{row.rule}  {row.reason}")
    return listed


def file_text(
    block: Mapping[str, Any],
    rules: Mapping[str, list[tuple[dict[str, Any], list[str]]]],
    asked: Mapping[str, list[str]],
) -> str:
    """
    The variable data_health of the project with the rules added to those of each cleaning set, as YAML. What speaks for
    a rule stands above it.
    """
    cleaning = block.get("cleaning") or {}
    lines = ['# dbt build --vars "$(cat THIS_FILE)"', "data_health:"]
    lines += _indented(_dumped({key: value for key, value in block.items() if key != "cleaning"}), 2)
    lines.append("  cleaning:")
    for name, written in cleaning.items():
        if name not in rules:
            lines += _indented(_dumped({name: written}), 4)
            continue
        others = {key: value for key, value in written.items() if key != "rules"}
        lines += [f"    {_dumped(name)[0]}:", *_indented(_dumped(others), 6), "      rules:"]
        own = [f"        - {_on_one_line(rule)}" for rule in written.get("rules") or []]
        lines += own
        for rule, reasons in rules[name]:
            lines += [f"        # {' '.join(reason.split())}" for reason in reasons]
            lines.append(f"        - {_on_one_line(rule)}")
        if not own and not rules[name]:
            lines[-1] += " []"
        lines += [f"        # {' '.join(text.split())}" for text in asked[name]]
    return "\n".join(lines) + "\n"


def _dumped(value: object) -> list[str]:
    if value == {}:
        return []
    text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=10**9)
    return [line for line in text.splitlines() if line != "..."]


def _on_one_line(rule: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(rule), default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**9).strip()


def _indented(lines: Sequence[str], by: int) -> list[str]:
    return [" " * by + line for line in lines]
