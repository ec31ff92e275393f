{{ config(enabled=data_health.part_is_on('components')) }}
{%- do data_health.begin_model() %}

with settings as (

    select monitor
    from {{ ref('monitor_settings') }}
    where part = 'components'

),

loadings as (

    select
        monitor, reference, loadings_version, component, column_name, loading, eigenvalue, is_kept, mean,
        standard_deviation, scale, reason_left_out
    from {{ data_health.component_fits() }}
    where kind = 'loading'
        and values_used = 'all'

)

select
    loadings.monitor,
    loadings.reference,
    loadings.loadings_version,
    loadings.component,
    loadings.column_name,
    loadings.loading,
    loadings.loading * sqrt(loadings.eigenvalue) * loadings.scale / nullif(loadings.standard_deviation, 0) as correlation,
    loadings.is_kept as is_advised,
    loadings.mean,
    loadings.standard_deviation,
    loadings.scale,
    loadings.reason_left_out,
    {{ data_health.run_time() }} as built_at
from loadings
inner join settings
    on loadings.monitor = settings.monitor
