"""Builds of cleaning models that are killed: a plain rerun keeps every row once, as an undisturbed build does."""

import random

import pytest
from consumer import CLEANING
from killing import MODELS_IN_ORDER, SEED, Moment, build, count_of_events, kill
from test_killed import Project, contents

pytestmark = pytest.mark.slow

KILLS = 6
SELECTED = ("--select", "package:consumer", *CLEANING)
RULES = [
    {"columns": "all", "null_values": ["N/A"]},
    {"column": "happened_at", "cast": "timestamp", "on_failure": "quarantine"},
    {"column": "amount", "cast": "double", "on_failure": "quarantine"},
    {"column": "amount", "range": [0, 500], "on_failure": "clamp"},
]
BLOCK = {
    "cleaning": {
        "rows": {
            "relation": {"source": ["raw", "rows"]},
            "key": "id",
            "time": "happened_at",
            "loaded_at": "loaded_at",
            "log_changes": ["amount"],
            "rules": RULES,
        }
    }
}
INCREMENTAL = (
    "{{ config(materialized='incremental', unique_key='data_health_load', incremental_strategy='delete+insert') }}"
)
DUPLICATES = (
    "ref('cleaned'), key=['id'], survivor=['loaded_at desc'], columns=['id', 'happened_at', 'amount', 'loaded_at']"
)
MODELS = {
    "cleaned.sql": INCREMENTAL + " {{ data_health.clean('rows') }}",
    "held.sql": INCREMENTAL + " {{ data_health.quarantine('rows') }}",
    "held_beside.sql": INCREMENTAL + " {{ data_health.quarantine('rows', kept=ref('cleaned')) }}",
    "final.sql": "{{ config(materialized='table') }} {{ data_health.deduplicate(%s) }}" % DUPLICATES,  # noqa: UP031
    "removed.sql": "{{ config(materialized='table') }} {{ data_health.removed_duplicates(%s) }}" % DUPLICATES,  # noqa: UP031
    "schema.yml": """
models:
  - name: final
    data_tests:
      - data_health.rows_add_up:
          arguments: {of: "source('raw', 'rows')", parts: ["ref('held')", "ref('removed')"], key: [id]}
""",
}
# every seventh amount is no number, every eleventh time no time, every fifth row comes twice
ROWS = """
    select
        cast(i - case when i % 5 = 4 then 1 else 0 end as varchar) as id,
        case when i % 11 = 0 then '2024-02-30' else cast(date '2024-01-01' + cast(i % 90 as integer) as varchar) end as happened_at,
        case when i % 7 = 0 then 'many' when i % 13 = 0 then 'N/A' else cast(i % 600 as varchar) end as amount,
        timestamp '{loaded}' + to_hours(cast(i % 3 as integer)) as loaded_at
    from range({first}, {end}) numbers (i)
"""
SITUATIONS = {
    "first build": "create table raw.rows as " + ROWS.format(loaded="2024-04-01", first=0, end=2000),
    "new loads": "insert into raw.rows " + ROWS.format(loaded="2024-04-01 02:00:00", first=1500, end=3000),
    "late loads and changes in place": "insert into raw.rows "
    + ROWS.format(loaded="2024-03-31 22:00:00", first=3000, end=3500)
    + """;
        update raw.rows set amount = case when amount = 'many' then '1' else 'many' end, loaded_at = loaded_at + to_days(9)
        where hash(id) % 50 = 0;
        update raw.rows set loaded_at = null where hash(id) % 70 = 0
    """,
}


def timeless(tables):
    """Without which run wrote a row."""
    return {
        name: [{column: value for column, value in row.items() if not column.endswith("run_id")} for row in rows]
        for name, rows in tables.items()
    }


@pytest.fixture(scope="module")
def undisturbed(processes, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    project = Project(folder / "project", BLOCK, models=MODELS)
    project.dbt("parse")
    result = {}
    for name, change in SITUATIONS.items():
        project.sql(change)
        before = project.copy(folder / name.replace(" ", "_"))
        build(processes, project, name, *SELECTED, *MODELS_IN_ORDER)
        result[name] = before, contents(project), count_of_events(project)
    return result


@pytest.mark.parametrize("situation", SITUATIONS)
def test_killed_again_and_again_no_row_is_lost_or_doubled(situation, undisturbed, processes, tmp_path):
    before, expected, events = undisturbed[situation]
    project = before.copy(tmp_path / "project")
    generator = random.Random(f"{SEED} {situation}")
    chosen = [Moment(event=1 + int((number + generator.random()) * events / KILLS)) for number in range(KILLS)]
    generator.shuffle(chosen)
    what = f"seed {SEED}, {situation}, {chosen}"
    for moment in chosen:
        try:
            kill(processes, project, moment, what, (*SELECTED, *MODELS_IN_ORDER))
        except AssertionError:
            # a build that has less to do than an undisturbed one may end before the moment comes
            assert "Completed successfully" in (project.folder / "build.txt").read_text(), what
    build(processes, project, what, *SELECTED)
    found = contents(project)
    assert timeless(found) == timeless(expected), what
    delivered, kept, held, removed = (
        project.sql(f"select count(*) from {name}")[0][0] for name in ("raw.rows", "final", "held", "removed")
    )
    assert delivered == kept + held + removed and min(kept, held, removed) > 100
