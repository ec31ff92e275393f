{{ config(enabled='drift' in data_health.parts_on(), materialized='ephemeral') }}
{#- The stored periods of all that is compared: of datasets, and those before a window where they stand in for a reference. #}
with dataset_periods as (

    select monitor, dataset, dataset_period_key, period_start, stored_period_key
    from {{ ref('dataset_periods') }}

),

baselines as (

    select distinct monitor, reference_period_key, reference_start, reference_end
    from {{ ref('drift_comparisons') }}
    where window_periods is not null

)

select dataset_period_key, stored_period_key
from dataset_periods

union all

select
    baselines.reference_period_key as dataset_period_key,
    dataset_periods.stored_period_key
from baselines
inner join dataset_periods
    on baselines.monitor = dataset_periods.monitor
    and dataset_periods.dataset = 'production'
    and dataset_periods.period_start >= baselines.reference_start
    and dataset_periods.period_start < baselines.reference_end
