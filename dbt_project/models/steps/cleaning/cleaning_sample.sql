{{ config(enabled=data_health.cleaning_asks_for('suggest') or data_health.cleaning_asks_for('repair'), materialized='view') }}
-- depends_on: {{ ref('data_health', 'cleaning_sample_columns') }}
{%- set sampled, sampled_rows, most_values = [], 20000, 100 %}
{%- for item in data_health.sampled_relations() if item.columns %}{% do sampled.append(item) %}{% endfor %}
{% for item in sampled %}
{{ 'with ' if loop.first }}rows_{{ loop.index }} as {{ data_health.engine_sql('materialized') }}(

    select
        row_number() over (order by data_health_hash) as row_number,
        {%- for column in item.columns %}
        cast({{ data_health.quoted(column.name) }} as varchar) as value_{{ loop.index }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        select
            *,
            {{ data_health.row_hash(data_health.quoted(item.columns | map(attribute='name'))) }} as data_health_hash
        from {{ item.relation }}
        where {{ item.where or 'true' }}
    ) as hashed_rows
    order by data_health_hash
    limit {{ sampled_rows }}

){{ ',' if not loop.last }}
{% endfor %}
{%- for item in sampled %}{% set outer = loop %}{% for column in item.columns %}
select
    {{ data_health.text_literal(item.cleaning) }} as cleaning,
    '{{ item.purpose }}' as purpose,
    row_number,
    {{ data_health.text_literal(column.name) }} as column_name,
    value_{{ loop.index }} as value,
    cast(null as bigint) as row_count
from rows_{{ outer.index }}
{%- if item.purpose == 'suggest' and column.is_text %}

union all

select
    {{ data_health.text_literal(item.cleaning) }} as cleaning,
    '{{ item.purpose }}' as purpose,
    null as row_number,
    {{ data_health.text_literal(column.name) }} as column_name,
    {{ data_health.quoted(column.name) }} as value,
    count(*) as row_count
from {{ item.relation }}
where ({{ item.where or 'true' }})
    -- only of a larger table, and of a column of few values
    and (
        select count(*) = {{ sampled_rows }} and count(distinct value_{{ loop.index }}) <= {{ most_values }}
        from rows_{{ outer.index }}
    )
group by {{ data_health.quoted(column.name) }}
{% endif %}
{{ 'union all' if not (outer.last and loop.last) }}
{%- endfor %}{% else %}
{{ data_health.rows_as_table({'cleaning': 'varchar', 'purpose': 'varchar', 'row_number': 'bigint', 'column_name': 'varchar',
    'value': 'varchar', 'row_count': 'bigint'}) }}
{%- endfor %}
