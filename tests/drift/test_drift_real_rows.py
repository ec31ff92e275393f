"""Real rows in random order do not drift: cut into months by chance, they raise next to no alarm."""

import pytest
from consumer import SHARED_DATA, Consumer, needs_shared_data

pytestmark = needs_shared_data

TABLES = SHARED_DATA / "tables"
MONTHS = 20
FILES = {
    "bank": "read_csv('{folder}/bank/bank-additional-full.csv', delim = ';')",
    "elec2": "read_csv('{folder}/elec2/elec2_with_ts.csv')",
    "nypd": "read_csv('{folder}/nypd_stops/nypd_sqf_2021.csv', nullstr = '(null)', sample_size = -1)",
    "adult": "read_csv('{folder}/adult/adult.data', header = false, nullstr = '?')",
}


@pytest.fixture(scope="module")
def shuffled(tmp_path_factory):
    monitor = {
        "time": "happened_at",
        "references": {"first_ten": {"from": "2020-01-01", "to": "2020-11-01"}},
        "parts": {"components": False},
    }
    monitors = {name: monitor | {"relation": {"source": ["raw", name]}} for name in FILES}
    # from months that are made up, the distance of a real date drifts
    monitors["elec2"]["exclude"] = ["ts_reconstructed"]
    monitors["nypd"]["exclude"] = ["STOP_FRISK_DATE"]
    project = Consumer(tmp_path_factory.mktemp("shuffled") / "project", {"monitors": monitors}, sources=tuple(FILES))
    for name, file in FILES.items():
        project.sql(f"""
            create table raw.{name} as
            with numbered as (select *, row_number() over () as row_in_file from {file.format(folder=TABLES)}),
            shuffled as (select *, row_number() over (order by hash(row_in_file)) - 1 as place, count(*) over () as row_count from numbered)
            select
                * exclude (row_in_file, place, row_count),
                timestamp '2020-01-01' + to_months(cast(floor({MONTHS} * place / row_count) as integer)) as happened_at
            from shuffled
        """)
    project.build_up_to("health_drift")
    return project


@pytest.mark.parametrize("name", FILES)
def test_at_most_one_column_in_two_hundred_warns(shuffled, name):
    judged = shuffled.sql(f"""
        select column_status, count(*)
        from (select distinct reference, period_start, column_name, column_status from health_drift where monitor = '{name}')
        group by all
    """)
    counts = dict(judged)
    total = sum(counts.values()) - counts.get("insufficient_data", 0)
    # the months of the reference are not among them
    assert total > 10 * MONTHS
    assert counts.get("warn", 0) + counts.get("alert", 0) <= 0.005 * total
    assert counts.get("alert", 0) <= 0.001 * total


@pytest.mark.parametrize("name", FILES)
def test_the_order_of_rows_that_were_shuffled_is_not_overdispersed(shuffled, name):
    (median,) = shuffled.sql(f"""
        select median(overdispersion) from health_drift
        where monitor = '{name}' and reference = 'first_ten' and metric = 'population_stability_index' and overdispersion_pairs >= 8
    """)
    assert median[0] < 1.3
