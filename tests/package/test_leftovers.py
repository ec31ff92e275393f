"""What parts that went off, and older releases, left in the warehouse: listed with the statements that drop it."""

import contextlib
import io
import re

import pytest
from consumer import REPOSITORY, Consumer
from dbt.cli.main import dbtRunner

MODELS = REPOSITORY / "dbt_project" / "models"
LEFTOVERS = (REPOSITORY / "macros" / "config" / "leftovers.sql").read_text()
ROWS = {"r.sql": "select i as id, 'a' as kind, i % 7 as size from range(60) as numbers (i)"}
MONITOR = {"relation": {"ref": "r"}, "subgroups": ["kind"]}


def names_of(listing):
    """The names in one of the two lists of the macro."""
    return set(re.findall(r"'(\w+)'", re.search(rf"set {listing} = \[(.*?)\]", LEFTOVERS, re.DOTALL).group(1)))


def is_ephemeral(path):
    return "materialized='ephemeral'" in path.read_text()


def test_the_lists_name_all_that_the_package_makes():
    paths = [path for path in MODELS.rglob("*") if path.suffix in (".sql", ".py") and "demo" not in path.parts]
    relations = {path.stem for path in paths if not is_ephemeral(path)}
    assert len(relations) > 50
    assert names_of("now") == relations
    assert names_of("before") & relations == set()


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    project = Consumer(tmp_path_factory.mktemp("leftovers") / "project", {"monitors": {"m": MONITOR}}, models=ROWS)
    project.build()
    return project


@pytest.fixture
def consumer(built, tmp_path):
    return built.copy(tmp_path / "project")


def printed(consumer, monkeypatch):
    """The lines that the operation prints."""
    monkeypatch.chdir(consumer.folder)
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        assert dbtRunner().invoke(["--quiet", "run-operation", "data_health.leftovers"]).success
    return output.getvalue().splitlines()


def test_a_build_leaves_nothing_over(built, monkeypatch):
    assert printed(built, monkeypatch) == ["Nothing is left over."]


def test_what_a_part_left_is_listed_and_can_be_dropped(consumer, monkeypatch):
    consumer.configure({"monitors": {"m": MONITOR}, "parts": {"representation": False}})
    statements = printed(consumer, monkeypatch)
    assert 'drop table if exists "consumer"."main"."health_representation";' in statements
    assert all(re.fullmatch(r'drop (table|view) if exists "consumer"."main"."\w+";', line) for line in statements)
    for statement in statements:
        consumer.sql(statement)
    assert printed(consumer, monkeypatch) == ["Nothing is left over."]
    # the others are all there
    consumer.build()


def test_what_an_older_release_left_is_listed_and_what_others_made_is_not(consumer, monkeypatch):
    consumer.sql("create table drift_thresholds as select 1 as one")
    consumer.sql("create schema elsewhere; create table elsewhere.drift_thresholds as select 1 as one")
    consumer.sql("create table label_counts as select 1 as one; create table orders as select 1 as one")
    # a table of that name which the project itself reads
    table = {"name": "own", "schema": "main", "tables": [{"name": "label_counts"}]}
    consumer.write("models/own_sources.yml", {"sources": [table]})
    assert printed(consumer, monkeypatch) == ['drop table if exists "consumer"."main"."drift_thresholds";']
