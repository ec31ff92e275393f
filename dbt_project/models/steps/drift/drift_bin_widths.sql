{{ config(enabled='drift' in data_health.parts_on(), materialized='ephemeral') }}
{#- How wide the bins are in which a period and its reference are compared: as wide as those of the side with fewer rows. #}
with compared_columns as (

    select column_number, monitor, segment_column, segment_value, column_name
    from {{ ref('drift_columns') }}
    where has_comparable_values
        and kind in ('numeric', 'timestamp', 'text')

),

comparisons as (

    select comparison_number, dataset_period_key, period_number, reference_period_key, reference_number
    from {{ ref('drift_comparisons') }}

),

compared_periods as (

    select dataset_period_key, period_number from comparisons
    union
    select reference_period_key as dataset_period_key, reference_number as period_number from comparisons

),

widths_of_periods as (

    select
        compared_columns.column_number,
        compared_periods.period_number,
        max(column_statistics.bin_width) as bin_width
    from (select * from {{ ref('column_statistics') }}) as column_statistics
    inner join (select * from {{ ref('drift_periods') }}) as drift_periods
        on column_statistics.period_key = drift_periods.stored_period_key
    inner join compared_periods
        on drift_periods.dataset_period_key = compared_periods.dataset_period_key
    inner join compared_columns
        on column_statistics.monitor = compared_columns.monitor
        and column_statistics.column_name = compared_columns.column_name
        and column_statistics.segment_column = compared_columns.segment_column
        and coalesce(column_statistics.segment_value, '(null)') = coalesce(compared_columns.segment_value, '(null)')
    group by compared_columns.column_number, compared_periods.period_number

)

select
    comparisons.comparison_number,
    current_widths.column_number,
    comparisons.period_number,
    comparisons.reference_number,
    greatest(current_widths.bin_width, reference_widths.bin_width) as bin_width
from comparisons
inner join widths_of_periods as current_widths
    on comparisons.period_number = current_widths.period_number
inner join widths_of_periods as reference_widths
    on comparisons.reference_number = reference_widths.period_number
    and current_widths.column_number = reference_widths.column_number
