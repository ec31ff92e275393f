{#
    Fails on every check of the feature contract of a version that is as bad as `level`, 'alert' or 'warn': of the version that serves, or
    of those that are named, so that a job can stop before another version serves. Fails also where a name is not there, or nothing was
    compared.
#}
{% test feature_contract_holds(model, monitor=none, versions=none, features=none, checks=none, level='alert') %}
    {{ config(severity='warn') }}
    with judged as (

        select monitor, model_version, is_serving, feature, check_name, status, reason, expected, found,
            status <> 'insufficient_data' and check_name <> 'extra' as is_judged
        from {{ ref('data_health', 'health_feature_contract') }}
        where monitor = {{ data_health.monitor_of_model(model, monitor) }}

    ),

    selected as (

        select monitor, model_version, feature, check_name, status, reason, expected, found, is_judged
        from judged
        where {{ 'is_serving' if versions is none else 'true' }}
            {%- for column, names in {
                'model_version': versions, 'feature': features, 'check_name': checks
            }.items() if names is not none %}
            and {{ column }} in ({{ data_health.text_literal([names] if names is string else names) }})
            {%- endfor %}

    ),

    {{ data_health.nothing_compared(model, monitor, {'model_version': versions, 'feature': features, 'check_name': checks}) }}

    select monitor, model_version, feature, check_name, status, reason, expected, found
    from selected
    where status in ({{ data_health.text_literal(['alert'] if level == 'alert' else ['warn', 'alert']) }})

    union all

    select monitor, null, null, null, 'insufficient_data', reason, null, null
    from nothing_compared
{% endtest %}
