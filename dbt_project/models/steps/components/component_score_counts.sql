{{ config(enabled='components' in data_health.parts_on() and data_health.is_configured('components.scores')) }}
{%- do data_health.begin_model() %}

with limits as (

    select
        monitor, reference, loadings_version, component, hotelling_t2_limit_95, hotelling_t2_limit_99,
        reconstruction_error_limit_95, reconstruction_error_limit_99
    from {{ data_health.named_model('component_fits', data_health.engine_sql('runs_python'), {
        'kind': 'varchar', 'monitor': 'varchar', 'reference': 'varchar', 'loadings_version': 'varchar', 'component': 'bigint',
        'hotelling_t2_limit_95': 'double precision', 'hotelling_t2_limit_99': 'double precision',
        'reconstruction_error_limit_95': 'double precision', 'reconstruction_error_limit_99': 'double precision'
    }) }}
    where kind = 'eigenvalue'

),

scored_rows as (

    select monitor, period_start, reference, loadings_version, component_count, hotelling_t2, reconstruction_error
    from {{ ref('scored_rows') }}

)

select
    scored_rows.monitor,
    scored_rows.period_start,
    scored_rows.reference,
    scored_rows.loadings_version,
    scored_rows.component_count,
    max(limits.component) is not null as is_current,
    cast(count(*) as bigint) as row_count,
    avg(scored_rows.hotelling_t2) as hotelling_t2_mean,
    avg(scored_rows.reconstruction_error) as reconstruction_error_mean,
    {%- for metric in ['hotelling_t2', 'reconstruction_error'] %}{% set is_last_metric = loop.last %}{% for percent in [95, 99] %}
    max(limits.{{ metric }}_limit_{{ percent }}) as {{ metric }}_limit_{{ percent }},
    cast(
        -- null where there is no limit
        sum(case
            when scored_rows.{{ metric }} > limits.{{ metric }}_limit_{{ percent }} then 1
            when limits.{{ metric }}_limit_{{ percent }} is not null then 0
        end) as bigint
    ) as {{ metric }}_outside_{{ percent }}{{ ',' if not (loop.last and is_last_metric) }}
    {%- endfor %}{% endfor %}
from scored_rows
left join limits
    on scored_rows.monitor = limits.monitor
    and scored_rows.reference = limits.reference
    and scored_rows.loadings_version = limits.loadings_version
    and scored_rows.component_count = limits.component
group by 1, 2, 3, 4, 5
