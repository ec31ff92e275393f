{%- set tomorrow = (run_started_at + modules.datetime.timedelta(days=1)).strftime('%Y-%m-%d') %}
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
        row_count
    from {{ ref('monitored_periods') }}
    where row_count > 0

),

-- 1. Odd times. Where a few rows are years before all others, only the others make periods; so do no rows after tomorrow, since zones are
--    up to 14 hours ahead, and none of 0001-01-01, which stands for no time.
neighbouring_periods as (

    select
        monitor,
        grain,
        period_start,
        lead(period_start) over in_order as next_period,
        sum(row_count) over in_order as rows_until_here,
        sum(row_count) over (partition by monitor, grain) as row_count,
        row_number() over in_order as periods_until_here,
        count(*) over (partition by monitor, grain) as period_count,
        max(period_start) over (partition by monitor, grain) as newest_period
    from stored_periods
    where dataset = 'production'
        and period_start <= cast('{{ tomorrow }}' as date)
    window in_order as (partition by monitor, grain order by period_start nulls last rows unbounded preceding)

),

plausible_times as (

    select
        monitor,
        grain,
        coalesce(max(case
            when {{ dbt.datediff('period_start', 'next_period', 'day') }} >= 730
                -- periods that are seldom in any case
                and {{ dbt.datediff('period_start', 'next_period', 'day') }} * (period_count - periods_until_here)
                    >= 10 * {{ dbt.datediff('next_period', 'newest_period', 'day') }}
                and rows_until_here <= greatest(1, 0.01 * row_count)
                and rows_until_here < row_count - rows_until_here
                and periods_until_here <= greatest(3, 0.05 * period_count)
                then next_period
        end), cast('0001-01-02' as date)) as first_period,
        max(newest_period) as newest_period
    from neighbouring_periods
    group by monitor, grain

),

-- 2. The periods of each dataset.
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
    left join plausible_times
        on stored_periods.monitor = plausible_times.monitor
        and stored_periods.grain = plausible_times.grain
    where configured_datasets.kind = 'stored'
        and (
            stored_periods.dataset <> 'production'
            or stored_periods.period_start is null
            or stored_periods.period_start between plausible_times.first_period and plausible_times.newest_period
        )

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
    inner join plausible_times
        on stored_periods.monitor = plausible_times.monitor
        and stored_periods.grain = plausible_times.grain
        and stored_periods.period_start >= plausible_times.first_period
        and stored_periods.period_start < plausible_times.newest_period
        and stored_periods.period_start >= {{ dbt.dateadd(
            'day', '-1 * configured_datasets.rolling_days', 'plausible_times.newest_period') }}
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

counted_periods as (

    select monitor, dataset, period_start, period_end, stored_period_key from periods_of_their_own
    union all
    select monitor, dataset, period_start, period_end, stored_period_key from periods_of_windows
    union all
    select monitor, dataset, period_start, period_end, stored_period_key from periods_of_rolling_windows

),

counted_datasets as (

    select distinct monitor, dataset
    from counted_periods

),

-- 3. A reference without rows is compared with all the same, so that every mart says that nothing can be told.
empty_references as (

    select
        configured_datasets.monitor,
        configured_datasets.dataset,
        configured_datasets.first_day as period_start,
        configured_datasets.end_day as period_end,
        configured_datasets.monitor || '|' || configured_datasets.dataset || '|' || configured_datasets.grain || ' none'
            as stored_period_key
    from configured_datasets
    inner join counted_datasets as production
        on configured_datasets.monitor = production.monitor
        and production.dataset = 'production'
    left join counted_datasets
        on configured_datasets.monitor = counted_datasets.monitor
        and configured_datasets.dataset = counted_datasets.dataset
    where configured_datasets.dataset <> 'production'
        and counted_datasets.monitor is null

),

all_periods as (

    select monitor, dataset, period_start, period_end, stored_period_key, false as is_empty from counted_periods
    union all
    select monitor, dataset, period_start, period_end, stored_period_key, true as is_empty from empty_references

)

select
    monitor || '|' || dataset || '|' || coalesce(cast(period_start as varchar), 'none') as dataset_period_key,
    monitor,
    dataset,
    period_start,
    period_end,
    stored_period_key,
    coalesce(period_start = max(period_start) over (partition by monitor, dataset), dataset <> 'production') as is_latest,
    is_empty
from all_periods
