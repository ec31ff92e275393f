import multiprocessing

import pytest
from consumer import Consumer


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
