{#
    What a median deviation says of the standard deviation: 1.4826 times as much, 1/Φ⁻¹(3/4), is that of normal values. An expression that
    a factor may be put before.
#}
{% macro robust_spread(median_deviation) -%}
    1.4826e0 * {{ median_deviation }}
{%- endmacro %}


{#
    A share on the arcsine scale, 2·asin √p, where that of n rows has the variance 1/n, whatever it is. The difference of two
    of them is Cohen's h.
#}
{% macro arcsine_share(share) -%}
    2 * asin(sqrt({{ share }}))
{%- endmacro %}
