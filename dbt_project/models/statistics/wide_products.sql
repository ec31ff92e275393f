{{ config(
    enabled=data_health.part_is_on('components'),
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='period_key',
    on_schema_change='append_new_columns',
    full_refresh=false
) }}
{#- as in the properties of wide_batches, which is off otherwise #}
{%- set new_rows %}
{%- if target.type == 'duckdb' %}
select
    period_key,
    monitor,
    dataset,
    period_start,
    column_number,
    column_name,
    source_column,
    grid_generation,
    centre,
    scale,
    row_count,
    value_count,
    own_sum,
    clipped_sum,
    clamped_count,
    other_length_count,
    minimum,
    maximum,
    weight_column,
    weight_sum,
    weight_square_sum,
    pair_counts,
    pair_weights,
    pair_sums,
    product_sums,
    clipped_product_sums,
    built_from,
    built_at
from {{ ref('wide_batches') }}
{%- else %}
{{ data_health.no_rows({
    'period_key': 'varchar', 'monitor': 'varchar', 'dataset': 'varchar', 'period_start': 'date', 'column_number': 'integer',
    'column_name': 'varchar', 'source_column': 'varchar', 'grid_generation': 'integer', 'centre': 'double precision',
    'scale': 'double precision', 'row_count': 'bigint', 'value_count': 'bigint', 'own_sum': 'double precision',
    'clipped_sum': 'double precision', 'clamped_count': 'bigint', 'other_length_count': 'bigint', 'minimum': 'double precision',
    'maximum': 'double precision', 'weight_column': 'varchar', 'weight_sum': 'double precision',
    'weight_square_sum': 'double precision', 'pair_counts': 'bigint[]', 'pair_weights': 'double precision[]',
        'pair_sums': 'double precision[]',
    'product_sums': 'double precision[]', 'clipped_product_sums': 'double precision[]', 'built_from': 'varchar',
    'built_at': 'timestamp'
}) }}
{%- endif %}
{%- endset %}
{{ data_health.with_kept_rows(new_rows) }}
