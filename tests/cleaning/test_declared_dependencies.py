"""Declared dependencies: values by vote, against the same formula in plain Python, on DuckDB and PostgreSQL."""

import math
import random
import re
from collections import Counter, defaultdict

import pytest
from consumer import Consumer
from postgres_server import PostgresConsumer

MODELS = {
    "repaired_rows.sql": "{{ config(materialized='table') }} {{ data_health.repaired('rows') }}",
    "repairs.sql": "{{ config(materialized='table') }} {{ data_health.repair_log('rows') }}",
}


@pytest.fixture(params=["duckdb", "postgres"])
def engine(request, tmp_path):
    """A maker of projects on one of the engines, each with the table raw.rows and its repair."""

    def make(columns, rows, dependencies, **settings):
        sets = {"rows": {"relation": {"source": ["raw", "rows"]}, "key": "id", "dependencies": dependencies} | settings}
        folder = tmp_path / "project"
        if request.param == "duckdb":
            consumer = Consumer(folder, {"cleaning": sets}, models=MODELS)
        else:
            server = request.getfixturevalue("postgres")
            consumer = PostgresConsumer(server, folder, {"cleaning": sets}, models=MODELS)
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


def repaired(consumer):
    """The repaired rows by id, and the log by id and column."""
    consumer.dbt("build", "--select", "package:consumer")
    rows = consumer.rows("select * from repaired_rows")
    log = consumer.rows("select * from repairs")
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


def weights(votes, has_source, rounds=4):
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
    for _ in range(rounds):
        score, total = Counter(), Counter()
        for vote in votes:
            score[vote[0], vote[1], vote[3]] += weight[vote]
        highest = defaultdict(float)
        for (group, column, _), value in score.items():
            highest[group, column] = max(highest[group, column], value)
        odds = {key: math.exp(max(value - highest[key[:2]], -50)) for key, value in score.items()}
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
            method = "vote" if round(first, 9) >= 2.5 * round(score[group, column, value], 9) else None
        if method:
            changes[number, column] = (usual, method, confidence, support[group, column, chosen])
    return changes


def assert_as_expected(consumer, rows, wanted):
    after, log = repaired(consumer)
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


HOSTILE = ["day", "order", "say \"x\"", "Größe", "it's"]


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


TYPES = {"id": "integer", "day": "varchar", "order": "integer", 'say "x"': "varchar", "Größe": "varchar", "it's": "varchar"}


@pytest.mark.parametrize(
    "options",
    [{"source": 'say "x"', "fill": True}, {"fill": True, "min_share": 0.45}, {"source": 'say "x"', "one_form": False, "min_share": 0.8}],
    ids=["sources", "rows", "careful"],
)
def test_values_are_those_of_the_formula(engine, options):
    rows = random_rows(1)
    dependency = {"by": ["day", "order"], "columns": ["Größe", "it's", "Name"]} | options
    wanted = expected(rows, **dependency, times=["Größe", "it's"])
    methods = Counter(method for _, method, _, _ in wanted.values())
    assert methods["vote"] > 5 and (methods["fill"] > 5) == options.get("fill", False)
    assert (methods["form"] > 20) == options.get("one_form", True)
    consumer = engine(TYPES | {"Name": "varchar"}, [list(row.values()) for row in rows], [dependency])
    assert_as_expected(consumer, rows, wanted)
    # the same rows give the same values, in whatever order they are read
    before = consumer.sql("select * from repairs order by id, column_name")
    fill(consumer, TYPES | {"Name": "varchar"}, [list(row.values()) for row in reversed(rows)])
    repaired(consumer)
    assert consumer.sql("select * from repairs order by id, column_name") == before
