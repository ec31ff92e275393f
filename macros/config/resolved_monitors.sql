{#
    The monitors by name, every key of the schema filled in. Called while dbt parses, so whatever is written must
    pass: a value that is not understood counts as not given, and validate_configuration() names it when
    health_monitors runs.
#}
{% macro resolved_monitors() %}
    {% set configuration, schema, monitors = data_health.configured_block(), data_health.monitor_schema(), {} %}
    {% set defaults, parts_on = configuration.get('defaults'), data_health.parts_on() %}
    {% if configuration.get('monitors') is mapping %}
        {% for name, monitor in configuration['monitors'].items() %}
            {% set both = data_health.resolved_monitor(schema, defaults, name | string, monitor, parts_on) %}
            {% do monitors.update({name | string: both[1]}) %}
        {% endfor %}
    {% endif %}
    {{ return(monitors) }}
{% endmacro %}


{#
    The monitors that this run is limited to: those that DATA_HEALTH_ONLY names, or all but those it names with an exclamation mark. Names
    every relation of every monitor, so that dbt knows the lineage whatever is selected at run time. One without a usable relation is left
    out, because compiling must work all the same.
#}
{% macro selected_monitors() %}
    {% set wanted, unwanted, monitors = [], [], {} %}
    {% for name in env_var('DATA_HEALTH_ONLY', '').split(',') | map('trim') | select %}
        {% do (unwanted if name[0] == '!' else wanted).append(name.lstrip('! ')) %}
    {% endfor %}
    {% for name, monitor in data_health.resolved_monitors().items() %}
        {% for read in data_health.relations_of_monitor(monitor) %}{% do data_health.relation_of(read.relation) %}{% endfor %}
        {% if monitor['relation'] and (not wanted or name in wanted) and name not in unwanted %}
            {% do monitors.update({name: monitor}) %}
        {% endif %}
    {% endfor %}
    {{ return(monitors) }}
{% endmacro %}


{#
    What is written under `data_health`, an empty mapping where that is none: validate_configuration() says so. The demo's monitors are
    read only where the package is the project itself, so that nothing of them reaches a consumer.
#}
{% macro configured_block() %}
    {% set configuration = var('data_health', none) %}
    {% if configuration is not none %}{{ return(configuration if configuration is mapping else {}) }}{% endif %}
    {% set demo = {
        'monitors': var('demo_monitors', {}), 'cleaning': var('demo_cleaning', {}),
        'acknowledgements': var('demo_acknowledgements', none), 'known_biases': var('demo_known_biases', none)
    } %}
    {{ return(demo if project_name == 'data_health' else {}) }}
{% endmacro %}
