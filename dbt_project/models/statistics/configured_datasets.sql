{{ config(materialized='ephemeral') }}
-- depends_on: {{ ref('health_monitors') }}
{#- kind: stored periods stand for themselves; a window or a rolling reference is a sum of stored production periods #}
{%- set types = {
    'monitor': 'varchar', 'dataset': 'varchar', 'kind': 'varchar', 'grain': 'varchar', 'first_day': 'date', 'end_day': 'date',
    'rolling_days': 'integer'
} %}
{%- set rows = [] %}
{%- for monitor in data_health.resolved_monitors().values() %}
    {%- do rows.append([monitor.name, 'production', 'stored', monitor.grain if monitor.time else 'day', none, none, none]) %}
    {%- for reference in monitor.references %}
        {%- set is_window = reference.kind == 'window' and execute and data_health.is_sum_of_periods(reference, monitor.grain) %}
        {%- set kind = 'rolling' if reference.kind == 'rolling' else 'window' if is_window else 'stored' %}
        {%- do rows.append([monitor.name, reference.name, kind, monitor.grain, reference['from'], reference.to, reference.days]) %}
    {%- endfor %}
{%- endfor %}
{% if rows %}
select {{ types | join(', ') }}
from (
    values
    {%- for row in rows %}
        ({{ data_health.text_literal(row[:4]) }}
        {%- for day in row[4:6] %}, cast({{ "'" ~ day[:10] ~ "'" if day else 'null' }} as date){% endfor %}
        {#- #}, cast({{ row[6] or 'null' }} as integer)){{ ',' if not loop.last }}
    {%- endfor %}
) as datasets ({{ types | join(', ') }})
{%- else %}
{{ data_health.rows_as_table(types) }}
{%- endif %}
