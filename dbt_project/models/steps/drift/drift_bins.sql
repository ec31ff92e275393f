{{ config(enabled=data_health.part_is_on('drift'), materialized='ephemeral') }}
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
        dataset_periods.stored_period_key,
        count(*) over (partition by compared_periods.period_number) as part_count
    from (select * from {{ ref('dataset_periods') }}) as dataset_periods
    inner join compared_periods
        on dataset_periods.dataset_period_key = compared_periods.dataset_period_key

),

-- numbers stand for names, because grouping by one number costs a fraction of it
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

)

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
