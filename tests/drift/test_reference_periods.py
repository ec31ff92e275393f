"""Months that belong to a reference window are not judged against it, on real tables."""

from datetime import date

import pytest
from consumer import SHARED_DATA, Consumer, needs_shared_data

pytestmark = needs_shared_data

TABLES = SHARED_DATA / "tables"
FILES = {
    # calls in their order, forty parts of them as months
    "bank": f"""
        select * exclude (line), timestamp '2001-01-01' + to_months(cast(floor(40 * (line - 1) / 41188) as integer)) as happened_at
        from (select *, row_number() over () as line from read_csv('{TABLES}/bank/bank-additional-full.csv', delim = ';')) as lines
    """,
    "elec2": f"select *, ts_reconstructed as happened_at from read_csv('{TABLES}/elec2/elec2_with_ts.csv')",
}
# first months of the window, and the first one after it
WINDOWS = {"bank": (date(2001, 1, 1), date(2001, 11, 1)), "elec2": (date(1996, 6, 1), date(1996, 12, 1))}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    monitors = {
        name: {
            "relation": {"source": ["raw", name]},
            "time": "happened_at",
            "references": {"window": {"from": str(WINDOWS[name][0]), "to": str(WINDOWS[name][1])}},
        }
        for name in FILES
    }
    consumer = Consumer(tmp_path_factory.mktemp("members") / "project", {"monitors": monitors}, sources=tuple(FILES))
    for name, query in FILES.items():
        consumer.sql(f"create table raw.{name} as {query}")
    consumer.build_up_to("health_alerts")
    return consumer


@pytest.mark.parametrize("name", FILES)
def test_no_month_of_the_reference_alarms_against_it(project, name):
    begins, ends = WINDOWS[name]
    for mart in ("health_drift", "health_coverage", "health_coverage_combinations", "health_multivariate_drift"):
        ((inside, outside),) = project.sql(f"""
            select
                count(case when period_start >= date '{begins}' and period_start < date '{ends}' then 1 end),
                count(case when period_start >= date '{ends}' then 1 end)
            from {mart} where monitor = '{name}' and reference = 'window' and status is not null
        """)
        assert (inside, outside > 0) == (0, True), mart
    told = project.sql(f"""
        select finding, column_name, first_period from health_alerts
        where monitor = '{name}' and first_period >= date '{begins}' and first_period < date '{ends}'
            and contains(reference_list, 'window')
    """)
    assert told == []


@pytest.mark.parametrize("name", FILES)
def test_every_volume_row_has_an_interval_that_tells_or_says_so(project, name):
    rows = project.sql(
        f"select status, expected_lower, expected_upper, reason from health_volume where monitor = '{name}'"
    )
    assert len(rows) > 24
    for status, lower, upper, reason in rows:
        assert status == "insufficient_data" or upper <= 30 * max(lower, 1), reason
        assert reason
