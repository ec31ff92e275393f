import multiprocessing

import pytest
from consumer import Consumer

# the files that take longest come first: one that comes last keeps a single worker busy while the others are done
LONGEST = (
    "test_postgres",
    "test_demo_marts",
    "test_killed",
    "test_dbt_versions",
    "test_wide_products",
    "test_postgres_killed",
    "test_multivariate_drift",
    "test_dimensions",
    "test_representation",
    "test_labeling_rounds",
    "test_package",
    "test_postgres_builds",
    "test_incremental",
    "test_alerts",
    "test_combinations",
    "test_self_healing",
    "test_configuration",
)


def pytest_collection_modifyitems(items):
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(place)))


@pytest.fixture
def make_consumer(tmp_path):
    """A factory of consumer projects, each in a folder of its own."""

    def make(configuration, name="project", **options):
        return Consumer(tmp_path / name, configuration, **options)

    return make


@pytest.fixture(scope="session")
def postgres():
    """How to reach a PostgreSQL server."""
    from postgres_server import running_server

    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def processes():
    """Processes that begin with dbt imported, which saves most of the time that a start of dbt takes."""
    context = multiprocessing.get_context("forkserver")
    adapters = ["dbt.adapters.duckdb.impl", "dbt.adapters.postgres.impl"]
    context.set_forkserver_preload(["dbt.cli.main", *adapters, "pyarrow", "pytest", "consumer"])
    return context
