{{ config(enabled='drift' in data_health.parts_on()) }}
with column_roles as (

    select monitor, name as column_name, role
    from {{ ref('health_monitors') }}
    where subject = 'column'
        and is_monitored

),

column_grids as (

    select monitor, column_name, kind
    from {{ ref('column_grids') }}

),

compared_monitors as (

    select distinct monitor
    from {{ ref('monitor_settings') }}
    where part = 'drift'

),

stored_periods as (

    select distinct stored_period_key
    from {{ ref('dataset_periods') }}

),

-- from what was counted, as the profile is: so neither waits for the other
counted_columns as (

    select distinct
        column_statistics.monitor,
        column_statistics.segment_column,
        column_statistics.segment_value,
        column_statistics.column_name
    from (select * from {{ ref('column_statistics') }}) as column_statistics
    inner join stored_periods
        on column_statistics.period_key = stored_periods.stored_period_key

),

compared_columns as (

    select
        counted_columns.monitor,
        counted_columns.segment_column,
        counted_columns.segment_value,
        counted_columns.column_name,
        column_roles.role,
        column_grids.kind
    from counted_columns
    inner join compared_monitors
        on counted_columns.monitor = compared_monitors.monitor
    inner join column_grids
        on counted_columns.monitor = column_grids.monitor
        and counted_columns.column_name = column_grids.column_name
    inner join column_roles
        on counted_columns.monitor = column_roles.monitor
        and counted_columns.column_name = column_roles.column_name
    where column_grids.kind <> 'key'
        -- another version of the model is no drift, and every row of a segment has its value
        and column_roles.role <> 'version'
        and counted_columns.column_name <> counted_columns.segment_column

)

select
    cast(row_number() over (
        order by
            compared_columns.monitor, compared_columns.segment_column, compared_columns.segment_value nulls last,
            compared_columns.column_name
    ) as integer) as column_number,
    compared_columns.monitor,
    compared_columns.segment_column,
    compared_columns.segment_value,
    compared_columns.column_name,
    compared_columns.role,
    compared_columns.kind,
    -- a time moves on, its distance from the event need not
    distances.column_name is null as has_comparable_values
from compared_columns
left join compared_columns as distances
    on compared_columns.kind = 'timestamp'
    and compared_columns.monitor = distances.monitor
    and compared_columns.segment_column = distances.segment_column
    and coalesce(compared_columns.segment_value, '(null)') = coalesce(distances.segment_value, '(null)')
    and compared_columns.column_name || ' (days from event)' = distances.column_name
