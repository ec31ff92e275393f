"""Parts and their switches: what is on where, that macro and properties agree, and that any part can be off."""

import itertools
import json
import shutil
from pathlib import Path

import pytest
import yaml
from consumer import REPOSITORY, Consumer
from dbt.cli.main import dbtRunner

MODELS = REPOSITORY / "dbt_project" / "models"
PARTS = (
    "volume",
    "profile",
    "drift",
    "components",
    "coverage",
    "combinations",
    "representation",
    "versions",
    "performance",
    "labeling",
    "cleaning",
)
NEEDS = {
    "drift": ["profile"],
    "components": ["profile"],
    "coverage": ["drift", "profile"],
    "combinations": ["profile"],
    "representation": ["combinations", "profile"],
    "versions": ["profile"],
    "performance": ["profile"],
}
# parts with Python models of their own
WITH_PYTHON = ("components", "versions", "labeling")
ROWS = {"ref": "rows"}
TRAINING = {"training": {"relation": ROWS}}
FULL = {
    "relation": ROWS,
    "key": "id",
    "time": "day",
    "references": TRAINING,
    "subgroups": ["sex"],
    "label": {"column": "label", "positive": "yes"},
    "prediction": {"score": "height"},
    "versions": {"registry": {"source": ["raw", "registry"]}, "served": {"relation": {"source": ["raw", "served"]}}},
    "labeling": {"annotations": {"source": ["raw", "answers"]}, "budget": 5},
}
CLEANING = {"rows": {"relation": ROWS, "key": "id", "rules": [{"column": "age", "range": [0, 150]}], "suggest": True}}
# monitors as written, then the parts that are on
CONFIGURATIONS = {
    "nothing": ({}, []),
    "no monitor": ({"monitors": {}}, []),
    "one line": ({"monitors": {"a": {"relation": ROWS}}}, ["volume", "profile", "drift"]),
    "a text": ("nope", []),
    "a list": (["a"], []),
    "a number": (7, []),
    "monitors as a list": ({"monitors": ["a"]}, []),
    "a monitor as a text": ({"monitors": {"a": "b"}}, []),
    "a monitor of nothing": ({"monitors": {"a": None}}, []),
    "empty switches": ({"monitors": {"a": {"relation": ROWS}}, "parts": None}, ["volume", "profile", "drift"]),
    "switches as a text": ({"monitors": {"a": {"relation": ROWS}}, "parts": "off"}, ["volume", "profile", "drift"]),
    "a switch as a text": (
        {"monitors": {"a": {"relation": ROWS}}, "parts": {"labeling": "off", "drift": "off"}},
        ["volume", "profile", "drift"],
    ),
    "a switch of a number": (
        {"monitors": {"a": {"relation": ROWS}}, "parts": {1: True}},
        ["volume", "profile", "drift"],
    ),
    "labeling as a text": (
        {"monitors": {"a": {"relation": ROWS, "labeling": "off"}}},
        ["volume", "profile", "drift", "labeling"],
    ),
    "references": (
        {"monitors": {"a": {"relation": ROWS, "references": TRAINING}}},
        ["volume", "profile", "drift", "components", "coverage", "combinations"],
    ),
    "references of the defaults": (
        {"monitors": {"a": {"relation": ROWS}}, "defaults": {"references": TRAINING}},
        ["volume", "profile", "drift", "components", "coverage", "combinations"],
    ),
    "subgroups": (
        {"monitors": {"a": {"relation": ROWS, "subgroups": ["sex"]}}},
        ["volume", "profile", "drift", "combinations", "representation"],
    ),
    "labeling": ({"monitors": {"a": FULL}}, [*PARTS[:-1]]),
    "labeling of the defaults": (
        {"monitors": {"a": {"relation": ROWS}}, "defaults": {"labeling": {"budget": 5}}},
        ["volume", "profile", "drift", "labeling"],
    ),
    "labeling off for all": ({"monitors": {"a": FULL}, "parts": {"labeling": False}}, [*PARTS[:-2]]),
    "labeling off for the one": ({"monitors": {"a": FULL | {"parts": {"labeling": False}}}}, [*PARTS[:-2]]),
    "labeling off for one of two": (
        {"monitors": {"a": FULL, "b": FULL | {"parts": {"labeling": False}}}},
        [*PARTS[:-1]],
    ),
    "labeling off by the defaults": (
        {"monitors": {"a": FULL}, "defaults": {"parts": {"labeling": False}}},
        [*PARTS[:-2]],
    ),
    "off by the defaults, on by the monitor": (
        {"monitors": {"a": FULL | {"parts": {"labeling": True}}}, "defaults": {"parts": {"labeling": False}}},
        [*PARTS[:-1]],
    ),
    "labeling on": (
        {"monitors": {"a": {"relation": ROWS}}, "parts": {"labeling": True}},
        ["volume", "profile", "drift", "labeling"],
    ),
    "components": (
        {"monitors": {"a": {"relation": ROWS, "components": {"variance": 0.8}}}},
        ["volume", "profile", "drift", "components"],
    ),
    "components by the old name": (
        {"monitors": {"a": {"relation": ROWS, "dimensions": {"variance": 0.8}}}},
        ["volume", "profile", "drift", "components"],
    ),
    "components off by the old name": (
        {"monitors": {"a": {"relation": ROWS, "references": TRAINING, "marts": {"dimensions": False}}}},
        ["volume", "profile", "drift", "coverage", "combinations"],
    ),
    "profile off": ({"monitors": {"a": FULL}, "parts": {"profile": False}}, ["volume", "labeling"]),
    "drift off": (
        {"monitors": {"a": FULL}, "parts": {"drift": False}},
        ["volume", "profile", "components", "combinations", "representation", "versions", "performance", "labeling"],
    ),
    "coverage on": (
        {"monitors": {"a": {"relation": ROWS, "parts": {"drift": False}}}, "parts": {"coverage": True}},
        ["volume", "profile", "drift", "coverage"],
    ),
    "versions": (
        {"monitors": {"a": {"relation": ROWS, "versions": {"registry": ROWS}}}},
        ["volume", "profile", "drift", "versions"],
    ),
    "prediction": (
        {"monitors": {"a": {"relation": ROWS, "prediction": {"score": "age"}}}},
        ["volume", "profile", "drift", "performance"],
    ),
    "cleaning": ({"cleaning": CLEANING}, ["cleaning"]),
    "cleaning off": ({"cleaning": CLEANING, "parts": {"cleaning": False}}, []),
    "cleaning as a text": ({"cleaning": "rules"}, []),
}


def python_switches():
    """Part -> the expression in the properties of its Python models; one for all of them."""
    found = {}
    for path in MODELS.rglob("_*_models.yml"):
        for model in yaml.safe_load(path.read_text())["models"]:
            expression = (model.get("config") or {}).get("enabled") or ""
            for part in WITH_PYTHON:
                if f"'{part}' in data_health.parts_on()" in expression:
                    found.setdefault(part, set()).add(expression)
    return {part: expression for part, (expression,) in found.items()}


class Probes:
    """A project of one probe per part, on where the part is, and of one per expression in properties."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "models").mkdir(parents=True)
        shutil.copytree(REPOSITORY / "macros", folder / "macros")
        project = yaml.safe_load((REPOSITORY / "dbt_project.yml").read_text())
        project = {"name": "data_health", "version": "1.0.0", "profile": "probes", "macro-paths": ["macros"]} | {
            "flags": project["flags"]
        }
        self.write("dbt_project.yml", project)
        profile = {"type": "duckdb", "path": str(folder / "probes.duckdb")}
        self.write("profiles.yml", {"probes": {"target": "dev", "outputs": {"dev": profile}}})
        for part in PARTS:
            text = f"{{{{ config(enabled='{part}' in data_health.parts_on()) }}}} select 1 as one"
            (folder / "models" / f"{part}.sql").write_text(text)
        models = []
        for part, expression in python_switches().items():
            (folder / "models" / f"{part}_by_properties.sql").write_text("select 1 as one")
            models.append({"name": f"{part}_by_properties", "config": {"enabled": expression}})
        self.write("models/models.yml", {"models": models})

    def write(self, name, content):
        (self.folder / name).write_text(yaml.safe_dump(content, sort_keys=False))

    def on(self, configuration):
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            given = yaml.safe_dump({"data_health": configuration}, sort_keys=False)
            result = dbtRunner().invoke(["--quiet", "ls", "--resource-type", "model", "--vars", given])
        assert result.success, result.exception
        return {name.split(".")[-1] for name in result.result}


@pytest.fixture(scope="module")
def probes(tmp_path_factory):
    return Probes(tmp_path_factory.mktemp("probes"))


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_parts_are_on_where_they_are_asked_for(probes, name):
    configuration, expected = CONFIGURATIONS[name]
    on = probes.on(configuration)
    assert {part for part in on if "_by_" not in part} == set(expected)
    for part in WITH_PYTHON:
        assert (f"{part}_by_properties" in on) == (part in on)


def test_python_models_of_parts_have_the_switch():
    assert set(python_switches()) == set(WITH_PYTHON)


SOURCE = """
select
    i as id, date '2024-01-01' + cast(i % 90 as integer) as day, case when i % 2 = 0 then 'f' else 'm' end as sex,
    20 + i % 60 as age, (i * 7919) % 101 as weight, (i * 104729) % 97 / 10.0 as height,
    case when i % 3 = 0 then 'yes' when i % 3 = 1 then 'no' end as label
from range(400) as numbers (i)
"""
ANSWERS = """
create table raw.answers as
select i as id, 'yes' as label, 'ann' as annotator, timestamp '2024-05-01' as labelled_at from range(40) as numbers (i)
"""


REGISTRY = """
create table raw.registry as select 'v1' as model_version, name as feature, name as definition from (values ('age'), ('sex')) as names (name)
"""


class Clinic(Consumer):
    """A consumer whose monitor asks for every part."""

    def __init__(self, folder):
        configuration = {"monitors": {"rows": FULL}, "cleaning": CLEANING}
        super().__init__(folder, configuration, models={"rows.sql": SOURCE}, sources=("answers", "registry", "served"))
        self.sql(ANSWERS)
        self.sql(REGISTRY)
        self.sql(
            "create table raw.served as select i as id, 20 + i % 60 as age, 'f' as sex from range(400) as numbers (i)"
        )
        self.everything = configuration

    def only(self, parts):
        self.configure(self.everything | {"parts": {part: part in parts for part in PARTS}})

    def models(self):
        manifest = json.loads((self.folder / "target" / "manifest.json").read_text())
        nodes = [node for node in manifest["nodes"].values() if node["package_name"] == "data_health"]
        return [Path(node["original_file_path"]) for node in nodes if node["resource_type"] == "model"]


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    return Clinic(tmp_path_factory.mktemp("clinic") / "project")


def with_needs(*parts):
    return {*parts, *(needed for part in parts for needed in NEEDS.get(part, []))}


def parts_of_folders(models):
    return {path.parts[-2] for path in models} & set(PARTS)


PAIRS = [pair for pair in itertools.combinations(PARTS, 2) if with_needs(*pair) not in ({*pair[:1]}, {*pair[1:]})]


@pytest.mark.slow
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_any_pair_of_parts_parses(clinic, pair):
    clinic.only(with_needs(*pair))
    clinic.dbt("parse")
    assert parts_of_folders(clinic.models()) == with_needs(*pair)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_alone_with_what_it_needs_builds(clinic, part, tmp_path):
    alone = clinic.copy(tmp_path / "alone")
    alone.everything = clinic.everything
    Clinic.only(alone, with_needs(part))
    alone.build()
    names = {path.stem for path in Clinic.models(alone) if path.parts[-3] == "marts"}
    assert names >= {"health_monitors", "health_alerts", "health_scorecard"}
    assert parts_of_folders(Clinic.models(alone)) == with_needs(part)
    # the columns are the same whatever is on
    columns = alone.sql("select column_name from (describe health_scorecard)")
    assert ("known_bias_status",) in columns and ("row_count",) in columns


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_all_parts_but_one_build(clinic, part, tmp_path):
    rest = clinic.copy(tmp_path / "rest")
    rest.everything = clinic.everything
    off = {part, *(other for other in PARTS if part in NEEDS.get(other, []))}
    Clinic.only(rest, set(PARTS) - off)
    rest.build()
    assert parts_of_folders(Clinic.models(rest)) == set(PARTS) - off


def test_a_part_without_what_it_needs_is_an_error(clinic, tmp_path):
    wrong = clinic.copy(tmp_path / "wrong")
    wrong.configure(clinic.everything | {"parts": {"coverage": True, "drift": False}})
    result = wrong.dbt("run", "--select", "+health_monitors", succeeds=False)
    (message,) = (item.message for item in result.result if item.node.name == "health_monitors")
    assert "parts.drift: found False; allowed: true, because coverage is true and needs it" in message


def test_a_part_that_is_off_says_why(clinic, tmp_path):
    project = clinic.copy(tmp_path / "why")
    monitor = {key: value for key, value in FULL.items() if key != "labeling"}
    other = monitor | {"parts": {"components": False}}
    small = {"relation": ROWS}
    project.configure(
        {
            "monitors": {"rows": monitor, "other": other, "small": small},
            "parts": {"combinations": False, "coverage": False},
        }
    )
    project.build_up_to("health_monitors")
    said = project.sql(
        "select name, reason from health_monitors where subject = 'part' and value = 'on' and monitor = 'small'"
    )
    nobody_asks = "this monitor has none of the keys that ask for it: references, components"
    no_versions = "this monitor has none of the keys that ask for it: versions"
    no_prediction = "this monitor has none of the keys that ask for it: prediction"
    always = {("volume", None), ("profile", None), ("drift", None)}
    others = {("components", nobody_asks), ("versions", no_versions), ("performance", no_prediction)}
    assert set(said) == always | others
    assert not project.sql(
        "select 1 from health_monitors where subject = 'part' and value = 'on' and monitor <> 'small' and reason <> ''"
    )
    rows = project.sql("select monitor, name, reason from health_monitors where subject = 'part' and value = 'off'")
    of_all = {
        "coverage": "switched off under parts",
        "combinations": "switched off under parts",
        "representation": "needs the part combinations, which is switched off under parts",
        "labeling": "no monitor asks for it",
    }
    assert {(name, reason) for monitor, name, reason in rows if monitor == "rows"} == set(of_all.items())
    of_other = of_all | {"components": "switched off for this monitor, or it needs a part that is switched off"}
    assert {(name, reason) for monitor, name, reason in rows if monitor == "other"} == set(of_other.items())
