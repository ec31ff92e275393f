{{ config(enabled=data_health.cleaning_asks_for('suggest') or data_health.cleaning_asks_for('repair'), materialized='view') }}
-- depends_on: {{ ref('data_health', 'cleaning_sample_columns') }}
{%- set sampled = [] %}
{%- for item in data_health.sampled_relations() if item.columns %}{% do sampled.append(item) %}{% endfor %}
{% for item in sampled %}
{{ 'with ' if loop.first }}rows_{{ loop.index }} as (

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
    limit 20000

){{ ',' if not loop.last }}
{% endfor %}
{%- for item in sampled %}{% set outer = loop %}{% for column in item.columns %}
select
    {{ data_health.text_literal(item.cleaning) }} as cleaning,
    '{{ item.purpose }}' as purpose,
    row_number,
    {{ data_health.text_literal(column.name) }} as column_name,
    value_{{ loop.index }} as value
from rows_{{ outer.index }}
{{ 'union all' if not (outer.last and loop.last) }}
{%- endfor %}{% else %}
{{ data_health.rows_as_table({'cleaning': 'varchar', 'purpose': 'varchar', 'row_number': 'bigint', 'column_name': 'varchar',
    'value': 'varchar'}) }}
{%- endfor %}
