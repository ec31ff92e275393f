"""The newest 7 and 28 periods together: what is too little for one day is found, one bad day is not found seven times."""

import numpy as np
import pytest
from consumer import Consumer
from postgres_server import PostgresConsumer

DAYS = 37
# numbers without a seed in the warehouse: the same on both engines
UNIFORM = "((i * 7919 + 104729 * {salt}) % 99991) / 99991.0"


def rows(per_day, columns):
    """Days from 2026-06-01 on; {day} stands for the number of the day."""
    return f"""
        select i as id, timestamp '2026-06-01' + day * interval '1 day' as t, {columns}
        from (
            select i, day from generate_series(0, {DAYS - 1}) as days (day), generate_series(0, 999999) as numbers (i)
            where i >= day * 1000 and i < day * 1000 + ({per_day})
        ) as rows_of_days
    """


TABLES = {
    # T15: nulls rise from 20 to 33 %, of 50 rows a day
    "nulls": rows(
        "50",
        f"case when {UNIFORM.format(salt=1)} < case when day < 30 then 0.2 else 0.33 end then null else i % 7 end as v",
    ),
    # T16, with 12 and 3 rows on each day, and on average
    "constant_rows": rows("case when day < 30 then 12 else 3 end", "i % 7 as v"),
    "fewer_rows": rows("case when day < 30 then 7 + mod(5 * day, 11) else 1 + mod(3 * day, 5) end", "i % 7 as v"),
    # T17
    "label_rate": rows(
        "50",
        f"i % 7 as v, case when {UNIFORM.format(salt=2)} < case when day < 30 then 0.5 else 0.72 end then 1 else 0 end as y",
    ),
    # half of the values are null on one day of the last seven
    "bad_day": rows("200", "case when day = 33 and i % 2 = 0 then null else i % 7 end as v"),
    # fewer values a day than a day alone needs, a column that is constant, and one that is nearly always null
    "small_days": rows(
        "12",
        f"{UNIFORM.format(salt=4)} + case when day < 30 then 0 else 0.3 end as v, 5 as five, "
        f"case when {UNIFORM.format(salt=5)} < case when day < 30 then 0.2 else 0.7 end then null else i * 0.5 end as n, "
        f"case when day >= 30 and {UNIFORM.format(salt=6)} < 0.2 then i * 0.5 end as late",
    ),
    # a bad day among the days before
    "bad_day_before": rows("200", "case when day = 20 and i % 2 = 0 then null else i % 7 end as v"),
    "quiet": rows("200", f"i % 7 as v, 'k' || cast(floor(5 * {UNIFORM.format(salt=3)}) as varchar) as k"),
}


def monitors():
    monitored = {
        name: {"relation": {"source": ["raw", name]}, "time": "t", "key": "id", "grain": "day"} for name in TABLES
    }
    monitored["label_rate"]["label"] = {"column": "y"}
    monitored["bad_day"]["references"] = {"first_days": {"from": "2026-06-01", "to": "2026-06-21"}}
    monitored["quiet"]["references"] = {"first_days": {"from": "2026-06-01", "to": "2026-06-21"}}
    return monitored


@pytest.fixture(scope="module", params=["duckdb", pytest.param("postgres", marks=pytest.mark.slow)])
def project(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("windows") / "project"
    if request.param == "duckdb":
        consumer = Consumer(folder, {"monitors": monitors()}, sources=tuple(TABLES))
    else:
        server = request.getfixturevalue("postgres")
        consumer = PostgresConsumer(server, folder, {"monitors": monitors()}, sources=tuple(TABLES))
    for name, query in TABLES.items():
        consumer.sql(f"create table raw.{name} as {query}; select 1")
    consumer.build_up_to("health_alerts")
    return consumer


def windows(project, monitor, column):
    found = project.sql(f"""
        select window_periods, reference, judged_periods, left_out_periods, column_status, deciding_metric
        from health_drift_windows where monitor = '{monitor}' and column_name = '{column}'
        group by 1, 2, 3, 4, 5, 6 order by 1, 2
    """)
    return [tuple(row) for row in found]


def alarms(project, monitor):
    return {
        (row[0], row[1])
        for row in project.sql(f"select finding, column_name from health_alerts where monitor = '{monitor}'")
    }


def test_nulls_of_seven_days_are_found_together(project):
    assert windows(project, "nulls", "v") == [(7, "(before the newest 7)", 7, 0, "alert", "null_share_cohens_h")]
    assert ("window_drift", "v") in alarms(project, "nulls")
    assert not {("drift", "v")} & alarms(project, "nulls")


def test_fewer_rows_are_found_together(project):
    ((status, reason),) = project.sql(
        "select window_status, window_reason from health_volume where monitor = 'fewer_rows' and is_latest"
    )
    assert status in ("warn", "alert") and " of the newest 7 whole days together; expected " in reason
    assert ("window_volume", None) in alarms(project, "fewer_rows")
    # where each day has as many rows as the one before, the first day with fewer tells
    assert ("volume", None) in alarms(project, "constant_rows")


def test_label_rate_is_found_without_a_reference(project):
    ((window, reference, judged, left_out, status, _),) = windows(project, "label_rate", "y")
    assert (window, reference, judged + left_out, status) == (7, "(before the newest 7)", 7, "alert")
    assert ("window_drift", "y") in alarms(project, "label_rate")


def test_one_bad_day_is_left_out_of_the_days_that_follow(project):
    short, long = windows(project, "bad_day", "v")
    assert short == (7, "first_days", 6, 1, "ok", None)
    # 17 days are no part of the reference
    assert long == (28, "first_days", 16, 1, "ok", None)
    assert {found for found, column in alarms(project, "bad_day") if column} == {"drift"}


def test_days_of_few_values_count_together(project):
    values = project.sql("""
        select t >= timestamp '2026-07-01' as is_after, v, n, late from raw.small_days where t >= timestamp '2026-06-03'
    """)
    after, before = ([row for row in values if row[0] is side] for side in (True, False))
    found = {
        (row[0], row[1]): row[2:]
        for row in project.sql("""
            select column_name, metric, value, column_status, q_value, reference_row_count, row_count
            from health_drift_windows where monitor = 'small_days' and window_periods = 7
        """)
    }
    for number, column in ((2, "n"), (3, "late")):
        shares = [np.mean([row[number] is None for row in rows]) for rows in (before, after)]
        h = abs(np.subtract(*(2 * np.arcsin(np.sqrt(shares)))))
        value, status, _, reference_rows, window_rows = found[column, "null_share_cohens_h"]
        assert (value, status) == (pytest.approx(h, rel=1e-9), "alert")
        assert (reference_rows, window_rows) == (336, 84)
    # all of them are .3 further: of values that are evenly spread from 0 to 1 the distance is .3
    value, status, *_ = found["v", "kolmogorov_smirnov"]
    assert status == "alert" and 0.2 < value < 0.4
    # what cannot be tested is no evidence
    assert {row[2] for (column, _), row in found.items() if column == "five"} <= {1}


def test_a_bad_day_before_the_window_is_no_fault_of_the_window(project):
    assert windows(project, "bad_day_before", "v") == []
    assert {found for found, column in alarms(project, "bad_day_before") if column} == {"drift"}


def test_nothing_is_found_where_nothing_happens(project):
    assert alarms(project, "quiet") <= {("freshness", None)}
    assert {row[4] for column in ("v", "k") for row in windows(project, "quiet", column)} == {"ok"}


def test_numbers_are_those_of_the_rows_taken_together(project):
    """Shares of the values of a code are exact: population stability index, Kolmogorov-Smirnov, Jensen-Shannon, h by NumPy."""
    for column in ("v", "k"):
        counted = project.sql(f"""
            select {column}, sum(case when t < timestamp '2026-06-21' then 1 else 0 end) as reference_rows,
                sum(case when t >= timestamp '2026-07-01' then 1 else 0 end) as window_rows
            from raw.quiet group by 1 order by 1
        """)
        reference, window = np.array([[float(row[1]), float(row[2])] for row in counted]).T
        assert reference.sum() == 4000 and window.sum() == 1400
        p, q = reference / reference.sum(), window / window.sum()
        smooth_p = (reference + 0.5) / (reference.sum() + 0.5 * len(p))
        smooth_q = (window + 0.5) / (window.sum() + 0.5 * len(p))
        middle = (p + q) / 2
        expected = {
            "population_stability_index": np.sum((smooth_q - smooth_p) * np.log(smooth_q / smooth_p)),
            "jensen_shannon_distance": np.sqrt(np.sum(p * np.log2(p / middle) + q * np.log2(q / middle)) / 2),
        }
        if column == "v":
            expected["kolmogorov_smirnov"] = np.max(np.abs(np.cumsum(p - q)))
        else:
            expected["category_share_cohens_h"] = np.max(np.abs(2 * np.arcsin(np.sqrt(p)) - 2 * np.arcsin(np.sqrt(q))))
        found = dict(
            tuple(row)
            for row in project.sql(f"""
                select metric, value from health_drift_windows
                where monitor = 'quiet' and column_name = '{column}' and window_periods = 7
            """)
        )
        assert set(found) == set(expected)
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)
