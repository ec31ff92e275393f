"""The tests of model versions and of skew, each against its oracle, on PostgreSQL; definitions are compared by their texts there."""

import pytest
import test_serving_skew
import test_versions
from consumer import Consumer
from postgres_server import PostgresConsumer
from skew_project import CONFIGURATION, SOURCES, load
from test_serving_skew import (  # noqa: F401
    test_a_feature_that_one_side_lacks_is_said_for_the_versions_that_need_it,
    test_a_log_that_is_gone_or_lost_a_column_leaves_the_rest,
    test_a_redefined_feature_is_found_from_the_week_in_which_it_was_served,
    test_every_count_is_that_of_brute_force,
    test_only_periods_with_other_rows_are_read_again,
    test_shares_intervals_and_means,
    test_the_test_for_users,
    test_types_of_both_sides_are_named,
    test_values_of_rows_appear_only_where_they_are_allowed,
    test_without_times_one_row_of_a_key_counts_and_no_period_is_guessed,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(postgres, tmp_path_factory):
    folder = tmp_path_factory.mktemp("skew")
    duck = Consumer(folder / "duck", CONFIGURATION, sources=SOURCES)
    load(duck)
    consumer = PostgresConsumer(postgres, folder / "project", CONFIGURATION, sources=SOURCES)
    for table in SOURCES:
        consumer.take(duck, table)
    consumer.build("--select", *test_serving_skew.SKEW)
    return consumer


# what definitions decide is left out: Python compares them, and dbt runs no Python on PostgreSQL
MARTS = {
    "health_feature_contract": """
        select model_version, is_serving, feature, check_name, status, reason, expected, found, is_required, row_count
        from health_feature_contract where check_name <> 'definition'
    """,
    "health_model_versions": """
        select model_version, is_serving, feature_count, required_count, missing_count, retyped_count, out_of_range_count,
            new_values_count, nulls_count, extra_count
        from health_model_versions
    """,
    "health_version_changes": """
        select version_before, version_now, feature, change, value_before, value_now
        from health_version_changes where change <> 'redefined'
    """,
}


@pytest.fixture(scope="module")
def both(postgres, tmp_path_factory):
    folder = tmp_path_factory.mktemp("versions")
    duck = test_versions.built(folder / "duck")
    consumer = PostgresConsumer(
        postgres, folder / "postgres", {"monitors": {"visits": test_versions.MONITOR}}, sources=test_versions.SOURCES
    )
    for table in test_versions.SOURCES:
        consumer.take(duck, table)
    consumer.build("--exclude", "test_type:unit")
    return duck, consumer


@pytest.mark.parametrize("mart", MARTS)
def test_both_engines_agree(both, mart):
    duck, consumer = (sorted(spelled(engine.sql(MARTS[mart])), key=str) for engine in both)
    assert duck == consumer
    assert len(duck) > 1


def spelled(rows):
    """Types under the names of DuckDB."""
    names = {"VARCHAR": "varchar", "character varying": "varchar", "BIGINT": "bigint", "DECIMAL(21,1)": "numeric(21,1)"}
    return [tuple(names.get(value, value) for value in row) for row in rows]


def test_definitions_say_why_they_are_not_compared(both):
    _, consumer = both
    rows = consumer.sql("select distinct status, reason from health_feature_contract where check_name = 'definition'")
    assert rows == [
        ("insufficient_data", "definitions are compared by Python, and this warehouse runs no Python models")
    ]
    changed = consumer.sql("""
        select feature from health_version_changes where change = 'redefined' and version_before = 'v1' and version_now = 'v2'
    """)
    # texts that differ are told, whether or not they say the same
    assert sorted(changed) == [("bmi",), ("sex",)]
