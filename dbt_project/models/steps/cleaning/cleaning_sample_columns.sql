{{ config(enabled=data_health.part_is_on('cleaning')) }}
{%- set sampled = data_health.sampled_relations() %}
{%- set columns = {
    'cleaning': 'varchar', 'purpose': 'varchar', 'column_name': 'varchar', 'is_text': 'boolean', 'is_repaired': 'boolean',
    'min_confidence': 'double precision'
} %}
{%- set rows = [] %}
{%- for item in sampled %}
    {%- for column in item.columns %}
        {%- do rows.append('(' ~ ([data_health.text_literal([item.cleaning, item.purpose, column.name]), column.is_text, column.is_repaired,
            'cast(' ~ (item.min_confidence or 'null') ~ ' as double precision)'] | join(', ')) ~ ')') %}
    {%- endfor %}
{%- endfor %}
{% if rows %}
select {{ columns | join(', ') }}
from (
    values
        {{ rows | join(',\n        ') }}
) as sampled_columns ({{ columns | join(', ') }})
{%- else %}
{{ data_health.no_rows(columns) }}
{%- endif %}
