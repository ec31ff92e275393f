{#
    The monitors by name, every key of the schema filled in. Called while dbt parses, so whatever is written must
    pass: a value that is not understood counts as not given, and validate_configuration() names it when
    health_monitors runs.
#}
{% macro resolved_monitors() %}
    {% set configuration = data_health.configured_block() %}
    {% set monitors = {} %}
    {% if configuration is mapping and configuration.get('monitors') is mapping %}
        {% set schema = data_health.monitor_schema() %}
        {% for name, monitor in configuration['monitors'].items() %}
            {% set both = data_health.resolved_monitor(schema, configuration.get('defaults'), name | string, monitor) %}
            {% do monitors.update({name | string: both[1]}) %}
        {% endfor %}
    {% endif %}
    {{ return(monitors) }}
{% endmacro %}


{#
    The monitors that this run is limited to. Loops that declare lineage go over all of them instead, so that it
    does not depend on the environment. One without a usable relation is left out, because compiling must work all
    the same.
#}
{% macro selected_monitors() %}
    {% set wanted = env_var('DATA_HEALTH_ONLY', '').split(',') | map('trim') | select | list %}
    {% set monitors = {} %}
    {% for name, monitor in data_health.resolved_monitors().items() %}
        {% if monitor['relation'] and (not wanted or name in wanted) %}{% do monitors.update({name: monitor}) %}{% endif %}
    {% endfor %}
    {{ return(monitors) }}
{% endmacro %}


{# The demo's monitors are read only where the package is the project itself, so that nothing of them reaches a consumer. #}
{% macro configured_block() %}
    {% set configuration = var('data_health', none) %}
    {% if configuration is not none %}{{ return(configuration) }}{% endif %}
    {% set demo = {
        'monitors': var('demo_monitors', {}), 'cleaning': var('demo_cleaning', {}),
        'acknowledgements': var('demo_acknowledgements', none), 'known_biases': var('demo_known_biases', none)
    } %}
    {{ return(demo if project_name == 'data_health' else {}) }}
{% endmacro %}
