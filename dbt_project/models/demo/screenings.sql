with first_arrivals as (

{{ data_health.deduplicate(ref('stg_screenings'), key=['screening_id'], survivor=['loaded_at', 'patient_id']) }}

),

predictions as (

    select
        screening_id,
        model_version,
        risk_score,
        predicted,
        row_number() over (partition by screening_id order by model_version desc nulls last) as age_rank
    from {{ ref('raw_predictions') }}

),

newest_predictions as (

    select * from predictions where age_rank = 1

)

select
    first_arrivals.screening_id,
    first_arrivals.patient_id,
    first_arrivals.screened_at,
    first_arrivals.loaded_at,
    first_arrivals.is_test,
    first_arrivals.site,
    first_arrivals.sex,
    first_arrivals.age_band,
    first_arrivals.region,
    first_arrivals.age,
    first_arrivals.height_cm,
    first_arrivals.weight_kg,
    first_arrivals.bmi,
    first_arrivals.systolic_bp,
    first_arrivals.diastolic_bp,
    first_arrivals.heart_rate,
    first_arrivals.glucose,
    first_arrivals.hba1c,
    first_arrivals.cholesterol,
    first_arrivals.creatinine,
    first_arrivals.prior_visits,
    first_arrivals.last_visit_date,
    first_arrivals.smoking_status,
    first_arrivals.referral_source,
    first_arrivals.insurance,
    first_arrivals.device_model,
    first_arrivals.family_history,
    first_arrivals.pregnant,
    first_arrivals.free_text_note,
    newest_predictions.model_version,
    newest_predictions.risk_score,
    newest_predictions.predicted
from first_arrivals
left join newest_predictions
    on first_arrivals.screening_id = newest_predictions.screening_id
