"""Python models: each is a module of its name, which holds its schema; the properties and the readers in SQL agree with it."""

import importlib
import re
import sys

import pyarrow as pa
import pytest
import yaml
from consumer import REPOSITORY

MODELS = {path.stem: path for path in sorted((REPOSITORY / "dbt_project" / "models").rglob("*.py"))}
SQL = {path.stem: path.read_text() for path in sorted((REPOSITORY / "dbt_project" / "models").rglob("*.sql"))}
# models that need nothing but the package itself; the extra for labeling brings scikit-learn
LIGHT = {"label_posteriors"}
TYPES = {
    pa.string(): "varchar",
    pa.float64(): "double precision",
    pa.int64(): "bigint",
    pa.int32(): "integer",
    pa.uint64(): "ubigint",
    pa.bool_(): "boolean",
    pa.date32(): "date",
    pa.timestamp("us"): "timestamp",
    pa.list_(pa.float64()): "double[]",
}


def module_of(name):
    """The module of the same name."""
    [file] = (REPOSITORY / "python_checks").glob(f"*/{name}.py")
    return importlib.import_module(f"data_health.{file.parent.name}.{name}")


def schema_of(name):
    """Column → type, as SQL writes it."""
    return {field.name: TYPES[field.type] for field in module_of(name).SCHEMA}


def properties():
    """What the YAML says of every Python model: column → type."""
    found = {}
    for path in (REPOSITORY / "dbt_project" / "models").rglob("*.yml"):
        for model in yaml.safe_load(path.read_text()).get("models", []):
            if model["name"] in MODELS:
                found[model["name"]] = {column["name"]: column.get("data_type") for column in model["columns"]}
    return found


def readers():
    """Where SQL says what a Python model is like where there is none: (reader, model, column → type)."""
    given = r"(?:model_or_no_rows\('(\w+)'[^{]*|ref\('data_health', '(\w+)'\)(?:(?!\bref\()[^{])*\{%-? else -?%\}\s*\{\{[^{]*no_rows\()(\{[^}]*\})"
    for reader, text in SQL.items():
        for called, referred, columns in re.findall(given, text):
            if (called or referred) in MODELS:
                yield reader, called or referred, dict(re.findall(r"'(\w+)'\s*:\s*'([^']+)'", columns))


def selected_columns():
    """What SQL takes of Python models: (reader, model, names)."""
    for reader, text in SQL.items():
        for names, relation in re.findall(r"select\s+([\w\s,]+?)\s+from\s+(\{\{[^}]*'\w+'[^}]*(?:\}[^}]+)*?\}\})", text):
            for name in set(re.findall(r"'(\w+)'", relation)) & set(MODELS):
                yield reader, name, [part.split()[0] for part in names.split(",")]


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_a_module_of_its_name_and_as_thin_as_can_be(name):
    assert callable(module_of(name).table)
    text = MODELS[name].read_text()
    assert len(text.splitlines()) <= 12
    assert f".{name} import table" in text


@pytest.mark.parametrize("name", MODELS)
def test_the_properties_have_the_columns_of_the_schema(name):
    assert properties()[name] == schema_of(name)


def test_readers_in_sql_expect_the_types_of_the_schema():
    found = list(readers())
    assert found
    for reader, name, columns in found:
        schema = schema_of(name)
        assert columns and columns == {column: schema.get(column) for column in columns}, (reader, name)


def test_readers_in_sql_take_columns_that_there_are():
    found = list(selected_columns())
    assert {name for _, name, _ in found}
    for reader, name, columns in found:
        assert set(columns) <= set(schema_of(name)), (reader, name)


class Refs:
    """What dbt gives a model, as far as it gets without the package."""

    def config(self, **settings):
        pass


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("missing", ["data_health", "sklearn"])
def test_what_is_missing_is_named_with_the_command_that_installs_it(name, missing, monkeypatch):
    is_light = MODELS[name].parent.name != "labeling" or name in LIGHT
    if missing == "sklearn" and is_light:
        pytest.skip("needs no scikit-learn")
    for module in list(sys.modules):
        if module.split(".")[0] == "data_health":
            monkeypatch.delitem(sys.modules, module)
    for module in ("scipy", "scipy.stats", "sklearn", "sklearn.linear_model") if missing == "sklearn" else [missing]:
        monkeypatch.setitem(sys.modules, module, None)
    found = {}
    exec(MODELS[name].read_text(), found)
    with pytest.raises(ModuleNotFoundError) as raised:
        found["model"](Refs(), None)
    target = "data-health" if is_light else r"'data-health\[labeling\]'"
    assert re.fullmatch(rf".*{'data_health' if missing == 'data_health' else 's(ci|k)'}.*: pip install {target}", str(raised.value))
