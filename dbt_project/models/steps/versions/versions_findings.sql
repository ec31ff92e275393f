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
    'version ' || checks.model_version || ', ' || checks.check_name || ': ' || coalesce(checks.reason, 'as registered')
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
