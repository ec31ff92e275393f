{{ config(enabled=data_health.cleaning_asks_for('suggest') or data_health.cleaning_asks_for('repair')) }}
{%- set sampled = data_health.sampled_relations() %}
{%- set rows = [] %}
{%- for item in sampled %}
    {%- for column in item.columns %}
        {%- do rows.append([item.cleaning, item.purpose, column.name, column.is_text, column.is_repaired, item.min_confidence or none]) %}
    {%- endfor %}
{%- endfor %}
{{ data_health.rows_as_table({
    'cleaning': 'varchar', 'purpose': 'varchar', 'column_name': 'varchar', 'is_text': 'boolean', 'is_repaired': 'boolean',
    'min_confidence': 'double precision'
}, rows) }}
