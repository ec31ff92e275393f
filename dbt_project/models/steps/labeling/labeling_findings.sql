{{ config(enabled=data_health.part_is_on('labeling'), materialized='ephemeral') }}
-- a label that suddenly is common or rare
with label_rates as (

    select
        monitor,
        given_label,
        period_start,
        earlier_rate,
        rate,
        status
    from {{ ref('health_label_quality') }}
    where subject = 'label'

),

newest_periods as (

    select monitor, newest_period
    from {{ ref('newest_periods') }}

)

-- labels come later than their rows: of the newest period that has any, found in the newest
select
    label_rates.monitor,
    'label_rate' as finding,
    label_rates.given_label as column_name,
    '(all)' as segment_column,
    '(all)' as segment_value,
    cast(null as varchar) as reference,
    'label_rate' as metric,
    newest_periods.newest_period as period_start,
    case when label_rates.status in ('leak', 'break') then 'alert' else label_rates.status end as status,
    coalesce(
        cast(cast(100 * label_rates.rate as decimal(5, 1)) as varchar)
            || ' % of the labels of ' || cast(label_rates.period_start as varchar),
        'no label'
    )
        || coalesce(', ' || cast(cast(100 * label_rates.earlier_rate as decimal(5, 1)) as varchar) || ' % before', '')
        || case when label_rates.status in ('leak', 'break') then ': a ' || label_rates.status else '' end as evidence,
    'health_label_quality' as mart
from label_rates
inner join newest_periods
    on label_rates.monitor = newest_periods.monitor
