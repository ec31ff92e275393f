"""Batches, cells of features and products in batches, of builds that are killed: a rerun gives what an undisturbed build gives."""

import collections
import random

import pytest
from killing import MODELS_IN_ORDER, SEED, Moment, build, count_of_events, kill
from test_killed import Project, contents, differences

pytestmark = pytest.mark.slow

MONITOR = {
    "relation": {"source": ["raw", "visits"]},
    "key": "id",
    "time": "visited_at",
    "subgroups": ["site"],
    "references": {"first_days": {"from": "2025-01-01", "to": "2025-01-15"}},
    "combinations": {"features": ["site", "level"]},
    "components": {"max_columns": 2},
    "labeling": {"annotations": {"source": ["raw", "answers"]}, "budget": 30},
}
MODELS = ("--select", "+health_labeling_candidates", "+feature_cells", "+component_fits", *MODELS_IN_ORDER)
# what the tables come to hold, one after the other; who is asked answers by the row, and not always right
CHANGES = {
    "first batch": """
        create table raw.answers (id bigint, label varchar, annotator varchar, labelled_at timestamp);
        create table raw.visits as
            select
                i as id,
                timestamp '2025-01-01' + to_hours(cast(i as integer)) as visited_at,
                (hash(i, 1) % 1000) / 100.0 as amount,
                (hash(i, 2) % 1000) / 50.0 as weight,
                case when hash(i, 3) % 20 > 0 then (hash(i, 3) % 777) / 7.0 end as height,
                'l' || hash(i, 4) % 5 as level,
                ['hill', 'harbour', 'O''Hara'][cast(1 + hash(i, 5) % 3 as integer)] as site
            from range(900) numbers (i);
    """,
    "second batch": """
        insert into raw.answers
            select
                id,
                case when amount + weight / 4 + hash(id, 6) % 3 > 9 then 'yes' else 'no' end,
                'ana',
                timestamp '2025-06-01'
            from raw.visits
            where cast(id as varchar) in (select row_key from health_labeling_candidates) or id % 6 = 0;
    """,
}
# while the new batch is written
AT_THE_BATCH = Moment(event=3, model="labeling_batches")
# what one run has read, which is less when another has read some of it before
OF_ONE_RUN = ("wide_scans", "wide_batches")

# the project before a build, the tables after it, and how many events it had
Undisturbed = collections.namedtuple("Undisturbed", "before after events")


@pytest.fixture(scope="module")
def undisturbed(processes, tmp_path_factory):
    """Both situations, built one after the other without a disturbance."""
    folder = tmp_path_factory.mktemp("undisturbed")
    project = Project(folder / "project", {"monitors": {"visits": MONITOR}}, sources=["visits", "answers"])
    project.dbt("parse")
    result = {}
    for name, change in CHANGES.items():
        project.sql(change)
        before = project.copy(folder / name.replace(" ", "_"))
        build(processes, project, name, *MODELS)
        result[name] = Undisturbed(before, kept(project), count_of_events(project))
    return result


def kept(project):
    """Every table that does not only say what its run did."""
    return {table: rows for table, rows in contents(project).items() if table not in OF_ONE_RUN}


@pytest.mark.parametrize("situation", CHANGES)
def test_killed_again_and_again_a_rerun_draws_the_same_batch(situation, undisturbed, processes, tmp_path):
    expected = undisturbed[situation]
    kept_tables = ("labeling_batches", "health_labeling_candidates", "feature_cells", "wide_products")
    assert all(expected.after[table] for table in kept_tables)
    project = expected.before.copy(tmp_path / "project")
    moments = [Moment(event=random.Random(f"{SEED} {situation}").randint(1, expected.events)), AT_THE_BATCH]
    for moment in moments:
        kill(processes, project, moment, f"{situation}, {moments}", MODELS)
    build(processes, project, situation, *MODELS)
    assert differences(expected.after, kept(project)) == [], f"{situation}, {moments}"
