{{ config(enabled='components' in data_health.parts_on()) }}
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
    from {{ data_health.named_model('component_fits', data_health.engine_sql('runs_python'), {
        'kind': 'varchar', 'monitor': 'varchar', 'reference': 'varchar', 'loadings_version': 'varchar', 'component': 'bigint',
        'column_name': 'varchar', 'loading': 'double precision', 'eigenvalue': 'double precision', 'is_kept': 'boolean',
        'mean': 'double precision', 'standard_deviation': 'double precision', 'scale': 'double precision',
        'reason_left_out': 'varchar', 'values_used': 'varchar'
    }) }}
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
