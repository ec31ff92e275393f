-- depends_on: {{ ref('health_monitors') }}
{%- set metrics = {
    'psi': 'population_stability_index', 'js': 'jensen_shannon_distance', 'ks': 'kolmogorov_smirnov', 'cramers_v': 'cramers_v',
    'wasserstein': 'wasserstein_normed', 'h': 'null_share_h'
} %}
{%- set monitors = [] %}
{%- for monitor in data_health.resolved_monitors().values() if monitor.marts.drift %}{% do monitors.append(monitor) %}{% endfor %}
{% if monitors %}
select
    monitor,
    metric,
    cast(warn_threshold as double precision) as warn_threshold,
    cast(alert_threshold as double precision) as alert_threshold,
    minimum_rows
from (
    values
    {%- for monitor in monitors %}{% set last = loop.last %}
        {%- for name, metric in metrics.items() %}
        {%- set limits = monitor.thresholds[name] %}
        ({{ data_health.text_literal([monitor.name, metric]) }}, {{ data_health.double_literal(limits[0]) }}, {{ data_health.double_literal(limits[1]) }}, {{ monitor.minimum_rows }}),
        {%- endfor %}
        ({{ data_health.text_literal([monitor.name, 'category_h']) }}, {{ data_health.double_literal(monitor.thresholds.h[0]) }}, {{ data_health.double_literal(monitor.thresholds.h[1]) }}, {{ monitor.minimum_rows }}){{ '' if last else ',' }}
    {%- endfor %}
) as thresholds (monitor, metric, warn_threshold, alert_threshold, minimum_rows)
{%- else %}
{{ data_health.no_rows({
    'monitor': 'varchar', 'metric': 'varchar', 'warn_threshold': 'double precision', 'alert_threshold': 'double precision', 'minimum_rows': 'integer'
}) }}
{%- endif %}
