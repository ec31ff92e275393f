"""The clinic as it would be if nothing ever went wrong: people, screenings, labels, scores."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zlib import crc32

import numpy as np

SEED = 1
FIRST_DAY, LAST_DAY = date(2024, 1, 1), date(2025, 6, 30)

# Last bound exclusive; the clinic screens adults.
AGE_BANDS = {"18-34": (18, 35), "35-49": (35, 50), "50-64": (50, 65), "65-74": (65, 75), "75+": (75, 92)}
POPULATION: dict[str, dict[str, float]] = {
    "sex": {"f": 0.51, "m": 0.49},
    "age_band": {"18-34": 0.27, "35-49": 0.25, "50-64": 0.24, "65-74": 0.13, "75+": 0.11},
    "region": {"north": 0.30, "south": 0.25, "east": 0.25, "west": 0.20},
}
SITES = {"harbour": 0.45, "hill": 0.30, "market": 0.25}
REFERRALS = {"gp": 0.50, "self": 0.25, "hospital": 0.15, "campaign": 0.10}
ANNOTATORS = {"ana": 0.97, "ben": 0.92, "chloe": 0.85, "dan": 0.70}
NOTES = ("asked for results by mail", "fasting", "not fasting", "returns in spring", "took medication today")
FIRST_NAMES, LAST_NAMES = (
    names.split()
    for names in (
        "Ada Amir Anna Bela Boris Carla Cesar Clara Dario Edna Elio Emma Erik Fanny Felix Greta Hana Hugo Ines Ivan "
        "Jana Jonas Karim Kira Lena Leo Luis Mara Mark Mila Nadia Nils Olga Omar Paula Pedro Rosa Samir Tessa Viktor",
        "Abel Adler Alonso Bauer Berg Blanc Brandt Castro Costa Diaz Dietz Duran Egger Faber Farah Fischer Garcia "
        "Gomez Haas Haddad Hansen Huber Ibarra Jansen Jensen Keller Klein Kovacs Kruger Lang Larsen Leroy Lopez "
        "Martin Meyer Moreau Nagy Navarro Novak Olsen Ortega Perez Petit Pinto Popov Ramos Reyes Richter Romero "
        "Rossi Roux Saleh Santos Silva Simon Torres Vargas Vidal Weber Winter",
    )
)


@dataclass(frozen=True)
class Patient:
    """A person of the clinic's register."""

    patient_id: str
    first_name: str
    last_name: str
    birth_date: date
    sex: str
    region: str
    height_cm: int
    bmi: float


@dataclass(frozen=True)
class Screening:
    """One visit, in the column order of `raw_screenings`. Faults may put text where a number belongs."""

    screening_id: str
    patient_id: str
    screened_at: datetime
    loaded_at: datetime
    site: str
    first_name: str
    last_name: str
    birth_date: date
    sex: str
    age_band: str
    region: str
    is_test: str
    age: int
    height_cm: int
    weight_kg: float
    bmi: float | str
    systolic_bp: int
    diastolic_bp: int | None
    heart_rate: int | None
    glucose: int
    hba1c: float | str
    cholesterol: int
    creatinine: float
    prior_visits: int
    last_visit_date: date | None
    smoking_status: str
    referral_source: str
    insurance: str
    device_model: str
    family_history: str
    pregnant: str
    free_text_note: str


@dataclass(frozen=True)
class Annotation:
    """One answer of one annotator about one screening."""

    screening_id: str
    label: str
    annotator: str
    labelled_at: datetime
    source: str
    seconds: int


@dataclass(frozen=True)
class Prediction:
    """What one model version said about one screening."""

    screening_id: str
    model_version: str
    risk_score: float
    predicted: str


def stream(name: str, seed: int = SEED) -> np.random.Generator:
    """A random stream of its own for every step, so that a change in one step leaves the others' numbers alone."""
    return np.random.default_rng([seed, crc32(name.encode())])


def choose(rng: np.random.Generator, shares: Mapping[str, float]) -> str:
    """One value, drawn with the given shares."""
    point = rng.random() * sum(shares.values())
    for value, share in shares.items():
        point -= share
        if point < 0:
            return value
    return value


def band_of(age: int) -> str:
    """The age band that holds an age."""
    return next(band for band, (_, upper) in AGE_BANDS.items() if age < upper or band == "75+")


def make_patients(name: str, prefix: str, count: int, age_shares: Mapping[str, float], middle: date) -> list[Patient]:
    """The register: `count` people whose ages on the day `middle` have the given shares."""
    rng = stream(name)
    patients = []
    for number in range(1, count + 1):
        lower, upper = AGE_BANDS[choose(rng, age_shares)]
        sex = choose(rng, POPULATION["sex"])
        patients.append(
            Patient(
                patient_id=f"{prefix}{number:04d}",
                first_name=str(rng.choice(FIRST_NAMES)),
                last_name=str(rng.choice(LAST_NAMES)),
                birth_date=middle - timedelta(days=int(365.25 * (lower + rng.random() * (upper - lower)))),
                sex=sex,
                region=choose(rng, POPULATION["region"]),
                height_cm=round(rng.normal(163, 6.5) if sex == "f" else rng.normal(176, 7)),
                bmi=float(np.clip(rng.normal(26.5, 4.0), 17, 45)),
            )
        )
    return patients


def screen(rng: np.random.Generator, patient: Patient, screening_id: str, at: datetime) -> Screening:
    """One visit of one patient, with measurements that hang together."""
    age = int((at.date() - patient.birth_date).days / 365.25)
    bmi = patient.bmi + rng.normal(0, 0.5)
    systolic = rng.normal(122 + 0.35 * (age - 45), 11)
    glucose = rng.normal(98 + 0.15 * (age - 45), 14)
    prior_visits = int(rng.poisson(1.6))
    loaded = datetime(at.year, at.month, at.day, 2, int(rng.integers(0, 60))) + timedelta(days=1)
    fertile = patient.sex == "f" and age < 45
    return Screening(
        screening_id=screening_id,
        patient_id=patient.patient_id,
        screened_at=at,
        loaded_at=loaded,
        site=choose(rng, SITES),
        first_name=patient.first_name,
        last_name=patient.last_name,
        birth_date=patient.birth_date,
        sex=patient.sex,
        age_band=band_of(age),
        region=patient.region,
        is_test="Y" if rng.random() < 0.01 else "N",
        age=age,
        height_cm=patient.height_cm,
        weight_kg=round(bmi * (patient.height_cm / 100) ** 2, 1),
        bmi=round(bmi, 1),
        systolic_bp=round(systolic),
        diastolic_bp=None if rng.random() < 0.01 else round(rng.normal(76 + 0.25 * (systolic - 122), 7)),
        heart_rate=None if rng.random() < 0.02 else round(rng.normal(72, 9)),
        glucose=round(glucose),
        hba1c=round(5.4 + 0.02 * (glucose - 98) + rng.normal(0, 0.3), 1),
        cholesterol=round(rng.normal(192 + 0.3 * (age - 45), 30)),
        creatinine=round(rng.normal(0.92, 0.13), 2),
        prior_visits=prior_visits,
        last_visit_date=at.date() - timedelta(days=int(rng.integers(30, 900))) if prior_visits else None,
        smoking_status=choose(rng, {"never": 0.55, "former": 0.25, "current": 0.20}),
        referral_source=choose(rng, REFERRALS),
        insurance=choose(rng, {"public": 0.62, "private": 0.30, "none": 0.08}),
        device_model=choose(rng, {"A10": 0.45, "A12": 0.35, "B20": 0.20}),
        family_history="Y" if rng.random() < 0.28 else "N",
        pregnant="Y" if fertile and rng.random() < 0.06 else "N",
        free_text_note=str(rng.choice(NOTES)) if rng.random() < 0.12 else "",
    )


def make_screenings(
    name: str, prefix: str, patients: Sequence[Patient], first: date, last: date, per_day: tuple[int, int]
) -> list[Screening]:
    """Visits from Monday to Saturday, a random number of them a day within `per_day` (upper bound exclusive)."""
    rng = stream(name)
    days = [first + timedelta(days=d) for d in range((last - first).days + 1)]
    minutes = [
        datetime(day.year, day.month, day.day, 8) + timedelta(minutes=minute)
        for day in days
        if day.weekday() < 6
        for minute in sorted(int(m) for m in rng.integers(0, 600, int(rng.integers(*per_day))))
    ]
    return [
        screen(rng, patients[int(rng.integers(len(patients)))], f"{prefix}{number:05d}", at)
        for number, at in enumerate(minutes, start=1)
    ]


def logit(row: Screening) -> float:
    """The risk of a positive diagnosis, on the logit scale."""
    return (
        -2.2
        + 0.05 * (row.age - 45)
        + 0.08 * (float(row.bmi) - 26.5)
        + 0.05 * (row.glucose - 98)
        + 0.9 * (row.family_history == "Y")
        + 0.7 * (row.smoking_status == "current")
    )


def diagnose(rows: Sequence[Screening]) -> dict[str, bool]:
    """The truth that annotators try to find, by screening."""
    rng = stream("truth")
    return {row.screening_id: bool(rng.random() < 1 / (1 + math.exp(-logit(row)))) for row in rows}


def annotate(rows: Sequence[Screening], truth: Mapping[str, bool]) -> list[Annotation]:
    """Answers for two rows in five, a fifth of those by two people and one in twenty by three; 4 % are skips."""
    rng = stream("annotations")
    answers = []
    for row in rows:
        if row.screening_id not in truth or rng.random() >= 0.40:
            continue
        people = int(choose(rng, {"1": 0.75, "2": 0.20, "3": 0.05}))
        at = row.screened_at
        for annotator in rng.permutation(list(ANNOTATORS))[:people]:
            at += timedelta(minutes=int(rng.integers(24 * 60, 8 * 24 * 60)))
            right = rng.random() < ANNOTATORS[str(annotator)]
            label = "skip" if rng.random() < 0.04 else "yes" if truth[row.screening_id] == right else "no"
            source = choose(rng, {"chart": 0.8, "phone": 0.2})
            seconds = 5 + round(40 * rng.gamma(2.0, 0.5))
            answers.append(Annotation(row.screening_id, label, str(annotator), at, source, seconds))
    return sorted(answers, key=lambda a: (a.labelled_at, a.screening_id, a.annotator))


def predict(rows: Sequence[Screening]) -> list[Prediction]:
    """Scores of v1 until March 2025 and of v2 from January 2025: three months have both."""
    rng = stream("predictions")
    # version, noise of its logit, and the half-open range in which it served
    versions = (
        ("v1", 0.8, datetime(2024, 1, 1), datetime(2025, 4, 1)),
        ("v2", 0.3, datetime(2025, 1, 1), datetime(2025, 7, 1)),
    )
    scores = []
    for row in rows:
        for version, noise, first, after in versions:
            score = round(1 / (1 + math.exp(-logit(row) - rng.normal(0, noise))), 3)
            if first <= row.screened_at < after:
                scores.append(Prediction(row.screening_id, version, score, "yes" if score >= 0.5 else "no"))
    return scores


def sample_rows(name: str, rows: Sequence[Screening], count: int) -> list[Screening]:
    """A simple random sample that keeps the order of the rows; test rows are never trained on."""
    real = [replace(row, is_test="N") for row in rows if row.is_test == "N"]
    return [real[i] for i in sorted(stream(name).permutation(len(real))[:count])]
