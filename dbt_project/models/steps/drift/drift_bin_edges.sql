{{ config(enabled='drift' in data_health.parts_on(), materialized='ephemeral') }}
with bins as (

    select
        column_number,
        bin_width,
        grid_generation,
        bin,
        min(minimum) as lower_edge,
        max(maximum) as upper_edge
    from {{ ref('drift_bins') }}
    group by column_number, bin_width, grid_generation, bin

)

select
    column_number,
    bin_width,
    grid_generation,
    bin,
    lower_edge,
    upper_edge,
    coalesce(min(grid_generation) over of_column < max(grid_generation) over of_column, false) as is_mixed
from bins
window of_column as (partition by column_number)
