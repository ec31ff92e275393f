-- depends_on: {{ ref('health_monitors') }}
{%- set rows = [] %}
{%- for monitor in data_health.resolved_monitors().values() %}
    {%- if monitor.marts.coverage %}{% do rows.append(['features', monitor, monitor.coverage.combinations]) %}{% endif %}
    {%- if monitor.marts.representation and monitor.subgroups %}{% do rows.append(['subgroups', monitor, 0]) %}{% endif %}
{%- endfor %}
with settings as (
{% if rows %}
    select
        cell_kind,
        monitor,
        combination_size_limit,
        gap_levels,
        gap_rows,
        minimum_rows,
        cast(warn_threshold as double precision) as warn_threshold,
        cast(alert_threshold as double precision) as alert_threshold
    from (
        values
        {%- for kind, monitor, combinations in rows %}
            {%- set limits = monitor.thresholds.coverage %}
            ('{{ kind }}', {{ data_health.text_literal(monitor.name) }}, {{ combinations }}, {{ monitor.coverage.gap_levels }}, {{ monitor.coverage.gap_rows }}, {{ monitor.minimum_rows }}, {{ data_health.double_literal(limits[0]) }}, {{ data_health.double_literal(limits[1]) }}){{ ',' if not loop.last }}
        {%- endfor %}
    ) as configured (cell_kind, monitor, combination_size_limit, gap_levels, gap_rows, minimum_rows, warn_threshold, alert_threshold)
{%- else %}
    {{ data_health.no_rows({
        'cell_kind': 'varchar', 'monitor': 'varchar', 'combination_size_limit': 'integer', 'gap_levels': 'integer', 'gap_rows': 'integer',
        'minimum_rows': 'integer', 'warn_threshold': 'double precision', 'alert_threshold': 'double precision'
    }) }}
{%- endif %}

),

dataset_periods as (

    select distinct monitor, dataset, dataset_period_key, period_start, period_end, is_latest
    from {{ ref('dataset_periods') }}

)

-- rows without a time belong to no period
select
    row_number() over (order by settings.cell_kind, dataset_periods.dataset_period_key) as period_number,
    settings.cell_kind,
    dataset_periods.monitor,
    dataset_periods.dataset,
    dataset_periods.dataset_period_key,
    dataset_periods.period_start,
    dataset_periods.period_end,
    dataset_periods.is_latest,
    settings.combination_size_limit,
    settings.gap_levels,
    settings.gap_rows,
    settings.minimum_rows,
    settings.warn_threshold,
    settings.alert_threshold
from dataset_periods
inner join settings
    on dataset_periods.monitor = settings.monitor
where dataset_periods.dataset <> 'production'
    or dataset_periods.period_start is not null
