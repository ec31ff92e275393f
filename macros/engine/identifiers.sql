{# A column name as the warehouse wants it quoted; a quote inside the name is doubled. #}
{% macro quoted(name) -%}
    {{ return(adapter.dispatch('quoted', 'data_health')(name)) }}
{%- endmacro %}

{% macro default__quoted(name) -%}
    {{ return('"' ~ (name | replace('"', '""')) ~ '"') }}
{%- endmacro %}


{# A text as a literal; a quote inside the text is doubled. #}
{% macro text_literal(value) -%}
    {{ return("'" ~ (value | string | replace("'", "''")) ~ "'") }}
{%- endmacro %}


{# A number read as text from the warehouse, written so that no engine takes it for a decimal. #}
{% macro double_literal(value) -%}
    {%- set text = value | string | lower -%}
    {{ return(text if 'e' in text else text ~ 'e0') }}
{%- endmacro %}


{# Texts as a list of literals; none becomes a null that is known to be a text. #}
{% macro text_literals(values) -%}
    {%- set literals = [] -%}
    {%- for value in values -%}
        {%- do literals.append('cast(null as varchar)' if value is none else data_health.text_literal(value)) -%}
    {%- endfor -%}
    {{ return(literals | join(', ')) }}
{%- endmacro %}
