{{ config(enabled='components' in data_health.parts_on(), materialized='ephemeral') }}
with multivariate_rows as (

    select
        monitor,
        period_start,
        reference,
        metric,
        value,
        status,
        row_number() over (
            partition by monitor, period_start, reference
            order by case status when 'alert' then 1 when 'warn' then 2 when 'ok' then 3 else 4 end, metric
        ) as rank
    from {{ ref('health_multivariate_drift') }}
    where status is not null

),

regions as (

    select
        monitor,
        period_start,
        reference,
        metric,
        row_count,
        outside_share_99,
        expected_share_99,
        status,
        row_number() over (
            partition by monitor, period_start, reference
            order by case status when 'alert' then 1 when 'warn' then 2 when 'ok' then 3 else 4 end, metric, component_count
        ) as rank
    from {{ data_health.named_model('health_region', data_health.is_configured('components.scores'), {
        'monitor': 'varchar', 'period_start': 'date', 'reference': 'varchar', 'metric': 'varchar', 'component_count': 'bigint',
        'is_current': 'boolean', 'row_count': 'bigint', 'outside_share_99': 'double precision',
        'expected_share_99': 'double precision', 'status': 'varchar'
    }) }}
    where period_start is not null
        and is_current

),

summaries as (

    select monitor, reference, reason, coalesce(reason like 'no components were found%', false) as has_failed
    from {{ ref('health_pca_summary') }}

),

newest_periods as (

    select monitor, newest_period
    from {{ ref('newest_periods') }}

)

select
    monitor,
    'multivariate_drift' as finding,
    cast(null as varchar) as column_name,
    '(all)' as segment_column,
    '(all)' as segment_value,
    reference,
    metric,
    period_start,
    status,
    metric || ' ' || coalesce({{ data_health.engine_sql('short_number', 'value') }}, 'unknown') || ' against ' || reference as evidence,
    'health_multivariate_drift' as mart
from multivariate_rows
where rank = 1

union all

select
    monitor,
    'region' as finding,
    cast(null as varchar) as column_name,
    '(all)' as segment_column,
    '(all)' as segment_value,
    reference,
    metric,
    period_start,
    status,
    cast(cast(100 * outside_share_99 as decimal(5, 1)) as varchar) || ' % of ' || cast(row_count as varchar) || ' rows are '
        || case metric when 'hotelling_t2' then 'far from the centre of ' else 'far from the components of ' end || reference
        || coalesce('; usually ' || cast(cast(100 * expected_share_99 as decimal(5, 1)) as varchar) || ' %', '') as evidence,
    'health_region' as mart
from regions
where rank = 1

union all

-- said of the newest period, as long as it is so
select
    summaries.monitor,
    'no_convergence' as finding,
    'components' as column_name,
    '(all)' as segment_column,
    '(all)' as segment_value,
    summaries.reference,
    'components' as metric,
    newest_periods.newest_period as period_start,
    case when summaries.has_failed then 'warn' else 'ok' end as status,
    case when summaries.has_failed then summaries.reason end as evidence,
    'health_pca_summary' as mart
from summaries
inner join newest_periods
    on summaries.monitor = newest_periods.monitor
