{{ config(enabled=data_health.part_is_on('drift')) }}
with profiles as (

    select monitor, segment_column, segment_value, column_name, role, kind
    from {{ ref('health_profile') }}

),

compared_monitors as (

    select distinct monitor
    from {{ ref('monitor_settings') }}
    where part = 'drift'

),

profiled_columns as (

    select distinct
        profiles.monitor,
        profiles.segment_column,
        profiles.segment_value,
        profiles.column_name,
        profiles.role,
        profiles.kind
    from profiles
    inner join compared_monitors
        on profiles.monitor = compared_monitors.monitor
    where profiles.kind <> 'key'
        -- another version of the model is no drift, and every row of a segment has its value
        and profiles.role <> 'version'
        and profiles.column_name <> profiles.segment_column

)

select
    cast(row_number() over (
        order by profiled_columns.monitor, profiled_columns.segment_column, profiled_columns.segment_value, profiled_columns.column_name
    ) as integer) as column_number,
    profiled_columns.monitor,
    profiled_columns.segment_column,
    profiled_columns.segment_value,
    profiled_columns.column_name,
    profiled_columns.role,
    profiled_columns.kind,
    -- a time moves on, its distance from the event need not
    distances.column_name is null as has_comparable_values
from profiled_columns
left join profiled_columns as distances
    on profiled_columns.kind = 'timestamp'
    and profiled_columns.monitor = distances.monitor
    and profiled_columns.segment_column = distances.segment_column
    and coalesce(profiled_columns.segment_value, '(null)') = coalesce(distances.segment_value, '(null)')
    and profiled_columns.column_name || ' (days from event)' = distances.column_name
