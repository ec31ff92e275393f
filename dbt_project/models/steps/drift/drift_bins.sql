{{ config(enabled='drift' in data_health.parts_on(), materialized='ephemeral') }}
{#- a part of the statement of drift_quantile_groups: written down, these are more bytes than all that is made of them #}
with compared_columns as (

    select column_number, monitor, segment_column, segment_value, column_name
    from {{ ref('drift_columns') }}
    where has_comparable_values
        and kind in ('numeric', 'timestamp', 'text')

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
        drift_periods.stored_period_key,
        count(*) over (partition by compared_periods.period_number) as part_count
    from (select * from {{ ref('drift_periods') }}) as drift_periods
    inner join compared_periods
        on drift_periods.dataset_period_key = compared_periods.dataset_period_key

),

distributions as (

    select
        period_key, monitor, column_name, segment_column, segment_value, grid_generation, bin_type, bin_width, bin, row_count, value_sum,
        centre, minimum, maximum
    from {{ ref('named_distributions') }}

),

widths_of_comparisons as (

    select column_number, period_number, reference_number, bin_width
    from {{ ref('drift_bin_widths') }}

),

-- a large period that is compared with a small one is there in the bins of both
wanted_widths as (

    select column_number, period_number, bin_width from widths_of_comparisons
    union
    select column_number, reference_number as period_number, bin_width from widths_of_comparisons

),

-- numbers stand for names, because grouping by one number costs a fraction of it
stored_bins as (

    select
        compared_columns.column_number,
        stored_periods.period_number,
        wanted_widths.bin_width,
        case when stored_periods.part_count > 1 or wanted_widths.bin_width > distributions.bin_width then 1 else 0 end as is_part,
        distributions.grid_generation,
        distributions.bin,
        cast(distributions.row_count as double precision) as row_count,
        distributions.value_sum,
        distributions.centre,
        distributions.minimum,
        distributions.maximum
    from distributions
    inner join stored_periods
        on distributions.period_key = stored_periods.stored_period_key
    inner join compared_columns
        on distributions.monitor = compared_columns.monitor
        and distributions.segment_column = compared_columns.segment_column
        and coalesce(distributions.segment_value, '(null)') = coalesce(compared_columns.segment_value, '(null)')
        and distributions.column_name = compared_columns.column_name
    inner join wanted_widths
        on compared_columns.column_number = wanted_widths.column_number
        and stored_periods.period_number = wanted_widths.period_number
    where distributions.bin_type in ('bin', 'length')

),

-- most are those of one stored period, and need not be added up
summed_bins as (

    select column_number, period_number, bin_width, grid_generation, bin, row_count, value_sum, centre, minimum, maximum
    from stored_bins
    where is_part = 0

    union all

    select
        column_number,
        period_number,
        bin_width,
        grid_generation,
        {{ data_health.engine_sql('coarse_bin', 'bin', 'bin_width') }} as bin,
        sum(row_count) as row_count,
        sum(value_sum) as value_sum,
        max(centre) as centre,
        min(minimum) as minimum,
        max(maximum) as maximum
    from stored_bins
    where is_part = 1
    group by 1, 2, 3, 4, 5

)

select
    column_number,
    period_number,
    bin_width,
    grid_generation,
    bin,
    row_count,
    -- of distances from the centre; beyond 1e50 sums are not what they were of, and no distance is shown
    value_sum,
    centre,
    greatest(minimum, -1e50) as minimum,
    least(maximum, 1e50) as maximum
from summed_bins
