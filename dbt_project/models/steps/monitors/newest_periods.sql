{{ config(materialized='ephemeral') }}
with stored_periods as (

    select distinct monitor, stored_period_key, period_start
    from {{ ref('dataset_periods') }}
    where dataset = 'production'
        and period_start is not null

),

statuses as (

    select period_key, status
    from {{ ref('monitored_periods') }}

)

-- the newest that is over; the one after it may have too few rows to tell
select
    stored_periods.monitor,
    coalesce(
        max(case when statuses.status <> 'partial' then stored_periods.period_start end), max(stored_periods.period_start)
    ) as newest_period
from stored_periods
inner join statuses
    on stored_periods.stored_period_key = statuses.period_key
group by stored_periods.monitor
