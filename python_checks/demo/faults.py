"""What goes wrong at the clinic: one pure function per fault.

Recording faults happen where people measure, so scores are computed from them. Delivery faults happen between the
clinic and the warehouse, after scoring. `docs/demo.md` says where each one must come to light.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from data_health.demo.rows import Annotation, Screening, choose, stream

Fault = Callable[[Sequence[Screening]], list[Screening]]


def _during(row: Screening, first: date, after: date = date.max) -> bool:
    """Whether a visit falls into the half-open range of days."""
    return first <= row.screened_at.date() < after


def few_older_patients(shares: Mapping[str, float]) -> dict[str, float]:
    """Under-representation: people of 65 and more come half as often as they live there, of 75 and more a fourth."""
    weights = {"65-74": 0.5, "75+": 0.25}
    return {band: share * weights.get(band, 1.0) for band, share in shares.items()}


def missing_week(rows: Sequence[Screening]) -> list[Screening]:
    """Gap: no row at all from Monday 2024-09-16 to Sunday 2024-09-22."""
    return [row for row in rows if not _during(row, date(2024, 9, 16), date(2024, 9, 23))]


def glucose_mean_drift(rows: Sequence[Screening]) -> list[Screening]:
    """Drift of the mean: recalibrated meters read 11 mg/dL higher from 2025-01 on; the disease does not change."""
    return [replace(row, glucose=row.glucose + 11) if _during(row, date(2025, 1, 1)) else row for row in rows]


def creatinine_shape_drift(rows: Sequence[Screening]) -> list[Screening]:
    """Drift of the shape: two humps at 0.92 ± 0.22 from 2025-03 on, the mean unchanged."""
    rng = stream("creatinine_shape_drift")
    drifted = []
    for position, row in enumerate(rows):
        # Alternating sides, not drawn ones, keep the mean where it was.
        side = 1 if position % 2 else -1
        value = round(0.92 + side * 0.22 + rng.normal(0, 0.05), 2)
        drifted.append(replace(row, creatinine=value) if _during(row, date(2025, 3, 1)) else row)
    return drifted


def referral_share_drift(rows: Sequence[Screening]) -> list[Screening]:
    """Drift of category shares: a campaign brings 45 % of the patients from 2025-04 on, before 10 %."""
    rng = stream("referral_share_drift")
    shares = {"gp": 0.25, "self": 0.20, "hospital": 0.10, "campaign": 0.45}
    drawn = [(row, choose(rng, shares)) for row in rows]
    return [replace(row, referral_source=new) if _during(row, date(2025, 4, 1)) else row for row, new in drawn]


def new_device_model(rows: Sequence[Screening]) -> list[Screening]:
    """Values never seen in training: device model C30 takes over 35 % of the visits from 2025-06 on."""
    rng = stream("new_device_model")
    drawn = [(row, rng.random() < 0.35) for row in rows]
    return [replace(row, device_model="C30") if hit and _during(row, date(2025, 6, 1)) else row for row, hit in drawn]


def fuzzy_duplicates(rows: Sequence[Screening]) -> list[Screening]:
    """Fuzzy duplicates: 60 visits of 2024-11 entered again days later, under a new patient id and a misspelt name."""
    rng = stream("fuzzy_duplicates")
    november = [row for row in rows if _during(row, date(2024, 11, 1), date(2024, 11, 27))]
    twins = []
    for number, position in enumerate(sorted(rng.permutation(len(november))[:60]), start=1):
        row = november[position]
        letter = int(rng.integers(1, len(row.last_name) - 1))
        typo = row.last_name[:letter] + row.last_name[letter + 1] + row.last_name[letter] + row.last_name[letter + 2 :]
        later = timedelta(days=int(rng.integers(1, 4)))
        twins.append(
            replace(
                row,
                screening_id=f"S{len(rows) + 500 + number:05d}",
                patient_id=f"P{9000 + number}",
                screened_at=row.screened_at + later,
                loaded_at=row.loaded_at + later,
                # A swap of two equal letters would be no typo, so those lose a letter instead.
                last_name=typo if typo != row.last_name else row.last_name[:letter] + row.last_name[letter + 1 :],
                birth_date=row.birth_date + timedelta(days=1 if number % 3 == 0 else 0),
                systolic_bp=row.systolic_bp + int(rng.integers(-3, 4)),
            )
        )
    return [*rows, *twins]


def sentinels(rows: Sequence[Screening]) -> list[Screening]:
    """Values that stand for "no value", in every month: -999, 999, 'N/A' and 'unknown' in five columns."""
    rng = stream("sentinels")
    spoilt = []
    for row in rows:
        cholesterol, visits, bmi, smoking, insurance = rng.random(5) < (0.012, 0.008, 0.01, 0.02, 0.015)
        spoilt.append(
            replace(
                row,
                cholesterol=-999 if cholesterol else row.cholesterol,
                prior_visits=999 if visits else row.prior_visits,
                bmi="N/A" if bmi else row.bmi,
                smoking_status="N/A" if smoking else row.smoking_status,
                insurance="unknown" if insurance else row.insurance,
            )
        )
    return spoilt


def pounds_for_kilograms(rows: Sequence[Screening]) -> list[Screening]:
    """Unit mix-up: the scale of site harbour shows pounds from 2024-07-01 to 2024-07-28; the bmi stays right."""
    return [
        replace(row, weight_kg=round(row.weight_kg * 2.20462, 1))
        if row.site == "harbour" and _during(row, date(2024, 7, 1), date(2024, 7, 29))
        else row
        for row in rows
    ]


def diastolic_null_spike(rows: Sequence[Screening]) -> list[Screening]:
    """Null spike: 35 % of diastolic_bp is empty in 2024-08, 1 % in other months."""
    rng = stream("diastolic_null_spike")
    drawn = [(row, rng.random() < 0.35) for row in rows]
    return [
        replace(row, diastolic_bp=None) if hit and _during(row, date(2024, 8, 1), date(2024, 9, 1)) else row
        for row, hit in drawn
    ]


def late_rows(rows: Sequence[Screening]) -> list[Screening]:
    """Late rows: visits at site hill from 2024-12-09 to 2024-12-22 are loaded five weeks after the event."""
    return [
        replace(row, loaded_at=row.loaded_at + timedelta(days=35))
        if row.site == "hill" and _during(row, date(2024, 12, 9), date(2024, 12, 23))
        else row
        for row in rows
    ]


def heart_rate_disappears(rows: Sequence[Screening]) -> list[Screening]:
    """A feature disappears: heart_rate is empty from 2025-02 on."""
    return [replace(row, heart_rate=None) if _during(row, date(2025, 2, 1)) else row for row in rows]


def hba1c_becomes_text(rows: Sequence[Screening]) -> list[Screening]:
    """A feature changes type: hba1c comes as '7,2 %', 'high' or 'normal' instead of 7.2 from 2025-05 on."""
    rng = stream("hba1c_becomes_text")
    written = []
    for row in rows:
        form = choose(rng, {"percent": 0.70, "word": 0.30})
        percent = f"{row.hba1c:.1f} %".replace(".", ",")
        text = percent if form == "percent" else "high" if float(row.hba1c) >= 5.7 else "normal"
        written.append(replace(row, hba1c=text) if _during(row, date(2025, 5, 1)) else row)
    return written


def exact_duplicates(rows: Sequence[Screening]) -> list[Screening]:
    """Exact duplicates: the loader sends the week from Monday 2024-10-07 twice, equal in every column."""
    return [*rows, *(row for row in rows if _during(row, date(2024, 10, 7), date(2024, 10, 14)))]


def label_break(annotations: Sequence[Annotation], screened_at: Mapping[str, datetime]) -> list[Annotation]:
    """Label break: a new guideline turns half of the "no" answers about visits from Monday 2025-06-02 on into "yes"."""
    rng = stream("label_break")
    drawn = [(answer, rng.random() < 0.5) for answer in annotations]
    return [
        replace(answer, label="yes")
        if hit and answer.label == "no" and screened_at[answer.screening_id] >= datetime(2025, 6, 2)
        else answer
        for answer, hit in drawn
    ]


RECORDING: tuple[Fault, ...] = (
    missing_week,
    glucose_mean_drift,
    creatinine_shape_drift,
    referral_share_drift,
    new_device_model,
    fuzzy_duplicates,
)
DELIVERY: tuple[Fault, ...] = (
    sentinels,
    pounds_for_kilograms,
    diastolic_null_spike,
    late_rows,
    heart_rate_disappears,
    hba1c_becomes_text,
    exact_duplicates,
)
