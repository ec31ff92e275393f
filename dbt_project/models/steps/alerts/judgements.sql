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
        max(case when metric = deciding_metric then case column_status when 'alert' then alert_threshold else warn_threshold end end) as threshold,
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

multivariate_rows as (

    select
        monitor,
        period_start,
        reference,
        metric,
        value,
        status,
        row_number() over (
            partition by monitor, period_start, reference
            order by case status when 'alert' then 1 when 'warn' then 2 when 'ok' then 3 else 4 end, metric
        ) as place
    from {{ ref('health_multivariate_drift') }}
    where status is not null

),

volumes as (

    select
        monitor,
        period_start,
        period_status,
        row_count,
        is_latest,
        status,
        reason,
        late_row_count,
        late_share,
        usual_late_share,
        late_status,
        hours_since_newest_event,
        hours_since_newest_load,
        fresh_within_hours,
        fresh_status
    from {{ ref('health_volume') }}
    where period_start is not null

),

schema_changes as (

    select
        monitor,
        dataset,
        column_name,
        change,
        compared_with,
        type_before,
        type_now,
        period_start,
        status,
        is_current and change not in ('added', 'retyped') as lasts
    from {{ ref('health_schema_changes') }}
    where dataset = 'production'

),

coverage_judgements as (

    select
        monitor,
        finding,
        column_name,
        segment_column,
        segment_value,
        reference,
        metric,
        period_start,
        status,
        evidence,
        mart
    from {{ ref('coverage_judgements') }}

),

rule_judgements as (

    select cleaning, rule, period_start, tested_count, failed_count, usual_share, status
    from {{ ref('rule_judgements') }}

),

judgements as (

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
        coalesce(metric, 'no metric') || ' ' || coalesce({{ data_health.engine_sql('short_number', 'value') }}, 'unknown') || ' against ' || reference
            || coalesce(' (' || column_status || ' above ' || {{ data_health.engine_sql('short_number', 'threshold') }} || ')', '')
            || coalesce(', q ' || case when q_value < 0.0001 then 'below 0.0001' else cast(cast(q_value as decimal(6, 4)) as varchar) end, '')
            || coalesce(', ' || cast(row_count as varchar) || ' rows', '') as evidence,
        'health_drift' as mart
    from drift_with_references
    where not is_answered_by_a_reference

    union all

    select
        monitor,
        'multivariate_drift' as finding,
        cast(null as varchar) as column_name,
        '(all)' as segment_column,
        '(all)' as segment_value,
        reference,
        metric,
        period_start,
        status,
        metric || ' ' || coalesce({{ data_health.engine_sql('short_number', 'value') }}, 'unknown') || ' against ' || reference as evidence,
        'health_multivariate_drift' as mart
    from multivariate_rows
    where place = 1

    union all

    select
        monitor,
        'volume' as finding,
        cast(null as varchar) as column_name,
        '(all)' as segment_column,
        '(all)' as segment_value,
        cast(null as varchar) as reference,
        'row_count' as metric,
        period_start,
        status,
        reason as evidence,
        'health_volume' as mart
    from volumes

    union all

    select
        monitor,
        'late_rows' as finding,
        cast(null as varchar) as column_name,
        '(all)' as segment_column,
        '(all)' as segment_value,
        cast(null as varchar) as reference,
        'late_share' as metric,
        period_start,
        late_status as status,
        cast(late_row_count as varchar) || ' of ' || cast(row_count as varchar) || ' rows were late; usual are '
            || coalesce(cast(cast(100 * usual_late_share as decimal(5, 1)) as varchar), 'unknown') || ' %' as evidence,
        'health_volume' as mart
    from volumes
    where late_status is not null

    union all

    select
        monitor,
        'freshness' as finding,
        cast(null as varchar) as column_name,
        '(all)' as segment_column,
        '(all)' as segment_value,
        cast(null as varchar) as reference,
        'hours_since_newest_row' as metric,
        period_start,
        fresh_status as status,
        'the newest row is ' || cast(cast(round(greatest(hours_since_newest_event, hours_since_newest_load)) as bigint) as varchar)
            || ' hours old; up to ' || cast(cast(round(fresh_within_hours) as bigint) as varchar) || ' are allowed' as evidence,
        'health_volume' as mart
    from volumes
    where fresh_status is not null

    union all

    -- what is still so is found again in every period since; what happened, in the period in which it was seen
    select
        schema_changes.monitor,
        'schema' as finding,
        schema_changes.column_name,
        '(all)' as segment_column,
        '(all)' as segment_value,
        schema_changes.compared_with as reference,
        schema_changes.change as metric,
        volumes.period_start,
        schema_changes.status,
        schema_changes.change || case
            when schema_changes.type_before is not null and schema_changes.type_now is not null
                then ': ' || schema_changes.type_before || case when schema_changes.change = 'retyped' then ' became ' || schema_changes.type_now
                    else ' in ' || schema_changes.compared_with || ', ' || schema_changes.type_now || ' in production' end
            when schema_changes.compared_with <> 'previous build' then ', compared with ' || schema_changes.compared_with
            else coalesce(': ' || coalesce(schema_changes.type_before, schema_changes.type_now), '')
        end as evidence,
        'health_schema_changes' as mart
    from schema_changes
    inner join volumes
        on schema_changes.monitor = volumes.monitor
        and (volumes.period_start = schema_changes.period_start or (schema_changes.lasts and volumes.period_start > schema_changes.period_start))

    union all

    select
        monitor,
        finding,
        column_name,
        segment_column,
        segment_value,
        reference,
        metric,
        period_start,
        status,
        evidence,
        mart
    from coverage_judgements

    union all

    select
        cleaning as monitor,
        'cleaning_rule' as finding,
        rule as column_name,
        '(all)' as segment_column,
        '(all)' as segment_value,
        cast(null as varchar) as reference,
        'failed_share' as metric,
        period_start,
        status,
        cast(failed_count as varchar) || ' of ' || cast(tested_count as varchar) || ' rows failed; usual are '
            || coalesce(cast(cast(100 * usual_share as decimal(5, 1)) as varchar), 'unknown') || ' %' as evidence,
        'health_rule_outcomes' as mart
    from rule_judgements

),

newest_periods as (

    select
        'health_volume' as mart,
        monitor,
        -- the newest that is over; the one after it may have too few rows to tell
        coalesce(max(case when period_status <> 'partial' then period_start end), max(period_start)) as newest_period
    from volumes
    group by monitor

    union all

    select 'health_rule_outcomes' as mart, cleaning as monitor, max(period_start) as newest_period
    from rule_judgements
    group by cleaning

)

select
    judgements.monitor,
    judgements.finding,
    judgements.column_name,
    judgements.segment_column,
    judgements.segment_value,
    judgements.reference,
    judgements.metric,
    judgements.period_start,
    judgements.status,
    judgements.evidence,
    judgements.mart,
    newest_periods.newest_period
from judgements
left join newest_periods
    on judgements.monitor = newest_periods.monitor
    and newest_periods.mart = case judgements.finding when 'cleaning_rule' then 'health_rule_outcomes' else 'health_volume' end
