{{ config(enabled=data_health.part_is_on('drift')) }}
{%- do data_health.begin_model() %}
with comparisons as (

    select comparison_number, monitor, period_start, reference_dataset, reference_start
    from {{ ref('drift_comparisons') }}

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
        mean,
        standard_deviation
    from {{ ref('health_profile') }}

),

paired_profiles as (

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

),

groups as (

    select comparison_number, column_number, group_type, category, reference_count, row_count
    from {{ ref('drift_groups') }}

),

distances as (

    select
        comparison_number,
        column_number,
        reference_total, total, reference_present_count, present_count, reference_finite_count, finite_count,
        bin_count, present_bin_count, population_stability_index, population_stability_index_unsmoothed,
        kullback_leibler_divergence, jensen_shannon_distance, hellinger_distance, total_variation,
        largest_share_difference, population_stability_index_without_nulls, jensen_shannon_distance_without_nulls,
        hellinger_distance_without_nulls, total_variation_without_nulls, largest_share_difference_without_nulls,
        kolmogorov_smirnov_lower, kolmogorov_smirnov_upper, wasserstein_lower, wasserstein_upper, deviation_area,
        fine_divergence, outside_count, partly_outside_count, is_mixed
    from {{ ref('drift_distances') }}

),

-- 1. Contingency of groups (or single categories) and samples; groups in which fewer than 5 rows are expected are taken together.
expected_groups as (

    select
        groups.comparison_number,
        groups.column_number,
        groups.group_type,
        groups.category,
        groups.reference_count,
        groups.row_count,
        distances.reference_total,
        distances.total,
        distances.reference_present_count as reference_present,
        distances.present_count as present,
        groups.reference_count + groups.row_count as both_count,
        case when groups.group_type <> 'null' and distances.reference_present_count > 0 and distances.present_count > 0
            then least(distances.reference_present_count, distances.present_count) * (groups.reference_count + groups.row_count) / (distances.reference_present_count + distances.present_count) < 5
        end as is_small
    from groups
    inner join distances
        on groups.comparison_number = distances.comparison_number
        and groups.column_number = distances.column_number
    where groups.reference_count + groups.row_count > 0
        and distances.reference_total > 0
        and distances.total > 0

),

contingencies as (

    select
        comparison_number,
        column_number,
        count(*) as group_count,
        max(reference_total + total) as both_total,
        sum(power(reference_count / reference_total - row_count / total, 2) * reference_total * total / both_count) as chi_square,
        sum(case when not is_small then power(reference_count / reference_present - row_count / present, 2) * reference_present * present / both_count else 0 end) as large_chi_square,
        sum(case when not is_small then 1 else 0 end) as large_group_count,
        sum(case when is_small then reference_count else 0 end) as small_reference_count,
        sum(case when is_small then row_count else 0 end) as small_count,
        max(reference_present) as reference_present,
        max(present) as present
    from expected_groups
    group by comparison_number, column_number

),

pooled_contingencies as (

    select
        contingencies.*,
        coalesce(least(reference_present, present) * (small_reference_count + small_count) / nullif(reference_present + present, 0) >= 5, false) as has_pool
    from contingencies

),

-- 2. Single shares: of nulls, of each category, of all categories that the reference does not have.
single_shares as (

    -- of nulls and values those that are fewer; a label that is not there yet is not missing
    select
        comparison_number,
        column_number,
        'null' as subject,
        cast(null as varchar) as category,
        case when has_more_nulls then reference_row_count - reference_null_count else reference_null_count end as reference_count,
        case when has_more_nulls then row_count - null_count else null_count end as row_count,
        reference_row_count as reference_total,
        row_count as total
    from paired_profiles
    where role <> 'label'
        and reference_row_count is not null

    union all

    select
        comparison_number,
        column_number,
        'category' as subject,
        category,
        reference_count,
        row_count,
        reference_present as reference_total,
        present as total
    from expected_groups
    where group_type not in ('quantiles', 'uncut', 'null')

    union all

    -- all values that the reference lacks: of a sample as much is missing as it has values that occur once (Good and Turing)
    select
        comparison_number,
        column_number,
        'category' as subject,
        cast(null as varchar) as category,
        sum(case when reference_count = 1 then 1e0 else 0e0 end) as reference_count,
        sum(case when reference_count = 0 then row_count else 0 end) as row_count,
        max(reference_present) as reference_total,
        max(present) as total
    from expected_groups
    where group_type in ('value', 'other')
    group by comparison_number, column_number
    having count(case when reference_count = 0 then 1 end) > 1

),

tested_shares as (

    select
        comparison_number,
        column_number,
        subject,
        category,
        abs(2 * asin(sqrt(least(row_count / total, 1e0))) - 2 * asin(sqrt(least(reference_count / reference_total, 1e0)))) as h,
        (reference_count + row_count) / (reference_total + total) as pooled_share,
        case when least(reference_total, total) * (reference_count + row_count) / (reference_total + total) >= 5
            and least(reference_total, total) * (1 - (reference_count + row_count) / (reference_total + total)) >= 5
            then 1 else 0
        end as is_large,
        power(row_count / total - reference_count / reference_total, 2) / (1 / reference_total + 1 / total) as scaled_square,
        -- exponent of Chernoff's bound: how unlikely it is that so many of these rows, which are few, fall to one of the samples
        case when row_count > 0 then row_count * ln(row_count * (reference_total + total) / ((reference_count + row_count) * total)) else 0 end
            + case when reference_count > 0 then reference_count * ln(reference_count * (reference_total + total) / ((reference_count + row_count) * reference_total)) else 0 end
            as exponent
    from single_shares
    where reference_total > 0
        and total > 0

),

share_tests as (

    select
        comparison_number,
        column_number,
        subject,
        max(h) as h,
        count(*) as test_count,
        max(case when is_large = 1 then scaled_square / (pooled_share * (1 - pooled_share)) end) as squared_deviate,
        max(case when is_large = 0 and pooled_share > 0 then exponent end) as exponent
    from tested_shares
    group by comparison_number, column_number, subject

),

-- the category that changes most
changed_categories as (

    select
        tested_shares.comparison_number,
        tested_shares.column_number,
        min(tested_shares.category) as category
    from tested_shares
    inner join share_tests
        on tested_shares.comparison_number = share_tests.comparison_number
        and tested_shares.column_number = share_tests.column_number
        and tested_shares.subject = share_tests.subject
        and tested_shares.h = share_tests.h
    where tested_shares.subject = 'category'
    group by tested_shares.comparison_number, tested_shares.column_number

),

unseen_values as (

    select
        comparison_number,
        column_number,
        sum(case when reference_count = 0 then row_count else 0 end) as unseen_count
    from groups
    where group_type in ('value', 'other')
    group by comparison_number, column_number

)

select
    paired_profiles.comparison_number,
    paired_profiles.column_number,
    cast(case when paired_profiles.role = 'label' then paired_profiles.reference_row_count - paired_profiles.reference_null_count else paired_profiles.reference_row_count end as bigint) as reference_row_count,
    cast(case when paired_profiles.role = 'label' then paired_profiles.row_count - paired_profiles.null_count else paired_profiles.row_count end as bigint) as row_count,
    distances.reference_present_count,
    distances.present_count,
    distances.reference_finite_count,
    distances.finite_count,
    case when paired_profiles.role <> 'label' then paired_profiles.reference_null_count end as reference_null_count,
    case when paired_profiles.role <> 'label' then paired_profiles.null_count end as null_count,
    paired_profiles.reference_mean,
    paired_profiles.mean,
    paired_profiles.reference_standard_deviation,
    paired_profiles.standard_deviation,
    distances.bin_count,
    distances.present_bin_count,
    distances.population_stability_index,
    distances.population_stability_index_unsmoothed,
    distances.kullback_leibler_divergence,
    distances.jensen_shannon_distance,
    distances.hellinger_distance,
    distances.total_variation,
    distances.largest_share_difference,
    distances.population_stability_index_without_nulls,
    distances.jensen_shannon_distance_without_nulls,
    distances.hellinger_distance_without_nulls,
    distances.total_variation_without_nulls,
    distances.largest_share_difference_without_nulls,
    distances.kolmogorov_smirnov_lower,
    distances.kolmogorov_smirnov_upper,
    case when paired_profiles.has_sums then distances.wasserstein_lower end as wasserstein_lower,
    case when paired_profiles.has_sums then distances.wasserstein_upper end as wasserstein_upper,
    case when paired_profiles.has_sums then distances.deviation_area end as deviation_area,
    distances.fine_divergence,
    distances.outside_count,
    distances.partly_outside_count,
    coalesce(distances.is_mixed, false) as is_mixed,
    pooled_contingencies.chi_square,
    pooled_contingencies.group_count as contingency_group_count,
    pooled_contingencies.both_total as contingency_row_count,
    pooled_contingencies.large_chi_square + case when pooled_contingencies.has_pool
        then power(pooled_contingencies.small_reference_count / pooled_contingencies.reference_present - pooled_contingencies.small_count / pooled_contingencies.present, 2)
            * pooled_contingencies.reference_present * pooled_contingencies.present / (pooled_contingencies.small_reference_count + pooled_contingencies.small_count)
        else 0 end as pooled_chi_square,
    cast(pooled_contingencies.large_group_count + case when pooled_contingencies.has_pool then 1 else 0 end as bigint) as pooled_group_count,
    null_tests.h as null_h,
    null_tests.squared_deviate as null_squared_deviate,
    null_tests.exponent as null_exponent,
    category_tests.h as category_h,
    changed_categories.category,
    category_tests.test_count as category_test_count,
    category_tests.squared_deviate as category_squared_deviate,
    category_tests.exponent as category_exponent,
    unseen_values.unseen_count
from paired_profiles
left join distances
    on paired_profiles.comparison_number = distances.comparison_number
    and paired_profiles.column_number = distances.column_number
left join pooled_contingencies
    on paired_profiles.comparison_number = pooled_contingencies.comparison_number
    and paired_profiles.column_number = pooled_contingencies.column_number
left join share_tests as null_tests
    on paired_profiles.comparison_number = null_tests.comparison_number
    and paired_profiles.column_number = null_tests.column_number
    and null_tests.subject = 'null'
left join share_tests as category_tests
    on paired_profiles.comparison_number = category_tests.comparison_number
    and paired_profiles.column_number = category_tests.column_number
    and category_tests.subject = 'category'
left join changed_categories
    on paired_profiles.comparison_number = changed_categories.comparison_number
    and paired_profiles.column_number = changed_categories.column_number
left join unseen_values
    on paired_profiles.comparison_number = unseen_values.comparison_number
    and paired_profiles.column_number = unseen_values.column_number
