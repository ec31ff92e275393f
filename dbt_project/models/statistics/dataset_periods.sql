with configured_datasets as (

    select monitor, dataset, kind, grain, first_day, end_day, rolling_days
    from {{ ref('configured_datasets') }}

),

stored_periods as (

    select
        period_key,
        monitor,
        dataset,
        grain,
        period_start,
        period_end,
        max(case when dataset = 'production' then period_start end) over (partition by monitor, grain) as newest_period
    from {{ ref('monitored_periods') }}
    where row_count > 0

),

periods_of_their_own as (

    select
        stored_periods.monitor,
        stored_periods.dataset,
        stored_periods.period_start,
        stored_periods.period_end,
        stored_periods.period_key as stored_period_key
    from stored_periods
    inner join configured_datasets
        on stored_periods.monitor = configured_datasets.monitor
        and stored_periods.dataset = configured_datasets.dataset
        and stored_periods.grain = configured_datasets.grain
    where configured_datasets.kind = 'stored'

),

-- a reference that is a window of the production table is the sum of the periods in it
periods_of_windows as (

    select
        configured_datasets.monitor,
        configured_datasets.dataset,
        configured_datasets.first_day as period_start,
        configured_datasets.end_day as period_end,
        stored_periods.period_key as stored_period_key
    from configured_datasets
    inner join stored_periods
        on configured_datasets.monitor = stored_periods.monitor
        and configured_datasets.grain = stored_periods.grain
        and stored_periods.dataset = 'production'
        and stored_periods.period_start >= configured_datasets.first_day
        and stored_periods.period_start < configured_datasets.end_day
    where configured_datasets.kind = 'window'

),

-- the whole periods before the newest one that began within so many days
rolling_periods as (

    select
        configured_datasets.monitor,
        configured_datasets.dataset,
        stored_periods.period_start,
        stored_periods.period_end,
        stored_periods.period_key as stored_period_key
    from configured_datasets
    inner join stored_periods
        on configured_datasets.monitor = stored_periods.monitor
        and configured_datasets.grain = stored_periods.grain
        and stored_periods.dataset = 'production'
        and stored_periods.period_start < stored_periods.newest_period
        and stored_periods.period_start >= {{ dbt.dateadd('day', '-1 * configured_datasets.rolling_days', 'stored_periods.newest_period') }}
    where configured_datasets.kind = 'rolling'

),

periods_of_rolling_windows as (

    select
        monitor,
        dataset,
        min(period_start) over (partition by monitor, dataset) as period_start,
        max(period_end) over (partition by monitor, dataset) as period_end,
        stored_period_key
    from rolling_periods

),

all_periods as (

    select monitor, dataset, period_start, period_end, stored_period_key from periods_of_their_own
    union all
    select monitor, dataset, period_start, period_end, stored_period_key from periods_of_windows
    union all
    select monitor, dataset, period_start, period_end, stored_period_key from periods_of_rolling_windows

)

select
    monitor || '|' || dataset || '|' || coalesce(cast(period_start as varchar), 'none') as dataset_period_key,
    monitor,
    dataset,
    period_start,
    period_end,
    stored_period_key,
    coalesce(period_start = max(period_start) over (partition by monitor, dataset), dataset <> 'production') as is_latest
from all_periods
