"""Levels of categories as columns of ones and zeros: those of scikit-learn, fixed once drawn."""

import numpy as np
import pyarrow
import pytest
from component_rows import standardised
from consumer import SHARED_DATA, Consumer, needs_shared_data
from sklearn.decomposition import PCA

COLUMNS = ["workclass", "education", "marital_status", "occupation", "relationship", "race", "sex", "native_country"]
LOADINGS = "select component, column_name, loading, eigenvalue from component_fits where monitor = '{}' and values_used = 'all' and component is not null order by 1, 2"
MODELS = ("--select", "+component_fits")


def adult_table(consumer):
    consumer.sql(
        f"create table raw.rows as select row_number() over () as id, * from read_csv('{SHARED_DATA}/tables/adult/adult.data', header = false, names = {ADULT}, nullstr = '?')"
    )


ADULT = [
    "age",
    "workclass",
    "fnlwgt",
    "education",
    "education_num",
    "marital_status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "capital_gain",
    "capital_loss",
    "hours_per_week",
    "native_country",
    "income",
]


@needs_shared_data
def test_adult_has_the_components_of_scikit_learn(tmp_path):
    monitor = {
        "relation": {"source": ["raw", "rows"]},
        "key": "id",
        "references": {"itself": {"relation": {"source": ["raw", "rows"]}}},
        "label": {"column": "income"},
        "components": {"one_hot": COLUMNS},
    }
    # in batches by default, and in SQL
    monitors = {"batches": monitor, "sql": monitor | {"components": {"one_hot": COLUMNS, "max_columns": 200}}}
    consumer = Consumer(tmp_path / "project", {"monitors": monitors})
    adult_table(consumer)
    consumer.dbt("run", *MODELS)
    assert consumer.sql("select distinct monitor from wide_products") == [("batches",)]
    assert consumer.sql("select distinct monitor from column_products") == [("sql",)]
    numbers = sorted(["age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week"])
    columns = {
        name: np.array(consumer.sql(f"select cast({name} as double) from raw.rows order by id"))[:, 0]
        for name in numbers
    }
    for name in COLUMNS:
        values = np.array(
            [value for (value,) in consumer.sql(f"select {name} from raw.rows order by id")], dtype=object
        )
        is_missing = np.array([value is None for value in values])
        levels, counts = np.unique(values[~is_missing].astype(str), return_counts=True)
        for level in levels[counts >= 20]:
            columns[f"{name}={level}"] = np.where(is_missing, np.nan, values == level).astype(float)
    names = sorted(columns)
    rows = np.column_stack([columns[name] for name in names])
    theirs = PCA(svd_solver="full").fit(standardised(rows).transform(rows))
    eigenvalues = theirs.explained_variance_ * (len(rows) - 1) / len(rows)
    for monitor in monitors:
        found = consumer.sql(LOADINGS.format(monitor))
        assert [name for component, name, _, _ in found if component == 1] == names
        assert [row[3] for row in found[:: len(names)]] == pytest.approx(eigenvalues, abs=1e-9)
        gaps = -np.diff(eigenvalues)
        for number in range(len(names) - 1):
            if min(gaps[max(number - 1, 0) : number + 1]) > 1e-4:
                ours = np.array([loading for index, _, loading, _ in found if index == number + 1])
                component = theirs.components_[number]
                assert ours * np.sign(ours @ component) == pytest.approx(component, abs=1e-9)


def rows_of(days, rare=0):
    """50 rows a day of a category with a quote, a null and a level that is too rare; `rare` more of that on the last day."""
    generator = np.random.default_rng(3)
    values = (["it's"] * 30 + ["b"] * 17 + ["rare"] + [None] * 2) * days + ["rare"] * rare
    time = np.repeat(np.arange(days), 50).tolist() + [days - 1] * rare
    n = len(values)
    return {
        "id": np.arange(n),
        "happened_at": np.datetime64("2024-03-01", "us") + np.array(time).astype("timedelta64[D]"),
        "kind of": pyarrow.array(values),
        "x": generator.normal(0, 1, n),
    }


@pytest.mark.parametrize("most", [20, pytest.param(2, marks=pytest.mark.slow)])
def test_levels_stay_as_they_were_drawn(tmp_path, most):
    monitor = {
        "relation": {"source": ["raw", "rows"]},
        "key": "id",
        "time": "happened_at",
        "grain": "day",
        "references": {"first": {"from": "2024-03-01", "to": "2024-03-02"}},
        "components": {"one_hot": "KIND OF", "max_columns": most},
    }
    consumer = Consumer(tmp_path / "project", {"monitors": {"m": monitor}})
    consumer.load("rows", rows_of(2))
    consumer.build_components()
    levels = consumer.sql("select factor_name, level_number, row_count from one_hot_levels order by 2")
    assert levels == [("kind of=it's", 1, 60), ("kind of=b", 2, 34)]
    table = "dataset_products" if most > 2 else "dataset_wide_products"
    before = consumer.sql(f"select * from {table} where period_start = '2024-03-01' order by all")
    names = "select distinct column_name from component_fits where metric = 'mean_shift' order by 1"
    assert consumer.sql(names) == [("(all)",), ("kind of=b",), ("kind of=it's",), ("x",)]
    if most > 2:
        pairs = "select pair_count, product_sum from column_products where column_a = 'kind of=b' and column_b = column_a order by period_key"
        assert consumer.sql(pairs) == [(48, 17), (48, 17)]
    # a level that is common from now on has no column, so days of before are not read again
    consumer.load("rows", rows_of(3, rare=100))
    consumer.build_components()
    assert consumer.sql("select factor_name, level_number, row_count from one_hot_levels order by 2") == levels
    assert consumer.sql(f"select * from {table} where period_start = '2024-03-01' order by all") == before
    assert consumer.sql(f"select count(distinct period_start) from {table} where dataset = 'production'") == [(3,)]


def test_a_column_that_is_not_there_is_named(tmp_path):
    monitor = {"relation": {"source": ["raw", "rows"]}, "components": {"one_hot": ["nowhere"]}}
    consumer = Consumer(tmp_path / "project", {"monitors": {"m": monitor}})
    consumer.load("rows", rows_of(1))
    result = consumer.dbt("run", "--select", "health_monitors", succeeds=False)
    assert "components.one_hot" in result.result.results[0].message and "nowhere" in result.result.results[0].message
