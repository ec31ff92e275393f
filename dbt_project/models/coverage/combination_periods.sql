with settings as (

    select cell_kind, monitor
    from {{ ref('combination_settings') }}

),

dataset_periods as (

    select distinct monitor, dataset, dataset_period_key, period_start, period_end, is_latest
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
    dataset_periods.is_latest
from dataset_periods
inner join settings
    on dataset_periods.monitor = settings.monitor
where dataset_periods.dataset <> 'production'
    or dataset_periods.period_start is not null
