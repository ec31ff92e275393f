"""Representation of real tables: a survey with weights, police stops against the census, random halves of one table."""

from collections import Counter

import pytest
from consumer import SHARED_DATA, Consumer, needs_shared_data
from representation_oracle import wilson
from representation_project import REPRESENTATION


@needs_shared_data
@pytest.mark.slow
def test_weights_undo_what_a_survey_oversampled(tmp_path_factory):
    """NHANES 2009-2012 asked more Black and Mexican people and children than there are; their weights say so."""
    monitor = {
        "relation": {"ref": "examinations"},
        "key": "ID",
        "subgroups": ["Race1", "minor", ["Race1", "minor"]],
        "population": {"ref": "residents"},
        "parts": {"drift": False, "coverage": False, "components": False},
        "features": ["BMI"],
    }
    configuration = {"monitors": {"rows": monitor, "people": monitor | {"weight": "WTINT2YR"}}}
    file = SHARED_DATA / "tables" / "nhanes" / "NHANESraw.csv"
    models = {
        "examinations.sql": "{{ config(materialized='table') }} select ID, Race1, case when Age < 18 then '0-17' else '18 and over' end as minor, "
        f"cast(WTINT2YR as double) as WTINT2YR, cast(BMI as double) as BMI from read_csv('{file}', nullstr = ['NA', ''])",
        "residents.sql": "{{ config(materialized='table') }} {% for column in ['Race1', 'minor'] %} select '{{ column }}' as subgroup, {{ column }} as value, "
        "sum(WTINT2YR) / (select sum(WTINT2YR) from {{ ref('examinations') }}) as share from {{ ref('examinations') }} group by 2 "
        "{{ 'union all' if not loop.last }} {% endfor %}",
    }
    project = Consumer(tmp_path_factory.mktemp("nhanes") / "project", configuration, models=models, sources=())
    project.build("--select", "examinations", "residents", *REPRESENTATION)
    found = project.rows(
        "select * from health_representation where reference = '(population)' and reference_share is not null"
    )
    rows = {(row["monitor"], row["group_value"]): row for row in found}
    ratios = {"White": 0.57, "Black": 1.87, "Mexican": 1.83, "0-17": 1.58}
    for group, ratio in ratios.items():
        assert round(rows["rows", group]["ratio"], 2) == ratio
        assert rows["people", group]["ratio"] == pytest.approx(1, abs=1e-9)
        assert rows["people", group]["status"] == "ok"
        assert rows["people", group]["effective_row_count"] < 0.7 * rows["people", group]["base_row_count"]
    assert {group: rows["rows", group]["representation"] for group in ratios} == {
        "White": "under",
        "Black": "over",
        "Mexican": "over",
        "0-17": "over",
    }
    assert rows["rows", "White"]["status"] == "warn"


CENSUS_NAMES = {
    "BLACK": "Black non-Hispanic",
    "WHITE": "White non-Hispanic",
    "WHITE HISPANIC": "Hispanic",
    "BLACK HISPANIC": "Hispanic",
    "ASIAN / PACIFIC ISLANDER": "Asian non-Hispanic",
    "AMERICAN INDIAN/ALASKAN NATIVE": "Some other race non-Hispanic",
    "BRONX": "Bronx",
    "BROOKLYN": "Brooklyn",
    "MANHATTAN": "Manhattan",
    "QUEENS": "Queens",
    "STATEN ISLAND": "Staten Island",
}


@needs_shared_data
def test_police_stops_against_the_census_of_the_boroughs(tmp_path_factory):
    folder = SHARED_DATA / "tables" / "nypd_stops"
    monitor = {
        "relation": {"ref": "stops"},
        "key": "id",
        "subgroups": ["borough", "race", ["borough", "race"]],
        "population": {"ref": "census"},
        "population_names": {"source": ["raw", "names"]},
        "label": {"column": "arrested", "positive": "Y"},
        "parts": {"drift": False, "coverage": False, "components": False},
    }
    models = {
        "stops.sql": "{{ config(materialized='table') }} select STOP_ID as id, STOP_LOCATION_BORO_NAME as borough, SUSPECT_RACE_DESCRIPTION as race, "
        f"SUSPECT_ARRESTED_FLAG as arrested from read_csv('{folder}/nypd_sqf_2021.csv', all_varchar = true, nullstr = '(null)')",
        "census.sql": "{{ config(materialized='table') }} with census as (select borough, \"group\" as race, population / (select sum(population) from "
        f"read_csv('{folder}/nyc_2020_census_race_by_borough.csv') where \"group\" = 'Total population') as share from read_csv('{folder}/nyc_2020_census_race_by_borough.csv')) "
        "select 'borough' as subgroup, borough as value, share from census where race = 'Total population' union all "
        "select 'race', race, sum(share) from census where race <> 'Total population' group by 2 union all "
        "select 'borough, race', borough || ', ' || race, share from census where race <> 'Total population'",
    }
    project = Consumer(
        tmp_path_factory.mktemp("stops") / "project", {"monitors": {"stops": monitor}}, models=models, sources=["names"]
    )
    names = list(CENSUS_NAMES.items())
    table = {
        "subgroup": ["race"] * 6 + ["borough"] * 5,
        "value": [name for name, _ in names],
        "population_value": [name for _, name in names],
    }
    project.load("names", table)
    project.build("--select", "stops", "census", *REPRESENTATION)
    rows = {
        (row["subgroup"], row["group_value"]): row
        for row in project.rows("select * from health_representation where reference = '(population)'")
    }
    stops = Counter(project.sql("select borough, race from stops"))
    arrested = Counter(project.sql("select borough, race from stops where arrested = 'Y'"))
    census = {(subgroup, value): share for subgroup, value, share in project.sql("select * from census")}
    expected, yes = Counter(), Counter()
    for counted, result in ((stops, expected), (arrested, yes)):
        for (borough, race), count in counted.items():
            place, group = CENSUS_NAMES[borough], CENSUS_NAMES.get(race, race or "(null)")
            for key in (("borough", place), ("race", group), ("borough, race", f"{place}, {group}")):
                result[key] += count
    assert rows.keys() == expected.keys() | census.keys()
    for key, row in rows.items():
        assert (row["row_count"], row["positive_count"] or 0) == (expected[key], yes[key])
        assert (row["share_lower"], row["share_upper"]) == pytest.approx(wilson(expected[key], 8947), abs=1e-12)
        if key in census:
            assert row["ratio"] == pytest.approx(expected[key] / 8947 / census[key])
        else:
            assert row["reason"] == "no population share"
    black = rows["borough, race", "Brooklyn, Black non-Hispanic"]
    assert (black["representation"], rows["race", "Asian non-Hispanic"]["representation"]) == ("over", "under")
    assert rows["race", "Asian non-Hispanic"]["status"] == "alert"
    assert rows["race", "(null)"]["row_count"] == 83
    assert rows["borough, race", "Staten Island, Some other race non-Hispanic"]["reason"] == "too few rows in the group"


@needs_shared_data
@pytest.mark.slow
def test_random_halves_of_a_table_raise_no_alarm(tmp_path_factory):
    files = [str(SHARED_DATA / "tables" / "adult" / name) for name in ("adult.data", "adult.test")]
    names = "age, workclass, fnlwgt, education, education_num, marital_status, occupation, relationship, race, sex"
    columns = ", ".join(f"trim(column{number:02}) as {name}" for number, name in enumerate(names.split(", ")))
    models = {
        "people.sql": "{{ config(materialized='table') }} select row_number() over () as id, "
        f"{columns} from read_csv({files}, header = false, all_varchar = true, null_padding = true, ignore_errors = true) where column09 is not null"
    }
    monitors = {}
    for number in range(6):
        for half in (0, 1):
            models[f"half_{number}_{half}.sql"] = (
                "{{ config(materialized='table') }} select *, cast(age as integer) // 15 as band from {{ ref('people') }} "
                f"where hash(id, {number}) % 2 = {half}"
            )
        monitors[f"half_{number}"] = {
            "relation": {"ref": f"half_{number}_0"},
            "references": {"other_half": {"relation": {"ref": f"half_{number}_1"}}},
            "subgroups": [
                "sex",
                "race",
                "band",
                "workclass",
                ["sex", "race", "band"],
                ["workclass", "race", "marital_status"],
            ],
            "features": ["education_num"],
            "parts": {"drift": False, "coverage": False, "components": False},
        }
    project = Consumer(tmp_path_factory.mktemp("halves") / "project", {"monitors": monitors}, models=models, sources=())
    project.build("--select", "package:consumer", *REPRESENTATION)
    statuses = dict(
        project.sql("select status, count(*) from health_representation where reference = 'other_half' group by 1")
    )
    assert sum(statuses.values()) > 1000
    assert set(statuses) == {"ok", "insufficient_data"}
