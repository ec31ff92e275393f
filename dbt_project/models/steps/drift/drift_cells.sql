{{ config(enabled='drift' in data_health.parts_on(), materialized='ephemeral') }}
{#- a column of one grid: a cell is a bin #}
with present_counts as (

    select column_number, period_number, bin_width, present_count
    from {{ ref('drift_value_counts') }}

),

bins as (

    select column_number, bin_width, bin, lower_edge, upper_edge
    from {{ ref('drift_bin_edges') }}
    where not is_mixed

),

counted_bins as (

    select column_number, period_number, bin_width, bin, row_count, value_sum, centre, minimum, maximum
    from {{ ref('drift_bins') }}

),

cells as (

    select
        column_number,
        bin_width,
        bin,
        lower_edge,
        upper_edge,
        cast(row_number() over (partition by column_number, bin_width order by bin nulls last) as integer) as cell,
        lead(lower_edge) over (partition by column_number, bin_width order by bin nulls last) as next_edge
    from bins

),

filled_cells as (

    select
        cells.column_number,
        present_counts.period_number,
        cells.bin_width,
        cells.cell,
        coalesce(counted_bins.row_count, 0) as row_count,
        coalesce(counted_bins.value_sum, 0) as value_sum,
        counted_bins.centre,
        counted_bins.minimum,
        counted_bins.maximum
    from cells
    inner join present_counts
        on cells.column_number = present_counts.column_number
        and cells.bin_width = present_counts.bin_width
    left join counted_bins
        on cells.column_number = counted_bins.column_number
        and cells.bin_width = counted_bins.bin_width
        and cells.bin = counted_bins.bin
        and present_counts.period_number = counted_bins.period_number

),

-- ranks run on from period to period, so that the rows of a column end up together, where those that compare them find them faster
cumulative_cells as (

    select
        column_number,
        period_number,
        bin_width,
        cell,
        row_count,
        value_sum,
        centre,
        minimum,
        maximum,
        sum(row_count) over (partition by column_number, bin_width order by period_number, cell rows unbounded preceding) as running_count
    from filled_cells

),

period_totals as (

    select
        column_number,
        period_number,
        bin_width,
        present_count,
        sum(present_count) over (
            partition by column_number, bin_width order by period_number rows unbounded preceding
        ) - present_count as earlier_count
    from present_counts

),

-- edges and totals come back only now, since a window carries along what it is given
single_grid_cells as (

    select
        cumulative_cells.column_number,
        cumulative_cells.period_number,
        cumulative_cells.bin_width,
        cumulative_cells.cell,
        cells.lower_edge,
        cells.upper_edge,
        coalesce(cells.next_edge, cells.upper_edge) as next_edge,
        cells.upper_edge - cells.lower_edge as width,
        cumulative_cells.row_count,
        period_totals.present_count,
        cumulative_cells.minimum,
        cumulative_cells.maximum,
        (cumulative_cells.running_count - period_totals.earlier_count - cumulative_cells.row_count)
            / period_totals.present_count as share_before,
        (cumulative_cells.running_count - period_totals.earlier_count) / period_totals.present_count as share_to,
        -- from the centre first, so that values far from zero keep their digits
        coalesce(cumulative_cells.value_sum - cumulative_cells.row_count * (cells.lower_edge - cumulative_cells.centre), 0) as excess_sum
    from cumulative_cells
    inner join cells
        on cumulative_cells.column_number = cells.column_number
        and cumulative_cells.bin_width = cells.bin_width
        and cumulative_cells.cell = cells.cell
    inner join period_totals
        on cumulative_cells.column_number = period_totals.column_number
        and cumulative_cells.bin_width = period_totals.bin_width
        and cumulative_cells.period_number = period_totals.period_number

)

select
    column_number,
    period_number,
    bin_width,
    cell,
    lower_edge,
    upper_edge,
    next_edge,
    row_count,
    row_count / present_count as share,
    minimum,
    maximum,
    share_before,
    share_to,
    -- the mean of a cell says it exactly; the function rises in it, so that it lies between the rectangles under its ends
    least(greatest(share_to * width - excess_sum / present_count, share_before * width), share_to * width) as area,
    lower_edge + excess_sum / nullif(row_count, 0) as mean
from single_grid_cells
