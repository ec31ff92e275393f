{#
    The days that this run is told to build again, DATA_HEALTH_REBUILD=from..to: the second day is outside, and either may
    be left out. None when nothing is asked for, a text that says so when it cannot be understood.
#}
{% macro rebuild_span() %}
    {% set text = env_var('DATA_HEALTH_REBUILD', '') | trim %}
    {% if not text %}{{ return(none) }}{% endif %}
    {% set edges = text.split('..') %}
    {% set days = [] %}
    {% for edge in edges if edge | length == 10 and data_health.normalised_date(edge) %}{% do days.append(edge) %}{% endfor %}
    {% if edges | length != 2 or days != edges | select | list or (days | length == 2 and days[0] >= days[1]) %}
        {{ return(data_health.problem('', 'DATA_HEALTH_REBUILD', text,
            'two dates such as 2024-01-01..2024-02-01; the second date is excluded; either date may be left out')) }}
    {% endif %}
    {{ return({'from': edges[0] or none, 'to': edges[1] or none}) }}
{% endmacro %}
