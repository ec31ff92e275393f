{# The names and types of what is measured for a column, in the order in which they are stored. #}
{% macro statistic_types() -%}
    {{ return({
        'row_count': 'bigint', 'null_count': 'bigint', 'nan_count': 'bigint', 'positive_infinity_count': 'bigint',
        'negative_infinity_count': 'bigint', 'extreme_count': 'bigint', 'zero_count': 'bigint', 'negative_count': 'bigint',
        'empty_count': 'bigint', 'minimum': 'double precision', 'maximum': 'double precision',
        'sum_1': 'double precision', 'sum_2': 'double precision', 'sum_3': 'double precision', 'sum_4': 'double precision',
        'length_sum': 'bigint', 'length_minimum': 'bigint', 'length_maximum': 'bigint', 'distinct_count': 'bigint'
    }) }}
{%- endmacro %}
