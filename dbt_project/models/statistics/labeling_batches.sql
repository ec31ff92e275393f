{{ config(
    enabled='labeling' in data_health.parts_on(),
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='candidate_key',
    on_schema_change='append_new_columns',
    full_refresh=false
) }}

{%- do data_health.begin_model([ref('labeling_rows'), ref('labeling_shortlist')], adds_to_this=true) %}
{#- releases before kept these rows in the table of the mart, which is made anew only after this one -#}
{%- set adopted = data_health.stored_model('health_labeling_candidates') if data_health.stored_model() is none else none %}
{%- set written = adapter.get_columns_in_relation(adopted) | map(attribute='name') | map('lower') | list if adopted else [] %}
{%- set columns = {
    'candidate_key': 'varchar', 'monitor': 'varchar', 'batch': 'bigint', 'rank': 'bigint', 'row_key': 'varchar', 'strategy': 'varchar',
    'reason': 'varchar', 'period_start': 'date', 'subgroup': 'varchar', 'predicted_label': 'varchar', 'confidence': 'double precision',
    'margin': 'double precision', 'cluster': 'bigint', 'inclusion_probability': 'double precision', 'status': 'varchar',
    'answer_count': 'bigint', 'answers_before': 'bigint', 'learner_version': 'varchar', 'given_label': 'varchar', 'arm': 'varchar',
    'drawn_at': 'timestamp', 'built_at': 'timestamp'
} %}
{%- set new_rows %}
with settings as (

    select monitor
    from {{ ref('monitor_settings') }}
    where part = 'labeling'

),

shortlist as (

    select
        monitor, row_key, priority, strategy, reason, rank, slot_count, asked_count, period_start, random_number, subgroup,
        inclusion_probability, predicted_label, confidence, margin, learner_version, given_label, arm
    from {{ ref('labeling_shortlist') }}

),

annotated_rows as (

    select monitor, row_key, label, annotation_count, skip_count
    from {{ ref('label_consensus') }}

),

rows_now as (

    select monitor, row_key, max(label) as label
    from {{ ref('labeling_rows') }}
    group by monitor, row_key

),

-- rows that differ, where Python chose them
different_rows as (

    select monitor, row_key, rank, cluster
    from {{ data_health.named_model(
        'labeling_batch', data_health.engine_sql('runs_python'),
        {'monitor': 'varchar', 'row_key': 'varchar', 'rank': 'bigint', 'cluster': 'bigint'}
    ) }}

),

before as (
{% if adopted %}
    -- what was asked for again and again counts once
    select
        {%- for name, data_type in columns.items() %}
        {{ name if name in written else 'cast(null as ' ~ data_type ~ ') as ' ~ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        select
            *,
            row_number() over (partition by monitor, row_key, strategy = 'relabel' order by batch, candidate_key) as copy_number
        from {{ adopted }}
    ) as candidates
    where copy_number = 1
{%- else %}
{{ data_health.past_rows(columns) }}
{%- endif %}

),

last_batches as (

    select monitor, max(batch) as batch, count(*) as asked_count
    from before
    group by monitor

),

asked_before as (

    select distinct monitor, row_key, strategy = 'relabel' as is_relabel
    from before

),

-- 1. The new batch. Nobody is asked twice for a row, and for one more opinion once, whatever the shortlist offers; what was asked since
-- it was made takes room. Parts of the batch are mixed, so that whoever stops half-way has answered some of each.
clustered_monitors as (

    select distinct monitor
    from different_rows

),

slots as (

    select
        shortlist.*,
        different_rows.cluster,
        coalesce(different_rows.rank, shortlist.rank) as rank_in_part,
        row_number() over (
            partition by shortlist.monitor
            order by shortlist.priority, coalesce(different_rows.rank, shortlist.rank), shortlist.random_number, shortlist.row_key
        ) as slot
    from shortlist
    left join different_rows
        on shortlist.monitor = different_rows.monitor
        and shortlist.row_key = different_rows.row_key
    left join clustered_monitors
        on shortlist.monitor = clustered_monitors.monitor
    left join asked_before
        on shortlist.monitor = asked_before.monitor
        and shortlist.row_key = asked_before.row_key
        and (shortlist.strategy = 'relabel') = asked_before.is_relabel
    where asked_before.monitor is null
        and (shortlist.priority < 6 or different_rows.row_key is not null or clustered_monitors.monitor is null)

),

batch_rows as (

    select
        slots.*,
        (slots.rank_in_part - 0.5e0) / count(*) over (partition by slots.monitor, slots.priority) as position_in_batch
    from slots
    left join last_batches
        on slots.monitor = last_batches.monitor
    where slots.slot <= slots.slot_count - greatest(coalesce(last_batches.asked_count, 0) - slots.asked_count, 0)

),

drawn_rows as (

    select
        batch_rows.monitor || '|' || (coalesce(last_batches.batch, 0) + 1) || '|' || batch_rows.row_key as candidate_key,
        coalesce(last_batches.batch, 0) + 1 as batch,
        row_number() over (
            partition by batch_rows.monitor
            order by batch_rows.position_in_batch, batch_rows.priority, batch_rows.row_key
        ) as rank,
        coalesce(annotated_rows.annotation_count, 0) as answer_count,
        batch_rows.monitor,
        batch_rows.row_key,
        batch_rows.strategy,
        batch_rows.reason,
        batch_rows.period_start,
        batch_rows.subgroup,
        batch_rows.predicted_label,
        batch_rows.confidence,
        batch_rows.margin,
        batch_rows.cluster,
        batch_rows.inclusion_probability,
        batch_rows.learner_version,
        batch_rows.given_label,
        batch_rows.arm
    from batch_rows
    left join last_batches
        on batch_rows.monitor = last_batches.monitor
    left join annotated_rows
        on batch_rows.monitor = annotated_rows.monitor
        and batch_rows.row_key = annotated_rows.row_key

),

-- 2. What became of the rows of older batches; nothing is known of monitors that this run leaves out.
followed_rows as (

    select
        before.*,
        case when settings.monitor is null then before.answer_count else coalesce(annotated_rows.annotation_count, 0) end as answers_now,
        case
            when settings.monitor is null then before.status
            when coalesce(annotated_rows.annotation_count, 0) > before.answers_before then 'answered'
            when annotated_rows.skip_count > 0 then 'skipped'
            when rows_now.row_key is null then 'gone'
            when before.strategy <> 'relabel' and rows_now.label is not null then 'labelled'
            else 'open'
        end as status_now
    from before
    left join settings
        on before.monitor = settings.monitor
    left join annotated_rows
        on before.monitor = annotated_rows.monitor
        and before.row_key = annotated_rows.row_key
    left join rows_now
        on before.monitor = rows_now.monitor
        and before.row_key = rows_now.row_key

),

batches as (

    select
        candidate_key, monitor, batch, rank, row_key, strategy, reason, period_start, subgroup, predicted_label, confidence, margin,
        cluster, inclusion_probability, status_now as status, answers_now as answer_count, answers_before, learner_version, given_label,
        arm, drawn_at,
        case when status_now = status and answers_now = answer_count then built_at else {{ data_health.run_time() }} end as built_at
    from followed_rows
    {%- if not adopted %}
    where status_now <> status
        or answers_now <> answer_count
    {%- endif %}

    union all

    select
        candidate_key, monitor, batch, rank, row_key, strategy, reason, period_start, subgroup, predicted_label, confidence, margin,
        cluster, inclusion_probability, 'open' as status, answer_count, answer_count as answers_before, learner_version, given_label,
        arm,
        {{ data_health.run_time() }} as drawn_at,
        {{ data_health.run_time() }} as built_at
    from drawn_rows

)

select
    {%- for name, data_type in columns.items() %}
    cast({{ name }} as {{ data_type }}) as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from batches
{%- endset %}
{{ data_health.with_kept_rows(new_rows) }}
