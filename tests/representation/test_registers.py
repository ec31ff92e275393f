"""Registers of known biases as people write them: no expiry in any row, and groups under the name that the table gives them."""

import pytest
from consumer import Consumer

MONITOR = {
    "relation": {"source": ["raw", "people"]},
    "key": "id",
    "subgroups": ["race"],
    "features": ["age"],
    "population": {"source": ["raw", "population"]},
    "population_names": {"source": ["raw", "names"]},
}
TABLES = ("people", "population", "names", "register")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    configuration = {"monitors": {"people": MONITOR}, "known_biases": {"source": ["raw", "register"]}}
    consumer = Consumer(tmp_path_factory.mktemp("registers") / "project", configuration, sources=TABLES)
    consumer.sql("""
        create table raw.people as
        select i as id, case when i % 10 < 7 then 'White' else 'Black' end as race, i % 80 as age from range(1000) as numbers (i);
        create table raw.population as
        select 'race' as subgroup, 'White non-Hispanic' as value, 0.6 as share union all select 'race', 'Black', 0.4;
        create table raw.names as select 'race' as subgroup, 'White' as value, 'White non-Hispanic' as population_value;
    """)
    write_register(consumer, "null::varchar")
    consumer.build_up_to("health_known_biases")
    return consumer


def write_register(project, expiry):
    project.sql(f"""
        create or replace table raw.register as
        select value || '.' || metric as id, 'people' as monitor, 'race' as subgroup, value, metric, threshold, null::varchar as reference,
            'ana' as owner, {expiry.replace("'2020-01-01'", "'2019-01-01'")} as opened, {expiry} as expiry
        from (values ('White', 'share_ratio', 0.8), ('White non-Hispanic', 'share_ratio', 1.3), ('Black', 'share_ratio', 0.8),
            ('White', 'share', 0.5)) as entries (value, metric, threshold)
    """)


@pytest.mark.parametrize("expiry", ["null::integer", "null::varchar", "''", "date '2020-01-01'", "'2020-01-01'"])
def test_an_entry_is_decided_whatever_type_its_expiry_has(project, expiry):
    write_register(project, expiry)
    project.build("--select", "health_known_biases")
    # .7 of the rows for .6 of the population is 1.17, .3 for .4 is .75
    found = dict(project.sql("select id, status from health_known_biases"))
    assert found == {
        "White.share_ratio": "pass",
        "White non-Hispanic.share_ratio": "fail",
        "Black.share_ratio": "inconclusive",
        "White.share": "pass",
    }
    dated = "2020" in expiry
    assert project.sql("select distinct expiry is not null from health_known_biases") == [(dated,)]


def test_an_expiry_that_is_no_date_is_told(project):
    project.sql("""
        create or replace table raw.register as
        select 'a' as id, 'people' as monitor, 'race' as subgroup, 'White' as value, 'share' as metric, 0.5 as threshold,
            null::varchar as reference, 'ana' as owner, '2024-01-01' as opened, 'soon' as expiry
    """)
    project.build("--select", "health_known_biases")
    ((status, evidence),) = project.sql("select status, evidence from health_known_biases")
    assert status == "inconclusive" and "expiry is not a date" in evidence
