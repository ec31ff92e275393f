-- depends_on: {{ ref('health_monitors') }}
{%- set monitors = [] %}
{%- for monitor in data_health.resolved_monitors().values() if monitor.marts.representation and monitor.subgroups %}{% do monitors.append(monitor) %}{% endfor %}
{% if monitors %}
select
    monitor,
    cast(warn_threshold as double precision) as warn_threshold,
    cast(alert_threshold as double precision) as alert_threshold,
    minimum_rows,
    has_population
from (
    values
    {%- for monitor in monitors %}
        {%- set limits = monitor.thresholds.representation %}
        ({{ data_health.text_literal(monitor.name) }}, {{ data_health.double_literal(limits[0]) }}, {{ data_health.double_literal(limits[1]) }}, {{ monitor.minimum_rows }}, {{ monitor.population is not none }}){{ ',' if not loop.last }}
    {%- endfor %}
) as settings (monitor, warn_threshold, alert_threshold, minimum_rows, has_population)
{%- else %}
{{ data_health.no_rows({
    'monitor': 'varchar', 'warn_threshold': 'double precision', 'alert_threshold': 'double precision',
    'minimum_rows': 'integer', 'has_population': 'boolean'
}) }}
{%- endif %}
