{# Does Python read rows of this warehouse in Arrow batches? Only then have wide tables, and lists of numbers, products. #}
{% macro engine_reads_batches() -%}
    {{ return(adapter.dispatch('engine_reads_batches', 'data_health')()) }}
{%- endmacro %}


{% macro default__engine_reads_batches() -%}{{ return(false) }}{%- endmacro %}
{% macro duckdb__engine_reads_batches() -%}{{ return(true) }}{%- endmacro %}
