"""Registers that name gaps between groups: when they pass, what would decide them, and what is wrong in them."""

import collections

import numpy as np
import pytest
from consumer import Consumer
from scipy import stats

SIZES, DRAWS = (30, 100, 200, 400), 200
Z = stats.norm.ppf(0.95)
ENTRIES = [
    # id, monitor, value, metric, threshold, version, on_inconclusive
    ("drawn", "drawn", "f", "true_positive_rate_gap", 0.1, None, None),
    ("found", "monthly", "f", "true_positive_rate_gap", 0.1, None, None),
    ("odds", "monthly", "f", "equalized_odds", 0.2, None, None),
    ("accused", "monthly", "f", "false_positive_rate_gap", 0.02, "v1", "warn"),
    ("chosen", "monthly", "Women", "selection_rate_gap", 0.5, None, None),
    ("right", "monthly", "f", "precision_gap", 0.5, None, None),
    ("missed", "monthly", "f", "false_omission_rate_gap", 0.5, None, None),
    ("exact", "monthly", "f", "accuracy_gap", 0.5, None, None),
    ("rare", "monthly", "x", "true_positive_rate_gap", 0.1, None, "warn"),
    ("twice", "monthly", "f", "share", 0.1, None, "warn"),
    ("twice", "monthly", "m", "share", 0.1, None, "warn"),
    ("misspelt", "monthly", "f", "true_positiv_rate_gap", 0.1, None, "warn"),
    ("no group", "monthly", "Woman", "share", 0.1, None, None),
    ("as the population", "monthly", "Women", "share", 0.1, None, None),
    ("as the data", "monthly", "m", "share_ratio", 0.8, None, None),
    ("as the union", "monthly", "Boys + Men", "share_ratio", 0.8, None, None),
    ("undecided", "monthly", "f", "share", 0.1, None, "perhaps"),
]
MONITOR = {
    "subgroups": ["sex"],
    "label": {"column": "label", "positive": "yes"},
    "prediction": {"label": "predicted", "version": "version"},
    "parts": {"drift": False, "coverage": False, "components": False},
}
ROWS = """
create table raw.{table} as
select
    row_number() over () as id, {time} version, sex,
    case when is_positive then 'yes' else 'no' end as label,
    case when hash(version, sex, is_positive, place, 7) % 10000 < 10000 * case when is_positive then {found} else 0.1 end
        then 'yes' else 'no' end as predicted
from {versions}
cross join (values ('f'), ('m')) as sexes (sex)
cross join (values (true), (false)) as labels (is_positive)
cross join range(400) as places (place)
where place < size
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    monitors = {
        name: MONITOR | {"relation": {"source": ["raw", name]}, "key": "id", "parts": MONITOR["parts"]}
        for name in ("drawn", "monthly")
    }
    monitors["monthly"] |= {
        "time": "moment",
        "label": MONITOR["label"] | {"matures_after": "31 days"},
        "population": {"source": ["raw", "population"]},
        "population_names": {"source": ["raw", "names"]},
    }
    configuration = {"monitors": monitors, "known_biases": {"source": ["raw", "register"]}}
    sources = ("drawn", "monthly", "population", "names", "register")
    consumer = Consumer(tmp_path_factory.mktemp("gaps") / "project", configuration, sources=sources)
    sizes = ", ".join(f"({size})" for size in SIZES)
    versions = f"(select size || '-' || draw as version, size from (values {sizes}) as sizes (size) cross join range({DRAWS}) as draws (draw))"
    consumer.sql(ROWS.format(table="drawn", time="", versions=versions, found=0.85))
    # 14 months of 60 positives and 60 negatives of each sex; few of a third group
    months = (
        "(select 'v1' as version, 60 as size, timestamp '2023-01-05' + to_months(cast(m as integer)) as moment "
        "from range(14) as months (m))"
    )
    consumer.sql(
        ROWS.format(table="monthly", time="moment,", versions=months, found=0.8).replace("place, 7", "place, moment, 7")
    )
    consumer.sql("""
        insert into raw.monthly
        select 100000 + i, timestamp '2024-02-05', 'v1', 'x', case when i < 9 then 'yes' else 'no' end, 'no' from range(40) as rows (i);
        create table raw.population as select * from (values
            ('sex', 'Women', 0.5), ('sex', 'Men', 0.3), ('sex', 'Boys', 0.2)) as shares (subgroup, value, share);
        create table raw.names as select * from (values
            ('sex', 'f', 'Women'), ('sex', 'm', 'Men'), ('sex', 'm', 'Boys')) as names (subgroup, value, population_value);
    """)
    columns = ("id", "monitor", "value", "metric", "threshold", "version", "on_inconclusive")
    register = {name: [entry[place] for entry in ENTRIES] for place, name in enumerate(columns)}
    consumer.load("register", register)
    consumer.sql("""
        create or replace table raw.register as
        select *, 'sex' as subgroup, 'production' as reference, 'ana' as owner, '2023-01-01' as opened, null::integer as expiry
        from raw.register
    """)
    consumer.build_up_to("health_bias_gate")
    return consumer


@pytest.fixture(scope="module")
def found(project):
    return {
        (row["id"], row["model_version"]): row
        for row in project.rows("select * from health_known_biases where monitor = 'monthly'")
    }


def months(project, first):
    return project.rows(f"select * from raw.monthly where moment >= date '{first}'")


def rate(rows, sex, label, outcome):
    """Of the rows of the sexes with this label (a list of two for any) the share with this outcome, and how many there are."""
    outcomes = [outcome(row) for row in rows if (row["sex"] == "f") == (sex == "f") and row["label"] in label]
    return sum(outcomes), len(outcomes)


def newcombe(a, n, b, m):
    """Difference of two shares with its bounds, by Wilson's intervals of SciPy."""
    (first, last), (low, high) = (
        stats.binomtest(hits, rows).proportion_ci(0.9, method="wilson") for hits, rows in ((a, n), (b, m))
    )
    p, q = a / n, b / m
    return p - q, p - q - np.hypot(p - first, high - q), p - q + np.hypot(last - p, q - low)


def size_of(difference, lower, upper):
    return abs(difference), max(lower, -upper, 0), max(upper, -lower)


def test_an_equal_group_passes_with_rows_enough(project):
    """True gap 0, rates of .85, threshold .1: never with 30 positives a group, in three of four samples with 200, nearly always with 400."""
    passed = collections.Counter()
    for row in project.rows("select * from health_known_biases where monitor = 'drawn'"):
        size = int(row["model_version"].split("-")[0])
        passed[size] += row["status"] == "pass"
        is_open = row["status"] == "inconclusive" and abs(row["value"] - row["threshold"]) > 1e-9
        assert (row["rows_to_decide"] is not None) == is_open
    shares = {size: passed[size] / DRAWS for size in SIZES}
    assert shares[30] == 0 and 0.1 < shares[100] < 0.4 and 0.62 < shares[200] < 0.86 and shares[400] > 0.94, shares


def test_rows_that_would_decide(project):
    """Where two shares are equal, about 400 positives a group decide whether they are within .1."""
    rows = project.sql("""
        select rows_to_decide from health_known_biases
        where monitor = 'drawn' and model_version like '100-%' and value < 0.01 and status = 'inconclusive'
    """)
    assert rows and all(250 < count < 450 for (count,) in rows), rows


def test_gaps_are_those_of_the_rows(project, found):
    # the newest month does not decide, the newest twelve together do
    year = months(project, "2023-03-01")
    said = [lambda row: row["predicted"] == "yes"]
    hits = [rate(year, sex, ["yes"], said[0]) for sex in "fm"]
    row = found["found", "v1"]
    assert (row["status"], row["period_count"], str(row["period_start"])) == ("pass", 12, "2023-03-01")
    expected = size_of(*newcombe(*hits[0], *hits[1]))
    assert (row["value"], row["value_lower"], row["value_upper"]) == pytest.approx(expected, abs=1e-9)
    newest = months(project, "2024-02-01")
    gaps = {}
    for name, label, outcome in (
        ("found", ["yes"], lambda row: row["predicted"] == "yes"),
        ("accused", ["no"], lambda row: row["predicted"] == "yes"),
        ("chosen", ["yes", "no"], lambda row: row["predicted"] == "yes"),
        ("exact", ["yes", "no"], lambda row: row["predicted"] == row["label"]),
    ):
        for period, rows in (("newest", newest), ("year", year)):
            gaps[name, period] = size_of(*newcombe(*rate(rows, "f", label, outcome), *rate(rows, "m", label, outcome)))
    for period, rows in (("newest", newest), ("year", year)):
        for name, predicted, label in (("right", "yes", "yes"), ("missed", "no", "yes")):
            members = [row for row in rows if row["predicted"] == predicted]
            counts = [rate(members, sex, ["yes", "no"], lambda row, label=label: row["label"] == label) for sex in "fm"]
            gaps[name, period] = size_of(*newcombe(*counts[0], *counts[1]))
    for name in ("chosen", "exact", "right", "missed"):
        row = found[name, "v1"]
        period = "newest" if row["period_count"] == 1 else "year"
        assert (row["value"], row["value_lower"], row["value_upper"]) == pytest.approx(gaps[name, period], abs=1e-9), (
            name
        )
    odds = found["odds", "v1"]
    period = "newest" if odds["period_count"] == 1 else "year"
    expected = [max(pair) for pair in zip(gaps["found", period], gaps["accused", period], strict=True)]
    assert [odds["value"], odds["value_lower"], odds["value_upper"]] == pytest.approx(expected, abs=1e-9)


def test_what_is_wrong_blocks_and_is_answered(found):
    problems = {
        ("twice", None): "the id is given to 2 entries",
        ("misspelt", None): "no metric of this name; the nearest is true_positive_rate_gap",
        ("no group", None): "no row has ever been of this group; the nearest is Women",
        ("undecided", None): "on_inconclusive is neither block nor warn",
    }
    for key, problem in problems.items():
        row = found[key]
        assert (row["status"], row["reason"], row["is_blocking"]) == ("inconclusive", problem, True)
    rare = found["rare", "v1"]
    assert (rare["status"], rare["is_blocking"]) == ("insufficient_data", False)
    assert rare["reason"] == "fewer than 10 rows with a positive label and a prediction"
    accused = found["accused", "v1"]
    assert (accused["status"], accused["is_blocking"]) == ("inconclusive", False)
    assert "would decide" in accused["evidence"]


def test_groups_may_be_named_as_the_population_names_them(found):
    women, men, union = (found[name, None] for name in ("as the population", "as the data", "as the union"))
    # 120 women and 120 men in the newest month, and 40 others
    assert women["value"] == pytest.approx(120 / 280) and women["status"] == "pass"
    # m is men and boys of the population, .5 of it; 120 of a month are too few to tell, of twelve months they are not
    assert men["value"] == union["value"] == pytest.approx(12 * 120 / (12 * 240 + 40) / 0.5)
    assert (men["status"], men["period_count"]) == ("pass", 12)


def test_the_gate_counts_what_blocks(project, found):
    (gate,) = project.rows("select * from health_bias_gate where monitor = 'monthly'")
    assert gate["status"] == "inconclusive"
    assert gate["blocking_count"] == sum(
        row["is_blocking"]
        for row in project.rows("""
        select is_blocking from health_known_biases where monitor = 'monthly'""")
    )
    assert gate["inconclusive_count"] > gate["blocking_count"]
