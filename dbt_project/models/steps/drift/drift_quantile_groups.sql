{{ config(enabled='drift' in data_health.parts_on()) }}
{%- do data_health.begin_model() %}
{%- set state = data_health.state_of_inputs() %}
{#- of a column of one grid distances are bounded by what a cell knows, of several grids by where bins may lie #}
{%- if state.is_unchanged %}
{{ state.unchanged_rows }}
{%- else %}
with settings as (

    select monitor, barely_seen_below
    from {{ ref('monitor_settings') }}
    where part = 'coverage'

),

drift_comparisons as (

    select comparison_number, monitor
    from {{ ref('drift_comparisons') }}

),

comparisons as (

    select
        drift_comparisons.comparison_number,
        settings.barely_seen_below
    from drift_comparisons
    left join settings
        on drift_comparisons.monitor = settings.monitor

),

bin_widths as (

    select comparison_number, column_number, period_number, reference_number, bin_width
    from {{ ref('drift_bin_widths') }}

),

value_counts as (

    select column_number, period_number, bin_width, present_count, is_of_few
    from {{ ref('drift_value_counts') }}

),

distances as (

    select
        comparison_number, column_number, reference_rank, tail, reference_count, row_count, p, q, smallest_difference, largest_difference,
        smallest_area, largest_area, outside_count, is_partly_outside, is_of_bins, unseen_value, 0 as is_mixed
    from {{ ref('drift_cell_distances') }}

    union all

    -- rows that are spread over cells are no count of any
    select
        comparison_number, column_number, reference_rank, cast(null as integer) as tail, reference_count, row_count, p, q,
        smallest_difference, largest_difference, smallest_area, largest_area, outside_count, is_partly_outside, is_of_bins, unseen_value,
        1 as is_mixed
    from {{ ref('drift_mixed_distances') }}

),

compared_counts as (

    select
        bin_widths.comparison_number,
        bin_widths.column_number,
        bin_widths.reference_number,
        bin_widths.bin_width,
        comparisons.barely_seen_below,
        reference_counts.present_count as reference_total,
        current_counts.present_count as total,
        reference_counts.is_of_few or current_counts.is_of_few as is_of_few
    from bin_widths
    inner join comparisons
        on bin_widths.comparison_number = comparisons.comparison_number
    inner join value_counts as reference_counts
        on bin_widths.reference_number = reference_counts.period_number
        and bin_widths.column_number = reference_counts.column_number
        and bin_widths.bin_width = reference_counts.bin_width
    inner join value_counts as current_counts
        on bin_widths.period_number = current_counts.period_number
        and bin_widths.column_number = current_counts.column_number
        and bin_widths.bin_width = current_counts.bin_width

),

-- how much the distribution function of a reference varies by chance
all_cells as (

    select column_number, period_number, bin_width, upper_edge - lower_edge as width, next_edge - upper_edge as gap, share_to, area
    from {{ ref('drift_cells') }}

    union all

    select
        column_number,
        period_number,
        bin_width,
        upper_edge - lower_edge as width,
        next_edge - upper_edge as gap,
        share_to,
        (upper_edge - lower_edge) * (share_before + share_to) / 2 as area
    from {{ ref('drift_mixed_cells') }}

),

reference_deviations as (

    select
        column_number,
        period_number,
        bin_width,
        -- taken at the mean of the function in the cell: in a tail the cell is wide, and the function near 0 or 1 for most of it
        sum(sqrt(greatest(area * (width - area), 0e0)) + gap * sqrt(greatest(share_to * (1 - share_to), 0e0))) as deviation_area
    from all_cells
    group by column_number, period_number, bin_width

),

-- the value that most rows have of those that the reference lacks
unseen_values as (

    select
        comparison_number,
        column_number,
        cast(least(floor(10 * reference_rank), 9) as bigint) as group_number,
        unseen_value,
        row_number() over (partition by comparison_number, column_number order by row_count desc nulls last, unseen_value) as rank
    from distances
    where unseen_value is not null
        and row_count > 0

),

-- by tenths of the reference
numeric_groups as (

    select
        distances.comparison_number,
        distances.column_number,
        cast(least(floor(10 * reference_rank), 9) as bigint) as group_number,
        sum(reference_count) as reference_count,
        sum(row_count) as row_count,
        max(smallest_difference) as smallest_difference,
        max(largest_difference) as largest_difference,
        sum(smallest_area) as smallest_area,
        sum(largest_area) as largest_area,
        {{ data_health.drift_metrics()['jensen_shannon_divergence_of_fine_bins'].formula }} as fine_divergence,
        sum(outside_count) as outside_count,
        sum(case when is_partly_outside then row_count else 0 end) as partly_outside_count,
        max(is_mixed) as is_mixed,
        max(case when is_of_bins then 1 else 0 end) as is_of_bins,
        -- what of each side the other has
        count(case when reference_count > 0 then 1 end) as reference_cell_count,
        count(case when reference_count = 1 then 1 end) as reference_singleton_count,
        count(case when reference_count = 2 then 1 end) as reference_doubleton_count,
        count(case when row_count = 1 then 1 end) as singleton_count,
        count(case when reference_count > 0 and row_count = 0 then 1 end) as absent_cell_count,
        sum(case when row_count = 0 then reference_count else 0 end) as absent_count,
        sum(case when reference_count = 0 then row_count else 0 end) as unseen_count,
        sum(case when reference_count > 0 and reference_count < barely_seen_below then row_count else 0 end) as barely_seen_count,
        -- the cell whose share changes most, and the least likely change of one: Chernoff's bound
        count(case when tail is not null and reference_count + row_count > 0 then 1 end) as compared_cell_count,
        max(case when tail is not null then abs({{ data_health.arcsine_share('least(q, 1e0)') }}
            - {{ data_health.arcsine_share('least(p, 1e0)') }}) end) as bin_share_cohens_h,
        max(
            case when tail is null then null
                when row_count > 0
                    then row_count * ln(row_count * (reference_total + total) / ((reference_count + row_count) * total))
                else 0 end
            + case when reference_count > 0
                then reference_count * ln(reference_count * (reference_total + total) / ((reference_count + row_count) * reference_total))
                else 0 end
        ) as bin_exponent,
        sum(case tail when -1 then reference_count when 0 then 0 when 1 then 0 end) as reference_low_count,
        sum(case tail when -1 then row_count when 0 then 0 when 1 then 0 end) as low_count,
        sum(case tail when 1 then reference_count when 0 then 0 when -1 then 0 end) as reference_high_count,
        sum(case tail when 1 then row_count when 0 then 0 when -1 then 0 end) as high_count
    from distances
    inner join compared_counts
        on distances.comparison_number = compared_counts.comparison_number
        and distances.column_number = compared_counts.column_number
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
    numeric_groups.is_of_bins = 1 as is_of_bins,
    numeric_groups.reference_cell_count,
    numeric_groups.reference_singleton_count,
    numeric_groups.reference_doubleton_count,
    numeric_groups.singleton_count,
    numeric_groups.absent_cell_count,
    unseen_values.unseen_value,
    cast(numeric_groups.absent_count as double precision) as absent_count,
    cast(numeric_groups.unseen_count as double precision) as unseen_count,
    cast(numeric_groups.barely_seen_count as double precision) as barely_seen_count,
    -- too few to be compared alone; a window adds them up
    compared_counts.is_of_few,
    numeric_groups.compared_cell_count,
    numeric_groups.bin_share_cohens_h,
    numeric_groups.bin_exponent,
    {%- for count in ['reference_low', 'low', 'reference_high', 'high'] %}
    cast(numeric_groups.{{ count }}_count as double precision) as {{ count }}_count,
    {%- endfor %}
    '{{ state.computed_from }}' as computed_from
from numeric_groups
inner join compared_counts
    on numeric_groups.comparison_number = compared_counts.comparison_number
    and numeric_groups.column_number = compared_counts.column_number
inner join reference_deviations
    on compared_counts.reference_number = reference_deviations.period_number
    and compared_counts.bin_width = reference_deviations.bin_width
    and numeric_groups.column_number = reference_deviations.column_number
left join unseen_values
    on numeric_groups.comparison_number = unseen_values.comparison_number
    and numeric_groups.column_number = unseen_values.column_number
    and numeric_groups.group_number = unseen_values.group_number
    and unseen_values.rank = 1
{%- endif %}
