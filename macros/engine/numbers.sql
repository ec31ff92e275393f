{# True for every number but NaN and the two infinities; null stays null. #}
{% macro is_finite(value) -%}
    {{ return(adapter.dispatch('is_finite', 'data_health')(value)) }}
{%- endmacro %}

{% macro default__is_finite(value) -%}
    {{ return("(" ~ value ~ " > cast('-Infinity' as double precision) and "
        ~ value ~ " < cast('Infinity' as double precision))") }}
{%- endmacro %}

{% macro duckdb__is_finite(value) -%}
    {{ return("isfinite(" ~ value ~ ")") }}
{%- endmacro %}


{# NaN equals itself in DuckDB, PostgreSQL, Snowflake and Spark, where it is also greater than any number. #}
{% macro is_nan(value) -%}
    {{ return(adapter.dispatch('is_nan', 'data_health')(value)) }}
{%- endmacro %}

{% macro default__is_nan(value) -%}
    {{ return(value ~ " = cast('NaN' as double precision)") }}
{%- endmacro %}

{# Number of different values; approximate where the warehouse has a sketch. #}
{% macro distinct_count(value) -%}
    {{ return(adapter.dispatch('distinct_count', 'data_health')(value)) }}
{%- endmacro %}

{% macro default__distinct_count(value) -%}
    {{ return("count(distinct " ~ value ~ ")") }}
{%- endmacro %}

{% macro duckdb__distinct_count(value) -%}
    {{ return("approx_count_distinct(" ~ value ~ ")") }}
{%- endmacro %}


{# Columns as one number that is spread evenly and the same at every run: the order in which samples are drawn. #}
{% macro row_hash(columns) -%}
    {{ return(adapter.dispatch('row_hash', 'data_health')(columns)) }}
{%- endmacro %}

{% macro default__row_hash(columns) -%}
    {%- set texts = [] -%}
    {%- for column in columns -%}{%- do texts.append("coalesce(cast(" ~ column ~ " as varchar), '')") -%}{%- endfor -%}
    {{ return("md5(" ~ texts | join(" || '|' || ") ~ ")") }}
{%- endmacro %}

{% macro duckdb__row_hash(columns) -%}
    {{ return("hash(" ~ columns | join(", ") ~ ")") }}
{%- endmacro %}


{# An element of a list of literals, counted from one. #}
{% macro list_element(elements, position) -%}
    {{ return(adapter.dispatch('list_element', 'data_health')(elements, position)) }}
{%- endmacro %}

{% macro default__list_element(elements, position) -%}
    {{ return("(array[" ~ elements | join(', ') ~ "])[" ~ position ~ "]") }}
{%- endmacro %}
