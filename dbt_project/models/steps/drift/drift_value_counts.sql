{{ config(enabled='drift' in data_health.parts_on(), materialized='ephemeral') }}
{#-
    Too few rows are not compared, so that many small segments do not make a cell for every bin of the others. Those of the newest periods
    are, because together they may be enough.
#}
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

recent_periods as (

    select distinct comparisons.period_number
    from (select * from {{ ref('drift_comparisons') }}) as comparisons
    inner join (select * from {{ ref('monitor_settings') }}) as settings
        on comparisons.monitor = settings.monitor
    where settings.part = 'windows'
        and comparisons.age <= settings.window_periods

),

bins as (

    select column_number, period_number, bin_width, row_count
    from {{ ref('drift_bins') }}

)

select
    bins.column_number,
    bins.period_number,
    bins.bin_width,
    sum(bins.row_count) as present_count,
    sum(bins.row_count) < max(minimum_rows.minimum_rows) as is_of_few
from bins
inner join compared_columns
    on bins.column_number = compared_columns.column_number
inner join minimum_rows
    on compared_columns.monitor = minimum_rows.monitor
left join recent_periods
    on bins.period_number = recent_periods.period_number
group by bins.column_number, bins.period_number, bins.bin_width
having sum(bins.row_count) >= max(case when recent_periods.period_number is null then minimum_rows.minimum_rows else 1 end)
