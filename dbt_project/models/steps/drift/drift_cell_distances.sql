{{ config(enabled='drift' in data_health.parts_on(), materialized='ephemeral') }}
{#- The cells of a column of one grid side by side: p and F are the reference's, q and G those of the period. #}
with comparisons as (

    select comparison_number, column_number, period_number, reference_number, bin_width
    from {{ ref('drift_bin_widths') }}

),

cells as (

    select
        column_number, period_number, bin_width, cell, lower_edge, upper_edge, next_edge, row_count, share, minimum, maximum, mean,
        share_before, share_to, area
    from {{ ref('drift_cells') }}

),

paired_cells as (

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
        reference_cells.share_to as f_to,
        current_cells.share_before as g_before,
        current_cells.share_to as g_to,
        reference_cells.area - current_cells.area as area_between,
        reference_cells.minimum as reference_minimum,
        reference_cells.maximum as reference_maximum,
        current_cells.minimum,
        current_cells.maximum,
        current_cells.mean
    from comparisons
    inner join cells as current_cells
        on comparisons.period_number = current_cells.period_number
        and comparisons.column_number = current_cells.column_number
        and comparisons.bin_width = current_cells.bin_width
    inner join cells as reference_cells
        on comparisons.reference_number = reference_cells.period_number
        and current_cells.column_number = reference_cells.column_number
        and current_cells.bin_width = reference_cells.bin_width
        and current_cells.cell = reference_cells.cell

),

bounded_cells as (

    select
        comparison_number,
        column_number,
        -- a single value belongs to the tenth of the reference in which it begins, a bin of several to that of its middle
        case when reference_minimum < reference_maximum then (f_before + f_to) / 2 else f_before end as reference_rank,
        -- before the first percentile of the reference, or after its last one
        case when f_to <= 0.01e0 + 1e-9 then -1 when f_before >= 0.99e0 - 1e-9 then 1 else 0 end as tail,
        width,
        gap,
        reference_count,
        row_count,
        minimum,
        maximum,
        p,
        q,
        area_between,
        abs(f_to - g_to) as difference_at_end,
        f_to - g_before as largest_rise,
        g_to - f_before as largest_fall,
        case
            when reference_maximum < minimum then abs(f_to - g_before)
            when maximum < reference_minimum then abs(g_to - f_before)
            else 0
        end as difference_inside,
        case
            when width = 0 or reference_maximum < minimum or maximum < reference_minimum then 0
            -- one value in both
            when reference_minimum = maximum and reference_maximum = minimum then 0
            else greatest(f_to - g_before, g_to - f_before)
        end as largest_difference_inside,
        -- rows before the first value of the reference or after its last one, at least. Where both have rows in the cell the mean tells: it
        -- can only be that far from the end of the reference if some rows are beyond it, and these are no further than the last one.
        case
            when f_to = 0 or f_before = 1
                or (f_before = 0 and maximum < reference_minimum)
                or (f_to = 1 and minimum > reference_maximum) then row_count
            when f_to = 1 and maximum > reference_maximum and mean > reference_maximum
                then ceil(row_count * (mean - reference_maximum) / (maximum - reference_maximum) - 1e-6)
            when f_before = 0 and minimum < reference_minimum and mean < reference_minimum
                then ceil(row_count * (reference_minimum - mean) / (reference_minimum - minimum) - 1e-6)
            else 0
        end as outside_count,
        f_to = 0 or f_before = 1
            or (f_before = 0 and minimum < reference_minimum)
            or (f_to = 1 and maximum > reference_maximum) as is_partly_outside,
        coalesce(least(minimum, reference_minimum) < greatest(maximum, reference_maximum), false) as is_of_bins
    from paired_cells

)

-- where the functions may cross inside a cell, the distance is least when they do not, and greatest when they keep at their ends
select
    comparison_number,
    column_number,
    reference_rank,
    tail,
    reference_count,
    row_count,
    p,
    q,
    greatest(difference_at_end, difference_inside) as smallest_difference,
    greatest(difference_at_end, difference_inside, largest_difference_inside) as largest_difference,
    abs(area_between) + gap * difference_at_end as smallest_area,
    gap * difference_at_end + case
        when largest_rise <= 0 or largest_fall <= 0 then abs(area_between)
        else largest_rise * least(greatest((area_between + largest_fall * width) / (largest_rise + largest_fall), 0e0), width)
            + largest_fall * (width - least(greatest((area_between + largest_fall * width) / (largest_rise + largest_fall), 0e0), width))
    end as largest_area,
    outside_count,
    is_partly_outside,
    is_of_bins,
    case when reference_count = 0 and minimum = maximum then minimum end as unseen_value
from bounded_cells
