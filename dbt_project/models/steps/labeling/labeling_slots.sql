{{ config(enabled='labeling' in data_health.parts_on(), materialized='ephemeral') }}
with settings as (

    select monitor, learner, strategy, budget, labels_per_subgroup, on_label_break
    from {{ ref('monitor_settings') }}
    where part = 'labeling'

),

labeling_rows as (

    select monitor, row_key, label, is_asked, confidence
    from {{ ref('labeling_rows') }}

),

annotated_rows as (

    select monitor, row_key, annotation_count, skip_count
    from {{ ref('label_consensus') }}

),

candidates_before as (

    select monitor, row_key, strategy, answers_before
    from {{ ref('labeling_history') }}

),

judged_labels as (

    select monitor, status
    from {{ data_health.named_model(
        'label_rates', data_health.engine_sql('runs_python'), {'monitor': 'varchar', 'status': 'varchar'}
    ) }}

),

-- a label that suddenly is everywhere, or nowhere, would teach the wrong thing
stopped_monitors as (

    select distinct settings.monitor
    from judged_labels
    inner join settings
        on judged_labels.monitor = settings.monitor
    where judged_labels.status = 'leak'
        or judged_labels.status = 'break' and settings.on_label_break = 'stop'

),

-- what was asked for and still waits for an answer
waiting as (

    select candidates_before.monitor, count(distinct candidates_before.row_key) as row_count
    from candidates_before
    inner join labeling_rows
        on candidates_before.monitor = labeling_rows.monitor
        and candidates_before.row_key = labeling_rows.row_key
    left join annotated_rows
        on candidates_before.monitor = annotated_rows.monitor
        and candidates_before.row_key = annotated_rows.row_key
    where candidates_before.strategy = 'relabel'
        and annotated_rows.annotation_count <= candidates_before.answers_before
        and annotated_rows.skip_count = 0
        or candidates_before.strategy <> 'relabel' and labeling_rows.label is null and not labeling_rows.is_asked
    group by candidates_before.monitor

),

totals as (

    select monitor, count(*) as row_count, count(label) as labelled_count, count(confidence) as scored_count
    from labeling_rows
    group by monitor

),

pool_sizes as (

    select monitor, count(*) as pool_count
    from {{ ref('labeling_pool') }}
    group by monitor

),

asked_counts as (

    select monitor, count(*) as asked_count
    from candidates_before
    group by monitor

),

slots as (

    select
        settings.monitor,
        settings.labels_per_subgroup,
        pool_sizes.pool_count,
        cast(totals.row_count as double precision) as row_count,
        totals.labelled_count,
        coalesce(asked_counts.asked_count, 0) as asked_count,
        settings.learner,
        greatest(settings.budget - coalesce(waiting.row_count, 0), 0) as slot_count,
        case
            when settings.strategy = 'random' or totals.scored_count = 0 and settings.strategy in ('margin', 'entropy') then 'random'
            when settings.strategy = 'representative' or totals.scored_count = 0 then 'representative'
            when settings.learner <> 'score' and totals.labelled_count < 60 and settings.strategy = 'clustered_margin' then 'representative'
            else settings.strategy
        end as strategy
    from settings
    inner join totals
        on settings.monitor = totals.monitor
    inner join pool_sizes
        on settings.monitor = pool_sizes.monitor
    left join waiting
        on settings.monitor = waiting.monitor
    left join asked_counts
        on settings.monitor = asked_counts.monitor
    left join stopped_monitors
        on settings.monitor = stopped_monitors.monitor
    where stopped_monitors.monitor is null

),

shares as (

    select
        monitor,
        learner,
        strategy,
        labels_per_subgroup,
        pool_count,
        row_count,
        labelled_count,
        asked_count,
        slot_count,
        ceil(slot_count * 0.15e0) as audit_count,
        floor(slot_count * 0.3e0) as quota_count,
        floor(slot_count * 0.1e0) as coverage_gap_count,
        floor(slot_count * 0.1e0) as drift_count,
        floor(slot_count * 0.05e0) as relabel_count
    from slots
    where slot_count > 0

)

select
    monitor,
    learner,
    strategy,
    cast(labels_per_subgroup as integer) as labels_per_subgroup,
    cast(pool_count as bigint) as pool_count,
    cast(row_count as bigint) as row_count,
    cast(labelled_count as bigint) as labelled_count,
    cast(asked_count as bigint) as asked_count,
    cast(slot_count as bigint) as slot_count,
    cast(audit_count as bigint) as audit_count,
    cast(quota_count as bigint) as quota_count,
    cast(coverage_gap_count as bigint) as coverage_gap_count,
    cast(drift_count as bigint) as drift_count,
    cast(relabel_count as bigint) as relabel_count
from shares
