-- depends_on: {{ ref('health_monitors') }}
{%- set monitors = [] %}
{%- for monitor in data_health.resolved_monitors().values() if monitor.marts.dimensions or monitor.marts.drift %}{% do monitors.append(monitor) %}{% endfor %}
{% if monitors %}
select
    monitor,
    max_columns,
    cast(variance as double precision) as variance,
    is_drift_wanted,
    is_dimensions_wanted,
    is_standardised,
    cast(weight_column as varchar) as weight_column
from (
    values
    {%- for monitor in monitors %}
        ({{ data_health.text_literal(monitor.name) }}, {{ monitor.dimensions.max_columns or 50 }}, {{ monitor.dimensions.variance }}, {{ monitor.marts.drift }}, {{ monitor.marts.dimensions }}, {{ monitor.dimensions.standardise }}, {{ data_health.text_literal(monitor.weight | lower) if monitor.dimensions.weighted else 'null' }}){{ ',' if not loop.last }}
    {%- endfor %}
) as settings (monitor, max_columns, variance, is_drift_wanted, is_dimensions_wanted, is_standardised, weight_column)
{%- else %}
{{ data_health.no_rows({
    'monitor': 'varchar', 'max_columns': 'integer', 'variance': 'double precision', 'is_drift_wanted': 'boolean',
    'is_dimensions_wanted': 'boolean', 'is_standardised': 'boolean', 'weight_column': 'varchar'
}) }}
{%- endif %}
