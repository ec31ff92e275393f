"""Gaps of Adult as published, and random halves of it: unseen as much as expected, and no alarm."""

import itertools

import pytest
from combination_lattices import MARTS, OFF
from consumer import SHARED_DATA, Consumer, needs_shared_data

ADULT = """
    select
        trim(column09) as sex, trim(column08) as race, trim(column05) as marital, trim(column01) as workclass, trim(column07) as relationship,
        trim(replace(column14, '.', '')) as income,
        case when column00 < 25 then 0 when column00 < 35 then 1 when column00 < 45 then 2 when column00 < 55 then 3 when column00 < 65 then 4 else 5 end as age_six,
        case when column00 < 25 then 0 when column00 < 45 then 1 when column00 < 65 then 2 else 3 end as age_four,
        case when column12 < 35 then 0 when column12 < 40 then 1 when column12 < 41 then 2 else 3 end as hours
    from read_csv('{folder}/adult.{part}', header = false, nullstr = '?')
"""
FEATURES = ["sex", "race", "marital", "age_six", "workclass", "relationship", "income", "hours"]
SHUFFLES = 3


@pytest.fixture(scope="module")
def adult(tmp_path_factory):
    """All of Adult, for its gaps; random halves with 5 to 8 features, and nine random months after a random half."""
    base = {"parts": OFF}
    monitors = {
        "three": base
        | {"relation": {"source": ["raw", "adult"]}, "combinations": {"features": ["sex", "race", "age_six"]}},
        "five": base
        | {
            "relation": {"source": ["raw", "adult"]},
            "combinations": {"features": ["sex", "race", "marital", "age_four", "workclass"], "gap_levels": 5},
        },
    }
    for shuffle, count in itertools.product(range(SHUFFLES), range(5, 9)):
        monitors[f"half_{shuffle}_{count}"] = base | {
            "relation": {"source": ["raw", f"half_{shuffle}"]},
            "time": "happened_at",
            "references": {"training": {"from": "2020-01-01", "to": "2020-02-01"}},
            "combinations": {"features": FEATURES[:count]},
        }
    monitors["months"] = monitors["half_0_8"] | {"relation": {"source": ["raw", "months"]}}
    sources = ("adult", "months", *(f"half_{shuffle}" for shuffle in range(SHUFFLES)))
    project = Consumer(tmp_path_factory.mktemp("adult") / "project", {"monitors": monitors}, sources=sources)
    parts = [ADULT.format(folder=SHARED_DATA / "tables" / "adult", part=part) for part in ("data", "test")]
    project.sql(f"create table raw.adult as {' union all '.join(parts)}")
    for number, name in enumerate(sources[1:]):
        month = "1 + floor(9 * (2 * place / row_count - 1))" if name == "months" else "1"
        project.sql(f"""
            create table raw.{name} as
            with numbered as (select *, row_number() over () as number from raw.adult),
            shuffled as (select *, row_number() over (order by hash(number + 100000 * {number})) - 1 as place, count(*) over () as row_count from numbered)
            select
                * exclude (number, place, row_count),
                timestamp '2020-01-01' + to_months(cast(case when 2 * place < row_count then 0 else {month} end as integer)) as happened_at
            from shuffled
        """)
    project.build_up_to(*MARTS)
    return project


@needs_shared_data
def test_gaps_of_adult_are_the_published_ones(adult):
    counted = adult.sql(
        "select monitor, level, count(*) from health_coverage_gaps where monitor in ('three', 'five') group by all"
    )
    levels = {(monitor, level): count for monitor, level, count in counted}
    assert sum(count for (monitor, _), count in levels.items() if monitor == "three") == 10
    assert [levels["five", level] for level in range(1, 6)] == [2, 40, 218, 137, 28]


@needs_shared_data
def test_random_halves_leave_unseen_what_good_and_turing_expect(adult):
    rows = adult.rows("""
        select * from health_coverage_combinations
        where monitor like 'half%' and is_whole and period_start = date '2020-02-01'
    """)
    assert len(rows) == 4 * SHUFFLES
    for row in rows:
        difference = abs(row["unseen_share"] - row["expected_unseen_share"])
        assert difference <= min(0.015, 3 * row["standard_error"]), row
    assert max(row["unseen_share"] for row in rows) > 0.05


@needs_shared_data
def test_nothing_random_is_in_alarm(adult):
    combinations = adult.rows("select * from health_coverage_combinations where period_start > date '2020-01-01'")
    assert len(combinations) > 1000
    assert [(row["monitor"], row["column_names"]) for row in combinations if row["status"] in ("warn", "alert")] == []
    gaps = adult.rows("select * from health_coverage_gaps where dataset = 'training'")
    assert len(gaps) > 1000
    assert [(row["monitor"], row["pattern"]) for row in gaps if row["status"] in ("warn", "alert")] == []
