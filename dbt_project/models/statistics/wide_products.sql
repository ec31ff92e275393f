{{ config(
    enabled='components' in data_health.parts_on() and data_health.engine_sql('runs_python'),
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='period_key',
    on_schema_change='append_new_columns',
    full_refresh=false
) }}
{%- set new_rows %}
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
where kind = 'products'
{%- endset %}
{{ data_health.with_kept_rows(new_rows) }}
