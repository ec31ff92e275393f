"""Products of wide tables: those of column_products, those of scikit-learn, whatever stands in the cells, read once."""

import numpy as np
import pyarrow
import pytest
import yaml
from component_rows import standardised
from consumer import REPOSITORY, Consumer
from data_health.components.batches import Factor, PeriodSums, Standardiser, summed_periods
from data_health.components.packed import unpacked
from data_health.components.scans import PRODUCTS, grid_of
from sklearn.decomposition import PCA
from test_column_products import DAYS, MONITOR, NUMBERS, ROWS_A_DAY, compiled, loaded

pytestmark = pytest.mark.slow

REFERENCE = {"old": {"from": "2024-03-01", "to": "2024-03-03"}}
HOSTILE = MONITOR | {"exclude": ["site"], "columns": {"zip": {"kind": "categorical"}}, "references": REFERENCE}
WIDE = {"components": {"max_columns": 5}}
EVERYTHING = "select * from wide_products order by all"


def test_properties_have_the_columns_that_python_writes():
    models = yaml.safe_load((REPOSITORY / "dbt_project/models/statistics/_statistics_models.yml").read_text())["models"]
    [store] = (model for model in models if model["name"] == "wide_products")
    assert {column["name"]: column["data_type"] for column in store["columns"]} == PRODUCTS


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The same table monitored by two monitors, one of which adds up in SQL and the other in batches."""
    monitors = {"narrow": HOSTILE, "wide": HOSTILE | WIDE}
    consumer = Consumer(tmp_path_factory.mktemp("wide") / "project", {"monitors": monitors})
    loaded(consumer, range(DAYS))
    consumer.build_components()
    return consumer


def stored_sums(consumer, where="true"):
    """Every sum of wide_products by first day and pair of columns, as column_products names them."""
    result = {}
    for day, key in consumer.sql(f"select distinct period_start, period_key from wide_products where {where}"):
        table = arrow_rows(consumer, key)
        period = unpacked(table)
        sums, clipped = period.sums, period.sums.products if period.clipped is None else period.clipped
        clamped = table["clamped_count"].to_pylist()
        for a, name_a in enumerate(sums.names):
            for b, name_b in enumerate(sums.names[a:], start=a):
                result[day, name_a, name_b] = {
                    "row_count": sums.rows,
                    "pair_count": sums.counts[a, b],
                    "sum_a": sums.sums[a, b],
                    "sum_b": sums.sums[b, a],
                    "product_sum": sums.products[a, b],
                    "clipped_product_sum": clipped[a, b],
                    "clipped_sum": period.clipped_sums[a] if a == b else None,
                    "clamped_count": clamped[a] if a == b else None,
                }
    return result


def arrow_rows(consumer, period_key):
    import duckdb

    with duckdb.connect(str(consumer.database)) as connection:
        return (
            connection.sql("select * from wide_products")
            .filter(duckdb.ColumnExpression("period_key") == duckdb.ConstantExpression(period_key))
            .order("column_number")
            .to_arrow_table()
        )


COUNTS = ("row_count", "pair_count", "clamped_count")


def assert_same_sums(ours, theirs, largest=ROWS_A_DAY):
    """Counts exactly; sums to 1e-12 of what can cancel in them."""
    assert ours.keys() == theirs.keys()
    for key, sums in theirs.items():
        for name, value in sums.items():
            if value is None or name in COUNTS:
                assert ours[key][name] == value, (key, name)
            else:
                assert ours[key][name] == pytest.approx(value, rel=1e-12, abs=1e-12 * largest), (key, name)


def test_the_sums_are_those_that_sql_adds_up(built):
    names = list(next(iter(stored_sums(built).values())))
    theirs = {
        (row["period_start"], row["column_a"], row["column_b"]): {name: row[name] for name in names}
        for row in built.rows("select * from column_products where monitor = 'narrow'")
    }
    assert len(theirs) == DAYS * len(NUMBERS) * (len(NUMBERS) + 1) // 2
    # the products of a column with values of 1e50 scales have rounding errors of that size
    odd = {key: sums for key, sums in theirs.items() if "odd" in key}
    usual = {key: sums for key, sums in theirs.items() if "odd" not in key}
    ours = stored_sums(built)
    assert_same_sums({key: ours[key] for key in usual}, usual)
    assert_same_sums({key: ours[key] for key in odd}, odd, 1e50 * ROWS_A_DAY)


def test_no_table_is_in_both_places(built):
    assert built.sql("select distinct monitor from column_products") == [("narrow",)]
    assert built.sql("select distinct monitor from wide_products") == [("wide",)]


def test_components_and_measures_are_the_same(built):
    for table, key, values in (
        (
            "component_fits where kind = 'loading' and",
            "reference, values_used, component, column_name",
            ["loading", "eigenvalue", "explained_share", "mean", "standard_deviation", "scale"],
        ),
        (
            "component_fits where kind = 'measure' and",
            "reference, period_start, metric, column_name",
            ["value", "reference_value", "noise"],
        ),
    ):
        one, other = (
            built.rows(f"select * exclude (monitor) from {table} monitor = '{monitor}' order by {key}")
            for monitor in ("narrow", "wide")
        )
        assert len(one) == len(other) > 50
        for ours, theirs in zip(one, other, strict=True):
            for name in values:
                # constant and duplicated columns have components that are free to turn
                if name != "loading" and theirs[name] is not None:
                    assert ours.pop(name) == pytest.approx(theirs.pop(name), rel=1e-8, abs=1e-8), (table, theirs)
            ours.pop("loading", None), theirs.pop("loading", None)
            assert ours == theirs
    status = "select period_start, metric, status from health_multivariate_drift where monitor = '{}' order by all"
    assert built.sql(status.format("wide")) == built.sql(status.format("narrow")) != []


def test_days_in_any_order_give_the_same_sums(built, tmp_path):
    consumer = built.copy(tmp_path / "project")
    for table in ("wide_products", "column_products", "column_statistics", "monitored_periods"):
        consumer.sql(f"delete from {table}")
    for days in ([2], [2, 0], [0, 2, 3], [0, 1, 2, 3]):
        loaded(consumer, days)
        consumer.build_up_to("wide_products", "column_products", "dataset_periods")
    usual, ours = ({k: v for k, v in stored_sums(of).items() if "odd" not in k} for of in (built, consumer))
    assert_same_sums(ours, usual)


def test_a_build_reads_again_only_what_changed(built, tmp_path):
    consumer = built.copy(tmp_path / "project")
    before = consumer.sql(EVERYTHING)
    consumer.build_up_to("wide_products")
    assert consumer.sql(EVERYTHING) == before
    assert consumer.sql("select count(*) from wide_scans") == [(0,)]
    assert '"raw"."rows"' not in compiled(consumer, "wide_scans")
    consumer.sql("insert into raw.rows select * replace (id + 100000 as id) from raw.rows where id = 301")
    consumer.build_up_to("wide_products")
    newest = "select distinct cast(period_start as varchar) from wide_products where built_at = (select max(built_at) from wide_products)"
    assert consumer.sql(newest) == [("2024-03-02",)]
    assert consumer.sql("select count(*) from wide_products") == [(DAYS * len(NUMBERS),)]

    consumer.sql("alter table raw.rows add column more double default 1.5")
    consumer.build_up_to("wide_products")
    rows = "select count(*), count(distinct built_at), count(distinct column_name) from wide_products"
    assert consumer.sql(rows) == [(DAYS * 12, 1, 12)]
    consumer.sql("update column_grids set generation = 2 where column_name = 'gaps'")
    consumer.build_up_to("wide_products")
    assert consumer.sql("select count(distinct built_at), max(grid_generation) from wide_products") == [(1, 2)]


def test_a_store_of_another_schema_and_name_is_found(tmp_path):
    consumer = Consumer(tmp_path / "project", {"monitors": {"wide": HOSTILE | WIDE}})
    loaded(consumer, range(DAYS))
    project = yaml.safe_load((consumer.folder / "dbt_project.yml").read_text())
    layout = {
        "statistics": {"wide_products": {"+schema": "stores", "+alias": "sums"}, "wide_scans": {"+alias": "to_do"}}
    }
    consumer.write("dbt_project.yml", project | {"models": {"data_health": layout}})
    stored = "select count(*), count(distinct built_at) from main_stores.sums"
    for left in (DAYS * len(NUMBERS), 0):
        consumer.build_up_to("wide_products")
        assert consumer.sql(stored) == [(DAYS * len(NUMBERS), 1)]
        assert consumer.sql("select count(*) from to_do") == [(left,)]


def test_what_a_killed_run_or_two_runs_at_once_left_is_counted_again(built, tmp_path):
    consumer = built.copy(tmp_path / "project")
    before = stored_sums(consumer)
    consumer.sql("delete from wide_products where period_start = '2024-03-02'")
    consumer.sql(
        "insert into wide_products select * replace (built_at + interval 1 minute as built_at) from wide_products where period_start = '2024-03-03'"
    )
    consumer.build_up_to("wide_products")
    assert_same_sums(stored_sums(consumer), before, 1e38)
    assert consumer.sql("select count(*), count(distinct period_key || column_name) from wide_products") == [(44, 44)]


def test_a_table_that_becomes_wide_or_narrow_is_counted_once(built, tmp_path):
    consumer = built.copy(tmp_path / "project")
    one_day = "select count(*), sum(row_count) from component_fits where monitor = '{}' and metric = 'mean_shift' and column_name = '(all)'"
    before = consumer.sql(one_day.format("wide"))
    consumer.configure({"monitors": {"narrow": HOSTILE | WIDE, "wide": HOSTILE}})
    consumer.build_components()
    assert consumer.sql(one_day.format("wide")) == consumer.sql(one_day.format("narrow")) == before
    places = "select monitor, count(distinct dataset_period_key) from {} where row_count > 0 group by 1"
    assert consumer.sql(places.format("dataset_products")) == [("wide", DAYS + 1)]
    assert consumer.sql(places.format("dataset_wide_products")) == [("narrow", DAYS + 1)]


def test_a_reference_of_gone_periods_moves_to_the_new_grid(tmp_path):
    monitor = HOSTILE | {"features": ["order", "a b", "gaps"], "components": {"max_columns": 2}}
    consumer = Consumer(tmp_path / "project", {"monitors": {"m": monitor}})
    loaded(consumer, range(DAYS))
    consumer.build_up_to("component_fits")
    query = "select column_name, component, abs(loading), eigenvalue, mean, standard_deviation from component_fits where values_used = 'all' order by 1, 2"
    before = consumer.sql(query)
    assert len(before) == 9
    loaded(consumer, [2, 3])
    consumer.sql(
        "update column_grids set generation = 2, centre = centre + 2, scale = scale * 3 where column_name = 'gaps'"
    )
    consumer.build_up_to("component_fits")
    for ours, theirs in zip(consumer.sql(query), before, strict=True):
        assert ours == (*theirs[:2], *(pytest.approx(value, rel=1e-9, abs=1e-9) for value in theirs[2:]))
    # what was clipped there was clipped elsewhere
    assert consumer.sql("select distinct values_used from component_fits where kind = 'loading'") == [("all",)]


# Against scikit-learn


def wide_rows(n, d, seed=0):
    """Correlated columns of all sizes with gaps; the last four: constant, never there, a duplicate, a sum of two others."""
    generator = np.random.default_rng(seed)
    rows = generator.normal(0, 1, (n, 20)) @ generator.normal(0, 1, (20, d - 4)) + generator.normal(0, 1, (n, d - 4))
    rows *= 10.0 ** generator.integers(-3, 6, d - 4)
    extra = [np.full(n, 4.0), np.full(n, np.nan), rows[:, 0], rows[:, 1] + rows[:, 2]]
    rows = np.column_stack([rows, *extra])
    rows[generator.random(rows.shape) < 0.03] = np.nan
    return rows


def load_wide(consumer, rows, months=3):
    n, d = rows.shape
    starts = np.array([f"2024-{month + 1:02}" for month in range(months)], "datetime64[M]").astype("datetime64[us]")
    columns = {"id": np.arange(n), "happened_at": starts[np.arange(n) * months // n]}
    for number in range(d):
        x = rows[:, number]
        # gaps are null in every other column, and NaN in the rest
        columns[f"x{number:03}"] = pyarrow.array(x, from_pandas=True) if number % 2 else x
    consumer.load("rows", columns)


def test_300_columns_have_the_components_of_scikit_learn(tmp_path):
    monitor = {
        "relation": {"source": ["raw", "rows"]},
        "key": "id",
        "time": "happened_at",
        "references": {"whole": {"from": "2024-01-01", "to": "2024-04-01"}},
    }
    consumer = Consumer(tmp_path / "project", {"monitors": {"m": monitor}})
    rows = wide_rows(4000, 300)
    load_wide(consumer, rows)
    consumer.dbt("run", "--select", "+component_fits")
    used = [number for number in range(300) if number not in (296, 297)]
    theirs = PCA(svd_solver="full").fit(standardised(rows[:, used]).transform(rows[:, used]))
    eigenvalues = consumer.sql(
        "select distinct on (component) eigenvalue from component_fits where values_used = 'all' and component is not null order by component"
    )
    ours = np.array(eigenvalues)[:, 0]
    assert ours == pytest.approx(theirs.explained_variance_[: len(ours)] * (len(rows) - 1) / len(rows), abs=1e-9)
    loadings = consumer.sql(
        "select component, loading from component_fits where values_used = 'all' and component <= 20 order by component, column_name"
    )
    for number, component in enumerate(theirs.components_[:20]):
        vector = np.array([loading for index, loading in loadings if index == number + 1])
        assert vector * np.sign(vector @ component) == pytest.approx(component, abs=1e-9)
    left_out = "select column_name from component_fits where component is null and values_used = 'all' order by 1"
    assert consumer.sql(left_out) == [("x296",), ("x297",)]


@pytest.mark.parametrize("n", [0, 1, 40])
def test_fewer_rows_than_columns(tmp_path, n):
    reference = {"training": {"relation": {"source": ["raw", "training"]}}}
    monitor = {"relation": {"source": ["raw", "rows"]}, "references": reference}
    consumer = Consumer(tmp_path / "project", {"monitors": {"m": monitor}}, sources=["rows", "training"])
    rows = np.random.default_rng(1).normal(0, 1, (40, 60))
    consumer.load("training", {f"x{number}": rows[:n, number] for number in range(60)})
    consumer.load("rows", {f"x{number}": rows[:, number] for number in range(60)})
    consumer.build_components()
    largest = "select count(distinct component) from component_fits where eigenvalue > 1e-9 and values_used = 'all'"
    assert consumer.sql(largest) == [(max(n - 1, 0),)]
    assert consumer.sql("select count(*) from wide_products") == [(60 * (2 if n else 1),)]


# Lists


def list_columns(n, length, seed=0):
    generator = np.random.default_rng(seed)
    return generator.normal(0, 1, (n, 4)) @ generator.normal(0, 1, (4, length)) + generator.normal(5, 1, (n, length))


def test_numbers_of_lists_are_columns(tmp_path):
    monitor = {
        "relation": {"source": ["raw", "rows"]},
        "key": "id",
        "references": {"same": {"relation": {"source": ["raw", "rows"]}}},
    }
    consumer = Consumer(tmp_path / "project", {"monitors": {"m": monitor}})
    n, generator = 500, np.random.default_rng(2)
    numbers, fixed, x = list_columns(n, 6), list_columns(n, 3, 1), generator.normal(0, 1, n)
    lists = [list(row) for row in numbers]
    lists[3] = None
    lists[4] = [None, *lists[4][1:]]
    lists[5] = [float("nan"), float("inf"), *lists[5][2:]]
    fixed_array = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(fixed.astype(np.float32).reshape(-1)), 3)
    columns = {
        "id": np.arange(n),
        "x": x,
        "an embedding": pyarrow.array(lists, pyarrow.list_(pyarrow.float64())),
        "fixed": fixed_array,
    }
    consumer.load("rows", columns | {"words": pyarrow.array([["a"]] * n)})
    consumer.build_components()
    rows = np.column_stack([numbers, fixed.astype(np.float32).astype(float), x])
    rows[3, :6] = np.nan
    rows[4, 0] = rows[5, 0] = rows[5, 1] = np.nan
    names = [f"an embedding[{number}]" for number in range(1, 7)] + ["fixed[1]", "fixed[2]", "fixed[3]", "x"]
    theirs = PCA(svd_solver="full").fit(standardised(rows).transform(rows))
    found = consumer.sql(
        "select component, column_name, loading, eigenvalue from component_fits where values_used = 'all' and component is not null order by 1, 2"
    )
    assert [name for component, name, _, _ in found if component == 1] == names
    for number, component in enumerate(theirs.components_):
        vector = np.array([loading for index, _, loading, _ in found if index == number + 1])
        assert vector * np.sign(vector @ component) == pytest.approx(component, abs=1e-9)
    described = dict(
        consumer.sql("select name, reason from health_monitors where subject = 'column' and not is_monitored")
    )
    assert described == {
        "an embedding": "a list of numbers is used only for principal components",
        "fixed": "a list of numbers is used only for principal components",
        "words": "type VARCHAR[] has no statistics",
    }


def test_lists_of_another_length_count_as_missing_and_are_reported(tmp_path):
    monitor = {"relation": {"source": ["raw", "rows"]}, "time": "happened_at", "key": "id", "grain": "day"}
    consumer = Consumer(tmp_path / "project", {"parts": {"components": True}, "monitors": {"m": monitor}})
    lists = [[1.0, float(number)] for number in range(50)] + [[1.0], [], [1.0, 2.0, 3.0], None]

    def load(days):
        time = np.repeat(
            np.arange("2024-03-01", "2024-03-10", dtype="datetime64[D]")[:days].astype("datetime64[us]"), len(lists)
        )
        columns = {"id": np.arange(len(time)), "happened_at": time, "x": np.arange(len(time)) * 1.0}
        consumer.load("rows", columns | {"v": pyarrow.array(lists * days, pyarrow.list_(pyarrow.float64()))})

    load(1)
    consumer.build(warned=["lists_of_numbers_have_one_length"])
    counted = "select column_name, value_count, other_length_count, minimum, maximum from wide_products where period_start = '2024-03-01' order by 1"
    assert consumer.sql(counted) == [("v[1]", 50, 3, 1, 1), ("v[2]", 50, 3, 0, 49), ("x", 54, 0, 0, 53)]
    # the grid of a list is drawn once
    grid = "select distinct column_name, centre, scale from wide_products where column_name <> 'x' order by 1"
    before = consumer.sql(grid)
    assert before[1][1] == 24 and before[1][2] == pytest.approx(49 / 4.65)
    lists = [[100.0, 200.0 + number] for number in range(54)]
    load(2)
    consumer.build_up_to("wide_products", warned=["lists_of_numbers_have_one_length"])
    assert consumer.sql(grid) == before
    assert consumer.sql("select count(distinct period_start) from wide_products") == [(2,)]


# The arithmetic by itself


def test_batches_of_any_size_and_order_give_the_same_sums():
    generator = np.random.default_rng(9)
    n, d = 1000, 7
    x = generator.standard_t(2, (n, d)) * 4
    x[generator.random(x.shape) < 0.1] = np.nan
    x[5, 2], x[6, 2], x[7, 3] = np.inf, -np.inf, 1e60
    days = pyarrow.array(generator.integers(100, 104, n).astype(np.int32)).cast(pyarrow.date32())
    factors = [Factor(f"x{number}", np.array([0.5]), np.array([2.0])) for number in range(d)]

    def batches(size, order):
        for first in range(0, n, size):
            rows = order[first : first + size]
            yield pyarrow.record_batch(
                [days.take(pyarrow.array(rows)), *(column[rows] for column in x.T)], ["p", *"abcdefg"]
            )

    whole = summed_periods(batches(n, np.arange(n)), factors)
    assert sorted(whole) == [100, 101, 102, 103]
    for size in (1, 37, 400):
        parts = summed_periods(batches(size, generator.permutation(n)), factors)
        for code, one in whole.items():
            other = parts[code]
            assert one.rows == other.rows
            for name in ("own_counts", "counts", "clamped", "lowest", "highest"):
                assert np.array_equal(getattr(one, name), getattr(other, name)), name
            for name in ("own_sums", "sums", "products", "clipped_products", "clipped_sums"):
                ours, theirs = getattr(one, name), getattr(other, name)
                largest = np.outer(np.abs(one.products.diagonal()) ** 0.5, np.abs(one.products.diagonal()) ** 0.5 + n)
                tolerance = 1e-12 * (largest if ours.ndim == 2 else largest.max(axis=1))
                assert np.all(np.abs(ours - theirs) <= tolerance), name


def test_the_sums_of_no_batch_are_none():
    assert summed_periods([], [Factor("x", np.zeros(1), np.ones(1))]) == {}
    assert PeriodSums(3).rows == 0
    assert Standardiser([Factor("v", np.zeros(4), np.ones(4), 4, is_list=True)]).width == 4


@pytest.mark.parametrize(
    ("values", "grid"),
    [
        ([], (0, 1)),
        ([7.0] * 9, (7, 7)),
        ([0.0] * 99 + [5.0], (0, 5)),
        (list(np.arange(101.0)), (50, 98 / 4.65)),
        ([0.0], (0, 1)),
    ],
)
def test_the_grid_of_a_list(values, grid):
    assert grid_of(np.array(values)) == pytest.approx(grid)
