{{ config(enabled='drift' in data_health.parts_on(), materialized='ephemeral') }}
{#- What is in every column of a comparison, beside the same column of the reference. #}
with comparisons as (

    select comparison_number, monitor, period_start, reference_dataset, reference_start
    from {{ ref('drift_comparisons') }}
    where window_periods is null

),

compared_columns as (

    select column_number, monitor, segment_column, segment_value, column_name, role, kind
    from {{ ref('drift_columns') }}

),

profiles as (

    select
        monitor,
        dataset,
        coalesce(period_start, cast('0001-01-01' as date)) as period_start,
        segment_column,
        coalesce(segment_value, '(null)') as segment_value,
        column_name,
        cast(row_count as double precision) as row_count,
        cast(null_count as double precision) as null_count,
        round(row_count * (1 - coalesce(nan_share, 0) - coalesce(infinity_share, 0))) - null_count as finite_count,
        round(row_count * zero_share) as zero_count,
        round(row_count * sentinel_share) as sentinel_count,
        round(row_count * whole_share) as whole_count,
        round(row_count * tenths_share) as tenths_count,
        mean_from_centre as mean,
        standard_deviation
    from {{ ref('health_profile') }}

)

select
    comparisons.comparison_number,
    compared_columns.column_number,
    compared_columns.role,
    -- sums of values beyond 1e50 are not what they were of, and a mean is null then too; a text has no mean, but its lengths have sums
    compared_columns.kind = 'text' or (profiles.mean is not null and reference_profiles.mean is not null) as has_sums,
    reference_profiles.row_count as reference_row_count,
    profiles.row_count,
    reference_profiles.null_count as reference_null_count,
    profiles.null_count,
    {%- for statistic in ['finite', 'zero', 'sentinel', 'whole', 'tenths'] %}
    reference_profiles.{{ statistic }}_count as reference_{{ statistic }}_count,
    profiles.{{ statistic }}_count,
    {%- endfor %}
    2 * (reference_profiles.null_count + profiles.null_count) > reference_profiles.row_count + profiles.row_count as has_more_nulls,
    reference_profiles.mean as reference_mean,
    profiles.mean,
    reference_profiles.standard_deviation as reference_standard_deviation,
    profiles.standard_deviation
from comparisons
inner join compared_columns
    on comparisons.monitor = compared_columns.monitor
inner join profiles
    on comparisons.monitor = profiles.monitor
    and profiles.dataset = 'production'
    and comparisons.period_start = profiles.period_start
    and compared_columns.segment_column = profiles.segment_column
    and coalesce(compared_columns.segment_value, '(null)') = profiles.segment_value
    and compared_columns.column_name = profiles.column_name
left join profiles as reference_profiles
    on comparisons.monitor = reference_profiles.monitor
    and comparisons.reference_dataset = reference_profiles.dataset
    and coalesce(comparisons.reference_start, cast('0001-01-01' as date)) = reference_profiles.period_start
    and compared_columns.segment_column = reference_profiles.segment_column
    and coalesce(compared_columns.segment_value, '(null)') = reference_profiles.segment_value
    and compared_columns.column_name = reference_profiles.column_name
