"""The suggested rules as a file: what is in it, in which order, and that it is the configuration with the rules added."""

import pytest
import yaml
from data_health.cleaning.rules_file import Suggested, file_text, merged_rules, not_rules

pytestmark = pytest.mark.quick


def suggested(column, kind, **rule):
    return Suggested(
        kind, yaml.safe_dump({"column": column, **rule}, default_flow_style=True, width=999).strip(), "why", 3
    )


SUGGESTED = [
    suggested("a", "sentinel", null_values=["N/A"]),
    suggested("a", "type", cast="integer"),
    suggested("order", "whitespace", trim=True),
    suggested("order", "sentinel", null_values=["N/A"]),
    suggested("order", "sentinel", null_values=["none"]),
    suggested("order", "type", cast="integer"),
    suggested("Größe", "sentinel", null_values=["N/A"]),
    suggested("Größe", "allowed", allowed=["it's", "#1: 'x'"], on_failure="warn"),
    Suggested("spelling", "{repair: {columns: [Größe]}}", "44 forms\nof others", 56),
    Suggested("question", None, "dates are written in two ways", 12),
]


def test_equal_rules_of_several_columns_become_one_and_keep_their_order():
    rules = [rule for rule, _ in merged_rules(SUGGESTED, ["a", "order", "Größe"])]
    assert rules == [
        {"column": "order", "trim": True},
        {"columns": "all", "null_values": ["N/A"]},
        {"column": "order", "null_values": ["none"]},
        {"columns": ["a", "order"], "cast": "integer"},
        {"column": "Größe", "allowed": ["it's", "#1: 'x'"], "on_failure": "warn"},
    ]
    some = [rule for rule, _ in merged_rules(SUGGESTED, ["a", "order", "Größe", "other"])]
    assert some[1] == {"columns": ["a", "order", "Größe"], "null_values": ["N/A"]}


def test_what_is_no_rule_is_a_comment():
    assert not_rules(SUGGESTED) == [
        "{repair: {columns: [Größe]}}  spelling, 56 rows: 44 forms\nof others",
        "question, 12 rows: dates are written in two ways",
    ]


@pytest.mark.parametrize("own", [[], [{"column": "a", "case": "upper"}]])
def test_the_file_is_the_configuration_with_the_rules_added(own):
    block = {
        "monitors": {"orders": {"relation": {"ref": "clean"}, "where": "a > 1 -- 'x': y"}},
        "cleaning": {
            "other": {"relation": {"ref": "other"}, "rules": [{"column": "z", "trim": True}]},
            "orders": {"relation": {"source": ["raw", "orders"]}, "suggest": True, "rules": own},
        },
    }
    rules = {"orders": merged_rules(SUGGESTED, ["a", "order", "Größe"])}
    text = file_text(block, rules, {"orders": not_rules(SUGGESTED)})
    expected = yaml.safe_load(yaml.safe_dump(block))
    expected["cleaning"]["orders"]["rules"] = own + [rule for rule, _ in rules["orders"]]
    assert yaml.safe_load(text) == {"data_health": expected}
    assert "# question, 12 rows: dates are written in two ways" in text
    assert text.count("why") == len(SUGGESTED) - 2


def test_a_rule_for_several_columns_comes_after_the_rules_that_each_of_them_needs_first():
    point, dollar = {"replace_pattern": [",", "."]}, {"replace_pattern": [r"\$|\.", ""]}
    rows = [
        suggested("price", "format", **point),
        suggested("cost", "format", **dollar),
        suggested("cost", "format", **point),
        suggested("paid", "format", **dollar),
        suggested("paid", "format", **point),
        Suggested("order", "{name: a <= b, expression: a <= b}", "why", 3, "b"),
        Suggested("key", "{key: [id]}", "all differ", 0, "id"),
    ]
    assert [rule for rule, _ in merged_rules(rows, ["price", "cost", "paid"])] == [
        {"column": "price", **point},
        {"columns": ["cost", "paid"], **dollar},
        {"columns": ["cost", "paid"], **point},
        {"name": "a <= b", "expression": "a <= b"},
    ]
    assert not_rules(rows) == ["{key: [id]}  key, 0 rows of id: all differ"]


def test_all_means_texts_and_is_written_only_for_rules_that_read_nothing_else():
    rows = [suggested(name, "type", cast="integer") for name in "ab"]
    assert [rule for rule, _ in merged_rules(rows, ["a", "b"])] == [{"columns": ["a", "b"], "cast": "integer"}]


def test_nothing_suggested_is_no_rule():
    block = {"cleaning": {"orders": {"relation": {"ref": "orders"}, "suggest": True}}}
    text = file_text(block, {"orders": []}, {"orders": []})
    assert yaml.safe_load(text)["data_health"]["cleaning"]["orders"]["rules"] == []
