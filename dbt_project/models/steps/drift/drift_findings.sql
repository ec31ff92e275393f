{{ config(enabled='drift' in data_health.parts_on(), materialized='ephemeral') }}
with drift_rows as (

    select
        monitor,
        period_start,
        segment_column,
        segment_value,
        reference,
        column_name,
        metric,
        value,
        warn_threshold,
        alert_threshold,
        q_value,
        row_count,
        column_status,
        deciding_metric
    from {{ ref('health_drift') }}
    where column_status is not null

),

-- the judgement stands in all rows of a column, the numbers in that of the metric which decided it
drift_judgements as (

    select
        monitor,
        period_start,
        segment_column,
        segment_value,
        reference,
        column_name,
        column_status,
        max(deciding_metric) as metric,
        max(case when metric = deciding_metric then value end) as value,
        max(case when metric = deciding_metric then
            case column_status when 'alert' then alert_threshold else warn_threshold end
        end) as threshold,
        max(case when metric = deciding_metric then q_value end) as q_value,
        max(row_count) as row_count
    from drift_rows
    group by monitor, period_start, segment_column, segment_value, reference, column_name, column_status

),

drift_with_references as (

    select
        drift_judgements.*,
        -- against the period before, the return from an outlier is a change too: that counts only where nothing else can be asked
        reference = '(previous period)'
            and max(case when reference <> '(previous period)' and column_status <> 'insufficient_data' then 1 else 0 end) over (
                partition by monitor, period_start, segment_column, segment_value, column_name
            ) = 1 as is_answered_by_a_reference
    from drift_judgements

),

window_rows as (

    select
        monitor,
        newest_period,
        segment_column,
        segment_value,
        reference,
        column_name,
        window_periods,
        judged_periods,
        metric,
        value,
        case column_status when 'alert' then alert_threshold else warn_threshold end as threshold,
        q_value,
        row_count,
        column_status,
        -- one judgement of both windows: the worse, in its row of the metric that decided it
        row_number() over (
            partition by monitor, segment_column, segment_value, reference, column_name
            order by
                case column_status when 'alert' then 1 when 'warn' then 2 when 'ok' then 3 else 4 end,
                case when metric = deciding_metric then 1 else 2 end,
                window_periods,
                metric
        ) as rank
    from {{ ref('health_drift_windows') }}

)

select
    monitor,
    'drift' as finding,
    column_name,
    segment_column,
    segment_value,
    reference,
    metric,
    period_start,
    column_status as status,
    coalesce(metric, 'no metric') || ' ' || coalesce({{ data_health.engine_sql('short_number', 'value') }}, 'unknown')
        || ' against ' || reference
        || coalesce(' (' || column_status || ' above ' || {{ data_health.engine_sql('short_number', 'threshold') }} || ')', '')
        || coalesce(', q ' || case when q_value < 0.0001 then 'below 0.0001' else cast(cast(q_value as decimal(6, 4)) as varchar) end, '')
        || coalesce(', ' || cast(row_count as varchar) || ' rows', '') as evidence,
    'health_drift' as mart
from drift_with_references
where not is_answered_by_a_reference

union all

select
    monitor,
    'window_drift' as finding,
    column_name,
    segment_column,
    segment_value,
    reference,
    metric,
    newest_period as period_start,
    column_status as status,
    metric || ' ' || {{ data_health.engine_sql('short_number', 'value') }} || ' in ' || cast(judged_periods as varchar) || ' of the newest '
        || cast(window_periods as varchar) || ' periods together, against ' || reference
        || coalesce(' (' || column_status || ' above ' || {{ data_health.engine_sql('short_number', 'threshold') }} || ')', '')
        || coalesce(', q ' || case when q_value < 0.0001 then 'below 0.0001' else cast(cast(q_value as decimal(6, 4)) as varchar) end, '')
        || ', ' || cast(row_count as varchar) || ' rows' as evidence,
    'health_drift_windows' as mart
from window_rows
where rank = 1
