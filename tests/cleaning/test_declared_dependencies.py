"""Declared dependencies: values by vote, against the same formula in plain Python, on DuckDB and PostgreSQL."""

import math
import random
import re
from collections import Counter, defaultdict

import pytest
from consumer import Consumer
from postgres_server import PostgresConsumer

MATERIALISED = "{{ config(materialized='table') }} "


@pytest.fixture(params=["duckdb", "postgres"])
def engine(request, tmp_path):
    """A maker of projects on one of the engines: the table raw.rows, and the models <set> and <set>_log of each set."""

    def make(columns, rows, sets):
        settings = {"relation": {"source": ["raw", "rows"]}, "key": "id"}
        configuration = {"cleaning": {name: settings | {"dependencies": listed} for name, listed in sets.items()}}
        models = {}
        for name in sets:
            models[f"{name}.sql"] = MATERIALISED + f"{{{{ data_health.repaired('{name}') }}}}"
            models[f"{name}_log.sql"] = MATERIALISED + f"{{{{ data_health.repair_log('{name}') }}}}"
        if request.param == "duckdb":
            consumer = Consumer(tmp_path / "project", configuration, models=models)
        else:
            server = request.getfixturevalue("postgres")
            consumer = PostgresConsumer(server, tmp_path / "project", configuration, models=models)
        fill(consumer, columns, rows)
        return consumer

    return make


def fill(consumer, columns, rows):
    names = ", ".join('"' + name.replace('"', '""') + f'" {kind}' for name, kind in columns.items())
    values = ", ".join("(" + ", ".join(map(literal, row)) + ")" for row in rows)
    consumer.sql(f"drop table if exists raw.rows; create table raw.rows ({names}); select 1")
    if rows:
        consumer.sql(f"insert into raw.rows values {values}; select 1")


def literal(value):
    if value is None:
        return "null"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


def repaired(consumer, name):
    """The rows that a set leaves, by id, and its log by id and column."""
    rows, log = consumer.rows(f"select * from {name}"), consumer.rows(f"select * from {name}_log")
    assert len({(row["id"], row["column_name"]) for row in log}) == len(log)
    return {row["id"]: row for row in rows}, {(row["id"], row["column_name"]): row for row in log}


# The formula in plain Python


def comparable(text, is_time):
    """A text as it is compared: a time of day as its minutes."""
    text = " ".join((text or "").split()).lower() or None
    return minutes(text) if is_time and minutes(text) is not None else text


def minutes(text):
    found = re.fullmatch(r"(?:\d+/\d+/\d+ )?(\d{1,2}):(\d\d) ?(?:([ap])\.?m\.?)?", text or "")
    if not found:
        return None
    hour = int(found[1]) % 12 + 12 * (found[3] == "p") if found[3] else int(found[1])
    return 60 * hour + int(found[2])


def pattern(text):
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", text.lower()))


def weights(votes, has_source, rounds=(0.25, 0.5, 0.75, 1, 1)):
    """
    Votes are distinct (group, column, source, value) with their rows. The weight of each: its rows without a source,
    else by the accuracy of its source and by the votes that repeat it.
    """
    if not has_source:
        return {vote: float(rows) for vote, rows in votes.items()}
    weight = dict.fromkeys(votes, 1.0)
    told_by = defaultdict(list)
    for group, column, source, value in votes:
        told_by[group, column, value].append(source)
    voters = Counter((group, column) for group, column, _, _ in votes)
    for steepness in rounds:
        score, total = Counter(), Counter()
        for vote in votes:
            score[vote[0], vote[1], vote[3]] += weight[vote]
        highest = defaultdict(float)
        for (group, column, _), value in score.items():
            highest[group, column] = max(highest[group, column], value)
        odds = {key: math.exp(max(steepness * (value - highest[key[:2]]), -50)) for key, value in score.items()}
        for key, value in odds.items():
            total[key[:2]] += value
        chance = {vote: odds[vote[0], vote[1], vote[3]] / total[vote[:2]] for vote in votes}
        right, judged, doubt, shared = Counter(), Counter(), Counter(), Counter()
        for vote in votes:
            group, column, source, value = vote
            if voters[group, column] > 1:
                right[column, source] += chance[vote]
                judged[column, source] += 1
            doubt[source] += 1 - chance[vote]
            for other in told_by[group, column, value]:
                if other != source:
                    shared[source, other] += 1 - chance[vote]
        for vote in votes:
            group, column, source, value = vote
            accuracy = min((right[column, source] + 3.2) / (judged[column, source] + 4), 0.98)
            repeated = sum(
                shared[source, other] / (doubt[source] + 2)
                for other in told_by[group, column, value]
                if other != source
            )
            weight[vote] = max(math.log(2 * accuracy / (1 - accuracy)), 0.05) / (1 + repeated)
    return weight


def expected(rows, by, columns, source=None, fill=False, one_form=True, min_share=0.6, times=()):
    """What becomes of which cell: (row, column) -> (text, method, confidence, support)."""
    cells, forms, patterns = {}, defaultdict(Counter), defaultdict(Counter)
    votes = Counter()
    for number, row in enumerate(rows):
        group = tuple(row[name] for name in by)
        if None in group:
            continue
        for column in columns:
            value = comparable(row[column], column in times)
            cells[number, column] = (group, value)
            if value is not None:
                forms[group, column, value][row[column]] += 1
                patterns[column][pattern(" ".join(row[column].split()))] += 1
                if source is None or row[source] is not None:
                    votes[group, column, row[source] if source else None, value] += 1
    weight = weights(votes, source is not None)
    score, support = Counter(), Counter()
    for (group, column, _, value), rows_of_vote in votes.items():
        support[group, column, value] += 1 if source else rows_of_vote
    for vote in votes:
        score[vote[0], vote[1], vote[3]] += weight[vote]
    half_vote = 0.5 * sum(weight.values()) / max(sum(support.values()), 1)
    ranked = defaultdict(list)
    for (group, column, value), heaviness in score.items():
        ranked[group, column].append((heaviness, value))
    changes = {}
    for (number, column), (group, value) in cells.items():
        best = sorted(ranked[group, column], key=lambda item: -item[0])[:2] + [(0.0, None)] * 2
        (first, chosen), (second, _) = best[:2]
        confidence = first / (first + second + half_vote) if first else 0
        if support[group, column, chosen] < 2 or first - second < 1e-9 or round(confidence, 6) < min_share:
            continue
        known = forms[group, column, chosen]
        usual = min(
            known, key=lambda text: (-patterns[column][pattern(" ".join(text.split()))], -known[text], len(text), text)
        )
        if value is None:
            method = "fill" if fill else None
        elif value == chosen:
            method = "form" if one_form and usual != rows[number][column] else None
        else:
            method = "vote" if round(first, 9) >= 2.25 * round(score[group, column, value], 9) else None
        if method:
            changes[number, column] = (usual, method, confidence, support[group, column, chosen])
    return changes


def assert_as_expected(consumer, name, rows, wanted):
    after, log = repaired(consumer, name)
    assert set(log) == {(rows[number]["id"], column) for number, column in wanted}
    for (number, column), (text, method, confidence, support) in wanted.items():
        entry = log[rows[number]["id"], column]
        found = (entry["value_before"], entry["value_after"], entry["method"], entry["support"])
        assert found == (rows[number][column], text, method, support)
        assert entry["confidence"] == pytest.approx(confidence, abs=2e-6)
    for number, row in enumerate(rows):
        for column, value in row.items():
            assert after[row["id"]][column] == wanted.get((number, column), (value,))[0]
    assert len(after) == len(rows)


HOSTILE = ["day", "order", 'say "x"', "Größe", "it's"]


def random_rows(seed, count=400):
    """Rows of groups with a true value each, told by sources of different honesty, some missing, one source of null."""
    chance = random.Random(seed)
    rows = []
    for number in range(count):
        day, order = chance.choice([*"abc", None]), chance.choice([*range(9), None])
        source = chance.choice([*[f"s{i}" for i in range(9)], None])
        honesty = 0.3 + 0.07 * (int(source[1]) if source else 5)
        cells = []
        for column in range(2):
            minute = (ord(day or "x") * 97 + (order or 0) * 53 + column * 31) % 1440
            if chance.random() > honesty:
                minute = (minute + chance.choice([5, 5, 5, 10, 60])) % 1440
            cells.append(chance.choice([None, "", *[written(minute, form) for form in range(4)]]))
        name = chance.choice(["Ada", " ada", "ADA", "Bea", None])
        rows.append(dict(zip(["id", *HOSTILE, "Name"], [number, day, order, source, *cells, name], strict=True)))
    return rows


def written(minute, form):
    hour, rest = divmod(minute, 60)
    half = "p" if hour > 11 else "a"
    return [
        f"{(hour - 1) % 12 + 1}:{rest:02} {half}.m.",
        f"{hour:02}:{rest:02}",
        f"{(hour - 1) % 12 + 1}:{rest:02}{half.upper()}M",
        f"12/02/2011 {(hour - 1) % 12 + 1}:{rest:02} {half}.m.",
    ][form]


TYPES = dict.fromkeys(["id", *HOSTILE, "Name"], "varchar") | {"id": "integer", "order": "integer"}
SETS = {
    "by_source": {"source": 'say "x"', "fill": True},
    "by_row": {"fill": True, "min_share": 0.45},
    "careful": {"source": 'say "x"', "one_form": False, "min_share": 0.8},
}


def test_values_are_those_of_the_formula(engine):
    rows = random_rows(1)
    dependency = {"by": ["day", "order"], "columns": ["Größe", "it's", "Name"]}
    consumer = engine(
        TYPES, [list(row.values()) for row in rows], {name: [dependency | options] for name, options in SETS.items()}
    )
    consumer.dbt("build", "--select", "package:consumer")
    logs = {}
    for name, options in SETS.items():
        wanted = expected(rows, **dependency, **options, times=["Größe", "it's"])
        methods = Counter(method for _, method, _, _ in wanted.values())
        assert methods["vote"] > 3 and (methods["fill"] > 5) == options.get("fill", False)
        assert (methods["form"] > 20) == options.get("one_form", True)
        assert_as_expected(consumer, name, rows, wanted)
        logs[name] = consumer.sql(f"select * from {name}_log order by id, column_name")
    # the same rows give the same values, in whatever order they are read
    fill(consumer, TYPES, [list(row.values()) for row in reversed(rows)])
    consumer.dbt("build", "--select", "package:consumer")
    for name, log in logs.items():
        assert consumer.sql(f"select * from {name}_log order by id, column_name") == log


TIMES = [
    # a text, and the same time as the column writes it
    ("19:05", "7:05 p.m."),
    ("7:05PM", "7:05 p.m."),
    (" 07:05  pm ", "7:05 p.m."),
    ("19:05:00", "7:05 p.m."),
    ("12/02/2011 7:05 p.m.", "7:05 p.m."),
    ("2011-12-02T19:05:00.000", "7:05 p.m."),
    ("Fri, Dec 2 7:05p", "7:05 p.m."),
    ("7:05 p.m. (Dec. 2, 2011)", "7:05 p.m."),
    ("2 dec 2011 - 19:05", "7:05 p.m."),
    ("0:05", "12:05 a.m."),
    ("12:05am", "12:05 a.m."),
    ("12:05", "12:05 p.m."),
    # these are other values, or none of a day
    ("7:05", None),
    ("7:05 a.m.", None),
    ("19:05:30", None),
    ("19:05 p.m.", None),
    ("24:05", None),
    ("7:65 p.m.", None),
    ("7:05 - 8:05 p.m.", None),
    ("7.05 p.m.", None),
    ("117:05 p.m.", None),
    ("1905", None),
    ("it's 7:05 p.m.", None),
]


def test_times_of_day_are_a_type(engine):
    """Three rows of a group write a time as usual and one otherwise: that is written anew, or outvoted."""
    rows, wanted = [], {}
    for number, (text, usual) in enumerate(TIMES):
        told = [usual or "7:05 p.m."] * 3 + [text]
        rows += [[4 * number + i, number, value, f"12/0{1 + i // 3}/2011 {value}"] for i, value in enumerate(told)]
        wanted[4 * number + 3] = (text, told[0], "form" if usual else "vote")
    dependency = {"by": "flight", "columns": ["departure", "dated"], "one_form": True}
    consumer = engine(
        {"id": "integer", "flight": "integer", "departure": "varchar", "dated": "varchar"},
        rows,
        {"times": [dependency]},
    )
    consumer.dbt("build", "--select", "package:consumer")
    _, log = repaired(consumer, "times")
    found = {
        number: (row["value_before"], row["value_after"], row["method"])
        for (number, column), row in log.items()
        if column == "departure"
    }
    assert found == wanted
    # where most values have a date, another date is another value
    assert {row["method"] for (_, column), row in log.items() if column == "dated"} == {"vote"}


ODD = {
    "id": "integer",
    "Group": "varchar",
    "source": "varchar",
    "whole": "bigint",
    "part": "double precision",
    "day": "date",
    "moment": "timestamp",
    "flag": "boolean",
    "word": "varchar",
    "order": "varchar",
}
ODD_ROWS = [
    # three against one, of every type; NaN and an empty text are no value
    [1, "a", "s", 9007199254740993, 0.1, "2024-01-05", "2024-01-05 10:00:00.5", True, "Größe", "x"],
    [2, "a", "t", 9007199254740993, 0.1, "2024-01-05", "2024-01-05 10:00:00.5", True, "Größe", "x"],
    [3, "a", "u", 9007199254740993, 0.1, "2024-01-05", "2024-01-05 10:00:00.5", True, "Größe", "x"],
    [4, "a", "v", 9007199254740992, "NaN", None, "2024-01-05 10:00:00", False, " \t", "y"],
    # a tie, also of nulls; a group of one row; no group; nothing but nulls
    [5, "tie", "s", 1, 1, "2024-01-05", None, True, "b", "x"],
    [6, "tie", "t", 1, 1, "2024-01-05", None, True, "b", "x"],
    [7, "tie", "u", 2, "Infinity", "2024-01-06", None, False, "a", "z"],
    [8, "tie", "v", 2, "Infinity", "2024-01-06", None, False, "a", "z"],
    [9, "alone", "s", None, None, None, None, None, None, None],
    [10, None, "s", 5, 5, "2024-01-05", None, True, "c", "x"],
    [11, None, "t", 5, 5, "2024-01-05", None, True, "c", "x"],
    [12, None, "u", None, None, None, None, None, None, None],
    [13, "nulls", "s", None, None, None, None, None, None, None],
    [14, "nulls", "t", None, None, None, None, None, "", None],
    # two of three: too split to replace, sure enough to fill
    [15, "split", "s", 1, 1, None, None, True, "b", "x"],
    [16, "split", "t", 1, 1, None, None, True, "b", "x"],
    [17, "split", "u", 2, 2, None, None, None, "a", None],
]


def test_odd_groups_and_every_type(engine):
    columns = ["WHOLE", "part", "day", "moment", "flag", "word"]
    sets = {
        "all_types": [{"by": "group", "columns": columns, "fill": True, "min_share": 0.5}],
        # the second dependency reads what the first has left
        "one_after_other": [
            {"by": "Group", "columns": "word", "fill": True},
            {"by": ["word"], "columns": ["order"], "fill": True},
        ],
        "without_fill": [{"by": "group", "columns": columns}],
    }
    consumer = engine(ODD, ODD_ROWS, sets)
    consumer.dbt("build", "--select", "package:consumer")
    after, log = repaired(consumer, "all_types")
    types = {"whole", "part", "day", "moment", "flag", "word"}
    assert set(log) == {(4, name) for name in types} | {(17, "flag")}
    assert {name: after[4][name] for name in types} == {name: after[1][name] for name in types}
    assert after[1]["whole"] == 9007199254740993 and after[17]["flag"] is True
    methods = {(number, name): row["method"] for (number, name), row in log.items()}
    assert methods == {(4, name): "vote" for name in types} | {
        (4, "part"): "fill",
        (4, "day"): "fill",
        (4, "word"): "fill",
        (17, "flag"): "fill",
    }
    assert log[4, "whole"]["value_before"] == "9007199254740992"
    assert log[4, "word"]["confidence"] == pytest.approx(3 / 3.5, abs=1e-6) and log[4, "word"]["support"] == 3
    _, log = repaired(consumer, "one_after_other")
    assert {(number, name): row["value_after"] for (number, name), row in log.items()} == {
        (4, "word"): "Größe",
        (4, "order"): "x",
        (17, "order"): "z",
    }
    _, log = repaired(consumer, "without_fill")
    assert set(log) == {(4, "whole"), (4, "moment"), (4, "flag")}
    # no rows
    fill(consumer, ODD, [])
    consumer.dbt("build", "--select", "package:consumer")
    assert [consumer.sql(f"select count(*) from {name}") for name in (*sets, "all_types_log")] == [[(0,)]] * 4


def test_good_sources_outvote_as_many_that_copy(engine):
    """Six sources copy one that is right of every second flight; six that err alone are right in nine of ten."""
    chance = random.Random(5)
    rows, truth = [], {}
    for flight in range(120):
        truth[flight] = 100 + flight % 50
        copied = truth[flight] if chance.random() < 0.5 else 200 + chance.randrange(40)
        told = {f"copy {i}": copied for i in range(6)}
        told |= {f"good {i}": truth[flight] if chance.random() < 0.9 else 300 + chance.randrange(400) for i in range(6)}
        rows += [[12 * flight + i, flight, source, gate] for i, (source, gate) in enumerate(told.items())]
    columns = {"id": "integer", "flight": "integer", "source": "varchar", "gate": "integer"}
    sets = {
        "weighed": [{"by": "flight", "columns": "gate", "source": "source"}],
        "counted": [{"by": "flight", "columns": "gate"}],
    }
    consumer = engine(columns, rows, sets)
    consumer.dbt("build", "--select", "package:consumer")
    repairs = {}
    for name in sets:
        after, log = repaired(consumer, name)
        repairs[name] = Counter(after[number]["gate"] == truth[number // 12] for number, _ in log)
        was_right = sum(int(row["value_before"]) == truth[number // 12] for (number, _), row in log.items())
        assert was_right == 0
    wrong = sum(gate != truth[flight] for _, flight, _, gate in rows)
    assert repairs["weighed"][True] > 0.35 * wrong and repairs["weighed"][False] == 0
    assert repairs["counted"][True] < 0.2 * wrong


def test_problems_name_the_set_and_the_nearest_column(make_consumer):
    dependencies = [
        {"by": "fligth", "columns": ["departure", "flight"], "source": "told"},
        {"by": "flight", "columns": ["times", "flight"]},
    ]
    configuration = {"cleaning": {"rows": {"relation": {"source": ["raw", "rows"]}, "dependencies": dependencies}}}
    consumer = make_consumer(configuration, models={"rows.sql": "{{ data_health.repaired('rows') }}"})
    consumer.sql("create table raw.rows (flight varchar, departure varchar, source varchar, times varchar[])")
    result = consumer.dbt("build", "--select", "package:consumer", succeeds=False)
    message = result.result[0].message
    for line in (
        "- cleaning 'rows', dependencies[1].by: found 'fligth'; did you mean 'flight'? Allowed: a column of the relation: flight, ",
        "- cleaning 'rows', dependencies[1].source: found 'told'; allowed: a column of the relation: flight, departure",
        "- cleaning 'rows', dependencies[2].columns: found 'times' (type VARCHAR[]); allowed: a text, number, boolean, date or",
        "- cleaning 'rows', dependencies[2].columns: found 'flight'; allowed: a column that the dependency names only once",
    ):
        assert line in message, message
    assert message.count("- cleaning") == 4
