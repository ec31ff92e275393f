{{ config(enabled=data_health.part_is_on('drift'), materialized='ephemeral') }}
{#- too few rows are not compared, so that many small segments do not make a cell for every bin of the others #}
with compared_columns as (

    select column_number, monitor
    from {{ ref('drift_columns') }}

),

minimum_rows as (

    select monitor, min(minimum_rows) as minimum_rows
    from {{ ref('monitor_settings') }}
    where part = 'drift'
    group by monitor

),

bins as (

    select column_number, period_number, bin_width, row_count
    from {{ ref('drift_bins') }}

)

select
    bins.column_number,
    bins.period_number,
    bins.bin_width,
    sum(bins.row_count) as present_count
from bins
inner join compared_columns
    on bins.column_number = compared_columns.column_number
inner join minimum_rows
    on compared_columns.monitor = minimum_rows.monitor
group by bins.column_number, bins.period_number, bins.bin_width
having sum(bins.row_count) >= max(minimum_rows.minimum_rows)
