{{ config(enabled='drift' in data_health.parts_on(), materialized='ephemeral') }}
{%- set formulas = {} %}
{%- for name, entry in data_health.drift_metrics().items() if entry.formula and not entry.value %}
    {%- do formulas.update({name: entry.formula}) %}
{%- endfor %}

with groups as (

    select comparison_number, column_number, group_type, merged_group, reference_count, row_count
    from {{ ref('drift_groups') }}
    where group_type <> 'quantiles_of_few'

),

quantile_groups as (

    select
        comparison_number,
        column_number,
        smallest_difference,
        largest_difference,
        smallest_area,
        largest_area,
        deviation_area,
        fine_divergence,
        outside_count,
        partly_outside_count,
        is_mixed,
        is_of_bins
    from {{ ref('drift_quantile_groups') }}
    where not is_of_few

),

-- what has no rows on either side is no group
merged_groups as (

    select
        comparison_number,
        column_number,
        merged_group,
        max(case when group_type = 'null' then 1 else 0 end) as is_null_group,
        sum(reference_count) as reference_count,
        sum(row_count) as row_count,
        sum(case when group_type in ('quantiles', 'uncut') then reference_count else 0 end) as reference_finite,
        sum(case when group_type in ('quantiles', 'uncut') then row_count else 0 end) as finite
    from groups
    where reference_count + row_count > 0
    group by comparison_number, column_number, merged_group

),

totals as (

    select
        comparison_number,
        column_number,
        sum(reference_count) as reference_total,
        sum(row_count) as total,
        sum(case when is_null_group = 0 then reference_count else 0 end) as reference_present,
        sum(case when is_null_group = 0 then row_count else 0 end) as present,
        sum(reference_finite) as reference_finite,
        sum(finite) as finite,
        count(*) as bin_count,
        count(case when is_null_group = 0 then 1 end) as present_bin_count
    from merged_groups
    group by comparison_number, column_number

),

-- 1. Distances between shares: of at most ten groups of the reference, with null as one more, and without.
shares_with_nulls as (

    select
        merged_groups.comparison_number,
        merged_groups.column_number,
        'with_nulls' as variant,
        merged_groups.reference_count / totals.reference_total as p,
        merged_groups.row_count / totals.total as q,
        (merged_groups.reference_count + 0.5e0) / (totals.reference_total + 0.5e0 * totals.bin_count) as smooth_p,
        (merged_groups.row_count + 0.5e0) / (totals.total + 0.5e0 * totals.bin_count) as smooth_q
    from merged_groups
    inner join totals
        on merged_groups.comparison_number = totals.comparison_number
        and merged_groups.column_number = totals.column_number
    where totals.reference_total > 0
        and totals.total > 0

),

shares_without_nulls as (

    select
        merged_groups.comparison_number,
        merged_groups.column_number,
        'without_nulls' as variant,
        merged_groups.reference_count / totals.reference_present as p,
        merged_groups.row_count / totals.present as q,
        (merged_groups.reference_count + 0.5e0) / (totals.reference_present + 0.5e0 * totals.present_bin_count) as smooth_p,
        (merged_groups.row_count + 0.5e0) / (totals.present + 0.5e0 * totals.present_bin_count) as smooth_q
    from merged_groups
    inner join totals
        on merged_groups.comparison_number = totals.comparison_number
        and merged_groups.column_number = totals.column_number
    where merged_groups.is_null_group = 0
        and totals.reference_present > 0
        and totals.present > 0

),

shares as (

    select comparison_number, column_number, variant, p, q, smooth_p, smooth_q from shares_with_nulls
    union all
    select comparison_number, column_number, variant, p, q, smooth_p, smooth_q from shares_without_nulls

),

distances as (

    select
        comparison_number,
        column_number,
        variant,
        {%- for name, formula in formulas.items() %}
        {{ formula }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from shares
    group by comparison_number, column_number, variant

),

-- 2. Distances between distribution functions.
function_distances as (

    select
        comparison_number,
        column_number,
        max(smallest_difference) as kolmogorov_smirnov_lower,
        least(max(largest_difference), 1e0) as kolmogorov_smirnov_upper,
        sum(smallest_area) as wasserstein_lower,
        sum(largest_area) as wasserstein_upper,
        max(deviation_area) as deviation_area,
        greatest(sum(fine_divergence), 0e0) as fine_divergence,
        sum(outside_count) as outside_count,
        sum(partly_outside_count) as partly_outside_count,
        max(case when is_mixed then 1 else 0 end) as is_mixed,
        max(case when is_of_bins then 1 else 0 end) as is_of_bins
    from quantile_groups
    group by comparison_number, column_number

)

select
    totals.comparison_number,
    totals.column_number,
    totals.reference_total,
    totals.total,
    totals.reference_present as reference_present_count,
    totals.present as present_count,
    totals.reference_finite as reference_finite_count,
    totals.finite as finite_count,
    totals.bin_count,
    totals.present_bin_count,
    distances.population_stability_index,
    distances.population_stability_index_unsmoothed,
    distances.kullback_leibler_divergence,
    distances.jensen_shannon_distance,
    distances.hellinger_distance,
    distances.total_variation,
    distances.largest_share_difference,
    distances_without_nulls.population_stability_index as population_stability_index_without_nulls,
    distances_without_nulls.jensen_shannon_distance as jensen_shannon_distance_without_nulls,
    distances_without_nulls.hellinger_distance as hellinger_distance_without_nulls,
    distances_without_nulls.total_variation as total_variation_without_nulls,
    distances_without_nulls.largest_share_difference as largest_share_difference_without_nulls,
    function_distances.kolmogorov_smirnov_lower,
    function_distances.kolmogorov_smirnov_upper,
    function_distances.wasserstein_lower,
    function_distances.wasserstein_upper,
    function_distances.deviation_area,
    function_distances.fine_divergence,
    function_distances.outside_count,
    function_distances.partly_outside_count,
    coalesce(function_distances.is_mixed = 1, false) as is_mixed,
    coalesce(function_distances.is_of_bins = 1, false) as is_of_bins
from totals
left join distances
    on totals.comparison_number = distances.comparison_number
    and totals.column_number = distances.column_number
    and distances.variant = 'with_nulls'
left join distances as distances_without_nulls
    on totals.comparison_number = distances_without_nulls.comparison_number
    and totals.column_number = distances_without_nulls.column_number
    and distances_without_nulls.variant = 'without_nulls'
left join function_distances
    on totals.comparison_number = function_distances.comparison_number
    and totals.column_number = function_distances.column_number
