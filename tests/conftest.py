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
