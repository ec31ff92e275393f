{{ config(materialized='ephemeral') }}
with production_periods as (

    select monitor, period_start, period_status
    from {{ ref('production_periods') }}

)

-- the newest that is over; the one after it may have too few rows to tell
select
    monitor,
    coalesce(max(case when period_status <> 'partial' then period_start end), max(period_start)) as newest_period
from production_periods
group by monitor
