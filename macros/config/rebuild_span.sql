{#
    The days that this run is told to build again, DATA_HEALTH_REBUILD=from..to: the second day is outside, and either may
    be left out. None when nothing is asked for, false when it cannot be understood.
#}
{% macro rebuild_span() %}
    {% set text = env_var('DATA_HEALTH_REBUILD', '') | trim %}
    {% if not text %}{{ return(none) }}{% endif %}
    {% set edges = text.split('..') %}
    {% if edges | length != 2 %}{{ return(false) }}{% endif %}
    {% for edge in edges if edge and (edge | length != 10 or data_health.normalised_date(edge) is none) %}{{ return(false) }}{% endfor %}
    {% if edges[0] and edges[1] and edges[0] >= edges[1] %}{{ return(false) }}{% endif %}
    {{ return({'from': edges[0] or none, 'to': edges[1] or none}) }}
{% endmacro %}


{# SQL: does a period overlap these days? Rows without a period belong to them only when both sides are left out. #}
{% macro is_in_rebuild_span(period_start, period_end) %}
    {% set span = data_health.rebuild_span() if execute else none %}
    {% if span is none %}{{ return('false') }}{% endif %}
    {% if not span %}
        {% do exceptions.raise_compiler_error(data_health.rebuild_problem()) %}
    {% elif not span['from'] and not span.to %}
        {{ return('true') }}
    {% endif %}
    {% set conditions = [] %}
    {% if span['from'] %}{% do conditions.append(period_end ~ " > cast('" ~ span['from'] ~ "' as date)") %}{% endif %}
    {% if span.to %}{% do conditions.append(period_start ~ " < cast('" ~ span.to ~ "' as date)") %}{% endif %}
    {{ return('coalesce(' ~ conditions | join(' and ') ~ ', false)') }}
{% endmacro %}


{# What to say of a span that cannot be understood. #}
{% macro rebuild_problem() %}
    {{ return(data_health.problem('', 'DATA_HEALTH_REBUILD', env_var('DATA_HEALTH_REBUILD', ''),
        'from..to, two days such as 2024-01-01..2024-02-01, the second outside; either may be left out')) }}
{% endmacro %}
