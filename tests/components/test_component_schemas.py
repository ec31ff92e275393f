"""What Python models of components write is what their properties say, and what SQL reads where there is no Python."""

import re

import pytest
import yaml
from consumer import REPOSITORY
from data_health.components import component_fits, scans, wide_batches
from data_health.output_schema import arrow_schema

MODELS = REPOSITORY / "dbt_project" / "models"


def described(name):
    """The columns of a model in its properties."""
    for path in MODELS.rglob("_*_models.yml"):
        for model in yaml.safe_load(path.read_text())["models"]:
            if model["name"] == name:
                return {column["name"]: column["data_type"] for column in model["columns"]}
    raise LookupError(name)


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("component_fits", component_fits.COLUMNS),
        ("wide_batches", wide_batches.COLUMNS),
        ("wide_products", scans.PRODUCTS),
    ],
)
def test_properties_name_what_python_writes(name, columns):
    assert list(described(name).items()) == list(columns.items())
    assert arrow_schema(columns).names == list(columns)


def test_sql_reads_the_same_columns_where_there_is_no_python():
    text = (REPOSITORY / "macros" / "components" / "component_fits.sql").read_text()
    assert dict(re.findall(r"'(\w+)': '([^']+)'", text)) == component_fits.COLUMNS
