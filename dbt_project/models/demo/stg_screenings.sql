with delivered as (

    select * from {{ ref('raw_screenings') }}

),

typed as (

    select
        screening_id,
        patient_id,
        cast(screened_at as timestamp) as screened_at,
        cast(loaded_at as timestamp) as loaded_at,
        site,
        first_name,
        last_name,
        cast(birth_date as date) as birth_date,
        sex,
        age_band,
        region,
        case is_test when 'Y' then true when 'N' then false end as is_test,
        cast(age as integer) as age,
        cast(height_cm as integer) as height_cm,
        cast(weight_kg as double precision) as weight_kg,
        -- 'N/A' has no number to keep; sentinels that are numbers stay for the cleaning, which counts them
        cast(case when bmi not in ('N/A', '') then bmi end as double precision) as bmi,
        cast(systolic_bp as integer) as systolic_bp,
        cast(diastolic_bp as integer) as diastolic_bp,
        cast(heart_rate as integer) as heart_rate,
        cast(glucose as integer) as glucose,
        -- stays text: since May 2025 it no longer casts, and a cast to null would hide that
        hba1c,
        cast(cholesterol as integer) as cholesterol,
        cast(creatinine as double precision) as creatinine,
        cast(prior_visits as integer) as prior_visits,
        cast(last_visit_date as date) as last_visit_date,
        smoking_status,
        referral_source,
        insurance,
        device_model,
        case family_history when 'Y' then true when 'N' then false end as family_history,
        case pregnant when 'Y' then true when 'N' then false end as pregnant,
        free_text_note
    from delivered

)

select * from typed
