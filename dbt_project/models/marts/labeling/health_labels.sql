{{ config(enabled='labeling' in data_health.parts_on()) }}
with label_consensus as (

    select
        monitor, row_key, label, method, probability, majority_label, is_tie, annotation_count, agreeing_count, skip_count,
        first_labelled_at, last_labelled_at, seconds, probability_basis, label_error
    from {{ ref('label_consensus') }}

)

select
    monitor,
    row_key,
    label,
    method,
    probability,
    majority_label,
    is_tie,
    annotation_count,
    agreeing_count,
    skip_count,
    first_labelled_at,
    last_labelled_at,
    seconds,
    {{ data_health.run_time() }} as built_at,
    annotation_count as answer_count,
    probability_basis,
    label_error
from label_consensus
