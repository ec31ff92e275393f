"""The demo clinic, built: the queries of the pages below, and every planted fault in the mart that must show it.

Expected numbers come from the seed files alone. `make pages` writes the tables of the pages again.
"""

import csv
import html
import json
import re
import shutil
import tempfile
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import walkthrough
from click.testing import CliRunner
from consumer import REPOSITORY
from data_health.command_line import main
from data_health.report.blocks import BY_NAME
from data_health.report.packing import unsqueezed
from demo_clinic import Demo
from demo_files import (
    MONTHS,
    SEEDS,
    SENTINELS,
    day,
    groups,
    most_frequent,
    numbers,
    read,
    reference_rows,
    rows_by_week,
    split,
    visits_by_month,
)
from postgres_server import execute, new_database
from test_postgres import DEMO_KEYS, KEYS, TIMES_OF_THE_RUN, assert_equal_tables

PAGE = REPOSITORY / "docs" / "demo.md"
NAMES = (
    "alerts",
    "incidents",
    "findings",
    "volume",
    "profile",
    "coverage",
    "combinations",
    "representation",
    "labeling",
    "performance",
    "fairness",
)
PAGES = (PAGE, *(REPOSITORY / "docs" / f"{name}.md" for name in NAMES))
MARTS = {
    "health_profile",
    "health_volume",
    "health_schema_changes",
    "health_monitors",
    "health_rule_outcomes",
    "health_cell_changes",
    "health_drift",
    "health_coverage",
    "health_coverage_combinations",
    "health_coverage_gaps",
    "health_representation_gaps",
    "health_representation",
    "health_known_biases",
    "health_bias_gate",
    "health_labels",
    "health_annotators",
    "health_label_quality",
    "health_performance",
    "health_fairness",
    "health_feature_contract",
    "health_multivariate_drift",
    "health_alerts",
    "health_scorecard",
}


@pytest.fixture(scope="module")
def builds(tmp_path_factory):
    """The demo after two builds, and what the first of them left."""
    demo = Demo(tmp_path_factory.mktemp("demo"))
    demo.build("--warn-error")
    first = {"written": demo.written(), "run": demo.sql("select distinct built_at from health_profile")}
    demo.sql("checkpoint")
    shutil.copy(demo.database, demo.output / "first.duckdb")
    first["demo"] = Demo(demo.output, "first.duckdb")
    # unit tests read no table: once is enough
    demo.build("--exclude-resource-type", "unit_test")
    return demo, first


@pytest.fixture(scope="module")
def demo(builds):
    return builds[0]


def test_the_demo_gives_the_same_on_both_engines(builds, postgres, tmp_path):
    server = new_database(postgres)
    on_postgres = Demo(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("host", "port", "user", "password", "dbname"):
            patch.setenv(f"DATA_HEALTH_POSTGRES_{name.upper()}", str(server[name]))
        on_postgres.build("--target", "postgres", "--warn-error")
        on_their_side = page_of(on_postgres, patch, tmp_path / "health.html", "--target", "postgres")

    def their_rows(statement):
        return execute(server, f"set search_path = data_health; {statement}")

    rows = builds[1]["demo"].rows
    # nobody asks PostgreSQL for components; sums of products are compared on real tables
    assert_equal_tables(rows, their_rows, KEYS.keys() - {"column_products", "dataset_products"})
    # the same rows are kept, in quarantine and removed, by the same rules; fingerprints hold the names of types
    names_of_types = {"built_from", "logged_type", "recomputed_type"}
    assert_equal_tables(rows, their_rows, DEMO_KEYS, TIMES_OF_THE_RUN | names_of_types)
    # without the components of Python an incident has fewer findings there, and is the same incident in the same words; only
    # types are called otherwise
    incidents = """
        select incident_id, incident_kind, severity, is_open, sentence from health_incidents
        where incident_kind <> 'schema' order by incident_id
    """
    assert rows(incidents) == their_rows(incidents)
    # the page holds the same distributions and numbers of drift
    with pytest.MonkeyPatch.context() as patch:
        here = page_of(builds[1]["demo"], patch, tmp_path / "duckdb.html")
    for block in ("distributions", "coverage", "representation", "performance"):
        ours, theirs = by_texts(rows_of_page(here, block)), by_texts(rows_of_page(on_their_side, block))
        assert len(ours) > 20 and ours.keys() == theirs.keys(), block
        # the page has four digits
        assert all(ours[key] == pytest.approx(theirs[key], rel=2e-3, nan_ok=True) for key in ours), block


def by_texts(rows):
    """The numbers of each row by its texts; ranges of a distribution have none, so their place is a key, too."""
    numeric = [any(type(row[place]) in (int, float) for row in rows) for place in range(len(rows[0]))]
    found = {}
    for row in rows:
        texts = tuple(value for value, is_number in zip(row, numeric, strict=True) if not is_number)
        numbers = [
            float("nan") if value is None else value for value, is_number in zip(row, numeric, strict=True) if is_number
        ]
        key = (*texts, numbers[0]) if len(rows[0]) == 9 else texts
        assert key not in found, key
        found[key] = numbers
    return found


def page_of(demo, patch, file, *options):
    """The page that `data-health report` writes of a demo."""
    patch.setenv("DATA_HEALTH_DUCKDB", str(demo.database))
    patch.setenv("DBT_TARGET_PATH", str(demo.output / "target"))
    patch.setenv("DBT_LOG_PATH", str(demo.output / "logs"))
    patch.setenv("DBT_PROFILES_DIR", str(REPOSITORY))
    done = CliRunner().invoke(main, ["report", "--output", str(file), "--project-dir", str(REPOSITORY), *options])
    assert done.exit_code == 0 and done.output.startswith(f"the page of 2 monitors is in {file} ("), done.output
    return file.read_text(encoding="utf-8")


def rows_of_page(page, block):
    """The rows of a block of the monitor screenings, unpacked."""
    (packed,) = re.findall(f'<script id="rows-{block}-0" type="text/plain">([^<]*)</script>', page)
    columns = json.loads(unsqueezed(packed))["c"].values()
    return list(zip(*map(unpacked_column, columns), strict=True))


def unpacked_column(column):
    if isinstance(column, list):
        return column
    return [column["d"][place] for place in column["i"]] if "d" in column else column["f"]


def test_the_page_shows_the_demo_and_nothing_that_the_marts_hold_back(demo, monkeypatch, tmp_path):
    page = page_of(demo, monkeypatch, tmp_path / "health.html")
    packed = re.findall('<script id="rows-[^"]*" type="text/plain">([^<]*)</script>', page)
    everything = page.split('<script id="rows-')[0] + "".join(map(unsqueezed, packed))
    for (sentence,) in demo.sql("select sentence from health_incidents where is_open"):
        assert html.escape(sentence, quote=False) in page
    assert all(f'id="rows-{name}-0"' in page for name in BY_NAME if name not in ("label_gates", "incidents"))
    # of columns that show_values does not name no value is there, and no key of a row
    assert not re.search(r"S0\d{4}|P0\d{4}|-999\b", everything)
    shares = [row for row in rows_of_page(page, "distributions") if row[0] == "label"]
    assert {row[4] for row in shares} == {"(hidden 1)", "(hidden 2)"}
    newest = {
        row[4]: row[8]
        for row in rows_of_page(page, "distributions")
        if row[:3] == ("device_model", "categorical", "production")
    }
    months = most_frequent_devices(demo)
    assert newest.keys() == months.keys() and all(abs(newest[name] - months[name]) < 1e-3 for name in newest)


def most_frequent_devices(demo):
    """The shares of devices in the newest month, from the rows."""
    return dict(
        demo.sql("""
        select device_model, count(*) / sum(count(*)) over () from screenings
        where screened_at >= date '2025-06-01' and not is_test and device_model is not null group by 1
    """)
    )


def shown_by(demo, *arguments):
    """The lines that the command prints in the project of the demo."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATA_HEALTH_DUCKDB", str(demo.database))
        patch.setenv("DBT_TARGET_PATH", str(demo.output / "target"))
        patch.setenv("DBT_LOG_PATH", str(demo.output / "logs"))
        patch.setenv("DBT_PROFILES_DIR", str(REPOSITORY))
        patch.setenv("COLUMNS", "100")  # the width of the page
        done = CliRunner().invoke(main, [*arguments, "--project-dir", str(REPOSITORY)])
    assert done.exit_code == 0, done.output
    return done.output.splitlines()


def test_the_terminal_shows_what_the_page_of_incidents_shows(demo):
    page = (REPOSITORY / "docs" / "incidents.md").read_text()
    (block,) = re.findall("```text\n(.*?)```", page, re.DOTALL)
    shown = shown_by(demo, "summary")
    head, *lines = block.splitlines()
    assert shown[0].split("(build")[0] == head.split("(build")[0]
    assert lines == shown[1 : 1 + len(lines)]


def test_the_monitor_that_is_proposed_stands_on_the_page_of_the_configuration(demo):
    page = (REPOSITORY / "docs" / "configuration.md").read_text()
    (block,) = re.findall("```yaml\n(# Proposed by .*?)```", page, re.DOTALL)
    assert block.splitlines() == shown_by(demo, "init", "screenings")[:-1]


def test_what_the_schema_lost_and_the_contract_misses_is_one_incident(demo):
    rows = demo.sql("""
        select incident_kind, column_list, is_open, string_agg(distinct finding, ', ' order by finding)
        from health_incidents inner join health_alerts using (incident_id, is_open)
        where column_list like '%waist_cm%' group by all
    """)
    assert rows == [("schema", "prior_visits, waist_cm", True, "feature_contract, schema")]


@pytest.fixture(scope="module")
def weeks():
    return rows_by_week()


@pytest.fixture(scope="module")
def months():
    return visits_by_month()


def of(profile, statistic):
    return {period: row[statistic] for period, row in profile.items()}


def agree(profile, rows, column):
    """Whether the profile of a numeric column has the numbers of the files, in every period."""
    assert profile.keys() == rows.keys()
    for period, row in profile.items():
        values = numbers(rows[period], column)
        assert (row["row_count"], row["null_count"]) == (len(rows[period]), len(rows[period]) - len(values)), period
        if len(values):
            assert (row["minimum"], row["maximum"]) == (values.min(), values.max()), period
            assert row["mean"] == pytest.approx(values.mean(), rel=1e-9), period
            assert row["standard_deviation"] == pytest.approx(values.std(), rel=1e-7), period
        else:
            assert (row["mean"], row["standard_deviation"]) == (None, None), period
    return True


def categories_agree(profile, rows, column):
    assert profile.keys() == rows.keys()
    for period, row in profile.items():
        value, share = most_frequent(rows[period], column)
        assert row["top_share"] == pytest.approx(share, rel=1e-12), period
        assert value in (None, row["top_value"]), period
        assert row["distinct_count"] == len({record[column] for record in rows[period]} - {""}), period
    return True


# The page.


@pytest.mark.parametrize(
    ("page", "number"),
    [(page, number) for page in PAGES for number in range(len(walkthrough.queries(page.read_text())))],
)
def test_every_query_gives_the_table_below_it(demo, page, number):
    statement, table = walkthrough.queries(page.read_text())[number]
    assert table == walkthrough.table(demo.rows(statement)), statement


def test_every_fault_of_a_mart_that_exists_is_looked_for():
    section = PAGE.read_text().split("## What goes wrong")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\|([^|]*)\|", section, re.MULTILINE)
    marts = {fault: set(re.findall(r"health_\w+", where.split("later")[0])) for fault, where in rows}
    assert len(marts) == 15
    assert all(names <= MARTS for names in marts.values())
    assert {f"test_{fault}" for fault, names in marts.items() if names} <= set(globals())


def test_second_build_writes_no_statistics(builds):
    demo, first = builds
    assert demo.sql("select distinct built_at from health_profile") != first["run"]
    assert demo.written() == first["written"]


def test_the_monitors_are_those_of_the_page(demo):
    rows = demo.rows("select * from health_monitors")
    settings = {(row["monitor"], row["name"]): row["value"] for row in rows if row["subject"] != "column"}
    assert {monitor for monitor, _ in settings} == {"screenings", "screenings_weekly"}
    assert settings["screenings", "where"] == "is_test = false"
    monitored = {row["name"] for row in rows if row["monitor"] == "screenings_weekly" and row["is_monitored"]}
    assert monitored == {"glucose", "weight_kg"}


def test_no_other_month_or_week_than_those_of_the_files(demo, months, weeks):
    by_month, by_week = demo.volume("screenings"), demo.volume("screenings_weekly")
    assert sorted(by_month) == MONTHS
    assert of(by_month, "row_count") == {month: len(rows) for month, rows in months.items()}
    assert {week: row["row_count"] for week, row in by_week.items() if row["row_count"]} == {
        week: len(rows) for week, rows in weeks.items()
    }


def test_only_planted_faults_are_in_alert_and_each_in_its_months(demo):
    """Column -> months in alert, against each reference; in the segments no other columns or months."""
    found = {}
    for reference, column, month in demo.sql("""
        select distinct reference, column_name, period_start from health_drift
        where monitor = 'screenings' and segment_column = '(all)' and column_status = 'alert'
    """):
        found.setdefault(reference, {}).setdefault(column, set()).add(month)
    started = {
        "creatinine": date(2025, 3, 1),
        "device_model": date(2025, 6, 1),
        "glucose": date(2025, 1, 1),
        "hba1c": date(2025, 5, 1),
        "heart_rate": date(2025, 2, 1),
        "label": date(2025, 6, 1),
        "referral_source": date(2025, 4, 1),
        "risk_score": date(2025, 1, 1),
    }
    expected = {column: {month for month in MONTHS if month >= start} for column, start in started.items()}
    expected |= {"diastolic_bp": {date(2024, 8, 1)}, "weight_kg": {date(2024, 7, 1)}, "predicted": {date(2025, 2, 1)}}
    assert found["first_half"] == expected
    of_training = {
        column: expected[column] for column in expected.keys() - {"hba1c", "label", "risk_score", "predicted"}
    }
    for reference in ("training_v1", "training_v2"):
        # nulls that stand for sentinels: the training sets have none, production two in a hundred
        sentinels = {"bmi", "cholesterol", "insurance", "smoking_status"}
        assert {column: months for column, months in found[reference].items() if column not in sentinels} == of_training
    since = {column: {start} for column, start in started.items()}
    one_month = {
        "diastolic_bp": {date(2024, 8, 1), date(2024, 9, 1)},
        "weight_kg": {date(2024, 7, 1), date(2024, 8, 1)},
    }
    assert found["(previous period)"] == since | one_month
    in_segments = demo.sql("""
        select distinct in_segments.reference, in_segments.column_name, in_segments.period_start
        from health_drift as in_segments
        anti join (select * from health_drift where segment_column = '(all)' and column_status in ('alert', 'warn')) as everywhere
            using (monitor, reference, column_name, period_start)
        where in_segments.segment_column <> '(all)' and in_segments.column_status = 'alert'
    """)
    assert in_segments == []
    weekly = demo.sql("""
        select distinct column_name, period_start from health_drift
        where monitor = 'screenings_weekly' and column_status = 'alert' order by period_start
    """)
    assert weekly == [("weight_kg", date(2024, 7, 1)), ("weight_kg", date(2024, 7, 29))]


def test_the_features_stop_going_together_where_that_was_planted(demo):
    found = demo.sql("""
        select distinct reference, metric, period_start from health_multivariate_drift
        where monitor = 'screenings' and status = 'alert' and metric like '%of_clipped_values'
    """)
    pounds, sweeter = date(2024, 7, 1), {month for month in MONTHS if month >= date(2025, 1, 1)}
    for reference in ("first_half", "training_v1", "training_v2"):
        assert {
            month
            for name, metric, month in found
            if (name, metric) == (reference, "reconstruction_error_of_clipped_values")
        } == {pounds}
        shifted = {
            month for name, metric, month in found if (name, metric) == (reference, "mean_shift_of_clipped_values")
        }
        assert shifted == {pounds, *sweeter}


def test_only_planted_faults_are_not_covered(demo):
    """(column, month) in alert, against each reference."""
    found = {}
    for reference, column, month in demo.sql("""
        select reference, column_name, period_start from health_coverage where segment_column = '(all)' and status = 'alert'
    """):
        found.setdefault(reference, set()).add((column, month))
    everywhere = {("device_model", date(2025, 6, 1)), ("weight_kg", date(2024, 7, 1))}
    words = {("hba1c", date(2025, 5, 1)), ("hba1c", date(2025, 6, 1))}
    assert found == {"training_v1": everywhere, "training_v2": everywhere, "first_half": everywhere | words}
    columns = {column for (column,) in demo.sql("select distinct column_name from health_coverage")}
    assert {"age_band", "family_history", "last_visit_date (days from event)"} <= columns
    assert not columns & {"label", "risk_score", "predicted", "last_visit_date", "screening_id", "last_name"}


# One test per planted fault that shows already, named like the function that plants it.


def test_sentinels(demo, months):
    delivered = groups(read("raw_screenings"), lambda row: day(row).replace(day=1))
    for column, sentinel in SENTINELS.items():
        counts = {month: sum(row[column] == sentinel for row in rows) for month, rows in delivered.items()}
        assert demo.outcomes(f"{column}.null_values", "changed_count") == {month: n for month, n in counts.items() if n}
        assert sum(counts.values()) > 25
    changes = demo.sql(
        "select column_name, value_before, value_after, count(*) from health_cell_changes group by all order by all"
    )
    assert changes == [("cholesterol", "-999", None, 68), ("prior_visits", "999", None, 28)]
    cholesterol, visits, bmi = (demo.profile(column) for column in ("cholesterol", "prior_visits", "bmi"))
    assert agree(cholesterol, months, "cholesterol")
    assert agree(visits, months, "prior_visits")
    assert agree(bmi, months, "bmi")
    assert min(of(cholesterol, "minimum").values()) > 80
    assert max(of(visits, "maximum").values()) < 20
    for column in ("smoking_status", "insurance"):
        profile = demo.profile(column)
        assert categories_agree(profile, months, column)
        assert set(of(profile, "distinct_count").values()) == {3}


def test_every_sentinel_is_suggested(demo):
    delivered = read("raw_screenings")
    suggested = demo.sql("select column_name, rule, affected_count from health_suggested_rules where kind = 'sentinel'")
    assert {column: count for column, _, count in suggested} == {
        column: sum(row[column] == value for row in delivered) for column, value in SENTINELS.items()
    }
    assert all(SENTINELS[column] in rule for column, rule, _ in suggested)


def test_misspelt_names_are_repaired(demo):
    """Those of the planted fuzzy duplicates: each repaired name is that of the visit which was entered again."""
    rows = {row["screening_id"]: row for row in read("raw_screenings")}
    repairs = demo.sql("select screening_id, value_before, value_after from screening_repairs")
    assert len(repairs) == 59
    for key, before, after in repairs:
        again = rows[key]
        assert again["last_name"] == before
        twins = [row for row in rows.values() if row["last_name"] == after and row["first_name"] == again["first_name"]]
        assert any(
            timedelta(0) < day(again) - day(row) <= timedelta(3) and row["sex"] == again["sex"] for row in twins
        ), key


def test_nobody_under_age_is_kept(demo):
    minors = {row["screening_id"] for row in read("raw_screenings") if int(row["age"]) < 18}
    held = demo.sql("select screening_id, age, broken_rules, broken_reasons from screenings_quarantined")
    assert {row[0] for row in held} == minors and len(held) == len(minors) == 29
    assert {row[1:] == ("17", ["age.range"], ["below 18"]) for row in held} == {True}
    kept, removed, delivered = (
        demo.sql(f"select count(*) from {table}")[0][0]
        for table in ("screenings", "screenings_removed", "raw_screenings")
    )
    assert kept + removed + len(held) == delivered == 5707


def test_pounds_for_kilograms(demo, months, weeks):
    july = date(2024, 7, 1)
    assert demo.outcomes("bmi fits weight and height", "failed_count") == {july: 157}
    profile = demo.profile("weight_kg")
    assert agree(profile, months, "weight_kg")
    (spoilt,), others = split(of(profile, "mean"), july, date(2024, 8, 1))
    assert (round(spoilt), round(min(others)), round(max(others))) == (119, 75, 77)

    sites = {}
    for site in ("harbour", "hill", "market"):
        rows = {month: [row for row in rows if row["site"] == site] for month, rows in months.items()}
        sites[site] = demo.profile("weight_kg", segment=("site", site))
        assert agree(sites[site], rows, "weight_kg")
        assert agree(demo.profile("bmi", segment=("site", site)), rows, "bmi")
    highest = {site: max(of(rows, "mean"), key=of(rows, "mean").get) for site, rows in sites.items()}
    assert highest["harbour"] == july
    means = {site: split(of(rows, "mean"), july, date(2024, 8, 1)) for site, rows in sites.items()}
    assert round(means["harbour"][0][0]) == 161
    usual = means["harbour"][1] + [mean for site in ("hill", "market") for part in means[site] for mean in part]
    assert max(usual) < 82
    assert max(of(demo.profile("bmi"), "mean").values()) < 27

    # what was planted and nothing else: with these values in kilograms July is a month like the others
    harbour = [row for row in months[july] if row["site"] == "harbour"]
    kilograms = [float(row["weight_kg"]) / (2.20462 if day(row) < date(2024, 7, 29) else 1) for row in harbour]
    assert min(means["harbour"][1]) - 2 < np.mean(kilograms) < max(means["harbour"][1]) + 2

    for (reference, month), row in demo.coverage("weight_kg").items():
        known, weights = (numbers(rows, "weight_kg") for rows in (reference_rows(months)[reference], months[month]))
        share = np.mean((weights < known.min()) | (weights > known.max()))
        assert row["out_of_range_share"] <= share + 1e-12 and share <= row["out_of_range_share_upper"] + 1e-12
        assert (row["status"] == "alert") == (row["out_of_range_share"] > 0.2) == (month == july)

    weekly = demo.profile("weight_kg", monitor="screenings_weekly")
    assert agree(weekly, weeks, "weight_kg")
    spoilt, others = split(of(weekly, "mean"), july, date(2024, 7, 29))
    assert len(spoilt) == 4
    assert min(spoilt) > 115
    assert max(others) < 85


def test_diastolic_null_spike(demo, months):
    profile = demo.profile("diastolic_bp")
    assert agree(profile, months, "diastolic_bp")
    (spike,), others = split(of(profile, "null_share"), date(2024, 8, 1), date(2024, 9, 1))
    assert spike == pytest.approx(0.404, abs=0.005)
    assert max(others) < 0.021


def test_nulls_of_a_feature_are_missing_in_every_group(demo):
    found = demo.rows("""
        select group_value, period_start, missing_share from health_representation
        where dataset = 'production' and reference = '(population)' and subgroup = 'sex' and period_start < date '2025-02-01'
    """)
    shares = {(row["group_value"], row["period_start"]): row["missing_share"] for row in found}
    assert len(shares) == 2 * 13
    assert {month for (_, month), share in shares.items() if share > 0.021} == {date(2024, 8, 1)}
    assert min(share for (_, month), share in shares.items() if month == date(2024, 8, 1)) > 0.03


def test_few_older_patients(demo):
    found = demo.rows("""
        select dataset, group_value, period_start, representation, status, row_count, base_row_count, ratio from health_representation
        where monitor = 'screenings' and reference = '(population)'
    """)
    alarms = {(row["dataset"], row["group_value"]) for row in found if row["status"] in ("warn", "alert")}
    assert {group for _, group in alarms} == {"65-74", "75+"}
    assert {
        ("first_half", "65-74"),
        *((name, "75+") for name in ("first_half", "training_v1", "training_v2")),
    } <= alarms
    assert {row["group_value"] for row in found if row["representation"] in ("under", "over")} == {"65-74", "75+"}
    oldest = [row for row in found if row["dataset"] == "production" and row["group_value"] == "75+"]
    assert len(oldest) == 18 and sum(row["representation"] == "under" for row in oldest) > 12
    with (SEEDS / "training_set_v2.csv").open() as file:
        bands = Counter(row["age_band"] for row in csv.DictReader(file))
    (trained,) = (row for row in found if (row["dataset"], row["group_value"]) == ("training_v2", "75+"))
    assert (trained["row_count"], trained["base_row_count"]) == (bands["75+"], bands.total())
    gaps = demo.rows("select * from health_representation_gaps where cause = 'under-sampled'")
    under = {(row["dataset"], row["pattern"]): row["status"] for row in gaps}
    assert under == {
        (dataset, f"age_band = {band}"): "alert"
        for dataset, band in (("production", "65-74"), ("production", "75+"), ("training_v1", "75+"))
    }
    assert {
        row["status"]
        for row in demo.rows("select status from health_representation_gaps where cause <> 'under-sampled'")
    } == {"insufficient_data"}
    assert trained["ratio"] == pytest.approx(bands["75+"] / bands.total() / 0.11)


def test_known_biases_are_checked_in_every_training_set(demo):
    gates = {row["reference"]: row for row in demo.rows("select * from health_bias_gate")}
    assert set(gates) == {"production", "first_half", "training_v1", "training_v2"}
    assert {(row["status"], row["fail_count"], row["expired_count"]) for row in gates.values()} == {("fail", 1, 1)}
    assert all(
        row["evidence"].startswith("old-patients fail: age_band = 75+: share_ratio 0.") for row in gates.values()
    )
    checks = demo.sql("select distinct id, status from health_known_biases where id <> 'old-patients' order by 1")
    assert dict(checks) == {
        "gaps-of-women": "pass",
        "labels-of-women": "pass",
        "old-men": "insufficient_data",
        "west": "pass",
        "women": "pass",
        "women-accused": "pass",
    }


def test_missing_week(demo, weeks):
    volume = demo.volume("screenings_weekly")
    gap = date(2024, 9, 16)
    assert gap not in weeks
    assert {week for week, row in volume.items() if row["period_status"] != "complete"} == {gap}
    assert (volume[gap]["period_status"], volume[gap]["row_count"], volume[gap]["row_count_change"]) == (
        "missing",
        0,
        -1,
    )
    (finding,) = [row for row in demo.findings("volume").values() if row["first_period"] == gap]
    assert (finding["severity"], finding["is_open"], finding["is_acknowledged"]) == ("alert", False, True)
    assert finding["evidence"].startswith("no row; expected ")
    by_month = demo.volume("screenings")
    assert {row["period_status"] for row in by_month.values()} == {"complete"}
    assert min(by_month, key=of(by_month, "row_count").get) == date(2024, 9, 1)
    assert by_month[date(2024, 9, 1)]["row_count"] == 213


def test_exact_duplicates(demo, weeks):
    twice = date(2024, 10, 7)
    assert Counter(tuple(row.values()) for row in weeks[twice]).most_common()[-1][1] == 2
    counts = of(demo.volume("screenings_weekly"), "row_count")
    assert counts.pop(twice) == 140 == 2 * len({row["screening_id"] for row in weeks[twice]})
    whole = [count for week, count in counts.items() if week not in (date(2024, 9, 16), date(2025, 6, 30))]
    assert (min(whole), max(whole)) == (57, 93)
    # beside the gap, which is known, the only number of rows that stands out
    assert set(demo.findings("volume")) == {
        ("screenings_weekly", None, date(2024, 9, 16), date(2024, 9, 16)),
        ("screenings_weekly", None, twice, twice),
    }
    finding = demo.findings("volume")["screenings_weekly", None, twice, twice]
    assert (finding["severity"], finding["is_acknowledged"]) == ("alert", False)
    keys = demo.sql("select count(*), count(distinct screening_id) from screenings")
    assert keys == [(5608, 5608)]
    removed = "select count(*), count(distinct screening_id), min(duplicate_count), max(duplicate_count), bool_and(is_identical) from screenings_removed"
    assert demo.sql(removed) == [(70, 70, 2, 2, True)]


def test_late_rows(demo, months, weeks):
    def late(row):
        delay = datetime.fromisoformat(row["loaded_at"]) - datetime.fromisoformat(row["screened_at"])
        return delay > timedelta(days=2)

    expected = {
        "screenings": {date(2024, 12, 1): 57},
        "screenings_weekly": {date(2024, 12, 9): 26, date(2024, 12, 16): 32},
    }
    for monitor, rows in (("screenings", months), ("screenings_weekly", weeks)):
        found = {period: count for period, count in of(demo.volume(monitor), "late_row_count").items() if count}
        counted = {period: sum(map(late, group)) for period, group in rows.items()}
        assert found == expected[monitor] == {period: count for period, count in counted.items() if count}
    findings = demo.findings("late_rows")
    assert set(findings) == {(monitor, None, min(found), max(found)) for monitor, found in expected.items()}
    assert {(row["severity"], row["is_open"], row["is_acknowledged"]) for row in findings.values()} == {
        ("alert", False, False)
    }
    assert findings["screenings", None, date(2024, 12, 1), date(2024, 12, 1)]["evidence"] == (
        "57 of 323 rows were late; usually 0.0 %"
    )


def test_no_other_alert_of_rows_rules_or_schemas(demo):
    rules = demo.findings("cleaning_rule")
    assert {(name, first, last): row["severity"] for (_, name, first, last), row in rules.items()} == {
        ("bmi fits weight and height", date(2024, 7, 1), date(2024, 7, 1)): "alert",
        ("hba1c.pattern", date(2025, 5, 1), date(2025, 6, 1)): "alert",
    }
    schemas = {
        (name, row["reference_list"]): row["severity"] for (_, name, _, _), row in demo.findings("schema").items()
    }
    assert schemas == {
        ("hba1c", "training_v1, training_v2"): "alert",
        ("prior_visits", "training_v2"): "warn",
        ("waist_cm", "training_v2"): "warn",
    }
    assert demo.findings("freshness") == {}
    rates = demo.findings("label_rate")
    assert {name: row["evidence"] for (_, name, _, _), row in rates.items()} == {
        "no": "57.9 % of the labels of 2025-06-01, 81.1 % before: a break",
        "yes": "42.1 % of the labels of 2025-06-01, 18.9 % before: a break",
    }


def test_glucose_mean_drift(demo, months, weeks):
    profile = demo.profile("glucose")
    assert agree(profile, months, "glucose")
    assert agree(demo.profile("glucose", monitor="screenings_weekly"), weeks, "glucose")
    after, before = split(of(profile, "mean"), date(2025, 1, 1))
    assert np.mean(after) - np.mean(before) == pytest.approx(11, abs=0.6)
    assert max(before) < 100.2 < 108.7 < min(after)
    after, before = split(of(profile, "standard_deviation"), date(2025, 1, 1))
    assert np.mean(after) == pytest.approx(np.mean(before), rel=0.03)
    after, before = split(of(demo.profile("risk_score"), "mean"), date(2025, 1, 1))
    assert (round(np.mean(before), 2), round(np.mean(after), 2)) == (0.22, 0.29)
    assert max(before) < min(after)


def contract(demo, feature):
    """(version, check) that is an alert."""
    return set(
        demo.sql(f"""
            select model_version, check_name from health_feature_contract
            where monitor = 'screenings' and feature = '{feature}' and status = 'alert'
        """)
    )


def test_heart_rate_disappears(demo, months):
    profile = demo.profile("heart_rate")
    assert agree(profile, months, "heart_rate")
    after, before = split(of(profile, "null_share"), date(2025, 2, 1))
    assert after == [1] * 5
    assert max(before) < 0.06
    assert [month for month, mean in of(profile, "mean").items() if mean is None] == MONTHS[13:]
    assert not demo.sql("select * from health_schema_changes where column_name = 'heart_rate'")
    assert contract(demo, "heart_rate") == {("v1", "nulls"), ("v2", "nulls")}


def test_creatinine_shape_drift(demo, months):
    profile = demo.profile("creatinine")
    assert agree(profile, months, "creatinine")
    for month, rows in months.items():
        z = numbers(rows, "creatinine")
        z = (z - z.mean()) / z.std()
        assert profile[month]["excess_kurtosis"] == pytest.approx(np.mean(z**4) - 3, abs=1e-6), month
    ranges = {"mean": (0.91, 0.95, 0.91, 0.93), "standard_deviation": (0.12, 0.14, 0.215, 0.23)}
    ranges["excess_kurtosis"] = (-0.5, 0.6, -1.85, -1.75)
    for statistic, (low_before, high_before, low_after, high_after) in ranges.items():
        after, before = split(of(profile, statistic), date(2025, 3, 1))
        assert low_before < min(before) <= max(before) < high_before, statistic
        assert low_after < min(after) <= max(after) < high_after, statistic


def test_referral_share_drift(demo, months):
    profile = demo.profile("referral_source")
    assert categories_agree(profile, months, "referral_source")
    after, before = split(of(profile, "top_value"), date(2025, 4, 1))
    assert (set(after), set(before)) == ({"campaign"}, {"gp"})
    after, _ = split(of(profile, "top_share"), date(2025, 4, 1))
    assert all(share == pytest.approx(0.45, abs=0.025) for share in after)
    # pairs of features that no training set has together, from then on only; and what it takes of them
    new = demo.rows("""
        select reference, period_start, column_names, unseen_count from health_coverage_combinations
        where monitor = 'screenings' and combination_size = 2 and column_names <> '(all)' and status in ('warn', 'alert')
    """)
    assert {(row["reference"], row["column_names"]) for row in new} == {("training_v1", "age_band, referral_source")}
    assert {row["period_start"] for row in new} == set(MONTHS[15:])
    trained = reference_rows(months)["training_v1"]
    pairs = {(row["age_band"], row["referral_source"]) for row in trained}
    for row in new:
        visits = [(visit["age_band"], visit["referral_source"]) for visit in months[row["period_start"]]]
        assert row["unseen_count"] == sum(pair not in pairs for pair in visits), row
    campaign = sum((row["region"], row["referral_source"]) == ("west", "campaign") for row in trained)
    gaps = demo.gaps("health_coverage_gaps", "training_v1")
    assert (
        gaps["region = west, referral_source = campaign"]["row_count"],
        gaps["region = west, referral_source = campaign"]["status"],
    ) == (campaign, "alert")


def test_hba1c_becomes_text(demo, months):
    assert demo.outcomes("hba1c.pattern", "failed_count") == {date(2025, 5, 1): 329, date(2025, 6, 1): 308}
    profile = demo.profile("hba1c")
    assert categories_agree(profile, months, "hba1c")
    lengths = {month: np.mean([len(row["hba1c"]) for row in rows]) for month, rows in months.items()}
    assert of(profile, "mean_length") == pytest.approx(lengths)
    after, before = split(of(profile, "mean_length"), date(2025, 5, 1))
    assert set(before) == {3}
    assert after == pytest.approx([5.13, 5.15], abs=0.005)
    after, before = split(of(profile, "top_value"), date(2025, 5, 1))
    assert set(after) == {"normal"}
    assert all(re.fullmatch(r"\d\.\d", value) for value in before)
    changes = demo.sql("""
        select compared_with, change, type_before, type_now from health_schema_changes
        where column_name = 'hba1c' order by compared_with
    """)
    assert changes == [
        (name, "other type than reference", "DOUBLE", "VARCHAR") for name in ("training_v1", "training_v2")
    ]
    for (reference, month), row in demo.coverage("hba1c").items():
        if reference == "first_half":
            assert (row["unseen_share"] == 1) == (row["status"] == "alert") == (month >= date(2025, 5, 1))
        else:
            assert (row["status"], row["reason"]) == ("insufficient_data", "not in the reference")
    assert contract(demo, "hba1c") == {("v1", "type"), ("v2", "type")}


def test_new_device_model(demo, months):
    profile = demo.profile("device_model")
    assert categories_agree(profile, months, "device_model")
    after, before = split(of(profile, "top_value"), date(2025, 6, 1))
    assert (after, set(before)) == (["C30"], {"A10"})
    assert profile[date(2025, 6, 1)]["top_share"] == pytest.approx(0.32, abs=0.005)
    after, before = split(of(profile, "distinct_count"), date(2025, 6, 1))
    assert (after, set(before)) == ([4], {3})
    for (reference, month), row in demo.coverage("device_model").items():
        known = {visit["device_model"] for visit in reference_rows(months)[reference]}
        unseen = [visit["device_model"] for visit in months[month] if visit["device_model"] not in known | {""}]
        assert row["unseen_count"] == len(unseen)
        assert row["unseen_category"] == ("C30" if unseen else None)
        assert (row["status"] == "alert") == bool(unseen) == (month == MONTHS[-1])
    for reference in ("first_half", "training_v1", "training_v2"):
        gap = demo.gaps("health_coverage_gaps", reference)["device_model = C30"]
        assert (gap["gap_number"], gap["row_count"], gap["rows_needed"], gap["status"]) == (1, 0, 30, "alert")
        assert gap["production_row_count"] == sum(visit["device_model"] == "C30" for visit in months[MONTHS[-1]])
    assert contract(demo, "device_model") == {("v1", "values"), ("v2", "values")}


def test_label_break(demo, months):
    answers = [row for row in read("raw_annotations") if row["label"] != "skip"]
    # of two answers at the same time the one of the first annotator counts, so it must come last
    answers.sort(key=lambda row: row["annotator"], reverse=True)
    answers.sort(key=lambda row: row["labelled_at"])
    labels = {row["screening_id"]: row["label"] for row in answers}
    expected = {
        month: [{"label": labels[row["screening_id"]]} for row in rows if row["screening_id"] in labels]
        for month, rows in months.items()
    }
    profile = demo.profile("label")
    for month, row in profile.items():
        assert row["row_count"] - row["null_count"] == len(expected[month])
        assert row["top_share"] == pytest.approx(most_frequent(expected[month], "label")[1], rel=1e-12)
        assert row["top_value"] is None
    rates = demo.rows("select given_label, period_start, status from health_label_quality where subject = 'label'")
    assert {row["given_label"]: row["status"] for row in rates} == {"no": "break", "yes": "break"}
    assert {row["period_start"] for row in rates} == {date(2025, 6, 1)}
    (broken,), others = split(of(profile, "top_share"), date(2025, 6, 1))
    assert round(broken, 2) == 0.57
    assert (round(min(others), 2), round(max(others), 2)) == (0.67, 0.77)
    leading = {month: most_frequent(rows, "label")[0] for month, rows in expected.items()}
    assert {month for month, label in leading.items() if label == "yes"} == {date(2025, 6, 1)}


def test_model_versions_differ_from_production_in_two_columns(demo):
    changes = demo.sql("""
        select column_name, change, compared_with from health_schema_changes
        where column_name <> 'hba1c' order by column_name
    """)
    assert changes == [
        ("prior_visits", "other type than reference", "training_v2"),
        ("waist_cm", "missing in production", "training_v2"),
    ]


def test_the_vanished_the_retyped_and_the_redefined_feature_are_those_of_the_right_version(demo):
    assert contract(demo, "waist_cm") == {("v2", "presence")}
    assert contract(demo, "prior_visits") == {("v2", "type"), ("v1", "definition")}
    assert contract(demo, "systolic_bp") == {("v1", "definition")}
    # other words for the same
    assert contract(demo, "bmi") == set()
    assert demo.sql("select model_version, can_serve from health_model_versions where is_serving") == [("v2", False)]
    changes = demo.sql("""
        select feature, change from health_version_changes where version_before = 'v1' and version_now = 'v2' order by all
    """)
    assert changes == [
        ("prior_visits", "redefined"),
        ("prior_visits", "retyped"),
        ("systolic_bp", "redefined"),
        ("waist_cm", "added"),
    ]


def test_version_two_was_served_another_systolic_pressure(demo, months):
    recomputed = {visit["screening_id"]: visit for rows in months.values() for visit in rows}
    counts = Counter()
    for row in read("served_features"):
        visit = recomputed[row["screening_id"]]
        for name in ("age", "weight_kg", "systolic_bp", "glucose"):
            differs = float(row[name]) != float(visit[name])
            counts[row["model_version"], name, date.fromisoformat(row["served_at"][:10]).replace(day=1)] += differs
    rows = demo.sql("""
        select model_version, feature, period_start, row_count * skew_share from health_serving_skew
        where feature <> '(keys)' and row_count is not null
    """)
    assert {row[:3]: round(row[3]) for row in rows} == dict(counts)
    found = demo.findings("serving_skew")
    assert {(name, first) for _, name, first, _ in found} == {("version v2, systolic_bp", date(2025, 1, 1))}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        clinic = Demo(Path(folder))
        clinic.build()
        for page in PAGES:
            page.write_text(walkthrough.with_tables(page.read_text(), clinic.rows))
