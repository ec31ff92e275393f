"""Python models: each is a module of its name, which holds its columns; the properties and the readers in SQL agree with it."""

import functools
import importlib
import re
import subprocess
import sys

import pytest
import yaml
from consumer import REPOSITORY
from data_health.output_schema import arrow_schema

pytestmark = pytest.mark.quick

FOLDER = REPOSITORY / "dbt_project" / "models"
MODELS = {path.stem: path for path in sorted(FOLDER.rglob("*.py"))}
SQL = {path.stem: path.read_text() for folder in (FOLDER, REPOSITORY / "macros") for path in folder.rglob("*.sql")}
# a column list in SQL: name → type
COLUMNS = re.compile(r"'(\w+)'\s*:\s*'([^']+)'")
# these models of labeling need nothing but the package itself; the others scikit-learn or SciPy
LIGHT = {"label_posteriors"}


def module_of(name):
    """The module of the same name."""
    [file] = (REPOSITORY / "python_checks").glob(f"*/{name}.py")
    return importlib.import_module(f"data_health.{file.parent.name}.{name}")


@functools.cache
def properties():
    """What the YAML says of every Python model: column → type."""
    models = [model for path in FOLDER.rglob("*.yml") for model in yaml.safe_load(path.read_text()).get("models", [])]
    return {
        model["name"]: {column["name"]: column.get("data_type") for column in model["columns"]}
        for model in models
        if model["name"] in MODELS
    }


def expected_columns():
    """What SQL says that a Python model is like, for where there is none: (reader, model, column → type)."""
    for reader, text in SQL.items():
        for name, columns in re.findall(r"named_model\(\s*'(\w+)',[^{]*(\{[^}]*\})", text):
            if name in MODELS:
                yield reader, name, dict(COLUMNS.findall(columns))


def test_there_are_python_models():
    assert len(MODELS) > 8 and set(properties()) == set(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_a_module_of_its_name_and_as_thin_as_can_be(name):
    module, text = module_of(name), MODELS[name].read_text()
    assert arrow_schema(module.COLUMNS) == module.SCHEMA
    assert len(text.splitlines()) <= 15
    assert re.search(rf"from {module.__name__} import \w+\n", text)


@pytest.mark.parametrize("name", MODELS)
def test_the_properties_have_the_columns_of_the_module(name):
    assert properties()[name] == module_of(name).COLUMNS


def test_readers_in_sql_expect_the_columns_of_the_module():
    found = list(expected_columns())
    assert len({name for _, name, _ in found}) > 5
    for reader, name, columns in found:
        known = module_of(name).COLUMNS
        assert columns and columns == {column: known.get(column) for column in columns}, (reader, name)


class Refs:
    """What dbt gives a model, as far as a model gets without the package."""

    this = "here"

    def config(self, **settings):
        pass

    def ref(self, name):
        return self

    def filter(self, condition):
        return self


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("missing", ["data_health", "sklearn"])
def test_what_is_missing_is_named_with_the_command_that_installs_it(name, missing, monkeypatch):
    is_light = MODELS[name].parent.name != "labeling" or name in LIGHT
    if missing == "sklearn" and is_light:
        pytest.skip("needs no scikit-learn")
    for module in [module for module in sys.modules if module.split(".")[0] == "data_health"]:
        monkeypatch.delitem(sys.modules, module)
    absent = [module for module in sys.modules if module.split(".")[0] in ("sklearn", "scipy")]
    for module in (*absent, "sklearn", "scipy") if missing == "sklearn" else ["data_health"]:
        monkeypatch.setitem(sys.modules, module, None)
    found = {}
    exec(MODELS[name].read_text(), found)
    with pytest.raises(ModuleNotFoundError) as raised:
        found["model"](Refs(), None)
    part, command = (r"\w+", "data-health") if is_light else ("labeling", r"'data-health\[labeling\]'")
    assert re.fullmatch(
        rf"data_health: the part ({part}) needs Python packages that are not installed beside dbt \(.*\); "
        rf"run: pip install {command}, or write parts: \{{\1: false\}}",
        str(raised.value),
    )


def test_nothing_slow_is_imported_before_something_is_fitted():
    names = [name for name, path in MODELS.items() if path.parent.name == "labeling"]
    code = f"""
import importlib, sys
for name in {names}:
    importlib.import_module("data_health.labeling." + name)
print([name for name in ("sklearn", "scipy.stats", "scipy.optimize") if name in sys.modules])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
