{{ config(enabled='combinations' in data_health.parts_on()) }}
with settings as (

    select
        metric as cell_kind,
        monitor,
        combination_size_limit,
        gap_levels,
        gap_rows,
        minimum_rows,
        warn_threshold,
        alert_threshold
    from {{ ref('monitor_settings') }}
    where part = 'combinations'

),

dataset_periods as (

    select distinct monitor, dataset, dataset_period_key, period_start, period_end, is_latest, is_empty
    from {{ ref('dataset_periods') }}

)

-- rows without a time belong to no period
select
    row_number() over (order by settings.cell_kind, dataset_periods.dataset_period_key) as period_number,
    settings.cell_kind,
    dataset_periods.monitor,
    dataset_periods.dataset,
    dataset_periods.dataset_period_key,
    dataset_periods.period_start,
    dataset_periods.period_end,
    dataset_periods.is_latest,
    dataset_periods.is_empty,
    settings.combination_size_limit,
    settings.gap_levels,
    settings.gap_rows,
    settings.minimum_rows,
    settings.warn_threshold,
    settings.alert_threshold
from dataset_periods
inner join settings
    on dataset_periods.monitor = settings.monitor
where dataset_periods.dataset <> 'production'
    or dataset_periods.period_start is not null
