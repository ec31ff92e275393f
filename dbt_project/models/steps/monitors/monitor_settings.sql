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
{%- set rows = data_health.setting_rows() %}

{%- if rows %}
select
    monitor,
    part,
    metric,
    {%- for name, data_type in settings.items() %}
    cast({{ name }} as {{ data_type }}) as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from (
    values
    {%- for row in rows %}
        ({{ data_health.text_literal([row.monitor, row.part, row.metric]) }}
        {%- for name, data_type in settings.items() %}, {{ data_health.literal(row.get(name), data_type) }}{% endfor %}){{ ',' if not loop.last }}
    {%- endfor %}
) as monitor_settings (monitor, part, metric, {{ settings | join(', ') }})
{%- else %}
{{ data_health.no_rows(dict({'monitor': 'varchar', 'part': 'varchar', 'metric': 'varchar'}, **settings)) }}
{%- endif %}
