"""Kinds of suggestions that look at several columns, at names, or at how people write: planted, and near misses."""

import datetime

import numpy as np
import pytest
from data_health.cleaning.suggestions import suggested_rules

pytestmark = pytest.mark.quick
DRAW = np.random.default_rng(5)


def found_in(columns, **options):
    """The suggestions for columns of texts as (column, kind, rule without its column, affected rows)."""
    values = np.array([list(values) for values in columns.values()], dtype=object).T
    found = suggested_rules(list(columns), values, **options)
    assert all(item.evidence and (item.kind == "question") == (item.rule is None) for item in found)
    return [
        (item.column, item.kind, item.rule and {k: v for k, v in item.rule.items() if k != "column"}, item.affected)
        for item in found
    ]


def of_column(values, name="x", **options):
    return [item[1:] for item in found_in({name: values}, **options)]


def texts(numbers, digits=0):
    return [f"{number:.{digits}f}" for number in numbers]


def days(numbers, form="%Y-%m-%d"):
    return [(datetime.date(2021, 1, 1) + datetime.timedelta(int(number))).strftime(form) for number in numbers]


CAST = ("type", {"cast": "double"}, 0)
BOOLEAN = ("type", {"cast": "boolean"}, 0)
AMOUNTS = list(range(100, 400))
SECONDS = [str(1_600_000_000 + 7919 * number) for number in range(300)]


def pattern(before, after):
    return {"replace_pattern": [before, after]}


@pytest.mark.parametrize(
    "values, expected",
    [
        # currency, thousands, brackets
        ([f"${number},200.50" for number in AMOUNTS], [("format", pattern(r"\$|,", ""), 300), CAST]),
        ([f"€ {number}.200,50" for number in AMOUNTS], [("format", pattern("€|[ .]", ""), 300), ("format", pattern(",", "."), 300), CAST]),
        ([f"{number},50 €" for number in AMOUNTS], [("format", pattern("€| ", ""), 300), ("format", pattern(",", "."), 300), CAST]),
        ([f"{number}'234.56" for number in AMOUNTS], [("format", pattern("'", ""), 300), CAST]),
        ([f"{number} 234,56" for number in AMOUNTS], [("format", pattern(" ", ""), 300), ("format", pattern(",", "."), 300), CAST]),
        (
            [f"{number}\u202f234,56" for number in AMOUNTS],
            [("unicode", {"squeeze": True}, 300), ("format", pattern(" ", ""), 300), ("format", pattern(",", "."), 300), CAST],
        ),
        ([*texts(AMOUNTS), *["(300)"] * 9], [("format", pattern(r"^\((.*)\)$", r"-\1"), 9), CAST]),
        ([*texts(AMOUNTS), *["12-"] * 9], [("format", pattern("^([0-9].*)-$", r"-\1"), 9), CAST]),
        (
            [*(f"${number}.25" for number in AMOUNTS), *["($5.00)"] * 4, *["-$7.00"] * 3],
            [("format", pattern(r"\$", ""), 307), ("format", pattern(r"^\((.*)\)$", r"-\1"), 4), CAST],
        ),
        ([*(f"${number}" for number in AMOUNTS), *["€5"] * 9], [("question", None, 309)]),
        ([*(f"${number}" for number in AMOUNTS), "free"], [("question", None, 1)]),
        ([f"€ 1.{number}" for number in AMOUNTS], [("question", None, 300)]),
        (
            [*(f"{number},200" for number in AMOUNTS), *["(1,300)"] * 9],
            [("format", pattern(",", ""), 309), ("format", pattern(r"^\((.*)\)$", r"-\1"), 9), CAST],
        ),
        ([f"{number},200.50 USD" for number in AMOUNTS], [("format", pattern("USD|[ ,]", ""), 300), CAST]),
        # no amounts: codes of one form, telephone numbers, areas in brackets, one footnote
        ([f"{number} {number + 300}" for number in AMOUNTS], []),
        ([f"({number})" for number in AMOUNTS], []),
        ([f"{number}-{number + 300}-5555" for number in AMOUNTS], []),
        ([f"1.{number}.{number}" for number in AMOUNTS], []),
        ([f"{number}-" for number in AMOUNTS], []),
        ([*texts(AMOUNTS), "(300)"], [("question", None, 1)]),
        # yes and no
        (["yes", "Y", "no", "N", "true", "0"] * 40, [BOOLEAN]),
        (["1", "0", "true"] * 40, [BOOLEAN]),
        (["ja", "Nein", "1", "0"] * 40, [("format", {"replace": {"Nein": "false", "ja": "true"}}, 80), BOOLEAN]),
        (["yes", "no", "y", "n"] * 100 + ["perhaps"] * 3, [("question", None, 3)]),
        (["Y", "N", "T"] * 100, [("allowed", {"allowed": ["N", "T", "Y"], "on_failure": "warn"}, 0)]),
        (["1", "0"] * 100, [("type", {"cast": "integer"}, 0)]),
        # days as numbers
        (days(range(300), "%Y%m%d"), [("type", {"cast": "date", "formats": ["%Y%m%d"]}, 0)]),
        (days(range(300), "%Y%m%d") + ["0"] * 6, [("sentinel", {"null_values": ["0"]}, 6), ("type", {"cast": "date", "formats": ["%Y%m%d"]}, 0)]),
        ([str(20210000 + 3 * number) for number in range(100, 400)], [("type", {"cast": "integer"}, 0)]),
        # days that are none
        (days(range(300)) + ["0000-00-00"] * 2, [("sentinel", {"null_values": ["0000-00-00"]}, 2), ("type", {"cast": "date"}, 0)]),
        ([*days(range(300)), "9999-12-31"], [("sentinel", {"null_values": ["9999-12-31"]}, 1), ("type", {"cast": "date"}, 0)]),
        (
            days(range(300), "%d.%m.%Y") + ["01.01.1900"] * 5,
            [("sentinel", {"null_values": ["01.01.1900"]}, 5), ("type", {"cast": "date", "formats": ["%d.%m.%Y"]}, 0)],
        ),
        (
            [f"{day} 10:00:00" for day in days(range(300))] + ["1970-01-01 00:00:00"] * 5,
            [("sentinel", {"null_values": ["1970-01-01 00:00:00"]}, 5), ("type", {"cast": "timestamp"}, 0)],
        ),
        (
            [*days(range(300)), "9999-12-31 00:00:00", "99/99/9999"],
            [("sentinel", {"null_values": ["99/99/9999", "9999-12-31 00:00:00"]}, 2), ("type", {"cast": "date"}, 0)],
        ),
        # a birthday like any other
        (days(range(-25000, 0, 20)) + ["1970-01-01"] * 6, [("type", {"cast": "date"}, 0)]),
        # characters
        (["lamp\u200b", "\ufeffdesk", "sofa"] * 40 + ["so\u00adfa"], [("unicode", {"unicode": "strip_invisible"}, 81), ("allowed", {"allowed": ["desk", "lamp", "sofa"], "on_failure": "warn"}, 0)]),
        (["Zu\u0308rich", "Zürich", "Genève"] * 40, [("unicode", {"unicode": "nfc"}, 40), ("allowed", {"allowed": ["Genève", "Zürich"], "on_failure": "warn"}, 0)]),
        (["New\u00a0York", "New York", "Boston"] * 40, [("unicode", {"squeeze": True}, 40), ("allowed", {"allowed": ["Boston", "New York"], "on_failure": "warn"}, 0)]),
        (["\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0628\u0644\u0647"] * 60, [("question", None, 60), ("allowed", {"allowed": ["\u0628\u0644\u0647", "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"], "on_failure": "warn"}, 0)]),
    ],
)  # fmt: skip
def test_one_column(values, expected):
    assert of_column(values) == expected


@pytest.mark.parametrize(
    "name, values, expected",
    [
        ("created_at", SECONDS, [("type", {"epoch": "seconds"}, 0)]),
        ("lastLogin", [f"{value}123" for value in SECONDS], [("type", {"epoch": "milliseconds"}, 0)]),
        ("value", [f"{value}123" for value in SECONDS], [("question", None, 300)]),
        ("event_time", [f"{value}123" for value in SECONDS], [("type", {"epoch": "milliseconds"}, 0)]),
        ("ts", [*SECONDS, *["0"] * 7], [("sentinel", {"null_values": ["0"]}, 7), ("type", {"epoch": "seconds"}, 0)]),
        ("reading", SECONDS, [("question", None, 300)]),
        ("order_id", SECONDS, []),
        ("npi", [str(1_000_000_000 + 3_300_000 * number) for number in range(300)], []),
    ],
)  # fmt: skip
def test_seconds_need_a_name_or_a_person(name, values, expected):
    kinds = [item for item in of_column(values, name) if item[1] is None or "epoch" in item[1] or item[0] == "sentinel"]
    assert kinds == expected


def test_typed_columns_get_rules_of_their_type():
    assert of_column(SECONDS, "created_at", typed=["created_at"]) == [("type", {"epoch": "seconds"}, 0)]
    assert of_column(days(range(300), "%Y%m%d"), typed=["x"]) == [
        ("type", {"cast": "varchar"}, 0),
        ("type", {"cast": "date", "formats": ["%Y%m%d"]}, 0),
    ]
    assert of_column([*days(range(300)), *["1900-01-01"] * 9], typed=["x"]) == [
        ("sentinel", {"null_values": ["1900-01-01"]}, 9)
    ]


@pytest.mark.parametrize(
    "name, numbers, expected",
    [
        ("age", [*range(18, 90), -3, 200], ([0, 125], 2)),
        ("SUSPECT_REPORTED_AGE", [*range(18, 90), 150], ([0, 125], 1)),
        ("AgeMonths", [*range(18, 90), 900], ([18, 89], 1)),
        ("car_age", [*range(18, 90), 130], None),
        ("latitude", [*range(-60, 70), 140], ([-90, 90], 1)),
        ("home_lng", [*range(-160, 170), 240], ([-180, 180], 1)),
        ("latency", [*range(-60, 70), 100], None),
        ("percent_done", [*range(100), 101], ([0, 100], 1)),
        ("pct_change", [*range(100), 101], None),
        ("discount_percent", [number / 100 for number in range(99)], None),
    ],
)
def test_limits_of_what_a_column_is_named_after(name, numbers, expected):
    values = [f"{number}" for number in numbers] + [f"{number}" for number in numbers[:60]] * 4
    ranges = [(rule["range"], rows) for kind, rule, rows in of_column(values, name) if kind == "range"]
    assert ranges == ([expected] if expected else [])


def test_the_evidence_of_a_type_counts_no_sentinels():
    values = [*texts(range(300)), *["-999"] * 68]
    found = suggested_rules(["x"], np.array([values], dtype=object).T)
    assert [item.evidence for item in found if item.kind == "type"] == ["300 of 300 values are whole numbers"]


def row_rules(columns, **options):
    """Rules over several columns as (kind, expression, affected rows)."""
    found = found_in(columns, **options)
    return [(kind, rule["expression"], rows) for _, kind, rule, rows in found if kind in ("order", "arithmetic")]


def test_one_date_is_never_after_another():
    begun = DRAW.integers(0, 900, 1000)
    ended = begun + DRAW.integers(0, 30, 1000)
    ended[[3, 8, 500]] = begun[[3, 8, 500]] - 5
    columns = {"order": days(begun), 'Größe "x"': days(ended, "%d.%m.%Y"), "other": days(DRAW.permutation(begun))}
    assert row_rules(columns) == [("order", '"order" <= "Größe ""x"""', 3)]


def test_a_date_that_is_seldom_near_another_is_in_order_too():
    born = DRAW.integers(-6000, 4000, 2000)
    died = np.maximum(born + 300, DRAW.integers(1000, 8000, 2000))
    assert row_rules({"born": days(born), "died": days(died)}) == [("order", '"born" <= "died"', 0)]
    # one was born late: chance alone would keep the order of most
    assert row_rules({"born": days(born), "built": days(DRAW.integers(1000, 8000, 2000))}) == []


def test_of_three_dates_in_order_two_rules_are_enough():
    first = DRAW.integers(0, 900, 1000)
    second = first + DRAW.integers(0, 30, 1000)
    third = second + DRAW.integers(0, 30, 1000)
    columns = {"a": days(first), "c": days(third), "b": days(second)}
    assert sorted(row_rules(columns)) == [("order", '"a" <= "b"', 0), ("order", '"b" <= "c"', 0)]


def test_numbers_are_in_order_where_their_names_say_that_they_are_alike():
    low = DRAW.integers(0, 90, 1000)
    high = low + DRAW.integers(0, 90, 1000)
    assert row_rules({"price_min": texts(low), "price_max": texts(high)}) == [
        ("order", '"price_min" <= "price_max"', 0)
    ]
    assert row_rules({"height": texts(low), "salary": texts(high)}) == []
    # always so, and no rule: the two are never near each other
    assert row_rules({"price_min": texts(low), "price_max": texts(high + 5000)}) == []
    # a habit: one is above by little, where the other is by much
    high[:8] = low[:8] - 1
    assert row_rules({"open_accounts": texts(low), "all_accounts": texts(high)}) == []


def test_sums_and_products():
    net, tax = DRAW.integers(100, 90000, 1000) / 100, DRAW.integers(100, 9000, 1000) / 100
    gross = net + tax
    gross[[5, 6]] += 7
    count, price = DRAW.integers(1, 9, 1000), DRAW.integers(1, 900, 1000)
    columns = {"net": texts(net, 2), "gross": texts(gross, 2), "tax": texts(tax, 2)}
    assert row_rules(columns) == [("arithmetic", 'abs(cast("gross" as double precision) - "net" - "tax") <= 0.015', 2)]
    columns = {"price": texts(price), "quantity": texts(count), "cost": texts(price * count)}
    assert row_rules(columns) == [("arithmetic", '"cost" = cast("price" as double precision) * "quantity"', 0)]
    # one is the difference of two others, and half of the rows have no value
    columns = {"before": texts(price), "after": texts(price - 5 * count), "lost": texts(5 * count)}
    columns = {name: [value if i % 2 else None for i, value in enumerate(values)] for name, values in columns.items()}
    assert row_rules(columns) == [("arithmetic", '"before" = cast("after" as double precision) + "lost"', 0)]


def test_sums_that_say_nothing():
    price, zero = DRAW.integers(1, 900, 1000), np.zeros(1000)
    seldom = np.where(np.arange(1000) % 20 == 0, DRAW.integers(1, 9, 1000), 0)
    assert row_rules({"a": texts(price + seldom), "b": texts(price), "c": texts(seldom)}) == []
    assert row_rules({"a": texts(price), "b": texts(price), "c": texts(zero)}) == []
    assert row_rules({"a": texts(price + 5), "b": texts(price), "c": texts(zero + 5)}) == []
    assert row_rules({"a": texts(price), "b": texts(price), "c": texts(zero + 1)}) == []
    few = [texts(DRAW.integers(0, 3, 1000)) for _ in range(6)]
    assert row_rules({f"item {i}": values for i, values in enumerate(few)}) == []


def test_keys():
    ids, names = texts(range(1000, 1600)), ["lamp", "desk", "sofa"] * 200
    required = ("required", {"required": True, "on_failure": "warn"})
    assert found_in({"name": names, "visit_id": ids})[-2:] == [
        ("visit_id", "key", {"key": ["visit_id"]}, 0),
        ("visit_id", *required, 0),
    ]
    repeated = [*ids[:-2], ids[0], None]
    assert found_in({"name": names, "visit_id": repeated})[-2:] == [
        ("visit_id", "question", None, 2),
        ("visit_id", *required, 1),
    ]
    codes = [f"INV-{number:05}" for number in DRAW.permutation(600)]
    assert ("invoice", "key", {"key": ["invoice"]}, 0) in found_in({"invoice": codes})
    assert not [item for item in found_in({"invoice": [*codes[:-1], codes[0]]}) if item[1] == "key"]
    salaries = texts(DRAW.choice(90000, 600, replace=False))
    assert not [item for item in found_in({"salary": salaries}) if item[1] in ("key", "question", "required")]
    assert found_in({"n": texts(DRAW.permutation(600))})[-2][1] == "key"


def test_columns_that_say_the_same():
    town = [["Bern", "Genf", "Thun"][number] for number in DRAW.integers(0, 3, 300)]
    number = DRAW.integers(0, 900, 300)
    columns = {"a": town, "b": list(town), "c": [f"{name.upper()} " for name in town], "d": DRAW.permutation(town)}
    columns |= {"e": texts(number), "f": texts(number, 1), "g": ["x"] * 300, "h": ["x"] * 300}
    names = list(columns)
    values = np.array([list(values) for values in columns.values()], dtype=object).T
    asked = {item.column: item.evidence for item in suggested_rules(names, values) if item.kind == "question"}
    assert asked == {
        "b": "the values are those of a in all 300 rows. Is one of the two enough?",
        "c": "the values are those of a in all 300 rows, but for capital letters, blanks or the form of numbers. "
        "Is one of the two enough?",
        "f": "the values are those of e in all 300 rows, but for capital letters, blanks or the form of numbers. "
        "Is one of the two enough?",
    }
