{{ config(enabled=data_health.part_is_on('drift')) }}
with dataset_periods as (

    select distinct monitor, dataset, dataset_period_key, period_start, period_end, is_latest
    from {{ ref('dataset_periods') }}

),

compared_monitors as (

    select distinct monitor
    from {{ ref('monitor_settings') }}
    where part = 'drift'

),

numbered_periods as (

    select
        dataset_periods.monitor,
        dataset_periods.dataset,
        dataset_periods.dataset_period_key,
        dataset_periods.period_start,
        dataset_periods.period_end,
        dataset_periods.is_latest,
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
        lag(dataset_period_key) over (partition by monitor order by period_start nulls last) as previous_period_key,
        lag(period_number) over (partition by monitor order by period_start nulls last) as previous_number,
        lag(period_start) over (partition by monitor order by period_start nulls last) as previous_start,
        lag(period_end) over (partition by monitor order by period_start nulls last) as previous_end
    from numbered_periods
    where dataset = 'production'
        and period_start is not null

),

pairs as (

    select
        production_periods.monitor,
        references_of_monitors.dataset as reference,
        references_of_monitors.dataset as reference_dataset,
        production_periods.period_start,
        production_periods.period_end,
        production_periods.is_latest,
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
        dataset_period_key,
        period_number,
        previous_period_key as reference_period_key,
        previous_number as reference_number,
        previous_start as reference_start,
        previous_end as reference_end
    from production_periods
    where previous_period_key is not null

)

select
    cast(row_number() over (order by monitor, reference, period_start nulls last) as integer) as comparison_number,
    monitor,
    reference,
    reference_dataset,
    period_start,
    period_end,
    is_latest,
    dataset_period_key,
    period_number,
    reference_period_key,
    reference_number,
    reference_start,
    reference_end
from pairs
