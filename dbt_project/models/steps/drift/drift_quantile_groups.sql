{{ config(enabled=data_health.part_is_on('drift')) }}
{%- do data_health.begin_model() %}
{#- of a column of one grid distances are bounded by what a cell knows, of several grids by where bins may lie #}
with settings as (

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
        settings.barely_seen_below
    from drift_comparisons
    left join settings
        on drift_comparisons.monitor = settings.monitor

),

distances as (

    select
        comparison_number, column_number, f_before, reference_count, row_count, p, q, smallest_difference, largest_difference,
        smallest_area, largest_area, is_outside, is_partly_outside, 0 as is_mixed
    from {{ ref('drift_cell_distances') }}

    union all

    select
        comparison_number, column_number, f_before, reference_count, row_count, p, q, smallest_difference, largest_difference,
        smallest_area, largest_area, is_outside, is_partly_outside, 1 as is_mixed
    from {{ ref('drift_mixed_distances') }}

),

-- how much the distribution function of a reference varies by chance
all_cells as (

    select column_number, period_number, lower_edge, upper_edge, next_edge, share_before, share_to
    from {{ ref('drift_cells') }}

    union all

    select column_number, period_number, lower_edge, upper_edge, next_edge, share_before, share_to
    from {{ ref('drift_mixed_cells') }}

),

reference_deviations as (

    select
        column_number,
        period_number,
        sum((upper_edge - lower_edge) * sqrt(greatest((share_before + share_to) * (2 - share_before - share_to), 0e0)) / 2
            + (next_edge - upper_edge) * sqrt(greatest(share_to * (1 - share_to), 0e0))) as deviation_area
    from all_cells
    group by column_number, period_number

),

-- by the tenth of the reference in which a cell begins
numeric_groups as (

    select
        distances.comparison_number,
        distances.column_number,
        cast(least(floor(10 * f_before), 9) as bigint) as group_number,
        sum(reference_count) as reference_count,
        sum(row_count) as row_count,
        max(smallest_difference) as smallest_difference,
        max(largest_difference) as largest_difference,
        sum(smallest_area) as smallest_area,
        sum(largest_area) as largest_area,
        {{ data_health.drift_metrics()['jensen_shannon_divergence_of_fine_bins'].formula }} as fine_divergence,
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
    inner join comparisons
        on distances.comparison_number = comparisons.comparison_number
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
    reference_deviations.deviation_area,
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
inner join reference_deviations
    on comparisons.reference_number = reference_deviations.period_number
    and numeric_groups.column_number = reference_deviations.column_number
