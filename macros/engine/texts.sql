{# The shape of a text: a run of digits becomes 9, of letters a, of blanks one blank; at most 40 characters are read. #}
{% macro text_pattern(value) -%}
    {{ return(adapter.dispatch('text_pattern', 'data_health')(value)) }}
{%- endmacro %}

{% macro default__text_pattern(value) -%}
    {{ return("regexp_replace(regexp_replace(regexp_replace(left(" ~ value
        ~ ", 40), '[[:alpha:]]+', 'a', 'g'), '[0-9]+', '9', 'g'), '[[:space:]]+', ' ', 'g')") }}
{%- endmacro %}
