{{ config(enabled='versions' in data_health.parts_on()) }}
{%- do data_health.begin_model() %}
{%- set runs_python = data_health.engine_sql('runs_python') %}
with features as (

    select
        monitor,
        model_version,
        feature,
        data_type,
        family,
        definition,
        is_required,
        value_range,
        allowed_values
    from {{ ref('registered_features') }}
    where feature is not null

),

judged as (

    select kind, monitor, model_version, feature, definition_key, other_definition_key, difference
    from {{ data_health.named_model('feature_definitions', runs_python, {
        'kind': 'varchar', 'monitor': 'varchar', 'model_version': 'varchar', 'feature': 'varchar', 'definition_key': 'varchar',
        'other_definition_key': 'varchar', 'difference': 'varchar'
    }) }}

),

versions as (

    select distinct monitor, model_version
    from features

),

pairs as (

    select before.monitor, before.model_version as version_before, now.model_version as version_now
    from versions as before
    inner join versions as now
        on before.monitor = now.monitor
        and before.model_version <> now.model_version

),

names as (

    select distinct pairs.monitor, pairs.version_before, pairs.version_now, features.feature
    from pairs
    inner join features
        on pairs.monitor = features.monitor
        and (pairs.version_before = features.model_version or pairs.version_now = features.model_version)

),

compared as (

    select
        names.monitor,
        names.version_before,
        names.version_now,
        names.feature,
        {%- for name in ['data_type', 'family', 'definition', 'is_required', 'value_range', 'allowed_values'] %}
        before.{{ name }} as {{ name }}_before,
        now.{{ name }} as {{ name }}_now,
        {%- endfor %}
        before.feature is not null as was_there,
        now.feature is not null as is_there,
        keys_before.definition_key as key_before,
        keys_now.definition_key as key_now,
        judged.difference
    from names
    left join features as before
        on names.monitor = before.monitor and names.version_before = before.model_version and names.feature = before.feature
    left join features as now
        on names.monitor = now.monitor and names.version_now = now.model_version and names.feature = now.feature
    left join judged as keys_before
        on names.monitor = keys_before.monitor and names.version_before = keys_before.model_version
        and names.feature = keys_before.feature and keys_before.kind = 'definition'
    left join judged as keys_now
        on names.monitor = keys_now.monitor and names.version_now = keys_now.model_version
        and names.feature = keys_now.feature and keys_now.kind = 'definition'
    left join judged
        on names.monitor = judged.monitor and names.feature = judged.feature and judged.kind = 'difference'
        and keys_before.definition_key = judged.definition_key and keys_now.definition_key = judged.other_definition_key

),

changes as (

    select monitor, version_before, version_now, feature, 'added' as change, cast(null as varchar) as value_before,
        data_type_now as value_now, cast(null as varchar) as difference
    from compared
    where not was_there

    union all

    select monitor, version_before, version_now, feature, 'removed' as change, data_type_before as value_before,
        cast(null as varchar) as value_now, cast(null as varchar) as difference
    from compared
    where not is_there

    union all

    -- two types of one kind are the same to a model
    select monitor, version_before, version_now, feature, 'retyped' as change, data_type_before as value_before,
        data_type_now as value_now, cast(null as varchar) as difference
    from compared
    where family_before <> family_now

    union all

    -- where one of two cannot be read, or Python does not run, the texts decide
    select monitor, version_before, version_now, feature, 'redefined' as change, definition_before as value_before,
        definition_now as value_now, difference
    from compared
    where was_there
        and is_there
        and coalesce(key_before, definition_before, '') <> coalesce(key_now, definition_now, '')

    union all

    select monitor, version_before, version_now, feature, 'other range' as change, value_range_before as value_before,
        value_range_now as value_now, cast(null as varchar) as difference
    from compared
    where value_range_before <> value_range_now

    union all

    select monitor, version_before, version_now, feature, 'other values' as change, allowed_values_before as value_before,
        allowed_values_now as value_now, cast(null as varchar) as difference
    from compared
    where was_there
        and is_there
        and coalesce(allowed_values_before, '') <> coalesce(allowed_values_now, '')

    union all

    select monitor, version_before, version_now, feature, case when is_required_now then 'required' else 'optional' end as change,
        cast(null as varchar) as value_before, cast(null as varchar) as value_now, cast(null as varchar) as difference
    from compared
    where is_required_before <> is_required_now

)

select
    monitor,
    version_before,
    version_now,
    feature,
    change,
    value_before,
    value_now,
    difference,
    {{ data_health.run_time() }} as built_at
from changes
