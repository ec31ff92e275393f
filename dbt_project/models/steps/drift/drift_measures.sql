{{ config(enabled='drift' in data_health.parts_on()) }}
{%- do data_health.begin_model() %}
{%- set state = data_health.state_of_inputs() %}
{%- set subjects = data_health.drift_metrics().values() | selectattr('subject', 'defined') | map(attribute='subject') | list %}
{%- if state.is_unchanged %}
{{ state.unchanged_rows }}
{%- else %}
with paired_profiles as (

    select
        comparison_number, column_number, role, has_sums, reference_row_count, row_count, reference_null_count, null_count,
        reference_mean, mean, reference_standard_deviation, standard_deviation
    from {{ ref('drift_paired_profiles') }}

),

distances as (

    select
        comparison_number,
        column_number,
        reference_present_count, present_count, reference_finite_count, finite_count,
        bin_count, present_bin_count, population_stability_index, population_stability_index_unsmoothed,
        kullback_leibler_divergence, jensen_shannon_distance, hellinger_distance, total_variation,
        largest_share_difference, population_stability_index_without_nulls, jensen_shannon_distance_without_nulls,
        hellinger_distance_without_nulls, total_variation_without_nulls, largest_share_difference_without_nulls,
        kolmogorov_smirnov_lower, kolmogorov_smirnov_upper, wasserstein_lower, wasserstein_upper, deviation_area,
        fine_divergence, outside_count, partly_outside_count, is_mixed, is_of_bins
    from {{ ref('drift_distances') }}

),

expected_groups as (

    select
        comparison_number, column_number, reference_count, row_count, reference_total, total, reference_present, present, both_count,
        is_small
    from {{ ref('drift_expected_groups') }}

),

share_tests as (

    select
        comparison_number,
        column_number
        {%- for subject in subjects %},
        max(case when subject = '{{ subject }}' then h end) as {{ subject }}_share_cohens_h,
        max(case when subject = '{{ subject }}' then test_count end) as {{ subject }}_test_count,
        max(case when subject = '{{ subject }}' then squared_deviate end) as {{ subject }}_squared_deviate,
        max(case when subject = '{{ subject }}' then exponent end) as {{ subject }}_exponent,
        max(case when subject = '{{ subject }}' then category end) as {{ subject }}_name
        {%- endfor %}
    from {{ ref('drift_share_tests') }}
    group by comparison_number, column_number

),

-- contingency of groups and samples; groups in which fewer than 5 rows are expected are taken together
contingencies as (

    select
        comparison_number,
        column_number,
        count(*) as group_count,
        max(reference_total + total) as both_total,
        sum(power(reference_count / reference_total - row_count / total, 2) * reference_total * total / both_count) as chi_square,
        sum(case when not is_small
            then power(reference_count / reference_present - row_count / present, 2) * reference_present * present / both_count
            else 0 end) as large_chi_square,
        sum(case when not is_small then 1 else 0 end) as large_group_count,
        sum(case when is_small then reference_count else 0 end) as small_reference_count,
        sum(case when is_small then row_count else 0 end) as small_count,
        max(reference_present) as reference_present,
        max(present) as present
    from expected_groups
    group by comparison_number, column_number

),

pools as (

    select
        contingencies.*,
        coalesce(
            least(reference_present, present) * (small_reference_count + small_count) / nullif(reference_present + present, 0) >= 5, false
        ) as has_pool
    from contingencies

),

pooled_contingencies as (

    select
        comparison_number,
        column_number,
        group_count,
        both_total,
        chi_square,
        large_chi_square + case when has_pool
            then power(small_reference_count / reference_present - small_count / present, 2)
                * reference_present * present / (small_reference_count + small_count)
            else 0 end as pooled_chi_square,
        cast(large_group_count + case when has_pool then 1 else 0 end as bigint) as pooled_group_count
    from pools

),

unseen_values as (

    select
        comparison_number,
        column_number,
        sum(case when reference_count = 0 then row_count else 0 end) as unseen_count
    from {{ ref('drift_groups') }}
    where group_type in ('value', 'other')
    group by comparison_number, column_number

)

select
    paired_profiles.comparison_number,
    paired_profiles.column_number,
    cast(case
        when paired_profiles.role = 'label' then paired_profiles.reference_row_count - paired_profiles.reference_null_count
        else paired_profiles.reference_row_count end as bigint) as reference_row_count,
    cast(case
        when paired_profiles.role = 'label' then paired_profiles.row_count - paired_profiles.null_count
        else paired_profiles.row_count end as bigint) as row_count,
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
    coalesce(distances.is_of_bins, false) as is_of_bins,
    pooled_contingencies.chi_square,
    pooled_contingencies.group_count as contingency_group_count,
    pooled_contingencies.both_total as contingency_row_count,
    pooled_contingencies.pooled_chi_square,
    pooled_contingencies.pooled_group_count,
    {%- for subject in subjects %}
    share_tests.{{ subject }}_share_cohens_h,
    share_tests.{{ subject }}_test_count,
    share_tests.{{ subject }}_squared_deviate,
    share_tests.{{ subject }}_exponent,
    share_tests.{{ subject }}_name,
    {%- endfor %}
    unseen_values.unseen_count,
    '{{ state.computed_from }}' as computed_from
from paired_profiles
left join distances
    on paired_profiles.comparison_number = distances.comparison_number
    and paired_profiles.column_number = distances.column_number
left join pooled_contingencies
    on paired_profiles.comparison_number = pooled_contingencies.comparison_number
    and paired_profiles.column_number = pooled_contingencies.column_number
left join share_tests
    on paired_profiles.comparison_number = share_tests.comparison_number
    and paired_profiles.column_number = share_tests.column_number
left join unseen_values
    on paired_profiles.comparison_number = unseen_values.comparison_number
    and paired_profiles.column_number = unseen_values.column_number
{%- endif %}
