{# The model component_fits to select from, or no rows of its columns where the warehouse runs no Python models. #}
{% macro component_fits() -%}
    {{ return(data_health.named_model('component_fits', data_health.engine_sql('runs_python'), {
        'kind': 'varchar', 'monitor': 'varchar', 'reference': 'varchar', 'values_used': 'varchar', 'component': 'bigint',
        'column_name': 'varchar', 'loading': 'double precision', 'eigenvalue': 'double precision',
        'explained_share': 'double precision', 'is_kept': 'boolean', 'mean': 'double precision',
        'standard_deviation': 'double precision', 'scale': 'double precision', 'row_count': 'bigint',
        'reason_left_out': 'varchar', 'loadings_version': 'varchar', 'noise_eigenvalue': 'double precision',
        'has_variance': 'boolean', 'hotelling_t2_limit_95': 'double precision', 'hotelling_t2_limit_99': 'double precision',
        'reconstruction_error_limit_95': 'double precision', 'reconstruction_error_limit_99': 'double precision',
        'effective_row_count': 'double precision', 'column_count': 'bigint', 'moved_columns': 'varchar',
        'period_start': 'date', 'metric': 'varchar', 'value': 'double precision', 'reference_value': 'double precision',
        'noise': 'double precision', 'component_count': 'bigint', 'reference_effective_row_count': 'double precision'
    })) }}
{%- endmacro %}
