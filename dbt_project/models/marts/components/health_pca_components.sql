{{ config(enabled='components' in data_health.parts_on()) }}
{%- do data_health.begin_model() %}

with settings as (

    select monitor, variance, is_standardised
    from {{ ref('monitor_settings') }}
    where part = 'components'

),

eigenvalues as (

    select
        monitor, reference, loadings_version, component, eigenvalue, noise_eigenvalue, has_variance,
        hotelling_t2_limit_95, hotelling_t2_limit_99, reconstruction_error_limit_95, reconstruction_error_limit_99,
        row_count, effective_row_count, column_count
    from {{ data_health.named_model('component_fits', data_health.engine_sql('runs_python'), {
        'kind': 'varchar', 'monitor': 'varchar', 'reference': 'varchar', 'loadings_version': 'varchar', 'component': 'bigint',
        'eigenvalue': 'double precision', 'noise_eigenvalue': 'double precision', 'has_variance': 'boolean',
        'hotelling_t2_limit_95': 'double precision', 'hotelling_t2_limit_99': 'double precision',
        'reconstruction_error_limit_95': 'double precision', 'reconstruction_error_limit_99': 'double precision',
        'row_count': 'bigint', 'effective_row_count': 'double precision', 'column_count': 'bigint'
    }) }}
    where kind = 'eigenvalue'

),

summed_eigenvalues as (

    select
        eigenvalues.*,
        sum(eigenvalue) over (partition by monitor, reference) as total_variance,
        sum(eigenvalue) over (partition by monitor, reference order by component rows unbounded preceding) as variance_so_far,
        -- the share of as many rows of independent columns: (1 + sqrt(d / n)) squared times the mean eigenvalue
        power(1 + sqrt(cast(column_count as double precision) / nullif(effective_row_count, 0)), 2) as edge_in_means,
        max(case when eigenvalue > noise_eigenvalue then 0 else 1 end) over (
            partition by monitor, reference order by component rows unbounded preceding
        ) as fell_to_noise
    from eigenvalues

),

shares as (

    select
        summed_eigenvalues.*,
        total_variance / column_count as mean_eigenvalue,
        eigenvalue / nullif(total_variance, 0) as explained_share,
        variance_so_far / nullif(total_variance, 0) as cumulative_share
    from summed_eigenvalues

)

select
    shares.monitor,
    shares.reference,
    shares.loadings_version,
    shares.component,
    shares.eigenvalue,
    shares.explained_share,
    shares.cumulative_share,
    -- rounding may leave the last sum a little below one
    shares.component <= 300
        and coalesce(shares.cumulative_share - shares.explained_share, 0) < settings.variance - 1e-12 as is_advised,
    shares.eigenvalue > shares.mean_eigenvalue as is_kept_by_kaiser,
    shares.fell_to_noise = 0 as is_kept_by_parallel_analysis,
    shares.eigenvalue > shares.edge_in_means * shares.mean_eigenvalue as is_kept_by_marchenko_pastur,
    shares.has_variance,
    shares.noise_eigenvalue,
    shares.edge_in_means * shares.mean_eigenvalue as marchenko_pastur_edge,
    shares.hotelling_t2_limit_95,
    shares.hotelling_t2_limit_99,
    shares.reconstruction_error_limit_95,
    shares.reconstruction_error_limit_99,
    shares.column_count,
    shares.row_count,
    shares.effective_row_count,
    {{ data_health.run_time() }} as built_at
from shares
inner join settings
    on shares.monitor = settings.monitor
