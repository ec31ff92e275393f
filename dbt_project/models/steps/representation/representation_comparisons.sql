{{ config(enabled='representation' in data_health.parts_on(), materialized='ephemeral') }}
with settings as (

    select monitor, has_population
    from {{ ref('monitor_settings') }}
    where part = 'representation'

),

periods as (

    select distinct monitor, dataset, dataset_period_key, period_start, period_end, is_latest
    from {{ ref('dataset_periods') }}

),

-- rows without a time belong to no period
monitored_periods as (

    select
        periods.monitor,
        periods.dataset,
        periods.dataset_period_key,
        periods.period_start,
        periods.period_end,
        periods.is_latest,
        settings.has_population,
        lag(periods.dataset_period_key) over (
            partition by periods.monitor, periods.dataset
            order by periods.period_start nulls last
        ) as previous_period_key
    from periods
    inner join settings
        on periods.monitor = settings.monitor
    where periods.dataset <> 'production'
        or periods.period_start is not null

),

pairs as (

    select
        monitor,
        dataset,
        dataset_period_key,
        '(population)' as reference,
        cast(null as varchar) as reference_dataset,
        cast(null as varchar) as reference_period_key
    from monitored_periods
    where has_population

    union all

    select
        monitor,
        dataset,
        dataset_period_key,
        '(previous period)' as reference,
        dataset as reference_dataset,
        previous_period_key as reference_period_key
    from monitored_periods
    where dataset = 'production'
        and previous_period_key is not null

    union all

    select
        monitored_periods.monitor,
        monitored_periods.dataset,
        monitored_periods.dataset_period_key,
        reference_periods.dataset as reference,
        reference_periods.dataset as reference_dataset,
        reference_periods.dataset_period_key as reference_period_key
    from monitored_periods
    inner join monitored_periods as reference_periods
        on monitored_periods.monitor = reference_periods.monitor
    where monitored_periods.dataset = 'production'
        and reference_periods.dataset <> 'production'
        -- a period that belongs to the reference is not judged against itself
        and not coalesce(
            reference_periods.period_start <= monitored_periods.period_start
            and reference_periods.period_end >= monitored_periods.period_end, false
        )

),

compared_periods as (

    select distinct dataset_period_key
    from pairs

),

all_pairs as (

    select monitor, dataset, dataset_period_key, reference, reference_dataset, reference_period_key
    from pairs

    union all

    -- what there is nothing to compare with still has groups with rates of their own
    select
        monitored_periods.monitor,
        monitored_periods.dataset,
        monitored_periods.dataset_period_key,
        '(none)' as reference,
        cast(null as varchar) as reference_dataset,
        cast(null as varchar) as reference_period_key
    from monitored_periods
    left join compared_periods
        on monitored_periods.dataset_period_key = compared_periods.dataset_period_key
    where compared_periods.dataset_period_key is null

)

select
    row_number() over (order by all_pairs.dataset_period_key, all_pairs.reference) as comparison_number,
    all_pairs.monitor,
    all_pairs.dataset,
    all_pairs.dataset_period_key,
    monitored_periods.period_start,
    monitored_periods.period_end,
    monitored_periods.is_latest,
    all_pairs.reference,
    all_pairs.reference_dataset,
    all_pairs.reference_period_key,
    case when all_pairs.reference = '(population)' then 'population' else 'table' end as naming
from all_pairs
inner join monitored_periods
    on all_pairs.dataset_period_key = monitored_periods.dataset_period_key
