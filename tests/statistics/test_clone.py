"""A project cloned to another target: the stores there are views of those here until they are built, and nothing of the past is lost."""

import copy
import math
import re
import shutil

import pytest
from consumer import Consumer
from killing import KEPT
from postgres_server import PostgresConsumer

pytestmark = pytest.mark.slow

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
            "versions": {
                "registry": {"source": ["raw", "registry"]},
                "served": {"relation": {"source": ["raw", "served"]}, "time": "happened_at"},
            },
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
SERVED = "select id, happened_at, size + case when id % 10 = 0 then 1 else 0 end as size from raw.visits"
SOURCES = ("visits", "registry", "served")
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
    "serving_comparisons",
    "subgroup_cells",
    "wide_products",
)
# when, by which run, and what is new in the run that saw it
MOMENTS = re.compile(
    "_at$|_since$|^hours_since_|^valid_|^column_version_key$|^statistics_key$|^run_id$|^is_new$|^computed_from$"
)


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
        made = Consumer(tmp_path / "project", configuration, sources=SOURCES)
    else:
        server = request.getfixturevalue("postgres")
        made = PostgresConsumer(server, tmp_path / "project", CONFIGURATION, sources=SOURCES)
    here = made.profile() | {"schema": "main"}
    made.write("profiles.yml", {"consumer": {"target": "dev", "outputs": {"dev": here, "ci": here | {"schema": "ci"}}}})
    return made


def marts(project, schema):
    """The stores and marts of a schema, without what tells when they were built: exact values, then doubles."""
    columns = project.sql(f"""
        select table_name, column_name, data_type ilike 'double%' from information_schema.columns
        where table_schema = '{schema}' and (table_name like 'health_%' or table_name in {STORES})
        order by 1, 3, 2
    """)
    kept = {}
    for table, column, is_double in columns:
        if not MOMENTS.search(column):
            kept.setdefault(table, []).append((f'"{column}"', is_double))
    return {
        table: (
            sum(not is_double for _, is_double in named),
            sorted(project.sql(f"select {', '.join(name for name, _ in named)} from {schema}.{table}"), key=repr),
        )
        for table, named in kept.items()
    }


def differences(expected, found):
    """Sums may differ in their last digits: rows lie in another order in a table that was made anew."""
    result = sorted(expected.keys() ^ found.keys())
    for table in expected.keys() & found.keys():
        exact, rows = expected[table]
        others = found[table][1]
        if [row[:exact] for row in rows] != [row[:exact] for row in others]:
            result.append(f"{table}: {len(rows)} rows, {len(others)} rows, not the same")
            continue
        pairs = [
            pair
            for row, other in zip(rows, others, strict=True)
            for pair in zip(row[exact:], other[exact:], strict=True)
        ]
        wrong = [(x, y) for x, y in pairs if x != y and (None in (x, y) or not math.isclose(x, y, rel_tol=1e-9))]
        if wrong:
            result.append(f"{table}: {wrong[:5]}")
    return result


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
    project.sql("create table raw.registry as select 'v1' as model_version, 'size' as feature")
    project.sql(f"create table raw.served as {SERVED}")
    project.dbt("run", *KEPT)
    # of this day only the stores know
    project.sql("delete from raw.visits where happened_at < timestamp '2024-03-02'")
    project.dbt("run")
    state = project.folder / "state"
    shutil.copytree(project.folder / "target", state)
    project.dbt(
        *("clone", "--target", "ci", "--state", str(state)),
        *("--select", "package:data_health,config.materialized:incremental"),
    )
    # PostgreSQL runs no Python models, so it has no sums of wide tables
    has_wide = not isinstance(project, PostgresConsumer)
    stores = tuple(name for name in STORES if has_wide or name != "wide_products")
    assert kind_of_stores(project, "ci") == dict.fromkeys(stores, "VIEW")
    project.dbt("run", "--target", "ci")
    assert kind_of_stores(project, "ci") == dict.fromkeys(stores, "BASE TABLE")
    before = marts(project, "main")
    assert not [name for name in (*stores, "health_drift") if not before[name][1] and name != "wide_products"]
    assert not differences(before, marts(project, "ci"))
    # the next build adds to them, as it does where they were cloned from
    rows |= {"first": 6000, "last": 9999, "days": 8, "loaded": "2024-03-21"}
    project.sql(f"insert into raw.visits {ROWS.format(**rows)}")
    project.sql(f"insert into raw.served {SERVED} where id >= 6000")
    project.dbt("run", *KEPT)
    project.dbt("run", *KEPT, "--target", "ci")
    after = marts(project, "main")
    assert differences(before, after)
    assert not differences(after, marts(project, "ci"))
