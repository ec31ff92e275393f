"""`data-health registry`: rows of the registry from a compiled dbt model, from MLflow's and from Feast's files."""

import csv
import io
import json

import pytest
import yaml
from click.testing import CliRunner
from consumer import Consumer
from data_health.command_line import main
from data_health.versions.definitions import canonical
from data_health.versions.model_definitions import model_definitions

FEATURES = """
with source as (
    select * from {{ source('raw', 'visits') }}
),

renamed as (
    select id, sex, weight_kg as weight, height_cm / 100.0 as height, glucose
    from source
),

tests as (
    select id, count(*) as test_count from {{ source('raw', 'tests') }} where is_valid group by id
)

select
    renamed.id,
    renamed.sex,
    cast(renamed.weight / (renamed.height * renamed.height) as double) as bmi,
    coalesce(tests.test_count, 0) as test_count
from renamed
left join tests on renamed.id = tests.id
"""
PLAIN = """
with source as (select * from {{ source('raw', 'visits') }}),
renamed as (select id, weight_kg as weight, height_cm / 100.0 as height, glucose from source),
final as (select id, weight / (height * height) as bmi, glucose > 126 as "High Glucose", glucose from renamed)
select * from final
"""


def run(*arguments, fails=False):
    result = CliRunner().invoke(main, ["registry", *map(str, arguments)])
    assert (result.exit_code != 0) == fails, result.output
    return result.output if fails else result.stdout


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    consumer = Consumer(
        tmp_path_factory.mktemp("registry") / "project",
        {"monitors": {}},
        models={"features.sql": FEATURES, "plain.sql": PLAIN, "everything.sql": "select * from {{ ref('plain') }}"},
        sources=("visits", "tests"),
    )
    consumer.sql(
        "create table raw.visits (id bigint, sex varchar, weight_kg double, height_cm integer, glucose integer)"
    )
    consumer.sql("create table raw.tests (id bigint, is_valid boolean)")
    consumer.dbt("run", "--select", "package:consumer")
    consumer.dbt("docs", "generate", "--select", "package:consumer")
    return consumer


def model(project, *arguments, **options):
    return run("model", *arguments, "--target-path", project.folder / "target", **options)


def same(ours, theirs):
    return canonical(ours, "duckdb") == canonical(theirs, "duckdb")


def test_a_model_that_only_computes_columns_gives_expressions(project):
    found = rows(model(project, "plain", "--model-version", "v1", "--exclude", "id"))
    assert [(row["feature"], row["feature_number"], row["data_type"]) for row in found] == [
        ("bmi", "1", "double"),
        ("High Glucose", "2", "boolean"),
        ("glucose", "3", "integer"),
    ]
    bmi, high, glucose = (row["definition"] for row in found)
    assert same(bmi, "weight_kg / ((height_cm / 100.0) * (height_cm / 100.0))")
    assert same(high, "glucose > 126") and same(glucose, "glucose")
    assert {row["model_version"] for row in found} == {"v1"} and {row["is_required"] for row in found} == {"true"}


def test_a_model_that_joins_and_groups_gives_selects_of_one_column(project):
    found = {row["feature"]: row["definition"] for row in rows(model(project, "features", "--model-version", "v1"))}
    assert list(found) == ["id", "sex", "bmi", "test_count"]
    wanted = """
        select coalesce(tests.test_count, 0) as test_count
        from (select id, sex, weight_kg as weight, height_cm / 100.0 as height, glucose from (select * from visits) as source) as renamed
        left join (select id, count(*) as test_count from tests where is_valid group by id) as tests on renamed.id = tests.id
    """
    assert same(found["test_count"], wanted)
    # a filter less is another feature
    assert not same(found["test_count"], wanted.replace("where is_valid", ""))
    assert "memory" not in found["bmi"] and "consumer" not in found["bmi"]


def test_a_star_takes_its_names_from_the_catalogue(project):
    found = rows(model(project, "everything", "--model-version", "v1"))
    assert [(row["feature"], row["definition"]) for row in found] == [
        ("id", "id"),
        ("bmi", "bmi"),
        ("High Glucose", '"High Glucose"'),
        ("glucose", "glucose"),
    ]


def test_rows_are_added_to_a_seed_and_no_version_twice(project, tmp_path):
    seed = tmp_path / "registry.csv"
    seed.write_text("model_version,feature,owner\nv0,age,risk team\n")
    model(project, "plain", "--model-version", "v1", "--output", seed)
    found = rows(seed.read_text())
    assert [(row["model_version"], row["feature"], row["owner"]) for row in found[:2]] == [
        ("v0", "age", "risk team"),
        ("v1", "id", ""),
    ]
    before = seed.read_text()
    assert "has version v1 already" in model(project, "plain", "--model-version", "v1", "--output", seed, fails=True)
    assert seed.read_text() == before


def test_what_is_not_there_is_answered_with_what_there_is(project, tmp_path):
    said = model(project, "plian", "--model-version", "v1", fails=True)
    assert "no model in SQL is called plian; there are: plain" in said
    said = model(project, "plain", "--model-version", "v1", "--exclude", "ids", fails=True)
    assert "plain has no column ids; there are: id" in said
    assert "run dbt compile or dbt build first" in run(
        "model", "plain", "--model-version", "v1", "--target-path", tmp_path, fails=True
    )


def test_a_union_is_a_select_from_all_of_it():
    ((name, definition),) = model_definitions("select a as x from t union all select b from u", "duckdb")
    assert name == "x" and same(definition, "select x from (select a as x from t union all select b from u) as x")


MLMODEL = {
    "flavors": {"python_function": {"loader_module": "mlflow.sklearn"}},
    "model_uuid": "516954aae7c94e91adeed9df76cb4052",
    "signature": {
        "inputs": json.dumps(
            [
                {"type": "long", "name": "age", "required": True},
                {"type": "double", "name": "mean radius", "required": False},
                {"type": "string", "name": "sex", "optional": True},
                {"type": "datetime", "name": "seen"},
            ]
        ),
        "outputs": json.dumps([{"type": "long"}]),
    },
}


def test_the_signature_of_mlflow(tmp_path):
    (tmp_path / "MLmodel").write_text(yaml.safe_dump(MLMODEL))
    found = rows(run("mlflow", tmp_path, "--model-version", "7"))
    assert [(row["feature"], row["data_type"], row["is_required"]) for row in found] == [
        ("age", "bigint", "true"),
        ("mean radius", "double precision", "false"),
        ("sex", "varchar", "false"),
        ("seen", "timestamp", "true"),
    ]
    tensor = [{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 4]}}]
    for signature, said in (
        (None, "has no signature"),
        ({"inputs": json.dumps(tensor)}, "has 1 inputs that are no named columns"),
    ):
        (tmp_path / "MLmodel").write_text(yaml.safe_dump(MLMODEL | {"signature": signature}))
        assert said in run("mlflow", tmp_path / "MLmodel", "--model-version", "7", fails=True)


# as `feast registry-dump` writes it
FEAST = {
    "entities": [{"spec": {"name": "patient", "joinKey": "patient_id", "valueType": "INT64"}}],
    "featureServices": [
        {
            "spec": {
                "name": "risk_v2",
                "features": [
                    {
                        "featureViewName": "visits",
                        "featureColumns": [
                            {"name": "bmi", "valueType": "DOUBLE"},
                            {"name": "visit_count", "valueType": "INT64"},
                        ],
                    },
                    {"featureViewName": "late", "featureColumns": [{"name": "is_late", "valueType": "BOOL"}]},
                ],
            }
        }
    ],
    "featureViews": [
        {"spec": {"name": "visits", "features": [{"name": "bmi", "valueType": "DOUBLE"}]}},
        {
            "spec": {
                "name": "labs",
                "features": [{"name": "bmi", "valueType": "FLOAT"}, {"name": "codes", "valueType": "STRING_LIST"}],
            }
        },
    ],
    "onDemandFeatureViews": [{"spec": {"name": "late", "features": [{"name": "is_late", "valueType": "BOOL"}]}}],
}


def test_the_registry_of_feast(tmp_path):
    file = tmp_path / "registry.json"
    file.write_text(json.dumps(FEAST))
    found = rows(run("feast", file, "--model-version", "v2", "--service", "risk_v2"))
    assert [(row["feature"], row["data_type"]) for row in found] == [
        ("bmi", "double precision"),
        ("visit_count", "bigint"),
        ("is_late", "boolean"),
    ]
    found = rows(run("feast", file, "--model-version", "v2"))
    assert [(row["feature"], row["data_type"]) for row in found] == [
        ("visits__bmi", "double precision"),
        ("labs__bmi", "real"),
        ("codes", ""),
        ("is_late", "boolean"),
    ]
    said = run("feast", file, "--model-version", "v2", "--service", "risk_v1", fails=True)
    assert "no feature service is called risk_v1; there are: risk_v2" in said
    for wrong in ("[", "[]", "{}"):
        file.write_text(wrong)
        said = run("feast", file, "--model-version", "v2", fails=True)
        assert "feast registry-dump" in said or "has no feature" in said
