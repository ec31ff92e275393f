"""The demo's seeds: the same on every run, small, and with every planted fault visible in the CSV files themselves."""

import csv
import inspect
import re
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import fmean, stdev

import pytest
import yaml
from data_health.demo import faults, write_demo

pytestmark = pytest.mark.quick

ROOT = Path(__file__).resolve().parents[2]
SEEDS = ROOT / "seeds" / "demo"
MODELS = ROOT / "dbt_project" / "models" / "demo"


def read(name):
    with (SEEDS / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def raw():
    return read("raw_screenings")


@pytest.fixture(scope="module")
def visits(raw):
    """One row per key."""
    return list({row["screening_id"]: row for row in raw}.values())


def month(row):
    return row["screened_at"][:7]


def day(row):
    return date.fromisoformat(row["screened_at"][:10])


def share(rows, condition):
    return sum(map(condition, rows)) / len(rows)


def by_month(rows, measure):
    groups = {}
    for row in rows:
        groups.setdefault(month(row), []).append(row)
    return {name: measure(group) for name, group in sorted(groups.items())}


def test_regenerated_seeds_are_byte_identical(tmp_path):
    written = write_demo(tmp_path)
    assert {path.name for path in written} == {path.name for path in SEEDS.glob("*.csv")}
    for path in written:
        assert path.read_bytes() == (SEEDS / path.name).read_bytes(), path.name


def test_seeds_are_small():
    sizes = [path.stat().st_size for path in SEEDS.glob("*.csv")]
    assert sum(sizes) < 2_000_000
    # dbt tells by content whether a seed changed only up to this size.
    assert max(sizes) < 1024 * 1024


def test_every_seed_column_is_typed_and_described():
    described = {seed["name"]: seed for seed in yaml.safe_load((SEEDS / "_demo_seeds.yml").read_text())["seeds"]}
    assert set(described) == {path.stem for path in SEEDS.glob("*.csv")}
    for name, seed in described.items():
        header = list(read(name)[0])
        assert seed["description"]
        assert [column["name"] for column in seed["columns"] if column["description"]] == header
        assert list(seed["config"]["column_types"]) == header
        assert "project_name == 'data_health'" in seed["config"]["enabled"]


def test_every_demo_model_has_a_contract_and_is_off_elsewhere():
    described = yaml.safe_load((MODELS / "_demo_models.yml").read_text())["models"]
    assert {model["name"] for model in described} == {path.stem for path in MODELS.glob("*.sql")}
    for model in described:
        assert model["config"]["contract"] == {"enforced": True}
        assert "project_name == 'data_health'" in model["config"]["enabled"]
        assert all(column["description"] and column["data_type"] for column in model["columns"])


def test_every_fault_is_documented():
    planted = [
        name
        for name, function in inspect.getmembers(faults, inspect.isfunction)
        if function.__module__ == faults.__name__ and not name.startswith("_")
    ]
    assert {f"test_{name}" for name in planted} <= set(globals())
    section = (ROOT / "docs" / "demo.md").read_text().split("## What goes wrong")[1].split("\n## ")[0]
    documented = re.findall(r"^\| `(\w+)`", section, re.MULTILINE)
    assert sorted(documented) == sorted(planted)


def test_eighteen_months_of_visits(raw, visits):
    assert (min(map(day, raw)), max(map(day, raw))) == (date(2024, 1, 1), date(2025, 6, 30))
    assert len(by_month(visits, len)) == 18
    assert len(visits) == 5637


# One test per planted fault, named like the function that plants it.


def test_few_older_patients(visits):
    population = {
        row["value"]: float(row["share"]) for row in read("population_shares") if row["subgroup"] == "age_band"
    }
    counts = Counter(row["age_band"] for row in visits)
    ratio = {band: counts[band] / len(visits) / population[band] for band in population}
    assert ratio["75+"] < 0.4 < ratio["65-74"] < 0.7
    assert min(ratio["18-34"], ratio["35-49"], ratio["50-64"]) > 1


def test_missing_week(raw):
    weeks = Counter(day(row) - timedelta(days=day(row).weekday()) for row in raw)
    every = {date(2024, 1, 1) + timedelta(weeks=week) for week in range(79)}
    assert every - set(weeks) == {date(2024, 9, 16)}


def test_sentinels(visits):
    counts = {
        (column, value): sum(row[column] == value for row in visits)
        for column, value in (
            ("cholesterol", "-999"),
            ("prior_visits", "999"),
            ("bmi", "N/A"),
            ("smoking_status", "N/A"),
            ("insurance", "unknown"),
        )
    }
    assert all(0.004 < count / len(visits) < 0.025 for count in counts.values()), counts
    real = [int(row["cholesterol"]) for row in visits if row["cholesterol"] != "-999"]
    assert min(real) > 0
    assert max(int(row["prior_visits"]) for row in visits if row["prior_visits"] != "999") < 20


def test_pounds_for_kilograms(visits):
    def ratio(row):
        return float(row["weight_kg"]) / (float(row["bmi"]) * (int(row["height_cm"]) / 100) ** 2)

    whole = [row for row in visits if row["bmi"] != "N/A"]
    pounds = [row for row in whole if ratio(row) > 2]
    assert {row["site"] for row in pounds} == {"harbour"}
    assert (min(map(day, pounds)), max(map(day, pounds))) == (date(2024, 7, 1), date(2024, 7, 27))
    assert all(abs(ratio(row) - 2.20462) < 0.02 for row in pounds)
    assert all(abs(ratio(row) - 1) < 0.01 for row in whole if row not in pounds)
    assert len(pounds) > 100


def test_diastolic_null_spike(visits):
    nulls = by_month(visits, lambda rows: share(rows, lambda row: row["diastolic_bp"] == ""))
    assert nulls.pop("2024-08") > 0.3
    assert max(nulls.values()) < 0.03


def test_late_rows(visits):
    def delay(row):
        return datetime.fromisoformat(row["loaded_at"]) - datetime.fromisoformat(row["screened_at"])

    late = [row for row in visits if delay(row) > timedelta(days=2)]
    assert {row["site"] for row in late} == {"hill"}
    assert all(date(2024, 12, 9) <= day(row) < date(2024, 12, 23) for row in late)
    assert all(timedelta(weeks=5) < delay(row) < timedelta(weeks=5, days=1) for row in late)
    assert len(late) > 25


def test_heart_rate_disappears(visits):
    nulls = by_month(visits, lambda rows: share(rows, lambda row: row["heart_rate"] == ""))
    assert [name for name, value in nulls.items() if value == 1] == [f"2025-{m:02d}" for m in range(2, 7)]
    assert all(value < 0.06 for name, value in nulls.items() if name < "2025-02")


def test_hba1c_becomes_text(visits):
    number = by_month(visits, lambda rows: share(rows, lambda row: re.fullmatch(r"\d+\.\d", row["hba1c"]) is not None))
    assert all(value == (0 if name >= "2025-05" else 1) for name, value in number.items())
    late = [row["hba1c"] for row in visits if month(row) >= "2025-05"]
    assert all(re.fullmatch(r"\d+,\d %|high|normal", value) for value in late)
    assert {"high", "normal", "5,4 %"} < set(late)


def test_exact_duplicates(raw):
    seen = Counter(tuple(row.values()) for row in raw)
    twice = [dict(zip(raw[0], values, strict=True)) for values, count in seen.items() if count == 2]
    assert max(seen.values()) == 2
    assert len(raw) - len(seen) == len(twice) == 70
    assert all(date(2024, 10, 7) <= day(row) < date(2024, 10, 14) for row in twice)
    assert len(seen) == len({row["screening_id"] for row in raw})


def test_fuzzy_duplicates(visits):
    def same(row):
        return row["first_name"], row["height_cm"], row["weight_kg"], row["glucose"], row["cholesterol"], row["age"]

    november = [row for row in visits if month(row) == "2024-11"]
    groups = {}
    for row in november:
        groups.setdefault(same(row), []).append(row)
    pairs = [rows for rows in groups.values() if len(rows) == 2]
    # A few of the 60 pairs differ here because one of the two later got a sentinel.
    assert 50 <= len(pairs) <= 60
    for first, second in pairs:
        assert first["patient_id"] != second["patient_id"]
        assert first["last_name"] != second["last_name"]
        assert abs(date.fromisoformat(first["birth_date"]) - date.fromisoformat(second["birth_date"])).days <= 1


def test_glucose_mean_drift(visits):
    means = by_month(visits, lambda rows: fmean(int(row["glucose"]) for row in rows))
    before = [value for name, value in means.items() if name < "2025-01"]
    after = [value for name, value in means.items() if name >= "2025-01"]
    assert min(after) - max(before) > 7
    assert fmean(after) - fmean(before) == pytest.approx(11, abs=1)


def test_creatinine_shape_drift(visits):
    def values(first, after):
        return [float(row["creatinine"]) for row in visits if first <= month(row) < after]

    before, after = values("2024-01", "2025-03"), values("2025-03", "2025-07")
    assert fmean(after) == pytest.approx(fmean(before), abs=0.01)
    assert stdev(after) / stdev(before) > 1.6
    middle = [value for value in after if 0.82 < value < 1.02]
    assert len(middle) / len(after) < 0.08


def test_referral_share_drift(visits):
    campaign = by_month(visits, lambda rows: share(rows, lambda row: row["referral_source"] == "campaign"))
    assert min(value for name, value in campaign.items() if name >= "2025-04") > 0.35
    assert max(value for name, value in campaign.items() if name < "2025-04") < 0.16


def test_new_device_model(visits):
    c30 = by_month(visits, lambda rows: share(rows, lambda row: row["device_model"] == "C30"))
    assert c30.pop("2025-06") > 0.25
    assert max(c30.values()) == 0
    trained = {row["device_model"] for name in ("training_set_v1", "training_set_v2") for row in read(name)}
    assert trained == {"A10", "A12", "B20"}


def test_label_break(visits):
    screened = {row["screening_id"]: row for row in visits}
    answers = [screened[row["screening_id"]] | row for row in read("raw_annotations") if row["label"] != "skip"]
    broken = [row for row in answers if day(row) >= date(2025, 6, 2)]
    assert share(broken, lambda row: row["label"] == "yes") > 0.5
    sound = by_month([row for row in answers if day(row) < date(2025, 6, 1)], lambda rows: rows)
    assert all(0.2 < share(rows, lambda row: row["label"] == "yes") < 0.36 for rows in sound.values())


# What the other seeds must hold for the marts to have something to say.


def test_annotations_are_partial_and_overlap(visits):
    answers = read("raw_annotations")
    people = Counter(row["screening_id"] for row in answers)
    assert {row["annotator"] for row in answers} == {"ana", "ben", "chloe", "dan"}
    assert 0.35 < len(people) / len(visits) < 0.45
    assert set(people.values()) == {1, 2, 3}
    assert 0.02 < share(answers, lambda row: row["label"] == "skip") < 0.07
    assert len({(row["screening_id"], row["annotator"]) for row in answers}) == len(answers)


def test_two_model_versions_overlap_for_three_months(visits):
    screened = {row["screening_id"]: month(row) for row in visits}
    scores = read("raw_predictions")
    months = {
        version: {screened[r["screening_id"]] for r in scores if r["model_version"] == version}
        for version in ("v1", "v2")
    }
    assert months["v1"] & months["v2"] == {"2025-01", "2025-02", "2025-03"}
    assert {row["screening_id"] for row in scores} == set(screened)
    assert len({(row["screening_id"], row["model_version"]) for row in scores}) == len(scores)
    assert all(0 <= float(row["risk_score"]) <= 1 for row in scores)


def test_training_sets_and_registry_agree():
    registry = read("feature_registry")
    features = {v: {r["feature"]: r["data_type"] for r in registry if r["model_version"] == v} for v in ("v1", "v2")}
    keys = ["screening_id", "screened_at"]
    assert list(read("training_set_v1")[0]) == keys + list(features["v1"])
    assert list(read("training_set_v2")[0]) == keys + list(features["v2"])
    assert set(features["v2"]) - set(features["v1"]) == {"waist_cm"}
    retyped = {name for name, kind in features["v1"].items() if features["v2"][name] != kind}
    assert retyped == {"prior_visits"}
    declared = {seed["name"]: seed for seed in yaml.safe_load((SEEDS / "_demo_seeds.yml").read_text())["seeds"]}
    for version, types in features.items():
        column_types = declared[f"training_set_{version}"]["config"]["column_types"]
        assert {name: column_types[name] for name in types} == types


def test_population_shares_add_up():
    totals = Counter()
    for row in read("population_shares"):
        totals[row["subgroup"]] += float(row["share"])
    assert totals == pytest.approx({"sex": 1, "age_band": 1, "region": 1})
