{# The quantiles of health_profile: column name -> share. #}
{% macro profiled_quantiles() -%}
    {{ return({'p01': '0.01e0', 'p05': '0.05e0', 'p25': '0.25e0', 'p50': '0.5e0', 'p75': '0.75e0', 'p95': '0.95e0', 'p99': '0.99e0'}) }}
{%- endmacro %}


{# The value of a rank that lies in this bin, as if the values of the bin were spread evenly from its smallest to its largest. #}
{% macro value_at_rank(rank) -%}
    case when row_count > 1 then minimum + (maximum - minimum) * greatest({{ rank }} - rank_before - 1, 0) / (row_count - 1) else minimum end
{%- endmacro %}
