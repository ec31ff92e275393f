"""A project cloned to another target: the stores there are views of those here until they are built, and nothing of the past is lost."""

import copy
import re
import shutil

import pytest
from consumer import Consumer
from postgres_server import PostgresConsumer

CONFIGURATION = {
    "parts": {"components": True},
    "monitors": {
        "visits": {
            "relation": {"source": ["raw", "visits"]},
            "key": "id",
            "time": "happened_at",
            "loaded_at": "loaded",
            "grain": "day",
            "subgroups": ["site"],
            "references": {"first_days": {"from": "2024-03-01", "to": "2024-03-04"}},
            "combinations": {"features": ["site", "kind"]},
            "components": {"one_hot": ["kind"]},
        },
    },
    "cleaning": {
        "visits": {
            "relation": {"source": ["raw", "visits"]},
            "key": "id",
            "time": "happened_at",
            "loaded_at": "loaded",
            "rules": [{"column": "size", "range": [-90, 90], "on_failure": "clamp"}],
            "log_changes": ["size"],
        },
    },
}
ROWS = """
    select
        i as id, timestamp '2024-03-01' + i % {days} * interval '1 day' as happened_at, timestamp '{loaded}' as loaded,
        case i % 3 when 0 then 'hill' when 1 then 'harbour' end as site, sin(i) * 100 as size, cos(i) as weight, i % 7 * 1.5e0 as price, 'k' || i % 4 as kind
    from generate_series({first}, {last}) as numbers (i)
"""
STORES = (
    "column_distributions",
    "column_grids",
    "column_products",
    "column_statistics",
    "declared_subgroups",
    "feature_bins",
    "feature_cells",
    "health_cell_changes",
    "health_rule_outcomes",
    "monitored_columns",
    "monitored_periods",
    "one_hot_levels",
    "subgroup_cells",
    "wide_products",
)
# when, by which run, and what is new in the run that saw it
MOMENTS = re.compile("_at$|_since$|^hours_since_|^valid_|^column_version_key$|^run_id$|^is_new$")


@pytest.fixture(params=["duckdb", "postgres"])
def project(request, tmp_path):
    if request.param == "duckdb":
        configuration = copy.deepcopy(CONFIGURATION)
        # so many columns that their products are matrices, which are made on DuckDB only
        configuration["monitors"]["wide_visits"] = {
            "relation": {"source": ["raw", "visits"]},
            "time": "happened_at",
            "grain": "day",
            "components": {"max_columns": 2},
        }
        made = Consumer(tmp_path / "project", configuration, sources=("visits",))
    else:
        server = request.getfixturevalue("postgres")
        made = PostgresConsumer(server, tmp_path / "project", CONFIGURATION, sources=("visits",))
    here = made.profile() | {"schema": "main"}
    made.write("profiles.yml", {"consumer": {"target": "dev", "outputs": {"dev": here, "ci": here | {"schema": "ci"}}}})
    return made


def marts(project, schema):
    """The stores and marts of a schema, without what tells when they were built."""
    columns = project.sql(f"""
        select table_name, column_name from information_schema.columns
        where table_schema = '{schema}' and (table_name like 'health_%' or table_name in {STORES})
        order by table_name, ordinal_position
    """)
    kept = {}
    for table, column in columns:
        if not MOMENTS.search(column):
            kept.setdefault(table, []).append(f'"{column}"')
    return {
        table: sorted(project.sql(f"select {', '.join(names)} from {schema}.{table}"), key=repr)
        for table, names in kept.items()
    }


def kind_of_stores(project, schema):
    return dict(
        project.sql(f"""
            select table_name, table_type from information_schema.tables
            where table_schema = '{schema}' and table_name in {STORES}
        """)
    )


def test_a_clone_holds_what_the_source_holds(project):
    rows = {"first": 0, "last": 5999, "days": 6, "loaded": "2024-03-20"}
    project.sql(f"create table raw.visits as {ROWS.format(**rows)}")
    project.dbt("run")
    project.sql("delete from raw.visits where happened_at < timestamp '2024-03-02'")
    project.dbt("run")
    state = project.folder / "state"
    shutil.copytree(project.folder / "target", state)
    project.dbt(
        *("clone", "--target", "ci", "--state", str(state)),
        *("--select", "package:data_health,config.materialized:incremental"),
    )
    assert kind_of_stores(project, "ci") == dict.fromkeys(STORES, "VIEW")
    project.dbt("run", "--target", "ci")
    assert kind_of_stores(project, "ci") == dict.fromkeys(STORES, "BASE TABLE")
    before = marts(project, "main")
    assert before["monitored_periods"] and before["health_profile"]
    assert marts(project, "ci") == before
    # the next build adds to them, as it does where they were cloned from
    rows |= {"first": 6000, "last": 9999, "days": 8, "loaded": "2024-03-21"}
    project.sql(f"insert into raw.visits {ROWS.format(**rows)}")
    project.dbt("run")
    project.dbt("run", "--target", "ci")
    after = marts(project, "main")
    assert after != before
    assert marts(project, "ci") == after
