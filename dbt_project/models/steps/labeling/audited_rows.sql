{{ config(enabled='labeling' in data_health.parts_on() and data_health.engine_sql('runs_python')) }}
with sampled_rows as (

    select distinct monitor, row_key
    from {{ ref('labeling_batches') }}
    where strategy = 'audit'

),

labeling_rows as (

    select
        monitor, row_key, random_number, {% for number in range(1, 9) %}value_{{ number }}, {% endfor %}label, predicted_label, confidence
    from {{ ref('labeling_rows') }}
    where label is not null

),

settings as (

    select monitor, learner
    from {{ ref('monitor_settings') }}
    where part = 'labeling'

),

held_out as (

    select monitor, row_key, label, probability
    from {{ ref('data_health', 'learner_fits') }}
    where row_key is not null
        and probability is not null

),

-- what was learnt from a row is not asked about it
ranked_labels as (

    select
        monitor,
        row_key,
        label,
        probability,
        row_number() over (partition by monitor, row_key order by probability desc nulls last, label nulls last) as rank
    from held_out

),

audited as (

    select
        labeling_rows.monitor,
        labeling_rows.row_key,
        labeling_rows.random_number,
        {%- for number in range(1, 9) %}
        labeling_rows.value_{{ number }},
        {%- endfor %}
        labeling_rows.label,
        case when settings.learner = 'score' then labeling_rows.predicted_label else ranked_labels.label end as predicted_label,
        case when settings.learner = 'score' then labeling_rows.confidence else ranked_labels.probability end as confidence,
        row_number() over (partition by labeling_rows.monitor, labeling_rows.row_key order by labeling_rows.confidence) as copy_number
    from labeling_rows
    inner join sampled_rows
        on labeling_rows.monitor = sampled_rows.monitor
        and labeling_rows.row_key = sampled_rows.row_key
    inner join settings
        on labeling_rows.monitor = settings.monitor
    left join ranked_labels
        on labeling_rows.monitor = ranked_labels.monitor
        and labeling_rows.row_key = ranked_labels.row_key
        and ranked_labels.rank = 1

)

select
    monitor,
    row_key,
    random_number,
    {%- for number in range(1, 9) %}
    value_{{ number }},
    {%- endfor %}
    label,
    predicted_label,
    confidence,
    predicted_label = label as is_right
from audited
where copy_number = 1
    and confidence is not null
