{{ config(enabled=data_health.is_configured('column_periods')) }}
{%- do data_health.begin_model() %}
{%- set ranks = "case STATUS when 'alert' then 1 when 'warn' then 2 when 'ok' then 3 when 'insufficient_data' then 4 end" %}
with profiles as (

    select
        monitor,
        period_start,
        period_end,
        is_latest,
        column_name,
        role,
        kind,
        row_count,
        null_share,
        distinct_count,
        top_share,
        mean,
        standard_deviation,
        p05,
        p50,
        p95
    from {{ ref('health_profile') }}
    where dataset = 'production'
        and segment_column = '(all)'

),

drift as (

    select monitor, period_start, column_name, reference, metric, value, warn_threshold, column_status, deciding_metric
    from {{ data_health.named_model('health_drift', 'drift' in data_health.parts_on(), {
        'monitor': 'varchar', 'period_start': 'date', 'segment_column': 'varchar', 'column_name': 'varchar', 'reference': 'varchar',
        'metric': 'varchar', 'value': 'double precision', 'warn_threshold': 'double precision', 'column_status': 'varchar',
        'deciding_metric': 'varchar'
    }) }}
    where segment_column = '(all)'

),

coverage as (

    select monitor, period_start, column_name, reference, status, out_of_range_share, unseen_share
    from {{ data_health.named_model('health_coverage', 'coverage' in data_health.parts_on(), {
        'monitor': 'varchar', 'period_start': 'date', 'segment_column': 'varchar', 'column_name': 'varchar', 'reference': 'varchar',
        'status': 'varchar', 'out_of_range_share': 'double precision', 'unseen_share': 'double precision'
    }) }}
    where segment_column = '(all)'

),

owners as (

    select monitor, max(owner) as owner
    from {{ ref('health_monitors') }}
    group by monitor

),

-- 1. Of all references the one against which a column drifted most. The period before counts only where no reference could be asked.
answered as (

    select
        drift.*,
        reference = '(previous period)' and max(
            case when reference <> '(previous period)' and column_status <> 'insufficient_data' then 1 else 0 end
        ) over (partition by monitor, period_start, column_name) = 1 as is_answered_by_a_reference
    from drift

),

ranked_drift as (

    select
        answered.*,
        row_number() over (
            partition by monitor, period_start, column_name
            order by
                {{ ranks | replace('STATUS', 'column_status') }} nulls last,
                case when metric = deciding_metric then 1 else 2 end,
                value / nullif(warn_threshold, 0e0) desc nulls last,
                reference,
                metric
        ) as rank
    from answered
    where not is_answered_by_a_reference

),

ranked_coverage as (

    select
        coverage.*,
        row_number() over (
            partition by monitor, period_start, column_name
            order by
                {{ ranks | replace('STATUS', 'status') }} nulls last,
                coalesce(out_of_range_share, unseen_share) desc nulls last,
                reference
        ) as rank
    from coverage

),

-- 2. One row per column and period.
judged as (

    select
        profiles.*,
        ranked_drift.column_status as drift_status,
        ranked_drift.reference as drift_reference,
        case when ranked_drift.column_status in ('warn', 'alert') then ranked_drift.deciding_metric end as drift_metric,
        case when ranked_drift.column_status in ('warn', 'alert') then ranked_drift.value end as drift_value,
        ranked_coverage.status as coverage_status,
        ranked_coverage.reference as coverage_reference,
        coalesce(ranked_coverage.out_of_range_share, ranked_coverage.unseen_share) as uncovered_share,
        least(
            coalesce({{ ranks | replace('STATUS', 'ranked_drift.column_status') }}, 4),
            coalesce({{ ranks | replace('STATUS', 'ranked_coverage.status') }}, 4)
        ) as worst_rank
    from profiles
    left join ranked_drift
        on profiles.monitor = ranked_drift.monitor
        and profiles.period_start = ranked_drift.period_start
        and profiles.column_name = ranked_drift.column_name
        and ranked_drift.rank = 1
    left join ranked_coverage
        on profiles.monitor = ranked_coverage.monitor
        and profiles.period_start = ranked_coverage.period_start
        and profiles.column_name = ranked_coverage.column_name
        and ranked_coverage.rank = 1

)

select
    judged.monitor,
    judged.column_name,
    judged.period_start,
    judged.period_end,
    judged.is_latest,
    case judged.worst_rank when 1 then 'alert' when 2 then 'warn' when 3 then 'ok' else 'insufficient_data' end as status,
    judged.row_count,
    judged.null_share,
    judged.mean,
    judged.standard_deviation,
    judged.p05,
    judged.p50,
    judged.p95,
    judged.distinct_count,
    judged.top_share,
    judged.drift_status,
    judged.drift_metric,
    judged.drift_value,
    judged.drift_reference,
    judged.coverage_status,
    judged.uncovered_share,
    judged.coverage_reference,
    judged.role,
    judged.kind,
    owners.owner,
    {{ data_health.run_time() }} as built_at
from judged
left join owners
    on judged.monitor = owners.monitor
