{{ config(enabled='drift' in data_health.parts_on(), materialized='ephemeral') }}
{#-
    A column of several grids: cells are the points where a bin of any grid begins or ends, and what lies between them; the rows of a bin
    are spread evenly over it.
#}
with present_counts as (

    select column_number, period_number, bin_width, present_count
    from {{ ref('drift_value_counts') }}

),

bins as (

    select column_number, bin_width, grid_generation, bin, lower_edge, upper_edge
    from {{ ref('drift_bin_edges') }}
    where is_mixed

),

counted_bins as (

    select column_number, period_number, bin_width, grid_generation, bin, row_count
    from {{ ref('drift_bins') }}

),

edges as (

    select column_number, bin_width, lower_edge as edge from bins
    union
    select column_number, bin_width, upper_edge as edge from bins

),

neighbouring_edges as (

    select
        column_number,
        bin_width,
        edge,
        lead(edge) over (partition by column_number, bin_width order by edge) as next_edge,
        2 * cast(row_number() over (partition by column_number, bin_width order by edge) as integer) as edge_number
    from edges

),

elementary_cells as (

    select column_number, bin_width, edge_number as cell, edge as lower_edge, edge as upper_edge, edge as next_edge
    from neighbouring_edges

    union all

    select column_number, bin_width, edge_number + 1 as cell, edge as lower_edge, next_edge as upper_edge, next_edge
    from neighbouring_edges
    where next_edge is not null

),

parts_of_bins as (

    select
        bins.column_number,
        bins.bin_width,
        bins.grid_generation,
        bins.bin,
        elementary_cells.cell,
        case when bins.lower_edge = bins.upper_edge then 1e0
            else (elementary_cells.upper_edge - elementary_cells.lower_edge) / (bins.upper_edge - bins.lower_edge)
        end as share,
        elementary_cells.cell = min(elementary_cells.cell) over in_bin as is_first,
        elementary_cells.cell = max(elementary_cells.cell) over in_bin as is_last
    from bins
    inner join elementary_cells
        on bins.column_number = elementary_cells.column_number
        and bins.bin_width = elementary_cells.bin_width
        and bins.lower_edge <= elementary_cells.lower_edge
        and bins.upper_edge >= elementary_cells.upper_edge
        and (bins.lower_edge = bins.upper_edge or elementary_cells.lower_edge < elementary_cells.upper_edge)
    window in_bin as (partition by bins.column_number, bins.bin_width, bins.grid_generation, bins.bin)

),

spread_bins as (

    select
        counted_bins.column_number,
        counted_bins.period_number,
        counted_bins.bin_width,
        parts_of_bins.cell,
        sum(counted_bins.row_count * parts_of_bins.share) as row_count,
        sum(case when parts_of_bins.is_first then counted_bins.row_count else 0 end) as begun_count,
        sum(case when parts_of_bins.is_last then counted_bins.row_count else 0 end) as ended_count
    from counted_bins
    inner join parts_of_bins
        on counted_bins.column_number = parts_of_bins.column_number
        and counted_bins.bin_width = parts_of_bins.bin_width
        and counted_bins.grid_generation = parts_of_bins.grid_generation
        and counted_bins.bin = parts_of_bins.bin
    group by 1, 2, 3, 4

),

filled_elementary_cells as (

    select
        elementary_cells.column_number,
        present_counts.period_number,
        elementary_cells.bin_width,
        present_counts.present_count,
        elementary_cells.cell,
        elementary_cells.lower_edge,
        elementary_cells.upper_edge,
        elementary_cells.next_edge,
        coalesce(spread_bins.row_count, 0) as row_count,
        coalesce(spread_bins.begun_count, 0) as begun_count,
        coalesce(spread_bins.ended_count, 0) as ended_count
    from elementary_cells
    inner join present_counts
        on elementary_cells.column_number = present_counts.column_number
        and elementary_cells.bin_width = present_counts.bin_width
    left join spread_bins
        on elementary_cells.column_number = spread_bins.column_number
        and elementary_cells.bin_width = spread_bins.bin_width
        and elementary_cells.cell = spread_bins.cell
        and present_counts.period_number = spread_bins.period_number

),

cumulative_elementary_cells as (

    select
        filled_elementary_cells.*,
        sum(row_count) over in_order as rank_to,
        sum(begun_count) over in_order as begun_to,
        sum(ended_count) over in_order as ended_to
    from filled_elementary_cells
    window in_order as (partition by column_number, bin_width, period_number order by cell rows unbounded preceding)

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
    (rank_to - row_count) / present_count as share_before,
    rank_to / present_count as share_to,
    (ended_to - ended_count) / present_count as lowest_share_before,
    begun_to / present_count as highest_share_to,
    ended_to / present_count as lowest_share_to
from cumulative_elementary_cells
