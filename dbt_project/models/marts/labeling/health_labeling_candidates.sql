{{ config(
    enabled=data_health.part_is_on('labeling'),
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='candidate_key',
    on_schema_change='append_new_columns',
    full_refresh=false
) }}

{%- do data_health.begin_model([ref('labeling_rows'), ref('labeling_shortlist')], adds_to_this=true) %}
with settings as (

    select monitor
    from {{ ref('monitor_settings') }}
    where part = 'labeling'

),

shortlist as (

    select
        monitor, row_key, priority, strategy, reason, place, slot_count, period_start, random_number, subgroup, inclusion_probability,
        predicted_label, confidence, margin, learner_version, given_label
    from {{ ref('labeling_shortlist') }}

),

people as (

    select monitor, row_key, label, answer_count, skip_count
    from {{ ref('health_labels') }}

),

rows_now as (

    select monitor, row_key, max(label) as label
    from {{ ref('labeling_rows') }}
    group by monitor, row_key

),

-- rows that differ, where Python chose them
different_rows as (
{% if target.type == 'duckdb' %}
    select monitor, row_key, place, cluster
    from {{ ref('data_health', 'labeling_batch') }}
{%- else %}
    {{ data_health.no_rows({'monitor': 'varchar', 'row_key': 'varchar', 'place': 'bigint', 'cluster': 'bigint'}) }}
{%- endif %}

),

before as (
{% if is_incremental() %}
    select
        candidate_key, monitor, batch, rank, row_key, strategy, reason, period_start, subgroup, predicted_label, confidence, margin,
        cluster, inclusion_probability, answers_before, status, answer_count, learner_version, given_label, drawn_at
    from {{ this }}
{%- else %}
{{ data_health.no_rows({
    'candidate_key': 'varchar', 'monitor': 'varchar', 'batch': 'bigint', 'rank': 'bigint', 'row_key': 'varchar', 'strategy': 'varchar',
    'reason': 'varchar', 'period_start': 'date', 'subgroup': 'varchar', 'predicted_label': 'varchar', 'confidence': 'double precision',
    'margin': 'double precision', 'cluster': 'bigint', 'inclusion_probability': 'double precision', 'answers_before': 'bigint',
    'status': 'varchar', 'answer_count': 'bigint', 'learner_version': 'varchar', 'given_label': 'varchar', 'drawn_at': 'timestamp'
}) }}
{%- endif %}

),

last_batches as (

    select monitor, max(batch) as batch
    from before
    group by monitor

),

-- 1. The new batch. Parts of it are mixed, so that whoever stops half-way has answered some of each.
clustered_monitors as (

    select distinct monitor
    from different_rows

),

picked_rows as (

    select
        shortlist.*,
        different_rows.cluster,
        coalesce(different_rows.place, shortlist.place) as place_in_part
    from shortlist
    left join different_rows
        on shortlist.monitor = different_rows.monitor
        and shortlist.row_key = different_rows.row_key
    left join clustered_monitors
        on shortlist.monitor = clustered_monitors.monitor
    where shortlist.priority < 6
        or different_rows.row_key is not null
        or clustered_monitors.monitor is null

),

slots as (

    select
        picked_rows.*,
        row_number() over (partition by monitor order by priority, place_in_part, random_number, row_key) as slot
    from picked_rows

),

batch_rows as (

    select
        slots.*,
        (place_in_part - 0.5e0) / count(*) over (partition by monitor, priority) as position_in_batch
    from slots
    where slot <= slot_count

),

new_rows as (

    select
        batch_rows.monitor || '|' || (coalesce(last_batches.batch, 0) + 1) || '|' || batch_rows.row_key as candidate_key,
        batch_rows.monitor,
        coalesce(last_batches.batch, 0) + 1 as batch,
        row_number() over (partition by batch_rows.monitor order by batch_rows.position_in_batch, batch_rows.priority, batch_rows.row_key) as rank,
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
        coalesce(people.answer_count, 0) as answers_before,
        'open' as status,
        coalesce(people.answer_count, 0) as answer_count,
        batch_rows.learner_version,
        batch_rows.given_label,
        {{ data_health.run_time() }} as drawn_at
    from batch_rows
    left join last_batches
        on batch_rows.monitor = last_batches.monitor
    left join people
        on batch_rows.monitor = people.monitor
        and batch_rows.row_key = people.row_key

),

-- 2. What became of the rows of older batches.
followed_rows as (

    select
        before.*,
        coalesce(people.answer_count, 0) as answers_now,
        case
            when coalesce(people.answer_count, 0) > before.answers_before then 'answered'
            when people.skip_count > 0 then 'skipped'
            when rows_now.row_key is null then 'gone'
            when before.strategy <> 'relabel' and rows_now.label is not null then 'labelled'
            else 'open'
        end as status_now
    from before
    inner join settings
        on before.monitor = settings.monitor
    left join people
        on before.monitor = people.monitor
        and before.row_key = people.row_key
    left join rows_now
        on before.monitor = rows_now.monitor
        and before.row_key = rows_now.row_key

),

changed_rows as (

    select
        candidate_key, monitor, batch, rank, row_key, strategy, reason, period_start, subgroup, predicted_label, confidence, margin,
        cluster, inclusion_probability, answers_before, status_now as status, answers_now as answer_count, learner_version, given_label, drawn_at
    from followed_rows
    where status_now <> status
        or answers_now <> answer_count

),

candidates as (

    select
        candidate_key, monitor, batch, rank, row_key, strategy, reason, period_start, subgroup, predicted_label, confidence, margin,
        cluster, inclusion_probability, answers_before, status, answer_count, learner_version, given_label, drawn_at
    from changed_rows

    union all

    select
        candidate_key, monitor, batch, rank, row_key, strategy, reason, period_start, subgroup, predicted_label, confidence, margin,
        cluster, inclusion_probability, answers_before, status, answer_count, learner_version, given_label, drawn_at
    from new_rows

)

select
    candidate_key,
    monitor,
    cast(batch as bigint) as batch,
    cast(rank as bigint) as rank,
    row_key,
    strategy,
    reason,
    period_start,
    subgroup,
    predicted_label,
    confidence,
    margin,
    cast(cluster as bigint) as cluster,
    cast(inclusion_probability as double precision) as inclusion_probability,
    status,
    cast(answer_count as bigint) as answer_count,
    cast(answers_before as bigint) as answers_before,
    learner_version,
    given_label,
    cast(drawn_at as timestamp) as drawn_at,
    {{ data_health.run_time() }} as built_at
from candidates
