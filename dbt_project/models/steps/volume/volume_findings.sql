{{ config(enabled='volume' in data_health.parts_on(), materialized='ephemeral') }}
with volumes as (

    select
        monitor,
        period_start,
        period_status,
        row_count,
        is_latest,
        status,
        reason,
        window_status,
        window_reason,
        late_row_count,
        late_share,
        usual_late_share,
        late_status,
        key_null_count,
        key_repeated_count,
        key_status,
        hours_since_newest_event,
        hours_since_newest_load,
        fresh_within_hours,
        fresh_status
    from {{ ref('health_volume') }}
    where period_start is not null
        and period_status <> 'implausible'

),

references_of_monitors as (

    select distinct monitor, dataset, is_empty
    from {{ ref('dataset_periods') }}
    where dataset <> 'production'

),

odd_times as (

    select
        monitor,
        sum(row_count) as row_count,
        min(period_start) as first_period,
        max(period_start) as last_period
    from {{ ref('health_volume') }}
    where period_status = 'implausible'
    group by monitor

),

missing_relations as (

    select monitor, name as setting, reason
    from {{ ref('health_monitors') }}
    where subject = 'missing'

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

)

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
    'window_volume' as finding,
    cast(null as varchar) as column_name,
    '(all)' as segment_column,
    '(all)' as segment_value,
    cast(null as varchar) as reference,
    'row_count' as metric,
    period_start,
    window_status as status,
    window_reason as evidence,
    'health_volume' as mart
from volumes
where window_status is not null

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
    cast(late_row_count as varchar) || ' of ' || cast(row_count as varchar) || ' rows were late'
        || coalesce('; usually ' || cast(cast(100 * usual_late_share as decimal(5, 1)) as varchar) || ' %', '') as evidence,
    'health_volume' as mart
from volumes
where late_status is not null

union all

select
    monitor,
    'key' as finding,
    cast(null as varchar) as column_name,
    '(all)' as segment_column,
    '(all)' as segment_value,
    cast(null as varchar) as reference,
    'key_repeated_count' as metric,
    period_start,
    key_status as status,
    cast(key_repeated_count as varchar) || ' of ' || cast(row_count as varchar)
        || ' rows repeat the key of another row of the period, and ' || cast(key_null_count as varchar) || ' have no key' as evidence,
    'health_volume' as mart
from volumes
where key_status is not null

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
    coalesce(
        'the newest row is ' || cast(cast(round(greatest(hours_since_newest_event, hours_since_newest_load)) as bigint) as varchar)
            || ' hours old', 'there is no row'
    ) || '; at most ' || cast(cast(round(fresh_within_hours) as bigint) as varchar) || ' hours without a new row are allowed' as evidence,
    'health_volume' as mart
from volumes
where fresh_status is not null

union all

-- said of the newest period, as long as it is so
select
    volumes.monitor,
    'empty_reference' as finding,
    cast(null as varchar) as column_name,
    '(all)' as segment_column,
    '(all)' as segment_value,
    references_of_monitors.dataset as reference,
    'row_count' as metric,
    volumes.period_start,
    case when references_of_monitors.is_empty then 'warn' else 'ok' end as status,
    case when references_of_monitors.is_empty then 'the reference has no row, so nothing is compared with it' end as evidence,
    'health_volume' as mart
from volumes
inner join references_of_monitors
    on volumes.monitor = references_of_monitors.monitor
where volumes.is_latest

union all

-- said of the newest period that was counted, as long as it is so
select
    volumes.monitor,
    'relation_missing' as finding,
    case when missing_relations.setting like 'population%' or missing_relations.setting like 'labeling%' then missing_relations.setting
        end as column_name,
    '(all)' as segment_column,
    '(all)' as segment_value,
    case when missing_relations.setting like 'references.%' then replace(missing_relations.setting, 'references.', '') end as reference,
    'relation' as metric,
    volumes.period_start,
    case
        when missing_relations.monitor is null then 'ok'
        when missing_relations.setting = 'relation' then 'alert'
        else 'warn'
    end as status,
    missing_relations.reason || case
        when missing_relations.setting = 'relation' then '; nothing is counted, and the statistics stay as they were'
        when missing_relations.setting like 'references.%' then '; its statistics stay as they were'
        else '; it is not read'
    end as evidence,
    'health_monitors' as mart
from volumes
left join missing_relations
    on volumes.monitor = missing_relations.monitor
where volumes.is_latest

union all

-- said of the newest period, as long as there are such rows
select
    volumes.monitor,
    'implausible_time' as finding,
    cast(null as varchar) as column_name,
    '(all)' as segment_column,
    '(all)' as segment_value,
    cast(null as varchar) as reference,
    'row_count' as metric,
    volumes.period_start,
    case when odd_times.monitor is null then 'ok' else 'warn' end as status,
    cast(odd_times.row_count as varchar) || case when odd_times.row_count = 1 then ' row has' else ' rows have' end
        || ' an implausible time, ' || case
            when odd_times.first_period = odd_times.last_period then 'of ' || cast(odd_times.first_period as varchar)
            else 'from ' || cast(odd_times.first_period as varchar) || ' to ' || cast(odd_times.last_period as varchar)
        end as evidence,
    'health_volume' as mart
from volumes
left join odd_times
    on volumes.monitor = odd_times.monitor
where volumes.is_latest

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
            then ': ' || schema_changes.type_before || case
                when schema_changes.change = 'retyped' then ' became ' || schema_changes.type_now
                else ' in ' || schema_changes.compared_with || ', ' || schema_changes.type_now || ' in production' end
        when schema_changes.compared_with <> 'previous build' then ', compared with ' || schema_changes.compared_with
        else coalesce(': ' || coalesce(schema_changes.type_before, schema_changes.type_now), '')
    end as evidence,
    'health_schema_changes' as mart
from schema_changes
inner join volumes
    on schema_changes.monitor = volumes.monitor
    and (
        volumes.period_start = schema_changes.period_start
        or (schema_changes.lasts and volumes.period_start > schema_changes.period_start)
    )
