"""Sums of products: what NumPy counts, whatever stands in the cells, and read again only where something changed."""

import itertools

import numpy as np
import pyarrow
import pytest
from consumer import Consumer

MONITOR = {"relation": {"source": ["raw", "rows"]}, "key": "id", "time": "happened_at", "grain": "day"}
# without references nothing else asks for components
COMPONENTS = {"parts": {"components": True}}
DAYS = 4
ROWS_A_DAY = 300
SUMS = "sum_a, sum_b, product_sum, clipped_product_sum, coalesce(clipped_sum, 0)"
KEYS_AND_COUNTS = "period_key, column_a, column_b, row_count, pair_count, clamped_count"


def day_of_rows(day):
    """Columns that hurt: far from zero, of one value, the same twice, with every kind of missing and of too large value."""
    generator = np.random.default_rng(day)
    n = ROWS_A_DAY
    normal = generator.normal(0, 1, n)
    gaps = np.where(generator.random(n) < 0.2, None, generator.normal(3, 2, n))
    odd = generator.normal(0, 1, n)
    odd[:6] = [np.nan, np.inf, -np.inf, 1e60, -1e60, 1e300]
    return {
        "id": np.arange(n) + n * day,
        "happened_at": np.full(n, np.datetime64("2024-03-01", "us") + np.timedelta64(day, "D")),
        "order": normal,
        "a b": 1e7 + 0.5 * normal + generator.normal(0, 1, n),
        "Größe": normal,
        'the "sum"': normal * 2 - 3,
        "gaps": pyarrow.array(list(gaps), pyarrow.float64()),
        "odd": odd,
        "heavy": np.exp(generator.normal(0, 3, n)),
        "count": generator.poisson(0.005, n),
        "constant": np.full(n, 7),
        "never": pyarrow.nulls(n, pyarrow.float64()),
        "flag": pyarrow.array([None if value < 0.1 else bool(value < 0.4) for value in generator.random(n)]),
        "site": generator.choice(["hill", "harbour"], n),
        "zip": generator.integers(0, 99, n),
    }


NUMBERS = sorted(["order", "a b", "Größe", 'the "sum"', "gaps", "odd", "heavy", "count", "constant", "never", "flag"])


def loaded(consumer, days):
    tables = [pyarrow.table(day_of_rows(day)) for day in days]
    table = pyarrow.concat_tables(tables)
    consumer.load("rows", {name: table[name] for name in table.column_names})


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    monitor = MONITOR | {"exclude": ["site"], "columns": {"zip": {"kind": "categorical"}}}
    consumer = Consumer(tmp_path_factory.mktemp("products") / "project", COMPONENTS | {"monitors": {"m": monitor}})
    loaded(consumer, range(DAYS))
    consumer.build_up_to("dataset_products", "column_distributions")
    return consumer


def expected_products(values, grids):
    """The sums of one period by pair of columns; `values` are doubles by column, NaN where missing or infinite."""
    z, clipped = {}, {}
    for name, x in values.items():
        centre, scale = grids[name]
        # values beyond are taken as that size before they are multiplied
        z[name] = np.clip((x - centre) / scale, -1e50, 1e50)
        clipped[name] = np.nan_to_num(np.clip(z[name], -10, 10))
    result = {}
    for a, b in itertools.combinations_with_replacement(NUMBERS, 2):
        both = ~np.isnan(z[a]) & ~np.isnan(z[b])
        size = np.sum(np.abs(z[a] * z[b])[both])
        result[a, b] = {
            "pair_count": both.sum(),
            "sum_a": (z[a][both].sum(), np.abs(z[a][both]).sum()),
            "sum_b": (z[b][both].sum(), np.abs(z[b][both]).sum()),
            "product_sum": ((z[a] * z[b])[both].sum(), size),
            "clipped_product_sum": (clipped[a] @ clipped[b], np.abs(clipped[a]) @ np.abs(clipped[b])),
        }
    return result


def doubles(column):
    """A column of day_of_rows as doubles, NaN where there is no finite value."""
    values = column.to_pylist() if isinstance(column, pyarrow.Array) else column
    x = np.array([np.nan if value is None else float(value) for value in values])
    return np.where(np.isfinite(x), x, np.nan)


def test_products_are_those_of_numpy(built):
    grids = {
        row["column_name"]: (row["centre"] or 0, row["scale"] or 1) for row in built.rows("select * from column_grids")
    }
    rows = built.rows("select * from column_products")
    assert {(row["column_a"], row["column_b"]) for row in rows} == set(
        itertools.combinations_with_replacement(NUMBERS, 2)
    )
    assert len(rows) == DAYS * len(NUMBERS) * (len(NUMBERS) + 1) // 2
    for day in range(DAYS):
        of_day = day_of_rows(day)
        expected = expected_products({name: doubles(of_day[name]) for name in NUMBERS}, grids)
        for row in rows:
            if row["period_start"].day == day + 1:
                ours = expected[row["column_a"], row["column_b"]]
                assert row["row_count"] == ROWS_A_DAY
                assert row["pair_count"] == ours["pair_count"]
                for name, value in ours.items():
                    if name != "pair_count":
                        assert row[name] == pytest.approx(value[0], rel=1e-12, abs=1e-12 * value[1] + 1e-300), (
                            name,
                            row,
                        )
                diagonal = row["column_a"] == row["column_b"]
                assert row["clamped_count"] == (None if not diagonal else 3 if row["column_a"] == "odd" else 0)
                assert (row["clipped_sum"] is not None) == diagonal


def test_scales_fit_the_data(built):
    scale = dict(built.sql("select column_name, scale from column_grids where scale is not null"))
    assert scale["order"] == pytest.approx(1, rel=0.15)
    assert scale["a b"] == pytest.approx(np.sqrt(1.25), rel=0.15)
    # more than 98 % of the counts are 0, so a usual deviation is that of the others
    assert scale["count"] == 1
    assert scale["constant"] == 7
    assert scale["never"] == 1
    assert all(1e-50 <= value <= 1e50 for value in scale.values())


def test_days_in_any_order_give_the_same_sums(built, tmp_path):
    consumer = built.copy(tmp_path / "project")
    for table in ("column_products", "column_statistics", "column_distributions", "monitored_periods"):
        consumer.sql(f"delete from {table}")
    for days in ([2], [2, 0], [0, 2, 3], [0, 1, 2, 3]):
        loaded(consumer, days)
        consumer.build_up_to("dataset_products", "column_distributions")
    assert_same_products(built, consumer)


def assert_same_products(one, other):
    """Counts exactly; sums to 1e-12 of the largest that can cancel in them."""
    counts = f"select {KEYS_AND_COUNTS} from column_products order by all"
    assert one.sql(counts) == other.sql(counts)
    sums = f"select {SUMS} from column_products order by period_key, column_a, column_b"
    for ours, theirs in zip(one.sql(sums), other.sql(sums), strict=True):
        assert theirs == pytest.approx(ours, rel=1e-12, abs=1e-12 * ROWS_A_DAY)


def compiled(consumer, model):
    results = {result["unique_id"].split(".")[-1]: result.get("compiled_code") for result in consumer.run_results()}
    return results[model]


def test_a_build_reads_again_only_what_changed(built, tmp_path):
    consumer = built.copy(tmp_path / "project")
    everything = "select * from column_products order by all"
    before = consumer.sql(everything)
    consumer.build_up_to("dataset_products", "column_distributions")
    assert consumer.sql(everything) == before
    assert '"raw"."rows"' not in compiled(consumer, "column_products")

    consumer.sql("insert into raw.rows select * replace (id + 100000 as id) from raw.rows where id = 301")
    consumer.build_up_to("dataset_products", "column_distributions")
    newest = "select distinct cast(period_start as varchar) from column_products where built_at = (select max(built_at) from column_products)"
    assert consumer.sql(newest) == [("2024-03-02",)]

    # another column is multiplied with all others, so all are read again
    consumer.sql("alter table raw.rows add column more double default 1.5")
    consumer.build_up_to("dataset_products", "column_distributions")
    pairs = "select count(*), count(distinct built_at) from column_products"
    assert consumer.sql(pairs) == [(DAYS * 12 * 13 // 2, 1)]

    # so are they when the grid of one of them is drawn anew
    consumer.sql("update column_grids set generation = 2 where column_name = 'gaps'")
    consumer.build_up_to("dataset_products", "column_distributions")
    assert consumer.sql(
        "select count(distinct built_at), min(grid_generation_a) from column_products where column_a = 'gaps'"
    ) == [(1, 2)]
    assert consumer.sql("select count(distinct built_at) from column_products") == [(1,)]


def test_without_statistics_at_hand_the_same_sums_are_counted(built, tmp_path):
    consumer = built.copy(tmp_path / "project")
    consumer.sql("update column_statistics set built_from = 'something else'")
    consumer.sql("delete from column_products")
    consumer.dbt("run", "--select", "column_products")
    assert_same_products(built, consumer)
    consumer.sql("drop table column_statistics")
    consumer.sql("drop table column_products")
    consumer.dbt("run", "--select", "column_products")
    assert_same_products(built, consumer)


def test_wide_tables_and_switched_off_parts_have_no_products(tmp_path):
    narrow = MONITOR | {"components": {"max_columns": 10}}
    monitors = {
        "wide": narrow,
        "off": MONITOR | {"parts": {"components": False}},
        "two_columns": MONITOR | {"parts": {"drift": False}, "features": ["order", "gaps"]},
        "one_column": MONITOR | {"features": ["order"]},
        "texts": MONITOR | {"features": ["site"]},
    }
    consumer = Consumer(tmp_path / "project", COMPONENTS | {"monitors": monitors})
    loaded(consumer, [0])
    consumer.build_up_to("dataset_products", "column_distributions")
    assert consumer.sql("select monitor, count(*) from column_products group by 1") == [("two_columns", 3)]


def test_a_reference_of_gone_periods_moves_to_the_new_grid(tmp_path):
    window = {"old": {"from": "2024-03-01", "to": "2024-03-03"}}
    consumer = Consumer(
        tmp_path / "project", {"monitors": {"m": MONITOR | {"references": window, "features": ["order", "a b"]}}}
    )
    loaded(consumer, range(DAYS))
    consumer.build_up_to("dataset_products", "column_distributions")
    query = """
        select column_a, column_b, pair_count, centre_a * pair_count + scale_a * sum_a,
            product_sum * scale_a * scale_b + centre_a * scale_b * sum_b + centre_b * scale_a * sum_a + centre_a * centre_b * pair_count
        from dataset_products where dataset = 'old' order by 1, 2
    """
    before = consumer.sql(query)
    assert consumer.sql("select count(clipped_product_sum) from dataset_products where dataset = 'old'") == [(3,)]
    # the first two days are gone when the grid is drawn anew
    loaded(consumer, [2, 3])
    consumer.sql(
        "update column_grids set generation = 2, centre = centre + 2, scale = scale * 3 where column_name = 'order'"
    )
    consumer.build_up_to("dataset_products", "column_distributions")
    for ours, theirs in zip(before, consumer.sql(query), strict=True):
        assert theirs == (ours[0], ours[1], ours[2], *(pytest.approx(value, rel=1e-9, abs=1e-6) for value in ours[3:]))
    # what was clipped there was clipped elsewhere
    clipped = (
        "select column_a, column_b from dataset_products where dataset = 'old' and clipped_product_sum is not null"
    )
    assert consumer.sql(clipped) == [("a b", "a b")]
