"""Components of more columns than a matrix of all pairs is kept of, against those from all pairs."""

import numpy as np
import pyarrow
import pytest
from consumer import Consumer
from data_health.components.batches import Factor, Standardiser, summed_periods
from data_health.components.components import CONSTANT, NO_VALUES, Sums, principal_components
from data_health.components.randomized import randomized_basis, rows_of_periods
from data_health.components.wide_references import ROWS_GONE

pytestmark = pytest.mark.slow

PERIOD = 100


def rows_with_signal(n, d, rank=10, seed=0):
    """A few directions that stand out of noise, gaps, and at the end a constant, a column without values and a duplicate."""
    generator = np.random.default_rng(seed)
    signal = generator.normal(0, 1, (n, rank)) * np.linspace(4, 1, rank) @ generator.normal(0, 1, (rank, d - 3))
    rows = signal + generator.normal(0, 2, (n, d - 3))
    rows[generator.random(rows.shape) < 0.03] = np.nan
    return np.column_stack([rows, np.full(n, 3.0), np.full(n, np.nan), rows[:, 0]])


def both_ways(rows, most, size=700):
    n, d = rows.shape
    factors = [Factor(f"c{number:04}", np.array([0.1]), np.array([1.3])) for number in range(d)]
    names = tuple(factor.name for factor in factors)

    def batches():
        for first in range(0, n, size):
            piece = rows[first : first + size]
            days = pyarrow.array(np.full(len(piece), PERIOD, np.int32)).cast(pyarrow.date32())
            yield pyarrow.record_batch([days, *piece.T], ["period", *names])

    standardiser = Standardiser(factors)
    ours = randomized_basis(names, lambda: rows_of_periods(batches(), standardiser, {PERIOD}), 0.8, most)
    one = summed_periods(batches(), factors)[PERIOD]
    counts = np.full((d, d), float(n)) if one.counts is None else one.counts
    sums = np.repeat(one.own_sums[:, None], d, axis=1) if one.sums is None else one.sums
    return ours, principal_components(Sums(names, n, counts, sums, one.products, one.lowest, one.highest), 0.8)


@pytest.mark.parametrize(("n", "d"), [(2000, 300), (150, 400)])
def test_what_stands_out_of_the_noise_is_that_of_all_pairs(n, d):
    ours, theirs = both_ways(rows_with_signal(n, d), 40)
    assert ours.names == theirs.names
    assert ours.excluded == theirs.excluded == {f"c{d - 3:04}": CONSTANT, f"c{d - 2:04}": NO_VALUES}
    assert ours.centre == pytest.approx(theirs.centre, rel=1e-12, abs=1e-12)
    assert ours.scale == pytest.approx(theirs.scale, rel=1e-12)
    assert ours.eigenvalues[:10] == pytest.approx(theirs.eigenvalues[:10], rel=1e-6)
    assert np.abs(np.sum(ours.vectors[:, :10] * theirs.vectors[:, :10], axis=0)) == pytest.approx(1, abs=1e-6)
    # of the noise, whose eigenvalues are all alike, the last ones are too small, and none is too large
    assert np.all(ours.eigenvalues <= theirs.eigenvalues[:40] * (1 + 1e-9))
    assert np.all(ours.eigenvalues >= 0.8 * theirs.eigenvalues[:40])
    again, _ = both_ways(rows_with_signal(n, d), 40, size=n)
    assert again.eigenvalues == pytest.approx(ours.eigenvalues, rel=1e-9)


def test_few_columns_are_those_of_all_pairs():
    ours, theirs = both_ways(rows_with_signal(500, 30), 40)
    assert ours.eigenvalues == pytest.approx(theirs.eigenvalues, abs=1e-9)
    assert ours.kept == theirs.kept
    assert ours.vectors[:, :10] == pytest.approx(theirs.vectors[:, :10], abs=1e-7)


def test_nothing_has_no_components():
    ours = randomized_basis(("a", "b"), lambda: [], 0.9)
    assert (ours.names, ours.excluded, ours.rows) == ((), {"a": NO_VALUES, "b": NO_VALUES}, 0)
    constant, theirs = both_ways(np.ones((5, 3)), 2)
    assert constant.excluded == theirs.excluded and not constant.names


MONITOR = {
    "relation": {"source": ["raw", "rows"]},
    "key": "id",
    "time": "happened_at",
    "references": {
        "first": {"from": "2024-01-01", "to": "2024-02-01"},
        "both": {"from": "2024-01-01", "to": "2024-03-01"},
    },
}


def loaded(consumer, months, per_month=300, length=2100):
    rows = np.concatenate([rows_with_signal(per_month, length, seed=month) for month in months])
    time = np.concatenate([np.full(per_month, np.datetime64(f"2024-{month:02}-05", "us")) for month in months])
    lists = pyarrow.ListArray.from_arrays(
        pyarrow.array(np.arange(0, rows.size + 1, length, dtype=np.int32)), pyarrow.array(rows.reshape(-1))
    )
    consumer.load("rows", {"id": np.arange(len(rows)), "happened_at": time, "v": lists, "x": rows[:, 0] * 2})
    return np.column_stack([rows, rows[:, 0] * 2]), time


def test_a_long_list_has_components_that_are_read_again_only_when_rows_change(tmp_path):
    consumer = Consumer(tmp_path / "project", {"monitors": {"m": MONITOR}})
    rows, time = loaded(consumer, [1, 2])
    consumer.dbt("run", "--select", "+component_fits")
    assert consumer.sql("select count(*) from wide_products") == [(0,)]
    query = "select component, column_name, loading, eigenvalue, is_kept, row_count from component_fits where kind = 'loading' and reference = 'first' and component <= 10 order by component, column_name"
    found = consumer.sql(query)
    names = [f"v[{number}]" for number in range(1, 2101)] + ["x"]
    order = np.argsort(np.array(names, dtype=object))
    _, theirs = both_ways(rows[time < np.datetime64("2024-02-01")][:, order], 10)
    used = [names[number] for number in order if names[number] not in ("v[2098]", "v[2099]")]
    assert [name for component, name, *_ in found if component == 1] == used
    assert [row[3] for row in found[:: len(used)]] == pytest.approx(theirs.eigenvalues[:10], rel=1e-4)
    left_out = "select distinct column_name, reason_left_out from component_fits where kind = 'loading' and component is null order by 1"
    assert consumer.sql(left_out) == [("v[2098]", CONSTANT), ("v[2099]", NO_VALUES)]
    rows_used = "select distinct reference, row_count from component_fits order by 1"
    assert consumer.sql(rows_used) == [("both", 600), ("first", 300)]

    built_from = "select distinct reference, built_from from wide_batches order by 1"
    before, stored = consumer.sql(built_from), consumer.sql("select * from wide_batches order by all")
    consumer.dbt("run", "--select", "+component_fits")
    assert consumer.sql("select * from wide_batches order by all") == stored
    # a row of February is late
    consumer.sql("insert into raw.rows select * replace (id + 100000 as id) from raw.rows where id = 301")
    consumer.dbt("run", "--select", "+component_fits")
    after = consumer.sql(built_from)
    assert after[0] != before[0] and after[1] == before[1]
    # when rows of January are gone, what is known stays, but there is nothing that other components could be read from
    loaded(consumer, [2], per_month=310)
    whole_year = {"year": {"from": "2024-01-01", "to": "2025-01-01"}}
    consumer.configure({"monitors": {"m": MONITOR | {"references": MONITOR["references"] | whole_year}}})
    consumer.dbt("run", "--select", "+component_fits")
    gone = "select reference, column_name, reason_left_out from component_fits where kind = 'loading' and component is null and column_name not like 'v[%'"
    assert consumer.sql(gone) == [("year", "(all)", ROWS_GONE)]
    assert consumer.sql(f"{built_from} limit 2") == after
