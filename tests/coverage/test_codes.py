"""Whole numbers of few values are counted by value: in the statistics, in drift, coverage and combinations alike."""

import pytest

RELATION = {"relation": {"source": ["raw", "rows"]}}


def coverage(consumer, column, reference="training", start="2024-01-01"):
    (row,) = consumer.rows(
        f"select * from health_coverage where column_name = '{column}' and reference = '{reference}' and period_start = date '{start}'"
    )
    return row


def combination(consumer, start="2024-01-01"):
    (row,) = consumer.rows(f"""
        select * from health_coverage_combinations
        where reference = 'training' and period_start = date '{start}' and column_names = 'f1, f2'
    """)
    return row


def test_a_value_between_those_of_the_training_is_unseen_everywhere(make_consumer):
    monitor = RELATION | {
        "time": "at",
        "references": {"training": {"relation": {"source": ["raw", "training"]}}},
        "combinations": {"features": ["f1", "f2"]},
    }
    consumer = make_consumer({"monitors": {"m": monitor}}, sources=["rows", "training"])
    consumer.sql("""
        create table raw.training as
        select case when i < 6 then -2 when i < 19 then 4 else 8 end as f1, i % 3 as f2 from range(116) t(i)
    """)
    consumer.sql("""
        create table raw.rows as
        select timestamp '2024-01-05' as at, case when i < 18 then 2 else 8 end as f1, i % 3 as f2 from range(49) t(i)
    """)
    consumer.build_up_to("health_coverage", "health_coverage_combinations")
    assert coverage(consumer, "f1")["unseen_share"] == pytest.approx(18 / 49)
    assert combination(consumer)["unseen_value_share"] == pytest.approx(18 / 49)


def test_a_code_that_comes_later_is_unseen_and_has_its_name(make_consumer):
    monitor = RELATION | {
        "time": "at",
        "references": {"training": {"relation": {"source": ["raw", "training"]}}},
        "combinations": {"features": ["f1", "f2"]},
        "show_values": ["f1"],
    }
    consumer = make_consumer({"monitors": {"m": monitor}}, sources=["rows", "training"])
    codes = "case i % 4 when 0 then 1 when 1 then 2 when 2 then 3 else 7 end"
    consumer.sql(f"create table raw.training as select {codes} as f1, i % 3 as f2 from range(400) t(i)")
    consumer.sql(
        f"create table raw.rows as select timestamp '2024-01-05' as at, {codes} as f1, i % 3 as f2 from range(400) t(i)"
    )
    consumer.build_up_to("health_coverage", "health_coverage_combinations", "health_drift")
    assert combination(consumer)["unseen_value_share"] == 0
    consumer.sql(
        f"insert into raw.rows select timestamp '2024-03-05', case when i % 4 = 3 then 5 else {codes} end, i % 3 from range(400) t(i)"
    )
    consumer.build_up_to("health_coverage", "health_coverage_combinations", "health_drift")
    row = coverage(consumer, "f1", start="2024-03-01")
    assert (row["unseen_share"], row["unseen_category"]) == (0.25, "5")
    assert combination(consumer, "2024-03-01")["unseen_value_share"] == 0.25
    # and groups of values have bounds, which are the value
    rows = consumer.rows("""
        select metric, value, value_lower, value_upper, definition from health_drift
        where column_name = 'f1' and reference = 'training' and metric in ('population_stability_index', 'kolmogorov_smirnov')
    """)
    assert rows and all(row["value"] == row["value_lower"] == row["value_upper"] for row in rows)
    assert not any("_of_bins" in row["definition"] for row in rows)
