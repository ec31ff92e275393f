"""The page docs/cleaning.md: its example is built, and its tables are what the queries give.

`python tests/test_cleaning_docs.py` writes the tables again.
"""

import tempfile
from pathlib import Path

import pytest
import walkthrough
from consumer import REPOSITORY, Consumer

PAGE = REPOSITORY / "docs" / "cleaning.md"
BEGIN, END = "## Rules", "### Kinds"


def example(page):
    return page[page.index(BEGIN) : page.index(END)]


def followed(folder):
    """A project in which a reader has done what the section says."""
    files = walkthrough.files(example(PAGE.read_text()))
    models = {path.removeprefix("models/"): text for path, text in files.items() if path.startswith("models/")}
    block = files["dbt_project.yml"]["vars"]["data_health"]
    project = Consumer(folder / "project", block, models=models, sources=("visits",))
    project.sql(files["load/visits.sql"])
    project.build("--warn-error")
    return project


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return followed(tmp_path_factory.mktemp("cleaning"))


@pytest.mark.parametrize("number", range(len(walkthrough.queries(example(PAGE.read_text())))))
def test_every_query_gives_the_table_below_it(project, number):
    statement, table = walkthrough.queries(example(PAGE.read_text()))[number]
    assert table == walkthrough.table(project.rows(statement)), statement


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        text = PAGE.read_text()
        PAGE.write_text(
            text.replace(example(text), walkthrough.with_tables(example(text), followed(Path(folder)).rows))
        )
