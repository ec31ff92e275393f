{#
    The metrics of health_drift: all that is said of one stands in its entry, but for its section in the docs and its test.

    formula: of a distance between two lists of shares, an aggregate over groups; p is the share of the reference in a group, q that of the
        rows compared with it. smooth_p and smooth_q are the same with half a row more in every group, so that none is zero.
        dbt_project/models/steps/drift/drift_distances.sql makes a column of it, with the name of the metric.
        Hellinger's is the root of 1 - sum(sqrt(p q)), without taking a number near one from one
    value, lower, upper: expressions over the columns of `intervals` in dbt_project/models/steps/drift/drift_metrics.sql; without a value,
        the column with the name of the metric; without bounds, the value
    is_of_groups: a distance between shares of groups; where the groups are made of bins of several values, it has no bounds
    definition: an expression that says by which convention it was computed
    bins: over how many groups or categories
    expectation, floor: what chance alone gives on average, and exceeds in one case in twenty. `noise` is 1/n + 1/m, times the variance
        inflation; chi_95 the 95 % point of chi-square, one degree less than there are groups
    subject: of a share that is tested, its name in dbt_project/models/steps/drift/drift_share_tests.sql
    p: of the test that belongs to it; category: which category, tail or kind of value the value is about
    threshold: the key of `thresholds` that judges it; a metric without one is not judged
    is_in_latest: has it a column in health_drift_latest?
    page: the section of the docs that says what it is
#}
{% macro drift_metrics() -%}
    {%- set jensen_shannon_divergence = 'sum(case when p > 0 then p * ln(2 * p / (p + q)) else 0 end'
        ~ '\n            + case when q > 0 then q * ln(2 * q / (p + q)) else 0 end) / (2 * ln(2e0))' -%}
    {#- of several differences the largest -#}
    {%- set largest_of = 'sqrt(2 * ln(40e0 * ' -%}
    {{ return({
        'population_stability_index': {
            'formula': 'sum((smooth_q - smooth_p) * ln(smooth_q / smooth_p))',
            'definition': "'psi_' || groups || '_laplace_half'", 'bins': 'bin_count',
            'expectation': '(bin_count - 1) * noise', 'floor': 'chi_95 * noise',
            'threshold': 'psi', 'is_in_latest': true, 'is_of_groups': true, 'page': 'drift.md#shares-of-groups'},
        'population_stability_index_without_nulls': {
            'definition': "'psi_' || groups || '_laplace_half'",
            'bins': 'present_bin_count', 'is_of_groups': true, 'page': 'drift.md#shares-of-groups'},
        'population_stability_index_unsmoothed': {
            'formula': 'case when min(p) > 0 and min(q) > 0'
                ~ '\n            then sum(case when p > 0 and q > 0 then (q - p) * ln(q / p) end) end',
            'definition': "'psi_' || groups || '_unsmoothed'", 'bins': 'bin_count',
            'is_of_groups': true, 'page': 'drift.md#shares-of-groups'},
        'kullback_leibler_divergence': {
            'formula': 'case when max(case when p = 0 and q > 0 then 1 else 0 end) = 0'
                ~ '\n            then sum(case when q > 0 and p > 0 then q * ln(q / p) else 0 end) end',
            'definition': "'kl_current_from_reference_' || groups || '_nats'", 'bins': 'bin_count',
            'is_of_groups': true, 'page': 'drift.md#shares-of-groups'},
        'jensen_shannon_distance': {
            'formula': 'sqrt(greatest(' ~ jensen_shannon_divergence ~ ', 0e0))',
            'definition': "'js_distance_base2_' || groups", 'bins': 'bin_count',
            'expectation': 'sqrt((bin_count - 1) * noise / (8 * ln(2e0)))', 'floor': 'sqrt(chi_95 * noise / (8 * ln(2e0)))',
            'threshold': 'js', 'is_in_latest': true, 'is_of_groups': true, 'page': 'drift.md#shares-of-groups'},
        'jensen_shannon_distance_without_nulls': {
            'definition': "'js_distance_base2_' || groups", 'bins': 'present_bin_count',
            'is_of_groups': true, 'page': 'drift.md#shares-of-groups'},
        'jensen_shannon_divergence_of_fine_bins': {
            'formula': jensen_shannon_divergence, 'value': 'fine_divergence',
            'definition': "'js_divergence_base2_fine_bins'", 'page': 'drift.md#shares-of-groups'},
        'hellinger_distance': {
            'formula': 'sqrt(sum(power(sqrt(p) - sqrt(q), 2)) / 2)',
            'definition': "'hellinger_' || groups", 'bins': 'bin_count',
            'is_of_groups': true, 'page': 'drift.md#shares-of-groups'},
        'hellinger_distance_without_nulls': {
            'definition': "'hellinger_' || groups", 'bins': 'present_bin_count',
            'is_of_groups': true, 'page': 'drift.md#shares-of-groups'},
        'total_variation': {
            'formula': 'sum(abs(p - q)) / 2',
            'definition': "'total_variation_' || groups", 'bins': 'bin_count',
            'is_of_groups': true, 'page': 'drift.md#shares-of-groups'},
        'total_variation_without_nulls': {
            'definition': "'total_variation_' || groups", 'bins': 'present_bin_count',
            'is_of_groups': true, 'page': 'drift.md#shares-of-groups'},
        'largest_share_difference': {
            'formula': 'max(abs(p - q))',
            'definition': "'l_infinity_' || groups", 'bins': 'bin_count',
            'is_of_groups': true, 'page': 'drift.md#shares-of-groups'},
        'largest_share_difference_without_nulls': {
            'definition': "'l_infinity_' || groups", 'bins': 'present_bin_count',
            'is_of_groups': true, 'page': 'drift.md#shares-of-groups'},
        'kolmogorov_smirnov': {
            'value': 'kolmogorov_smirnov_lower', 'lower': 'kolmogorov_smirnov_lower', 'upper': 'kolmogorov_smirnov_upper',
            'definition': "'ks_statistic' || ordering",
            'expectation': '0.8687e0 * sqrt(present_noise)', 'floor': '1.3581e0 * sqrt(present_noise)', 'p': 'distribution_p',
            'threshold': 'ks', 'is_in_latest': true, 'page': 'drift.md#distribution-functions'},
        'chi_square': {
            'definition': "'chi_square_contingency_' || contingency_groups", 'bins': 'contingency_group_count',
            'expectation': '(contingency_group_count - 1) * variance_inflation', 'floor': 'contingency_chi_95 * variance_inflation',
            'p': 'categorical_p', 'is_of_groups': true, 'page': 'drift.md#shares-of-groups'},
        'cramers_v': {
            'definition': "'cramers_v_bias_corrected_' || contingency_groups", 'bins': 'contingency_group_count',
            'expectation': '0e0',
            'floor': 'sqrt(greatest(contingency_chi_95 * variance_inflation - contingency_group_count + 1, 0e0) / contingency_row_count)',
            'threshold': 'cramers_v', 'is_in_latest': true, 'is_of_groups': true, 'page': 'drift.md#shares-of-groups'},
        'wasserstein': {
            'value': 'wasserstein_lower', 'lower': 'wasserstein_lower', 'upper': 'wasserstein_upper',
            'definition': "'wasserstein_1' || ordering",
            'expectation': '0.7979e0 * deviation_area * sqrt(present_noise)', 'floor': '1.96e0 * deviation_area * sqrt(present_noise)',
            'page': 'drift.md#distribution-functions'},
        'wasserstein_normed': {
            'value': 'wasserstein_lower / reference_standard_deviation',
            'lower': 'wasserstein_lower / reference_standard_deviation', 'upper': 'wasserstein_upper / reference_standard_deviation',
            'definition': "'wasserstein_1_by_reference_sd' || ordering",
            'expectation': '0.7979e0 * deviation_area * sqrt(present_noise) / reference_standard_deviation',
            'floor': '1.96e0 * deviation_area * sqrt(present_noise) / reference_standard_deviation',
            'threshold': 'wasserstein', 'is_in_latest': true, 'page': 'drift.md#distribution-functions'},
        'mean_shift': {
            'value': '(mean - reference_mean) / reference_standard_deviation', 'definition': "'difference_by_reference_sd'",
            'is_in_latest': true, 'page': 'drift.md#moments'},
        'standard_deviation_ratio': {
            'value': 'standard_deviation / reference_standard_deviation', 'definition': "'current_by_reference'",
            'is_in_latest': true, 'page': 'drift.md#moments'},
        'null_share_difference': {
            'value': 'null_share - reference_null_share', 'lower': 'null_difference_lower', 'upper': 'null_difference_upper',
            'definition': "'difference_newcombe_95'", 'is_in_latest': true, 'page': 'drift.md#single-shares'},
        'null_share_cohens_h': {
            'subject': 'null', 'definition': "'arcsine_difference'",
            'expectation': '0.7979e0 * sqrt(noise)', 'floor': '1.96e0 * sqrt(noise)', 'p': 'null_p',
            'threshold': 'cohens_h', 'page': 'drift.md#single-shares'},
        'category_share_cohens_h': {
            'subject': 'category', 'definition': "'largest_arcsine_difference'", 'bins': 'category_test_count', 'category': 'category_name',
            'floor': largest_of ~ 'category_test_count) * present_noise)', 'p': 'category_p',
            'threshold': 'cohens_h', 'is_in_latest': true, 'page': 'drift.md#single-shares'},
        'bin_share_cohens_h': {
            'subject': 'bin', 'definition': "'largest_arcsine_difference'", 'bins': 'bin_test_count',
            'floor': largest_of ~ 'bin_test_count) * present_noise)', 'p': 'bin_p',
            'threshold': 'cohens_h', 'page': 'drift.md#single-shares'},
        'tail_share_cohens_h': {
            'subject': 'tail', 'definition': "'largest_arcsine_difference'", 'bins': 'tail_test_count', 'category': 'tail_name',
            'floor': largest_of ~ 'tail_test_count) * present_noise)', 'p': 'tail_p',
            'threshold': 'cohens_h', 'page': 'drift.md#single-shares'},
        'decimals_share_cohens_h': {
            'subject': 'decimals', 'definition': "'largest_arcsine_difference'", 'bins': 'decimals_test_count',
            'category': 'decimals_name', 'floor': largest_of ~ 'decimals_test_count) * coalesce(present_noise, noise))', 'p': 'decimals_p',
            'threshold': 'cohens_h', 'page': 'drift.md#single-shares'},
        'sentinel_share_cohens_h': {
            'subject': 'sentinel', 'definition': "'largest_arcsine_difference'", 'bins': 'sentinel_test_count',
            'category': 'sentinel_name', 'floor': largest_of ~ 'sentinel_test_count) * coalesce(present_noise, noise))', 'p': 'sentinel_p',
            'threshold': 'cohens_h', 'page': 'drift.md#single-shares'},
        'new_category_share': {
            'value': 'unseen_share', 'definition': "'share_wilson_95'",
            'lower': 'unseen_lower', 'upper': 'unseen_upper',
            'is_in_latest': true, 'page': 'drift.md#single-shares'},
        'out_of_range_share': {
            'value': 'outside_count / finite_count', 'upper': 'partly_outside_count / finite_count',
            'definition': "'share_beyond_reference_range'", 'is_in_latest': true, 'page': 'drift.md#single-shares'}
    }) }}
{%- endmacro %}
