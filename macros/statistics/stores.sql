{#
    What this model has stored, as a select of these columns; one that an older version did not write is null. No rows where there is no
    past.
#}
{% macro past_rows(columns, condition='true', distinct=false) -%}
    {%- set past = data_health.stored_model() -%}
    {%- if past is none -%}{{ return(data_health.rows_as_table(columns)) }}{%- endif -%}
    {%- set written = adapter.get_columns_in_relation(past) | map(attribute='name') | map('lower') | list %}
    select{{ ' distinct' if distinct }}
        {%- for name, data_type in columns.items() %}
        {{ name if name in written else 'cast(null as ' ~ data_type ~ ') as ' ~ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ this }}
    {%- if condition != 'true' %}
    where {{ condition }}
    {%- endif %}
{%- endmacro %}


{#
    The select of a store. Where dbt adds to the table, it is the new rows: by the unique key they take the place of old ones. Where dbt
    makes the table anew though there is a past, which is then a view or asked for by --full-refresh, the old rows for which `condition`
    holds are selected again beside them, so that nothing is lost. The view is read before the table takes its place.
#}
{% macro with_kept_rows(new_rows, condition='true') -%}
    {%- set past, key = data_health.stored_model(), config.get('unique_key') -%}
    {%- if past is none or (past.is_table and not should_full_refresh()) -%}{{ return(new_rows) }}{%- endif -%}
    {%- set written = adapter.get_columns_in_relation(past) | map(attribute='name') | map('lower') | list -%}
    {%- set names = get_column_schema_from_query(new_rows) | map(attribute='name') | list %}
with new_rows as (

{{ new_rows }}

),

new_keys as (

    select distinct {{ key }}
    from new_rows

),

past_rows as (

    select *
    from {{ this }}
    where {{ condition }}

)

select {{ names | join(', ') }}
from new_rows
union all
select
    {%- for name in names %}
    {{ 'past_rows.' ~ name if name | lower in written else 'null as ' ~ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from past_rows
left join new_keys
    on past_rows.{{ key }} = new_keys.{{ key }}
where new_keys.{{ key }} is null
{%- endmacro %}

