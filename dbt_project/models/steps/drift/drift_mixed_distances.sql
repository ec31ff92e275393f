{{ config(enabled='drift' in data_health.parts_on(), materialized='ephemeral') }}
{#- What drift_cell_distances says of one grid, of several, where only the ends of bins are known. #}
with comparisons as (

    select comparison_number, column_number, period_number, reference_number, bin_width
    from {{ ref('drift_bin_widths') }}

),

mixed_cells as (

    select
        column_number, period_number, bin_width, cell, lower_edge, upper_edge, next_edge, row_count, share, share_before, share_to,
        lowest_share_before, highest_share_to, lowest_share_to
    from {{ ref('drift_mixed_cells') }}

),

reference_ends as (

    select
        column_number,
        period_number,
        bin_width,
        min(case when row_count > 0 then lower_edge end) as lowest_edge,
        max(case when row_count > 0 then upper_edge end) as highest_edge
    from mixed_cells
    group by column_number, period_number, bin_width

),

paired_mixed_cells as (

    select
        comparisons.comparison_number,
        current_cells.column_number,
        current_cells.upper_edge - current_cells.lower_edge as width,
        current_cells.next_edge - current_cells.upper_edge as gap,
        reference_cells.row_count as reference_count,
        current_cells.row_count,
        reference_cells.share as p,
        current_cells.share as q,
        reference_cells.share_before as f_before,
        reference_cells.highest_share_to - current_cells.lowest_share_before as largest_rise,
        current_cells.highest_share_to - reference_cells.lowest_share_before as largest_fall,
        greatest(
            reference_cells.lowest_share_to - current_cells.highest_share_to,
            current_cells.lowest_share_to - reference_cells.highest_share_to,
            0e0
        ) as difference_at_end,
        case when current_cells.lower_edge > reference_ends.highest_edge or current_cells.upper_edge < reference_ends.lowest_edge
            then current_cells.row_count else 0 end as outside_count,
        current_cells.upper_edge > reference_ends.highest_edge
            or current_cells.lower_edge < reference_ends.lowest_edge as is_partly_outside
    from comparisons
    inner join mixed_cells as current_cells
        on comparisons.period_number = current_cells.period_number
        and comparisons.column_number = current_cells.column_number
        and comparisons.bin_width = current_cells.bin_width
    inner join mixed_cells as reference_cells
        on comparisons.reference_number = reference_cells.period_number
        and current_cells.column_number = reference_cells.column_number
        and current_cells.bin_width = reference_cells.bin_width
        and current_cells.cell = reference_cells.cell
    inner join reference_ends
        on comparisons.reference_number = reference_ends.period_number
        and current_cells.column_number = reference_ends.column_number
        and current_cells.bin_width = reference_ends.bin_width

)

select
    comparison_number,
    column_number,
    f_before as reference_rank,
    reference_count,
    row_count,
    p,
    q,
    difference_at_end as smallest_difference,
    greatest(difference_at_end, case when width = 0 then 0 else greatest(largest_rise, largest_fall) end) as largest_difference,
    gap * difference_at_end as smallest_area,
    (width + gap) * greatest(largest_rise, largest_fall, 0e0) as largest_area,
    outside_count,
    is_partly_outside,
    true as is_of_bins,
    cast(null as double precision) as unseen_value
from paired_mixed_cells
