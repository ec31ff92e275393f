{#
    A piece of SQL that warehouses write differently, filled in: engine_sql('is_finite', 'x').
    The names are those of default__engine_templates; an adapter changes those that it writes in another way.
#}
{% macro engine_sql(operation, first=none, second=none) -%}
    {%- set templates = adapter.dispatch('engine_templates', 'data_health')() -%}
    {%- set pieces = [] -%}
    {#- cut at the places first, so that what is filled in is never searched for them -#}
    {%- for piece in templates[operation].split('{first}') -%}
        {%- do pieces.append(piece.split('{second}') | join(second or '')) -%}
    {%- endfor -%}
    {{ return(pieces | join(first or '')) }}
{%- endmacro %}


{# A text in one format as a timestamp; null where it is none. `parts` are pairs of directive or text and its pattern. #}
{% macro parsed_moment(value, format, parts) -%}
    {{ return(adapter.dispatch('parsed_moment', 'data_health')(value, format, parts)) }}
{%- endmacro %}


{# Does dbt run Python models on this warehouse? #}
{% macro engine_runs_python() -%}
    {{ return(adapter.dispatch('engine_runs_python', 'data_health')()) }}
{%- endmacro %}


{# Does Python read rows of this warehouse in Arrow batches? Only then have wide tables, and lists of numbers, products. #}
{% macro engine_reads_batches() -%}
    {{ return(adapter.dispatch('engine_reads_batches', 'data_health')()) }}
{%- endmacro %}
