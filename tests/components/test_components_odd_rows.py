"""Components and projections of made-up rows: what is missing, what is asked for wrongly, and other ways to say it."""

import numpy as np
import pytest
from consumer import Consumer
from sklearn.decomposition import PCA

pytestmark = pytest.mark.slow

ODD = {
    "id": np.arange(6),
    "a b": np.array([1.0, np.nan, np.inf, -np.inf, 1e300, 3]),
    "Größe": np.array([1, 2, 3, 4, 5, 6]),
    "flag": np.array([True, False, True, True, False, False]),
}


def odd_model(**options):
    given = "".join(f", {name}={value!r}" for name, value in options.items())
    return f"{{{{ data_health.project_components(source('raw', 'odd'), 'm', 'training'{given}) }}}}"


@pytest.fixture(scope="module")
def made_up(tmp_path_factory):
    generator = np.random.default_rng(8)
    n = 500
    a = generator.normal(5, 2, n)
    training = {
        "id": np.arange(n),
        "a b": a,
        "Größe": np.round(a * 10 + generator.normal(0, 9, n)).astype(int),
        "flag": a > 5,
    }
    missing = {name: values.copy() for name, values in training.items()}
    missing["a b"][::5] = np.nan
    models = {
        "odd_scores.sql": odd_model(k=2, keys=["id"], hotelling_t2=True, reconstruction_error=True),
        "all_components.sql": odd_model(k=3, keys=["id"]),
        "columns_again.sql": "{{ data_health.reconstruct_columns(ref('all_components'), 'm', 'training', 3, keys=['id']) }}",
        "advised.sql": odd_model(keys=["id"]),
        "covariances.sql": "{{ data_health.project_components(source('raw', 'odd'), 'plain', 'training', 2, keys=['id']) }}",
        "python_scores.py": """
def model(dbt, session):
    from data_health.components.projection import projected

    return projected(dbt.source("raw", "odd"), dbt.ref("data_health", "component_fits"), "m", "training", k=2, keys=["id"])
""",
    }
    monitors = {
        "m": {
            "relation": {"source": ["raw", "rows"]},
            "key": "id",
            "references": {
                "training": {"relation": {"source": ["raw", "rows"]}},
                "missing": {"relation": {"source": ["raw", "missing"]}},
                "one_row": {"relation": {"source": ["raw", "one_row"]}},
            },
        },
        "plain": {
            "relation": {"source": ["raw", "rows"]},
            "key": "id",
            "references": {"training": {"relation": {"source": ["raw", "rows"]}}},
            "components": {"standardise": False},
        },
        "off": {
            "relation": {"source": ["raw", "rows"]},
            "references": {"training": {"relation": {"source": ["raw", "rows"]}}},
            "parts": {"components": False},
        },
    }
    consumer = Consumer(
        tmp_path_factory.mktemp("made_up") / "project",
        {"monitors": monitors},
        models=models,
        sources=["rows", "missing", "odd", "one_row"],
    )
    consumer.load("rows", training)
    consumer.load("missing", missing)
    consumer.load("odd", ODD)
    consumer.load("one_row", {name: values[:1] for name, values in training.items()})
    # nothing is there yet
    consumer.dbt("compile")
    consumer.dbt("build", "--empty")
    assert consumer.sql("select count(*) from odd_scores") == [(0,)]
    consumer.build()
    consumer.training = training
    return consumer


def test_missing_and_infinite_values_count_as_the_mean(made_up):
    training = np.column_stack([made_up.training[name] for name in ("Größe", "a b", "flag")]).astype(float)
    mean, deviation = training.mean(axis=0), training.std(axis=0)
    rows = np.column_stack([ODD[name] for name in ("Größe", "a b", "flag")]).astype(float)
    z = np.where(np.isfinite(rows), np.clip((rows - mean) / deviation, -1e50, 1e50), 0)
    loadings = np.array(
        made_up.sql("""
            select loading from component_fits where monitor = 'm' and reference = 'training' and values_used = 'all' and component <= 2
            order by component, column_name
        """)
    ).reshape(2, 3)
    order = made_up.sql(
        "select distinct column_name from component_fits where kind = 'loading' and monitor = 'm' and component = 1 order by 1"
    )
    assert [name for (name,) in order] == ["Größe", "a b", "flag"]
    ours = np.array(made_up.sql("select component_1, component_2, reconstruction_error from odd_scores order by id"))
    assert ours[:, :2] == pytest.approx(z @ loadings.T, rel=1e-9)
    near = [0, 1, 2, 3, 5]
    errors = np.sum((z - z @ loadings.T @ loadings) ** 2, axis=1)
    assert ours[near, 2] == pytest.approx(errors[near], rel=1e-9, abs=1e-12)
    by_batch = np.array(
        made_up.sql("select component_1, component_2, reconstruction_error from python_scores order by id")
    )
    assert by_batch[near] == pytest.approx(ours[near], rel=1e-9, abs=1e-12)


def test_all_components_give_the_columns_back(made_up):
    again = np.array(made_up.sql('select "a b", "Größe", flag from columns_again order by id'))
    here = [0, 5]
    expected = np.column_stack([ODD["a b"], ODD["Größe"], ODD["flag"]]).astype(float)
    assert again[here] == pytest.approx(expected[here], rel=1e-9, abs=1e-9)
    # what was missing comes back as the mean
    assert again[[1, 2, 3], 0] == pytest.approx(made_up.training["a b"].mean())


def test_the_rule_for_missing_values_is_that_of_the_fit(made_up):
    (mean,) = made_up.sql(
        "select distinct mean from component_fits where reference = 'missing' and column_name = 'a b' and values_used = 'all'"
    )
    kept = np.delete(made_up.training["a b"], np.arange(0, 500, 5))
    assert mean[0] == pytest.approx(kept.mean())
    (deviation,) = made_up.sql(
        "select distinct standard_deviation from component_fits where reference = 'missing' and column_name = 'a b' and values_used = 'all'"
    )
    assert deviation[0] == pytest.approx(np.sqrt(np.sum((kept - kept.mean()) ** 2) / 500))


def test_covariances_keep_the_units(made_up):
    training = np.column_stack([made_up.training[name] for name in ("Größe", "a b", "flag")]).astype(float)
    theirs = PCA(svd_solver="full").fit(training)
    ours = made_up.sql("select eigenvalue from health_pca_components where monitor = 'plain' order by component")
    assert [value for (value,) in ours] == pytest.approx(theirs.explained_variance_ * 499 / 500, rel=1e-9)
    rows = np.column_stack([ODD[name] for name in ("Größe", "a b", "flag")]).astype(float)[[0, 5]]
    scores = np.array(made_up.sql("select component_1, component_2 from covariances where id in (0, 5) order by id"))
    assert np.abs(scores) == pytest.approx(np.abs(theirs.transform(rows)[:, :2]), rel=1e-9)


def test_versions_and_summaries(made_up):
    # standardised or not, the same rows have other components
    versions = made_up.sql("select count(distinct loadings_version), count(*) from health_pca_summary")
    assert versions == [(4, 4)]
    summary = {(row["monitor"], row["reference"]): row for row in made_up.rows("select * from health_pca_summary")}
    assert set(summary) == {("m", "training"), ("m", "missing"), ("m", "one_row"), ("plain", "training")}
    one_row = summary["m", "one_row"]
    assert (one_row["status"], one_row["column_count"], one_row["left_out_count"]) == ("insufficient_data", 0, 3)
    assert "a b (constant in the reference)" in one_row["left_out_columns"]
    assert summary["m", "training"]["advised_components"] == len(made_up.rows("select * from advised")[0]) - 4
    frozen = made_up.sql("select distinct loadings_version from odd_scores")
    made_up.build("--select", "package:consumer", "+health_pca_summary")
    assert made_up.sql("select distinct loadings_version from odd_scores") == frozen


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 9}, "found 9; allowed: at most 3 components"),
        ({"k": 2, "version": "nonsense"}, "found 'nonsense'; allowed:"),
    ],
)
def test_a_wrong_request_is_a_clear_error(made_up, options, message):
    model = made_up.folder / "models" / "wrong.sql"
    model.write_text(odd_model(**options))
    try:
        made_up.dbt("run", "--select", "wrong", succeeds=False)
        (result,) = made_up.run_results()
        assert message in result["message"]
        made_up.dbt("compile", "--select", "wrong")
    finally:
        model.unlink()


def test_where_all_components_are_kept_nothing_is_outside(tmp_path):
    """No error is left but rounding: there is no limit that it could be beyond, and no share of rows beyond it."""
    monitor = {
        "relation": {"source": ["raw", "rows"]},
        "key": "id",
        "time": "t",
        "grain": "day",
        "references": {"training": {"relation": {"source": ["raw", "training"]}}},
        "components": {"scores": {"ref": "scores"}},
    }
    scores = "{{ data_health.project_components(source('raw', 'rows'), 'm', 'training', 3, keys=['id', 't'], hotelling_t2=true, reconstruction_error=true) }}"
    consumer = Consumer(
        tmp_path / "project", {"monitors": {"m": monitor}}, models={"scores.sql": scores}, sources=["rows", "training"]
    )
    generator = np.random.default_rng(2)
    x = generator.normal(0, 1, (2000, 3))
    days = np.repeat(np.datetime64("2024-01-01") + np.arange(20), 100).astype("datetime64[us]")
    columns = {f"x{number}": column for number, column in enumerate(x.T)}
    consumer.load("rows", {"id": np.arange(2000), "t": days} | columns)
    consumer.load("training", {"id": np.arange(2000)} | columns)
    consumer.build_components()
    found = consumer.rows("select * from health_region order by metric, period_start")
    errors = [row for row in found if row["metric"] == "reconstruction_error"]
    assert len(errors) == 20 and len(found) == 40
    for row in errors:
        assert (row["limit_95"], row["limit_99"], row["outside_count_99"], row["outside_share_99"]) == (None,) * 4
        assert row["status"] == "insufficient_data"
    assert all(row["outside_share_99"] is not None for row in found if row["metric"] == "hotelling_t2")
    (limit,) = consumer.sql("select reconstruction_error_limit_99 from health_pca_components where component = 3")
    assert limit == (None,)
