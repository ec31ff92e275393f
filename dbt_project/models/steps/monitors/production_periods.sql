{{ config(materialized='ephemeral') }}
with stored_periods as (

    select distinct monitor, stored_period_key, is_latest
    from {{ ref('dataset_periods') }}
    where dataset = 'production'
        and period_start is not null

),

counted_periods as (

    select period_key, period_start, period_end, status, row_count
    from {{ ref('monitored_periods') }}

)

select
    stored_periods.monitor,
    counted_periods.period_start,
    counted_periods.period_end,
    stored_periods.is_latest,
    case when counted_periods.status = 'production' then 'complete' else counted_periods.status end as period_status,
    cast(counted_periods.row_count as bigint) as row_count
from stored_periods
inner join counted_periods
    on stored_periods.stored_period_key = counted_periods.period_key
