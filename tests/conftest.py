import multiprocessing
import signal

import pytest
from consumer import Consumer

# seconds after which a test waits for something that will not come; the longest takes an eighth of it
TIME_LIMIT = 600
# the files that take longest come first: one that comes last keeps a single worker busy while the others are done
LONGEST = (
    "test_dbt_versions",
    "test_killed",
    "test_postgres",
    "test_demo_marts",
    "test_postgres_builds",
    "test_postgres_killed",
    "test_wide_products",
    "test_package",
    "test_incremental",
    "test_components",
    "test_multivariate_drift",
    "test_representation",
    "test_components_odd_rows",
    "test_labeling_rounds",
    "test_generic_tests",
    "test_combinations",
    "test_self_healing",
    "test_configuration",
)


def pytest_collection_modifyitems(items):
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(place)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    def stop(*_):
        raise TimeoutError(f"{item.nodeid} took more than {TIME_LIMIT} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(TIME_LIMIT)
    try:
        return (yield)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


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
