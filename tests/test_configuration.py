"""Reading and validating the configuration.

Almost every wrong configuration below is one monitor of a single block, since the validation reports all problems at
once: one dbt command tests them all. The package is installed reduced to what reads the configuration, because parsing
its other models would be most of the time; the last test installs it whole.
"""

import contextlib
import datetime
import io
import json
import re
import shutil
from pathlib import Path

import duckdb
import pytest
import yaml
from dbt.cli.main import dbtRunner

REPOSITORY = Path(__file__).resolve().parents[1]

MODELS = {
    "screenings": """
        select
            1 as screening_id, timestamp '2024-01-05 10:00:00' as screened_at, timestamp '2024-01-06 03:00:00' as loaded_at,
            34 as age, 'f' as sex, '30-39' as age_band, 'harbour' as site, '08001' as zip, cast(1.5 as double) as survey_weight,
            cast(0.3 as double) as risk_score, 'yes' as predicted, 'v1' as model_version, 'yes' as diagnosis, 'note' as free_text_note
    """,
    "labels": "select 1 as screening_id, 'yes' as outcome, timestamp '2024-02-05 10:00:00' as labelled_at",
    "census_shares": "select 'sex' as subgroup, 'f' as value, 0.5 as share",
    "census_without_share": "select 'sex' as subgroup, 'f' as value",
    "only_in_passing": "{{ config(materialized='ephemeral') }} select 1 as id",
    # What macros return, as one JSON text, for inputs that a test gives as the variable `probe`.
    "probe": """
        {%- set families, dates = {}, {} -%}
        {%- for data_type in var('probe', {}).get('types', []) %}{% do families.update({data_type: data_health.type_family(data_type)}) %}{% endfor -%}
        {%- for date in var('probe', {}).get('dates', []) %}{% do dates.update({date | string: data_health.normalised_date(date)}) %}{% endfor -%}
        {%- set answers = {'families': families, 'dates': dates, 'schema': data_health.monitor_schema(),
                           'monitors': data_health.resolved_monitors(), 'selected': data_health.selected_monitors().keys() | list} -%}
        select '{{ tojson(answers) | replace("'", "''") }}' as answers
    """,
}

SOURCES = """
sources:
  - name: raw
    schema: main
    tables:
      - name: screenings
      - name: never_loaded
      - name: file
        config:
          meta:
            external_location: "read_csv('{file}')"
"""

BASE = {"relation": {"ref": "screenings"}, "key": "screening_id", "time": "screened_at"}

COMPLETE = {
    "defaults": {
        "grain": "week",
        "lookback": 3,
        "owner": "ml-platform",
        "thresholds": {"ks": [0.2, 0.3]},
        "exclude": ["etl_batch"],
    },
    "monitors": {
        "screenings": {
            "relation": {"ref": "screenings"},
            "where": "survey_weight > 0",
            "key": "screening_id",
            "time": "screened_at",
            "timezone": "Europe/Madrid",
            "loaded_at": "loaded_at",
            "grain": "month",
            "references": {
                "training_v1": {"from": datetime.date(2023, 1, 1), "to": "2023-07-01 06:00:00"},
                "training_v2": {"relation": {"ref": ["consumer", "screenings"]}},
                "recent": {"last": "90 days"},
            },
            "features": ["age", "AGE_BAND"],
            "exclude": ["free_text_note"],
            "columns": {"zip": {"kind": "categorical"}},
            "subgroups": ["sex", "age_band", ["sex", "age_band"]],
            "segments": "site",
            "weight": "survey_weight",
            "population": {"ref": "census_shares"},
            "label": {
                "relation": {"ref": "labels"},
                "key": "screening_id",
                "column": "outcome",
                "positive": "yes",
                "loaded_at": "labelled_at",
            },
            "prediction": {"score": "risk_score", "label": "predicted", "version": "model_version"},
            "labeling": {"budget": 200},
            "thresholds": {"psi": [0.05, 0.2]},
            "marts": {"labeling": False},
        },
        "one_line": {"relation": {"source": ["raw", "screenings"]}},
        "a_file": {"relation": {"source": ["raw", "file"]}, "key": "id", "time": "moment"},
    },
}

# name of the monitor, keys that it has besides (or instead of) those of BASE, the line that must be reported
WRONG_MONITORS = [
    (
        "unknown_key",
        {"refernces": {}},
        "refernces: found 'refernces' (unknown key); allowed: did you mean 'references'? All: relation, where,",
    ),
    (
        "no_relation",
        {"relation": None},
        "relation: found nothing; allowed: {ref: model}, {ref: [package, model]} or {source: [source, table]}",
    ),
    ("relation_number", {"relation": 5}, "relation: found 5; allowed: {ref: model},"),
    ("relation_text", {"relation": "screenings"}, "relation: found 'screenings'; allowed: {ref: model},"),
    (
        "relation_neither",
        {"relation": {"table": "screenings"}},
        "relation: found {'table': 'screenings'}; allowed: {ref: model},",
    ),
    (
        "relation_both",
        {"relation": {"ref": "screenings", "source": ["raw", "screenings"]}},
        "relation: found {'ref': 'screenings', 'source':",
    ),
    ("source_of_one", {"relation": {"source": "raw"}}, "relation: found {'source': 'raw'}; allowed: {ref: model},"),
    (
        "source_of_three",
        {"relation": {"source": ["db", "raw", "t"]}},
        "relation: found {'source': ['db', 'raw', 't']}; allowed:",
    ),
    ("where_list", {"where": ["a = 1"]}, "where: found ['a = 1']; allowed: a text"),
    ("grain", {"grain": "hourly"}, "grain: found 'hourly'; allowed: day, week, month, quarter"),
    ("lookback_zero", {"lookback": 0}, "lookback: found 0; allowed: a whole number of at least 1"),
    ("lookback_text", {"lookback": "3"}, "lookback: found '3'; allowed: a whole number of at least 1"),
    ("lookback_true", {"lookback": True}, "lookback: found True; allowed: a whole number of at least 1"),
    ("late", {"late_after_days": -1}, "late_after_days: found -1; allowed: a whole number of at least 0"),
    ("timezone", {"timezone": "Spain"}, "timezone: found 'Spain'; allowed: a timezone such as UTC or Europe/Madrid"),
    ("timezone_city", {"timezone": "Europe/Madird"}, "timezone: found 'Europe/Madird'; allowed: a timezone"),
    ("missing_period", {"on_missing_period": "drop"}, "on_missing_period: found 'drop'; allowed: keep, rebuild"),
    ("max_categories", {"max_categories": 0}, "max_categories: found 0; allowed: a whole number of at least 1"),
    ("key_mapping", {"key": {"a": 1}}, "key: found {'a': 1}; allowed: the name of a column, or a list of names"),
    (
        "two_times",
        {"time": ["screened_at", "loaded_at"]},
        "time: found ['screened_at', 'loaded_at']; allowed: the name of one column",
    ),
    (
        "feature_excluded",
        {"features": ["age", "zip"], "exclude": "zip"},
        "features: found 'zip'; allowed: columns that are not under exclude",
    ),
    (
        "kind",
        {"columns": {"zip": {"kind": "nominal"}}},
        "columns.zip.kind: found 'nominal'; allowed: numeric, categorical, boolean, timestamp, text",
    ),
    (
        "column_text",
        {"columns": {"zip": "categorical"}},
        "columns.zip: found 'categorical'; allowed: a mapping (key: value)",
    ),
    (
        "subgroup_key",
        {"subgroups": [["sex", "screening_id"]]},
        "subgroups: found 'screening_id'; allowed: columns that are not the key",
    ),
    ("subgroup_number", {"subgroups": [7]}, "subgroups: found [7]; allowed: a list whose items are names"),
    (
        "segment_key",
        {"segments": "screening_id"},
        "segments: found 'screening_id'; allowed: columns that are not the key",
    ),
    ("label_text", {"label": "diagnosis"}, "label: found 'diagnosis'; allowed: a mapping (key: value)"),
    (
        "label_nothing",
        {"label": {"positive": "yes"}},
        "label.column: found nothing; allowed: the name of the column that holds the label",
    ),
    (
        "label_unjoined",
        {"label": {"column": "outcome", "relation": {"ref": "labels"}}},
        "label.key: found nothing; allowed: the columns by which",
    ),
    (
        "label_no_key",
        {"key": None, "label": {"column": "outcome", "relation": {"ref": "labels"}, "key": "screening_id"}},
        "key: found nothing; allowed: the columns by which label.relation is joined",
    ),
    (
        "label_keys",
        {"label": {"column": "outcome", "relation": {"ref": "labels"}, "key": ["screening_id", "site"]}},
        "label.key: found ['screening_id', 'site']; allowed: as many columns as the key has (1)",
    ),
    (
        "prediction_version",
        {"prediction": {"version": "model_version"}},
        "prediction: found {'version': 'model_version'}; allowed: at least one of score and label",
    ),
    (
        "prediction_key",
        {"prediction": {"scores": "risk_score", "label": "predicted"}},
        "prediction.scores: found 'scores' (unknown key); allowed: did you mean 'score'?",
    ),
    ("reference_text", {"references": "training"}, "references: found 'training'; allowed: a mapping (key: value)"),
    ("reference_item", {"references": {"v1": 5}}, "references.v1: found 5; allowed: a mapping (key: value)"),
    (
        "reference_nothing",
        {"references": {"v1": {}}},
        "references.v1: found nothing; allowed: exactly one of: from and to; relation; last",
    ),
    (
        "reference_half",
        {"references": {"v1": {"from": "2023-01-01"}}},
        "references.v1: found 'from'; allowed: exactly one of: from and to; relation; last",
    ),
    (
        "reference_two",
        {"references": {"v1": {"last": "90 days", "relation": {"ref": "labels"}}}},
        "references.v1: found 'relation, last'; allowed: exactly one of",
    ),
    (
        "reference_empty",
        {"references": {"v1": {"from": "2023-02-01", "to": "2023-02-01"}}},
        "references.v1.to: found '2023-02-01'; allowed: a time after from, which is 2023-02-01",
    ),
    (
        "reference_date",
        {"references": {"v1": {"from": "2023-02-30", "to": "2023-03-01"}}},
        "references.v1.from: found '2023-02-30'; allowed: a date such as",
    ),
    (
        "reference_offset",
        {"references": {"v1": {"from": "2023-02-01T00:00:00+01:00", "to": "2023-03-01"}}},
        "references.v1.from: found '2023-02-01T00:00:00+01:00'; allowed: a date such as",
    ),
    (
        "reference_last",
        {"references": {"v1": {"last": "3 months"}}},
        "references.v1.last: found '3 months'; allowed: a number of days such as '90 days'",
    ),
    (
        "reference_timeless",
        {"time": None, "references": {"v1": {"last": "90 days"}}},
        "references.v1: found 'last'; allowed: relation, unless the monitor has",
    ),
    (
        "reference_production",
        {"references": {"production": {"last": "90 days"}}},
        "references.production: found 'production'; allowed: any other name",
    ),
    (
        "reference_bar",
        {"references": {"a|b": {"last": "90 days"}}},
        "references: found 'a|b'; allowed: names of letters, digits",
    ),
    (
        "threshold_order",
        {"thresholds": {"psi": [0.3, 0.1]}},
        "thresholds.psi: found [0.3, 0.1]; allowed: [warn, alert], two numbers with 0 <= warn <= alert",
    ),
    ("threshold_number", {"thresholds": {"psi": 0.2}}, "thresholds.psi: found 0.2; allowed: [warn, alert]"),
    (
        "threshold_text",
        {"thresholds": {"psi": ["low", "high"]}},
        "thresholds.psi: found ['low', 'high']; allowed: [warn, alert]",
    ),
    (
        "threshold_name",
        {"thresholds": {"phi": [0.1, 0.2]}},
        "thresholds.phi: found 'phi' (unknown key); allowed: psi, js, ks,",
    ),
    (
        "marts_switch",
        {"marts": {"drifts": False}},
        "marts.drifts: found 'drifts' (unknown key); allowed: did you mean 'drift'?",
    ),
    ("marts_value", {"marts": {"drift": "off"}}, "marts.drift: found 'off'; allowed: true or false"),
    ("budget", {"labeling": {"budget": 0.5}}, "labeling.budget: found 0.5; allowed: a whole number of at least 1"),
    ("variance", {"dimensions": {"variance": 90}}, "dimensions.variance: found 90; allowed: a number above 0, up to 1"),
    # What only the warehouse can tell.
    (
        "not_loaded",
        {"relation": {"source": ["raw", "never_loaded"]}},
        "never_loaded\"'; allowed: a relation that exists; it does not exist in the warehouse, build or load it first",
    ),
    (
        "reference_not_loaded",
        {"references": {"v1": {"relation": {"source": ["raw", "never_loaded"]}}}},
        "references.v1.relation: found ",
    ),
    ("ephemeral", {"relation": {"ref": "only_in_passing"}}, "allowed: a table or a view; this model is ephemeral"),
    ("time_missing", {"time": "screened"}, "time: found 'screened'; allowed: a column of "),
    ("time_text", {"time": "site"}, "time: found 'site' (type VARCHAR); allowed: a column of type date or timestamp"),
    ("time_number", {"time": "age"}, "time: found 'age' (type INTEGER); allowed: a column of type date or timestamp"),
    ("loaded_missing", {"loaded_at": "load_time"}, "loaded_at: found 'load_time'; allowed: a column of "),
    (
        "loaded_text",
        {"loaded_at": "zip"},
        "loaded_at: found 'zip' (type VARCHAR); allowed: a column of type date or timestamp",
    ),
    ("key_missing", {"key": ["screening_id", "visit"]}, "key: found 'visit'; allowed: a column of "),
    ("feature_missing", {"features": ["age", "bmi"]}, "features: found 'bmi'; allowed: a column of "),
    ("exclude_missing", {"exclude": ["free_text_notes"]}, "did you mean 'free_text_note'?"),
    (
        "override_missing",
        {"columns": {"postcode": {"kind": "text"}}},
        "columns.postcode: found 'postcode'; allowed: a column of ",
    ),
    (
        "override_type",
        {"columns": {"zip": {"kind": "numeric"}}},
        "columns.zip: found 'zip' (type VARCHAR); allowed: a column of type numeric",
    ),
    ("subgroup_missing", {"subgroups": [["sex", "income"]]}, "subgroups: found 'income'; allowed: a column of "),
    ("segment_missing", {"segments": ["region"]}, "segments: found 'region'; allowed: a column of "),
    ("weight_missing", {"weight": "weights"}, "weight: found 'weights'; allowed: a column of "),
    ("weight_text", {"weight": "site"}, "weight: found 'site' (type VARCHAR); allowed: a column of type numeric"),
    ("label_missing", {"label": {"column": "outcome"}}, "label.column: found 'outcome'; allowed: a column of "),
    (
        "label_norway",
        {"label": {"column": "diagnosis", "positive": True}},
        "label.positive: found True; allowed: a text, as in the column; YAML reads yes",
    ),
    (
        "label_other_key",
        {"label": {"column": "outcome", "relation": {"ref": "labels"}, "key": "visit"}},
        "label.key: found 'visit'; allowed: a column of ",
    ),
    (
        "label_other_column",
        {"label": {"column": "diagnosis", "relation": {"ref": "labels"}, "key": "screening_id"}},
        "label.column: found 'diagnosis'; allowed:",
    ),
    (
        "label_loaded",
        {"label": {"column": "outcome", "relation": {"ref": "labels"}, "key": "screening_id", "loaded_at": "outcome"}},
        "label.loaded_at: found 'outcome' (type VARCHAR); allowed: a column of type date or timestamp",
    ),
    ("score_missing", {"prediction": {"score": "risk"}}, "prediction.score: found 'risk'; allowed: a column of "),
    (
        "score_text",
        {"prediction": {"score": "predicted"}},
        "prediction.score: found 'predicted' (type VARCHAR); allowed: a column of type numeric",
    ),
    (
        "version_missing",
        {"prediction": {"score": "risk_score", "version": "release"}},
        "prediction.version: found 'release'; allowed: a column of ",
    ),
    ("shown_missing", {"show_values": ["sexe"]}, "show_values: found 'sexe'; allowed: a column of "),
    ("population", {"population": {"ref": "census_without_share"}}, "population: found 'share'; allowed: a column of "),
]

WRONG_BLOCKS = {
    "block_list": (
        ["screenings"],
        "data_health: found ['screenings']; allowed: a mapping with the keys defaults and monitors",
    ),
    "top_key": (
        {"monitor": {}},
        "monitor: found 'monitor' (unknown key); allowed: did you mean 'monitors'? All: defaults, monitors",
    ),
    "monitors_list": ({"monitors": ["screenings"]}, "monitors: found ['screenings']; allowed: a mapping (key: value)"),
    "monitor_text": (
        {"monitors": {"a": "screenings"}},
        "monitors.a: found 'screenings'; allowed: a mapping such as {relation: {ref: model}}",
    ),
    "monitor_nothing": ({"monitors": {"a": None}}, "monitor 'a', relation: found nothing; allowed: {ref: model}"),
    "monitor_bar": ({"monitors": {"a|b": BASE}}, "monitors: found 'a|b'; allowed: names of letters, digits"),
    "monitor_empty": ({"monitors": {"": BASE}}, "monitors: found ''; allowed: names of letters, digits"),
    "monitor_number": ({"monitors": {2024: BASE}}, "monitors: found 2024; allowed: names of letters, digits"),
    "defaults_list": (
        {"defaults": ["month"], "monitors": {"a": BASE}},
        "defaults: found ['month']; allowed: a mapping (key: value)",
    ),
    "defaults_key": (
        {"defaults": {"grian": "day"}, "monitors": {"a": BASE}},
        "defaults.grian: found 'grian' (unknown key); allowed: did you mean 'grain'?",
    ),
    "defaults_value": (
        {"defaults": {"grain": "hour"}, "monitors": {"a": BASE}},
        "defaults.grain: found 'hour'; allowed: day, week, month, quarter",
    ),
}


class Project:
    """A user's dbt project that installs the package, run in this process."""

    def __init__(self, folder: Path, package: Path) -> None:
        self.folder = folder
        models = folder / "models"
        models.mkdir(parents=True)
        file = folder / "file.csv"
        file.write_text("id,moment\n1,2024-01-05 10:00:00\n")
        (folder / "dbt_project.yml").write_text(
            "name: consumer\nprofile: consumer\nflags: {send_anonymous_usage_stats: false}\nmodels: {consumer: {+materialized: table}}\n"
        )
        (folder / "profiles.yml").write_text(
            f"consumer: {{target: here, outputs: {{here: {{type: duckdb, path: '{folder / 'consumer.duckdb'}'}}}}}}\n"
        )
        (folder / "packages.yml").write_text(f"packages: [{{local: {package}}}]\n")
        (models / "sources.yml").write_text(SOURCES.replace("{file}", str(file)))
        for name, sql in MODELS.items():
            (models / f"{name}.sql").write_text(sql)
        assert self.dbt("deps").success

    def dbt(self, command, block=None, *, probe=None, only=""):
        variables = {key: value for key, value in (("data_health", block), ("probe", probe)) if value is not None}
        arguments = [*command.split(), "--project-dir", str(self.folder), "--profiles-dir", str(self.folder)]
        if command != "deps":
            arguments += [
                "--vars",
                yaml.safe_dump(variables, sort_keys=False),
                "--target-path",
                str(self.folder / "target"),
            ]
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()):
            patch.setenv("DATA_HEALTH_ONLY", only)
            patch.chdir(self.folder)
            return dbtRunner().invoke([*arguments, "--log-path", str(self.folder / "logs")])

    def problems(self, block, **options):
        """The lines of the message of health_monitors."""
        message = outcomes(self.dbt("run --select +health_monitors", block, **options))["health_monitors"].message
        lines = [line.strip()[2:] for line in message.splitlines() if line.strip().startswith("- ")]
        assert re.search(rf"data_health: {len(lines)} problems? in the configuration", message), message
        return lines

    def probe(self, block=None, *, only="", **probe):
        result = self.dbt("run --select probe", block, probe=probe, only=only)
        assert result.success, result.exception
        return json.loads(self.query("select answers from probe")[0][0])

    def query(self, sql):
        with duckdb.connect(str(self.folder / "consumer.duckdb")) as connection:
            return connection.sql(sql).fetchall()


def outcomes(result):
    assert result.result is not None, result.exception
    return {item.node.name: item for item in result.result}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    package = tmp_path_factory.mktemp("package") / "data_health"
    summary = Path("dbt_project/models/marts/summary")
    (package / summary).mkdir(parents=True)
    shutil.copy(REPOSITORY / "dbt_project.yml", package)
    shutil.copytree(REPOSITORY / "macros", package / "macros")
    shutil.copy(REPOSITORY / summary / "health_monitors.sql", package / summary)
    (package / summary / "downstream.sql").write_text("select count(*) as monitors from {{ ref('health_monitors') }}")
    return Project(tmp_path_factory.mktemp("consumer"), package)


@pytest.fixture(scope="module")
def wrong_block():
    return {"monitors": {name: BASE | keys for name, keys, _ in WRONG_MONITORS}}


@pytest.fixture(scope="module")
def wrong_lines(project, wrong_block):
    return project.problems(wrong_block)


@pytest.mark.parametrize(
    "name, line", [(name, line) for name, _, line in WRONG_MONITORS], ids=[name for name, *_ in WRONG_MONITORS]
)
def test_a_wrong_monitor_is_named_with_what_is_allowed(wrong_lines, name, line):
    found = [text for text in wrong_lines if text.startswith(f"monitor '{name}', ")]
    assert len(found) == 1, found
    assert line in found[0]


def test_nothing_else_is_reported(wrong_lines):
    assert len(wrong_lines) == len(WRONG_MONITORS)


@pytest.mark.parametrize("name", WRONG_BLOCKS)
def test_a_wrong_block_is_named_with_what_is_allowed(project, name):
    block, line = WRONG_BLOCKS[name]
    lines = project.problems(block)
    assert len(lines) == 1
    assert lines[0].startswith(line)


def test_only_the_packages_models_stop_at_a_wrong_configuration(project, wrong_block):
    result = outcomes(project.dbt("build", wrong_block))
    assert {name for name, item in result.items() if item.status == "success"} == set(MODELS) - {"only_in_passing"}
    assert result["health_monitors"].status == "error"
    assert result["downstream"].status == "skipped"


@pytest.mark.parametrize("command", ["parse", "ls", "compile", "docs generate"])
def test_other_commands_work_with_a_wrong_configuration(project, wrong_block, command):
    assert project.dbt(command, wrong_block).success


@pytest.mark.parametrize(
    "block",
    [None, {}, {"monitors": None}, {"monitors": {}}, COMPLETE],
    ids=["none", "empty", "null", "no monitors", "complete"],
)
def test_a_right_configuration_passes(project, block):
    assert project.dbt("run", block).success


def test_a_run_can_be_limited_to_some_monitors(project):
    block = {
        "monitors": {
            "good": BASE,
            "absent": BASE | {"time": "screened"},
            "absent_too": {"relation": {"source": ["raw", "never_loaded"]}},
        }
    }
    assert project.probe(block, only=" good , absent,")["selected"] == ["good", "absent"]
    assert project.dbt("run", block, only="good").success
    lines = project.problems(block, only="good,goood")
    assert lines == ["DATA_HEALTH_ONLY: found 'goood'; allowed: did you mean 'good'? All: good, absent, absent_too"]


def test_an_empty_run_does_not_ask_for_tables_that_are_not_there(project):
    block = {"monitors": {"a": {"relation": {"source": ["raw", "never_loaded"]}}}}
    assert outcomes(project.dbt("run --select health_monitors --empty", block))["health_monitors"].status == "success"


def test_shared_columns_need_not_be_in_every_table(project):
    defaults = {"exclude": ["etl_batch"], "show_values": ["region"], "columns": {"postcode": {"kind": "text"}}}
    assert project.dbt("run", {"defaults": defaults, "monitors": {"a": BASE}}).success


def test_a_monitor_of_one_line_has_every_key(project):
    answers = project.probe({"monitors": {"one": {"relation": {"ref": "screenings"}}}})
    monitor = answers["monitors"]["one"]
    assert set(monitor) == set(answers["schema"]) | {"name"}
    assert monitor == monitor | {
        "name": "one", "relation": {"ref": "screenings"}, "where": None, "key": [], "time": None, "timezone": "UTC", "loaded_at": None,
        "grain": "month", "lookback": None, "late_after_days": 2, "on_missing_period": "keep", "max_categories": 1000, "references": [],
        "features": None, "exclude": [], "columns": {}, "subgroups": [], "segments": [], "weight": None, "population": None, "label": None,
        "prediction": None, "show_values": [], "owner": None,
    }  # fmt: skip
    assert monitor["thresholds"]["psi"] == [0.1, 0.25]
    assert all(monitor["marts"].values())


def test_a_monitor_is_resolved_over_the_defaults(project):
    monitor = project.probe(COMPLETE)["monitors"]["screenings"]
    assert (monitor["grain"], monitor["lookback"], monitor["owner"]) == ("month", 3, "ml-platform")
    assert (monitor["key"], monitor["segments"], monitor["exclude"]) == (["screening_id"], ["site"], ["free_text_note"])
    assert (monitor["thresholds"]["psi"], monitor["thresholds"]["ks"], monitor["thresholds"]["js"]) == (
        [0.05, 0.2],
        [0.2, 0.3],
        [0.1, 0.2],
    )
    assert monitor["subgroups"] == [["sex"], ["age_band"], ["sex", "age_band"]]
    assert monitor["show_values"] == ["sex", "age_band"]
    assert monitor["label"]["key"] == ["screening_id"]
    assert (monitor["marts"]["labeling"], monitor["marts"]["drift"]) == (False, True)
    nothing = {"from": None, "to": None, "relation": None, "days": None}
    assert monitor["references"] == [
        nothing | {"name": "training_v1", "kind": "window", "from": "2023-01-01", "to": "2023-07-01 06:00:00"},
        nothing | {"name": "training_v2", "kind": "relation", "relation": {"ref": ["consumer", "screenings"]}},
        nothing | {"name": "recent", "kind": "rolling", "days": 90},
    ]


def test_null_in_a_monitor_undoes_a_default(project):
    block = {"defaults": {"lookback": 3, "grain": "day"}, "monitors": {"a": BASE | {"lookback": None, "grain": None}}}
    monitor = project.probe(block)["monitors"]["a"]
    assert (monitor["lookback"], monitor["grain"]) == (None, "month")


def test_dates_have_one_form(project):
    dates = {
        "2023-01-31": "2023-01-31", datetime.date(2024, 2, 29): "2024-02-29", "2023-01-31T06:30": "2023-01-31 06:30:00",
        datetime.datetime(2023, 1, 31, 6, 30): "2023-01-31 06:30:00", "2023-01-31 00:00:00": "2023-01-31",
        "2023-02-29": None, "2023-13-01": None, "2023-00-10": None, "31/01/2023": None, "2023-1-5": None, "2023-01-31 25:00:00": None, "soon": None, 2023: None,
    }  # fmt: skip
    assert project.probe(dates=list(dates))["dates"] == {str(date): form for date, form in dates.items()}


FAMILIES = {
    "numeric": "TINYINT SMALLINT INTEGER BIGINT HUGEINT UBIGINT UTINYINT DOUBLE FLOAT FLOAT4 DECIMAL(10,2) NUMERIC(38,0) NUMBER(10,0) real int8 INT64 "
    "FLOAT64 BIGNUMERIC decimal(10,2) long BIGNUM|double precision|numeric(10, 2)|int unsigned",
    "boolean": "BOOLEAN bool",
    "timestamp": "DATE TIMESTAMP TIMESTAMP_NS TIMESTAMP_S TIMESTAMP_MS TIMESTAMPTZ TIMESTAMP_NTZ TIMESTAMP_LTZ(9) DATETIME|"
    "TIMESTAMP WITH TIME ZONE|timestamp without time zone|timestamp(3) with time zone|timestamp_tz(9)",
    "string": "VARCHAR VARCHAR(20) STRING(10) text bpchar UUID citext|character varying|character varying(256)|ENUM('a', 'b')|ENUM('x]', 'y[')",
    "other": "TIME INTERVAL BLOB BYTES JSON VARIANT INTEGER[] INTEGER[3]|STRUCT(a INTEGER)|MAP(VARCHAR, INTEGER)|array<int>|struct<a:int>|"
    "ENUM('a', 'b')[]|time without time zone|TIME WITH TIME ZONE|interval day to second|DECIMAL(10,2)[]|BIT|GEOMETRY|USER-DEFINED",
}


def test_data_types_have_a_family(project):
    expected = {}
    for family, names in FAMILIES.items():
        words, *phrases = names.split("|")
        expected |= dict.fromkeys([*words.split(), *phrases], family)
    assert project.probe(types=list(expected))["families"] == expected


def test_the_reference_page_tells_every_key_and_default(project):
    page = (REPOSITORY / "docs/configuration.md").read_text()
    rows = {
        cells[1].strip(" `"): cells
        for cells in (line.split("|") for line in page.splitlines() if line.startswith("| `"))
    }

    def entries(keys, prefix=""):
        for key, entry in keys.items():
            yield prefix + key, entry
            yield from entries(entry.get("keys", {}), f"{prefix}{key}.")

    documented = dict(entries(project.probe()["schema"]))
    assert set(rows) == set(documented)
    for key, entry in documented.items():
        assert entry["description"].rstrip(".") in rows[key][4], key
        default = entry.get("default")
        if default not in (None, {}, []):
            assert (default if isinstance(default, str) else json.dumps(default)) in rows[key][3], key


def test_a_wrong_configuration_changes_no_table_of_the_package(tmp_path):
    project = Project(tmp_path / "consumer", REPOSITORY)
    block = {"monitors": {"screenings": BASE}}
    assert project.dbt("build --exclude package:data_health").success
    project.dbt("run --select package:data_health", block)
    before = contents(project)
    assert "health_monitors" in before
    block["monitors"]["screenings"] = BASE | {"grain": "hourly"}
    result = outcomes(project.dbt("run --select package:data_health", block))
    assert {item.status for name, item in result.items() if name != "health_monitors"} <= {"skipped"}
    assert contents(project) == before


def contents(project):
    tables = [
        name
        for (name,) in project.query("select table_name from information_schema.tables where table_schema = 'main'")
    ]
    return {name: sorted(map(str, project.query(f'select * from "{name}"'))) for name in tables}
