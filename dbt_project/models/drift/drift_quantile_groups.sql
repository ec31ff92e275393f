{%- do data_health.begin_model() %}
with comparisons as (

    select comparison_number, period_number, reference_number
    from {{ ref('drift_comparisons') }}

),

cells as (

    select
        column_number,
        period_number,
        cell,
        is_mixed,
        lower_edge,
        upper_edge,
        next_edge,
        present_count,
        row_count,
        value_sum,
        minimum,
        maximum,
        share_before,
        share_to,
        lowest_share_before,
        highest_share_to,
        lowest_share_to
    from {{ ref('drift_cells') }}

),

-- what a reference says of itself: its range, and how much its distribution function varies by chance
reference_ends as (

    select
        column_number,
        period_number,
        min(case when row_count > 0 then coalesce(minimum, lower_edge) end) as minimum,
        max(case when row_count > 0 then coalesce(maximum, upper_edge) end) as maximum,
        sum((upper_edge - lower_edge) * sqrt(greatest((share_before + share_to) * (2 - share_before - share_to), 0e0)) / 2
            + (next_edge - upper_edge) * sqrt(greatest(share_to * (1 - share_to), 0e0))) as deviation_area
    from cells
    group by column_number, period_number

),

-- The cells of a column side by side: p and F are the reference's, q and G those of the period.
paired_cells as (

    select
        comparisons.comparison_number,
        current_cells.column_number,
        current_cells.cell,
        current_cells.is_mixed,
        reference_ends.deviation_area,
        -- the tenth of the reference in which the cell begins
        least(floor(10 * reference_cells.share_before), 9) as group_number,
        current_cells.upper_edge - current_cells.lower_edge as width,
        current_cells.next_edge - current_cells.upper_edge as gap,
        reference_cells.row_count as reference_count,
        current_cells.row_count,
        reference_cells.row_count / reference_cells.present_count as p,
        current_cells.row_count / current_cells.present_count as q,
        reference_cells.share_before as f_before,
        reference_cells.share_to as f_to,
        current_cells.share_before as g_before,
        current_cells.share_to as g_to,
        reference_cells.highest_share_to - current_cells.lowest_share_before as largest_rise,
        current_cells.highest_share_to - reference_cells.lowest_share_before as largest_fall,
        greatest(
            reference_cells.lowest_share_to - current_cells.highest_share_to,
            current_cells.lowest_share_to - reference_cells.highest_share_to,
            0e0
        ) as difference_at_end,
        -- what the two distribution functions enclose with the axis between the ends of the cell; the mean of a cell says it exactly
        reference_cells.share_to * (current_cells.upper_edge - current_cells.lower_edge)
            - (reference_cells.value_sum - reference_cells.row_count * current_cells.lower_edge) / reference_cells.present_count as f_area,
        current_cells.share_to * (current_cells.upper_edge - current_cells.lower_edge)
            - (current_cells.value_sum - current_cells.row_count * current_cells.lower_edge) / current_cells.present_count as g_area,
        reference_cells.maximum < current_cells.minimum as is_reference_first,
        current_cells.maximum < reference_cells.minimum as is_current_first,
        reference_cells.minimum = current_cells.maximum and reference_cells.maximum = current_cells.minimum as is_one_value,
        coalesce(current_cells.minimum, current_cells.lower_edge) > reference_ends.maximum
            or coalesce(current_cells.maximum, current_cells.upper_edge) < reference_ends.minimum as is_outside,
        coalesce(current_cells.maximum, current_cells.upper_edge) > reference_ends.maximum
            or coalesce(current_cells.minimum, current_cells.lower_edge) < reference_ends.minimum as is_partly_outside
    from comparisons
    inner join cells as current_cells
        on comparisons.period_number = current_cells.period_number
    inner join cells as reference_cells
        on comparisons.reference_number = reference_cells.period_number
        and current_cells.column_number = reference_cells.column_number
        and current_cells.cell = reference_cells.cell
    inner join reference_ends
        on comparisons.reference_number = reference_ends.period_number
        and current_cells.column_number = reference_ends.column_number

),

bounded_cells as (

    select
        paired_cells.*,
        case
            when is_reference_first then abs(f_to - g_before)
            when is_current_first then abs(g_to - f_before)
            else 0
        end as difference_inside,
        case
            when width = 0 or is_reference_first or is_current_first or is_one_value then 0
            else greatest(largest_rise, largest_fall)
        end as largest_difference_inside,
        -- both functions rise in a cell, so each area lies between the rectangles under its ends
        least(greatest(f_area, f_before * width), f_to * width) - least(greatest(g_area, g_before * width), g_to * width) as area_between
    from paired_cells

),

-- where the functions may cross inside a cell, the distance is least when they do not, and greatest when they keep at their ends
enclosed_areas as (

    select
        bounded_cells.*,
        case when is_mixed then 0 else abs(area_between) end as smallest_area,
        case
            when is_mixed then width * greatest(largest_rise, largest_fall, 0e0)
            when largest_rise <= 0 or largest_fall <= 0 then abs(area_between)
            else largest_rise * least(greatest((area_between + largest_fall * width) / (largest_rise + largest_fall), 0e0), width)
                + largest_fall * (width - least(greatest((area_between + largest_fall * width) / (largest_rise + largest_fall), 0e0), width))
        end as largest_area
    from bounded_cells

),

numeric_groups as (

    select
        comparison_number,
        column_number,
        cast(group_number as bigint) as group_number,
        sum(reference_count) as reference_count,
        sum(row_count) as row_count,
        max(greatest(difference_at_end, difference_inside)) as smallest_difference,
        max(greatest(difference_at_end, difference_inside, largest_difference_inside)) as largest_difference,
        sum(smallest_area + gap * difference_at_end) as smallest_area,
        sum(largest_area + gap * case when is_mixed then greatest(largest_rise, largest_fall, 0e0) else difference_at_end end) as largest_area,
        max(deviation_area) as deviation_area,
        sum(case when p > 0 then p * ln(2 * p / (p + q)) else 0 end + case when q > 0 then q * ln(2 * q / (p + q)) else 0 end) / (2 * ln(2e0)) as fine_divergence,
        sum(case when is_outside then row_count else 0 end) as outside_count,
        sum(case when is_partly_outside then row_count else 0 end) as partly_outside_count,
        max(case when is_mixed then 1 else 0 end) as is_mixed
    from enclosed_areas
    group by comparison_number, column_number, group_number

)

select
    comparison_number,
    column_number,
    group_number,
    cast(reference_count as double precision) as reference_count,
    cast(row_count as double precision) as row_count,
    smallest_difference,
    largest_difference,
    smallest_area,
    largest_area,
    deviation_area,
    fine_divergence,
    outside_count,
    partly_outside_count,
    is_mixed = 1 as is_mixed
from numeric_groups
