{{ config(enabled='versions' in data_health.parts_on(), materialized='ephemeral') }}
{#-
    Whether a version defines a feature as the serving version does. The table holds what the serving version computes, so a feature that
    is defined differently is another feature under the same name.
#}
{%- set runs_python = data_health.engine_sql('runs_python') %}
with features as (

    select monitor, model_version, feature, is_serving
    from {{ ref('registered_features') }}
    where feature is not null
        and definition is not null

),

judged as (

    select kind, monitor, model_version, feature, definition_key, other_definition_key, problem, difference
    from {{ data_health.named_model('feature_definitions', runs_python, {
        'kind': 'varchar', 'monitor': 'varchar', 'model_version': 'varchar', 'feature': 'varchar', 'definition_key': 'varchar',
        'other_definition_key': 'varchar', 'problem': 'varchar', 'difference': 'varchar'
    }) }}

),

definitions as (

    select
        features.monitor,
        features.model_version,
        features.feature,
        features.is_serving,
        judged.definition_key,
        judged.problem
    from features
    left join judged
        on features.monitor = judged.monitor
        and features.model_version = judged.model_version
        and features.feature = judged.feature
        and judged.kind = 'definition'

),

serving_definitions as (

    select monitor, model_version, feature, definition_key
    from definitions
    where is_serving

)

select
    definitions.monitor,
    definitions.model_version,
    definitions.feature,
    definitions.definition_key,
    serving_definitions.model_version as serving_version,
    judged.difference,
    case
        when definitions.problem is not null then 'warn'
        when {{ 'false' if runs_python else 'true' }} then 'insufficient_data'
        when definitions.is_serving or definitions.definition_key = serving_definitions.definition_key then 'ok'
        when serving_definitions.definition_key is null then 'insufficient_data'
        else 'alert'
    end as status,
    case
        when definitions.problem is not null then 'the definition is ' || definitions.problem
        when {{ 'false' if runs_python else 'true' }}
            then 'definitions are compared by Python, and this warehouse runs no Python models'
        when definitions.is_serving or definitions.definition_key = serving_definitions.definition_key then null
        when serving_definitions.model_version is null then 'the serving version has no definition of it'
        when serving_definitions.definition_key is null then 'the definition of the serving version cannot be read'
        else 'the serving version ' || serving_definitions.model_version || ' computes something else under this name'
    end as reason
from definitions
left join serving_definitions
    on definitions.monitor = serving_definitions.monitor
    and definitions.feature = serving_definitions.feature
left join judged
    on definitions.monitor = judged.monitor
    and definitions.feature = judged.feature
    and definitions.definition_key = judged.definition_key
    and serving_definitions.definition_key = judged.other_definition_key
    and judged.kind = 'difference'
