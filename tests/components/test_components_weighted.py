"""Rows that stand for different numbers of people: components and distances are those of rows repeated so often."""

import itertools

import numpy as np
import pyarrow
import pytest
from consumer import SHARED_DATA, Consumer, needs_shared_data
from data_health.components.batches import Factor, Standardiser, summed_periods
from data_health.components.randomized import randomized_basis, rows_of_periods
from postgres_server import PostgresConsumer
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from test_randomized import PERIOD, rows_with_signal

pytestmark = pytest.mark.slow

DAYS, ROWS_A_DAY = 4, 250
NUMBERS = ["Größe", "flag", "gaps", "heavy", "order"]
WEIGHTED = {
    "relation": {"source": ["raw", "rows"]},
    "key": "id",
    "time": "happened_at",
    "grain": "day",
    "weight": "The Weight",
    "exclude": ["many"],
    "references": {"first": {"from": "2024-03-01", "to": "2024-03-03"}},
    "components": {"weighted": True},
}
MEASURES = "metric, column_name, period_start"


def day_of_rows(day):
    """Weights that are whole numbers, and some that are none."""
    generator = np.random.default_rng(day)
    n = ROWS_A_DAY
    normal = generator.normal(0, 1, n)
    gaps = np.where(generator.random(n) < 0.2, None, normal + generator.normal(3, 2, n))
    weights = generator.integers(0, 5, n).astype(float)
    weights[:4] = [np.nan, np.inf, -1, 0]
    return {
        "id": np.arange(n) + n * day,
        "happened_at": np.full(n, np.datetime64("2024-03-01", "us") + np.timedelta64(day, "D")),
        "order": normal,
        "Größe": 1e4 + 0.5 * normal + generator.normal(0, 1, n),
        "gaps": pyarrow.array(list(gaps), pyarrow.float64()),
        "heavy": np.exp(generator.normal(0, 3, n)),
        "flag": normal > 0.3,
        "many": np.where(weights >= 1, np.nan_to_num(weights, nan=0, posinf=0), 0).astype(int),
        "The Weight": pyarrow.array([None if place == 5 else weight for place, weight in enumerate(weights)]),
    }


def table_of(days=range(DAYS)):
    table = pyarrow.concat_tables([pyarrow.table(day_of_rows(day)) for day in days])
    many = table["many"].to_numpy().copy()
    many[5::ROWS_A_DAY] = 0
    return table.set_column(table.column_names.index("many"), "many", pyarrow.array(many))


def repeated(table):
    """Every row as often as it weighs."""
    return table.take(np.repeat(np.arange(table.num_rows), table["many"].to_numpy()))


def values_of(table):
    """The numbers (n × d) in the order of their names, NaN where missing."""
    return np.column_stack([[np.nan if x is None else float(x) for x in table[name].to_pylist()] for name in NUMBERS])


def load(consumer, name, table):
    consumer.load(name, {column: table[column] for column in table.column_names})


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    repetitions = {
        "relation": {"source": ["raw", "repetitions"]},
        "components": {},
        "weight": None,
        "exclude": ["many", "The Weight"],
    }
    monitors = {
        "narrow": WEIGHTED,
        "wide": WEIGHTED | {"weight": "THE WEIGHT", "components": {"weighted": True, "max_columns": 2}},
        "repeated": WEIGHTED | repetitions,
        "unweighted": WEIGHTED | {"components": {}},
    }
    folder = tmp_path_factory.mktemp("weighted") / "project"
    consumer = Consumer(folder, {"monitors": monitors}, sources=("rows", "repetitions"))
    load(consumer, "rows", table_of())
    load(consumer, "repetitions", repeated(table_of()))
    consumer.build_components()
    return consumer


@pytest.mark.parametrize("monitor", ["narrow", "wide"])
def test_components_are_those_of_scikit_learn_on_repeated_rows(built, monitor):
    rows = values_of(repeated(table_of(range(2))))
    scaled = make_pipeline(SimpleImputer(), StandardScaler()).fit(rows)
    theirs = PCA(svd_solver="full").fit(scaled.transform(rows))
    n = len(rows)
    eigenvalues = built.sql(
        f"select eigenvalue from health_pca_components where monitor = '{monitor}' order by component"
    )
    assert [value for (value,) in eigenvalues] == pytest.approx(theirs.explained_variance_ * (n - 1) / n, rel=1e-9)
    loadings = built.sql(f"""
        select loading, mean, standard_deviation from component_fits
        where monitor = '{monitor}' and values_used = 'all' order by component, column_name
    """)
    vectors = np.array([loading for loading, _, _ in loadings]).reshape(len(NUMBERS), -1)
    signs = np.sign(np.sum(vectors * theirs.components_, axis=1))
    assert vectors == pytest.approx(theirs.components_ * signs[:, None], abs=1e-9)
    assert [row[1] for row in loadings[: len(NUMBERS)]] == pytest.approx(scaled[0].statistics_, rel=1e-9)
    assert [row[2] for row in loadings[: len(NUMBERS)]] == pytest.approx(scaled[1].scale_, rel=1e-9)


def test_limits_and_advice_are_for_effective_rows(built):
    weights = table_of(range(2))["many"].to_numpy().astype(float)
    effective = weights.sum() ** 2 / (weights**2).sum()
    found = built.rows("select monitor, row_count, effective_row_count from health_pca_summary")
    for row in found:
        if row["monitor"] in ("narrow", "wide"):
            assert row["row_count"] == 2 * ROWS_A_DAY
            assert row["effective_row_count"] == pytest.approx(effective, rel=1e-12)
        else:
            assert row["effective_row_count"] == row["row_count"]
    assert {row["monitor"] for row in found} == {"narrow", "wide", "repeated", "unweighted"}
    limits = built.sql("""
        select narrow.hotelling_t2_limit_99 > alike.hotelling_t2_limit_99
        from health_pca_components as narrow
        inner join health_pca_components as alike on alike.component = narrow.component and alike.monitor = 'repeated'
        where narrow.monitor = 'narrow'
    """)
    assert limits == [(True,)] * len(NUMBERS)


def measures(consumer, monitor, condition="true"):
    return dict(
        ((metric, name, day), (value, reference))
        for metric, name, day, value, reference in consumer.sql(f"""
            select {MEASURES}, value, reference_value from component_fits
            where kind = 'measure' and monitor = '{monitor}' and {condition} order by all
        """)
    )


def test_distances_of_periods_are_those_of_repeated_rows(built):
    # what is clipped depends on the grid, and repeated rows have another one
    ours, theirs = (measures(built, name, "metric not like '%of_clipped_values'") for name in ("narrow", "repeated"))
    assert set(ours) == set(theirs)
    assert len(ours) >= DAYS * 4
    for key, pair in theirs.items():
        assert ours[key] == pytest.approx(pair, rel=1e-8, abs=1e-9), key
    unweighted = measures(built, "unweighted", "metric = 'reconstruction_error' and column_name = '(all)'")
    assert all(abs(unweighted[key][0] / ours[key][0] - 1) > 1e-3 for key in unweighted)


def test_batches_give_what_sql_gives(built):
    ours, theirs = (measures(built, name) for name in ("narrow", "wide"))
    assert set(ours) == set(theirs)
    assert {metric for metric, _, _ in ours} > {
        "reconstruction_error_of_clipped_values",
        "mean_shift_of_clipped_values",
    }
    for key, pair in theirs.items():
        assert ours[key] == pytest.approx(pair, rel=1e-8, abs=1e-9), key
    counts = built.sql("""
        select period_start, row_count, effective_row_count from health_multivariate_drift
        where monitor = 'wide' and metric = 'hotelling_t2' order by all
    """)
    # the first two days are the reference
    for day, (_, rows, effective) in enumerate(counts, start=2):
        weights = table_of([day])["many"].to_numpy().astype(float)
        assert rows == ROWS_A_DAY
        assert effective == pytest.approx(weights.sum() ** 2 / (weights**2).sum(), rel=1e-12)
    assert len(counts) == DAYS - 2


def test_other_weights_are_counted_again_and_those_of_gone_rows_left_out(built, tmp_path):
    consumer = built.copy(tmp_path / "project")
    fresh = consumer.sql("select monitor, component, eigenvalue from health_pca_components order by all")
    load(consumer, "rows", table_of(range(1, DAYS)))
    consumer.build_components()
    kept = "select monitor, component, eigenvalue from health_pca_components order by all"
    # the sums of the first day are still there
    assert consumer.sql(kept) == fresh
    monitors = {
        name: WEIGHTED | {"components": {"max_columns": width} if width else {}}
        for name, width in (("narrow", None), ("wide", 2))
    }
    consumer.configure({"monitors": monitors})
    consumer.build_components()
    rows = values_of(table_of([1]))
    scaled = make_pipeline(SimpleImputer(), StandardScaler()).fit_transform(rows)
    theirs = PCA(svd_solver="full").fit(scaled).explained_variance_ * (len(rows) - 1) / len(rows)
    for monitor in monitors:
        found = consumer.sql(
            f"select eigenvalue from health_pca_components where monitor = '{monitor}' order by component"
        )
        assert [value for (value,) in found] == pytest.approx(theirs, rel=1e-9)
        days = (
            f"select count(distinct period_start) from component_fits where kind = 'measure' and monitor = '{monitor}'"
        )
        assert consumer.sql(days) == [(DAYS - 1,)]


def test_weights_that_are_all_alike_change_nothing(tmp_path):
    table = table_of()
    alike = table.set_column(
        table.column_names.index("The Weight"), "The Weight", pyarrow.array(np.full(len(table), 7.5))
    )
    monitors = {"weighted": WEIGHTED, "plain": WEIGHTED | {"components": {}}}
    consumer = Consumer(tmp_path / "project", {"monitors": monitors})
    load(consumer, "rows", alike)
    consumer.build_components()
    columns = (
        "component, eigenvalue, noise_eigenvalue, hotelling_t2_limit_95, effective_row_count, marchenko_pastur_edge"
    )
    ours, theirs = (
        consumer.sql(f"select {columns} from health_pca_components where monitor = '{name}' order by component")
        for name in monitors
    )
    assert len(ours) == len(NUMBERS)
    assert np.array(ours) == pytest.approx(np.array(theirs), rel=1e-9)


def test_rows_that_weigh_nothing_have_no_components(tmp_path):
    table = table_of()
    nothing = table.set_column(
        table.column_names.index("The Weight"), "The Weight", pyarrow.array(np.zeros(len(table)))
    )
    monitors = {"narrow": WEIGHTED, "wide": WEIGHTED | {"components": {"weighted": True, "max_columns": 2}}}
    consumer = Consumer(tmp_path / "project", {"monitors": monitors})
    load(consumer, "rows", nothing)
    consumer.build_components()
    assert consumer.sql("select count(*) from health_pca_components") == [(0,)]
    assert consumer.sql("select monitor, status, left_out_count from health_pca_summary order by 1") == [
        ("narrow", "insufficient_data", len(NUMBERS)),
        ("wide", "insufficient_data", len(NUMBERS)),
    ]


@pytest.fixture(params=["duckdb", "postgres"])
def engine(request):
    def make(folder, configuration):
        if request.param == "duckdb":
            return Consumer(folder, configuration)
        return PostgresConsumer(request.getfixturevalue("postgres"), folder, configuration)

    return make


def test_sums_are_those_of_numpy(engine, tmp_path):
    # without references nothing else asks for components, and on PostgreSQL nothing at all
    configuration = {"parts": {"components": True}, "monitors": {"m": WEIGHTED}}
    consumer = engine(tmp_path / "project", configuration)
    rows = table_of()
    if isinstance(consumer, PostgresConsumer):
        source = Consumer(tmp_path / "source", configuration)
        load(source, "rows", rows)
        consumer.take(source, "rows")
    else:
        load(consumer, "rows", rows)
    consumer.build_up_to("dataset_products")
    found = consumer.rows("select * from column_products")
    assert {row["weight_column"] for row in found} == {"the weight"}
    pairs = list(itertools.combinations_with_replacement(NUMBERS, 2))
    assert len(found) == DAYS * len(pairs)
    for row in found:
        table = table_of([row["period_start"].day - 1])
        weights = table["many"].to_numpy().astype(float)
        values = dict(zip(NUMBERS, values_of(table).T, strict=True))
        a, b = ((values[row[f"column_{x}"]] - row[f"centre_{x}"]) / row[f"scale_{x}"] for x in "ab")
        both = ~np.isnan(a) & ~np.isnan(b)
        clipped = [np.nan_to_num(np.clip(z, -10, 10)) for z in (a, b)]
        assert (row["row_count"], row["pair_count"]) == (ROWS_A_DAY, both.sum())
        assert (row["weight_sum"], row["weight_square_sum"]) == (weights.sum(), (weights**2).sum())
        assert row["pair_weight"] == weights[both].sum()
        for name, terms in {
            "sum_a": (weights * a)[both],
            "sum_b": (weights * b)[both],
            "product_sum": (weights * a * b)[both],
            "clipped_product_sum": weights * clipped[0] * clipped[1],
        }.items():
            assert row[name] == pytest.approx(terms.sum(), rel=1e-12, abs=1e-12 * np.abs(terms).sum() + 1e-300), name
        if row["column_a"] == row["column_b"]:
            assert row["clipped_sum"] == pytest.approx((weights * clipped[0]).sum(), rel=1e-12, abs=1e-9)
    totals = consumer.rows(
        "select dataset, weight_sum, pair_weight from dataset_products where column_a = 'order' and column_b = 'order'"
    )
    of_first = [row for row in totals if row["dataset"] == "first"]
    expected = table_of(range(2))["many"].to_numpy().sum()
    assert [(row["weight_sum"], row["pair_weight"]) for row in of_first] == [(expected, expected)]


def test_weights_without_a_column_are_a_clear_error(tmp_path):
    consumer = Consumer(tmp_path / "project", {"monitors": {"m": {**WEIGHTED, "weight": None}}})
    load(consumer, "rows", table_of([0]))
    failed = consumer.build_up_to("health_monitors", succeeds=False)
    assert "the column with the weights of the rows, because components.weighted is true" in str(
        [result.message for result in failed.result] if failed.result else failed.exception
    )


def test_components_of_very_many_columns_are_those_of_repeated_rows():
    generator = np.random.default_rng(4)
    rows = rows_with_signal(900, 120)
    many = generator.integers(0, 4, len(rows))
    factors = [Factor(f"c{number:04}", np.array([0.1]), np.array([1.3])) for number in range(rows.shape[1])]
    names = tuple(factor.name for factor in factors)

    def basis(rows, weights):
        def batches():
            for first in range(0, len(rows), 400):
                piece = rows[first : first + 400]
                days = pyarrow.array(np.full(len(piece), PERIOD, np.int32)).cast(pyarrow.date32())
                columns = [days, *piece.T, *([] if weights is None else [weights[first : first + 400]])]
                yield pyarrow.record_batch(columns, [f"column {number}" for number in range(len(columns))])

        standardiser = Standardiser(factors, weights is not None)
        sums = summed_periods(batches(), factors, weights is not None)[PERIOD]
        return randomized_basis(names, lambda: rows_of_periods(batches(), standardiser, {PERIOD}), 0.8, 30), sums

    (ours, our_sums), (theirs, their_sums) = basis(rows, many.astype(float)), basis(np.repeat(rows, many, axis=0), None)
    assert ours.excluded == theirs.excluded
    assert ours.centre == pytest.approx(theirs.centre, rel=1e-9, abs=1e-12)
    assert ours.eigenvalues == pytest.approx(theirs.eigenvalues, rel=1e-9)
    assert np.abs(np.sum(ours.vectors[:, :10] * theirs.vectors[:, :10], axis=0)) == pytest.approx(1, abs=1e-9)
    assert (ours.rows, ours.effective_rows) == (900, pytest.approx(many.sum() ** 2 / (many**2).sum()))
    assert our_sums.pair_weights == pytest.approx(their_sums.counts)
    assert our_sums.products == pytest.approx(their_sums.products, rel=1e-9, abs=1e-9)
    assert our_sums.sums == pytest.approx(their_sums.sums, rel=1e-9, abs=1e-9)


@needs_shared_data
def test_people_of_a_survey_have_the_correlations_of_their_weights(tmp_path):
    """NHANES oversamples some groups; the correlations that its weights give, by NumPy."""
    file = SHARED_DATA / "tables" / "nhanes" / "NHANESraw.csv"
    numbers = ["Age", "BMI", "BPSysAve", "Height", "Pulse", "Weight"]
    monitor = {
        "relation": {"source": ["raw", "rows"]},
        "key": "ID",
        "weight": "WTINT2YR",
        "features": numbers,
        "references": {"survey": {"relation": {"source": ["raw", "rows"]}}},
        "components": {"weighted": True},
    }
    consumer = Consumer(tmp_path / "project", {"monitors": {"people": monitor}})
    values = ", ".join(f'try_cast("{name}" as double) as "{name}"' for name in [*numbers, "WTINT2YR"])
    consumer.sql(f"create table raw.rows as select ID, {values} from read_csv('{file}', all_varchar = true)")
    consumer.build_components()
    rows = np.array(consumer.sql(f"select {', '.join(numbers)}, WTINT2YR from raw.rows"), dtype=float)
    x, weights = rows[:, :-1], rows[:, -1]
    present = ~np.isnan(x)
    means = np.array(
        [np.average(column[has], weights=weights[has]) for column, has in zip(x.T, present.T, strict=True)]
    )
    covariance = np.cov(np.where(present, x, means).T, aweights=weights, ddof=0)
    deviations = np.sqrt(np.diag(covariance))
    theirs = np.linalg.eigvalsh(covariance / np.outer(deviations, deviations))[::-1]
    found = consumer.sql("select eigenvalue, effective_row_count from health_pca_components order by component")
    assert [value for value, _ in found] == pytest.approx(theirs, rel=1e-9)
    assert found[0][1] == pytest.approx(weights.sum() ** 2 / (weights**2).sum(), rel=1e-12)
    alike = np.linalg.eigvalsh(np.corrcoef(np.where(present, x, np.nanmean(x, axis=0)).T))[::-1]
    # the weights matter
    assert np.abs(theirs - alike).max() > 0.02
