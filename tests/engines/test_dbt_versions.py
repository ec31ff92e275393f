"""The package as root project and installed by a consumer, under every supported dbt, with warnings as errors.

Each version lives in a virtual environment of its own under .cache/, made on first use and kept. The variable
DATA_HEALTH_SKIP_VERSIONS leaves these tests out.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
FIXTURE = REPOSITORY / "tests" / "package" / "consumer_project"
REQUIREMENTS = {
    "1.10": ["dbt-core~=1.10.0"],
    "1.11": ["dbt-core~=1.11.0"],
    "1.12": ["dbt-core==1.12.0", "dbt-core-experimental-parser==2.0.0a4"],
}
# dbt compares properties with its schema for a few adapters only, so that DuckDB alone would hide deprecations that users
# of Snowflake or BigQuery meet; dbt 1.10 wants the environment variable as well
CHECK_PROPERTIES = """
from dbt.jsonschemas import jsonschemas
jsonschemas._JSONSCHEMA_SUPPORTED_ADAPTERS.add("duckdb")
from dbt.cli.main import cli
cli()
"""
# dbt 1.10 says at every start that it is itself no longer supported
ABOUT_DBT_ITSELF = re.compile(r"This version of dbt is deprecated and no longer receives regular patches")
NO_REGISTRY = re.compile(r"\(from versions: none\)|Max retries exceeded|NewConnectionError|ProxyError")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(os.environ.get("DATA_HEALTH_SKIP_VERSIONS")), reason="DATA_HEALTH_SKIP_VERSIONS is set"),
]


def own_requirements():
    """What pyproject.toml asks for, but for dbt-core; the demo learns from labels."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    requirements = project["dependencies"] + project["optional-dependencies"]["labeling"]
    return [requirement for requirement in requirements if not requirement.startswith("dbt-core")]


class Environment:
    """One dbt version; `folder` takes what its commands write."""

    def __init__(self, version, folder):
        self.version = version
        self.programs = REPOSITORY / ".cache" / f"dbt-{version}" / "bin"
        self.folder = folder
        # the package as it imports; its folder here has another name
        self.imports = folder / "imports"
        self.imports.mkdir()
        (self.imports / "data_health").symlink_to(REPOSITORY / "python_checks")
        self.install(REQUIREMENTS[version] + own_requirements())

    def install(self, requirements):
        home = self.programs.parent
        # written last, so that an installation that was interrupted is made anew
        finished = home / "requirements.txt"
        wanted = "\n".join(requirements)
        if finished.exists() and finished.read_text() == wanted:
            return
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
        # most of what is installed is never imported, and compiling it takes longer than unpacking it
        pip = [sys.executable, "-m", "pip", "--python", home, "install", "--no-compile"]
        pip += ["--quiet", "--retries", "1", *requirements]
        installation = subprocess.run(pip, capture_output=True, text=True)
        if installation.returncode and NO_REGISTRY.search(installation.stderr):
            pytest.skip(f"pip reaches no registry for {requirements[0]}: {installation.stderr.strip()[-300:]}")
        assert installation.returncode == 0, installation.stderr
        finished.write_text(wanted)

    def run(self, program, *arguments, project=REPOSITORY):
        variables = os.environ | {
            "DATA_HEALTH_DUCKDB": str(self.folder / "root.duckdb"),
            "DATA_HEALTH_ONLY": "",
            "DBT_TARGET_PATH": str(self.folder / f"target-{project.name}"),
            "DBT_LOG_PATH": str(self.folder / "logs"),
            "DBT_ENV_PRIVATE_RUN_JSONSCHEMA_VALIDATIONS": "1",
            "PYTHONPATH": str(self.imports),
        }
        command = [self.programs / program, *arguments]
        return subprocess.run(command, cwd=project, env=variables, capture_output=True, text=True)

    def dbt(self, *arguments, project=REPOSITORY):
        """Run a command that must succeed without one warning."""
        strict = ["--warn-error", "--show-all-deprecations", "--log-format", "json"]
        finished = self.run("python", "-c", CHECK_PROPERTIES, *arguments, *strict, project=project)
        assert finished.returncode == 0, finished.stdout[-5000:] + finished.stderr
        entries = [json.loads(line)["info"] for line in finished.stdout.splitlines()]
        entries = [entry for entry in entries if not ABOUT_DBT_ITSELF.match(entry["msg"])]
        assert [entry["msg"] for entry in entries if entry["level"] not in ("debug", "info")] == []
        assert [entry["msg"] for entry in entries if "deprecat" in entry["msg"].lower()] == []
        assert "arning" not in finished.stderr, finished.stderr

    def parse_with_the_next_dbt(self, project=REPOSITORY):
        finished = self.run("dbt-core-experimental-parser", "parse", project=project)
        output = finished.stdout + finished.stderr
        assert finished.returncode == 0, output
        assert not re.search("warning|deprecat", output, re.IGNORECASE), output


@pytest.fixture(params=REQUIREMENTS)
def environment(request, tmp_path):
    return Environment(request.param, tmp_path)


def install_in_a_consumer(environment):
    project = environment.folder / "consumer"
    shutil.copytree(FIXTURE, project, ignore=shutil.ignore_patterns("target", "logs", "dbt_packages", "*.duckdb"))
    packages = project / "packages.yml"
    packages.write_text(packages.read_text().replace("../..", str(REPOSITORY)))
    load = "import duckdb; duckdb.connect('consumer.duckdb').execute(open('deliveries.sql').read())"
    assert environment.run("python", "-c", load, project=project).returncode == 0
    assert environment.run("dbt", "deps", project=project).returncode == 0
    return project


def test_no_version_warns(environment):
    """The project of a user is built under each version; the demo and its unit tests under the oldest and the newest.

    Under the version between them, which is the locked one, test_demo_marts.py builds the demo with warnings as errors.
    """
    consumer = install_in_a_consumer(environment)
    environment.dbt("parse" if environment.version == "1.11" else "build")
    environment.dbt("build", project=consumer)
    if environment.version == "1.12":
        environment.parse_with_the_next_dbt()
        environment.parse_with_the_next_dbt(consumer)
