"""Cleaning rules in a user's project: every kind against a plain Python reading of the same texts, on DuckDB and PostgreSQL."""

import datetime
import math
import re

import pytest
import yaml
from consumer import Consumer, slow_on_postgres
from postgres_server import PostgresConsumer

TEXTS = [
    *[
        "7",
        " 7 ",
        "-7.50",
        "+.5",
        "5.",
        "7e3",
        "1E-2",
        "7.0",
        "2147483647",
        "2147483648",
        "-2147483649",
        "999999999999",
        "0",
    ],
    *[
        "",
        " ",
        "-",
        ".",
        "e5",
        "1_000",
        "0x10",
        "1,5",
        "12 kg",
        "nan",
        "inf",
        "-Infinity",
        "--5",
        "5 5",
        "٣",
        "N/A",
        "it's",
        "a|b",
    ],
    *[
        "2024-02-29",
        "2023-02-29",
        "2024-2-3",
        "2024-13-01",
        "2024-04-31",
        "24-01-01",
        "0024-01-01",
        "2024-01-01 10:00:00",
    ],
    *[
        "2024-01-01T23:59:59",
        "2024-01-01 24:00:00",
        "2024-01-01 10:00:00.25",
        "2024-01-01 10:61",
        "2024-01-01  10:00",
        "infinity",
    ],
    *["02/29/2024", "2/3/2024", "31/12/2024", "12/31/2024 11:59:59 PM", "12/31/2024 12:00:00 AM", "epoch"],
    *["true", "YES", "n", "1", "maybe", None],
    *["1200000000000000007", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1e18", "1e400"],
    *[" 2024-01-05 ", "\t2024-01-05 10:00:00\n", "2024-01-05T10:00:00Z", "2024-01-05T10:00:00+02:00"],
    *["2024-01-05T10:00:00.123Z", "2024-01-05 10:00:00-0530", "2024-01-05 23:00-05", "2024-01-05-05", "10:00Z"],
]
TYPES = ["integer", "bigint", "double", "decimal(5,2)", "boolean", "date", "timestamp"]
FORMATS = {"date_us": ["date", ["%m/%d/%Y"]], "time_us": ["timestamp", ["%m/%d/%Y %I:%M:%S %p", "%d/%m/%Y"]]}
MATERIALISED = "{{ config(materialized='table') }}\n"
CLEAN_AND_HELD = {
    "cleaned.sql": MATERIALISED + "{{ data_health.clean('rows') }}",
    "held.sql": MATERIALISED + "{{ data_health.quarantine('rows') }}",
}


def number(text):
    """A finite number as a decimal text, or none."""
    is_number = re.fullmatch(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*", text, re.ASCII)
    return float(text) if is_number and math.isfinite(float(text)) else None


def moment(text, formats):
    for format in formats:
        # Python wants a year of four digits and takes any blanks
        text = text.strip()
        if re.search(r"\s\s|^0", text) and not re.match(r"0\d?/", text):
            continue
        try:
            return datetime.datetime.strptime(text, format)
        except ValueError:
            continue
    return None


def expected_cast(text, type, formats=None):
    """What a text is as a value of a type, worked out without SQL."""
    if text is None:
        return None
    value = number(text)
    if type in ("integer", "bigint"):
        largest = 2**31 if type == "integer" else 2**63
        value = int(text) if value is not None and re.fullmatch(r"\s*[-+]?\d+\s*", text) else value
        return int(value) if value is not None and value == int(value) and -largest <= value < largest else None
    if type == "double":
        return value
    if type == "decimal(5,2)":
        return round(value, 2) if value is not None and abs(value) < 999.995 else None
    if type == "boolean":
        words = {"true": True, "t": True, "yes": True, "y": True, "1": True}
        return (words | dict.fromkeys(["false", "f", "no", "n", "0"], False)).get(text.strip().lower())
    if type == "date":
        found = moment(text, formats or ["%Y-%m-%d"])
        return found.date() if found else None
    if not formats and re.search(r":[\d.]+(Z|[-+]\d\d(:?\d\d)?)$", text.strip()) and re.match(r"\d{4}", text.strip()):
        return datetime.datetime.fromisoformat(text.strip()).astimezone(datetime.UTC).replace(tzinfo=None)
    times = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"]
    return moment(text, formats or times)


@pytest.fixture(params=["duckdb", "postgres"])
def engine(request):
    """A maker of projects on one of the engines."""

    def make(folder, configuration, models):
        if request.param == "duckdb":
            return Consumer(folder, configuration, models=models)
        return PostgresConsumer(request.getfixturevalue("postgres"), folder, configuration, models=models)

    return make


def cleaning(rules, **settings):
    return {"cleaning": {"rows": {"relation": {"source": ["raw", "rows"]}, "key": "id", "rules": rules} | settings}}


def fill(consumer, columns, rows):
    """The table raw.rows."""
    literals = ", ".join("(" + ", ".join(literal(value) for value in row) + ")" for row in rows)
    names = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    consumer.sql(
        f"drop table if exists raw.rows; create table raw.rows ({names}); insert into raw.rows values {literals}; select 1"
    )


def literal(value):
    if value is None:
        return "null"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


def test_a_cast_keeps_what_can_be_read_and_counts_the_rest(engine, tmp_path):
    columns = {name: (type, None) for name, type in zip("abcdefg", TYPES, strict=True)} | FORMATS
    rules = [
        {"column": name, "cast": type} | ({"formats": formats} if formats else {})
        for name, (type, formats) in columns.items()
    ]
    consumer = engine(tmp_path / "project", cleaning(rules), CLEAN_AND_HELD)
    fill(
        consumer,
        {"id": "integer"} | dict.fromkeys(columns, "varchar"),
        [[i] + [text] * len(columns) for i, text in enumerate(TEXTS)],
    )
    consumer.build_cleaning()
    cleaned = {row["id"]: row for row in consumer.rows("select * from cleaned")}
    assert len(cleaned) == len(TEXTS)
    outcomes = {row["column_name"]: row for row in consumer.rows("select * from health_rule_outcomes")}
    for name, (type, formats) in columns.items():
        wanted = [expected_cast(text, type, formats) for text in TEXTS]
        found = [cleaned[i][name] for i in range(len(TEXTS))]
        if type in ("double", "decimal(5,2)"):
            found = [None if value is None else pytest.approx(float(value), rel=1e-12) for value in found]
        different = [(text, a, b) for text, a, b in zip(TEXTS, found, wanted, strict=True) if a != b]
        assert not different, (name, type, different)
        failed = sum(text is not None and value is None for text, value in zip(TEXTS, wanted, strict=True))
        assert (outcomes[name]["tested_count"], outcomes[name]["failed_count"]) == (len(TEXTS) - 1, failed)
        assert 0 < failed < len(TEXTS) - 1


KINDS = [
    # rule, column type, values before, values after (a tuple: the value fails)
    ({"null_values": ["N/A", "", 7]}, "varchar", ["N/A", "", "7", "n/a", None], [None, None, None, "n/a", None]),
    ({"null_values": [-999, "N/A"]}, "double precision", [-999, 0.5, None], [None, 0.5, None]),
    ({"null_values": ["1900-01-01"]}, "date", ["1900-01-01", "2024-01-01"], [None, datetime.date(2024, 1, 1)]),
    ({"trim": True}, "varchar", ["  a b ", "\t a b\u00a0\n", "", None], ["a b", "a b", "", None]),
    ({"squeeze": True}, "varchar", ["\t a \n\n b ", "a\u00a0 \u2003b\u3000", "c"], ["a b", "a b", "c"]),
    ({"case": "upper"}, "varchar", ["aB 1", "A"], ["AB 1", "A"]),
    ({"unicode": "nfc"}, "varchar", ["e\u0301", "x"], ["é", "x"]),
    ({"unicode": "strip_accents"}, "varchar", ["Crème", "x"], ["Creme", "x"]),
    (
        {"unicode": "strip_invisible"},
        "varchar",
        ["\ufeffa\u200bb", "a\u00ad\u2060b\u200e", "a b", None],
        ["ab", "ab", "a b", None],
    ),
    ({"replace": {"a": "b", "it's": None}}, "varchar", ["a", "it's", "aa"], ["b", None, "aa"]),
    ({"replace_pattern": ["(\\d+) ?lb", "\\1 pounds"]}, "varchar", ["12 lb", "x"], ["12 pounds", "x"]),
    (
        {"units": {"kg": 1, "lb": 0.5, "": 10}},
        "varchar",
        ["12.5 KG", "8lb", "3", "4 st", "x", None],
        [12.5, 4.0, 30.0, (None,), (None,), None],
    ),
    (
        {"epoch": "seconds"},
        "varchar",
        ["0", " 1700000000.5", "1e400", "1e30", "soon", None],
        [
            datetime.datetime(1970, 1, 1),
            datetime.datetime(2023, 11, 14, 22, 13, 20, 500000),
            (None,),
            (None,),
            (None,),
            None,
        ],
    ),
    (
        {"epoch": "milliseconds", "on_failure": "quarantine"},
        "bigint",
        [1700000000123, None],
        [datetime.datetime(2023, 11, 14, 22, 13, 20, 123000), None],
    ),
    (
        {"epoch": "seconds"},
        "double precision",
        [-1.5, "NaN", "Infinity"],
        [datetime.datetime(1969, 12, 31, 23, 59, 58, 500000), (None,), (None,)],
    ),
    ({"convert": {"multiply": 2, "add": -1}}, "double precision", [1.5, None], [2.0, None]),
    ({"round": 1}, "double precision", [1.26, -0.04], [1.3, 0.0]),
    ({"set": "upper(v) || '!'"}, "varchar", ["a", None], ["A!", None]),
    ({"set": "0", "when": "v < 0"}, "integer", [-5, 5, None], [0, 5, None]),
    ({"allowed": ["a", "b"]}, "varchar", ["a", "c", None], ["a", ("c",), None]),
    ({"allowed": [1, 2], "on_failure": None}, "integer", [1, 3, None], [1, (None,), None]),
    (
        {"range": [0, 10], "on_failure": "clamp"},
        "double precision",
        ["NaN", "Infinity", -0.5, 3, 11, None],
        [(None,), (10.0,), (0.0,), 3.0, (10.0,), None],
    ),
    ({"range": [None, 10], "on_failure": "null"}, "integer", [-5, 11, None], [-5, (None,), None]),
    (
        {"range": ["2024-01-01", None], "on_failure": None},
        "date",
        ["2023-12-31", "2024-01-01"],
        [(None,), datetime.date(2024, 1, 1)],
    ),
    (
        {"pattern": "[a-z]+|x1", "on_failure": "default", "default": "?"},
        "varchar",
        ["ab", "x1", "ab1", "", None],
        ["ab", "x1", ("?",), ("?",), None],
    ),
    ({"required": True, "on_failure": "default", "default": 0}, "integer", [1, None], [1, (0,)]),
    ({"expression": "v > 0", "on_failure": None}, "integer", [1, -1, None], [1, (None,), None]),
    ({"range": [0, 10], "on_failure": None, "when": "id < 2"}, "integer", [50, 5, 50], [(None,), 5, 50]),
    ({"cast": "integer"}, "double precision", [1.0, 1.5, "NaN", 1e12, None], [1, (None,), (None,), (None,), None]),
    ({"cast": "varchar"}, "integer", [1, None], ["1", None]),
    ({"cast": "bigint"}, "boolean", [True, False, None], [1, 0, None]),
    ({"cast": "decimal(3,1)"}, "boolean", [True, None], [1, None]),
    ({"cast": "boolean"}, "double precision", [0, 2.5, None], [False, True, None]),
    ({"cast": "date"}, "timestamp", ["2024-01-01 10:00:00", None], [datetime.date(2024, 1, 1), None]),
]


def test_every_kind_of_rule(engine, tmp_path):
    """All kinds in one table, a column each, with as many rows as the longest has values; what is missing is null."""
    names = [f"v{i}" for i in range(len(KINDS))]
    length = max(len(before) for _, _, before, _ in KINDS)
    rules = []
    for name, (rule, *_) in zip(names, KINDS, strict=True):
        text = yaml.safe_dump(rule | {"column": name})
        rules.append(yaml.safe_load(re.sub(r"\bv\b", name, text)))
    consumer = engine(tmp_path / "project", cleaning(rules), CLEAN_AND_HELD)
    columns = [[*before, *[None] * (length - len(before))] for _, _, before, _ in KINDS]
    types = dict(zip(names, (kind for _, kind, _, _ in KINDS), strict=True))
    fill(consumer, {"id": "integer"} | types, [[i, *row] for i, row in enumerate(zip(*columns, strict=True))])
    consumer.build_cleaning()
    cleaned = consumer.rows("select * from cleaned order by id")
    outcomes = {row["column_name"]: row for row in consumer.rows("select * from health_rule_outcomes")}
    for name, (rule, _, before, wanted) in zip(names, KINDS, strict=True):
        found = [row[name] for row in cleaned][: len(wanted)]
        assert found == [value[0] if isinstance(value, tuple) else value for value in wanted], rule
        rest = length - len(wanted)
        failed = sum(isinstance(value, tuple) for value in wanted) + (rest if "required" in rule else 0)
        assert outcomes[name]["failed_count"] == failed, (rule, outcomes[name])
        assert outcomes[name]["row_count"] == length
        if not any(key in rule for key in ("cast", "units", "epoch", "required")):
            plain = [None if isinstance(value, str) and value == "NaN" else value for value in before]
            changed = sum(str(a) != str(b) and a != b for a, b in zip(plain, found, strict=True)) + ("NaN" in before)
            assert outcomes[name]["changed_count"] == changed, (rule, outcomes[name])
    assert consumer.sql("select count(*) from held") == [(0,)]


RULES = [
    {"columns": "all", "null_values": ["N/A"]},
    {"column": "at", "cast": "timestamp", "on_failure": "quarantine"},
    {"column": "age", "cast": "integer", "on_failure": "quarantine"},
    {"column": "age", "range": [0, 120], "on_failure": "quarantine"},
    {"column": "Größe", "required": True},
    {"name": "adults only", "expression": "age >= 18 or \"order\" = 'child'", "on_failure": "quarantine"},
    {"column": "order", "allowed": ["adult", "child"], "on_failure": "warn"},
]
SETTINGS = {"time": "at", "loaded_at": "loaded", "log_changes": ["order"], "show_values": ["age", "order"]}
COLUMNS = {
    "id": "integer",
    "at": "varchar",
    "age": "varchar",
    "Größe": "varchar",
    "order": "varchar",
    "loaded": "timestamp",
}
LOADED = "2024-03-01 00:00:00"
ROWS = [
    [1, "2024-01-05", "40", "x", "adult", LOADED],
    [2, "2024-01-06", "abc", "x", "adult", LOADED],
    [3, "2024-01-07", "130", None, "adult", LOADED],
    [4, "2024-02-30", "30", "x", "adult", LOADED],
    [5, "2024-02-01", "12", "N/A", "child", LOADED],
    [6, "2024-02-02", "12", "x", "adult", LOADED],
    [7, "2024-02-03", None, "it's", "senior", LOADED],
    [None, "2024-02-03", "50", "x", "N/A", None],
    [None, "2024-02-03", "50", "x", "N/A", None],
]
REMOVED = {
    "final.sql": MATERIALISED + "{{ data_health.deduplicate(ref('cleaned'), key=['id', 'at'], nulls_match=true) }}",
    "removed.sql": MATERIALISED
    + "{{ data_health.removed_duplicates(ref('cleaned'), key=['id', 'at'], nulls_match=true) }}",
    "schema.yml": yaml.safe_dump(
        {
            "models": [
                {
                    "name": "final",
                    "data_tests": [
                        {
                            "data_health.rows_add_up": {
                                "arguments": {
                                    "of": "source('raw', 'rows')",
                                    "parts": ["ref('held')", "ref('removed')"],
                                    "key": ["id"],
                                }
                            }
                        }
                    ],
                }
            ]
        }
    ),
}


def test_every_row_is_kept_held_or_removed_and_the_reasons_are_told(engine, tmp_path):
    consumer = engine(tmp_path / "project", cleaning(RULES, **SETTINGS), CLEAN_AND_HELD | REMOVED)
    fill(consumer, COLUMNS, ROWS)
    consumer.build_cleaning()
    held = consumer.rows("select * from held order by id")
    assert [(row["id"], row["age"], row["broken_rules"], row["broken_reasons"]) for row in held] == [
        (2, "abc", ["age.cast"], ["not a whole number"]),
        (3, "130", ["age.range", "Größe.required"], ["above 120", "missing"]),
        (4, "30", ["at.cast"], ["not a time"]),
        (5, "12", ["Größe.required"], ["missing"]),
        (6, "12", ["adults only"], ["the expression is false"]),
    ]
    assert held[3]["Größe"] == "N/A", "raw values, not cleaned ones"
    assert consumer.sql('select id, age, "Größe", "order" from final order by id') == [
        (1, 40, "x", "adult"),
        (7, None, "it's", "senior"),
        (None, 50, "x", None),
    ]
    assert consumer.sql("select count(*) from removed") == [(1,)]
    changes = consumer.sql("select row_key, column_name, rule, value_before, value_after from health_cell_changes")
    assert changes == [("", "order", "order.null_values", "N/A", None)] * 2
    examples = consumer.rows(
        "select * from health_rule_outcomes where rule in ('age.cast', 'order.allowed') and failed_count > 0"
    )
    assert [
        (str(row["period_start"]), row["failed_share"], row["first_example"])
        for row in sorted(examples, key=lambda row: row["rule"])
    ] == [
        ("2024-01-01", pytest.approx(1 / 3), "abc"),
        ("2024-02-01", pytest.approx(1 / 3), "senior"),
    ]
    assert consumer.sql(
        "select count(*) from health_rule_outcomes where period_start is null and failed_count > 0"
    ) == [(1,)]


@slow_on_postgres
def test_only_periods_that_changed_are_counted_again(engine, tmp_path):
    consumer = engine(tmp_path / "project", cleaning(RULES, **SETTINGS), CLEAN_AND_HELD | REMOVED)
    fill(consumer, COLUMNS, ROWS)
    counts = "select cleaning_period_key, rule, row_count, tested_count, failed_count, changed_count from health_rule_outcomes order by 1, 2"
    runs = "select cleaning_period_key, min(run_id) from health_rule_outcomes group by 1 order by 1"
    consumer.build_cleaning()
    first, first_runs = consumer.sql(counts), dict(consumer.sql(runs))
    assert set(first_runs) == {"rows|2024-01-01", "rows|2024-02-01", "rows|none"}
    consumer.build_cleaning()
    assert (consumer.sql(counts), dict(consumer.sql(runs))) == (first, first_runs)

    consumer.sql("""insert into raw.rows values (9, '2024-02-09', '200', 'x', 'adult', '2024-03-02'); select 1""")
    consumer.sql("update raw.rows set age = '41', loaded = '2024-03-03' where id = 1; select 1")
    consumer.build_cleaning()
    second, second_runs = consumer.sql(counts), dict(consumer.sql(runs))
    assert {key for key in first_runs if first_runs[key] != second_runs[key]} == {"rows|2024-01-01", "rows|2024-02-01"}
    consumer.sql("drop table health_rule_outcomes; select 1")
    consumer.build_cleaning()
    assert consumer.sql(counts) == second

    consumer.configure(cleaning(RULES[:-1], **SETTINGS))
    consumer.sql("delete from raw.rows where \"at\" < '2024-02'; select 1")
    consumer.build_cleaning()
    rules = dict(consumer.sql("select cleaning_period_key, count(*) from health_rule_outcomes group by 1"))
    assert rules["rows|2024-01-01"] == rules["rows|2024-02-01"] + 1, "what is gone stays as it was counted"


INCREMENTAL = (
    "{{ config(materialized='incremental', unique_key='data_health_load', incremental_strategy='delete+insert') }}\n"
)


@slow_on_postgres
def test_an_incremental_clean_table_loses_nothing(engine, tmp_path):
    models = {name: text.replace(MATERIALISED, INCREMENTAL) for name, text in CLEAN_AND_HELD.items()}
    consumer = engine(tmp_path / "project", cleaning(RULES, **SETTINGS), models | REMOVED)
    fill(consumer, COLUMNS, ROWS)
    consumer.build_cleaning()
    assert consumer.sql("select count(*) as kept, count(distinct data_health_rules) as versions from cleaned") == [
        (4, 1)
    ]
    # a load that had begun already, a later one, and a row without a load time
    consumer.sql("""insert into raw.rows values (10, '2024-01-01', '20', 'x', 'adult', '2024-03-01'), (11, '2024-01-01', 'y', 'x', 'adult', '2024-03-05'),
        (12, '2023-01-01', '20', 'x', 'adult', '2024-03-05'), (13, '2023-01-01', '20', 'x', 'adult', null); select 1""")
    for _ in range(2):
        consumer.build_cleaning()
        assert consumer.sql("select count(*) from cleaned") == [(7,)]
        assert consumer.sql("select count(*) from held") == [(6,)]


@slow_on_postgres
def test_an_incremental_table_is_not_cleaned_by_two_sets_of_rules(engine, tmp_path):
    """The newest load in quarantine is older than the newest one kept, so the two would read different rows again."""

    def limited(highest):
        return cleaning([{"column": "age", "range": [0, highest], "on_failure": "quarantine"}], loaded_at="loaded")

    models = {name: text.replace(MATERIALISED, INCREMENTAL) for name, text in CLEAN_AND_HELD.items()}
    consumer = engine(tmp_path / "project", limited(100), models)
    fill(
        consumer,
        {"id": "integer", "age": "integer", "loaded": "timestamp"},
        [
            [1, 20, "2024-01-01"],
            [2, 200, "2024-01-02"],
            [3, 150, "2024-01-02"],
            [4, 90, "2024-01-03"],
            [5, 50, "2024-01-04"],
        ],
    )
    models = ("run", "--select", "cleaned", "held")

    def split():
        return tuple({row[0] for row in consumer.sql(f"select id from {table}")} for table in ("cleaned", "held"))

    consumer.dbt(*models)
    assert split() == ({1, 4, 5}, {2, 3})
    for highest, refreshed in ((80, ({1, 5}, {2, 3, 4})), (300, ({1, 2, 3, 4, 5}, set()))):
        before = split()
        consumer.configure(limited(highest))
        results = consumer.dbt(*models, succeeds=False).result
        assert all("--full-refresh" in result.message for result in results)
        assert split() == before
        consumer.dbt("compile")
        consumer.dbt(*models, "--full-refresh")
        assert split() == refreshed
        consumer.dbt(*models)
        assert split() == refreshed


def test_loads_are_the_same_in_sessions_of_other_timezones(engine, tmp_path, monkeypatch):
    models = {name: text.replace(MATERIALISED, INCREMENTAL) for name, text in CLEAN_AND_HELD.items()}
    consumer = engine(tmp_path / "project", cleaning(RULES, **SETTINGS), models)
    fill(
        consumer, COLUMNS | {"loaded": "timestamp with time zone"}, [[*row[:5], "2024-03-01 00:00+00"] for row in ROWS]
    )
    runs = "select count(distinct run_id) as runs from health_rule_outcomes"
    for zone in ("UTC", "America/New_York", "Asia/Kolkata"):
        monkeypatch.setenv("PGTZ", zone)
        profile = consumer.profile()
        if profile["type"] == "duckdb":
            profile["settings"] = {"TimeZone": zone}
        consumer.write("profiles.yml", {"consumer": {"target": "dev", "outputs": {"dev": profile}}})
        consumer.build_cleaning()
        assert consumer.sql("select count(*) from cleaned") == [(4,)], zone
        assert consumer.sql("select count(*) from held") == [(5,)], zone
        assert consumer.sql(runs) == [(1,)], "nothing has changed"
    assert consumer.sql("select distinct data_health_load from cleaned") == [("2024-03-01 00:00:00",)]


def test_a_table_with_a_tenth_of_its_values_broken_is_split(tmp_path):
    columns = 20
    values = ["7", "-3.5", "2024-02-29", "true"]
    broken = [
        "",
        "N/A",
        "12..5",
        "2024-02-30",
        "9" * 400,
        "1e999",
        "\x01",
        "ß'\"\n;",
        "null",
        "-",
        "½",
        "∞",
        "1e-400",
        "0x1F",
        "99999999999999999999",
    ]
    rows = []
    for i in range(600):
        row = [values[(i + k) % 4] if (i * 7 + k * 3) % 10 else broken[(i + k) % len(broken)] for k in range(columns)]
        rows.append([i, *row])
    types = ["integer", "double", "decimal(8,3)", "date", "timestamp", "boolean", "bigint"]
    names = [f"c{k}" for k in range(columns)]
    rules = [{"columns": names, "null_values": [""]}]
    rules += [
        {"column": name, "cast": types[k % 7], "on_failure": "quarantine" if k == 5 else "null"}
        for k, name in enumerate(names)
    ]
    rules += [
        {"column": name, "range": [-5, 100], "on_failure": ["null", "clamp", "warn"][k % 3]}
        for k, name in enumerate(names)
        if k % 7 in (0, 1, 2, 6)
    ]
    consumer = Consumer(tmp_path / "project", cleaning(rules), CLEAN_AND_HELD)
    fill(consumer, {"id": "integer"} | dict.fromkeys(names, "varchar"), rows)
    consumer.build_cleaning()
    kept, held = ({row[0] for row in consumer.sql(f"select id from {table}")} for table in ("cleaned", "held"))
    assert kept | held == set(range(600)) and not kept & held
    wanted = {i for i, row in enumerate(rows) if row[6] != "" and expected_cast(row[6], "boolean") is None}
    assert held == wanted and kept
    for i, row in consumer.sql("select id, c1 from cleaned"):
        value = expected_cast(rows[i][2], "double")
        assert row == (
            value if value is None or (math.isinf(value) is False and -5 <= value <= 100) else max(-5, min(100, value))
        )


UNSUITABLE_RULES = [
    (
        {"column": "agee", "trim": True},
        "cleaning 'rows', rules: found 'agee'; did you mean 'age'? Allowed: a column of the relation: ",
    ),
    (
        {"column": "age", "range": [0, 1]},
        "range of age: found 'VARCHAR'; allowed: a column of type numeric, timestamp; add a rule with cast before it",
    ),
    (
        {"column": "at", "cast": "integer"},
        "cast to integer of at: found 'timestamp'; allowed: a column of type text, numeric, boolean",
    ),
    (
        {"column": "id", "cast": "date", "formats": ["%Y"]},
        "cast to date of id: found 'INTEGER'; allowed: a column of type text, timestamp",
    ),
    (
        {"column": "at", "set": "age", "name": "mixed"},
        "rule mixed: found 'age'; allowed: a rule that reads no other column",
    ),
]


def test_rules_that_do_not_suit_the_table_are_named(tmp_path):
    rules = [{"column": "at", "cast": "timestamp"}, *(rule for rule, _ in UNSUITABLE_RULES)]
    consumer = Consumer(tmp_path / "project", cleaning(rules, **SETTINGS), CLEAN_AND_HELD)
    fill(consumer, COLUMNS, ROWS)
    message = str(consumer.dbt("run", "--select", "cleaned", succeeds=False).result[0].message)
    assert [problem for _, problem in UNSUITABLE_RULES if problem not in message] == [], message
    # compiling must not show SQL without any of the rules
    consumer.dbt("compile", "--select", "cleaned", succeeds=False)


def test_columns_that_a_set_names_must_be_there(tmp_path):
    consumer = Consumer(
        tmp_path / "project", cleaning([], **SETTINGS | {"time": "age", "key": "ident"}), CLEAN_AND_HELD
    )
    fill(consumer, COLUMNS, ROWS)
    message = str(consumer.dbt("run", "--select", "cleaned", succeeds=False).result[0].message)
    assert "2 problems in the cleaning rules" in message
    assert "key: found 'ident'; allowed: a column of the relation" in message
    assert "time: found 'age' (type VARCHAR); allowed: a column that is a date or timestamp after all rules" in message


def test_no_rows_one_row_and_only_nulls(tmp_path):
    consumer = Consumer(tmp_path / "project", cleaning(RULES, **SETTINGS), CLEAN_AND_HELD | REMOVED)
    for rows in ([], ROWS[:1], [[None, None, None, None, None, None]]):
        consumer.sql("drop table if exists raw.rows")
        fill(consumer, COLUMNS, rows or ROWS[:1])
        if not rows:
            consumer.sql("delete from raw.rows; select 1")
        consumer.build_cleaning()
        kept, held = (consumer.sql(f"select count(*) from {table}")[0][0] for table in ("cleaned", "held"))
        assert kept + held == len(rows)


@slow_on_postgres
def test_a_rule_that_no_row_passes_is_a_finding_without_any_history(engine, tmp_path):
    """In a set without a time, where history never comes: 50 dates of another order, and one rule that half of the rows pass."""
    rules = [
        {"column": "day", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "name": "order of the day"},
        {"column": "half", "pattern": "^a$", "name": "half"},
    ]
    consumer = engine(tmp_path / "project", cleaning(rules), {})
    fill(
        consumer,
        {"id": "integer", "day": "varchar", "half": "varchar"},
        [(i, f"{i % 28 + 1}/02/2024", "ab"[i % 2]) for i in range(50)],
    )
    consumer.build("--select", "+health_alerts", "--exclude", "test_type:unit")
    found = consumer.sql(
        "select column_name, severity, evidence, is_open from health_alerts where finding = 'cleaning_rule'"
    )
    assert [tuple(row) for row in found] == [("order of the day", "alert", "no row passes: 50 of 50 rows failed", True)]
