{{ config(materialized='ephemeral') }}
-- what rows tell of the configuration is found by the parts; health_monitors says it again
with problems as (

    select monitor, name, reason
    from {{ ref('health_monitors') }}
    where subject = 'problem'
        and name not in ('prediction.score', 'prediction.label', 'label.positive')

),

newest_periods as (

    select monitor, newest_period
    from {{ ref('newest_periods') }}

)

-- said of the newest period, as long as it is so; a table without rows has none but today
select
    problems.monitor,
    'configuration' as finding,
    problems.name as column_name,
    '(all)' as segment_column,
    '(all)' as segment_value,
    cast(null as varchar) as reference,
    'setting' as metric,
    coalesce(newest_periods.newest_period, cast('{{ run_started_at.strftime('%Y-%m-%d') }}' as date)) as period_start,
    'warn' as status,
    problems.reason as evidence,
    'health_monitors' as mart
from problems
left join newest_periods
    on problems.monitor = newest_periods.monitor
