{{ config(enabled='drift' in data_health.parts_on()) }}
with dataset_periods as (

    select distinct monitor, dataset, dataset_period_key, period_start, period_end, is_latest, is_empty
    from {{ ref('dataset_periods') }}

),

compared_monitors as (

    select distinct monitor
    from {{ ref('monitor_settings') }}
    where part = 'drift'

),

windows as (

    select
        monitor,
        window_periods,
        max(window_periods) over (partition by monitor) as baseline_periods
    from {{ ref('monitor_settings') }}
    where part = 'windows'

),

numbered_periods as (

    select
        dataset_periods.monitor,
        dataset_periods.dataset,
        dataset_periods.dataset_period_key,
        dataset_periods.period_start,
        dataset_periods.period_end,
        dataset_periods.is_latest,
        dataset_periods.is_empty,
        cast(row_number() over (order by dataset_periods.dataset_period_key) as integer) as period_number
    from dataset_periods
    inner join compared_monitors
        on dataset_periods.monitor = compared_monitors.monitor

),

-- rows without a time belong to no period that could have drifted
production_periods as (

    select
        monitor,
        dataset_period_key,
        period_start,
        period_end,
        is_latest,
        period_number,
        cast(row_number() over (partition by monitor order by period_start desc nulls last) as integer) as age,
        lag(dataset_period_key) over (partition by monitor order by period_start nulls last) as previous_period_key,
        lag(period_number) over (partition by monitor order by period_start nulls last) as previous_number,
        lag(period_start) over (partition by monitor order by period_start nulls last) as previous_start,
        lag(period_end) over (partition by monitor order by period_start nulls last) as previous_end
    from numbered_periods
    where dataset = 'production'
        and period_start is not null

),

-- 1. Where no reference is before all of a window of the newest periods, as many periods as the longest window has stand in for one.
windows_of_monitors as (

    select
        windows.monitor,
        windows.window_periods,
        min(case when production_periods.age <= windows.window_periods then production_periods.period_start end) as window_start,
        min(case when production_periods.age > windows.window_periods then production_periods.period_start end) as baseline_start,
        count(case when production_periods.age > windows.window_periods then 1 end) as baseline_count,
        max(windows.baseline_periods) as baseline_periods
    from windows
    inner join production_periods
        on windows.monitor = production_periods.monitor
        and production_periods.age <= windows.window_periods + windows.baseline_periods
    group by windows.monitor, windows.window_periods

),

baselines as (

    select
        windows_of_monitors.monitor,
        windows_of_monitors.window_periods,
        '(before the newest ' || cast(windows_of_monitors.window_periods as varchar) || ')' as reference,
        windows_of_monitors.baseline_start,
        windows_of_monitors.window_start
    from windows_of_monitors
    left join numbered_periods as references_of_monitors
        on windows_of_monitors.monitor = references_of_monitors.monitor
        and references_of_monitors.dataset <> 'production'
        and not references_of_monitors.is_empty
        and coalesce(references_of_monitors.period_end <= windows_of_monitors.window_start, true)
    where references_of_monitors.monitor is null
        and 2 * windows_of_monitors.baseline_count >= windows_of_monitors.baseline_periods

),

numbered_baselines as (

    select
        baselines.*,
        cast(row_number() over (order by monitor, window_periods) + (select count(*) from numbered_periods) as integer) as period_number
    from baselines

),

-- 2. What is compared.
pairs as (

    select
        production_periods.monitor,
        references_of_monitors.dataset as reference,
        references_of_monitors.dataset as reference_dataset,
        production_periods.period_start,
        production_periods.period_end,
        production_periods.is_latest,
        production_periods.age,
        cast(null as integer) as window_periods,
        production_periods.dataset_period_key,
        production_periods.period_number,
        references_of_monitors.dataset_period_key as reference_period_key,
        references_of_monitors.period_number as reference_number,
        references_of_monitors.period_start as reference_start,
        references_of_monitors.period_end as reference_end
    from production_periods
    inner join numbered_periods as references_of_monitors
        on production_periods.monitor = references_of_monitors.monitor
    where references_of_monitors.dataset <> 'production'
        -- a period that belongs to the reference is not judged against itself
        and not coalesce(
            references_of_monitors.period_start <= production_periods.period_start
            and references_of_monitors.period_end >= production_periods.period_end, false
        )

    union all

    select
        monitor,
        '(previous period)' as reference,
        'production' as reference_dataset,
        period_start,
        period_end,
        is_latest,
        age,
        cast(null as integer) as window_periods,
        dataset_period_key,
        period_number,
        previous_period_key as reference_period_key,
        previous_number as reference_number,
        previous_start as reference_start,
        previous_end as reference_end
    from production_periods
    where previous_period_key is not null

    union all

    select
        production_periods.monitor,
        numbered_baselines.reference,
        numbered_baselines.reference as reference_dataset,
        production_periods.period_start,
        production_periods.period_end,
        production_periods.is_latest,
        production_periods.age,
        numbered_baselines.window_periods,
        production_periods.dataset_period_key,
        production_periods.period_number,
        production_periods.monitor || '|' || numbered_baselines.reference as reference_period_key,
        numbered_baselines.period_number as reference_number,
        numbered_baselines.baseline_start as reference_start,
        numbered_baselines.window_start as reference_end
    from production_periods
    inner join numbered_baselines
        on production_periods.monitor = numbered_baselines.monitor
        and production_periods.age <= numbered_baselines.window_periods

)

select
    cast(row_number() over (order by monitor, reference, period_start nulls last) as integer) as comparison_number,
    monitor,
    reference,
    reference_dataset,
    period_start,
    period_end,
    is_latest,
    age,
    window_periods,
    dataset_period_key,
    period_number,
    reference_period_key,
    reference_number,
    reference_start,
    reference_end
from pairs
