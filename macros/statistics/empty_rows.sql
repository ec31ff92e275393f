{# A select of no rows with these columns and types: what a model is before there is anything to read. #}
{% macro no_rows(columns) %}
    select
{%- for name, data_type in columns.items() %}
        cast(null as {{ data_type }}) as {{ name }}{{ ',' if not loop.last }}
{%- endfor %}
    where false
{%- endmacro %}


{# The moment at which this run began, in UTC, fine enough to tell two runs apart. #}
{% macro run_time() -%}
    {{ return("cast('" ~ run_started_at.strftime('%Y-%m-%d %H:%M:%S.%f') ~ "' as timestamp)") }}
{%- endmacro %}


{#
    A model of this package to select from, always named like the model, whatever its alias in the warehouse is. With `--empty` dbt
    writes a subquery that has a name already. A subquery of no rows with these columns and types where the model is off: its part is,
    nothing asks for it, or the warehouse runs no Python models.
#}
{% macro named_model(name, is_on=true, columns={}) -%}
    {%- if not is_on -%}{{ return('(' ~ data_health.no_rows(columns) ~ '\n    ) as ' ~ name) }}{%- endif -%}
    {%- set relation = ref('data_health', name) -%}
    {{ return(relation ~ ' as ' ~ name if relation.limit is none else '(select * from ' ~ relation ~ ') as ' ~ name) }}
{%- endmacro %}
