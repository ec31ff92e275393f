{#
    A piece of SQL that warehouses write differently, filled in: engine_sql('is_finite', 'x'). What a warehouse can do or cannot is true or
    false: engine_sql('runs_python').
    The names are those of default__engine_templates; an adapter changes those that it writes in another way.
#}
{% macro engine_sql(operation, first=none, second=none) -%}
    {%- set template, pieces = adapter.dispatch('engine_templates', 'data_health')()[operation], [] -%}
    {%- if template is boolean -%}{{ return(template) }}{%- endif -%}
    {#- cut at the places first, so that what is filled in is never searched for them -#}
    {%- for piece in template.split('{first}') -%}
        {%- do pieces.append(piece.split('{second}') | join(second or '')) -%}
    {%- endfor -%}
    {{ return(pieces | join(first or '')) }}
{%- endmacro %}
