{{ config(enabled='coverage' in data_health.parts_on()) }}
{%- do data_health.begin_model() %}
with settings as (

    select monitor, warn_threshold, alert_threshold, minimum_rows
    from {{ ref('monitor_settings') }}
    where part = 'coverage'

),

comparisons as (

    select comparison_number, monitor, reference, period_start, period_end, is_latest
    from {{ ref('drift_comparisons') }}
    where reference <> '(previous period)'
        and window_periods is null

),

features as (

    select column_number, segment_column, segment_value, column_name, role, kind
    from {{ ref('drift_columns') }}
    where role in ('feature', 'subgroup')
        and kind in ('numeric', 'categorical', 'boolean')

),

shown_columns as (

    select monitor, name as column_name
    from {{ ref('health_monitors') }}
    where subject = 'column'
        and is_value_shown

),

measures as (

    select
        comparison_number,
        column_number,
        reference_row_count,
        row_count,
        reference_null_count,
        null_count,
        coalesce(reference_row_count - reference_null_count, 0) as reference_value_count,
        row_count - null_count as value_count,
        outside_count,
        partly_outside_count,
        is_mixed
    from {{ ref('drift_measures') }}

),

counts as (

    select
        comparison_number,
        column_number,
        reference_bin_count,
        singleton_count,
        doubleton_count,
        unseen_count,
        barely_seen_count,
        current_singleton_count,
        absent_bin_count,
        absent_count,
        outside_infinity_count,
        unseen_category,
        is_uncut,
        has_hidden_categories
    from {{ ref('coverage_counts') }}

),

-- 1. What can be said of each feature: shares of the rows that have a value.
described_features as (

    select
        comparisons.comparison_number,
        comparisons.monitor,
        comparisons.reference,
        comparisons.period_start,
        comparisons.period_end,
        comparisons.is_latest,
        features.segment_column,
        features.segment_value,
        features.column_name,
        features.role,
        features.kind,
        settings.warn_threshold,
        settings.alert_threshold,
        settings.minimum_rows,
        shown_columns.column_name is not null as is_value_shown,
        measures.reference_row_count,
        measures.row_count,
        measures.reference_null_count,
        measures.null_count,
        measures.reference_value_count,
        measures.value_count,
        case
            when measures.reference_row_count is null then 'not in the reference'
            when coalesce(counts.is_uncut, true)
                or measures.reference_value_count < settings.minimum_rows
                or measures.value_count < settings.minimum_rows then 'too few rows'
            when counts.has_hidden_categories then 'rare categories are counted together'
            when measures.is_mixed then 'counted with other fitted bins'
        end as gap_in_data,
        counts.reference_bin_count,
        counts.singleton_count,
        counts.doubleton_count,
        counts.unseen_count,
        counts.barely_seen_count,
        counts.current_singleton_count,
        counts.absent_bin_count,
        counts.absent_count,
        counts.unseen_category,
        -- of texts that are categories there is no range
        case when features.kind = 'numeric' and not counts.is_uncut
            then measures.outside_count + counts.outside_infinity_count end as outside_count,
        case when features.kind = 'numeric' and not counts.is_uncut
            then measures.partly_outside_count + counts.outside_infinity_count end as outside_count_upper
    from measures
    inner join comparisons
        on measures.comparison_number = comparisons.comparison_number
    inner join settings
        on comparisons.monitor = settings.monitor
    inner join features
        on measures.column_number = features.column_number
    left join counts
        on measures.comparison_number = counts.comparison_number
        and measures.column_number = counts.column_number
    left join shown_columns
        on comparisons.monitor = shown_columns.monitor
        and features.column_name = shown_columns.column_name

),

shares as (

    select
        described_features.*,
        outside_count / nullif(value_count, 0) as out_of_range_share,
        outside_count_upper / nullif(value_count, 0) as out_of_range_share_upper,
        case when gap_in_data is null then unseen_count / value_count end as unseen_share,
        case when gap_in_data is null then barely_seen_count / value_count end as barely_seen_share,
        case when gap_in_data is null then singleton_count / reference_value_count end as expected_unseen_share,
        case when gap_in_data is null then absent_count / reference_value_count end as absent_share,
        case when gap_in_data is null then current_singleton_count / value_count end as expected_absent_share,
        -- as many rows of a period lie beyond the smallest and largest of n values
        2 / (reference_value_count + 1) as expected_out_of_range_share
    from described_features

),

-- 2. How far observed and expected shares lie apart by chance. Of a normal deviate Chernoff's bound says that it exceeds
-- sqrt(2 ln(100 T)) once in 100 T times, so that of T features and segments one does in a hundred periods.
errors as (

    select
        shares.*,
        sqrt(2 * ln(100e0 * count(*) over (partition by comparison_number))) as tolerated_errors,
        unseen_share - expected_unseen_share as excess_unseen_share,
        sqrt(expected_unseen_share * (1 - expected_unseen_share) / nullif(value_count, 0)
            + (singleton_count + 2 * doubleton_count) / nullif(reference_value_count * reference_value_count, 0)) as standard_error,
        out_of_range_share - expected_out_of_range_share as excess_out_of_range_share,
        sqrt(expected_out_of_range_share * (1 - expected_out_of_range_share) / nullif(value_count, 0)
            + 2 / nullif(reference_value_count * reference_value_count, 0)) as out_of_range_error,
        -- of few rows the formulas know too little: were nothing new in the period, as many would be unseen in both
        sqrt((unseen_count + singleton_count) / nullif(value_count * reference_value_count, 0)) as pooled_error,
        sqrt((out_of_range_share * value_count + 2) / nullif(value_count * reference_value_count, 0)) as pooled_out_of_range_error,
        -- three rows of either side are never enough
        greatest(3 / nullif(value_count, 0), 3 / nullif(reference_value_count, 0)) as least_excess
    from shares

),

-- 3. The judgement: certain, and large.
judged_shares as (

    select
        errors.*,
        expected_unseen_share
            + greatest(tolerated_errors * standard_error, tolerated_errors * pooled_error, least_excess) as expected_unseen_share_upper,
        case
            when gap_in_data is not null
                or excess_unseen_share <= greatest(tolerated_errors * standard_error, tolerated_errors * pooled_error, least_excess) then 0
            when excess_unseen_share > alert_threshold then 2
            when excess_unseen_share > warn_threshold then 1
            else 0
        end as unseen_level,
        case
            when out_of_range_share is null
                or gap_in_data in ('not in the reference', 'too few rows')
                or excess_out_of_range_share <= greatest(
                    tolerated_errors * out_of_range_error, tolerated_errors * pooled_out_of_range_error, least_excess
                ) then 0
            when excess_out_of_range_share > alert_threshold then 2
            when excess_out_of_range_share > warn_threshold then 1
            else 0
        end as range_level
    from errors

)

select
    monitor,
    period_start,
    period_end,
    is_latest,
    segment_column,
    segment_value,
    reference,
    column_name,
    role,
    kind,
    reference_row_count,
    row_count,
    cast(reference_value_count as bigint) as reference_value_count,
    cast(value_count as bigint) as value_count,
    reference_null_count / nullif(cast(reference_row_count as double precision), 0) as reference_null_share,
    null_count / nullif(cast(row_count as double precision), 0) as null_share,
    reference_null_count = 0 and null_count > 0 as is_null_unseen,
    out_of_range_share,
    out_of_range_share_upper,
    case when gap_in_data is null then cast(unseen_count as bigint) end as unseen_count,
    unseen_share,
    expected_unseen_share,
    standard_error,
    expected_unseen_share_upper,
    excess_unseen_share,
    case when is_value_shown and gap_in_data is null then unseen_category end as unseen_category,
    barely_seen_share,
    case when gap_in_data is null then reference_bin_count end as reference_bin_count,
    case when gap_in_data is null then singleton_count end as singleton_count,
    case when gap_in_data is null then absent_bin_count end as absent_bin_count,
    absent_share,
    expected_absent_share,
    warn_threshold,
    alert_threshold,
    case
        when greatest(unseen_level, range_level) = 2 then 'alert'
        when greatest(unseen_level, range_level) = 1 then 'warn'
        when gap_in_data is not null then 'insufficient_data'
        else 'ok'
    end as status,
    case
        when unseen_level > 0 and unseen_level >= range_level then 'values that the reference never saw'
        when range_level > 0 then 'out of range'
        else gap_in_data
    end as reason,
    {{ data_health.run_time() }} as built_at
from judged_shares
