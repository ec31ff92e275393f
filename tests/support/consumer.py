"""A user's dbt project that installs this package, run in this process on a DuckDB file of its own."""

import contextlib
import io
import json
import shutil
from pathlib import Path

import duckdb
import pytest
import quick_dbt  # noqa: F401
import yaml
from dbt.cli.main import dbtRunner

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED_DATA = REPOSITORY.parent / "shared" / "data"

# of a test of two engines, whose fixture is `engine`
slow_on_postgres = pytest.mark.parametrize(
    "engine", ["duckdb", pytest.param("postgres", marks=pytest.mark.slow)], indirect=True
)
needs_shared_data = pytest.mark.skipif(not SHARED_DATA.exists(), reason="the real tables are not on this machine")

# the marts of the part, those that only `scores` asks for where they are on
COMPONENTS = ("+data_health.marts.components",)
CLEANING = ("+health_cell_changes", "+health_rule_outcomes", "+health_suggested_rules")

# no test that also reads a table that is not built
TESTS_OF_THESE = ("--indirect-selection", "buildable")


class Consumer:
    """Make the project in `folder`; `configuration` is the content of the variable data_health."""

    def __init__(self, folder, configuration, models=None, sources=("rows",)):
        self.folder = folder
        self.database = folder / "consumer.duckdb"
        (folder / "models").mkdir(parents=True)
        self.write("packages.yml", {"packages": [{"local": str(REPOSITORY)}]})
        self.write("profiles.yml", {"consumer": {"target": "dev", "outputs": {"dev": self.profile()}}})
        tables = [{"name": name} for name in sources]
        self.write("models/sources.yml", {"sources": [{"name": "raw", "schema": "raw", "tables": tables}]})
        for name, text in (models or {}).items():
            (folder / "models" / name).write_text(text)
        self.configure(configuration)
        self.sql("create schema if not exists raw")
        self.dbt("deps")

    def profile(self):
        return {"type": "duckdb", "path": str(self.database), "threads": 1}

    def configure(self, configuration):
        project = {
            "name": "consumer",
            "version": "1.0.0",
            "profile": "consumer",
            "vars": {"data_health": configuration},
            "flags": {"send_anonymous_usage_stats": False},
        }
        self.write("dbt_project.yml", project)

    def write(self, name, content):
        (self.folder / name).write_text(yaml.safe_dump(content, sort_keys=False))

    def dbt(self, *arguments, succeeds=True, only="", warned=()):
        """Run a dbt command; its result, after checking that it went as expected, and which of our tests warned."""
        output = io.StringIO()
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(output):
            patch.setenv("DATA_HEALTH_ONLY", only)
            patch.chdir(self.folder)
            result = dbtRunner().invoke([*arguments])
        assert result.success == succeeds, output.getvalue() + str(result.exception or "")
        if arguments[0] in ("build", "test"):
            # the package's own tests only warn at a user's
            nodes = [item.node for item in result.result or [] if item.status == "warn"]
            ours = {node.name for node in nodes if node.package_name == "data_health"}
            assert ours == set(warned), output.getvalue()
        return result

    def build(self, *arguments, **options):
        return self.dbt("build", *arguments, **options)

    def build_up_to(self, *models, **options):
        """Build these models, what they are made of and the tests of that: a fraction of the time of everything."""
        return self.build("--select", *(f"+{model}" for model in models), **options)

    def build_profile(self, **options):
        """The statistics, and the marts that show them as they are."""
        return self.build_up_to("health_profile", "health_volume", "health_schema_changes", **options)

    def build_components(self, *arguments, **options):
        """All that comes of products and components."""
        return self.build(*arguments, "--select", *COMPONENTS, *TESTS_OF_THESE, **options)

    def build_cleaning(self, *arguments, **options):
        """The project's own models, and the marts of cleaning."""
        return self.build(*arguments, "--select", "+package:consumer", *CLEANING, *TESTS_OF_THESE, **options)

    def sql(self, statement, parameters=None):
        with duckdb.connect(str(self.database)) as connection:
            connection.execute("set enable_progress_bar = false")
            cursor = connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def rows(self, statement):
        """The rows of a query as dictionaries."""
        with duckdb.connect(str(self.database)) as connection:
            cursor = connection.execute(statement)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def load(self, table, columns, schema="raw"):
        """Create or replace a table from NumPy arrays or Arrow arrays by column name."""
        import pyarrow

        with duckdb.connect(str(self.database)) as connection:
            connection.register("loaded", pyarrow.table(columns))
            connection.execute(f'create or replace table {schema}."{table}" as select * from loaded')

    def run_results(self):
        return json.loads((self.folder / "target" / "run_results.json").read_text())["results"]

    def copy(self, folder):
        """The same project and database elsewhere."""
        # the installed package is a link to this repository, which is not to be copied
        shutil.copytree(self.folder, folder, symlinks=True)
        twin = object.__new__(Consumer)
        twin.folder, twin.database = folder, folder / "consumer.duckdb"
        twin.write("profiles.yml", {"consumer": {"target": "dev", "outputs": {"dev": twin.profile()}}})
        return twin
