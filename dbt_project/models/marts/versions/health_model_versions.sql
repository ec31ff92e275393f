{{ config(enabled='versions' in data_health.parts_on()) }}
{%- do data_health.begin_model() %}
with versions as (

    select
        monitor,
        model_version,
        max(serves_from) as serves_from,
        max(case when is_serving then 1 else 0 end) = 1 as is_serving,
        count(feature) as feature_count,
        count(case when feature is not null and is_required then 1 end) as required_count
    from {{ ref('registered_features') }}
    group by monitor, model_version

),

checks as (

    select
        monitor,
        model_version,
        feature,
        check_name,
        status,
        feature || ': ' || reason as problem
    from {{ ref('health_feature_contract') }}

),

summaries as (

    select
        monitor,
        model_version,
        {%- for name, check in {
            'missing': 'presence', 'retyped': 'type', 'redefined': 'definition', 'out_of_range': 'range', 'new_values': 'values',
            'nulls': 'nulls'
        }.items() %}
        count(case when check_name = '{{ check }}' and status in ('warn', 'alert') then 1 end) as {{ name }}_count,
        {%- endfor %}
        count(case when check_name = 'extra' then 1 end) as extra_count,
        count(case when check_name in ('presence', 'type', 'definition') and status = 'alert' then 1 end) as obstacle_count,
        count(case when check_name = 'definition' and status = 'insufficient_data' then 1 end) as unknown_count
    from checks
    group by monitor, model_version

),

obstacles as (

    select
        monitor,
        model_version,
        {{ dbt.listagg('problem', "'; '", 'order by feature, check_name') }} as problems
    from checks
    where check_name in ('presence', 'type', 'definition')
        and status = 'alert'
    group by monitor, model_version

)

select
    versions.monitor,
    versions.model_version,
    versions.is_serving,
    versions.feature_count > 0 and coalesce(summaries.obstacle_count, 0) = 0 as can_serve,
    case
        when versions.feature_count = 0 then 'alert'
        when summaries.obstacle_count > 0 then 'alert'
        when summaries.missing_count + summaries.out_of_range_count + summaries.new_values_count + summaries.nulls_count
            + summaries.redefined_count > 0 then 'warn'
        else 'ok'
    end as status,
    case
        when versions.feature_count = 0 then 'the registry has no feature of this version'
        when obstacles.problems is not null then obstacles.problems
        when summaries.unknown_count > 0 then cast(summaries.unknown_count as varchar) || ' definitions could not be compared'
    end as reason,
    versions.serves_from,
    versions.feature_count,
    versions.required_count,
    {%- for name in ['missing', 'retyped', 'redefined', 'out_of_range', 'new_values', 'nulls', 'extra'] %}
    coalesce(summaries.{{ name }}_count, 0) as {{ name }}_count,
    {%- endfor %}
    {{ data_health.run_time() }} as built_at
from versions
left join summaries
    on versions.monitor = summaries.monitor
    and versions.model_version = summaries.model_version
left join obstacles
    on versions.monitor = obstacles.monitor
    and versions.model_version = obstacles.model_version
