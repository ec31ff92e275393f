"""The pages of docs/your_table, followed in order on the real files; and their marts against numbers from those files alone.

`make pages` writes the tables of the pages again.
"""

import csv
import math
import re
import tempfile
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import walkthrough
import yaml
from consumer import REPOSITORY, SHARED_DATA, Consumer, needs_shared_data
from distributions import NAMED_DISTRIBUTIONS

pytestmark = needs_shared_data

INDEX = REPOSITORY / "docs" / "your_table.md"
PAGES = sorted((REPOSITORY / "docs" / "your_table").glob("*.md"))
TEXT = "\n".join(page.read_text() for page in PAGES)
TABLES = SHARED_DATA / "tables"
QUANTILES = {"p01": 0.01, "p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95, "p99": 0.99}


def followed(folder):
    """A project in which a reader has done what the pages say."""
    files = walkthrough.files(TEXT)
    models = {
        path.removeprefix("models/"): yaml.safe_dump(content) if isinstance(content, dict) else content
        for path, content in files.items()
        if path.startswith("models/")
    }
    project = Consumer(folder / "project", files["dbt_project.yml"]["vars"]["data_health"], models=models)
    for path, statements in files.items():
        if path.startswith("load/"):
            project.sql(f"set variable folder = '{TABLES}'; {statements}")
    project.build("--warn-error")
    return project


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return followed(tmp_path_factory.mktemp("your_table"))


@pytest.mark.parametrize(
    ("page", "number"),
    [
        pytest.param(page, number, id=f"{page.stem}-{number}")
        for page in PAGES
        for number in range(len(walkthrough.queries(page.read_text())))
    ],
)
def test_every_query_gives_the_table_below_it(project, page, number):
    statement, table = walkthrough.queries(page.read_text())[number]
    assert table == walkthrough.table(project.rows(statement)), statement


def test_the_index_lists_the_pages_in_order():
    linked = re.findall(r"\]\((your_table/[^)#]+\.md)\)", INDEX.read_text())
    assert linked == [str(page.relative_to(INDEX.parent)) for page in PAGES]
    # a page is read in one go
    assert {page.name for page in PAGES if page.read_text().count("\n") > 200} == set()


# The raw files as the models of the pages leave them, by the standard library alone.


def records(name, delimiter=","):
    with (TABLES / name).open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def inches(height):
    feet, rest = height.split(".")
    return 12 * int(feet) + int(rest)


def age_band(age):
    if age is None:
        return None
    bands = {18: "under 18", 25: "18-24", 35: "25-34", 50: "35-49"}
    return next((band for limit, band in bands.items() if int(age) < limit), "50 and over")


def stops():
    for row in records("nypd_stops/nypd_sqf_2021.csv"):
        row = {name: None if value in ("(null)", "") else value for name, value in row.items()}
        row["SUSPECT_HEIGHT"] = row["SUSPECT_HEIGHT"] and inches(row["SUSPECT_HEIGHT"])
        row["age_band"] = age_band(row["SUSPECT_REPORTED_AGE"])
        yield date.fromisoformat(row["STOP_FRISK_DATE"]).replace(day=1), row


def bank():
    for row in records("bank/bank-additional-full.csv", delimiter=";"):
        yield None, row


def loans():
    for row in records("lending/loans_full_schema.csv"):
        yield datetime.strptime(row["issue_month"], "%b-%Y").date(), {k: v or None for k, v in row.items()}


def examinations():
    for row in records("nhanes/NHANESraw.csv"):
        yield date(int(row["SurveyYr"][:4]), 1, 1), {k: v or None for k, v in row.items()}


def market():
    for row in records("elec2/elec2_with_ts.csv"):
        day = datetime.fromisoformat(row["ts_reconstructed"]).date()
        yield day - timedelta(days=day.weekday()), row


def check_counts(row, values):
    present = [value for value in values if value is not None]
    assert row["row_count"] == len(values)
    assert row["null_count"] == len(values) - len(present)
    assert row["null_share"] == pytest.approx(1 - len(present) / len(values), abs=1e-12)
    distinct = len(set(present))
    if row["is_distinct_count_exact"]:
        assert row["distinct_count"] == distinct
    elif row["distinct_count"] is not None:
        assert row["distinct_count"] == pytest.approx(distinct, rel=0.15, abs=2)


def check_categories(row, values):
    counts = Counter(value for value in values if value is not None)
    if not counts:
        assert row["top_value"] is None
        assert row["top_share"] is None
        return
    total, most = counts.total(), max(counts.values())
    assert row["top_share"] == pytest.approx(most / total, abs=1e-12)
    assert row["top_value"] is None or counts[row["top_value"]] == most
    entropy = -sum(n / total * math.log2(n / total) for n in counts.values())
    assert row["entropy"] == pytest.approx(entropy, abs=1e-9)


def check_numbers(row, values):
    x = np.array([float(value) for value in values if value is not None])
    if not x.size:
        assert row["mean"] is None
        assert row["p50"] is None
        return
    assert (row["minimum"], row["maximum"]) == (x.min(), x.max())
    size = max(1, abs(x).max())
    assert row["mean"] == pytest.approx(x.mean(), rel=1e-12, abs=1e-12 * size)
    assert row["standard_deviation"] == pytest.approx(x.std(), rel=1e-9, abs=1e-7 * size)
    assert row["zero_share"] == pytest.approx(np.sum(x == 0) / len(values), abs=1e-12)
    assert row["negative_share"] == pytest.approx(np.sum(x < 0) / len(values), abs=1e-12)
    for name, share in QUANTILES.items():
        exact = np.quantile(x, share)
        slack = 1e-12 * size
        assert row[f"{name}_lower"] - slack <= exact <= row[f"{name}_upper"] + slack, name
        assert row[f"{name}_lower"] - slack <= row[name] <= row[f"{name}_upper"] + slack, name


@pytest.mark.parametrize(
    ("monitor", "raw", "reference"),
    [
        ("stops", stops, ("first_half", date(2021, 7, 1))),
        ("bank", bank, None),
        ("loans", loans, None),
        ("examinations", examinations, ("survey_2009", date(2011, 1, 1))),
        ("market", market, ("first_year", date(1997, 5, 5))),
    ],
)
def test_every_row_of_the_profile_agrees_with_the_raw_file(project, monitor, raw, reference):
    groups = {}
    for period, record in raw():
        groups.setdefault(("production", period), []).append(record)
        if reference and period < reference[1]:
            groups.setdefault((reference[0], "window"), []).append(record)
    profile = project.rows(f"select * from health_profile where monitor = '{monitor}'")
    met, wrong = set(), []
    for row in profile:
        period = None if monitor == "bank" else row["period_start"]
        group = (row["dataset"], period if row["dataset"] == "production" else "window")
        met.add(group)
        values = [record[row["column_name"]] for record in groups[group]]
        check = {"numeric": check_numbers, "categorical": check_categories}.get(row["kind"])
        try:
            check_counts(row, values)
            if check and not (check is check_categories and not row["is_distinct_count_exact"]):
                check(row, values)
        except AssertionError as error:
            wrong.append(f"{row['column_name']} of {row['dataset']} {row['period_start']}: {error}")
    assert not wrong, f"{len(wrong)} of {len(profile)} rows:\n" + "\n".join(wrong[:5])
    assert met == set(groups)


def test_what_the_rules_did_agrees_with_the_raw_files(project):
    """Per month and rule of the stops: tested, failed, and sentinels that became null; of the bank calls, sentinels."""
    months, columns = {}, list(records("nypd_stops/nypd_sqf_2021.csv")[0])
    for row in records("nypd_stops/nypd_sqf_2021.csv"):
        months.setdefault(date.fromisoformat(row["STOP_FRISK_DATE"]).replace(day=1), []).append(row)
    expected = {}
    for month, rows in months.items():
        known = {name: [row[name] for row in rows if row[name] not in ("(null)", "")] for name in columns}
        ages, weights = (list(map(int, known[name])) for name in ("SUSPECT_REPORTED_AGE", "SUSPECT_WEIGHT"))
        armed = [row["WEAPON_FOUND_FLAG"] for row in rows if row["FIREARM_FLAG"] == "Y"]
        arrested = [row["SUSPECT_ARREST_OFFENSE"] for row in rows if row["SUSPECT_ARRESTED_FLAG"] == "Y"]
        expected |= {
            ("SUSPECT_REPORTED_AGE.range", month): (len(ages), sum(not 10 <= age <= 100 for age in ages)),
            ("SUSPECT_WEIGHT.range", month): (len(weights), sum(not 60 <= weight <= 400 for weight in weights)),
            ("SUSPECT_SEX.allowed", month): (len(known["SUSPECT_SEX"]), 0),
            ("STOP_ID.required", month): (len(rows), 0),
            ("a firearm is a weapon", month): (len(armed), armed.count("N")),
            ("an arrest has an offence", month): (len(arrested), arrested.count("(null)")),
        }
        expected |= {
            (f"{name}.null_values", month): (
                sum(row[name] != "" for row in rows),
                sum(row[name] == "(null)" for row in rows),
            )
            for name in columns
        }
    found = {
        (row["rule"], row["period_start"]): (
            row["tested_count"],
            row["changed_count" if row["kind"] == "null_values" else "failed_count"],
        )
        for row in project.rows("select * from health_rule_outcomes where cleaning = 'stops' and kind <> 'cast'")
    }
    assert found == expected

    calls = [row for _, row in bank()]
    counts = {name: sum(row[name] == "unknown" for row in calls) for name in calls[0]}
    counts["pdays"] = sum(row["pdays"] == "999" for row in calls)
    changed = project.sql("""select column_name, changed_count from health_rule_outcomes
        where cleaning = 'known_calls' and changed_count > 0""")
    assert dict(changed) == {name: count for name, count in counts.items() if count}


def test_volume_agrees_with_the_raw_files(project):
    for monitor, raw in (("stops", stops), ("loans", loans), ("examinations", examinations), ("market", market)):
        expected = Counter(period for period, _ in raw())
        rows = project.rows(f"select period_start, row_count from health_volume where monitor = '{monitor}'")
        assert Counter({row["period_start"]: row["row_count"] for row in rows if row["row_count"]}) == expected


def test_what_the_pages_say_in_words():
    """Numbers of the prose that no query of the pages gives."""
    rows = [row for _, row in stops()]
    unsupervised = Counter(row["MONTH2"] for row in rows if row["SUPERVISING_OFFICER_RANK"] is None)
    assert unsupervised == {"April": 520, "May": 697, "June": 636}
    november = [
        row
        for row in rows
        if row["MONTH2"] == "November" and row["STOP_FRISK_DATE"] not in ("2021-11-16", "2021-11-17")
    ]
    weapons = np.mean([row["SUSPECTED_CRIME_DESCRIPTION"] == "CPW" for row in november])
    frisked = np.mean([row["FRISKED_FLAG"] == "Y" for row in november])
    assert (round(weapons, 2), round(frisked, 2)) == (0.44, 0.62)
    ages = {late: [] for late in (True, False)}
    for month, row in stops():
        if row["SUSPECT_REPORTED_AGE"]:
            ages[month >= date(2021, 10, 1)].append(int(row["SUSPECT_REPORTED_AGE"]))
    assert 1.7 < np.mean(ages[False]) - np.mean(ages[True]) < 2
    decimals = {}
    for survey, row in examinations():
        if row["BMI"]:
            decimals.setdefault(survey, set()).add(len(row["BMI"].partition(".")[2]))
    assert {survey.year: max(lengths) for survey, lengths in decimals.items()} == {2009: 2, 2011: 1}


def test_values_are_shown_only_where_they_may_be(project):
    shown = project.sql("select distinct monitor, column_name from health_profile where top_value is not null")
    allowed = project.sql("select monitor, name from health_monitors where subject = 'column' and is_value_shown")
    assert shown
    assert set(shown) <= set(allowed)


@pytest.mark.slow
def test_second_build_writes_no_statistics_and_a_corrected_value_is_recounted_on_demand(project, tmp_path):
    twin = project.copy(tmp_path / "twin")
    tables = ("column_statistics", NAMED_DISTRIBUTIONS)
    written = "select period_column_key, segment_column, segment_value, built_at from {} order by all"
    before = {table: twin.sql(written.format(table)) for table in tables}
    model = twin.folder / "models" / "stops.sql"
    model.write_text(model.read_text().replace("*,", "* replace (nullif(SUSPECT_HEIGHT, 1) as SUSPECT_HEIGHT),", 1))
    smallest = "select minimum from health_profile where dataset = 'first_half' and column_name = 'SUSPECT_HEIGHT'"
    twin.build_profile()
    assert {table: twin.sql(written.format(table)) for table in tables} == before
    assert twin.sql(smallest) == [(1,)]
    twin.sql(walkthrough.files(TEXT)["recount/stops.sql"])
    twin.build_profile()
    assert twin.sql(smallest) == [(4,)]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        project_of_the_pages = followed(Path(folder))
        for page in PAGES:
            page.write_text(walkthrough.with_tables(page.read_text(), project_of_the_pages.rows))
