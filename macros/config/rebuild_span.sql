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
            'from..to, two days such as 2024-01-01..2024-02-01, the second outside; either may be left out')) }}
    {% endif %}
    {{ return({'from': edges[0] or none, 'to': edges[1] or none}) }}
{% endmacro %}


{# SQL: does a period overlap these days? Rows without a period belong to them only when both sides are left out. #}
{% macro is_in_rebuild_span(period_start, period_end) %}
    {% set span = data_health.rebuild_span() if execute else none %}
    {% if span is none %}{{ return('false') }}{% endif %}
    {% if span is string %}
        {% do exceptions.raise_compiler_error(span) %}
    {% elif not span['from'] and not span.to %}
        {{ return('true') }}
    {% endif %}
    {% set conditions = [] %}
    {% if span['from'] %}{% do conditions.append(period_end ~ " > cast('" ~ span['from'] ~ "' as date)") %}{% endif %}
    {% if span.to %}{% do conditions.append(period_start ~ " < cast('" ~ span.to ~ "' as date)") %}{% endif %}
    {{ return('coalesce(' ~ conditions | join(' and ') ~ ', false)') }}
{% endmacro %}
