"""The tests of combinations and gaps, each against its oracle, on PostgreSQL; that both engines see the demo alike is in test_postgres.py."""

import pytest
from combination_lattices import CONFIGURATION, MARTS, SOURCES, load_tables
from consumer import Consumer
from postgres_server import PostgresConsumer
from test_combinations import (  # noqa: F401
    test_a_feature_that_the_reference_lacks_is_no_gap,
    test_combinations_of_random_lattices_equal_brute_force,
    test_features_are_chosen_by_the_rule,
    test_gaps_of_random_lattices_equal_brute_force,
    test_rare_categories_that_are_counted_together_are_not_judged,
    test_the_example_of_nist,
    test_values_are_hidden_unless_they_may_be_shown,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lattices(postgres, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lattices")
    duck = Consumer(folder / "duck", CONFIGURATION, sources=SOURCES)
    load_tables(duck)
    project = PostgresConsumer(postgres, folder / "project", CONFIGURATION, sources=SOURCES)
    for table in SOURCES:
        project.take(duck, table)
    project.build_up_to(*MARTS)
    return project
