{{ config(enabled='components' in data_health.parts_on()) }}
{%- do data_health.begin_model() %}

with settings as (

    select monitor, variance, is_standardised
    from {{ ref('monitor_settings') }}
    where part = 'components'

),

components as (

    select
        monitor, reference, component, eigenvalue, explained_share, is_advised, is_kept_by_kaiser, is_kept_by_parallel_analysis,
        is_kept_by_marchenko_pastur, has_variance, marchenko_pastur_edge, effective_row_count
    from {{ ref('health_pca_components') }}

),

fitted_columns as (

    select distinct
        monitor,
        reference,
        loadings_version,
        column_name,
        reason_left_out,
        row_count,
        case when column_name = '(all)' and reason_left_out like 'no components were found%' then reason_left_out end as failure
    from {{ data_health.named_model('component_fits', data_health.engine_sql('runs_python'), {
        'kind': 'varchar', 'monitor': 'varchar', 'reference': 'varchar', 'loadings_version': 'varchar', 'column_name': 'varchar',
        'reason_left_out': 'varchar', 'row_count': 'bigint', 'values_used': 'varchar'
    }) }}
    where kind = 'loading'
        and values_used = 'all'

),

moved_columns as (

    select distinct monitor, reference, moved_columns
    from {{ data_health.named_model('component_fits', data_health.engine_sql('runs_python'), {
        'kind': 'varchar', 'monitor': 'varchar', 'reference': 'varchar', 'moved_columns': 'varchar'
    }) }}
    where kind = 'eigenvalue'

),

fits as (

    select
        monitor,
        reference,
        max(loadings_version) as loadings_version,
        max(row_count) as row_count,
        max(failure) as failure,
        sum(case when reason_left_out is null then 1 else 0 end) as column_count,
        sum(case when reason_left_out is null or failure is not null then 0 else 1 end) as left_out_count,
        sum(case when reason_left_out like 'too far%' then 1 else 0 end) as imprecise_count,
        {{ dbt.listagg(
            "case when reason_left_out is not null and failure is null then column_name || ' (' || reason_left_out || ')' end",
            "', '", 'order by column_name'
        ) }} as left_out_columns
    from fitted_columns
    group by monitor, reference

),

rules as (

    select
        monitor,
        reference,
        sum(case when is_advised then 1 else 0 end) as advised_components,
        sum(case when is_advised then explained_share else 0e0 end) as advised_share,
        sum(case when is_kept_by_kaiser then 1 else 0 end) as kaiser_components,
        sum(case when is_kept_by_parallel_analysis then 1 else 0 end) as parallel_analysis_components,
        sum(case when is_kept_by_marchenko_pastur then 1 else 0 end) as marchenko_pastur_components,
        max(marchenko_pastur_edge) as marchenko_pastur_edge,
        max(effective_row_count) as effective_row_count,
        sum(eigenvalue) as total_variance,
        sum(case when has_variance then 0 else 1 end) as collinear_count,
        case when min(case when has_variance then 1 else 0 end) = 1 then max(eigenvalue) / min(eigenvalue) end as condition_number
    from components
    group by monitor, reference

),

findings as (

    select
        fits.monitor,
        fits.reference,
        fits.loadings_version,
        settings.is_standardised,
        settings.variance as wanted_share,
        fits.row_count,
        coalesce(rules.effective_row_count, cast(fits.row_count as double precision)) as effective_row_count,
        fits.column_count,
        fits.left_out_count,
        fits.left_out_columns,
        coalesce(rules.advised_components, 0) as advised_components,
        rules.advised_share,
        coalesce(rules.kaiser_components, 0) as kaiser_components,
        coalesce(rules.parallel_analysis_components, 0) as parallel_analysis_components,
        coalesce(rules.marchenko_pastur_components, 0) as marchenko_pastur_components,
        rules.marchenko_pastur_edge,
        rules.total_variance,
        rules.condition_number,
        coalesce(rules.collinear_count, 0) as collinear_count,
        case
            when fits.failure is not null then fits.failure
            when fits.column_count = 0 then 'no column varies in the reference'
            when coalesce(rules.effective_row_count, fits.row_count) < greatest(30, 2 * fits.column_count)
                then 'fewer than 30 rows, or fewer than 2 rows per column'
            when fits.imprecise_count > 0 then 'imprecise: columns too far from the centre of their fitted bins are left out'
            when moved_columns.moved_columns is not null
                then 'imprecise: these columns are far from the centre of their fitted bins: ' || moved_columns.moved_columns
        end as reason
    from fits
    inner join settings
        on fits.monitor = settings.monitor
    left join rules
        on fits.monitor = rules.monitor
        and fits.reference = rules.reference
    left join moved_columns
        on fits.monitor = moved_columns.monitor
        and fits.reference = moved_columns.reference

)

select
    monitor,
    reference,
    loadings_version,
    is_standardised,
    cast(row_count as bigint) as row_count,
    effective_row_count,
    cast(column_count as bigint) as column_count,
    cast(left_out_count as bigint) as left_out_count,
    cast(left_out_columns as varchar) as left_out_columns,
    wanted_share,
    cast(advised_components as bigint) as advised_components,
    advised_share,
    cast(kaiser_components as bigint) as kaiser_components,
    cast(parallel_analysis_components as bigint) as parallel_analysis_components,
    cast(marchenko_pastur_components as bigint) as marchenko_pastur_components,
    marchenko_pastur_edge,
    total_variance,
    condition_number,
    cast(collinear_count as bigint) as collinear_count,
    case
        when reason is null then 'ok'
        when reason like 'imprecise%' or reason like 'no components were found%' then 'warn'
        else 'insufficient_data'
    end as status,
    reason,
    {{ data_health.run_time() }} as built_at
from findings
