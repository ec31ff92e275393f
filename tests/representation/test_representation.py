"""Representation and known biases: every number as SciPy and a count of the rows give it, and no group dropped."""

import datetime
import itertools
import math
from collections import Counter, defaultdict

import numpy as np
import pyarrow as pa
import pytest
import walkthrough
from consumer import REPOSITORY, SHARED_DATA, Consumer, needs_shared_data
from scipy import stats

PAGE = REPOSITORY / "docs" / "representation.md"
MONTHS = [datetime.date(2024, month, 1) for month in (1, 2, 3)]
ATTRIBUTES = ("order", "age band", "Größe")
SUBGROUPS = (("order",), ("age band",), ("Größe",), ("order", "age band"), ("Größe", "order"))
POPULATION = [
    ("order", "f", 0.51),
    ("order", "m", 0.48),
    ("order", "nobody came", 0.01),
    ("age band", "young", 0.3),
    ("age band", "old", 0.4),
    ("age band", "oldest", 0.25),
    ("age band", "broken", 1.7),
    ("order, age band", "f, young", 0.2),
]
NAMES = [("age band", "18-34", "young"), ("age band", "35, 49", "young"), ("age band", "75+", "old")]
REGISTER = [
    # id, monitor, subgroup, value, metric, threshold, reference, opened, expiry
    ("rare", "visits", "order", "m", "share", 0.6, None, None),
    ("kept", "visits", "order", "f", "share_ratio", 0.8, None, "2020-01-01"),
    ("rows", "visits", "Größe", None, "row_count", 1.0, "production", None),
    ("labels", "visits", "order", "m", "label_rate_ratio", 0.9, "production", None),
    ("chosen", "visits", "age band", "18-34", "selection_ratio", 0.8, "production", None),
    ("found", "visits", "order", "f", "true_positive_rate", 0.99, "production", None),
    ("accused", "visits", "order", "f", "false_positive_rate", 0.1, "production", None),
    ("gaps", "visits", "order", "f", "missing_share", 0.5, "production", None),
    ("answers", "visits", "order", "f", "label_coverage", 0.9, "production", None),
    ("no group", "visits", "order", "x", "share", 0.1, "training", None),
    ("no metric", "visits", "order", "f", "beauty", 0.1, "training", None),
    ("no subgroup", "visits", "colour", "red", "share", 0.1, "training", None),
    ("no threshold", "visits", "order", "f", "share", None, "training", None),
    ("no reference", "visits", "order", "f", "share", 0.1, "traning", None),
    ("no monitor", "visit", "order", "f", "share", 0.1, None, None),
    ("no population", "visits", "Größe", "l", "share_ratio", 0.8, "training", None),
    ("no labels", "visits", "order", "f", "label_rate_ratio", 0.8, "training", None),
    ("tiny", "visits", "order", "f", "missing_share", 0.8, "few", None),
]


def made_up(seed, count, month=None, skew=0.0):
    """Rows with groups that are rare, empty, null or named like something else."""
    draw = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        sex = str(draw.choice(["f", "m"], p=[0.5 + skew, 0.5 - skew])) if draw.random() > 0.05 else None
        label = None if draw.random() < 0.5 else "yes" if draw.random() < (0.5 if sex == "f" else 0.35) else "no"
        rows.append(
            {
                "id": seed * 100000 + number,
                "at": None if month is None else datetime.datetime(2024, month, 1 + number % 28),
                "order": sex,
                "age band": [None, "18-34", "35, 49", "75+", "(null)", '"quoted"', ""][
                    int(draw.choice(7, p=[0.05, 0.4, 0.2, 0.3, 0.02, 0.02, 0.01]))
                ],
                "Größe": [None, "s", "l"][int(draw.choice(3, p=[0.3, 0.69, 0.01]))],
                "weight": [None, math.nan, -1.0, math.inf, 0.0][number % 5] if number < 10 else float(draw.gamma(2, 3)),
                "label": label,
                "predicted": None if draw.random() < 0.2 else bool(draw.random() < (0.25 if sex == "f" else 0.6)),
                "version": f"v{number % 2}",
                "height": None if draw.random() < 0.1 else 170.0,
                "pulse": None if draw.random() < 0.3 else 70.0,
            }
        )
    return rows


PRODUCTION = {month: made_up(number, 500, number, 0.02 * number) for number, month in enumerate(MONTHS, 1)}
TRAINING = made_up(7, 800, skew=0.3)
FEW = made_up(8, 20)


def load(consumer, table, rows, columns, types=None):
    types = types or {}
    consumer.load(table, {name: pa.array([row[name] for row in rows], types.get(name)) for name in columns})


def load_production(consumer, rows):
    columns = [name for name in rows[0] if name != "label"]
    load(consumer, "visits", rows, columns, {"at": pa.timestamp("us"), "weight": pa.float64()})
    answers = [row | {"answer": row["label"]} for row in rows if row["label"]]
    load(consumer, "answers", answers, ["id", "answer"])


def load_tables(consumer):
    load_production(consumer, list(itertools.chain(*PRODUCTION.values())))
    # the training set lacks a column and has no labels; the few are labelled
    load(consumer, "training", TRAINING, ["id", "order", "age band", "weight", "height", "pulse"])
    few = [row | {"answer": row["label"]} for row in FEW]
    load(consumer, "few", few, ["id", *ATTRIBUTES, "height", "pulse", "answer"])
    for table, names, rows in (
        ("population", ("subgroup", "value", "share"), POPULATION),
        ("names", ("subgroup", "value", "population_value"), NAMES),
    ):
        consumer.load(table, {name: [row[place] for row in rows] for place, name in enumerate(names)})
    load_register(consumer, REGISTER)


def load_register(consumer, entries):
    names = ("id", "monitor", "subgroup", "value", "metric", "threshold", "reference", "expiry")
    types = {"threshold": pa.float64()}
    table = {
        name: pa.array([row[place] for row in entries], types.get(name, pa.string()))
        for place, name in enumerate(names)
    }
    day = pa.array([datetime.date(2023, 1, 1)] * len(entries))
    expiry = [datetime.date.fromisoformat(row[7]) if row[7] else None for row in entries]
    consumer.load(
        "register", table | {"owner": ["ana"] * len(entries), "opened": day, "expiry": pa.array(expiry, pa.date32())}
    )


MONITOR = {
    "relation": {"source": ["raw", "visits"]},
    "key": "id",
    "time": "at",
    "subgroups": [list(columns) for columns in SUBGROUPS],
    "features": ["height", "pulse"],
    "references": {
        "training": {"relation": {"source": ["raw", "training"]}},
        "few": {"relation": {"source": ["raw", "few"]}},
        "january": {"from": "2024-01-01", "to": "2024-02-01"},
    },
    "population": {"source": ["raw", "population"]},
    "population_names": {"source": ["raw", "names"]},
    "label": {"relation": {"source": ["raw", "answers"]}, "key": "id", "column": "answer", "positive": "yes"},
    "prediction": {"label": "predicted", "version": "version"},
    "parts": {"drift": False, "coverage": False, "components": False},
}
SOURCES = ("visits", "answers", "training", "few", "population", "names", "register")
REPRESENTATION = (
    "+health_representation",
    "+health_bias_gate",
    "+health_volume",
    "--exclude",
    "test_type:unit",
    "--indirect-selection",
    "cautious",
)


PLAIN = MONITOR | {"references": {}, "population": None, "population_names": None, "show_values": ["age band"]}
CONFIGURATION = {
    "monitors": {
        "visits": MONITOR,
        "weighted": MONITOR | {"weight": "weight"},
        "hidden": PLAIN,
        "nothing": PLAIN | {"time": None, "label": None, "prediction": None},
        "strict": MONITOR | {"thresholds": {"representation": [0.01, 0.02]}, "minimum_rows": 2},
        "without": MONITOR | {"parts": {"representation": False}},
    },
    "known_biases": {"source": ["raw", "register"]},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    consumer = Consumer(tmp_path_factory.mktemp("representation") / "project", CONFIGURATION, sources=SOURCES)
    load_tables(consumer)
    consumer.build("--select", *REPRESENTATION)
    return consumer


def quoted(value, is_part=False):
    """How a value is spelled, written down a second time from the page."""
    if value is None:
        return "(null)"
    if value == "(null)" or value.startswith('"') or (is_part and ", " in value):
        return '"' + value.replace('"', '""') + '"'
    return value


def spelled(row, columns, names):
    values = [names.get((column, quoted(row[column])), quoted(row[column])) for column in columns]
    if len(columns) == 1:
        return values[0]
    return ", ".join(f'"{value}"' if ", " in value and not value.startswith('"') else value for value in values)


def grouped(rows, columns, names=()):
    groups = defaultdict(list)
    for row in rows:
        groups[spelled({name: row.get(name) for name in columns}, columns, dict(names))].append(row)
    return groups


def weight_of(row, is_weighted):
    if not is_weighted:
        return 1.0
    weight = row.get("weight")
    return weight if weight is not None and 0 <= weight < math.inf else 0.0


def wilson(successes, count):
    interval = stats.binomtest(successes, count).proportion_ci(0.95, method="wilson")
    return interval.low, interval.high


def wilson_of_share(share, count):
    """The same formula for a count that is not whole (METHODS of the package: weights)."""
    z = stats.norm.ppf(0.975)
    middle, reach = share + z * z / (2 * count), z * math.sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2)
    return (middle - reach) / (1 + z * z / count), (middle + reach) / (1 + z * z / count)


def of(project, monitor="visits", month=MONTHS[1], dataset="production", table="health_representation"):
    period = "is not distinct from " + (f"date '{month}'" if month else "null")
    found = project.rows(
        f"select * from {table} where monitor = '{monitor}' and dataset = '{dataset}' and period_start {period}"
    )
    rows = {(row["reference"], row["subgroup"], row["group_value"]): row for row in found}
    assert len(rows) == len(found)
    return rows


def names_of(columns):
    return [((subgroup, value), other) for subgroup, value, other in NAMES if subgroup in columns]


def sides(reference):
    """The rows of February and those of what it is compared with."""
    other = {
        "january": PRODUCTION[MONTHS[0]],
        "(previous period)": PRODUCTION[MONTHS[0]],
        "training": TRAINING,
        "few": FEW,
    }
    return PRODUCTION[MONTHS[1]], other.get(reference)


def test_wilson_of_counts_is_that_of_scipy():
    for successes, count in ((0, 5), (3, 40), (40, 40), (123, 456)):
        assert wilson_of_share(successes / count, count) == pytest.approx(wilson(successes, count), abs=1e-12)


@pytest.mark.parametrize("is_weighted", (False, True))
def test_no_group_is_dropped_and_shares_are_those_of_the_rows(project, is_weighted):
    rows = of(project, "weighted" if is_weighted else "visits")
    expected = set()
    for reference in ("(population)", "(previous period)", "january", "training", "few"):
        now, then = sides(reference)
        for columns in SUBGROUPS:
            names = names_of(columns) if reference == "(population)" else ()
            groups, others = grouped(now, columns, names), grouped(then or (), columns)
            if reference == "training":
                others = grouped([row | {"Größe": None} for row in then], columns)
            subgroup = ", ".join(columns)
            shares = {value: share for name, value, share in POPULATION if name == subgroup}
            everything = groups.keys() | others.keys() | (shares.keys() if reference == "(population)" else set())
            total = sum(weight_of(row, is_weighted) for row in now)
            squares = sum(weight_of(row, is_weighted) ** 2 for row in now)
            for value in everything:
                expected.add((reference, subgroup, value))
                row = rows[reference, subgroup, value]
                members = groups.get(value, [])
                share = sum(weight_of(member, is_weighted) for member in members) / total
                assert (row["row_count"], row["base_row_count"]) == (len(members), len(now))
                assert row["share"] == pytest.approx(share, abs=1e-12)
                assert row["effective_row_count"] == pytest.approx(total**2 / squares)
                interval = wilson_of_share(share, total**2 / squares)
                assert (row["share_lower"], row["share_upper"]) == pytest.approx(interval, abs=1e-12)
                if not is_weighted:
                    assert (row["share_lower"], row["share_upper"]) == pytest.approx(
                        wilson(len(members), len(now)), abs=1e-12
                    )
                if then is not None:
                    assert row["reference_row_count"] == len(others.get(value, []))
                    assert row["reference_base_row_count"] == len(then)
    assert set(rows) == expected
    assert (
        rows["january", "age band", '"(null)"']["row_count"] > 0
        and rows["january", "age band", "(null)"]["row_count"] > 0
    )
    assert rows["(population)", "order", "nobody came"]["row_count"] == 0
    assert rows["(population)", "order, age band", "f, young"]["reference_share"] == 0.2


def judged(rows, reference):
    return [row for key, row in rows.items() if key[0] == reference and row["p_value"] is not None]


def test_against_a_population(project):
    rows = of(project)
    population = {(subgroup, value): share for subgroup, value, share in POPULATION}
    now = PRODUCTION[MONTHS[1]]
    for row in (row for key, row in rows.items() if key[0] == "(population)"):
        share = population.get((row["subgroup"], row["group_value"]))
        if share is None or share > 1:
            assert (row["ratio"], row["status"], row["reason"]) == (None, "insufficient_data", "no population share")
            continue
        assert row["ratio"] == pytest.approx(row["share"] / share)
        assert (row["ratio_lower"], row["ratio_upper"]) == pytest.approx(
            (row["share_lower"] / share, row["share_upper"] / share)
        )
        unknown = sum(any(member[column] is None for column in row["subgroup"].split(", ")) for member in now)
        known = len(now) - unknown
        if row["p_value"] is None:
            assert max(row["row_count"], share * len(now)) < 30 and row["reason"] == "too few rows in the group"
            continue
        if row["row_count"] / known < 0.8 * share:
            deviate = (0.8 * share - row["row_count"] / known) / math.sqrt(0.8 * share * (1 - 0.8 * share) / known)
        elif row["share"] > share / 0.8:
            deviate = (row["share"] - share / 0.8) / math.sqrt(share / 0.8 * (1 - share / 0.8) / len(now))
        else:
            assert (row["p_value"], row["representation"], row["status"]) == (1, "as expected", "ok")
            continue
        assert row["p_value"] == pytest.approx(2 * stats.norm.sf(deviate), rel=1e-6)
        is_under = wilson(row["row_count"], known)[1] < 0.8 * share
        assert (row["representation"] == "under") == is_under
        assert (row["representation"] == "over") == (row["ratio_lower"] > 1.25)
    found = judged(rows, "(population)")
    assert [row["q_value"] for row in found] == pytest.approx(
        stats.false_discovery_control([row["p_value"] for row in found])
    )
    oldest = rows["(population)", "age band", "oldest"]
    assert (oldest["row_count"], oldest["representation"], oldest["status"]) == (0, "under", "alert")
    assert rows["(population)", "order", "nobody came"]["reason"] == "too few rows in the group"


def test_against_a_sample(project):
    rows = of(project)
    for reference in ("training", "january", "(previous period)"):
        now, then = sides(reference)
        for row in judged(rows, reference):
            a, n, b, m = row["row_count"], len(now), row["reference_row_count"], len(then)
            if a and b:
                p, pi = a / n, b / m
                error = math.sqrt((1 - p) / (n * p) + (1 - pi) / (m * pi))
                interval = [p / pi * math.exp(side * stats.norm.ppf(0.975) * error) for side in (-1, 1)]
                assert (row["ratio_lower"], row["ratio_upper"]) == pytest.approx(interval)
                log = math.log(p / pi)
            else:
                log = math.log((a + 0.5) / (n + 0.5)) - math.log((b + 0.5) / (m + 0.5))
                error = math.sqrt(1 / (a + 0.5) - 1 / (n + 0.5) + 1 / (b + 0.5) - 1 / (m + 0.5))
            p_value = 2 * stats.norm.sf((abs(log) + math.log(0.8)) / error) if abs(log) > -math.log(0.8) else 1
            assert row["p_value"] == pytest.approx(p_value, rel=1e-6)
        found = judged(rows, reference)
        assert [row["q_value"] for row in found] == pytest.approx(
            stats.false_discovery_control([row["p_value"] for row in found])
        )
    assert {row["reason"] for key, row in rows.items() if key[0] == "few"} <= {
        "too few rows in the reference",
        "column not in the reference",
    }
    assert {row["reason"] for key, row in rows.items() if key[0] == "training" and "Größe" in key[1]} == {
        "column not in the reference"
    }
    assert (
        rows["training", "order", "m"]["representation"] == "over" and rows["training", "order", "f"]["status"] != "ok"
    )


def share_and_interval(row, name):
    return row[name], row[f"{name}_lower"], row[f"{name}_upper"]


def test_rates_of_groups(project):
    now = PRODUCTION[MONTHS[1]]
    coverage = sum(row["label"] is not None for row in now) / len(now)
    seen = Counter()
    for (reference, subgroup, value), row in of(project).items():
        columns = subgroup.split(", ")
        members = grouped(now, columns, names_of(columns) if reference == "(population)" else ()).get(value, [])
        labelled = [member for member in members if member["label"]]
        predicted = [member for member in members if member["predicted"] is not None]
        positives = [member for member in predicted if member["label"] == "yes"]
        negatives = [member for member in predicted if member["label"] == "no"]
        for name, some, whole, least in (
            ("label_coverage", labelled, members, 1),
            ("label_rate", [member for member in labelled if member["label"] == "yes"], labelled, 1),
            ("selection_rate", [member for member in predicted if member["predicted"]], predicted, 1),
            ("true_positive_rate", [member for member in positives if member["predicted"]], positives, 10),
            ("false_positive_rate", [member for member in negatives if member["predicted"]], negatives, 10),
        ):
            if len(whole) < least:
                assert share_and_interval(row, name) == (None, None, None)
            else:
                expected = (len(some) / len(whole), *wilson(len(some), len(whole)))
                assert share_and_interval(row, name) == pytest.approx(expected, abs=1e-12), name
                seen[name] += 1
        if members:
            missing = (
                sum((member["height"] is None) + (member["pulse"] is None) for member in members) / 2 / len(members)
            )
            assert share_and_interval(row, "missing_share") == pytest.approx(
                (missing, *wilson_of_share(missing, len(members))), abs=1e-12
            )
            assert row["label_coverage_ratio"] == pytest.approx(len(labelled) / len(members) / coverage)
        else:
            assert share_and_interval(row, "missing_share") == (None, None, None)
    assert len(seen) == 5


@pytest.mark.parametrize("subgroup", ("order", "order, age band"))
def test_four_fifths_of_the_group_that_is_chosen_most(project, subgroup):
    rows = [row for key, row in of(project).items() if key[:2] == ("january", subgroup)]
    rates = {row["group_value"]: row["selection_rate"] for row in rows if row["predicted_count"] >= 30}
    best = max(rates, key=rates.get)
    (first,) = (row for row in rows if row["group_value"] == best)
    assert {row["most_selected_group"] for row in rows} == {best}
    for row in rows:
        n, m = row["predicted_count"], first["predicted_count"]
        if not n or row is first:
            assert row["selection_ratio_upper"] is None
            continue
        p, pi = row["selection_rate"], first["selection_rate"]
        assert row["selection_ratio"] == pytest.approx(p / pi)
        if p:
            error = math.sqrt((1 - p) / (n * p) + (1 - pi) / (m * pi))
            assert row["selection_ratio_upper"] == pytest.approx(p / pi * math.exp(stats.norm.ppf(0.975) * error))
        expected = (
            "insufficient_data"
            if n < 30 or (p / pi < 0.8 and row["selection_ratio_upper"] >= 0.8)
            else "warn"
            if row["selection_ratio_upper"] < 0.8
            else "ok"
        )
        assert row["selection_status"] == expected
    assert ("warn" if subgroup == "order" else "insufficient_data") in {row["selection_status"] for row in rows}


def test_rows_to_collect(project):
    for row in of(project).values():
        assert row["rows_to_support"] == max(0, 30 - row["row_count"])
        if row["reference_share"]:
            wanted, k = 0.8 * row["reference_share"], 0
            while (row["row_count"] + k) / (row["base_row_count"] + k) < wanted - 1e-12:
                k += 1
            assert row["rows_to_ratio"] == k


def test_settings(project):
    strict, visits = of(project, "strict"), of(project)
    assert strict.keys() == visits.keys()
    assert {row["warn_ratio"] for row in strict.values()} == {0.99}
    assert sum(row["status"] == "alert" for row in strict.values()) > sum(
        row["status"] == "alert" for row in visits.values()
    )
    assert not of(project, "without")
    for table in ("subgroup_cells", "declared_subgroups"):
        assert ("without",) not in project.sql(f"select distinct monitor from {table}")
    hidden = of(project, "hidden")
    assert {value for _, subgroup, value in hidden if subgroup == "order"} == {"(hidden 1)", "(hidden 2)", "(hidden 3)"}
    assert "18-34" in {value for _, subgroup, value in hidden if subgroup == "age band"}
    first = of(project, "hidden", MONTHS[0])
    assert {key[0] for key in first} == {"(none)"} and {row["status"] for row in first.values()} == {
        "insufficient_data"
    }
    (day,) = project.sql("select distinct period_start from health_representation where monitor = 'nothing'")
    nothing = of(project, "nothing", day[0])
    assert sum(row["row_count"] for key, row in nothing.items() if key[1] == "Größe") == 1500
    assert (
        {row["label_rate"] for row in nothing.values()} == {row["selection_rate"] for row in nothing.values()} == {None}
    )


def test_references_are_compared_with_the_population(project):
    rows = of(project, dataset="training", month=None)
    assert {key[0] for key in rows} == {"(population)"}
    women = sum(row["order"] == "f" for row in TRAINING)
    found = rows["(population)", "order", "f"]
    assert (found["row_count"], found["ratio"]) == (women, pytest.approx(women / 800 / 0.51))
    assert {row["reason"] for key, row in rows.items() if "Größe" in key[1]} == {"column not in the reference"}
    january = of(project, dataset="january", month=MONTHS[0])
    assert january["(population)", "order", "m"]["row_count"] == sum(
        row["order"] == "m" for row in PRODUCTION[MONTHS[0]]
    )


def gate(project, monitor="visits"):
    return {
        row["reference"]: row for row in project.rows(f"select * from health_bias_gate where monitor = '{monitor}'")
    }


def checks(project):
    return {(row["id"], row["reference"]): row for row in project.rows("select * from health_known_biases")}


def test_every_entry_of_the_register_is_checked(project):
    found = checks(project)
    everywhere = ("production", "training", "few", "january")
    expected = {(name, reference) for name in ("rare", "kept") for reference in everywhere}
    expected |= {(row[0], row[6]) for row in REGISTER if row[6]} | {("no monitor", "(none)")}
    assert set(found) == expected
    march = PRODUCTION[MONTHS[2]]
    women, men = ([row for row in march if row["order"] == sex] for sex in "fm")
    rare = found["rare", "production"]
    assert (rare["period_start"], rare["row_count"], rare["base_row_count"]) == (MONTHS[2], len(men), 500)
    assert (rare["value_lower"], rare["value_upper"]) == pytest.approx(wilson(len(men), 500))
    assert (rare["status"], found["rare", "training"]["status"]) == ("fail", "fail")
    assert found["rare", "few"]["reason"] == "too few rows" and found["rare", "few"]["status"] == "inconclusive"
    rows = found["rows", "production"]
    assert (rows["group_value"], rows["value"], rows["status"]) == (
        "(null)",
        sum(row["Größe"] is None for row in march),
        "pass",
    )

    def rate(members):
        labels = [row["label"] for row in members if row["label"]]
        return labels.count("yes") / len(labels), len(labels)

    (p, n), (pi, m) = rate(men), rate([row for row in march if row["order"] != "m"])
    error = math.sqrt((1 - p) / (n * p) + (1 - pi) / (m * pi))
    labels = found["labels", "production"]
    assert labels["value"] == pytest.approx(p / pi)
    assert labels["value_upper"] == pytest.approx(p / pi * math.exp(stats.norm.ppf(0.975) * error))
    selected = defaultdict(list)
    for row in march:
        if row["predicted"] is not None:
            selected[row["age band"]].append(row["predicted"])
    best = max(sum(values) / len(values) for values in selected.values() if len(values) >= 30)
    young = selected["18-34"]
    assert found["chosen", "production"]["value"] == pytest.approx(sum(young) / len(young) / best)
    judged = [row for row in women if row["label"] and row["predicted"] is not None]
    for name, label in (("found", "yes"), ("accused", "no")):
        outcomes = [row["predicted"] for row in judged if row["label"] == label]
        interval = wilson(sum(outcomes), len(outcomes))
        assert (found[name, "production"]["value_lower"], found[name, "production"]["value_upper"]) == pytest.approx(
            interval
        )
        assert found[name, "production"]["status"] == "fail"
    gaps = sum((row["height"] is None) + (row["pulse"] is None) for row in women) / 2 / len(women)
    assert (
        found["gaps", "production"]["value"] == pytest.approx(gaps) and found["gaps", "production"]["status"] == "pass"
    )
    covered = sum(row["label"] is not None for row in women)
    assert found["answers", "production"]["value"] == pytest.approx(covered / len(women))


def test_what_cannot_be_checked_is_never_a_pass(project):
    found = checks(project)
    reasons = {
        name: (row["status"], row["reason"])
        for (name, _), row in found.items()
        if name.startswith("no ") or name == "tiny"
    }
    assert {status for status, _ in reasons.values()} == {"inconclusive"}
    assert {name: reason for name, (_, reason) in reasons.items()} == {
        "no group": "no row has ever been of this group",
        "no metric": reasons["no metric"][1],
        "no subgroup": "not a subgroup of the monitor",
        "no threshold": "no threshold",
        "no reference": "no reference of this name",
        "no monitor": "no monitor of this name",
        "no population": "the population has no share of this group",
        "no labels": "too few labels",
        "tiny": "too few rows",
    }
    assert reasons["no metric"][1].startswith("no metric of this name; allowed: share_ratio, share, row_count")
    assert all(row["reason"] in row["evidence"] for row in found.values() if row["reason"])


def test_the_gate_says_why(project):
    gates = gate(project)
    assert set(gates) == {"production", "training", "few", "january", "traning"}
    assert {name: row["status"] for name, row in gates.items()} == {
        "production": "fail",
        "training": "fail",
        "few": "inconclusive",
        "january": gates["january"]["status"],
        "traning": "inconclusive",
    }
    assert gate(project, "visit")["(none)"]["status"] == "inconclusive"
    training = gates["training"]
    men = sum(row["order"] == "m" for row in TRAINING)
    assert (
        f"rare fail: order = m: share {men / 800:.3f}" in training["evidence"]
        and f"{men} of 800 rows" in training["evidence"]
    )
    assert training["evidence"].startswith("rare fail")
    # an entry past its day is checked all the same, and named
    assert (training["expired_count"], "kept pass" in training["evidence"]) == (1, True)
    assert "the entry expired on 2020-01-01" in training["evidence"]
    counts = training["fail_count"] + training["inconclusive_count"] + training["pass_count"]
    assert counts == training["entry_count"] == sum(1 for _, reference in checks(project) if reference == "training")


def test_labels_that_come_late_are_counted(project, tmp_path):
    """Only the period of the new label is read again, and the result is that of a build from nothing."""
    twin = project.copy(tmp_path / "twin")
    written = dict(
        twin.sql("select period_column_key, max(built_at) from subgroup_cells where monitor = 'visits' group by 1")
    )
    late = next(row for row in PRODUCTION[MONTHS[0]] if not row["label"])
    twin.sql(f"insert into raw.answers values ({late['id']}, 'yes')")
    twin.build("--select", *REPRESENTATION, only="visits")
    again = dict(
        twin.sql("select period_column_key, max(built_at) from subgroup_cells where monitor = 'visits' group by 1")
    )
    changed = {key for key, moment in again.items() if moment != written[key]}
    assert changed == {"visits|production|month 2024-01-01|(subgroups)"}
    count = sum(row["label"] is not None for row in PRODUCTION[MONTHS[0]]) + 1
    assert twin.sql(
        "select sum(labelled_count) from subgroup_cells where monitor = 'visits' and period_start = date '2024-01-01'"
    ) == [(count,)]
    cells = "select * exclude (built_at) from subgroup_cells where monitor = 'visits' order by all"
    kept = twin.sql(cells)
    twin.sql("drop table subgroup_cells")
    twin.build("--select", "subgroup_cells", only="visits")
    assert twin.sql(cells) == kept


def test_other_subgroups_count_every_period_again(project, tmp_path):
    twin = project.copy(tmp_path / "twin")
    swapped = MONITOR | {"subgroups": ["Größe", "order"]}
    twin.configure({"monitors": {"visits": swapped}, "known_biases": {"source": ["raw", "register"]}})
    # what is gone keeps cells whose values are those of other columns: they are of no group
    gone = "delete from raw.visits where \"at\" < date '2024-02-01'"
    twin.sql(gone)
    twin.build("--select", *REPRESENTATION)
    rows = of(twin)
    assert {key[1] for key in rows} == {"Größe", "order"}
    for value, members in grouped(PRODUCTION[MONTHS[1]], ("Größe",)).items():
        assert rows["training", "Größe", value]["row_count"] == len(members)
    assert not of(twin, month=MONTHS[0])
    assert twin.sql("select count(*) > 0 from subgroup_cells where period_start = date '2024-01-01'") == [(True,)]


def gate_of(register, training, tmp_path_factory):
    """The gates of a monitor whose register and training sets are these."""
    monitor = MONITOR | {
        "references": {name: {"relation": {"source": ["raw", name]}} for name in training},
        "label": {"column": "label", "positive": "yes"},
        "subgroups": ["order", ["order", "age band"]],
    }
    of_page = {
        "relation": {"ref": "screenings"},
        "references": {"training_v2": {"relation": {"source": ["raw", "biased again"]}}},
    }
    configuration = {
        "monitors": {"visits": monitor, "screenings": monitor | of_page},
        "known_biases": {"source": ["raw", "register"]},
    }
    models = {"screenings.sql": "select * from {{ source('raw', 'visits') }}"}
    folder = tmp_path_factory.mktemp("gate") / "project"
    consumer = Consumer(folder, configuration, models=models, sources=(*SOURCES, *training))
    load_tables(consumer)
    columns = ["id", *ATTRIBUTES, "height", "pulse", "label", "predicted"]
    load(consumer, "visits", PRODUCTION[MONTHS[2]], ["at", "version", *columns], {"at": pa.timestamp("us")})
    for name, rows in training.items():
        load(consumer, name, rows, columns)
    load_register(consumer, register)
    consumer.build("--select", "column_statistics", *REPRESENTATION)
    return consumer


def with_label_rate(rows, rate, seed):
    """The rows with all of them labelled, women positive with this probability and everybody else with a half."""
    draw = np.random.default_rng(seed)
    return [row | {"label": "yes" if draw.random() < (rate if row["order"] == "f" else 0.5) else "no"} for row in rows]


def test_a_bias_that_comes_back_with_a_new_training_set_fails_the_gate(tmp_path_factory):
    register = [
        ("women are marked healthy", "visits", "order", "f", "label_rate_ratio", 0.8, None, None),
        ("old women are found", "visits", "order, age band", "f, 75+", "true_positive_rate", 0.2, None, None),
    ]
    rows = made_up(21, 600)
    register.append(("page", "screenings", *register[0][2:]))
    training = {
        "repaired": with_label_rate(rows, 0.5, 1),
        "biased again": with_label_rate(rows, 0.3, 2),
        "small": with_label_rate(rows[:40], 0.3, 3),
    }
    project = gate_of(register, training, tmp_path_factory)
    gates = gate(project)
    statuses = {name: row["status"] for name, row in gates.items()}
    assert (statuses["biased again"], statuses["small"]) == ("fail", "inconclusive")
    assert statuses["repaired"] == "pass"
    labels = training["biased again"]
    women, others = (
        [row["label"] == "yes" for row in labels if (row["order"] == "f") == is_woman] for is_woman in (True, False)
    )
    value = sum(women) / len(women) / (sum(others) / len(others))
    evidence = gates["biased again"]["evidence"]
    assert evidence.startswith(f"women are marked healthy fail: order = f: label_rate_ratio {value:.3f} [")
    assert f"must be at least 0.800, {len(women)} of 600 rows" in evidence
    assert "too few" in gates["small"]["evidence"]
    # the test that a job runs says the same, and one of a reference that nothing was checked in is no pass
    properties = {"version": 2, "sources": [{"name": "raw", "schema": "raw", "tables": []}]}
    for name in SOURCES + tuple(training):
        table = {"name": name}
        if name == "visits":
            tests = [
                {
                    "data_health.bias_gate_passes": {
                        "arguments": {"reference": reference},
                        "config": {"severity": "error", "alias": alias},
                    }
                }
                for reference, alias in (
                    ("repaired", "passes"),
                    ("biased again", "fails"),
                    ("small", "is_inconclusive"),
                    ("unknown", "is_not_there"),
                )
            ]
            tests += [
                {"data_health.representation_between": {"arguments": arguments, "config": {"alias": alias}}}
                for arguments, alias in (
                    ({"subgroups": "order", "groups": ["f", "m"], "minimum": 0.5, "maximum": 1.6}, "between"),
                    ({"subgroups": "order", "groups": ["f", "m"], "minimum": 1.3}, "not_between"),
                    ({"subgroups": ["order"], "minimum": 0.5, "certain": False}, "not_certain"),
                    ({"subgroups": ["order"], "reference": "repaired", "minimum": 0.5}, "between_repaired"),
                )
            ]
            table["data_tests"] = tests
        properties["sources"][0]["tables"].append(table)
    project.write("models/sources.yml", properties)
    (of_page,) = (text for path, text in walkthrough.files(PAGE.read_text()).items() if path.startswith("models/"))
    project.write("models/tests_of_screenings.yml", of_page)
    project.dbt("test", "--select", "test_type:generic,package:consumer", succeeds=False)
    outcomes = sorted((result["status"], result["failures"]) for result in project.run_results())
    # the test of the page asks for two subgroups that this table does not have
    assert outcomes == [("fail", 1)] * 4 + [("pass", 0)] * 3 + [("warn", 2)] * 3
    # labels of a training set are profiled too, though nobody counts them beforehand
    profiled = project.sql(
        "select row_count from column_statistics where dataset = 'repaired' and column_name = 'label'"
    )
    assert profiled == [(600,)]


@needs_shared_data
@pytest.mark.slow
def test_weights_undo_what_a_survey_oversampled(tmp_path_factory):
    """NHANES 2009-2012 asked more Black and Mexican people and children than there are; their weights say so."""
    monitor = {
        "relation": {"ref": "examinations"},
        "key": "ID",
        "subgroups": ["Race1", "minor", ["Race1", "minor"]],
        "population": {"ref": "residents"},
        "parts": {"drift": False, "coverage": False, "components": False},
        "features": ["BMI"],
    }
    configuration = {"monitors": {"rows": monitor, "people": monitor | {"weight": "WTINT2YR"}}}
    file = SHARED_DATA / "tables" / "nhanes" / "NHANESraw.csv"
    models = {
        "examinations.sql": "{{ config(materialized='table') }} select ID, Race1, case when Age < 18 then '0-17' else '18 and over' end as minor, "
        f"cast(WTINT2YR as double) as WTINT2YR, cast(BMI as double) as BMI from read_csv('{file}', nullstr = ['NA', ''])",
        "residents.sql": "{{ config(materialized='table') }} {% for column in ['Race1', 'minor'] %} select '{{ column }}' as subgroup, {{ column }} as value, "
        "sum(WTINT2YR) / (select sum(WTINT2YR) from {{ ref('examinations') }}) as share from {{ ref('examinations') }} group by 2 "
        "{{ 'union all' if not loop.last }} {% endfor %}",
    }
    project = Consumer(tmp_path_factory.mktemp("nhanes") / "project", configuration, models=models, sources=())
    project.build("--select", "examinations", "residents", *REPRESENTATION)
    found = project.rows(
        "select * from health_representation where reference = '(population)' and reference_share is not null"
    )
    rows = {(row["monitor"], row["group_value"]): row for row in found}
    ratios = {"White": 0.57, "Black": 1.87, "Mexican": 1.83, "0-17": 1.58}
    for group, ratio in ratios.items():
        assert round(rows["rows", group]["ratio"], 2) == ratio
        assert rows["people", group]["ratio"] == pytest.approx(1, abs=1e-9)
        assert rows["people", group]["status"] == "ok"
        assert rows["people", group]["effective_row_count"] < 0.7 * rows["people", group]["base_row_count"]
    assert {group: rows["rows", group]["representation"] for group in ratios} == {
        "White": "under",
        "Black": "over",
        "Mexican": "over",
        "0-17": "over",
    }
    assert rows["rows", "White"]["status"] == "warn"


CENSUS_NAMES = {
    "BLACK": "Black non-Hispanic",
    "WHITE": "White non-Hispanic",
    "WHITE HISPANIC": "Hispanic",
    "BLACK HISPANIC": "Hispanic",
    "ASIAN / PACIFIC ISLANDER": "Asian non-Hispanic",
    "AMERICAN INDIAN/ALASKAN NATIVE": "Some other race non-Hispanic",
    "BRONX": "Bronx",
    "BROOKLYN": "Brooklyn",
    "MANHATTAN": "Manhattan",
    "QUEENS": "Queens",
    "STATEN ISLAND": "Staten Island",
}


@needs_shared_data
def test_police_stops_against_the_census_of_the_boroughs(tmp_path_factory):
    folder = SHARED_DATA / "tables" / "nypd_stops"
    monitor = {
        "relation": {"ref": "stops"},
        "key": "id",
        "subgroups": ["borough", "race", ["borough", "race"]],
        "population": {"ref": "census"},
        "population_names": {"source": ["raw", "names"]},
        "label": {"column": "arrested", "positive": "Y"},
        "parts": {"drift": False, "coverage": False, "components": False},
    }
    models = {
        "stops.sql": "{{ config(materialized='table') }} select STOP_ID as id, STOP_LOCATION_BORO_NAME as borough, SUSPECT_RACE_DESCRIPTION as race, "
        f"SUSPECT_ARRESTED_FLAG as arrested from read_csv('{folder}/nypd_sqf_2021.csv', all_varchar = true, nullstr = '(null)')",
        "census.sql": "{{ config(materialized='table') }} with census as (select borough, \"group\" as race, population / (select sum(population) from "
        f"read_csv('{folder}/nyc_2020_census_race_by_borough.csv') where \"group\" = 'Total population') as share from read_csv('{folder}/nyc_2020_census_race_by_borough.csv')) "
        "select 'borough' as subgroup, borough as value, share from census where race = 'Total population' union all "
        "select 'race', race, sum(share) from census where race <> 'Total population' group by 2 union all "
        "select 'borough, race', borough || ', ' || race, share from census where race <> 'Total population'",
    }
    project = Consumer(
        tmp_path_factory.mktemp("stops") / "project", {"monitors": {"stops": monitor}}, models=models, sources=["names"]
    )
    names = list(CENSUS_NAMES.items())
    table = {
        "subgroup": ["race"] * 6 + ["borough"] * 5,
        "value": [name for name, _ in names],
        "population_value": [name for _, name in names],
    }
    project.load("names", table)
    project.build("--select", "stops", "census", *REPRESENTATION)
    rows = {
        (row["subgroup"], row["group_value"]): row
        for row in project.rows("select * from health_representation where reference = '(population)'")
    }
    stops = Counter(project.sql("select borough, race from stops"))
    arrested = Counter(project.sql("select borough, race from stops where arrested = 'Y'"))
    census = {(subgroup, value): share for subgroup, value, share in project.sql("select * from census")}
    expected, yes = Counter(), Counter()
    for counted, result in ((stops, expected), (arrested, yes)):
        for (borough, race), count in counted.items():
            place, group = CENSUS_NAMES[borough], CENSUS_NAMES.get(race, race or "(null)")
            for key in (("borough", place), ("race", group), ("borough, race", f"{place}, {group}")):
                result[key] += count
    assert rows.keys() == expected.keys() | census.keys()
    for key, row in rows.items():
        assert (row["row_count"], row["positive_count"] or 0) == (expected[key], yes[key])
        assert (row["share_lower"], row["share_upper"]) == pytest.approx(wilson(expected[key], 8947), abs=1e-12)
        if key in census:
            assert row["ratio"] == pytest.approx(expected[key] / 8947 / census[key])
        else:
            assert row["reason"] == "no population share"
    black = rows["borough, race", "Brooklyn, Black non-Hispanic"]
    assert (black["representation"], rows["race", "Asian non-Hispanic"]["representation"]) == ("over", "under")
    assert rows["race", "Asian non-Hispanic"]["status"] == "alert"
    assert rows["race", "(null)"]["row_count"] == 83
    assert rows["borough, race", "Staten Island, Some other race non-Hispanic"]["reason"] == "too few rows in the group"


@needs_shared_data
@pytest.mark.slow
def test_random_halves_of_a_table_raise_no_alarm(tmp_path_factory):
    files = [str(SHARED_DATA / "tables" / "adult" / name) for name in ("adult.data", "adult.test")]
    names = "age, workclass, fnlwgt, education, education_num, marital_status, occupation, relationship, race, sex"
    columns = ", ".join(f"trim(column{number:02}) as {name}" for number, name in enumerate(names.split(", ")))
    models = {
        "people.sql": "{{ config(materialized='table') }} select row_number() over () as id, "
        f"{columns} from read_csv({files}, header = false, all_varchar = true, null_padding = true, ignore_errors = true) where column09 is not null"
    }
    monitors = {}
    for number in range(6):
        for half in (0, 1):
            models[f"half_{number}_{half}.sql"] = (
                "{{ config(materialized='table') }} select *, cast(age as integer) // 15 as band from {{ ref('people') }} "
                f"where hash(id, {number}) % 2 = {half}"
            )
        monitors[f"half_{number}"] = {
            "relation": {"ref": f"half_{number}_0"},
            "references": {"other_half": {"relation": {"ref": f"half_{number}_1"}}},
            "subgroups": [
                "sex",
                "race",
                "band",
                "workclass",
                ["sex", "race", "band"],
                ["workclass", "race", "marital_status"],
            ],
            "features": ["education_num"],
            "parts": {"drift": False, "coverage": False, "components": False},
        }
    project = Consumer(tmp_path_factory.mktemp("halves") / "project", {"monitors": monitors}, models=models, sources=())
    project.build("--select", "package:consumer", *REPRESENTATION)
    statuses = dict(
        project.sql("select status, count(*) from health_representation where reference = 'other_half' group by 1")
    )
    assert sum(statuses.values()) > 1000
    assert set(statuses) == {"ok", "insufficient_data"}
