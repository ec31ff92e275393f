{{ data_health.removed_duplicates(
    ref('stg_screenings'), key=['screening_id'], survivor=['loaded_at', 'patient_id'], identify_by=['loaded_at']
) }}
