{# What is configured, as a person would write it: a relation as ref x, lists and mappings as a, b and x: 1, y: 2. #}
{% macro setting_text(value) %}
    {% set parts = [] %}
    {% if value is mapping and value.get('source') %}
        {{ return('source ' ~ value['source'] | join('.')) }}
    {% elif value is mapping and value.get('ref') %}
        {{ return('ref ' ~ (value['ref'] if value['ref'] is string else value['ref'] | join('.'))) }}
    {% elif value is mapping %}
        {% for key, item in value.items() if item is not none and item != [] %}
            {% set is_list = item is sequence and item is not string and item is not mapping %}
            {% do parts.append(key ~ ': ' ~ (item | join(' and ') if is_list else data_health.setting_text(item))) %}
        {% endfor %}
    {% elif value is iterable and value is not string %}
        {% for item in value %}
            {% do parts.append(item if item is string else item | join(' × ') if item is iterable else item | string) %}
        {% endfor %}
    {% else %}
        {{ return(value | string | lower if value is boolean else value | string) }}
    {% endif %}
    {{ return(parts | join(', ')) }}
{% endmacro %}
