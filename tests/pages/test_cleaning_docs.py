"""The page docs/cleaning.md: its example is built, and its tables are what the queries give.

`make pages` writes the tables again.
"""

import tempfile
from pathlib import Path

import pytest
import walkthrough
import yaml
from consumer import REPOSITORY, Consumer

PAGE = REPOSITORY / "docs" / "cleaning.md"


def example(page):
    return page[page.index("## Rules") : page.index("### Kinds")]


def dependencies(page):
    return page[page.index("## Declared dependencies") : page.index("| method | what happens |")]


def incremental(page):
    return page[page.index("### Incremental") : page.index("## Exact duplicates")]


def followed(folder, section):
    """A project in which a reader has done what the section says."""
    files = walkthrough.files(section(PAGE.read_text()))
    models = {
        path.removeprefix("models/"): yaml.safe_dump(content) if isinstance(content, dict) else content
        for path, content in files.items()
        if path.startswith("models/")
    }
    block = files["dbt_project.yml"]["vars"]["data_health"]
    (table,) = [path.removeprefix("load/").removesuffix(".sql") for path in files if path.startswith("load/")]
    project = Consumer(folder / "project", block, models=models, sources=(table,))
    project.sql(files[f"load/{table}.sql"])
    project.build("--warn-error")
    return project


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return followed(tmp_path_factory.mktemp("cleaning"), example)


@pytest.mark.parametrize("number", range(len(walkthrough.queries(example(PAGE.read_text())))))
def test_every_query_gives_the_table_below_it(project, number):
    statement, table = walkthrough.queries(example(PAGE.read_text()))[number]
    assert table == walkthrough.table(project.rows(statement)), statement


def test_declared_dependencies_give_the_table_below_the_query(tmp_path):
    project = followed(tmp_path, dependencies)
    for statement, table in walkthrough.queries(dependencies(PAGE.read_text())):
        assert table == walkthrough.table(project.rows(statement)), statement


def test_what_the_page_says_of_incremental_models(project, tmp_path):
    twin = project.copy(tmp_path / "twin")
    (model,) = walkthrough.files(incremental(PAGE.read_text())).values()
    for name, text in {
        "clean_visits": model,
        "visits_in_quarantine": model.replace(".clean('visits')", ".quarantine('visits', kept=ref('clean_visits'))"),
    }.items():
        (twin.folder / "models" / f"{name}.sql").write_text(text)

    def add(number, weight, loaded):
        twin.sql(f"insert into raw.visits values ('{number}', '05.01.2024 10:30', '34', '{weight}', {loaded})")

    def kept():
        return [number for (number,) in twin.sql("select visit_id from clean_visits order by visit_id")]

    twin.build_cleaning("--full-refresh")
    assert kept() == ["1", "4", "5", "6"]
    add(7, "70 kg", "'2024-03-02'")
    add(8, "70 kg", "null")
    for _ in range(2):
        twin.build_cleaning()
        assert kept() == ["1", "4", "5", "6", "7", "8"]
    add(9, "70 kg", "'2024-02-28'")
    twin.sql("update raw.visits set age = '340', loaded_at = '2024-03-03' where visit_id = '7'")
    twin.build_cleaning()
    assert kept() == ["1", "4", "5", "6", "8", "9"]
    twin.sql("update raw.visits set age = '340' where visit_id = '9'")
    twin.build_cleaning()
    assert kept() == ["1", "4", "5", "6", "8", "9"]
    twin.build_cleaning("--full-refresh")
    assert kept() == ["1", "4", "5", "6", "8"]


if __name__ == "__main__":
    for section in (example, dependencies):
        with tempfile.TemporaryDirectory() as folder:
            text = PAGE.read_text()
            part = section(text)
            PAGE.write_text(text.replace(part, walkthrough.with_tables(part, followed(Path(folder), section).rows)))
