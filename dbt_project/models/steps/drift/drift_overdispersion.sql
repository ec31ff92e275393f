{{ config(enabled='drift' in data_health.parts_on(), materialized='ephemeral') }}
-- How much more than chance alone would make them the periods of a reference differ from one to the next.
with comparisons as (

    select comparison_number, monitor, reference, period_start, reference_start, reference_end
    from {{ ref('drift_comparisons') }}
    where window_periods is null

),

measures as (

    select comparison_number, column_number, pooled_chi_square, pooled_group_count
    from {{ ref('drift_measures') }}

),

numbered_periods as (

    select
        comparison_number,
        monitor,
        period_start,
        reference_start as previous_start,
        row_number() over (partition by monitor order by period_start nulls last) as rank
    from comparisons
    where reference = '(previous period)'

),

differences_of_neighbours as (

    select
        numbered_periods.monitor,
        numbered_periods.rank,
        numbered_periods.period_start,
        numbered_periods.previous_start,
        measures.column_number,
        measures.pooled_chi_square / (measures.pooled_group_count - 1) as ratio
    from numbered_periods
    inner join measures
        on numbered_periods.comparison_number = measures.comparison_number
    where measures.pooled_group_count > 1

),

-- every period is compared with the same window, so that its neighbours are looked at once
windows as (

    select
        monitor,
        reference,
        reference_start,
        reference_end,
        min(comparison_number) as comparison_number
    from comparisons
    where reference <> '(previous period)'
    group by monitor, reference, reference_start, reference_end

),

-- a period that is compared with the one before has no window: there the neighbours before it count, the newest 24; a window tells what it
-- has, be it two periods
neighbours as (

    select
        windows.comparison_number,
        1 as least_pairs,
        differences_of_neighbours.column_number,
        differences_of_neighbours.ratio
    from windows
    inner join differences_of_neighbours
        on windows.monitor = differences_of_neighbours.monitor
        and differences_of_neighbours.period_start < windows.reference_end
        and differences_of_neighbours.previous_start >= windows.reference_start

    union all

    select
        numbered_periods.comparison_number,
        8 as least_pairs,
        differences_of_neighbours.column_number,
        differences_of_neighbours.ratio
    from numbered_periods
    inner join differences_of_neighbours
        on numbered_periods.monitor = differences_of_neighbours.monitor
        and differences_of_neighbours.rank between numbered_periods.rank - 24 and numbered_periods.rank - 1

),

ranked_neighbours as (

    select
        comparison_number,
        column_number,
        ratio,
        least_pairs,
        row_number() over (partition by comparison_number, column_number order by ratio nulls last) as ratio_rank,
        count(*) over (partition by comparison_number, column_number) as pair_count
    from neighbours

),

medians as (

    select
        comparison_number,
        column_number,
        max(pair_count) as overdispersion_pairs,
        greatest(avg(ratio), 1e0) as overdispersion
    from ranked_neighbours
    where pair_count >= least_pairs
        -- the one or two in the middle
        and 2 * ratio_rank between pair_count and pair_count + 2
    group by comparison_number, column_number

)

select
    comparisons.comparison_number,
    medians.column_number,
    medians.overdispersion_pairs,
    medians.overdispersion
from comparisons
inner join windows
    on comparisons.monitor = windows.monitor
    and comparisons.reference = windows.reference
    and comparisons.reference_start = windows.reference_start
    and comparisons.reference_end = windows.reference_end
inner join medians
    on windows.comparison_number = medians.comparison_number

union all

select
    numbered_periods.comparison_number,
    medians.column_number,
    medians.overdispersion_pairs,
    medians.overdispersion
from numbered_periods
inner join medians
    on numbered_periods.comparison_number = medians.comparison_number
