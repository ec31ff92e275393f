-- depends_on: {{ ref('health_monitors') }}
{#- kind: stored periods stand for themselves; a window or a rolling reference is a sum of stored production periods #}
{%- set datasets = [] %}
{%- for monitor in data_health.resolved_monitors().values() %}
    {%- do datasets.append({'monitor': monitor, 'name': 'production', 'kind': 'stored', 'grain': monitor.grain if monitor.time else 'day'}) %}
    {%- for reference in monitor.references %}
        {%- set is_window = reference.kind == 'window' and execute and data_health.is_sum_of_periods(reference, monitor.grain) %}
        {%- set kind = 'rolling' if reference.kind == 'rolling' else 'window' if is_window else 'stored' %}
        {%- do datasets.append(dict(reference, monitor=monitor, kind=kind, grain=monitor.grain)) %}
    {%- endfor %}
{%- endfor %}
{% if datasets %}
select monitor, dataset, kind, grain, first_day, end_day, rolling_days
from (
    values
    {%- for dataset in datasets %}
        ({{ data_health.text_literal([dataset.monitor.name, dataset.name]) }}, '{{ dataset.kind }}', '{{ dataset.grain }}', cast({{ "'" ~ dataset['from'][:10] ~ "'" if dataset['from'] else 'null' }} as date), cast({{ "'" ~ dataset.to[:10] ~ "'" if dataset.to else 'null' }} as date), {{ dataset.days or 'cast(null as integer)' }}){{ ',' if not loop.last }}
    {%- endfor %}
) as datasets (monitor, dataset, kind, grain, first_day, end_day, rolling_days)
{%- else %}
{{ data_health.no_rows({
    'monitor': 'varchar', 'dataset': 'varchar', 'kind': 'varchar', 'grain': 'varchar', 'first_day': 'date',
    'end_day': 'date', 'rolling_days': 'integer'
}) }}
{%- endif %}
