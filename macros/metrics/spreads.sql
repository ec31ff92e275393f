{#
    What a median deviation says of the standard deviation: 1.4826 times as much, 1/Φ⁻¹(3/4), is that of normal values. An expression that
    a factor may be put before.
#}
{% macro robust_spread(median_deviation) -%}
    1.4826e0 * {{ median_deviation }}
{%- endmacro %}


{# The median distance of values from a centre, their median; an aggregate, nulls are left out. #}
{% macro median_deviation(value, centre) -%}
    percentile_cont(0.5) within group (order by abs({{ value }} - {{ centre }}))
{%- endmacro %}


{#
    A share on the arcsine scale, 2·asin √p, where that of n rows has the variance 1/n, whatever it is. The difference of two
    of them is Cohen's h.
#}
{% macro arcsine_share(share) -%}
    2 * asin(sqrt({{ share }}))
{%- endmacro %}


{# Cohen's h: the difference of two shares on the arcsine scale. #}
{% macro cohens_h(share, other_share) -%}
    {{ data_health.arcsine_share(share) }} - {{ data_health.arcsine_share(other_share) }}
{%- endmacro %}
