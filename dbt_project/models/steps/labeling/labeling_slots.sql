{{ config(enabled='labeling' in data_health.parts_on(), materialized='ephemeral') }}
with settings as (

    select monitor, learner, strategy, budget, labels_per_subgroup, on_label_break, is_experiment
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

    select monitor, row_key, strategy, answers_before, arm
    from {{ ref('labeling_history') }}

),

-- a label that suddenly is everywhere, or nowhere, would teach the wrong thing
stopped_monitors as (

    select distinct settings.monitor
    from {{ data_health.named_model(
        'label_rates', data_health.engine_sql('runs_python'), {'monitor': 'varchar', 'status': 'varchar'}
    ) }}
    inner join settings
        on label_rates.monitor = settings.monitor
    where label_rates.status = 'leak'
        or label_rates.status = 'break' and settings.on_label_break = 'stop'

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

    select
        monitor,
        count(*) as asked_count,
        count(case when arm = 'random' then 1 end) as random_count,
        count(case when arm = 'chosen' then 1 end) as chosen_count
    from candidates_before
    group by monitor

),

slots as (

    select
        settings.monitor,
        settings.is_experiment,
        settings.strategy as wanted_strategy,
        coalesce(asked_counts.random_count, 0) <= coalesce(asked_counts.chosen_count, 0) as is_random_next,
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

-- in an experiment every other batch is drawn at random, from the first batch on that the strategy itself can choose
arms as (

    select
        slots.*,
        case
            when is_experiment and strategy = wanted_strategy then case when is_random_next then 'random' else 'chosen' end
        end as arm
    from slots

),

-- a random batch has no other reasons to ask; in both kinds half of the rows are the test
shares as (

    select
        monitor,
        learner,
        arm,
        case when arm = 'random' then 'random' else strategy end as strategy,
        labels_per_subgroup,
        pool_count,
        row_count,
        labelled_count,
        asked_count,
        slot_count,
        case when arm is null then ceil(slot_count * 0.15e0) else ceil(slot_count * 0.5e0) end as audit_count,
        case when arm = 'random' then 0 else floor(slot_count * 0.3e0) end as quota_count,
        case when arm = 'random' then 0 else floor(slot_count * 0.1e0) end as coverage_gap_count,
        case when arm = 'random' then 0 else floor(slot_count * 0.1e0) end as drift_count,
        case when arm = 'random' then 0 else floor(slot_count * 0.05e0) end as relabel_count
    from arms
    where slot_count > 0

)

select
    monitor,
    learner,
    arm,
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
