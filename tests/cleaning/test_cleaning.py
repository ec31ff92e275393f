"""The cleaning macros in a user's own models: duplicates and scalers, against scikit-learn and by count."""

import re

import numpy as np
import pytest
from consumer import REPOSITORY, Consumer

DUPLICATES = """
    create or replace table raw.rows (id integer, "Größe" varchar, loaded_at timestamp, source varchar, amount double);
    insert into raw.rows values
        (1, 'a', '2024-01-01', 'web', 10), (1, 'b', '2024-01-03', 'web', 20), (1, 'c', null, 'shop', 30),
        (2, 'a', '2024-01-01', 'web', null), (2, 'a', '2024-01-01', 'web', null), (2, 'a', '2024-01-01', 'web', null),
        (null, 'x', '2024-01-01', null, 1), (null, 'x', '2024-01-01', null, 1),
        (3, null, null, null, 'NaN'), (4, '', '2024-01-01', '', 0), (4, null, '2024-01-01', null, null);
"""
ARGUMENTS = "source('raw', 'rows'), key=['id'], survivor=['loaded_at desc']"
MODELS = {
    "kept.sql": f"{{{{ config(materialized='table') }}}} {{{{ data_health.deduplicate({ARGUMENTS}) }}}}",
    "removed.sql": f"{{{{ config(materialized='table') }}}} {{{{ data_health.removed_duplicates({ARGUMENTS}, identify_by=['Größe', 'loaded_at']) }}}}",
    "matched.sql": f"{{{{ config(materialized='table') }}}} {{{{ data_health.deduplicate({ARGUMENTS}, nulls_match=true) }}}}",
    "from_cte.sql": "with renamed as (select id, amount from {{ source('raw', 'rows') }}) "
    "{{ data_health.deduplicate('renamed', key=['id', 'amount'], columns=['id', 'amount']) }}",
    "schema.yml": """
models:
  - name: kept
    data_tests:
      - data_health.rows_add_up:
          arguments: {of: "source('raw', 'rows')", parts: ["ref('removed')"], key: [id]}
""",
}


@pytest.fixture(scope="module")
def deduplicated(tmp_path_factory):
    consumer = Consumer(tmp_path_factory.mktemp("duplicates") / "project", {}, models=MODELS)
    consumer.sql(DUPLICATES)
    return consumer


def test_each_key_keeps_its_best_row_and_nothing_is_lost(deduplicated):
    deduplicated.build("--exclude", "package:data_health")
    assert deduplicated.sql('select id, "Größe", source, cast(amount as varchar) from kept order by all') == [
        (1, "b", "web", "20.0"),
        (2, "a", "web", None),
        (3, None, None, "nan"),
        (4, *deduplicated.sql('select "Größe", source, cast(amount as varchar) from kept where id = 4')[0]),
        (None, "x", None, "1.0"),
        (None, "x", None, "1.0"),
    ]
    removed = deduplicated.sql(
        'select id, "Größe", "survivor_Größe", duplicate_number, duplicate_count, is_identical from removed where id < 3 order by all'
    )
    assert removed == [
        (1, "a", "b", 2, 3, False),
        (1, "c", "b", 3, 3, False),
        (2, "a", "a", 2, 3, True),
        (2, "a", "a", 3, 3, True),
    ]
    assert deduplicated.sql("select count(*) from matched where id is null") == [(1,)]
    assert deduplicated.sql("select count(*), count(distinct id) from from_cte") == [(11, 4)]
    assert [name for name, *_ in deduplicated.sql("describe kept")] == ["id", "Größe", "loaded_at", "source", "amount"]


def test_the_relation_may_have_columns_of_any_name(tmp_path):
    """Also those that the macros make themselves, or '' where another row has a null."""
    arguments = "source('raw', 'rows'), key=['key'], survivor=['row_hash desc'], identify_by=['text']"
    model = "{{ data_health.removed_duplicates(%s) }}" % arguments  # noqa: UP031
    consumer = Consumer(tmp_path / "project", {}, models={"removed.sql": model})
    consumer.sql("""
        create table raw.rows as select * from (values (1, 2, '', 'a|'), (1, 1, null, 'a'), (2, 5, 'b', null), (2, 5, 'b', null))
            as rows (key, row_hash, text, "order")
    """)
    consumer.build("--exclude", "package:data_health")
    rows = consumer.sql('select key, row_hash, text, "order", survivor_text, is_identical from removed order by key')
    assert rows == [(1, 1, None, "a", "", False), (2, 5, "b", None, "b", True)]


def test_any_order_of_the_rows_gives_the_same_survivors(deduplicated, tmp_path):
    consumer = deduplicated.copy(tmp_path / "project")
    survivors = set()
    for order in ("id", "amount desc", "source, loaded_at desc", "hash(amount)"):
        consumer.sql(f"create or replace table raw.rows as from raw.rows order by {order}")
        consumer.dbt("run", "--select", "kept")
        survivors.add(str(consumer.sql("from kept order by all")))
    assert len(survivors) == 1


def test_a_row_that_is_lost_fails_the_test_of_the_sum(deduplicated, tmp_path):
    consumer = deduplicated.copy(tmp_path / "project")
    consumer.dbt("run", "--select", "kept", "removed")
    for statement in ("delete from removed where id = 1", "insert into removed from removed where id = 2 limit 1"):
        consumer.sql(statement)
        consumer.dbt("test", "--select", "kept", succeeds=False)
        consumer.dbt("run", "--select", "removed")
        consumer.dbt("test", "--select", "kept")


def test_a_wrong_key_is_named(deduplicated, tmp_path):
    consumer = deduplicated.copy(tmp_path / "project")
    for key, words in (("['idd']", "did you mean 'id'"), ("'id'", "a list of columns"), ("[]", "a list of columns")):
        (consumer.folder / "models" / "kept.sql").write_text(
            f"{{{{ data_health.deduplicate(source('raw', 'rows'), key={key}) }}}}"
        )
        result = consumer.dbt("run", "--select", "kept", succeeds=False)
        assert words in str(result.result.results[0].message)


def test_the_usual_macro_loses_rows_on_duckdb(deduplicated):
    """The three rows of the README and of docs/cleaning.md: a natural join, as dbt_utils.deduplicate writes it, has no row for a null."""
    import duckdb

    three_rows = re.search(r"select \* from (\(values .*\)) as orders", (REPOSITORY / "README.md").read_text())[1]
    rows = f"{three_rows} as rows (id, name)"
    joined = f"""
        with numbered as (select *, row_number() over (partition by id) as number from {rows})
        select distinct rows.* from {rows} natural join numbered where number = 1
    """
    assert duckdb.sql(joined).fetchall() == [(1, "a")]
    page = (REPOSITORY / "docs" / "cleaning.md").read_text()
    assert "natural join" in page and f"{three_rows} as rows (id, name)" in page
    model = deduplicated.folder / "models" / "three.sql"
    model.write_text(
        f"with orders as (select * from {rows}) "
        "{{ data_health.deduplicate('orders', key=['id'], columns=['id', 'name']) }}"
    )
    deduplicated.dbt("run", "--select", "three")
    assert deduplicated.sql("select * from three order by id") == [(1, "a"), (2, None)]


SCALERS = ("standard", "robust", "min_max")


@pytest.fixture(scope="module")
def scaled(tmp_path_factory):
    """Fitted on the first half of the rows, applied to all, and taken back."""
    generator = np.random.default_rng(11)
    rows = 4000
    columns = {
        "normal": generator.normal(5, 3, rows),
        "far": 1e9 + generator.normal(0, 1e-3, rows),
        "tiny": generator.normal(0, 1e-9, rows),
        "skewed": np.exp(generator.normal(0, 4, rows)),
        "constant": np.full(rows, 0.1),
        "gaps": np.where(generator.random(rows) < 0.3, np.nan, generator.normal(0, 1, rows)),
        "select": generator.integers(0, 9, rows),
    }
    names = list(columns)
    models = {}
    for method in SCALERS:
        models[f"fit_{method}.sql"] = (
            f"{{{{ config(materialized='table') }}}} {{{{ data_health.fit_scaler(source('raw', 'rows'), {names}, '{method}', where='id < 2000', version='v1') }}}}"
        )
        for target, origin, inverse in (
            (f"scaled_{method}", "source('raw', 'rows')", "false"),
            (f"back_{method}", f"ref('scaled_{method}')", "true"),
        ):
            models[f"{target}.sql"] = (
                f"{{{{ config(materialized='table') }}}} {{{{ data_health.standardise({origin}, ref('fit_{method}'), {names}, others=['id'], method='{method}', version='v1', inverse={inverse}) }}}}"
            )
    consumer = Consumer(tmp_path_factory.mktemp("scaled") / "project", {}, models=models)
    consumer.load("rows", {"id": np.arange(rows), **columns})
    consumer.build("--exclude", "package:data_health")
    return consumer, np.column_stack([values.astype(float) for values in columns.values()]), names


def read(consumer, table, names):
    quoted = ", ".join(f'"{name}"' for name in names)
    rows = consumer.sql(f"select {quoted} from {table} order by id")
    return np.array([[np.nan if value is None else value for value in row] for row in rows], dtype=float)


@pytest.mark.parametrize("method", SCALERS)
def test_scalers_equal_those_of_scikit_learn(scaled, method):
    from sklearn import preprocessing

    consumer, matrix, names = scaled
    oracle = {
        "standard": preprocessing.StandardScaler,
        "robust": preprocessing.RobustScaler,
        "min_max": preprocessing.MinMaxScaler,
    }[method]().fit(matrix[:2000])
    expected = oracle.transform(matrix)
    found = read(consumer, f"scaled_{method}", names)
    assert np.array_equal(np.isnan(found), np.isnan(expected))
    for position, name in enumerate(names):
        # where scikit-learn subtracts 1e9 from 1e9 its own digits end at 1e-7 of a standard deviation of 1e-3
        tolerance = 1e-3 if name == "far" else 1e-12
        np.testing.assert_allclose(
            found[:, position], expected[:, position], rtol=tolerance, atol=tolerance, err_msg=name
        )


@pytest.mark.parametrize("method", SCALERS)
def test_the_inverse_gives_the_values_back(scaled, method):
    consumer, matrix, names = scaled
    np.testing.assert_allclose(read(consumer, f"back_{method}", names), matrix, rtol=1e-12, atol=1e-12)


def test_missing_values_are_imputed_as_fitted(tmp_path):
    imputes = ("mean", "median", "minimum", "maximum", "zero", "none")
    models = {}
    for impute in imputes:
        models[f"fit_{impute}.sql"] = (
            f"{{{{ data_health.fit_scaler(source('raw', 'rows'), ['x', 'empty'], 'none', impute='{impute}') }}}}"
        )
        models[f"use_{impute}.sql"] = (
            f"{{{{ data_health.standardise(source('raw', 'rows'), ref('fit_{impute}'), ['x', 'empty'], others=['id'], method='none') }}}}"
        )
    models["logarithm.sql"] = (
        "{{ data_health.standardise(source('raw', 'rows'), ref('fit_log'), ['x'], others=['id'], method='log1p') }}"
    )
    models["fit_log.sql"] = "{{ data_health.fit_scaler(source('raw', 'rows'), ['x'], 'log1p') }}"
    consumer = Consumer(tmp_path / "project", {}, models=models)
    consumer.sql("""
        create table raw.rows as select * from (values
            (1, 1.0::double, null::double), (2, 2, null), (3, 6, null), (4, null, null), (5, 'nan', null), (6, 'inf', null), (7, -1, null)
        ) as rows (id, x, empty)
    """)
    consumer.build("--exclude", "package:data_health")
    expected = {"mean": 2.0, "median": 1.5, "minimum": -1.0, "maximum": 6.0, "zero": 0.0, "none": None}
    for impute in imputes:
        values = dict(consumer.sql(f"select id, x from use_{impute}"))
        assert values == {1: 1.0, 2: 2.0, 3: 6.0, 4: expected[impute], 5: expected[impute], 6: np.inf, 7: -1.0}
        fitted = consumer.sql(
            f"select row_count, null_count, not_finite_count from fit_{impute} order by column_name desc"
        )
        assert fitted == [(7, 1, 2), (7, 7, 0)]
    logarithms = dict(consumer.sql("select id, x from logarithm"))
    assert logarithms[2] == pytest.approx(np.log1p(2)) and logarithms[7] is None and logarithms[6] == np.inf


def test_a_wrong_method_is_named(tmp_path):
    model = "{{ data_health.fit_scaler(source('raw', 'rows'), ['x'], 'zscore') }}"
    consumer = Consumer(tmp_path / "project", {}, models={"fit.sql": model})
    consumer.sql("create table raw.rows as select 1.0 as x")
    result = consumer.dbt("run", "--select", "fit", succeeds=False)
    assert "fit_scaler, method: found 'zscore'; allowed: standard, robust" in str(
        result.exception or result.result.results[0].message
    )
