{{ config(enabled='labeling' in data_health.parts_on() and data_health.engine_sql('runs_python')) }}
with fits as (

    select monitor, row_key, given_label, label, probability
    from {{ ref('data_health', 'learner_fits') }}
    where row_key is not null
        and probability is not null

),

labeling_rows as (

    select monitor, row_key, label, predicted_label, confidence, random_number
    from {{ ref('labeling_rows') }}

),

monitored_scores as (

    select monitor
    from {{ ref('monitor_settings') }}
    where part = 'labeling'
        and learner = 'score'

),

-- labelled rows of a model that is monitored, as many as are learnt from elsewhere
scored_rows as (

    select
        labeling_rows.monitor,
        labeling_rows.row_key,
        labeling_rows.label,
        labeling_rows.predicted_label,
        labeling_rows.confidence,
        row_number() over (partition by labeling_rows.monitor order by labeling_rows.random_number, labeling_rows.row_key) as rank
    from labeling_rows
    inner join monitored_scores
        on labeling_rows.monitor = monitored_scores.monitor
    where labeling_rows.label is not null
        and labeling_rows.confidence is not null

)

select
    monitor,
    row_key,
    given_label,
    label,
    probability
from fits

union all

select
    monitor,
    row_key,
    label as given_label,
    predicted_label as label,
    confidence as probability
from scored_rows
where rank <= 20000

union all

-- a score is of two labels: what the one does not have is the other's
select
    scored_rows.monitor,
    scored_rows.row_key,
    scored_rows.label as given_label,
    case
        when scored_rows.predicted_label = named_labels.first_label then named_labels.last_label
        else named_labels.first_label
    end as label,
    1e0 - scored_rows.confidence as probability
from scored_rows
inner join (
    select monitor, min(predicted_label) as first_label, max(predicted_label) as last_label
    from scored_rows
    group by monitor
) as named_labels
    on scored_rows.monitor = named_labels.monitor
where scored_rows.rank <= 20000
    and named_labels.first_label <> named_labels.last_label
