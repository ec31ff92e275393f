"""What people were asked is kept: in any layout of schemas, over an upgrade, after a clone, and whatever the steps offer."""

import itertools

import pytest
import yaml
from consumer import Consumer
from postgres_server import PostgresConsumer

pytestmark = pytest.mark.slow

BUDGET = 20
OFF = ("drift", "components", "coverage", "combinations", "representation", "cleaning")
CONFIGURATION = {
    "parts": dict.fromkeys(OFF, False),
    "monitors": {
        "visits": {
            "relation": {"source": ["raw", "visits"]},
            "key": "id",
            "time": "at",
            "labeling": {"annotations": {"source": ["raw", "answers"]}, "budget": BUDGET},
        }
    },
}
LOADED = (
    "create table raw.visits as select cast(i as integer) as id, timestamp '2025-01-01' + i % 60 * interval '1 day' as at,"
    " (i * 7919) % 101 / 10.0 as size, case when (i * 31) % 3 = 0 then 'a' else 'b' end as kind from {} as numbers (i)",
    "create table raw.answers (id integer, label varchar, annotator varchar, labelled_at timestamp)",
)
# a layout that a user may have: every layer in a schema of its own, names with a prefix
LAYOUT = {
    "generate_schema_name": "{% macro generate_schema_name(custom_schema_name, node) %}"
    "{{ 'dev_' ~ (custom_schema_name or 'rest') }}{% endmacro %}",
    "generate_alias_name": "{% macro generate_alias_name(custom_alias_name=none, node=none) %}"
    "{{ 'dh_' ~ (custom_alias_name or node.name) }}{% endmacro %}",
}


def load(project, numbers):
    for statement in LOADED:
        project.sql(statement.format(numbers))
    return project


def answer(project, table="health_labeling_candidates"):
    """Whoever is asked answers, by the size of the visit."""
    project.sql(f"""
        insert into raw.answers
        select visits.id, case when visits.size > 5 then 'yes' else 'no' end, 'ana', timestamp '2025-06-01'
        from raw.visits
        inner join {table} as asked on cast(visits.id as varchar) = asked.row_key and asked.status = 'open'
    """)


def asked(project, table="health_labeling_candidates"):
    return project.sql(f"select batch, row_key, strategy from {table} order by batch, rank")


def assert_nobody_is_asked_twice(rows):
    for is_relabel in (False, True):
        keys = [key for _, key, strategy in rows if (strategy == "relabel") == is_relabel]
        assert len(keys) == len(set(keys))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Labeling beside the profile: two batches, the first answered."""
    folder = tmp_path_factory.mktemp("labeling_store") / "project"
    project = load(Consumer(folder, CONFIGURATION, sources=("visits", "answers")), "range(400)")
    project.build()
    answer(project)
    project.build()
    rows = asked(project)
    assert [len(list(group)) for _, group in itertools.groupby(rows, lambda row: row[0])] == [BUDGET, BUDGET]
    return project


def test_labeling_needs_no_other_part(built):
    tables = {name for (name,) in built.sql("select table_name from information_schema.tables")}
    assert {"health_labels", "health_label_quality", "health_auto_labels", "labeling_batches"} <= tables
    assert not tables & {"health_drift", "feature_bins", "feature_cells", "subgroup_cells", "health_representation"}
    assert built.sql("select count(*) from labeling_batches") == built.sql(
        "select count(*) from health_labeling_candidates"
    )


def test_labeling_needs_no_other_part_on_postgres(postgres, tmp_path):
    project = PostgresConsumer(postgres, tmp_path / "project", CONFIGURATION, sources=("visits", "answers"))
    load(project, "generate_series(0, 399)")
    for _ in range(3):
        project.build()
        answer(project)
    rows = asked(project)
    assert len(rows) == 3 * BUDGET
    assert_nobody_is_asked_twice(rows)


def test_any_layout_of_schemas(tmp_path):
    project = Consumer(tmp_path / "project", CONFIGURATION, sources=("visits", "answers"))
    load(project, "range(400)")
    (project.folder / "macros").mkdir()
    for name, text in LAYOUT.items():
        (project.folder / "macros" / f"{name}.sql").write_text(text)
    written = yaml.safe_load((project.folder / "dbt_project.yml").read_text())
    layers = {layer: {"+schema": layer} for layer in ("marts", "steps", "statistics")}
    project.write("dbt_project.yml", written | {"models": {"data_health": layers}})
    mart = "dev_marts.dh_health_labeling_candidates"
    for build in range(1, 4):
        project.build()
        rows = asked(project, mart)
        assert len(rows) == build * BUDGET
        # a build without new answers asks for nothing
        project.build()
        assert asked(project, mart) == rows
        answer(project, mart)
    assert_nobody_is_asked_twice(rows)
    schemas = project.sql("select distinct table_schema from information_schema.tables where table_name like 'dh_%'")
    assert {name for (name,) in schemas} == {"dev_marts", "dev_steps", "dev_statistics"}


def as_of_an_older_release(project, folder):
    """The rows where they were before the store: in an incremental table of the mart's name, some of them again and again."""
    old = project.copy(folder)
    old.sql("drop table labeling_batches")
    old.sql("""
        insert into health_labeling_candidates by name
        select
            * replace (
                batch + 7 as batch, 'visits|' || (batch + 7) || '|' || row_key as candidate_key, timestamp '2025-07-01' as drawn_at
            )
        from health_labeling_candidates
        where batch = 2
    """)
    answer(old)
    return old


def test_the_first_build_after_an_upgrade_takes_over_what_was_asked(built, tmp_path):
    before = asked(built)
    old = as_of_an_older_release(built, tmp_path / "old")
    assert len(asked(old)) == 3 * BUDGET
    old.build()
    after = asked(old)
    assert after[: len(before)] == before and {batch for batch, *_ in after} == {1, 2, 3}
    assert len(after) == 3 * BUDGET
    assert_nobody_is_asked_twice(after)
    assert old.sql("select distinct status from health_labeling_candidates where batch < 3") == [("answered",)]


@pytest.mark.parametrize("reached", ["labeling_shortlist", "labeling_batches"])
def test_an_upgrade_that_is_stopped_half_way_is_made_up_for(built, tmp_path, reached):
    old = as_of_an_older_release(built, tmp_path / "old")
    straight = Consumer.copy(old, tmp_path / "straight")
    straight.build()
    old.build("--select", f"+{reached}")
    old.build()
    assert asked(old) == asked(straight)


def test_a_clone_keeps_what_was_asked(built, tmp_path):
    clone = built.copy(tmp_path / "clone")
    before = asked(clone)
    clone.sql("create schema other; create table other.batches as from labeling_batches; drop table labeling_batches")
    clone.sql("create view labeling_batches as from other.batches")
    answer(clone)
    clone.build()
    after = asked(clone, "labeling_batches")
    assert after[: len(before)] == before and len(after) == 3 * BUDGET
    assert_nobody_is_asked_twice(after)
    assert clone.sql("select table_type from information_schema.tables where table_name = 'labeling_batches'") == [
        ("BASE TABLE",)
    ]


def test_what_is_offered_again_is_not_asked_again(built, tmp_path):
    """The shortlist of a build, read twice: as by two builds at once."""
    again = built.copy(tmp_path / "again")
    before = asked(again, "labeling_batches")
    again.dbt("run", "--select", "labeling_batches")
    assert asked(again, "labeling_batches") == before
    # more room and nothing from Python: the first rows of the shortlist are those that were asked, others fill the batch
    again.sql(f"delete from labeling_batch; update labeling_shortlist set slot_count = slot_count + {BUDGET}")
    again.dbt("run", "--select", "labeling_batches")
    after = asked(again, "labeling_batches")
    assert after[: len(before)] == before and len(after) == 3 * BUDGET
    assert_nobody_is_asked_twice(after)


def test_the_store_outlives_a_full_refresh(built, tmp_path):
    fresh = built.copy(tmp_path / "fresh")
    before = asked(fresh)
    fresh.build("--full-refresh")
    assert asked(fresh) == before
