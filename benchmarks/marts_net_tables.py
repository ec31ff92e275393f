"""The projects that `marts_net.py` builds: how each public table is loaded, its models, a monitor with many settings.

SQL here runs on DuckDB and on PostgreSQL. Names that a release may change, of keys of the configuration and of macros,
are written as the first release spells them; `marts_net.py build --spelling` says what they are called now.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

# a draw from 0 to 99 by the number of a line: the same on both engines
DRAW = "(({line} * 7919 + 104729) % 100)"


@dataclass(frozen=True)
class Table:
    """A consumer project.

    `raw` maps tables of the schema raw to a file below `tables/` and its separator; all columns are texts, and `line`
    numbers the rows. `truth` is a query of `line` and `label` by which people answer between the builds. `reduction` is
    what happens to the raw rows before a later release builds over the database: the newest period comes again as the
    next one, half of the rows go, and all of one period.
    """

    raw: dict[str, tuple[str, str]]
    models: dict[str, str]
    monitor: dict[str, Any]
    cleaning: dict[str, Any] = field(default_factory=dict)
    block: dict[str, Any] = field(default_factory=dict)
    truth: str = ""
    only_duckdb: frozenset[str] = frozenset()
    reduction: tuple[str, ...] = ()


def typed(types: dict[str, str]) -> str:
    """The casts of text columns; columns by their names as they are."""
    return ",\n    ".join(f'cast("{name}" as {kind}) as "{name}"' for name, kind in types.items())


def columns(kind: str, names: str) -> dict[str, str]:
    """The same type for several columns."""
    return dict.fromkeys(names.split(), kind)


def values(names: str, *rows: str) -> str:
    """A model of fixed rows."""
    return "\nunion all\n".join(
        "select " + ", ".join(f"{value} as {name}" for name, value in zip(names.split(), row.split("; "), strict=True))
        for row in rows
    )


def model(query: str) -> str:
    """A model that is a table."""
    return "{{ config(materialized='table') }}\n\n" + query + "\n"


ACKNOWLEDGED = "monitor finding column_name first_period acknowledged_until acknowledged_by note"
BIASES = "id monitor subgroup value metric threshold reference owner opened expiry"
NEVER = "cast('2099-12-31' as date)"
NO_DATE = "cast(null as date)"


def bias(name: str, monitor: str, subgroup: str, value: str, metric: str, threshold: str, reference: str = "") -> str:
    """A row of the register of known biases."""
    of = f"cast('{reference}' as varchar)" if reference else "cast(null as varchar)"
    texts = "; ".join(f"cast('{text}' as varchar)" for text in (name, monitor, subgroup, value, metric))
    rest = f"cast({threshold} as double precision); {of}; cast('net' as varchar); cast('2020-01-01' as date); {NEVER}"
    return f"{texts}; {rest}"


def nypd() -> Table:
    """Police stops by month: rules, repair, suggestions, a population, labels in a table of their own, answers."""
    stop_is_dark = "case when {line} % 19 = 0 then 0.9e0 else 0.1e0 end"
    stops = f"""
select
    stg_stops.*,
    cast("STOP_FRISK_DATE" as date) + cast("STOP_FRISK_TIME" as time) as stopped_at,
    12 * cast(split_part("SUSPECT_HEIGHT", '.', 1) as integer)
        + cast(nullif(split_part("SUSPECT_HEIGHT", '.', 2), '') as integer) as height_inches,
    case
        when "SUSPECT_REPORTED_AGE" < 18 then 'under 18'
        when "SUSPECT_REPORTED_AGE" < 25 then '18-24'
        when "SUSPECT_REPORTED_AGE" < 35 then '25-34'
        when "SUSPECT_REPORTED_AGE" >= 35 then '35 and over'
    end as age_band,
    cast(round(cast(
        (0.5e0 * case when "WEAPON_FOUND_FLAG" = 'Y' then 1 else 0.2e0 end
        + 0.4e0 * case when "SEARCHED_FLAG" = 'Y' then 1 else 0.1e0 end
        + 0.1e0 * {stop_is_dark.format(line='"STOP_ID"')}) as numeric), 4) as double precision) as score,
    case when "SEARCHED_FLAG" = 'Y' then 'Y' else 'N' end as predicted,
    case when "STOP_ID" < 5000 then 'v1' else 'v2' end as model_version
from {{{{ ref('stg_stops') }}}} as stg_stops"""
    labels = f"""
select "STOP_ID" as stop_id, "SUSPECT_ARRESTED_FLAG" as arrested, stopped_at + interval '3 days' as labelled_at
from {{{{ ref('stops') }}}}
where stopped_at < '2021-11-01' and {DRAW.format(line='"STOP_ID"')} < 60"""
    training = """
select * from {{ ref('stops') }} where stopped_at < '2021-05-01' and "STOP_ID" % 3 <> 0"""
    population = """
select
    'SUSPECT_RACE_DESCRIPTION' as subgroup,
    "group" as value,
    sum(cast(population as double precision)) / max(total) as share
from {{ source('raw', 'census') }}
cross join (
    select sum(cast(population as double precision)) as total
    from {{ source('raw', 'census') }}
    where "group" <> 'Total population'
) as totals
where "group" <> 'Total population'
group by "group"
union all
select 'SUSPECT_SEX', 'MALE', 0.48e0
union all
select 'SUSPECT_SEX', 'FEMALE', 0.52e0"""
    names = values(
        "subgroup value population_value",
        *(
            f"'SUSPECT_RACE_DESCRIPTION'; '{value}'; '{name}'"
            for value, name in {
                "BLACK": "Black non-Hispanic",
                "WHITE": "White non-Hispanic",
                "WHITE HISPANIC": "Hispanic",
                "BLACK HISPANIC": "Hispanic",
                "ASIAN / PACIFIC ISLANDER": "Asian non-Hispanic",
                "MIDDLE EASTERN/SOUTHWEST ASIAN": "White non-Hispanic",
                "AMERICAN INDIAN/ALASKAN NATIVE": "Some other race non-Hispanic",
            }.items()
        ),
    )
    race, october = "SUSPECT_RACE_DESCRIPTION", "cast('2021-10-01' as date)"
    return Table(
        raw={
            "stops": ("nypd_stops/nypd_sqf_2021.csv", ","),
            "census": ("nypd_stops/nyc_2020_census_race_by_borough.csv", ","),
        },
        models={
            "stg_stops": model("{{ data_health.clean('stops') }}"),
            "stops_in_quarantine": model("{{ data_health.quarantine('stops') }}"),
            "stops": model(stops),
            "stop_labels": model(labels),
            "stops_training": model(training),
            "race_shares": model(population),
            "race_names": model(names),
            "biases": model(
                values(
                    BIASES,
                    bias("black", "stops", race, "BLACK", "share_ratio", "0.8"),
                    bias("white", "stops", race, "WHITE", "share_ratio", "0.8"),
                    bias("women", "stops", "SUSPECT_SEX", "FEMALE", "label_rate_ratio", "0.8", "first_half"),
                    bias("young", "stops", "age_band", "under 18", "selection_ratio", "0.8", "production"),
                    bias("gaps", "stops", "SUSPECT_SEX", "FEMALE", "missing_share", "0.5"),
                )
            ),
            "known": model(
                values(
                    ACKNOWLEDGED,
                    f"'stops'; 'drift'; 'SUPERVISING_OFFICER_RANK'; {NO_DATE}; {NEVER}; 'net'; "
                    "'lost in the second quarter'",
                    f"'stops'; 'volume'; '*'; {october}; cast('2021-12-31' as date); 'net'; 'its day has passed'",
                )
            ),
        },
        cleaning={
            "stops": {
                "relation": {"source": ["raw", "stops"]},
                "key": "STOP_ID",
                "time": "STOP_FRISK_DATE",
                "rules": [
                    {"columns": "all", "null_values": ["(null)"]},
                    {
                        "columns": [
                            "STOP_ID",
                            "OBSERVED_DURATION_MINUTES",
                            "STOP_DURATION_MINUTES",
                            "SUSPECT_REPORTED_AGE",
                            "SUSPECT_WEIGHT",
                        ],
                        "cast": "integer",
                    },
                    {"column": "STOP_FRISK_DATE", "cast": "date", "on_failure": "quarantine"},
                    {"column": "STOP_ID", "required": True},
                    {"column": "SUSPECT_REPORTED_AGE", "range": [10, 100], "on_failure": "null"},
                    {"column": "SUSPECT_WEIGHT", "range": [60, 400]},
                    {"column": "SUSPECT_SEX", "allowed": ["MALE", "FEMALE"]},
                    {
                        "name": "a firearm is a weapon",
                        "when": "\"FIREARM_FLAG\" = 'Y'",
                        "expression": "\"WEAPON_FOUND_FLAG\" = 'Y'",
                    },
                    {"column": "STOP_DURATION_MINUTES", "range": [0, 600], "on_failure": "quarantine"},
                ],
                "suggest": True,
                "log_changes": ["SUSPECT_REPORTED_AGE", "SUSPECT_SEX"],
                "show_values": ["SUSPECT_REPORTED_AGE", "SUSPECT_WEIGHT", "SUSPECT_SEX"],
            }
        },
        block={"acknowledgements": {"ref": "known"}, "known_biases": {"ref": "biases"}},
        monitor={
            "relation": {"ref": "stops"},
            "key": "STOP_ID",
            "time": "stopped_at",
            "timezone": "America/New_York",
            "references": {
                "first_half": {"from": "2021-01-01", "to": "2021-07-01"},
                "training": {"relation": {"ref": "stops_training"}},
                "lately": {"last": "90 days"},
            },
            "exclude": [
                "YEAR2",
                "MONTH2",
                "DAY2",
                "line",
                "STOP_FRISK_DATE",
                "STOP_FRISK_TIME",
                "SUSPECT_HEIGHT",
                "SUSPECT_ARRESTED_FLAG",
            ],
            "subgroups": [race, "SUSPECT_SEX", "age_band", ["SUSPECT_SEX", "age_band"]],
            "segments": ["STOP_LOCATION_BORO_NAME"],
            "population": {"ref": "race_shares"},
            "population_names": {"ref": "race_names"},
            "label": {
                "relation": {"ref": "stop_labels"},
                "key": "stop_id",
                "column": "arrested",
                "positive": "Y",
                "loaded_at": "labelled_at",
            },
            "prediction": {"score": "score", "label": "predicted", "version": "model_version"},
            "coverage": {"features": [race, "SUSPECT_SEX", "FRISKED_FLAG", "WEAPON_FOUND_FLAG"], "gap_rows": 20},
            "labeling": {
                "annotations": {"source": ["raw", "answers"]},
                "budget": 300,
                "strategy": "entropy",
                "precision": 0.7,
                "on_label_break": "continue",
                "show": ["SUSPECT_SEX", "age_band"],
            },
            "dimensions": {"one_hot": ["SUSPECT_SEX", "FRISKED_FLAG"], "variance": 0.8},
            "volume": {"fresh_within": "36500 days"},
            "exact": True,
            "owner": "net",
            "show_values": [
                race,
                "SUSPECT_SEX",
                "age_band",
                "FRISKED_FLAG",
                "ISSUING_OFFICER_RANK",
                "STOP_LOCATION_BORO_NAME",
            ],
        },
        truth='select "STOP_ID" as line, "SUSPECT_ARRESTED_FLAG" as label from main.stops',
    )


def bank() -> Table:
    """Calls in their order, forty parts of them as months: seasons, a regression, automatic labels, two versions."""
    month_of = 'floor(40e0 * (cast("line" as integer) - 1) / 41188)'
    month = f"cast({month_of} as integer)"
    types = (
        columns("integer", "age campaign previous")
        | columns("varchar", "job marital education default housing loan contact month day_of_week poutcome")
        | columns("double precision", "emp.var.rate cons.price.idx cons.conf.idx euribor3m nr.employed")
    )
    calls = f"""
select
    cast("line" as integer) as call_id,
    {typed(types)},
    nullif(cast(pdays as integer), 999) as pdays,
    cast(cast('2001-01-01' as date) + {month} * interval '1 month' as timestamp) as called_in,
    case when cast("line" as integer) < 33000 or cast("line" as integer) % 10 = 0 then "y" end as "y",
    cast(round(cast(1e0 / (1e0 + exp(-(
        0.2e0 - 0.75e0 * cast(euribor3m as double precision) + 1.8e0 * case when poutcome = 'success' then 1 else 0 end
        + 0.5e0 * case when contact = 'cellular' then 1 else 0 end - 0.05e0 * cast(campaign as double precision)
    ))) as numeric), 6) as double precision) as score,
    case when poutcome = 'success' or cast(euribor3m as double precision) < 1.2e0 then 'yes' else 'no' end as predicted,
    case when {month} < 20 then 'v1' else 'v2' end as model_version
from {{{{ source('raw', 'bank') }}}}"""
    return Table(
        raw={"bank": ("bank/bank-additional-full.csv", ";")},
        models={
            "bank_calls": model(calls),
            "calls_training": model("select * from {{ ref('bank_calls') }} where call_id < 9000 and call_id % 4 <> 0"),
            "jobs": model(
                values(
                    "subgroup value share",
                    "'marital'; 'married'; 0.5e0",
                    "'marital'; 'single'; 0.38e0",
                    "'marital'; 'divorced'; 0.12e0",
                )
            ),
            "biases": model(
                values(
                    BIASES,
                    bias("divorced", "calls", "marital", "divorced", "share_ratio", "0.9"),
                    bias("single", "calls", "marital", "single", "true_positive_rate", "0.3"),
                    bias("alarms", "calls", "marital", "single", "false_positive_rate", "0.3"),
                )
            ),
        },
        block={"known_biases": {"ref": "biases"}},
        cleaning={
            "known_calls": {
                "relation": {"ref": "bank_calls"},
                "key": "call_id",
                "time": "called_in",
                "rules": [{"columns": ["job", "education", "default"], "null_values": ["unknown"]}],
                "log_changes": ["job"],
                "show_values": ["job"],
            }
        },
        monitor={
            "relation": {"ref": "bank_calls"},
            "key": "call_id",
            "time": "called_in",
            "on_missing_period": "keep",
            "references": {
                "first_ten": {"from": "2001-01-01", "to": "2001-11-01"},
                "training": {"relation": {"ref": "calls_training"}},
                "last_year": {"last": "365 days"},
            },
            "subgroups": ["marital", ["marital", "contact"]],
            "segments": ["contact"],
            "population": {"ref": "jobs"},
            "label": {"column": "y", "positive": "yes"},
            "prediction": {"score": "score", "label": "predicted", "version": "model_version"},
            "coverage": {"features": ["job", "marital", "education", "contact", "age"], "combinations": 2, "barely": 8},
            "labeling": {
                "annotations": {"source": ["raw", "answers"]},
                "budget": 1000,
                "learner": "logistic_regression",
                "precision": 0.6,
                "labels_per_subgroup": 12,
                "on_label_break": "continue",
            },
            "dimensions": {"variance": 0.75, "one_hot": ["contact", "marital"], "max_columns": 50},
            "volume": {"seasonality": "month", "fresh_within": "36500 days"},
            "thresholds": {"psi": [0.15, 0.3], "ks": [0.12, 0.25]},
            "minimum_rows": 40,
            "show_values": ["job", "marital", "contact", "y", "education"],
        },
        truth='select cast("line" as integer) as line, y as label from raw.bank',
        reduction=(
            f"create temporary table next_month as select * from raw.bank where {month_of} = 39",
            'update next_month set "line" = cast(cast("line" as integer) + 1030 as varchar)',
            "insert into raw.bank select * from next_month",
            # the thirty-fourth month wholly
            f"delete from raw.bank where {month_of} = 33",
            'delete from raw.bank where cast("line" as integer) % 2 = 1',
        ),
    )


def nhanes() -> Table:
    """Health examinations, two surveys with weights and a population of sex and age; a wide table."""
    texts = "Sex Race1 Race3 Education MaritalStatus Work BMI_WHO HealthGen Diabetes PhysActive SmokeNow"
    numbers = (
        "Age Poverty HomeRooms Weight Height BMI Pulse BPSysAve BPDiaAve BPSys1 BPDia1 BPSys2 BPDia2 BPSys3 BPDia3 "
        "Testosterone DirectChol TotChol UrineVol1 UrineFlow1 SleepHrsNight DaysPhysHlthBad "
        "DaysMentHlthBad AlcoholYear WTINT2YR"
    )
    band = """
    case
        when cast("Age" as integer) < 18 then '0-17' when cast("Age" as integer) < 40 then '18-39'
        when cast("Age" as integer) < 65 then '40-64' else '65+'
    end as age_band"""
    examinations = f"""
select
    cast("ID" as integer) as "ID",
    {typed(columns("varchar", texts) | columns("double precision", numbers))},
    {band},
    cast(substr("SurveyYr", 1, 4) || '-01-01' as date) as survey_start,
    case
        when cast("BPSysAve" as double precision) > 140 or cast("BMI" as double precision) > 35 then 'Yes' else 'No'
    end as predicted
from {{{{ source('raw', 'examinations') }}}}"""
    # men and women of every age, without the totals
    residents = f"""
with residents as (
    select
        case when "SEX" = '1' then 'male' else 'female' end as sex,
        cast("POPESTIMATE2010" as double precision) as people,
        {band}
    from (select "SEX", "AGE" as "Age", "POPESTIMATE2010" from {{{{ source('raw', 'residents') }}}}) as listed
    where "SEX" <> '0' and "Age" <> '999'
)
select 'Sex' as subgroup, sex as value, sum(people) / (select sum(people) from residents) as share
from residents group by sex
union all
select 'age_band', age_band, sum(people) / (select sum(people) from residents)
from residents group by age_band
union all
select 'Sex, age_band', sex || ', ' || age_band, sum(people) / (select sum(people) from residents)
from residents group by sex, age_band"""
    return Table(
        raw={
            "examinations": ("nhanes/NHANESraw.csv", ","),
            "residents": ("nhanes/us_residents_by_age_sex_2019.csv", ","),
        },
        models={"examinations": model(examinations), "us_shares": model(residents)},
        monitor={
            "relation": {"ref": "examinations"},
            "where": '"Age" is not null',
            "key": "ID",
            "time": "survey_start",
            "grain": "quarter",
            "references": {"survey_2009": {"from": "2009-01-01", "to": "2011-01-01"}, "before": {"last": "800 days"}},
            "columns": {"HomeRooms": {"kind": "categorical"}, "Race3": {"kind": "text"}},
            "max_categories": 20,
            "subgroups": ["Sex", "Race1", "age_band", ["Sex", "age_band"]],
            "segments": ["Sex"],
            "weight": "WTINT2YR",
            "population": {"ref": "us_shares"},
            "label": {"column": "Diabetes", "positive": "Yes"},
            "prediction": {"label": "predicted"},
            "coverage": {"combinations": 3, "gap_levels": 2, "gap_rows": 50},
            "labeling": {"budget": 80, "strategy": "random"},
            "dimensions": {"weighted": True, "one_hot": ["Education"], "max_levels": 4, "variance": 0.85},
            "volume": {"fresh_within": "36500 days"},
            "show_values": ["Sex", "Race1", "age_band", "Education"],
        },
        cleaning={
            "examined": {
                "relation": {"source": ["raw", "examinations"]},
                "key": "ID",
                "grain": "quarter",
                "rules": [
                    {"columns": ["Age", "Pulse"], "cast": "integer"},
                    {"column": "Pulse", "range": [30, 220], "on_failure": "null"},
                ],
                "suggest": True,
                "log_changes": "all",
            }
        },
    )


def elec2() -> Table:
    """An electricity market by week, with settings switched off, an acknowledged finding and rows on components."""
    numbers = "nswprice nswdemand vicprice vicdemand transfer"
    market = f"""
select
    cast("line" as integer) as line,
    cast(ts_reconstructed as timestamp) as at,
    {typed(columns("double precision", numbers))},
    class,
    cast(round(cast(1e0 / (1e0 + exp(-(
        12e0 * cast(nswprice as double precision) + 2e0 * cast(nswdemand as double precision) - 2e0
    ))) as numeric), 6) as double precision) as score,
    case when cast(ts_reconstructed as timestamp) < '1997-09-01' then 'v1' else 'v2' end as version
from {{{{ source('raw', 'market') }}}}"""
    week = "cast(ts_reconstructed as timestamp)"
    return Table(
        raw={"market": ("elec2/elec2_with_ts.csv", ",")},
        models={
            "market": model(market),
            "known": model(
                values(
                    ACKNOWLEDGED,
                    f"'market'; 'drift'; 'transfer'; {NO_DATE}; {NEVER}; 'net'; 'Victoria joins in May 1997'",
                )
            ),
            "market_scores": model(
                "{{ data_health.project_components(ref('market'), 'market', 'first_year', 2, keys=['line', 'at'], "
                "hotelling_t2=true, reconstruction_error=true) }}"
            ),
        },
        only_duckdb=frozenset({"market_scores"}),
        block={"acknowledgements": {"ref": "known"}},
        monitor={
            "relation": {"ref": "market"},
            "key": "line",
            "time": "at",
            "grain": "week",
            "on_missing_period": "keep",
            "references": {
                "first_year": {"from": "1996-05-06", "to": "1997-05-05"},
                "odd_days": {"from": "1996-06-01", "to": "1996-09-15"},
                "quarter": {"last": "90 days"},
            },
            "label": {"column": "class", "positive": "1"},
            "prediction": {"score": "score", "version": "version"},
            "dimensions": {"scores": {"ref": "market_scores"}, "standardise": False, "variance": 0.95},
            "volume": {"fresh_within": "36500 days"},
            "marts": {"representation": False, "labeling": False},
            "lookback": 60,
            "show_values": ["class"],
        },
        reduction=(
            f"create temporary table next_week as select * from raw.market where {week} >= '1998-11-29'",
            """update next_week set "line" = cast(cast("line" as integer) + 45312 as varchar),
            ts_reconstructed = cast(cast(ts_reconstructed as timestamp) + interval '7 days' as varchar)""",
            "insert into raw.market select * from next_week",
            # a week within the lookback wholly
            f"delete from raw.market where {week} >= '1998-06-01' and {week} < '1998-06-08'",
            'delete from raw.market where cast("line" as integer) % 2 = 1',
        ),
    )


def lending() -> Table:
    """Loans by month: rules with suggestions, trees, exact distances, levels as columns."""
    texts = (
        "emp_title state homeownership verified_income verification_income_joint loan_purpose application_type grade "
        "sub_grade loan_status initial_listing_status disbursement_method"
    )
    numbers = (
        "emp_length annual_income debt_to_income delinq_2y months_since_last_delinq inquiries_last_12m "
        "total_credit_lines open_credit_lines total_credit_limit total_credit_utilized accounts_opened_24m "
        "num_accounts_120d_past_due account_never_delinq_percent tax_liens loan_amount term interest_rate "
        "installment balance paid_total"
    )
    month = "case substr(issue_month, 1, 3) when 'Jan' then '01' when 'Feb' then '02' when 'Mar' then '03' end"
    loans = f"""
select
    cast(line as integer) as loan_id,
    {", ".join(texts.split())},
    {", ".join(numbers.split())},
    cast(substr(issue_month, 5, 4) || '-' || {month} || '-01' as date) as issued_in,
    case
        when {DRAW.format(line="cast(line as integer)")} < case when issue_month = 'Mar-2018' then 10 else 80 end
        then case when grade in ('A', 'B') then 'good' else 'risky' end
    end as quality
from {{{{ ref('stg_loans') }}}}"""
    return Table(
        raw={"loans": ("lending/loans_full_schema.csv", ",")},
        models={
            "stg_loans": model("{{ data_health.clean('loans') }}"),
            "loans": model(loans),
            "loans_training": model(
                "select * from {{ ref('loans') }} where issued_in = '2018-01-01' and loan_id % 5 <> 0"
            ),
            "owners": model(
                values(
                    "subgroup value share",
                    "'homeownership'; 'MORTGAGE'; 0.4e0",
                    "'homeownership'; 'OWN'; 0.25e0",
                    "'homeownership'; 'RENT'; 0.35e0",
                )
            ),
        },
        cleaning={
            "loans": {
                "relation": {"source": ["raw", "loans"]},
                "key": "line",
                "rules": [
                    {"columns": numbers.split(), "cast": "double"},
                    {"column": "emp_title", "trim": True},
                    {"column": "interest_rate", "range": [0, 30]},
                    {"column": "debt_to_income", "range": [0, 100], "on_failure": "null"},
                    {"column": "term", "allowed": [36, 60]},
                    {"column": "annual_income", "range": [1, 1000000], "on_failure": "null"},
                ],
                "suggest": True,
                "log_changes": ["debt_to_income", "annual_income"],
                "show_values": ["interest_rate", "debt_to_income"],
            }
        },
        monitor={
            "relation": {"ref": "loans"},
            "key": "loan_id",
            "time": "issued_in",
            "references": {
                "january": {"from": "2018-01-01", "to": "2018-02-01"},
                "training": {"relation": {"ref": "loans_training"}},
                "before": {"last": "40 days"},
            },
            "exclude": ["emp_title", "sub_grade", "grade"],
            "subgroups": ["homeownership", "verified_income", ["homeownership", "application_type"]],
            "segments": ["application_type"],
            "population": {"ref": "owners"},
            "label": {"column": "quality", "positive": "good"},
            "exact": True,
            "coverage": {"combinations": 3},
            "labeling": {
                "annotations": {"source": ["raw", "answers"]},
                "budget": 400,
                "learner": "boosting",
                "precision": 0.75,
                "on_label_break": "continue",
            },
            "dimensions": {
                "one_hot": ["homeownership", "loan_purpose"],
                "max_levels": 5,
                "variance": 0.7,
                "max_columns": 60,
            },
            "volume": {"fresh_within": "36500 days"},
            "show_values": ["homeownership", "application_type", "loan_status", "verified_income", "quality"],
        },
        truth="select cast(line as integer) as line, "
        "case when grade in ('A', 'B') then 'good' else 'risky' end as label from raw.loans",
    )


TABLES: dict[str, Callable[[], Table]] = {
    "nypd": nypd,
    "bank": bank,
    "nhanes": nhanes,
    "elec2": elec2,
    "lending": lending,
}
