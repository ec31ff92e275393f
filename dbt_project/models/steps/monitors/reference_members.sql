{{ config(materialized='ephemeral') }}
with dataset_periods as (

    select distinct monitor, dataset, period_start, period_end
    from {{ ref('dataset_periods') }}

)

-- a reference that is a table of its own has no first day, and no member
select
    production.monitor,
    production.period_start,
    reference_windows.dataset as reference
from dataset_periods as production
inner join dataset_periods as reference_windows
    on production.monitor = reference_windows.monitor
    and reference_windows.period_start <= production.period_start
    and reference_windows.period_end >= production.period_end
where production.dataset = 'production'
    and reference_windows.dataset <> 'production'
