{#
    A model of this package to select from, always named like the model, whatever its alias in the warehouse is. With `--empty` dbt
    writes a subquery that has a name already. A subquery of no rows with these columns and types where the model is off: its part is,
    nothing asks for it, or the warehouse runs no Python models.
#}
{% macro named_model(name, is_on=true, columns={}) -%}
    {%- if not is_on -%}{{ return('(' ~ data_health.rows_as_table(columns) ~ '\n    ) as ' ~ name) }}{%- endif -%}
    {%- set relation = ref('data_health', name) -%}
    {{ return(relation ~ ' as ' ~ name if relation.limit is none else '(select * from ' ~ relation ~ ') as ' ~ name) }}
{%- endmacro %}
