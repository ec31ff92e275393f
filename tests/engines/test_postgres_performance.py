"""The tests of performance and fairness, each against its oracle, on PostgreSQL; test_demo_marts.py compares the demo on both engines."""

import pytest
from consumer import Consumer
from performance_project import CONFIGURATION, PERFORMANCE, SOURCES, load, load_compas, rows_of_all
from postgres_server import PostgresConsumer
from test_fairness import (  # noqa: F401
    test_a_gap_is_found_that_nobody_registered,
    test_equal_groups_are_not_found,
    test_every_rate_against_all_rows_a_group_and_the_best,
    test_groups_are_hidden_where_values_must_not_be_shown,
)
from test_performance import (  # noqa: F401
    test_a_reference_is_added_up,
    test_a_version_that_fails_is_found_and_no_other,
    test_every_metric_of_every_group,
    test_few_values_are_bins,
    test_labels_that_may_still_arrive_are_not_judged,
    test_rows_have_weights,
    test_what_cannot_be_computed_has_a_reason,
    test_without_predicted_labels_the_threshold_decides,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(postgres, tmp_path_factory):
    folder = tmp_path_factory.mktemp("performance")
    duck = Consumer(folder / "duck", CONFIGURATION, sources=SOURCES)
    load(duck, rows_of_all())
    load_compas(duck)
    consumer = PostgresConsumer(postgres, folder / "project", CONFIGURATION, sources=SOURCES)
    for table in SOURCES:
        consumer.take(duck, table)
    consumer.build("--select", *PERFORMANCE)
    return consumer
