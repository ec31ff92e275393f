"""Bins of features are cut again when what they were cut by changes, and all that is counted by them then is as if built at once."""

import pytest
from consumer import Consumer

pytestmark = pytest.mark.slow

MARTS = ("health_coverage_combinations", "health_coverage_gaps", "health_representation_gaps")
RELATION = {
    "relation": {"source": ["raw", "rows"]},
    "time": "at",
    "references": {"training": {"relation": {"source": ["raw", "training"]}}},
}
# the first month is before the periods that are looked at again
NAMED = RELATION | {"lookback": 1} | {"combinations": {"features": ["zone", "sex"]}, "features": ["zone", "sex"]}
CHOSEN = RELATION | {"subgroups": ["sex"]}
# its first month is taken out of the table before the bins are cut again
LEFT = CHOSEN | {"relation": {"source": ["raw", "left_rows"]}}
BEFORE = {"named": NAMED, "chosen": CHOSEN, "left": LEFT}
SOURCES = ("rows", "left_rows", "training")
AFTER = {
    "named": NAMED | {"columns": {"zone": {"kind": "categorical"}}},
    "chosen": CHOSEN | {"subgroups": ["region", "sex"]},
    "left": LEFT | {"subgroups": ["region", "sex"]},
}


def load(project):
    """A zone of 70 numbers, which is six bins of a number; two months and a training table."""
    columns = "7 * (i % 70) as zone, 'f' || i % 2 as sex, 'r' || i % 6 as region, i % 3 as floor"
    project.sql(f"create table raw.training as select {columns} from range(2100) t(i) where i % 35 > 0 or i % 2 > 0")
    project.sql(f"""
        create table raw.rows as
        select timestamp '2024-01-05' + to_days(cast(31 * (i % 2) as integer)) as at, {columns}
        from (select i // 2 + i % 5 as i from range(4200) t(i)) numbered
    """)
    project.sql("create table raw.left_rows as from raw.rows")


def table(project, name):
    """Its rows without the run that wrote them and the name of the bins."""
    return project.sql(f"select * exclude (built_at) from {name} where monitor <> 'left' order by all")


def bins(project, monitor):
    columns = "attributes_key, generation, position, column_name, kind, code, bin_type, category, lower_edge"
    return project.rows(f"select {columns} from feature_bins where monitor = '{monitor}' order by position, code")


@pytest.fixture(scope="module")
def changed(tmp_path_factory):
    """A project whose configuration changed after the first build, its bins before, and one that was built once."""
    folder = tmp_path_factory.mktemp("changed")
    project = Consumer(folder / "project", {"monitors": BEFORE}, sources=SOURCES)
    load(project)
    project.build_up_to(*MARTS)
    before = {monitor: bins(project, monitor) for monitor in BEFORE}
    project.configure({"monitors": AFTER})
    project.sql('delete from raw.left_rows where month("at") = 1')
    project.build_up_to(*MARTS)
    fresh = Consumer(folder / "fresh", {"monitors": AFTER}, sources=SOURCES)
    load(fresh)
    fresh.build_up_to(*MARTS)
    return project, before, fresh


@pytest.mark.parametrize("monitor", ["named", "chosen"])
def test_bins_are_cut_again(changed, monitor):
    project, before, fresh = changed
    after, expected = bins(project, monitor), bins(fresh, monitor)
    drop = ("attributes_key", "generation")
    assert [{k: v for k, v in row.items() if k not in drop} for row in after] == [
        {k: v for k, v in row.items() if k not in drop} for row in expected
    ]
    assert {row["generation"] for row in after} == {2}
    assert {row["attributes_key"] for row in after}.isdisjoint(row["attributes_key"] for row in before[monitor])


def test_a_number_became_a_category_and_a_subgroup_a_feature(changed):
    project, before, _ = changed
    assert {row["kind"] for row in before["named"] if row["column_name"] == "zone"} == {"numeric"}
    assert {row["kind"] for row in bins(project, "named") if row["column_name"] == "zone"} == {"categorical"}
    first = {row["position"]: row["column_name"] for row in before["chosen"]}
    then = {row["position"]: row["column_name"] for row in bins(project, "chosen")}
    assert list(first.values()) == ["sex", "region", "zone", "floor"]
    assert list(then.values()) == ["region", "sex", "zone", "floor"]


@pytest.mark.parametrize("mart", MARTS)
def test_marts_are_those_of_a_first_build(changed, mart):
    project, _, fresh = changed
    assert table(project, mart) == table(fresh, mart)
    assert table(project, mart)


def test_every_period_is_counted_by_the_new_bins_alone(changed):
    project, _, fresh = changed
    cells = "select monitor, dataset, period_start, cell_code, row_count from feature_cells where monitor <> 'left' order by all"
    assert project.sql(cells) == fresh.sql(cells)
    keys = "select distinct monitor, attributes_key from {} where monitor <> 'left' order by all"
    assert project.sql(keys.format("feature_cells")) == project.sql(keys.format("feature_bins"))


def test_a_period_that_the_table_no_longer_has_was_counted_by_other_bins(changed):
    project, _, _ = changed
    rows = project.rows("select * from health_coverage_combinations where monitor = 'left'")
    told = {(row["period_start"].month, row["row_count"], row["status"], row["reason"]) for row in rows}
    assert {row for row in told if row[0] == 1} == {(1, None, "insufficient_data", "counted with other fitted bins")}
    assert {row[:2] for row in told if row[0] == 2} == {(2, 2100)}
    assert {row["unseen_share"] for row in rows if row["period_start"].month == 1} == {None}
