{{ config(enabled='versions' in data_health.parts_on(), materialized='ephemeral') }}
-- of the version that serves; what keeps another one from serving is in health_model_versions
with checks as (

    select
        monitor,
        model_version,
        feature,
        check_name,
        status,
        reason,
        expected,
        found,
        row_number() over (
            partition by monitor, model_version, feature
            order by case status when 'alert' then 1 when 'warn' then 2 when 'ok' then 3 else 4 end, check_name
        ) as rank
    from {{ ref('health_feature_contract') }}
    where is_serving
        and check_name <> 'extra'

),

newest_periods as (

    select monitor, newest_period
    from {{ ref('newest_periods') }}

),

-- a log that names versions is judged by version
skews as (

    select
        health_serving_skew.*,
        max(case when model_version = '(all)' then 0 else 1 end) over (partition by monitor, period_start) as names_versions
    from {{ data_health.named_model('health_serving_skew', data_health.is_configured('versions.served'), {
        'monitor': 'varchar', 'period_start': 'date', 'model_version': 'varchar', 'feature': 'varchar', 'status': 'varchar',
        'reason': 'varchar', 'row_count': 'bigint', 'skew_share': 'double precision', 'skew_lower': 'double precision',
        'skew_upper': 'double precision', 'logged_null_share': 'double precision', 'recomputed_null_share': 'double precision',
        'logged_mean': 'double precision', 'recomputed_mean': 'double precision', 'example': 'varchar'
    }) }}
    where period_start is not null

),

unknown_versions as (

    select monitor, model_version, status, reason
    from {{ ref('health_model_versions') }}
    where is_serving

)

-- of every feature its worst check, said of the newest period, as long as it is so
select
    checks.monitor,
    'feature_contract' as finding,
    checks.feature as column_name,
    '(all)' as segment_column,
    '(all)' as segment_value,
    cast(null as varchar) as reference,
    checks.check_name as metric,
    newest_periods.newest_period as period_start,
    checks.status,
    'version ' || checks.model_version || ': ' || coalesce(checks.reason, 'as registered')
        || coalesce('; expected ' || checks.expected, '') || coalesce(', found ' || checks.found, '') as evidence,
    'health_feature_contract' as mart
from checks
inner join newest_periods
    on checks.monitor = newest_periods.monitor
where checks.rank = 1

union all

select
    unknown_versions.monitor,
    'feature_contract' as finding,
    cast(null as varchar) as column_name,
    '(all)' as segment_column,
    '(all)' as segment_value,
    cast(null as varchar) as reference,
    'registry' as metric,
    newest_periods.newest_period as period_start,
    case when unknown_versions.reason like 'the registry has no feature%' then 'alert' else 'ok' end as status,
    'version ' || unknown_versions.model_version || ' serves, but the registry has no feature of it' as evidence,
    'health_model_versions' as mart
from unknown_versions
inner join newest_periods
    on unknown_versions.monitor = newest_periods.monitor

union all

select
    monitor,
    'serving_skew' as finding,
    case when model_version = '(all)' then '' else 'version ' || model_version || ', ' end || feature as column_name,
    '(all)' as segment_column,
    '(all)' as segment_value,
    cast(null as varchar) as reference,
    'skew' as metric,
    period_start,
    status,
    coalesce(
        cast(cast(100 * skew_share as decimal(4, 1)) as varchar) || ' % of ' || cast(row_count as varchar)
            || case when feature = '(keys)' then ' logged keys have no recomputed row' else ' rows were served with another value' end
            || ' (' || cast(cast(100 * skew_lower as decimal(4, 1)) as varchar) || ' to '
            || cast(cast(100 * skew_upper as decimal(4, 1)) as varchar) || ' %)', reason
    )
        || case when logged_null_share > 0e0
            then ', ' || cast(cast(100 * logged_null_share as decimal(4, 1)) as varchar) || ' % null only when served' else '' end
        || case when recomputed_null_share > 0e0
            then ', ' || cast(cast(100 * recomputed_null_share as decimal(4, 1)) as varchar) || ' % null only when recomputed' else '' end
        || coalesce(', in the mean ' || {{ data_health.engine_sql('short_number', 'logged_mean') }} || ' served and '
            || {{ data_health.engine_sql('short_number', 'recomputed_mean') }} || ' recomputed', '')
        || coalesce(', for example ' || example, '')
        || case when skew_share is not null and reason is not null then ': ' || reason else '' end as evidence,
    'health_serving_skew' as mart
from skews
where feature <> '(keys)'
    or model_version <> '(all)'
    or names_versions = 0
