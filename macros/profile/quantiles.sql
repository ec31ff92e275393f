{# The quantiles of health_profile: name -> share. #}
{% macro profile_quantiles() -%}
    {{ return({
        'p01': '0.01e0', 'p05': '0.05e0', 'p25': '0.25e0', 'p50': '0.5e0', 'p75': '0.75e0', 'p95': '0.95e0', 'p99': '0.99e0'
    }) }}
{%- endmacro %}
