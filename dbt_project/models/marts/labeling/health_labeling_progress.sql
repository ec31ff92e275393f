{{ config(enabled='labeling' in data_health.parts_on()) }}
with candidates as (

    select monitor, batch, row_key, strategy, status, drawn_at
    from {{ ref('labeling_batches') }}

),

curves as (

    select
        monitor, batch, label_count, score, score_error, status, reason, gain, gain_error, gain_lower, gain_upper, detectable_gain,
        compared_count, tested_count
    from {{ data_health.named_model(
        'labeling_curves', data_health.engine_sql('runs_python'),
        {
            'monitor': 'varchar', 'batch': 'bigint', 'label_count': 'bigint', 'score': 'double precision',
            'score_error': 'double precision', 'status': 'varchar', 'reason': 'varchar', 'gain': 'double precision',
            'gain_error': 'double precision', 'gain_lower': 'double precision', 'gain_upper': 'double precision',
            'detectable_gain': 'double precision', 'compared_count': 'bigint', 'tested_count': 'bigint'
        }
    ) }}

),

settings as (

    select monitor, labels_per_subgroup, on_label_break
    from {{ ref('monitor_settings') }}
    where part = 'labeling'

),

annotated_rows as (

    select monitor, row_key, seconds
    from {{ ref('label_consensus') }}

),

judged_labels as (

    select monitor, label, status, rate, earlier_rate
    from {{ data_health.named_model(
        'label_rates', data_health.engine_sql('runs_python'),
        {'monitor': 'varchar', 'label': 'varchar', 'status': 'varchar', 'rate': 'double precision', 'earlier_rate': 'double precision'}
    ) }}

),

-- why no batch is drawn
stopped_monitors as (

    select
        judged_labels.monitor,
        min('label ' || judged_labels.label || ': ' || cast(round(100 * judged_labels.earlier_rate) as bigint) || ' % before, '
            || cast(round(100 * judged_labels.rate) as bigint) || ' % in the newest period; no batch is drawn') as reason
    from judged_labels
    inner join settings
        on judged_labels.monitor = settings.monitor
    where judged_labels.status = 'leak'
        or judged_labels.status = 'break' and settings.on_label_break = 'stop'
    group by judged_labels.monitor

),

subgroups as (

    select distinct monitor, subgroup, group_key, labelled_count
    from {{ ref('labeling_groups') }}

),

label_totals as (

    select monitor, count(*) as row_count, count(label) as label_count
    from {{ ref('labeling_rows') }}
    group by monitor

),

automatic as (

    select monitor, count(*) as label_count
    from {{ ref('health_auto_labels') }}
    group by monitor

),

batches as (

    select
        candidates.monitor,
        candidates.batch,
        min(candidates.drawn_at) as drawn_at,
        count(*) as asked_count,
        count(case when candidates.status = 'answered' then 1 end) as answered_count,
        count(case when candidates.status = 'skipped' then 1 end) as skipped_count,
        count(case when candidates.status = 'open' then 1 end) as open_count,
        sum(case when candidates.status in ('answered', 'skipped') then annotated_rows.seconds end) as seconds
    from candidates
    left join annotated_rows
        on candidates.monitor = annotated_rows.monitor
        and candidates.row_key = annotated_rows.row_key
    group by candidates.monitor, candidates.batch

),

totals as (

    select
        monitor,
        sum(asked_count) as asked_count,
        sum(answered_count) as answered_count,
        sum(skipped_count) as skipped_count,
        sum(open_count) as open_count,
        sum(seconds) as seconds
    from batches
    group by monitor

),

covered_subgroups as (

    select
        subgroups.monitor,
        count(*) as subgroup_count,
        count(case when subgroups.labelled_count >= settings.labels_per_subgroup then 1 end) as covered_count
    from subgroups
    inner join settings
        on subgroups.monitor = settings.monitor
    group by subgroups.monitor

)

select
    coalesce(batches.monitor, curves.monitor) as monitor,
    coalesce(batches.batch, curves.batch) as batch,
    batches.drawn_at,
    cast(coalesce(batches.asked_count, 0) as bigint) as asked_count,
    cast(coalesce(batches.answered_count, 0) as bigint) as answered_count,
    cast(coalesce(batches.skipped_count, 0) as bigint) as skipped_count,
    cast(coalesce(batches.open_count, 0) as bigint) as open_count,
    cast(batches.seconds as double precision) as seconds,
    curves.label_count,
    curves.score,
    curves.score_error,
    cast(null as varchar) as status,
    cast(null as varchar) as reason,
    cast(null as double precision) as gain,
    cast(null as double precision) as gain_error,
    cast(null as double precision) as gain_lower,
    cast(null as double precision) as gain_upper,
    cast(null as double precision) as detectable_gain,
    cast(null as bigint) as compared_count,
    cast(null as bigint) as tested_count,
    cast(null as bigint) as row_count,
    cast(null as bigint) as automatic_count,
    cast(null as bigint) as subgroup_count,
    cast(null as bigint) as covered_subgroup_count,
    {{ data_health.run_time() }} as built_at
from batches
full outer join (select monitor, batch, label_count, score, score_error from curves where batch is not null) as curves
    on batches.monitor = curves.monitor
    and batches.batch = curves.batch

union all

select
    settings.monitor,
    cast(null as bigint) as batch,
    cast(null as timestamp) as drawn_at,
    cast(coalesce(totals.asked_count, 0) as bigint) as asked_count,
    cast(coalesce(totals.answered_count, 0) as bigint) as answered_count,
    cast(coalesce(totals.skipped_count, 0) as bigint) as skipped_count,
    cast(coalesce(totals.open_count, 0) as bigint) as open_count,
    cast(totals.seconds as double precision) as seconds,
    cast(coalesce(label_totals.label_count, 0) as bigint) as label_count,
    curves.score,
    curves.score_error,
    case
        when stopped_monitors.monitor is not null then 'stopped'
        when failed_learners.monitor is not null then 'no_convergence'
        else coalesce(curves.status, 'insufficient_data')
    end as status,
    case when pools.monitor is null then 'no row is left to ask for; ' else '' end || coalesce(
        stopped_monitors.reason, 'the learner is off: ' || failed_learners.failure, curves.reason, 'no row of a batch has an annotation yet'
    ) as reason,
    curves.gain,
    curves.gain_error,
    curves.gain_lower,
    curves.gain_upper,
    curves.detectable_gain,
    curves.compared_count,
    curves.tested_count,
    cast(coalesce(label_totals.row_count, 0) as bigint) as row_count,
    cast(coalesce(automatic.label_count, 0) as bigint) as automatic_count,
    cast(covered_subgroups.subgroup_count as bigint) as subgroup_count,
    cast(covered_subgroups.covered_count as bigint) as covered_subgroup_count,
    {{ data_health.run_time() }} as built_at
from settings
left join totals
    on settings.monitor = totals.monitor
left join label_totals
    on settings.monitor = label_totals.monitor
left join automatic
    on settings.monitor = automatic.monitor
left join covered_subgroups
    on settings.monitor = covered_subgroups.monitor
left join (select * from curves where batch is null) as curves
    on settings.monitor = curves.monitor
left join stopped_monitors
    on settings.monitor = stopped_monitors.monitor
left join (select distinct monitor from {{ ref('labeling_pool') }}) as pools
    on settings.monitor = pools.monitor
left join (
    select monitor, failure
    from {{ data_health.named_model(
        'learner_fits', data_health.engine_sql('runs_python'), {'monitor': 'varchar', 'failure': 'varchar'}
    ) }}
    where failure is not null
) as failed_learners
    on settings.monitor = failed_learners.monitor
