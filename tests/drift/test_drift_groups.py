"""Groups of a reference where values of production lie in its gaps."""

import numpy as np
import pytest
from consumer import SHARED_DATA, Consumer, needs_shared_data
from drift_oracle import groups_of_numbers, share_distances

pytestmark = needs_shared_data

ADULT = SHARED_DATA / "tables" / "adult"
LEFT_OUT = ("Some-college", "HS-grad", "Bachelors")
MONITOR = {
    "relation": {"source": ["raw", "others"]},
    "features": ["education_num"],
    "references": {"training": {"relation": {"source": ["raw", "training"]}}},
}


def test_values_that_only_production_has_join_the_tenth_in_which_they_begin(tmp_path):
    """Adult by education: the three commonest levels, 9, 10 and 13, are in production alone."""
    consumer = Consumer(tmp_path / "project", {"monitors": {"adult": MONITOR}}, sources=("others", "training"))
    consumer.sql(f"""
        create table raw.adult as
        select trim(column03) as education, cast(column04 as bigint) as education_num
        from read_csv(['{ADULT}/adult.data', '{ADULT}/adult.test'], header = false, all_varchar = true, null_padding = true, comment = '|')
        where column04 is not null
    """)
    for table, condition in {"training": "not in", "others": "in"}.items():
        consumer.sql(f"create table raw.{table} as from raw.adult where education {condition} {LEFT_OUT}")
    consumer.build_up_to("health_drift")

    reference, current = (
        np.array([number for (number,) in consumer.sql(f"select education_num from raw.{table}")])
        for table in ("training", "others")
    )
    groups = groups_of_numbers(reference, current)
    groups = groups[groups.sum(axis=1) > 0]
    assert groups[:, 0].tolist() == [1794, 2145, 1812, 2718, 1601, 2657, 834, 594]
    expected = share_distances(groups)["population_stability_index"]
    assert expected == pytest.approx(6.365595, abs=5e-7)

    (row,) = consumer.rows("""
        select * from health_drift
        where column_name = 'education_num' and reference = 'training' and metric = 'population_stability_index'
    """)
    assert [row[name] for name in ("value", "value_lower", "value_upper")] == pytest.approx([expected] * 3, rel=1e-12)
