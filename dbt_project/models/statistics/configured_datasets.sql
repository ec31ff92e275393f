-- depends_on: {{ ref('health_monitors') }}
{%- set configured_datasets = data_health.configured_datasets() %}
{% if configured_datasets %}
select monitor, dataset, kind, grain, first_day, end_day, rolling_days
from (
    values
    {%- for row in configured_datasets %}
        {{ row }}{{ ',' if not loop.last }}
    {%- endfor %}
) as datasets (monitor, dataset, kind, grain, first_day, end_day, rolling_days)
{%- else %}
{{ data_health.no_rows({
    'monitor': 'varchar', 'dataset': 'varchar', 'kind': 'varchar', 'grain': 'varchar', 'first_day': 'date',
    'end_day': 'date', 'rolling_days': 'integer'
}) }}
{%- endif %}
