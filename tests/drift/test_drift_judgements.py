"""Cases that anyone can judge by eye, one column each, month by month: what health_drift says of them."""

import numpy as np
import pyarrow as pa
import pytest
from consumer import Consumer

MONTHS = 14
ROWS = 400
FIRST_MONTH = np.datetime64("2024-01")
MONITOR = {
    "relation": {"source": ["raw", "rows"]},
    "time": "happened_at",
    "references": {"start": {"from": "2024-01-01", "to": "2024-05-01"}},
    "parts": {"components": False},
}


def in_month(values, month, changed):
    """The values, with those of one month replaced."""
    result = values.copy()
    result[month] = changed
    return result


def columns():
    """Months of values by column name."""
    draw = np.random.default_rng(11)
    normal = draw.normal(100, 10, size=(9, MONTHS, ROWS))
    shop = draw.choice(["north", "south", "east"], p=[0.5, 0.3, 0.2], size=(MONTHS, ROWS))
    return {
        "quiet": normal[0],
        "jump": in_month(normal[1], 9, normal[1][9] * 1000),
        "constant": in_month(np.full((MONTHS, ROWS), 7.0), 9, np.where(draw.random(ROWS) < 0.5, 7.0, 8.0)),
        "repeated_outlier": in_month(in_month(normal[2], 10, normal[2][10] + 50), 11, normal[2][11] + 50),
        "nulls": in_month(normal[3], 9, np.where(draw.random(ROWS) < 0.6, np.nan, normal[3][9])),
        "unseen": in_month(shop.astype(object), 9, np.append(shop[9][:-1], "west")),
        "moving_up": normal[4] + np.arange(MONTHS)[:, None] * 2,
        **{f"quiet_{number}": normal[5 + number] for number in range(4)},
    }


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    values = columns()
    moments = np.repeat(FIRST_MONTH + np.arange(MONTHS), ROWS).astype("datetime64[us]")
    table = {"happened_at": pa.array(moments)}
    for name, by_month in values.items():
        flat = by_month.reshape(-1)
        table[name] = pa.array(flat, from_pandas=True)
    consumer = Consumer(tmp_path_factory.mktemp("judged") / "project", {"monitors": {"months": MONITOR}})
    consumer.load("rows", table)
    consumer.build_up_to("health_drift")
    return consumer


def statuses(project, column, reference="start", table="months"):
    """Month number -> judgement on a column."""
    rows = project.sql(
        f"""
        select distinct datediff('month', date '2024-01-01', period_start), column_status
        from health_drift
        where monitor = '{table}' and column_name = '{column}' and reference = '{reference}'
        """
    )
    return dict(rows)


def alarms(project, column, reference="start"):
    return {month: status for month, status in statuses(project, column, reference).items() if status != "ok"}


def test_what_does_not_change_is_quiet(judged):
    for column in ("quiet", "quiet_0", "quiet_1", "quiet_2", "quiet_3"):
        assert alarms(judged, column) == {}
        assert alarms(judged, column, "(previous period)") == {}


def test_a_thousandfold_jump_after_nine_normal_months(judged):
    assert alarms(judged, "jump") == {9: "alert"}
    # and back again
    assert alarms(judged, "jump", "(previous period)") == {9: "alert", 10: "alert"}


def test_a_constant_that_changes(judged):
    assert alarms(judged, "constant") == {9: "alert"}


def test_an_outlier_that_is_repeated_does_not_become_normal(judged):
    assert alarms(judged, "repeated_outlier") == {10: "alert", 11: "alert"}
    # against the month before, the repetition is no change
    assert alarms(judged, "repeated_outlier", "(previous period)") == {10: "alert", 12: "alert"}


def test_nulls_from_none_to_three_in_five(judged):
    assert alarms(judged, "nulls") == {9: "alert"}
    decided = judged.sql("""
        select distinct deciding_metric from health_drift
        where column_name = 'nulls' and reference = 'start' and column_status = 'alert'
    """)
    assert decided in ([("null_share_cohens_h",)], [("population_stability_index",)])


def test_one_unseen_category_is_no_alarm(judged):
    assert alarms(judged, "unseen") == {}
    share = judged.sql("""
        select value from health_drift
        where column_name = 'unseen' and reference = 'start' and metric = 'new_category_share' and value > 0
    """)
    assert share == [(1 / ROWS,)]


def test_slow_drift_is_not_excused_by_its_own_history(judged):
    found = statuses(judged, "moving_up")
    # a fifth of a standard deviation a month, from the reference, which is 103 on average
    assert [found[month] for month in (8, 9, 10, 11, 12, 13)] == ["alert"] * 6


def test_a_thousand_times_as_many_rows_are_no_drift(tmp_path):
    draw = np.random.default_rng(12)
    sizes = [400] * 9 + [400_000]
    table = {
        "happened_at": pa.array(np.repeat(FIRST_MONTH + np.arange(10), sizes).astype("datetime64[us]")),
        "x": pa.array(draw.normal(size=sum(sizes))),
        "kind": pa.array(draw.choice(["a", "b", "c"], size=sum(sizes))),
    }
    consumer = Consumer(tmp_path / "project", {"monitors": {"months": MONITOR}})
    consumer.load("rows", table)
    consumer.build_up_to("health_drift")
    for column in ("x", "kind"):
        for reference in ("start", "(previous period)"):
            assert set(statuses(consumer, column, reference).values()) == {"ok"}
