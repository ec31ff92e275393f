"""Drift of columns and rows that hurt: each is judged as a person would."""

import datetime

import numpy as np
import pyarrow
import pytest
from consumer import Consumer

ROWS = 1000
# there is no June
MONTHS = [datetime.date(2024, month, 1) for month in (1, 2, 3, 4, 5, 7, 8, 9, 10)]
LAST = MONTHS[-1]
MONITORS = {
    "hostile": {
        "relation": {"source": ["raw", "rows"]},
        "key": "id",
        "time": "at",
        "segments": ["site"],
        "label": {"column": "label", "positive": "yes"},
        "max_categories": 20,
        "columns": {"many codes": {"kind": "categorical"}, "few": {"kind": "categorical"}},
        "references": {
            "first": {"from": "2024-01-01", "to": "2024-04-01"},
            "narrow": {"relation": {"source": ["raw", "narrow"]}},
        },
    },
    "one": {
        "relation": {"source": ["raw", "one"]},
        "time": "at",
        "references": {"others": {"relation": {"source": ["raw", "rows"]}}},
    },
    "none": {
        "relation": {"source": ["raw", "none"]},
        "time": "at",
        "references": {"others": {"relation": {"source": ["raw", "rows"]}}},
    },
}


def month(generator, number):
    """One month of 1,000 rows; in the last of them everything happens."""
    is_last, uniform = number == len(MONTHS) - 1, generator.random(ROWS)
    numbers = generator.normal(10, 2, (4, ROWS))
    at = np.datetime64(MONTHS[number], "us") + (generator.random(ROWS) * 27 * 86400 * 1e6).astype("timedelta64[us]")
    texts = np.array(["it's", '"quoted"', "two\nlines", "", "(null)"])
    codes = np.array([f"code {i:02}" for i in range(50)])
    unseen = np.where(np.arange(ROWS) == 5, "never seen", "usual")
    nothing = pyarrow.nulls(ROWS, pyarrow.float64())
    spikes = {
        "not a number": np.where(uniform < 0.3, np.nan, numbers[1]),
        "infinite": np.where(uniform < 0.3, np.inf, numbers[1]),
        "negatively infinite": np.where(uniform < 0.3, -np.inf, numbers[1]),
    }
    return {
        "id": np.arange(ROWS) + number * ROWS,
        "at": at,
        "site": pyarrow.array([(None, "hill", "harbour")[i % 3] for i in range(ROWS)]),
        "order": numbers[0],
        "Größe": texts[generator.integers(0, 5, ROWS)],
        "a b": numbers[1],
        "null later": nothing if is_last else pyarrow.array(numbers[2]),
        "null before": pyarrow.array(numbers[2]) if is_last else nothing,
        "null text later": pyarrow.array([None if is_last else "x"] * ROWS, pyarrow.string()),
        "always null": nothing,
        "constant": np.full(ROWS, 7.0),
        "constant, then another": np.full(ROWS, 8.0 if is_last else 7.0),
        **{name: spike if is_last else numbers[1] for name, spike in spikes.items()},
        "one unseen": unseen if is_last else np.full(ROWS, "usual"),
        "many codes": codes[generator.integers(0, 50, ROWS)],
        "few": generator.integers(0, 3, ROWS).astype(str),
        "flag": uniform < 0.4,
        "day": at.astype("datetime64[D]") - generator.integers(0, 90, ROWS),
        "moment": at - (generator.exponential(5, ROWS) * 3600e6).astype("timedelta64[us]"),
        "leaves": numbers[3],
        "label": pyarrow.array(
            [None if number > 6 else ("yes", "no")[int(u < 0.5)] for u in uniform], pyarrow.string()
        ),
    }


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    sources = ("rows", "narrow", "one", "none")
    project = Consumer(tmp_path_factory.mktemp("hostile") / "project", {"monitors": MONITORS}, sources=sources)
    generator = np.random.default_rng(7)
    for number in range(len(MONTHS)):
        project.load("month", month(generator, number))
        project.sql(
            "create table raw.rows as from raw.month" if number == 0 else "insert into raw.rows by name from raw.month"
        )
    project.sql(
        """create table raw.narrow as select * exclude ("order", flag) from raw.rows where "at" < '2024-04-01'"""
    )
    project.sql("create table raw.one as from raw.rows limit 1")
    project.sql("create table raw.none as from raw.rows limit 0")
    project.build("--exclude", "resource_type:unit_test")
    return project


def judgements(project, monitor="hostile", reference="first", segment=("(all)", "(all)")):
    """(period, column) -> its status, one per column and period."""
    rows = project.rows(f"""
        select distinct period_start, column_name, column_status, segment_column, segment_value from health_drift
        where monitor = '{monitor}' and reference = '{reference}'
    """)
    found = [row for row in rows if (row["segment_column"], row["segment_value"]) == segment]
    result = {(row["period_start"], row["column_name"]): row["column_status"] for row in found}
    assert len(result) == len(found)
    return result


CHANGED = {
    "null later",
    "null before",
    "null text later",
    "constant, then another",
    "not a number",
    "infinite",
    "negatively infinite",
}
SEGMENTS = [("(all)", "(all)"), ("site", "hill"), ("site", None)]


@pytest.mark.parametrize("segment", SEGMENTS)
@pytest.mark.parametrize("reference", ["first", "narrow", "(previous period)"])
def test_what_changed_is_in_alert_in_its_month_and_nothing_else(project, reference, segment):
    found = judgements(project, reference=reference, segment=segment)
    assert {key for key, status in found.items() if status == "alert"} == {(LAST, name) for name in CHANGED}
    assert "warn" not in found.values()


def test_a_month_is_compared_with_the_last_that_there_was(project):
    periods = {start for start, _ in judgements(project, reference="(previous period)")}
    assert periods == set(MONTHS[1:])
    ((start,),) = project.sql("""
        select reference_start from drift_comparisons
        where monitor = 'hostile' and reference = '(previous period)' and period_start = '2024-07-01'
    """)
    assert start == datetime.date(2024, 5, 1)


def test_quiet_columns_are_judged(project):
    """Columns without values, of one value, with odd names, more categories than are counted, and one single unseen category."""
    found = judgements(project)
    names = "order|Größe|a b|always null|constant|one unseen|many codes|few|flag|day|moment|moment (days from event)"
    assert {name: found[LAST, name] for name in names.split("|")} == dict.fromkeys(names.split("|"), "ok")
    ((share,),) = project.sql(f"""
        select value from health_drift where monitor = 'hostile' and reference = 'first' and segment_column = '(all)'
            and period_start = '{LAST}' and column_name = 'one unseen' and metric = 'new_category_share'
    """)
    assert share == 0.001


def test_labels_that_are_not_there_yet_are_no_alarm(project):
    found = {start: status for (start, name), status in judgements(project).items() if name == "label"}
    # the first three months are the reference
    later = [start for start in MONTHS if start >= datetime.date(2024, 4, 1)]
    assert found == {start: "ok" if start < datetime.date(2024, 9, 1) else "insufficient_data" for start in later}


def test_a_column_that_the_reference_does_not_have_cannot_be_judged(project):
    found = judgements(project, reference="narrow")
    assert {status for (_, name), status in found.items() if name in ("order", "flag")} == {"insufficient_data"}


def test_one_row_cannot_be_judged_and_no_rows_are_no_period(project):
    assert set(judgements(project, "one", "others").values()) == {"insufficient_data"}
    assert judgements(project, "none", "others") == {}


def test_nothing_that_is_shown_is_no_number(project):
    ((count,),) = project.sql("""
        select count(*) from health_drift
        where not isfinite(coalesce(value, 0)) or not isfinite(coalesce(value_upper, 0)) or not isfinite(coalesce(noise_floor, 0))
            or value < value_lower - 1e-12 or value > value_upper + 1e-12 or p_value not between 0 and 1 or q_value not between 0 and 1
    """)
    assert count == 0


def test_a_column_that_left_keeps_its_past(project, tmp_path):
    gone = project.copy(tmp_path / "project")
    before = {key: status for key, status in judgements(gone).items() if key[1] == "leaves"}
    gone.sql("alter table raw.rows drop column leaves")
    gone.load("month", month(np.random.default_rng(8), 0) | {"at": np.full(ROWS, np.datetime64("2024-11-05", "us"))})
    gone.sql("alter table raw.month drop column leaves")
    gone.sql("insert into raw.rows by name from raw.month")
    gone.build_up_to("health_drift", "health_schema_changes")
    after = {key: status for key, status in judgements(gone).items() if key[1] == "leaves"}
    assert after == before
    changes = gone.sql("select change from health_schema_changes where monitor = 'hostile' and column_name = 'leaves'")
    assert changes
