{{ config(enabled='labeling' in data_health.parts_on() and data_health.engine_sql('runs_python')) }}
with history as (

    select monitor, row_key, given_label, answers_before
    from {{ ref('labeling_history') }}
    where strategy = 'relabel'
        and given_label is not null

),

annotated_rows as (

    select monitor, row_key, label, probability, method, annotation_count
    from {{ ref('label_consensus') }}

)

-- a second look that settled the question
select
    history.monitor,
    history.row_key,
    min(history.given_label) as given_label,
    min(annotated_rows.label) as label,
    min(annotated_rows.label) <> min(history.given_label) as is_error
from history
inner join annotated_rows
    on history.monitor = annotated_rows.monitor
    and history.row_key = annotated_rows.row_key
where annotated_rows.annotation_count > history.answers_before
        and annotated_rows.probability >= 0.8e0
    or annotated_rows.method = 'gold'
group by history.monitor, history.row_key
