import pytest
from consumer import Consumer


@pytest.fixture
def make_consumer(tmp_path):
    """A factory of consumer projects, each in a folder of its own."""

    def make(configuration, name="project", **options):
        return Consumer(tmp_path / name, configuration, **options)

    return make
