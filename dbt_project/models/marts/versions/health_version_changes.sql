{{ config(enabled='versions' in data_health.parts_on()) }}
{%- do data_health.begin_model() %}
{%- set runs_python = data_health.engine_sql('runs_python') %}
{#- change -> what was, what is, and when. Two types of one kind are the same to a model. Where one of two definitions cannot be read, or
    Python does not run, the texts decide. -#}
{%- set are_both = 'was_there and is_there and ' %}
{%- set kinds = {
    'added': ['null', 'data_type_now', 'not was_there'],
    'removed': ['data_type_before', 'null', 'not is_there'],
    'retyped': ['data_type_before', 'data_type_now', 'family_before <> family_now'],
    'redefined': ['definition_before', 'definition_now',
        are_both ~ "coalesce(key_before, definition_before, '') <> coalesce(key_now, definition_now, '')"],
    'other range': ['value_range_before', 'value_range_now', 'value_range_before <> value_range_now'],
    'other values': ['allowed_values_before', 'allowed_values_now',
        are_both ~ "coalesce(allowed_values_before, '') <> coalesce(allowed_values_now, '')"],
    'required': ['null', 'null', 'is_required_now and not is_required_before'],
    'optional': ['null', 'null', 'is_required_before and not is_required_now']
} %}
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
{%- for change, (before, now, condition) in kinds.items() %}

    select
        monitor,
        version_before,
        version_now,
        feature,
        '{{ change }}' as change,
        cast({{ before }} as varchar) as value_before,
        cast({{ now }} as varchar) as value_now,
        {{ 'difference' if change == 'redefined' else 'cast(null as varchar)' }} as difference
    from compared
    where {{ condition }}
    {{- '\n\n    union all' if not loop.last }}
{%- endfor %}

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
