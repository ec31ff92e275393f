"""Suggested rules: each kind on a column that needs it, none on columns that do not, and the real tables."""

import csv

import numpy as np
import pytest
import yaml
from consumer import SHARED_DATA, needs_shared_data
from data_health.cleaning.suggestions import suggested_rules

NUMBERS = [str(number % 37) for number in range(400)]
WORDS = ["lamp", "chair", "table", "shelf"] * 100


def suggested(values, **options):
    """The suggestions for one column as (kind, rule without the column's name, affected rows)."""
    found = suggested_rules(["x"], np.array([[value] for value in values], dtype=object).reshape(-1, 1), **options)
    assert all(item.rule is None or yaml.safe_load(item.as_yaml()) == item.rule for item in found)
    assert all((item.kind == "question") == (item.rule is None) and item.evidence for item in found)
    rules = [item.rule and {k: v for k, v in item.rule.items() if k != "column"} for item in found]
    return [(item.kind, rule, item.affected) for item, rule in zip(found, rules, strict=True)]


@pytest.mark.parametrize(
    "values, expected",
    [
        (NUMBERS, [("type", {"cast": "integer"}, 0)]),
        ([*NUMBERS, "N/A", "N/A", "(null)"], [("sentinel", {"null_values": ["N/A", "(null)"]}, 3), ("type", {"cast": "integer"}, 0)]),
        ([*NUMBERS, "none"], [("sentinel", {"null_values": ["none"]}, 1), ("type", {"cast": "integer"}, 0)]),
        ([*NUMBERS, *["999"] * 5], [("sentinel", {"null_values": ["999"]}, 5), ("type", {"cast": "integer"}, 0)]),
        ([*NUMBERS, *["-1"] * 5], [("sentinel", {"null_values": ["-1"]}, 5), ("type", {"cast": "integer"}, 0)]),
        ([*NUMBERS, "1o", "x7"], [("question", None, 2)]),
        ([*NUMBERS, "2.5"], [("type", {"cast": "double"}, 0)]),
        ([*NUMBERS, "5000000000"], [("type", {"cast": "bigint"}, 0), ("range", {"range": [0, 36], "on_failure": "warn"}, 1)]),
        ([*NUMBERS, "900", "-800"], [("type", {"cast": "integer"}, 0), ("range", {"range": [0, 36], "on_failure": "warn"}, 2)]),
        ([f"0{value}" for value in NUMBERS], []),
        ([f"5.{inches}" for inches in range(12)] * 40, []),
        ([f"{number / 8}" for number in range(400)], [("type", {"cast": "double"}, 0)]),
        ([f"{number / 4:.2f}" for number in range(400)], [("type", {"cast": "double"}, 0)]),
        ([f"555{1000000 + int(value)}" for value in NUMBERS], []),
        ([f"{value} kg" for value in NUMBERS], [("unit", {"units": {"kg": 1}}, 400)]),
        (
            [*(f"{value} kg" for value in NUMBERS), *(f"{value} lbs" for value in NUMBERS[:40])],
            [("unit", {"units": {"kg": 1, "lbs": 0.45359237}}, 440)],
        ),
        ([*(f"{value}%" for value in NUMBERS[:90]), *NUMBERS], [("unit", {"units": {"%": 1, "": 1}}, 90)]),
        ([f"{number} OZ." if number % 2 else f"{number} oz" for number in range(200)], [("unit", {"units": {"oz": 1, "oz.": 1}}, 200)]),
        ([f"{number},{number + 99:03}" for number in range(1, 200)], [("format", {"replace_pattern": [",", ""]}, 199), ("type", {"cast": "double"}, 0)]),
        ([f"12/{day:02}/2021" for day in range(1, 32)] * 5, [("type", {"cast": "date", "formats": ["%m/%d/%Y"]}, 0)]),
        ([f"2021-12-{day:02}" for day in range(1, 32)] * 5, [("type", {"cast": "date"}, 0)]),
        (
            [f"2021-12-{day:02}" for day in range(1, 32)] * 5 + ["31.12.2021"] * 9,
            [("format", {"cast": "date", "formats": ["%Y-%m-%d", "%d.%m.%Y"]}, 0)],
        ),
        (
            [f"2021-12-{day:02}" for day in range(1, 32)] * 5 + ["31.12.2021"] * 9 + ["2021-13-01"],
            [("question", None, 1)],
        ),
        (
            [f"2021-12-{day:02}" for day in range(1, 32)] * 5 + ["1900-01-01"] * 9,
            [("sentinel", {"null_values": ["1900-01-01"]}, 9), ("type", {"cast": "date"}, 0)],
        ),
        (["Jan-2018", "Feb-2018", "Mar-2018"] * 50, []),
        (["Y", "N"] * 50, [("type", {"cast": "boolean"}, 0)]),
        (["yes", "no", "unknown"] * 50, [("sentinel", {"null_values": ["unknown"]}, 50), ("type", {"cast": "boolean"}, 0)]),
        (WORDS, [("allowed", {"allowed": sorted(set(WORDS)), "on_failure": "warn"}, 0)]),
        (["lamp"] * 300, [("near_constant", {"allowed": ["lamp"], "on_failure": "warn"}, 0)]),
        (
            [*WORDS, "chiar", "tabel"],
            [
                ("spelling", {"replace": {"chiar": "chair", "tabel": "table"}}, 2),
                ("allowed", {"allowed": sorted(set(WORDS)), "on_failure": "warn"}, 0),
            ],
        ),
        (
            [*WORDS, "LAMP"],
            [
                ("case", {"replace": {"LAMP": "lamp"}}, 1),
                ("allowed", {"allowed": sorted(set(WORDS)), "on_failure": "warn"}, 0),
            ],
        ),
        (
            [*WORDS, " lamp", "***"],
            [
                ("whitespace", {"trim": True}, 1),
                ("sentinel", {"null_values": ["***"]}, 1),
                ("allowed", {"allowed": sorted(set(WORDS)), "on_failure": "warn"}, 0),
            ],
        ),
        ([f"{word} {number}" for number, word in enumerate(WORDS)], []),
        (["US", "NA", "DE", "FR", "ZA"] * 40, [("allowed", {"allowed": ["DE", "FR", "NA", "US", "ZA"], "on_failure": "warn"}, 0)]),
        ([None] * 100, []),
        ([""] * 100, []),
        ([], []),
        (["lonely"], []),
        (["N/A"] * 100, [("sentinel", {"null_values": ["N/A"]}, 100)]),
        ([str(number) + "9" * 5000 for number in range(100)], []),
    ],
)  # fmt: skip
def test_one_column(values, expected):
    assert suggested(values) == expected


SHARES = [f"{number / 100}" for number in range(100)]


@pytest.mark.parametrize(
    "values, expected",
    [
        # codes of which 2 in 100 begin with a letter: a cast would lose them
        (["250.83", "401.9", "428.1", "599.2"] * 49 + ["V57", "E909", "V45", "E885"], [("question", None, 4)]),
        (["0,280", "1,5", "12,75", "3,125"] * 50, [("format", {"replace_pattern": [",", "."]}, 200), ("type", {"cast": "double"}, 0)]),
        (["1,250", "12,750,100", "3.5"] * 50, [("format", {"replace_pattern": [",", ""]}, 100), ("type", {"cast": "double"}, 0)]),
        (["1,25", "1,250,000", "3,5"] * 50, [("question", None, 150)]),
        ([f"{month:02}/{day:02}/2021" for month in range(1, 13) for day in range(13, 26)] + [f"{day:02}/{month:02}/2021" for month in range(1, 13) for day in range(13, 26)], [("question", None, 312)]),
        (["\u0661\u0662", "\u0663", "\uff11\uff12"] * 100, [("allowed", {"allowed": ["\u0661\u0662", "\u0663", "\uff11\uff12"], "on_failure": "warn"}, 0)]),
        ([*NUMBERS, "1e400"], [("question", None, 1)]),
        ([*SHARES, *(f"{number}%" for number in range(2, 90))], [("unit", {"units": {"%": 0.01, "": 1}}, 88)]),
        (["1-10%", "11-20%", "21-30%"] * 50 + ["20-Oct"] * 9, [("question", None, 9), ("allowed", {"allowed": ["1-10%", "11-20%", "21-30%"], "on_failure": "warn"}, 9)]),
        (["male", "female"] * 60 + ["Unknown/Invalid"] * 9, [("question", None, 9), ("allowed", {"allowed": ["female", "male"], "on_failure": "warn"}, 9)]),
        ([f"{name}{number}" for name in ("McAllen ", "MCALLEN ", "mcallen ", "McAllen ") for number in range(30)] * 2, [("question", None, 120)]),
        ([f"2024-01-05T10:{minute:02}:00{zone}" for minute in range(60) for zone in ("Z", "+02:00", ".123Z", "")], [("format", {"cast": "timestamp"}, 0)]),
        ([f"{word}\t" if number < 80 else word for number, word in enumerate(WORDS)], [("whitespace", {"trim": True}, 80), ("allowed", {"allowed": sorted(set(WORDS)), "on_failure": "warn"}, 0)]),
    ],
)  # fmt: skip
def test_no_suggestion_loses_a_right_value(values, expected):
    assert suggested(values) == expected


def test_the_allowed_values_come_from_all_rows():
    assert suggested(WORDS, is_all=False) == []


def test_minus_one_that_two_dates_explain_is_no_sentinel():
    arrested = [f"2021-03-{day:02}" for day in range(2, 29)] * 10
    known = [f"2021-03-{day - (number % 3) + 1:02}" for number, day in enumerate(list(range(2, 29)) * 10)]
    days = [str(int(other[-2:]) - int(one[-2:])) for one, other in zip(known, arrested, strict=True)]
    values = np.array([known, arrested, days], dtype=object).T
    found = [item for item in suggested_rules(["known", "arrested", "days"], values) if item.column == "days"]
    assert days.count("-1") > 50
    assert [(item.kind, item.rule) for item in found] == [("type", {"column": "days", "cast": "integer"})]


def test_a_column_with_a_type_is_not_given_another():
    values = [*NUMBERS, *["999"] * 5]
    assert suggested(values, typed=["x"]) == [("sentinel", {"null_values": [999]}, 5)]
    assert suggested(WORDS, typed=["x"]) == []


def test_a_dependency_with_exceptions():
    code = [f"k{number % 5}" for number in range(500)]
    name = [["alpha", "beta", "gamma", "delta", "omega"][number % 5] for number in range(500)]
    name[7], name[11] = "qqqqqq", "zzzzz"
    found = suggested_rules(["order", "Größe"], np.array([code, name], dtype=object).T)
    dependency = next(item for item in found if item.kind == "dependency")
    assert dependency.rule == {"repair": {"columns": ["Größe"]}}
    assert dependency.evidence == "order decides this column in 99.6% of 500 rows, and not in 2"
    assert dependency.affected == 2


def real_table(path, delimiter=","):
    with open(SHARED_DATA / path, newline="", encoding="utf-8-sig") as file:
        names, *rows = csv.reader(file, delimiter=delimiter)
    return names, np.array(rows, dtype=object)


@needs_shared_data
@pytest.mark.parametrize(
    "path, delimiter, sentinels",
    [
        ("tables/nypd_stops/nypd_sqf_2021.csv", ",", ["(null)"]),
        ("tables/bank/bank-additional-full.csv", ";", ["unknown"]),
        ("cleaning/beers/dirty.csv", ",", ["N/A"]),
    ],
)
def test_every_sentinel_of_the_real_tables_is_found(path, delimiter, sentinels):
    names, values = real_table(path, delimiter)
    values = values[:: -(-len(values) // 20000)]
    held = {
        (name, sentinel) for number, name in enumerate(names) for sentinel in sentinels if sentinel in values[:, number]
    }
    assert held
    found = suggested_rules(names, values)
    told = {(item.column, value) for item in found if item.kind == "sentinel" for value in item.rule["null_values"]}
    assert held <= told
    if "bank" in path:
        assert ("pdays", "999") in told


def test_the_mart_and_what_is_printed(make_consumer):
    sets = {"letters": {"relation": {"source": ["raw", "rows"]}, "suggest": True, "where": "a <> 'skipped'"}}
    consumer = make_consumer({"cleaning": sets})
    a = [*NUMBERS, *["N/A"] * 7, *["skipped"] * 50]
    consumer.load("rows", {"a": a, "order": [None if value == "N/A" else len(value) for value in a]})
    consumer.build_cleaning()
    assert consumer.sql("""
        select cleaning, rule_number, column_name, kind, rule, sampled_count, affected_count, affected_share
        from health_suggested_rules
        order by rule_number
    """) == [
        ("letters", 1, "a", "sentinel", "{column: a, null_values: [N/A]}", 407, 7, 7 / 407),
        ("letters", 2, "a", "type", "{column: a, cast: integer}", 407, 0, 0.0),
    ]
    pasted = dict(sets["letters"], rules=printed_rules(consumer))
    consumer.configure({"cleaning": {"letters": pasted}})
    (consumer.folder / "models" / "clean_rows.sql").write_text("{{ data_health.clean('letters') }}")
    consumer.build_cleaning()
    assert consumer.sql("select count(*), count(a), typeof(any_value(a)) from clean_rows") == [(407, 400, "INTEGER")]


def printed_rules(consumer):
    """The rules of set `letters`, as the run-operation prints them."""
    import contextlib
    import io

    from dbt.cli.main import dbtRunner

    output = io.StringIO()
    with contextlib.chdir(consumer.folder), contextlib.redirect_stdout(output):
        assert dbtRunner().invoke(["--quiet", "run-operation", "suggested_rules"]).success
    text = output.getvalue()
    return yaml.safe_load(text[text.index("letters:") :])["letters"]["rules"]


def test_statistics_of_a_monitor_count_all_rows(make_consumer):
    """Six sentinels among 50,000 rows: too few in a sample, and exactly six where a monitor has counted the same rows."""
    relation = {"relation": {"source": ["raw", "rows"]}, "where": "amount <> 12345 or id < 0"}
    block = {"cleaning": {"letters": relation | {"suggest": True}}}
    monitors = {
        "letters": relation | {"time": "at", "key": "id", "grain": "month"},
        "others": {"relation": {"source": ["raw", "rows"]}},
    }
    consumer = make_consumer(block | {"monitors": monitors})
    row = np.arange(50_000)
    is_odd = row % 8333 == 7
    assert is_odd.sum() == 6
    consumer.load(
        "rows",
        {
            "id": row,
            "at": np.datetime64("2024-01-01T00:00:00") + (row % 90).astype("timedelta64[D]"),
            "amount": np.where(is_odd, -999, row % 371),
            "price": np.where(is_odd, 999999.0, (row * 7919 % 50_000) / 100),
            "code": np.char.add("k", row.astype(str)),
            "word": np.where(is_odd, "N/A", np.array(["lamp", "chair", "table"])[row % 3]),
        },
    )
    found = """
        select column_name, rule, sampled_count, affected_count, evidence
        from health_suggested_rules
        where kind = 'sentinel'
        order by column_name
    """
    consumer.build_cleaning()
    source = "; all 50000 rows, counted by the monitor letters"
    assert consumer.sql(found) == [
        ("amount", "{column: amount, null_values: [-999]}", 50_000, 6, f"6 x '-999' are far from all other numbers{source}"),
        ("price", "{column: price, null_values: [999999]}", 50_000, 6, f"6 x '999999' are far from all other numbers{source}"),
        ("word", "{column: word, null_values: [N/A]}", 50_000, 6, f"6 x 'N/A' say that there is no value{source}"),
    ]  # fmt: skip
    # a text of many values is not counted
    assert consumer.sql("select distinct column_name from cleaning_sample where row_count is not null") == [("word",)]
    # rules for numbers are pasted as numbers, which is what a column of numbers is compared with
    rules = printed_rules(consumer)
    consumer.configure({"cleaning": {"letters": block["cleaning"]["letters"] | {"rules": rules}}})
    (consumer.folder / "models" / "cleaned.sql").write_text("{{ data_health.clean('letters') }}")
    consumer.dbt("run", "--select", "cleaned")
    assert consumer.sql(
        "select count(*) - count(amount), count(*) - count(price), count(*) - count(word) from cleaned"
    ) == [(6, 6, 6)]
    # a monitor of other rows says nothing about these; the few values of a text are counted in the table itself
    consumer.configure(block | {"monitors": {"others": monitors["others"]}})
    consumer.build_cleaning()
    assert [row[:3] for row in consumer.sql(found)] == [("word", "{column: word, null_values: [N/A]}", 50_000)]
