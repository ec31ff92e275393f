"""Reading and validating the configuration.

The validation reports all problems at once, so the wrong monitors of `configuration_project/wrong_monitors.yml` are one
block and one dbt command. The package is installed reduced to what reads the configuration, because parsing its other
models would be most of the time; the last test installs it whole.
"""

import contextlib
import datetime
import io
import json
import re
import shutil
import tempfile
from pathlib import Path

import duckdb
import pytest
import yaml
from configuration_page import with_tables
from dbt.cli.main import dbtRunner

REPOSITORY = Path(__file__).resolve().parents[2]
FIXTURE = Path(__file__).with_name("configuration_project")
PAGE = REPOSITORY / "docs" / "configuration.md"
RIGHT, WRONG_MONITORS, WRONG_BLOCKS, WRONG_CLEANING = (
    yaml.safe_load((FIXTURE / f"{name}.yml").read_text())
    for name in ("right", "wrong_monitors", "wrong_blocks", "wrong_cleaning")
)
PLAIN = RIGHT["monitors"]["plain"]
WRONG = {"monitors": {name: PLAIN | case["keys"] for name, case in WRONG_MONITORS.items()}}
NEVER_LOADED = {"relation": {"source": ["raw", "never_loaded"]}}


class Project:
    """A copy of the fixture, a user's dbt project that installs the package, run in this process."""

    def __init__(self, folder, package):
        self.folder = folder
        self.package = package
        shutil.copytree(FIXTURE, folder)
        assert self.dbt("deps").success

    def dbt(self, command, block=None, *, probe=None, only="", heard=None):
        arguments = command.split()
        if command != "deps":
            given = {"data_health": block, "probe": probe}
            variables = {name: value for name, value in given.items() if value is not None}
            arguments += ["--vars", yaml.safe_dump(variables, sort_keys=False)]
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()):
            patch.setenv("CONSUMER_DATABASE", str(self.folder / "consumer.duckdb"))
            patch.setenv("DATA_HEALTH_PACKAGE", str(self.package))
            patch.setenv("DATA_HEALTH_ONLY", only)
            patch.chdir(self.folder)
            listeners = [] if heard is None else [lambda event: heard.append(event.info.msg)]
            return dbtRunner(callbacks=listeners).invoke(arguments)

    def statuses(self, command, block, **options):
        return {item.node.name: item.status for item in self.dbt(command, block, **options).result}

    def message(self, block, **options):
        """What health_monitors says."""
        results = self.dbt("run --select +health_monitors", block, **options).result
        (message,) = (item.message for item in results if item.node.name == "health_monitors")
        return message

    def problems(self, block, **options):
        """The lines of that message."""
        message = self.message(block, **options)
        lines = re.findall(r"^ *- (.*)$", message, flags=re.MULTILINE)
        assert re.search(rf"data_health: {len(lines)} problems? in the configuration\n", message), message
        return lines

    def probe(self, block=None, *, only="", **probe):
        result = self.dbt("run --select probe", block, probe=probe, only=only)
        assert result.success, result.exception
        return json.loads(self.query("select answers from probe")[0][0])

    def query(self, sql):
        with duckdb.connect(str(self.folder / "consumer.duckdb")) as connection:
            return connection.sql(sql).fetchall()

    def contents(self):
        tables = self.query("select table_name from information_schema.tables where table_schema = 'main'")
        return {name: sorted(map(str, self.query(f'select * from "{name}"'))) for (name,) in tables}


def small_project(folder):
    """A project whose package is health_monitors and one model downstream of it."""
    package, monitors = folder / "package" / "data_health", Path("dbt_project/models/marts/monitors")
    (package / monitors).mkdir(parents=True)
    shutil.copy(REPOSITORY / "dbt_project.yml", package)
    shutil.copytree(REPOSITORY / "macros", package / "macros")
    shutil.copy(REPOSITORY / monitors / "health_monitors.sql", package / monitors)
    (package / monitors / "downstream.sql").write_text("select count(*) as monitors from {{ ref('health_monitors') }}")
    return Project(folder / "project", package)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return small_project(tmp_path_factory.mktemp("consumer"))


@pytest.fixture(scope="module")
def wrong_lines(project):
    return project.problems(WRONG)


@pytest.mark.parametrize("name", WRONG_MONITORS)
def test_a_wrong_monitor_is_named_with_what_is_allowed(wrong_lines, name):
    found = [line for line in wrong_lines if line.startswith(f"monitor '{name}', ")]
    assert len(found) == 1, found
    assert found[0].startswith(f"monitor '{name}', {WRONG_MONITORS[name]['problem']}")


def test_nothing_else_is_reported(wrong_lines):
    assert len(wrong_lines) == len(WRONG_MONITORS)


def test_wrong_cleaning_sets_are_named_with_what_is_allowed(project):
    lines = project.problems({"cleaning": {name: case["set"] for name, case in WRONG_CLEANING.items()}})
    wanted = [f"cleaning '{name}', {case['problem']}" for name, case in WRONG_CLEANING.items()]
    assert [line[: len(start)] for line, start in zip(lines, wanted, strict=True)] == wanted


@pytest.mark.parametrize("name", WRONG_BLOCKS)
def test_a_wrong_block_is_named_with_what_is_allowed(project, name):
    lines = project.problems(WRONG_BLOCKS[name]["block"])
    assert len(lines) == 1, lines
    assert lines[0].startswith(WRONG_BLOCKS[name]["problem"])


def test_only_the_packages_models_stop_at_a_wrong_configuration(project):
    statuses = project.statuses("build", WRONG)
    assert statuses.pop("health_monitors") == "error"
    assert statuses.pop("downstream") == "skipped"
    assert set(statuses.values()) == {"success"}
    assert "screenings" in statuses


@pytest.mark.parametrize("command", ["parse", "ls", "compile", "docs generate"])
def test_other_commands_work_with_a_wrong_configuration(project, command):
    assert project.dbt(command, WRONG).success


@pytest.mark.parametrize(
    "block",
    ["nope", {"parts": None}, {"monitors": ["a"]}, {"monitors": {"a": PLAIN | {"labeling": "off"}}}],
    ids=["a text", "no parts", "a list of monitors", "labeling as a text"],
)
def test_a_malformed_configuration_leaves_the_users_models_alone(project, block):
    statuses = project.statuses("run", block)
    assert {statuses[name] for name in statuses if name not in ("health_monitors", "downstream")} == {"success"}
    assert "screenings" in statuses


OLD_NAMES = {
    "dimensions": {"variance": 0.8},
    "marts": {"dimensions": False, "drift": False},
    "coverage": {"barely": 3, "features": ["sex"], "combinations": 2, "gap_rows": 10},
    "thresholds": {"psi": [0.2, 0.3], "h": [0.3, 0.4]},
    "labeling": {"answers": {"ref": "screenings"}, "strategy": "typical"},
}


def test_old_names_of_keys_work_and_are_told(project):
    block = {"defaults": OLD_NAMES, "monitors": {"a": PLAIN}}
    monitor = project.probe(block)["monitors"]["a"]
    assert monitor["components"]["variance"] == 0.8
    assert (monitor["parts"]["components"], monitor["parts"]["drift"]) == (False, False)
    assert monitor["coverage"] == {"barely": 3}
    combinations = {"features": ["sex"], "size": 2, "gap_rows": 10, "gap_levels": 3}
    assert monitor["combinations"] == combinations
    assert (monitor["thresholds"]["psi"], monitor["thresholds"]["cohens_h"]) == ([0.2, 0.3], [0.3, 0.4])
    assert monitor["labeling"]["annotations"] == {"ref": "screenings"}
    assert monitor["labeling"]["strategy"] == "representative"
    # a table of annotations has columns that this one lacks
    without_labeling = {name: value for name, value in OLD_NAMES.items() if name != "labeling"}
    heard = []
    assert project.dbt("run", {"defaults": without_labeling, "monitors": {"a": PLAIN}}, heard=heard).success
    lines = {line for text in heard for line in text.split("\n")}
    assert "- defaults: dimensions is now components" in lines
    assert "- defaults: thresholds.h is now thresholds.cohens_h" in lines


@pytest.mark.parametrize(
    "block",
    [None, {}, {"monitors": None}, {"monitors": {}}, RIGHT],
    ids=["no variable", "empty", "null", "no monitors", "complete"],
)
def test_a_right_configuration_passes(project, block):
    assert project.dbt("run", block).success


def test_a_run_can_be_limited_to_some_monitors(project):
    block = {"monitors": {"good": PLAIN, "untimely": PLAIN | {"time": "screened"}, "absent": NEVER_LOADED}}
    assert project.probe(block, only=" good , absent,")["selected"] == ["good", "absent"]
    assert project.probe(block, only="!untimely, ! absent")["selected"] == ["good"]
    assert project.probe(block, only="good,absent,!absent")["selected"] == ["good"]
    assert project.dbt("run", block, only="good").success
    assert project.dbt("run", block, only="!untimely,!absent").success
    # what the database lacks is mended elsewhere, so the message says how to go on without
    way_out = "To build the other monitors, set the environment variable DATA_HEALTH_ONLY='!untimely,!absent'."
    assert [line.strip() for line in project.message(block).split("\n") if "DATA_HEALTH_ONLY" in line] == [way_out]
    assert "To build the other" not in project.message({"monitors": {"absent": NEVER_LOADED}})
    assert "To build the other" not in project.message(
        {"monitors": {"good": PLAIN | {"grain": "hour"}, "absent": NEVER_LOADED}}
    )
    assert project.problems(block, only="!absnt,good") == [
        "DATA_HEALTH_ONLY: found '!absnt'; did you mean 'absent'? Allowed: good, untimely, absent"
    ]
    assert project.problems(block, only="good,goood") == [
        "DATA_HEALTH_ONLY: found 'goood'; did you mean 'good'? Allowed: good, untimely, absent"
    ]


def test_an_empty_run_does_not_ask_for_tables_that_are_not_there(project):
    statuses = project.statuses("run --select health_monitors --empty", {"monitors": {"absent": NEVER_LOADED}})
    assert statuses == {"health_monitors": "success"}


def test_shared_columns_need_not_be_in_every_table(project):
    defaults = {"exclude": ["etl_batch"], "show_values": ["region"], "columns": {"postcode": {"kind": "text"}}}
    assert project.dbt("run", {"defaults": defaults, "monitors": {"plain": PLAIN}}).success


def test_a_monitor_of_one_line_has_every_key(project):
    answers = project.probe({"monitors": {"one": {"relation": {"ref": "screenings"}}}})
    monitor = answers["monitors"]["one"]
    assert set(monitor) == {*answers["schema"], "name"}
    for group in ("volume", "labeling", "components", "coverage", "combinations", "thresholds", "versions"):
        entries = answers["schema"][group]["keys"]
        assert monitor.pop(group) == {key: entry.get("default") for key, entry in entries.items()}
    # by the grain
    assert monitor.pop("windows") == {"short": 3, "long": 12}
    parts = monitor.pop("parts")
    assert {part for part, is_on in parts.items() if is_on} == {"volume", "profile", "drift"}
    assert {key: value for key, value in monitor.items() if value not in (None, [], {})} == {
        "name": "one",
        "relation": {"ref": "screenings"},
        "timezone": "UTC",
        "grain": "month",
        "late_after_days": 2,
        "on_missing_period": "keep",
        "max_categories": 1000,
        "exact": False,
        "minimum_rows": 30,
    }


def test_a_monitor_is_resolved_over_the_defaults(project):
    monitor = project.probe(RIGHT)["monitors"]["complete"]
    nothing = {"from": None, "to": None, "relation": None, "days": None}
    window = {"kind": "window", "from": "2023-01-01", "to": "2023-07-01 06:00:00"}
    expected = {
        "grain": "month",
        "lookback": 3,
        "owner": "ml-platform",
        "key": ["screening_id"],
        "segments": ["site"],
        "exclude": ["free_text_note"],
        "subgroups": [["sex"], ["age_band"], ["sex", "age_band"]],
        "references": [
            nothing | window | {"name": "training_v1"},
            nothing | {"name": "training_v2", "kind": "relation", "relation": {"ref": ["consumer", "screenings"]}},
            nothing | {"name": "recent", "kind": "rolling", "days": 90},
        ],
    }
    assert monitor == monitor | expected
    thresholds = monitor["thresholds"]
    assert (thresholds["psi"], thresholds["ks"], thresholds["js"]) == ([0.05, 0.2], [0.2, 0.3], [0.1, 0.2])
    assert monitor["label"]["key"] == ["screening_id"]
    assert (monitor["parts"]["labeling"], monitor["parts"]["drift"]) == (False, True)


def test_values_of_subgroup_columns_may_be_shown_unless_the_monitor_says_otherwise(project):
    monitors = {
        "silent": PLAIN | {"subgroups": ["sex", ["sex", "age_band"]]},
        "strict": PLAIN | {"subgroups": ["sex"], "show_values": []},
    }
    resolved = project.probe({"monitors": monitors})["monitors"]
    assert {name: monitor["show_values"] for name, monitor in resolved.items()} == {
        "silent": ["sex", "age_band"],
        "strict": [],
    }


def test_null_in_a_monitor_undoes_a_default(project):
    block = {
        "defaults": {"lookback": 3, "grain": "day"},
        "monitors": {"plain": PLAIN | {"lookback": None, "grain": None}},
    }
    monitor = project.probe(block)["monitors"]["plain"]
    assert (monitor["lookback"], monitor["grain"]) == (None, "month")


def test_dates_have_one_form(project):
    forms = {
        "2023-01-31": "2023-01-31",
        "2023-01-31 00:00:00": "2023-01-31",
        "2023-01-31T06:30": "2023-01-31 06:30:00",
        datetime.date(2024, 2, 29): "2024-02-29",
        datetime.datetime(2023, 1, 31, 6, 30): "2023-01-31 06:30:00",
    }
    wrong = ["2023-02-29", "2023-13-01", "2023-00-10", "31/01/2023", "2023-1-5", "2023-01-31 25:00:00", "soon", 2023]
    expected = {str(date): form for date, form in {**forms, **dict.fromkeys(wrong)}.items()}
    assert project.probe(dates=[*forms, *wrong])["dates"] == expected


FAMILIES = {
    "numeric": """TINYINT, SMALLINT, INTEGER, BIGINT, HUGEINT, UTINYINT, UBIGINT, BIGNUM, DOUBLE, FLOAT, FLOAT4,
        FLOAT64, DECIMAL(10;2), NUMERIC(38;0), NUMBER(10;0), numeric(10; 2), BIGNUMERIC, real, int8, INT64, long,
        int unsigned, double precision""",
    "boolean": "BOOLEAN, bool",
    "timestamp": """DATE, DATETIME, TIMESTAMP, TIMESTAMP_NS, TIMESTAMP_S, TIMESTAMP_MS, TIMESTAMPTZ, TIMESTAMP_NTZ,
        TIMESTAMP_LTZ(9), timestamp_tz(9), TIMESTAMP WITH TIME ZONE, timestamp without time zone,
        timestamp(3) with time zone""",
    "string": """VARCHAR, VARCHAR(20), STRING(10), text, bpchar, UUID, citext, character varying,
        character varying(256), ENUM('a'; 'b'), ENUM('x]'; 'y[')""",
    "other": """TIME, time without time zone, TIME WITH TIME ZONE, INTERVAL, interval day to second, BLOB, BYTES, JSON,
        VARIANT, BIT, GEOMETRY, USER-DEFINED, INTEGER[], INTEGER[3], DECIMAL(10;2)[], ENUM('a'; 'b')[],
        STRUCT(a INTEGER), MAP(VARCHAR; INTEGER), array<int>, struct<a:int>""",
}


def test_data_types_have_a_family(project):
    expected = {
        data_type.strip().replace(";", ","): family
        for family, data_types in FAMILIES.items()
        for data_type in data_types.split(",")
    }
    assert project.probe(types=list(expected))["families"] == expected


def written_page(project):
    answers = project.probe()
    return with_tables(PAGE.read_text(), answers["schema"], answers["cleaning_schema"], answers["parts"])


def test_the_reference_page_is_made_of_the_schema(project):
    assert PAGE.read_text() == written_page(project), "make pages writes it again"


def test_the_page_of_rules_tells_every_kind(project):
    families = {"string": "texts", "numeric": "numbers", "boolean": "booleans", "timestamp": "dates"}
    page = (REPOSITORY / "docs/cleaning.md").read_text()
    table = page[page.index("### Kinds") : page.index("### Incremental")].splitlines()
    rows = {cells[1].strip(" `"): cells for cells in (line.split("|") for line in table if line.startswith("| `"))}
    kinds = project.probe()["rule_kinds"]
    assert list(rows) == list(kinds)
    for kind, description in kinds.items():
        _, _, value, reads, does, on_failure, _ = (cell.strip() for cell in rows[kind])
        assert reads == (", ".join(families[family] for family in description["families"]) or "all"), kind
        assert on_failure == ", ".join(description.get("on_failure", [])), kind
        assert does, kind
        for choice in description["argument"].get("allowed", description.get("types", [])):
            assert choice in value, (kind, choice)


def test_a_wrong_configuration_changes_no_table_of_the_package(tmp_path):
    project = Project(tmp_path / "project", REPOSITORY)
    block = {"monitors": {"screenings": PLAIN}}
    assert project.dbt("build --exclude package:data_health").success
    project.dbt("run --select package:data_health", block)
    before = project.contents()
    assert "health_monitors" in before
    statuses = project.statuses("run --select package:data_health", {"monitors": {"screenings": PLAIN | {"key": "id"}}})
    assert statuses.pop("health_monitors") == "error"
    assert set(statuses.values()) <= {"skipped"}
    assert project.contents() == before


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        PAGE.write_text(written_page(small_project(Path(folder))))
