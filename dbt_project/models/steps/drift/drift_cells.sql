{{ config(enabled=data_health.part_is_on('drift'), materialized='ephemeral') }}
{#- a part of the statement of drift_quantile_groups: written down, these are more bytes than all that is made of them #}
with compared_columns as (

    select column_number, monitor, segment_column, segment_value, column_name
    from {{ ref('drift_columns') }}
    where has_comparable_values
        and kind in ('numeric', 'timestamp', 'text')

),

minimum_rows as (

    select monitor, min(minimum_rows) as minimum_rows
    from {{ ref('monitor_settings') }}
    where part = 'drift'
    group by monitor

),

comparisons as (

    select dataset_period_key, period_number, reference_period_key, reference_number
    from {{ ref('drift_comparisons') }}

),

compared_periods as (

    select dataset_period_key, period_number from comparisons
    union
    select reference_period_key as dataset_period_key, reference_number as period_number from comparisons

),

stored_periods as (

    select
        compared_periods.period_number,
        dataset_periods.stored_period_key,
        count(*) over (partition by compared_periods.period_number) as part_count
    from (select * from {{ ref('dataset_periods') }}) as dataset_periods
    inner join compared_periods
        on dataset_periods.dataset_period_key = compared_periods.dataset_period_key

),

-- 1. The fine bins of every dataset and period. Numbers stand for names, because grouping by one number costs a fraction of it.
stored_bins as (

    select
        compared_columns.column_number,
        stored_periods.period_number,
        stored_periods.part_count,
        column_distributions.grid_generation,
        column_distributions.bin,
        cast(column_distributions.row_count as double precision) as row_count,
        column_distributions.value_sum,
        column_distributions.minimum,
        column_distributions.maximum
    from (select * from {{ ref('column_distributions') }}) as column_distributions
    inner join stored_periods
        on column_distributions.period_key = stored_periods.stored_period_key
    inner join compared_columns
        on column_distributions.monitor = compared_columns.monitor
        and column_distributions.segment_column = compared_columns.segment_column
        and coalesce(column_distributions.segment_value, '(null)') = coalesce(compared_columns.segment_value, '(null)')
        and column_distributions.column_name = compared_columns.column_name
    where column_distributions.bin_type in ('bin', 'length')

),

-- most are those of one stored period, and need not be added up
summed_bins as (

    select column_number, period_number, grid_generation, bin, row_count, value_sum, minimum, maximum
    from stored_bins
    where part_count = 1

    union all

    select
        column_number,
        period_number,
        grid_generation,
        bin,
        sum(row_count) as row_count,
        sum(value_sum) as value_sum,
        min(minimum) as minimum,
        max(maximum) as maximum
    from stored_bins
    where part_count > 1
    group by column_number, period_number, grid_generation, bin

),

counted_bins as (

    select
        column_number,
        period_number,
        grid_generation,
        bin,
        row_count,
        -- beyond 1e50 sums are not what they were of, and no distance is shown
        value_sum,
        greatest(minimum, -1e50) as minimum,
        least(maximum, 1e50) as maximum
    from summed_bins

),

-- too few rows are not compared, so that many small segments do not make a cell for every bin of the others
present_counts as (

    select
        counted_bins.column_number,
        counted_bins.period_number,
        sum(counted_bins.row_count) as present_count
    from counted_bins
    inner join compared_columns
        on counted_bins.column_number = compared_columns.column_number
    inner join minimum_rows
        on compared_columns.monitor = minimum_rows.monitor
    group by counted_bins.column_number, counted_bins.period_number
    having sum(counted_bins.row_count) >= max(minimum_rows.minimum_rows)

),

bins as (

    select
        column_number,
        grid_generation,
        bin,
        min(minimum) as lower_edge,
        max(maximum) as upper_edge
    from counted_bins
    group by column_number, grid_generation, bin

),

mixed_columns as (

    select column_number
    from bins
    group by column_number
    having min(grid_generation) < max(grid_generation)

),

-- 2. A column of one grid: a cell is a bin.
cells as (

    select
        bins.column_number,
        bins.bin,
        bins.lower_edge,
        bins.upper_edge,
        cast(row_number() over (partition by bins.column_number order by bins.bin) as integer) as cell,
        lead(bins.lower_edge) over (partition by bins.column_number order by bins.bin) as next_edge
    from bins
    left join mixed_columns
        on bins.column_number = mixed_columns.column_number
    where mixed_columns.column_number is null

),

filled_cells as (

    select
        cells.column_number,
        present_counts.period_number,
        cells.cell,
        coalesce(counted_bins.row_count, 0) as row_count,
        coalesce(counted_bins.value_sum, 0) as value_sum,
        counted_bins.minimum,
        counted_bins.maximum
    from cells
    inner join present_counts
        on cells.column_number = present_counts.column_number
    left join counted_bins
        on cells.column_number = counted_bins.column_number
        and cells.bin = counted_bins.bin
        and present_counts.period_number = counted_bins.period_number

),

-- ranks run on from period to period, so that the rows of a column end up together, where those that compare them find them faster
cumulative_cells as (

    select
        column_number,
        period_number,
        cell,
        row_count,
        value_sum,
        minimum,
        maximum,
        sum(row_count) over (partition by column_number order by period_number, cell rows unbounded preceding) as running_count
    from filled_cells

),

period_totals as (

    select
        column_number,
        period_number,
        present_count,
        sum(present_count) over (partition by column_number order by period_number rows unbounded preceding) - present_count as earlier_count
    from present_counts

),

-- edges and totals come back only now, since a window carries along what it is given
single_grid_cells as (

    select
        cumulative_cells.column_number,
        cumulative_cells.period_number,
        cumulative_cells.cell,
        cells.lower_edge,
        cells.upper_edge,
        coalesce(cells.next_edge, cells.upper_edge) as next_edge,
        cells.upper_edge - cells.lower_edge as width,
        cumulative_cells.row_count,
        period_totals.present_count,
        cumulative_cells.minimum,
        cumulative_cells.maximum,
        (cumulative_cells.running_count - period_totals.earlier_count - cumulative_cells.row_count) / period_totals.present_count as share_before,
        (cumulative_cells.running_count - period_totals.earlier_count) / period_totals.present_count as share_to,
        cumulative_cells.value_sum - cumulative_cells.row_count * cells.lower_edge as excess_sum
    from cumulative_cells
    inner join cells
        on cumulative_cells.column_number = cells.column_number
        and cumulative_cells.cell = cells.cell
    inner join period_totals
        on cumulative_cells.column_number = period_totals.column_number
        and cumulative_cells.period_number = period_totals.period_number

),

-- 3. A column of several grids: cells are the points where a bin of any grid begins or ends, and what lies between them;
-- the rows of a bin are spread evenly over it.
edges as (

    select bins.column_number, bins.lower_edge as edge
    from bins
    inner join mixed_columns
        on bins.column_number = mixed_columns.column_number

    union

    select bins.column_number, bins.upper_edge as edge
    from bins
    inner join mixed_columns
        on bins.column_number = mixed_columns.column_number

),

neighbouring_edges as (

    select
        column_number,
        edge,
        lead(edge) over (partition by column_number order by edge) as next_edge,
        2 * cast(row_number() over (partition by column_number order by edge) as integer) as edge_number
    from edges

),

elementary_cells as (

    select column_number, edge_number as cell, edge as lower_edge, edge as upper_edge, edge as next_edge
    from neighbouring_edges

    union all

    select column_number, edge_number + 1 as cell, edge as lower_edge, next_edge as upper_edge, next_edge
    from neighbouring_edges
    where next_edge is not null

),

parts_of_bins as (

    select
        bins.column_number,
        bins.grid_generation,
        bins.bin,
        elementary_cells.cell,
        case when bins.lower_edge = bins.upper_edge then 1e0
            else (elementary_cells.upper_edge - elementary_cells.lower_edge) / (bins.upper_edge - bins.lower_edge)
        end as share,
        elementary_cells.cell = min(elementary_cells.cell) over (partition by bins.column_number, bins.grid_generation, bins.bin) as is_first,
        elementary_cells.cell = max(elementary_cells.cell) over (partition by bins.column_number, bins.grid_generation, bins.bin) as is_last
    from bins
    inner join elementary_cells
        on bins.column_number = elementary_cells.column_number
        and bins.lower_edge <= elementary_cells.lower_edge
        and bins.upper_edge >= elementary_cells.upper_edge
        and (bins.lower_edge = bins.upper_edge or elementary_cells.lower_edge < elementary_cells.upper_edge)

),

spread_bins as (

    select
        counted_bins.column_number,
        counted_bins.period_number,
        parts_of_bins.cell,
        sum(counted_bins.row_count * parts_of_bins.share) as row_count,
        sum(case when parts_of_bins.is_first then counted_bins.row_count else 0 end) as begun_count,
        sum(case when parts_of_bins.is_last then counted_bins.row_count else 0 end) as ended_count
    from counted_bins
    inner join parts_of_bins
        on counted_bins.column_number = parts_of_bins.column_number
        and counted_bins.grid_generation = parts_of_bins.grid_generation
        and counted_bins.bin = parts_of_bins.bin
    group by 1, 2, 3

),

filled_elementary_cells as (

    select
        elementary_cells.column_number,
        present_counts.period_number,
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
    left join spread_bins
        on elementary_cells.column_number = spread_bins.column_number
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
    window in_order as (partition by column_number, period_number order by cell rows unbounded preceding)

)

select
    column_number,
    period_number,
    cell,
    false as is_mixed,
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
    cast(null as double precision) as lowest_share_before,
    cast(null as double precision) as highest_share_to,
    cast(null as double precision) as lowest_share_to
from single_grid_cells

union all

select
    column_number,
    period_number,
    cell,
    true as is_mixed,
    lower_edge,
    upper_edge,
    next_edge,
    row_count,
    row_count / present_count as share,
    cast(null as double precision) as minimum,
    cast(null as double precision) as maximum,
    (rank_to - row_count) / present_count as share_before,
    rank_to / present_count as share_to,
    cast(null as double precision) as area,
    (ended_to - ended_count) / present_count as lowest_share_before,
    begun_to / present_count as highest_share_to,
    ended_to / present_count as lowest_share_to
from cumulative_elementary_cells
