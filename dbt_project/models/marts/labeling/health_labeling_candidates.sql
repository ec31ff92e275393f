{{ config(enabled='labeling' in data_health.parts_on()) }}
with labeling_batches as (

    select
        candidate_key, monitor, batch, rank, row_key, strategy, reason, period_start, subgroup, predicted_label, confidence, margin,
        cluster, inclusion_probability, status, answer_count, answers_before, learner_version, given_label, arm, drawn_at, built_at
    from {{ ref('labeling_batches') }}

)

select
    candidate_key,
    monitor,
    batch,
    rank,
    row_key,
    -- a batch that an older release chose
    case strategy when 'typical' then 'representative' else strategy end as strategy,
    reason,
    period_start,
    subgroup,
    predicted_label,
    confidence,
    margin,
    cluster,
    inclusion_probability,
    status,
    answer_count as annotation_count,
    answers_before as annotations_before,
    learner_version,
    given_label,
    arm,
    drawn_at,
    built_at,
    answer_count,
    answers_before
from labeling_batches
