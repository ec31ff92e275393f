-- depends_on: {{ ref('health_monitors') }}
{%- do data_health.begin_model() %}
{#- what a row says under other names than these is null -#}
{%- set settings = {
    'warn_threshold': 'double precision', 'alert_threshold': 'double precision', 'minimum_rows': 'integer', 'barely_seen_below': 'integer',
    'variance': 'double precision', 'max_columns': 'integer', 'is_standardised': 'boolean', 'weight_column': 'varchar',
    'combination_size_limit': 'integer', 'gap_levels': 'integer', 'gap_rows': 'integer', 'has_population': 'boolean',
    'learner': 'varchar', 'strategy': 'varchar', 'budget': 'integer', 'labels_per_subgroup': 'integer',
    'target_precision': 'double precision', 'on_label_break': 'varchar'
} %}
{%- set columns = dict({'monitor': 'varchar', 'part': 'varchar', 'metric': 'varchar'}, **settings) %}
{%- set rows = [] %}
{%- for setting in data_health.setting_rows() %}
    {%- set row = [] %}
    {%- for name in columns %}{% do row.append(setting.get(name)) %}{% endfor %}
    {%- do rows.append(row) %}
{%- endfor %}
{{ data_health.rows_as_table(columns, rows) }}
