"""On PostgreSQL, which has no Python models: rows on frozen loadings, and marts that are there and empty if asked for."""

import pytest
from consumer import COMPONENTS, TESTS_OF_THESE
from postgres_server import PostgresConsumer

pytestmark = pytest.mark.slow

CALL = "data_health.{}({}, 'm', 'training', 2, keys=['id', 'at']{}, loadings=source('raw', 'frozen'))"
SCORES = CALL.format(
    "project_components", "source('raw', 'rows')", ", hotelling_t2=true, reconstruction_error=true, version='v1'"
)
MONITOR = {
    "relation": {"source": ["raw", "rows"]},
    "key": "id",
    "time": "at",
    "references": {"training": {"relation": {"source": ["raw", "rows"]}}},
    "components": {"scores": {"ref": "scores"}},
}
# mean, scale, and the loadings on two components of eigenvalues 1.5 and 0.5
FITTED = {"Größe": (10, 2, (0.8, -0.6)), "a b": (-3, 4, (0.6, 0.8)), "flag": (0.5, 0.5, (0.0, 0.0))}


@pytest.fixture(scope="module")
def project(postgres, tmp_path_factory):
    consumer = PostgresConsumer(
        postgres,
        tmp_path_factory.mktemp("components") / "project",
        {"monitors": {"m": MONITOR}, "parts": {"components": True}},
        models={
            "scores.sql": "{{ config(materialized='table') }} {{ " + SCORES + " }}",
            "again.sql": "{{ " + CALL.format("reconstruct_columns", "ref('scores')", "") + " }}",
        },
        sources=("rows", "frozen"),
    )
    loadings = ", ".join(
        f"('m', 'training', 'all', {k + 1}, '{name}', {vector[k]}::float, {(1.5, 0.5)[k]}::float, {(0.75, 0.25)[k]}::float, true, {mean}::float, {scale}::float, 'v1')"
        for name, (mean, scale, vector) in FITTED.items()
        for k in (0, 1)
    )
    consumer.rows(f"""
        create table raw.rows as
        select i as id, timestamp '2024-01-01' + i * interval '1 hour' as at, i % 7 as "Größe", i % 2 = 0 as flag,
            case i % 4 when 0 then 'NaN' when 1 then '-Infinity' when 2 then null else cast(i * 1e-3 as double precision) end as "a b"
        from generate_series(1, 100) as i;
        insert into raw.rows values (101, '2024-01-02', 3, true, 1.7e308), (102, '2024-01-02', 3, true, 1e-307), (103, null, null, null, 1);
        create table raw.frozen as select * from (values {loadings}) as loadings (monitor, reference, values_used, component, column_name, loading, eigenvalue, explained_share, is_kept, mean, scale, loadings_version);
        select 1 as done
    """)
    consumer.build("--warn-error", "--select", "+package:consumer", *COMPONENTS, *TESTS_OF_THESE)
    return consumer


def test_rows_are_projected_by_frozen_loadings(project):
    rows = {row["id"]: row for row in project.rows("select * from raw.rows")}
    scores = project.rows("select * from main.scores")
    assert len(scores) == len(rows)
    for found in scores:
        row, z = rows[found["id"]], {}
        for name, (mean, scale, _) in FITTED.items():
            value = row[name]
            is_missing = value is None or value != value or abs(value) == float("inf")
            z[name] = 0.0 if is_missing else min((float(value) - mean) / scale, 1e50)
        expected = [sum(z[name] * vector[k] for name, (_, _, vector) in FITTED.items()) for k in (0, 1)]
        assert [found["component_1"], found["component_2"]] == pytest.approx(expected, rel=1e-12)
        assert found["hotelling_t2"] == pytest.approx(expected[0] ** 2 / 1.5 + expected[1] ** 2 / 0.5, rel=1e-12)
        error = sum(value**2 for value in z.values()) - sum(score**2 for score in expected)
        if found["id"] != 101:
            assert found["reconstruction_error"] == pytest.approx(error, rel=1e-9, abs=1e-12)
        assert (found["loadings_version"], found["component_count"]) == ("v1", 2)


def test_columns_come_back(project):
    again = {row["id"]: row for row in project.rows("select * from main.again")}
    assert again[3]["Größe"] == pytest.approx(3) and again[3]["a b"] == pytest.approx(0.003)
    assert again[4]["a b"] == pytest.approx(-3) and again[103]["Größe"] == pytest.approx(10)


def test_the_marts_are_there(project):
    for mart in ("health_pca_summary", "health_pca_components", "health_pca_loadings"):
        assert project.rows(f"select count(*) as n from main.{mart}") == [{"n": 0}]
    region = project.rows("select * from main.health_region")
    assert {(row["metric"], row["limit_99"], row["status"]) for row in region} == {
        (metric, None, "insufficient_data") for metric in ("hotelling_t2", "reconstruction_error")
    }
    assert sum(row["row_count"] for row in region) == 2 * 103
    sample = project.rows("select count(*) as n, max(sample_number) as last from main.health_component_scores")
    assert sample == [{"n": 103, "last": 103}]


def test_without_loadings_the_error_says_what_is_missing(project):
    (project.folder / "models" / "wrong.sql").write_text(
        "{{ data_health.project_components(source('raw', 'rows'), 'm', 'training', 2) }}"
    )
    project.dbt("compile", "--select", "wrong")
    project.dbt("run", "--select", "wrong", succeeds=False)
    (result,) = project.run_results()
    assert "this warehouse runs no Python models" in result["message"]
