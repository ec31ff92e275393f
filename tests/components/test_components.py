"""Components, advice and projections of real rows against scikit-learn, by whole builds, and the page that says so.

`make pages` writes the tables of docs/components.md again.
"""

import tempfile
from pathlib import Path

import duckdb
import numpy as np
import pytest
import walkthrough
from component_rows import standardised
from consumer import REPOSITORY, SHARED_DATA, Consumer, needs_shared_data
from data_health.components.projection import Loadings, projected
from scipy import stats
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

PAGE = REPOSITORY / "docs" / "components.md"
TABLES = SHARED_DATA / "tables"

REAL = {
    "bank": f"select row_number() over () as id, * from read_csv('{TABLES}/bank/bank-additional-full.csv')",
    "bank_far": f"select row_number() over () as id, * replace (age + 1e7 as age) from read_csv('{TABLES}/bank/bank-additional-full.csv')",
    "lending": f"select row_number() over () as id, * from read_csv('{TABLES}/lending/loans_full_schema.csv')",
    "nhanes": f"select ID as id, * exclude (ID) from read_csv('{TABLES}/nhanes/NHANESraw.csv')",
    "elec2": f"select row_number() over () as id, * from read_csv('{TABLES}/elec2/elec2_with_ts.csv')",
    "adult": f"""
        select row_number() over () as id, column00 as age, column02 as fnlwgt, column04 as education_num, column10 as capital_gain,
            column11 as capital_loss, column12 as hours_per_week, column14 as income
        from read_csv('{TABLES}/adult/adult.data', header = false)
    """,
}
EXCLUDED = {
    "bank": ["y"],
    "bank_far": ["y"],
    "adult": ["income"],
    "elec2": ["class"],
    "nhanes": ["WTINT2YR", "WTMEC2YR", "SDMVPSU", "SDMVSTRA"],
}
SCORED = {"bank": "training", "elec2": "first_year"}
REGION_OF = {"bank": 4, "elec2": 2}


def scoring(name):
    time = "ts_reconstructed, " if name == "elec2" else ""
    keys = ["id", *([time.strip(", ")] if time else [])]
    return (
        f"{{{{ data_health.project_components(source('raw', '{name}'), '{name}', '{SCORED[name]}', {REGION_OF[name]}, "
        f"keys={keys}, hotelling_t2=true, reconstruction_error=true) }}}}"
    )


def real_project(folder):
    """Six tables that are their own training sets, but for elec2, whose reference is its first year."""
    monitors = {}
    for name in REAL:
        monitors[name] = {
            "relation": {"source": ["raw", name]},
            "key": "id",
            "exclude": EXCLUDED.get(name, []),
            "references": {"training": {"relation": {"source": ["raw", name]}}},
            "parts": {"coverage": False},
            "components": {"max_columns": 70} | ({"scores": {"ref": f"{name}_scores"}} if name in SCORED else {}),
        }
    monitors["nhanes_weighted"] = {
        "relation": {"source": ["raw", "nhanes"]},
        "key": "id",
        "weight": "WTINT2YR",
        "exclude": EXCLUDED["nhanes"],
        "references": {"training": {"relation": {"source": ["raw", "nhanes"]}}},
        "parts": {"coverage": False},
        "components": {"max_columns": 70, "weighted": True},
    }
    window = {"first_year": {"from": "1996-06-01", "to": "1997-05-01"}}
    monitors["elec2"] |= {"time": "ts_reconstructed", "references": monitors["elec2"]["references"] | window}
    models = {f"{name}_scores.sql": scoring(name) for name in SCORED}
    models["adult_reduced.sql"] = (
        "{{ data_health.project_components(source('raw', 'adult'), 'adult', 'training', 4, keys=['id', 'income']) }}"
    )
    models["bank_reduced.sql"] = (
        "{{ data_health.project_components(source('raw', 'bank'), 'bank', 'training', 6, keys=['id', 'y']) }}"
    )
    consumer = Consumer(folder / "project", {"monitors": monitors}, models=models, sources=REAL)
    for name, query in REAL.items():
        consumer.sql(f"create table raw.{name} as {query}")
    marts = ["health_pca_components", "health_pca_loadings", "health_pca_summary", "health_region"]
    marts += ["health_component_scores", "health_multivariate_drift"]
    consumer.build("--select", *[f"+{mart}" for mart in marts], "adult_reduced", "bank_reduced")
    return consumer


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    return real_project(tmp_path_factory.mktemp("real"))


def columns_used(consumer, monitor, reference="training"):
    return [
        name
        for (name,) in consumer.sql(f"""
            select distinct column_name from health_pca_loadings
            where monitor = '{monitor}' and reference = '{reference}' and component is not null order by 1
        """)
    ]


def values_of(consumer, monitor, names, where="true"):
    quoted = ", ".join(f'cast("{name}" as double)' for name in names)
    return np.array(consumer.sql(f"select {quoted} from raw.{monitor} where {where} order by id"), dtype=float)


@needs_shared_data
@pytest.mark.parametrize("name", REAL)
def test_components_are_those_of_scikit_learn(real, name):
    names = columns_used(real, name)
    rows = values_of(real, name.removesuffix("_far"), names)
    theirs = PCA(svd_solver="full").fit(standardised(rows).transform(rows))
    n = len(rows)
    expected = theirs.explained_variance_ * (n - 1) / n
    ours = real.rows(
        f"select * from health_pca_components where monitor = '{name}' and reference = 'training' order by component"
    )
    tolerance = 1e-8 if name == "bank_far" else 1e-9
    assert [row["eigenvalue"] for row in ours] == pytest.approx(expected, abs=tolerance)
    assert [row["explained_share"] for row in ours] == pytest.approx(theirs.explained_variance_ratio_, abs=tolerance)
    assert len(names) >= {"lending": 30, "nhanes": 35}.get(name, 5)
    loadings = real.sql(f"""
        select loading from health_pca_loadings where monitor = '{name}' and reference = 'training' and component is not null
        order by component, column_name
    """)
    vectors = np.array(loadings).reshape(len(ours), len(names))
    gaps = np.minimum(-np.diff(expected, prepend=np.inf), -np.diff(expected, append=-np.inf))
    for number, component in enumerate(theirs.components_):
        # a direction is known to the digits of the eigenvalue, divided by the distance to the next
        if gaps[number] > 1e-3:
            assert abs(vectors[number] @ component) == pytest.approx(1, abs=1e-9)
            sign = np.sign(vectors[number] @ component)
            assert vectors[number] * sign == pytest.approx(component, abs=1e-9 if name != "bank_far" else 1e-7)


@needs_shared_data
@pytest.mark.parametrize("name", REAL)
def test_advice_is_that_of_the_eigenvalues(real, name):
    (summary,) = real.rows(f"select * from health_pca_summary where monitor = '{name}' and reference = 'training'")
    names = columns_used(real, name)
    rows = values_of(real, name, names)
    n, d = rows.shape
    theirs = PCA(svd_solver="full").fit(standardised(rows).transform(rows))
    eigenvalues = theirs.explained_variance_ * (n - 1) / n
    assert summary["row_count"] == n and summary["column_count"] == d
    assert summary["advised_components"] == np.searchsorted(np.cumsum(theirs.explained_variance_ratio_), 0.9) + 1
    assert summary["kaiser_components"] == np.sum(eigenvalues > 1)
    edge = (1 + np.sqrt(d / n)) ** 2
    assert summary["marchenko_pastur_edge"] == pytest.approx(edge)
    assert summary["marchenko_pastur_components"] == np.sum(eigenvalues > edge)
    generator = np.random.default_rng(5)
    noise = np.quantile(
        [np.linalg.eigvalsh(np.corrcoef(generator.normal(0, 1, (n, d)).T))[::-1] for _ in range(5)], 0.95, axis=0
    )
    assert abs(summary["parallel_analysis_components"] - np.argmax(eigenvalues <= noise)) <= 1
    if eigenvalues[-1] > 1e-9:
        assert summary["condition_number"] == pytest.approx(eigenvalues[0] / eigenvalues[-1], rel=1e-6)
    else:
        assert summary["condition_number"] is None and summary["collinear_count"] == np.sum(eigenvalues < 1e-9)
    assert summary["status"] == "ok", summary["reason"]


@needs_shared_data
@pytest.mark.parametrize("name", SCORED)
def test_distances_of_rows_and_their_shares_are_those_of_scikit_learn(real, name):
    reference, k = SCORED[name], REGION_OF[name]
    names = columns_used(real, name, reference)
    where = "ts_reconstructed >= '1996-06-01' and ts_reconstructed < '1997-05-01'" if name == "elec2" else "true"
    training, rows = values_of(real, name, names, where), values_of(real, name, names)
    scaler = standardised(training)
    pca = PCA(n_components=k, svd_solver="full").fit(scaler.transform(training))
    z = scaler.transform(rows)
    scores = pca.transform(z)
    n = len(training)
    distances = np.sum(scores**2 / (pca.explained_variance_ * (n - 1) / n), axis=1)
    errors = np.sum((z - pca.inverse_transform(scores)) ** 2, axis=1)
    ours = np.array(real.sql(f"select hotelling_t2, reconstruction_error from {name}_scores order by id"))
    assert ours[:, 0] == pytest.approx(distances, rel=1e-9, abs=1e-9)
    assert ours[:, 1] == pytest.approx(errors, rel=1e-9, abs=1e-9)
    left = PCA(svd_solver="full").fit(scaler.transform(training)).explained_variance_[k:] * (n - 1) / n
    g, h = np.sum(left**2) / np.sum(left), np.sum(left) ** 2 / np.sum(left**2)
    limits = {
        "hotelling_t2": (k * (n * n - 1) / (n * (n - k)) * stats.f.ppf(0.99, k, n - k), distances),
        "reconstruction_error": (g * stats.chi2.ppf(0.99, h), errors),
    }
    # a period of the reference is not judged against it
    is_judged = np.ones(len(rows), bool)
    if name == "elec2":
        is_judged = ~np.array(real.sql(f"select {where} from raw.{name} order by id"), bool).ravel()
        assert is_judged.sum() == len(rows) - n
    for metric, (limit, every_value) in limits.items():
        values = every_value[is_judged]
        found = real.rows(
            f"select * from health_region where monitor = '{name}' and reference = '{reference}' and metric = '{metric}'"
        )
        assert [row["limit_99"] for row in found] == pytest.approx([limit] * len(found), rel=1e-6)
        assert sum(row["row_count"] for row in found) == len(values)
        assert sum(row["outside_count_99"] for row in found) == np.sum(values > limit)
        mean = sum(row["mean_value"] * row["row_count"] for row in found) / len(values)
        assert mean == pytest.approx(values.mean(), rel=1e-9)
        assert all(row["outside_share_99"] == row["outside_count_99"] / row["row_count"] for row in found)


@needs_shared_data
def test_constant_columns_of_elec2_are_findings_when_they_vary(real):
    left_out = real.sql(
        "select column_name from health_pca_loadings where monitor = 'elec2' and reference = 'first_year' and component is null order by 1"
    )
    assert left_out == [("transfer",), ("vicdemand",), ("vicprice",)]
    found = real.sql("""
        select period_start, value, status from health_multivariate_drift
        where monitor = 'elec2' and reference = 'first_year' and metric = 'constant_columns' order by 1
    """)
    first = real.sql("select min(date_trunc('month', ts_reconstructed)) from raw.elec2 where vicprice <> 0.003467")[0][
        0
    ]
    for period, value, status in found:
        assert (value, status) == ((0, "ok") if period < first.date() else (3, "alert")), period


@needs_shared_data
def test_samples_of_scores_are_bounded_and_the_same_again(real):
    query = "select * exclude (built_at) from health_component_scores order by monitor, reference, sample_number"
    before = real.sql(query)
    counts = real.sql("select monitor, count(*), max(sample_number) from health_component_scores group by 1 order by 1")
    assert counts == [("bank", 2000, 2000), ("elec2", 2000, 2000)]
    real.dbt("run", "--select", "scored_rows", "component_score_sample", "health_component_scores")
    assert real.sql(query) == before
    # spread over the whole table
    spread = real.sql(
        "select corr(sample_number, component_1), avg(hotelling_t2) from health_component_scores where monitor = 'bank'"
    )[0]
    assert abs(spread[0]) < 0.1 and spread[1] == pytest.approx(4, rel=0.15)


@needs_shared_data
@pytest.mark.parametrize(("name", "label", "positive", "k"), [("adult", "income", ">50K", 4), ("bank", "y", "yes", 6)])
def test_a_model_on_components_is_as_good_as_on_those_of_scikit_learn(real, name, label, positive, k):
    names = columns_used(real, name)
    rows = values_of(real, name, names)
    outcome = np.array(
        [
            str(value).strip() in (positive, "True")
            for (value,) in real.sql(f"select {label} from raw.{name} order by id")
        ]
    )
    ours = np.array(
        real.sql(f"select {', '.join(f'component_{i + 1}' for i in range(k))} from {name}_reduced order by id")
    )
    theirs = PCA(n_components=k, svd_solver="full").fit_transform(standardised(rows).transform(rows))
    is_test = np.arange(len(rows)) % 3 == 0
    areas = []
    for features in (ours, theirs):
        learner = LogisticRegression(max_iter=1000).fit(features[~is_test], outcome[~is_test])
        areas.append(roc_auc_score(outcome[is_test], learner.predict_proba(features[is_test])[:, 1]))
    assert areas[0] == pytest.approx(areas[1], abs=0.005)
    assert areas[0] > 0.6


@needs_shared_data
def test_arrow_batches_give_what_sql_gives(real):
    with duckdb.connect(str(real.database)) as connection:
        rows, loadings = connection.table("raw.bank"), connection.table("component_fits")
        table = projected(rows, loadings, "bank", "training", 4, keys=["id"])
        with pytest.raises(ValueError, match="99 components asked for"):
            Loadings.read(loadings, "bank", "training", 99)
        with pytest.raises(ValueError, match="version nonsense asked for"):
            Loadings.read(loadings, "bank", "training", 4, version="nonsense")
        with pytest.raises(ValueError, match="do not have: age"):
            projected(rows.project("* exclude (age)"), loadings, "bank", "training", 4)
    ours = real.rows("select * from bank_scores order by id")
    assert table.schema.names == list(ours[0])
    for mine, theirs in zip(table.sort_by("id").to_pylist()[::97], ours[::97], strict=True):
        for name, value in theirs.items():
            is_number = isinstance(value, float)
            assert mine[name] == (pytest.approx(value, rel=1e-9, abs=1e-9) if is_number else value)


# The page


def readings(n, seed, backwards=()):
    """Six factors move forty sensors; in the rows of `backwards` the first one has the other sign for half of them."""
    generator = np.random.default_rng(seed)
    mixing = np.random.default_rng(1).normal(0, 1, (6, 40))
    factors = generator.normal(0, 1, (n, 6)) * np.array([3, 2.5, 2, 1.5, 1.2, 1])
    turned = mixing.copy()
    turned[0, ::2] *= -1
    rows = np.where(np.isin(np.arange(n), backwards)[:, None], factors @ turned, factors @ mixing)
    rows += generator.normal(0, 1, (n, 40))
    failed = factors[:, 0] + generator.normal(0, 2, n) > 5
    rows[generator.random(rows.shape) < 0.01] = np.nan
    # a sensor that was not connected in the first half year
    rows[:, 39] = np.where(np.arange(n) < 4368, 0, rows[:, 39])
    time = np.datetime64("2024-01-01T00:00:00", "us") + np.arange(n).astype("timedelta64[h]")
    columns = {"reading_id": np.arange(n), "read_at": time, "failed": failed}
    return columns | {f"sensor_{number + 1:02d}": column for number, column in enumerate(rows.T)}


def followed(folder):
    """A project in which a reader has done what the page says."""
    files = walkthrough.files(PAGE.read_text())
    models = {path.removeprefix("models/"): text for path, text in files.items() if path.startswith("models/")}
    project = Consumer(
        folder / "project",
        files["dbt_project.yml"]["vars"]["data_health"],
        models=models,
        sources=["readings", "todays_readings"],
    )
    # October begins after 274 days of 24 hours, and has 31
    project.load("readings", readings(8784, 3, backwards=np.arange(274 * 24, 305 * 24)))
    project.load("todays_readings", readings(24, 4))
    project.build("--warn-error")
    return project


def is_of_real_rows(statement):
    return "'elec2'" in statement or "nhanes" in statement


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    return followed(tmp_path_factory.mktemp("page"))


@pytest.mark.parametrize("number", range(len(walkthrough.queries(PAGE.read_text()))))
def test_every_query_gives_the_table_below_it(request, number):
    statement, table = walkthrough.queries(PAGE.read_text())[number]
    if is_of_real_rows(statement) and not SHARED_DATA.exists():
        pytest.skip("the real tables are not on this machine")
    project = request.getfixturevalue("real" if is_of_real_rows(statement) else "reader")
    assert table == walkthrough.table(project.rows(statement)), statement


def test_the_pump_that_runs_backwards_is_out_of_the_region_and_nothing_else(reader):
    status = reader.sql("select period_start, metric, status from health_region")
    found = {(str(start)[:7], metric) for start, metric, status in status if status in ("warn", "alert")}
    assert found == {("2024-10", "reconstruction_error")}
    # the six months before are the reference
    assert len(status) == 12
    ((period, severity, evidence),) = reader.sql(
        "select first_period, severity, evidence from health_alerts where finding = 'region'"
    )
    assert (str(period), severity) == ("2024-10-01", "alert")
    assert evidence == "62.2 % of 744 rows are far from the components of training_v1; usually 3.8 %"
    parts = reader.sql("select period_start, region_status from health_scorecard")
    assert {str(start)[:7]: part for start, part in parts if part not in (None, "ok")} == {"2024-10": "alert"}
    assert {str(start)[:7] for start, part in parts if part is None} == {f"2024-0{month}" for month in range(1, 7)}
    assert reader.sql("select count(*), count(component_6) from todays_features") == [(24, 24)]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        folders = Path(name)
        projects = {False: followed(folders / "page"), True: real_project(folders / "real")}
        PAGE.write_text(
            walkthrough.with_tables(
                PAGE.read_text(), lambda statement: projects[is_of_real_rows(statement)].rows(statement)
            )
        )
