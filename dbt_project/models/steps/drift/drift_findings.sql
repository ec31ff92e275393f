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

profiles as (

    select
        monitor,
        dataset,
        period_start,
        segment_column,
        segment_value,
        column_name,
        case when kind in ('numeric', 'boolean') then mean end as mean,
        case when kind in ('numeric', 'boolean') then standard_deviation end as standard_deviation,
        null_share,
        case when kind not in ('numeric', 'boolean') then top_value end as top_value,
        top_share
    from {{ ref('health_profile') }}

),

-- what a finding is compared with: a reference, or the period before
profiles_before as (

    select
        monitor,
        case when dataset = 'production' then '(previous period)' else dataset end as reference,
        case when dataset = 'production' then lead(period_start) over (
            partition by monitor, dataset, segment_column, segment_value, column_name order by period_start nulls first
        ) end as period_start,
        segment_column,
        segment_value,
        column_name,
        mean,
        standard_deviation,
        null_share,
        top_value,
        top_share
    from profiles

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

-- what a person can picture: how much is missing, the mean, the spread, or the most frequent value, if it may be shown
drift_in_words as (

    select
        drift.*,
        case
            when drift.metric like 'null%' or abs(now.null_share - before.null_share) >= 0.1
                then 'missing from ' || {{ data_health.engine_sql('percentage', 'before.null_share') }} || ' to '
                    || {{ data_health.engine_sql('percentage', 'now.null_share') }} || '; '
            when abs(now.mean) < 1e100 and abs(before.mean) < 1e100 and abs(now.mean - before.mean) >= 0.1 * before.standard_deviation
                and now.mean <> before.mean
                then 'mean from ' || {{ data_health.engine_sql('readable_number', 'before.mean') }} || ' to '
                    || {{ data_health.engine_sql('readable_number', 'now.mean') }} || '; '
            when now.standard_deviation <> before.standard_deviation
                then 'standard deviation from ' || {{ data_health.engine_sql('readable_number', 'before.standard_deviation') }} || ' to '
                    || {{ data_health.engine_sql('readable_number', 'now.standard_deviation') }} || '; '
            when now.top_value = before.top_value and abs(now.top_share - before.top_share) >= 0.01
                then 'share of ' || now.top_value || ' from ' || {{ data_health.engine_sql('percentage', 'before.top_share') }} || ' to '
                    || {{ data_health.engine_sql('percentage', 'now.top_share') }} || '; '
            when now.top_value <> before.top_value
                then 'most frequent was ' || before.top_value || ' (' || {{ data_health.engine_sql('percentage', 'before.top_share') }}
                    || ') and is ' || now.top_value || ' (' || {{ data_health.engine_sql('percentage', 'now.top_share') }} || '); '
        end as change_in_words
    from drift_with_references as drift
    left join profiles as now
        on drift.column_status in ('warn', 'alert')
        and now.dataset = 'production'
        and drift.monitor = now.monitor
        and drift.period_start = now.period_start
        and drift.segment_column = now.segment_column
        and drift.segment_value = now.segment_value
        and drift.column_name = now.column_name
    left join profiles_before as before
        on drift.column_status in ('warn', 'alert')
        and drift.monitor = before.monitor
        and drift.reference = before.reference
        and (drift.reference <> '(previous period)' or drift.period_start = before.period_start)
        and drift.segment_column = before.segment_column
        and drift.segment_value = before.segment_value
        and drift.column_name = before.column_name
    where not drift.is_answered_by_a_reference

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
    coalesce(change_in_words, '') || coalesce(metric, 'no metric')
        || ' ' || coalesce({{ data_health.engine_sql('short_number', 'value') }}, 'unknown')
        || ' against ' || reference
        || coalesce(' (' || column_status || ' above ' || {{ data_health.engine_sql('short_number', 'threshold') }} || ')', '')
        || coalesce(', q ' || case when q_value < 0.0001 then 'below 0.0001' else cast(cast(q_value as decimal(6, 4)) as varchar) end, '')
        || coalesce(', ' || cast(row_count as varchar) || ' rows', '') as evidence,
    'health_drift' as mart
from drift_in_words

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
