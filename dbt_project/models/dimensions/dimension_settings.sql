-- depends_on: {{ ref('health_monitors') }}
{%- set monitors = [] %}
{%- for monitor in data_health.resolved_monitors().values() if monitor.marts.dimensions or monitor.marts.drift %}{% do monitors.append(monitor) %}{% endfor %}
{% if monitors %}
select monitor, max_columns, cast(variance as double precision) as variance, is_drift_wanted, is_dimensions_wanted, is_standardised
from (
    values
    {%- for monitor in monitors %}
        ({{ data_health.text_literal(monitor.name) }}, {{ monitor.dimensions.max_columns or 50 }}, {{ monitor.dimensions.variance }}, {{ monitor.marts.drift }}, {{ monitor.marts.dimensions }}, {{ monitor.dimensions.standardise }}){{ ',' if not loop.last }}
    {%- endfor %}
) as settings (monitor, max_columns, variance, is_drift_wanted, is_dimensions_wanted, is_standardised)
{%- else %}
{{ data_health.no_rows({
    'monitor': 'varchar', 'max_columns': 'integer', 'variance': 'double precision', 'is_drift_wanted': 'boolean',
    'is_dimensions_wanted': 'boolean', 'is_standardised': 'boolean'
}) }}
{%- endif %}
