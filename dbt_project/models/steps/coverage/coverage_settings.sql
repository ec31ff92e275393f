-- depends_on: {{ ref('health_monitors') }}
{#- coverage reads what drift has put side by side, so without drift there is nothing to read -#}
{%- set monitors = [] %}
{%- for monitor in data_health.resolved_monitors().values() if monitor.marts.coverage and monitor.marts.drift %}{% do monitors.append(monitor) %}{% endfor %}
{% if monitors %}
select
    monitor,
    cast(warn_threshold as double precision) as warn_threshold,
    cast(alert_threshold as double precision) as alert_threshold,
    barely_seen_below,
    minimum_rows
from (
    values
    {%- for monitor in monitors %}
        {%- set limits = monitor.thresholds.coverage %}
        ({{ data_health.text_literal(monitor.name) }}, {{ data_health.double_literal(limits[0]) }}, {{ data_health.double_literal(limits[1]) }}, {{ monitor.coverage.barely }}, {{ monitor.minimum_rows }}){{ ',' if not loop.last }}
    {%- endfor %}
) as settings (monitor, warn_threshold, alert_threshold, barely_seen_below, minimum_rows)
{%- else %}
{{ data_health.no_rows({
    'monitor': 'varchar', 'warn_threshold': 'double precision', 'alert_threshold': 'double precision',
    'barely_seen_below': 'integer', 'minimum_rows': 'integer'
}) }}
{%- endif %}
