"""From people to seeds: rows, then faults, then CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from functools import reduce
from pathlib import Path

from data_health.demo.faults import DELIVERY, RECORDING, few_older_patients, label_break
from data_health.demo.rows import (
    FIRST_DAY,
    LAST_DAY,
    POPULATION,
    Screening,
    annotate,
    diagnose,
    make_patients,
    make_screenings,
    predict,
    sample_rows,
    stream,
)

Value = str | int | float | date | datetime | None
Table = list[dict[str, Value]]

# column, type in version 1, what it is
FEATURES = (
    ("site", "varchar", "where the visit took place"),
    ("sex", "varchar", "f or m, from the register"),
    ("age_band", "varchar", "band of the age at the visit"),
    ("region", "varchar", "region of residence"),
    ("age", "integer", "completed years at the visit"),
    ("height_cm", "integer", "height without shoes, cm"),
    ("weight_kg", "double precision", "weight, kg"),
    ("bmi", "double precision", "body mass index, kg per square metre"),
    ("systolic_bp", "integer", "systolic blood pressure, mmHg"),
    ("diastolic_bp", "integer", "diastolic blood pressure, mmHg, one reading"),
    ("heart_rate", "integer", "heart rate at rest, beats per minute"),
    ("glucose", "integer", "glucose, mg/dL"),
    ("hba1c", "double precision", "glycated haemoglobin, %"),
    ("cholesterol", "integer", "total cholesterol, mg/dL"),
    ("creatinine", "double precision", "creatinine, mg/dL"),
    ("prior_visits", "integer", "number of visits before this one"),
    ("last_visit_date", "date", "day of the visit before this one"),
    ("smoking_status", "varchar", "never, former or current"),
    ("referral_source", "varchar", "who sent the patient"),
    ("insurance", "varchar", "public, private or none"),
    ("device_model", "varchar", "model of the measuring device"),
    ("family_history", "boolean", "a first-degree relative is diagnosed"),
    ("pregnant", "boolean", "pregnant at the visit"),
)
# what version 2 has in another type, or more; a version computes a feature by SQL, mostly from the column of its name
CHANGED_IN_V2 = {"prior_visits": ("varchar", "visits before this one, in bands"), "waist_cm": ("integer", "waist, cm")}
DEFINITIONS = {
    "v1": {"bmi": "weight_kg / power(height_cm / 100.0, 2)", "systolic_bp": "first_systolic_bp"},
    "v2": {
        "bmi": "weight_kg / POWER((height_cm / 100.0), 2) -- as before",
        "systolic_bp": "(first_systolic_bp + second_systolic_bp) / 2",
        "prior_visits": "case when prior_visits = 0 then '0' when prior_visits <= 2 then '1-2' "
        "when prior_visits <= 5 then '3-5' else '6+' end",
    },
}
RANGES = {"age": (18, 110), "glucose": (20, 400), "systolic_bp": (60, 260)}
ALLOWED_VALUES = {"sex": "f|m", "device_model": "A10|A12|B20"}


def training_row(row: Screening) -> dict[str, Value]:
    """The columns that a model is trained on; names and test flags stay at the clinic."""
    values = asdict(row)
    flags = {"Y": "true", "N": "false"}
    features = {name: flags[values[name]] if kind == "boolean" else values[name] for name, kind, _ in FEATURES}
    return {"screening_id": row.screening_id, "screened_at": row.screened_at, **features}


def visit_band(visits: int) -> str:
    """How version 2 writes the number of prior visits."""
    return "0" if visits == 0 else "1-2" if visits <= 2 else "3-5" if visits <= 5 else "6+"


def training_sets(clean: Sequence[Screening]) -> dict[str, Table]:
    """Version 1 from the year before; version 2 from clean rows of early 2024, retyped and with one more feature."""
    people = make_patients("people_2023", "Q", 900, few_older_patients(POPULATION["age_band"]), date(2023, 7, 1))
    year_before = make_screenings("screenings_2023", "T", people, date(2023, 1, 2), date(2023, 12, 30), (3, 5))
    first_half = [row for row in clean if row.screened_at < datetime(2024, 7, 1)]
    rng = stream("waist_cm")
    second = [
        training_row(row)
        | {
            "prior_visits": visit_band(row.prior_visits),
            "waist_cm": round(88 + 2.3 * (row.bmi - 26.5) + rng.normal(0, 5)),
        }
        for row in sample_rows("training_set_v2", first_half, 1200)
    ]
    return {
        "training_set_v1": [training_row(row) for row in sample_rows("training_set_v1", year_before, 1000)],
        "training_set_v2": second,
    }


def acknowledged_findings() -> Table:
    """What people know of: a finding that is acknowledged for good, and one whose day has passed."""
    columns = ("monitor", "finding", "column_name", "first_period", "acknowledged_until", "acknowledged_by", "note")
    known = [
        (
            "screenings_weekly",
            "volume",
            "*",
            "2024-09-16",
            "2099-12-31",
            "clinic lead",
            "closed for a week to move house",
        ),
        (
            "screenings",
            "late_rows",
            "*",
            "2024-12-01",
            "2025-01-31",
            "data team",
            "site hill loads by hand until January",
        ),
    ]
    return [dict(zip(columns, row, strict=True)) for row in known]


def known_biases() -> Table:
    """Biases found before: one in every training set, three that hold, one of too few rows, one expired, one gap."""
    columns = (
        "id", "monitor", "subgroup", "value", "metric", "threshold", "reference", "owner", "opened", "expiry",
        "on_inconclusive", "version",
    )  # fmt: skip
    known = [
        ("old-patients", "age_band", "75+", "share_ratio", 0.8, None, "2024-01-15", None, None, None),
        ("women", "sex", "f", "share_ratio", 0.8, None, "2023-11-02", "2099-12-31", None, None),
        ("labels-of-women", "sex", "f", "label_rate_ratio", 0.7, "production", "2024-03-01", None, None, None),
        ("gaps-of-women", "sex", "f", "missing_share", 0.2, None, "2024-03-01", None, None, None),
        ("old-men", "sex, age_band", "m, 75+", "true_positive_rate", 0.5, "production", "2024-06-01", None, None, None),
        ("west", "region", "west", "share_ratio", 0.8, None, "2023-05-20", "2025-01-31", None, None),
        ("women-accused", "sex", "f", "false_positive_rate_gap", 0.1, "production", "2025-03-01", None, "warn", "v2"),
    ]
    shared = [(row[0], "screenings", *row[1:6], "risk-model team", *row[6:]) for row in known]
    return [dict(zip(columns, row, strict=True)) for row in shared]


def feature_registry() -> Table:
    """What each model version was trained with: features, their types, their definitions, and which values they had."""
    first = {name: (kind, text) for name, kind, text in FEATURES}
    versions = {"v1": first, "v2": first | CHANGED_IN_V2}
    return [
        {
            "model_version": version,
            "feature": feature,
            "feature_number": number,
            "data_type": kind,
            "definition": DEFINITIONS[version].get(feature, feature),
            "description": text,
            "minimum": RANGES.get(feature, (None, None))[0],
            "maximum": RANGES.get(feature, (None, None))[1],
            "allowed_values": ALLOWED_VALUES.get(feature),
            "reference": f"training_{version}",
        }
        for version, features in versions.items()
        for number, (feature, (kind, text)) in enumerate(features.items(), start=1)
    ]


def served_versions() -> Table:
    """Which version serves since when: one row switches it."""
    return [
        {"model_version": "v1", "serves_from": datetime(2024, 1, 1)},
        {"model_version": "v2", "serves_from": datetime(2025, 4, 1)},
    ]


def served_features(recorded: Sequence[Screening]) -> Table:
    """Four features of every third visit of 2025, as the versions got them. Version 2 gets the mean of two readings."""
    rng = stream("served_features")
    log: Table = []
    for row in sorted(recorded, key=lambda row: row.screening_id):
        second = row.systolic_bp + round(rng.normal(-3, 6))
        served = [("v1", row.systolic_bp)] if row.screened_at < datetime(2025, 4, 1) else []
        served.append(("v2", round((row.systolic_bp + second) / 2)))
        counts = row.screened_at >= datetime(2025, 1, 1) and row.is_test == "N" and row.age >= 18
        if not counts or int(row.screening_id[1:]) % 3:
            continue
        for version, systolic in served:
            features = {"age": row.age, "weight_kg": row.weight_kg, "systolic_bp": systolic, "glucose": row.glucose}
            place = {"screening_id": row.screening_id, "model_version": version, "served_at": row.screened_at}
            log.append(place | features)
    return log


def demo_seeds() -> dict[str, Table]:
    """All seeds by name. The same numbers on every call."""
    people = make_patients("people", "P", 4000, few_older_patients(POPULATION["age_band"]), date(2024, 10, 1))
    clean = make_screenings("screenings", "S", people, FIRST_DAY, LAST_DAY, (8, 17))
    recorded = reduce(lambda rows, fault: fault(rows), RECORDING, clean)
    delivered = reduce(lambda rows, fault: fault(rows), DELIVERY, recorded)
    screened_at = {row.screening_id: row.screened_at for row in recorded}
    answers = label_break(annotate(recorded, diagnose(clean)), screened_at)
    shares: Table = [
        {"subgroup": subgroup, "value": value, "share": share}
        for subgroup, values in POPULATION.items()
        for value, share in values.items()
    ]
    return {
        "raw_screenings": [asdict(row) for row in sorted(delivered, key=lambda r: (r.loaded_at, r.screening_id))],
        "raw_annotations": [asdict(answer) for answer in answers],
        "raw_predictions": [asdict(score) for score in sorted(predict(recorded), key=lambda p: p.screening_id)],
        "population_shares": shares,
        "feature_registry": feature_registry(),
        "served_versions": served_versions(),
        "served_features": served_features(recorded),
        "acknowledged_findings": acknowledged_findings(),
        "known_biases": known_biases(),
        **training_sets(clean),
    }


def cell(value: Value) -> str:
    """One value as CSV text; nothing at all for null."""
    # Without seconds, which every engine can read, the largest seed stays under dbt's 1 MiB limit for state comparison.
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return "" if value is None else str(value)


def to_csv(rows: Sequence[Mapping[str, Value]]) -> str:
    """A table as CSV, with the line ends of Unix whatever the machine."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(rows[0])
    writer.writerows([cell(value) for value in row.values()] for row in rows)
    return out.getvalue()


def write_demo(folder: Path) -> list[Path]:
    """Write every seed as `<name>.csv` into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, rows in demo_seeds().items():
        path = folder / f"{name}.csv"
        path.write_bytes(to_csv(rows).encode())
        paths.append(path)
    return paths
