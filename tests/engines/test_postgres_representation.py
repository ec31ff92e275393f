"""The tests of representation, each against its oracle, on PostgreSQL; that both engines see the demo alike is in test_postgres.py."""

import pytest
from consumer import Consumer
from postgres_server import PostgresConsumer
from representation_project import CONFIGURATION, REPRESENTATION, SOURCES, load_tables
from test_representation import (  # noqa: F401
    test_against_a_population,
    test_against_a_sample,
    test_every_entry_of_the_register_is_checked,
    test_four_fifths_of_the_group_that_is_chosen_most,
    test_no_group_is_dropped_and_shares_are_those_of_the_rows,
    test_rates_of_groups,
    test_references_are_compared_with_the_population,
    test_settings,
    test_the_gate_says_why,
    test_what_cannot_be_checked_is_never_a_pass,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(postgres, tmp_path_factory):
    folder = tmp_path_factory.mktemp("representation")
    duck = Consumer(folder / "duck", CONFIGURATION, sources=SOURCES)
    load_tables(duck)
    consumer = PostgresConsumer(postgres, folder / "project", CONFIGURATION, sources=SOURCES)
    for table in SOURCES:
        consumer.take(duck, table)
    consumer.build("--select", *REPRESENTATION)
    return consumer
