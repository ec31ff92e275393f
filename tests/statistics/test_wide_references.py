"""Grids of so many columns that they are drawn some at a time."""

import pytest

pytestmark = pytest.mark.slow

NAMES = [f"c{number}" for number in range(120)]


def test_frequent_values_of_a_reference_have_bins_of_their_own_in_wide_tables(make_consumer):
    monitor = {
        "relation": {"source": ["raw", "rows"]},
        "time": "at",
        "references": {"training": {"relation": {"source": ["raw", "training"]}}},
    }
    consumer = make_consumer({"monitors": {"m": monitor}}, sources=("rows", "training"))
    uniform = "hash(i, '{}') / 18446744073709551616e0 as {}"
    production = ", ".join(uniform.format(name, name) for name in NAMES)
    consumer.sql(f"create table raw.rows as select timestamp '2024-01-05' as at, {production} from range(3000) t(i)")
    # a third of the first and of the last column of the reference is one value, which production does not have
    replaced = ", ".join(
        f"case when rowid % 3 = 0 then 0.123456789 else {name} end as {name}" for name in ("c0", "c119")
    )
    consumer.sql(f"create table raw.training as select * replace ({replaced}) from raw.rows")
    consumer.build_profile()
    atoms = dict(consumer.sql("select column_name, atoms from column_grids where column_name like 'c%'"))
    assert {name: atoms.pop(name) for name in ("c0", "c119")} == {"c0": "0.123456789", "c119": "0.123456789"}
    assert set(atoms.values()) == {None}
    bins = "select distinct column_name from column_distributions inner join column_statistics using (statistics_key)"
    alone = consumer.sql(
        f"{bins} where column_distributions.minimum = 0.123456789 and column_distributions.maximum = 0.123456789"
    )
    assert sorted(alone) == [("c0",), ("c119",)]
