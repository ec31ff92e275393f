{{ config(enabled=data_health.part_is_on('drift')) }}
{%- do data_health.begin_model() %}
{#- of a column of one grid distances are bounded by what a cell knows, of several grids by where bins may lie #}
with coverage_settings as (

    select monitor, barely_seen_below
    from {{ ref('monitor_settings') }}
    where part = 'coverage'

),

drift_comparisons as (

    select comparison_number, monitor, period_number, reference_number
    from {{ ref('drift_comparisons') }}

),

comparisons as (

    select
        drift_comparisons.comparison_number,
        drift_comparisons.period_number,
        drift_comparisons.reference_number,
        coverage_settings.barely_seen_below
    from drift_comparisons
    left join coverage_settings
        on drift_comparisons.monitor = coverage_settings.monitor

),

cells as (

    select
        column_number, period_number, cell, lower_edge, upper_edge, next_edge, row_count, share, minimum, maximum, share_before,
        share_to, area
    from {{ ref('drift_cells') }}
    where not is_mixed

),

mixed_cells as (

    select
        column_number, period_number, cell, lower_edge, upper_edge, next_edge, row_count, share, share_before, share_to,
        lowest_share_before, highest_share_to, lowest_share_to
    from {{ ref('drift_cells') }}
    where is_mixed

),

-- what a reference says of itself: its range, and how much its distribution function varies by chance
all_cells as (

    select column_number, period_number, lower_edge, upper_edge, next_edge, row_count, share_before, share_to from cells
    union all
    select column_number, period_number, lower_edge, upper_edge, next_edge, row_count, share_before, share_to from mixed_cells

),

reference_ends as (

    select
        column_number,
        period_number,
        min(case when row_count > 0 then lower_edge end) as lowest_edge,
        max(case when row_count > 0 then upper_edge end) as highest_edge,
        sum((upper_edge - lower_edge) * sqrt(greatest((share_before + share_to) * (2 - share_before - share_to), 0e0)) / 2
            + (next_edge - upper_edge) * sqrt(greatest(share_to * (1 - share_to), 0e0))) as deviation_area
    from all_cells
    group by column_number, period_number

),

-- 1. The cells of a column of one grid side by side: p and F are the reference's, q and G those of the period.
paired_cells as (

    select
        comparisons.comparison_number,
        comparisons.barely_seen_below,
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
        current_cells.maximum
    from comparisons
    inner join cells as current_cells
        on comparisons.period_number = current_cells.period_number
    inner join cells as reference_cells
        on comparisons.reference_number = reference_cells.period_number
        and current_cells.column_number = reference_cells.column_number
        and current_cells.cell = reference_cells.cell

),

bounded_cells as (

    select
        comparison_number,
        barely_seen_below,
        column_number,
        f_before,
        width,
        gap,
        reference_count,
        row_count,
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
        -- before the first value of the reference or after its last one, be it inside the same cell
        f_to = 0 or f_before = 1 or (f_before = 0 and maximum < reference_minimum) or (f_to = 1 and minimum > reference_maximum) as is_outside,
        f_to = 0 or f_before = 1 or (f_before = 0 and minimum < reference_minimum) or (f_to = 1 and maximum > reference_maximum) as is_partly_outside
    from paired_cells

),

-- where the functions may cross inside a cell, the distance is least when they do not, and greatest when they keep at their ends
single_grid_distances as (

    select
        comparison_number,
        barely_seen_below,
        column_number,
        f_before,
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
        is_outside,
        is_partly_outside
    from bounded_cells

),

-- 2. The same of several grids, where only the ends of bins are known.
paired_mixed_cells as (

    select
        comparisons.comparison_number,
        comparisons.barely_seen_below,
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
        current_cells.lower_edge > reference_ends.highest_edge or current_cells.upper_edge < reference_ends.lowest_edge as is_outside,
        current_cells.upper_edge > reference_ends.highest_edge or current_cells.lower_edge < reference_ends.lowest_edge as is_partly_outside
    from comparisons
    inner join mixed_cells as current_cells
        on comparisons.period_number = current_cells.period_number
    inner join mixed_cells as reference_cells
        on comparisons.reference_number = reference_cells.period_number
        and current_cells.column_number = reference_cells.column_number
        and current_cells.cell = reference_cells.cell
    inner join reference_ends
        on comparisons.reference_number = reference_ends.period_number
        and current_cells.column_number = reference_ends.column_number

),

mixed_distances as (

    select
        comparison_number,
        barely_seen_below,
        column_number,
        f_before,
        reference_count,
        row_count,
        p,
        q,
        difference_at_end as smallest_difference,
        greatest(difference_at_end, case when width = 0 then 0 else greatest(largest_rise, largest_fall) end) as largest_difference,
        gap * difference_at_end as smallest_area,
        (width + gap) * greatest(largest_rise, largest_fall, 0e0) as largest_area,
        is_outside,
        is_partly_outside
    from paired_mixed_cells

),

distances as (

    select
        comparison_number, barely_seen_below, column_number, f_before, reference_count, row_count, p, q, smallest_difference,
        largest_difference, smallest_area, largest_area, is_outside, is_partly_outside, 0 as is_mixed
    from single_grid_distances

    union all

    select
        comparison_number, barely_seen_below, column_number, f_before, reference_count, row_count, p, q, smallest_difference,
        largest_difference, smallest_area, largest_area, is_outside, is_partly_outside, 1 as is_mixed
    from mixed_distances

),

-- 3. By the tenth of the reference in which a cell begins.
numeric_groups as (

    select
        comparison_number,
        column_number,
        cast(least(floor(10 * f_before), 9) as bigint) as group_number,
        sum(reference_count) as reference_count,
        sum(row_count) as row_count,
        max(smallest_difference) as smallest_difference,
        max(largest_difference) as largest_difference,
        sum(smallest_area) as smallest_area,
        sum(largest_area) as largest_area,
        sum(case when p > 0 then p * ln(2 * p / (p + q)) else 0 end + case when q > 0 then q * ln(2 * q / (p + q)) else 0 end) / (2 * ln(2e0)) as fine_divergence,
        sum(case when is_outside then row_count else 0 end) as outside_count,
        sum(case when is_partly_outside then row_count else 0 end) as partly_outside_count,
        max(is_mixed) as is_mixed,
        -- what of each side the other has
        count(case when reference_count > 0 then 1 end) as reference_cell_count,
        count(case when reference_count = 1 then 1 end) as reference_singleton_count,
        count(case when reference_count = 2 then 1 end) as reference_doubleton_count,
        count(case when row_count = 1 then 1 end) as singleton_count,
        count(case when reference_count > 0 and row_count = 0 then 1 end) as absent_cell_count,
        sum(case when row_count = 0 then reference_count else 0 end) as absent_count,
        sum(case when reference_count = 0 then row_count else 0 end) as unseen_count,
        sum(case when reference_count > 0 and reference_count < barely_seen_below then row_count else 0 end) as barely_seen_count
    from distances
    group by 1, 2, 3

)

select
    numeric_groups.comparison_number,
    numeric_groups.column_number,
    numeric_groups.group_number,
    cast(numeric_groups.reference_count as double precision) as reference_count,
    cast(numeric_groups.row_count as double precision) as row_count,
    numeric_groups.smallest_difference,
    numeric_groups.largest_difference,
    numeric_groups.smallest_area,
    numeric_groups.largest_area,
    reference_ends.deviation_area,
    numeric_groups.fine_divergence,
    numeric_groups.outside_count,
    numeric_groups.partly_outside_count,
    numeric_groups.is_mixed = 1 as is_mixed,
    numeric_groups.reference_cell_count,
    numeric_groups.reference_singleton_count,
    numeric_groups.reference_doubleton_count,
    numeric_groups.singleton_count,
    numeric_groups.absent_cell_count,
    cast(numeric_groups.absent_count as double precision) as absent_count,
    cast(numeric_groups.unseen_count as double precision) as unseen_count,
    cast(numeric_groups.barely_seen_count as double precision) as barely_seen_count
from numeric_groups
inner join comparisons
    on numeric_groups.comparison_number = comparisons.comparison_number
inner join reference_ends
    on comparisons.reference_number = reference_ends.period_number
    and numeric_groups.column_number = reference_ends.column_number
