{{ config(enabled='drift' in data_health.parts_on(), materialized='ephemeral') }}
{%- set metrics = data_health.drift_metrics() %}
{%- set subjects = metrics.values() | selectattr('subject', 'defined') | map(attribute='subject') | list %}
{%- set shares = {
    'null': ('(null_count / nullif(row_count, 0))', 'nullif(row_count, 0)'),
    'reference_null': ('(reference_null_count / nullif(reference_row_count, 0))', 'nullif(reference_row_count, 0)')
} %}

with columns_of_comparisons as (

    select column_number, kind
    from {{ ref('drift_columns') }}

),

evidence as (

    select
        comparison_number, column_number, has_enough_rows, variance_inflation, distribution_p
        {%- for subject in subjects %}, {{ subject }}_p{% endfor %}
    from {{ ref('drift_evidence') }}

),

exact_distances as (

    select
        comparison_number,
        column_number,
        max(kolmogorov_smirnov) as kolmogorov_smirnov,
        sum(wasserstein) as wasserstein
    from {{ data_health.named_model('drift_exact_distances', data_health.is_configured('exact'), {
        'comparison_number': 'integer', 'column_number': 'integer',
        'kolmogorov_smirnov': 'double precision', 'wasserstein': 'double precision'
    }) }}
    group by comparison_number, column_number

),

measures as (

    select
        drift_measures.comparison_number,
        drift_measures.column_number,
        evidence.has_enough_rows,
        evidence.variance_inflation,
        evidence.distribution_p,
        {%- for subject in subjects %}
        evidence.{{ subject }}_p,
        drift_measures.{{ subject }}_share_cohens_h,
        drift_measures.{{ subject }}_test_count,
        drift_measures.{{ subject }}_name,
        {%- endfor %}
        case when columns_of_comparisons.kind in ('categorical', 'boolean') then evidence.distribution_p end as categorical_p,
        case when columns_of_comparisons.kind in ('categorical', 'boolean') then 'top_categories'
            when columns_of_comparisons.kind = 'text' then 'reference_deciles_of_lengths' else 'reference_deciles' end || case
            when drift_measures.is_of_bins and exact_distances.column_number is null then '_of_bins' else '' end as groups,
        case when columns_of_comparisons.kind in ('categorical', 'boolean') then 'categories'
            when columns_of_comparisons.kind = 'text' then 'reference_deciles_of_lengths'
            else 'reference_deciles' end || case
            when drift_measures.is_of_bins and exact_distances.column_number is null then '_of_bins' else '' end as contingency_groups,
        drift_measures.is_of_bins and exact_distances.column_number is null as is_of_bins,
        case when columns_of_comparisons.kind = 'text' then '_of_lengths' else '' end || case
            when exact_distances.column_number is not null then '_exact'
            when drift_measures.is_mixed then '_bins_of_two_grids' else '_bins' end as ordering,
        cast(drift_measures.reference_row_count as double precision) as reference_row_count,
        cast(drift_measures.row_count as double precision) as row_count,
        cast(drift_measures.reference_null_count as double precision) as reference_null_count,
        cast(drift_measures.null_count as double precision) as null_count,
        drift_measures.present_count,
        drift_measures.bin_count,
        drift_measures.present_bin_count,
        drift_measures.contingency_group_count,
        drift_measures.contingency_row_count,
        evidence.variance_inflation
            * (1e0 / nullif(drift_measures.reference_row_count, 0) + 1e0 / nullif(drift_measures.row_count, 0)) as noise,
        evidence.variance_inflation
            * (1 / nullif(drift_measures.reference_present_count, 0) + 1 / nullif(drift_measures.present_count, 0)) as present_noise,
        drift_measures.population_stability_index,
        drift_measures.population_stability_index_unsmoothed,
        drift_measures.population_stability_index_without_nulls,
        drift_measures.kullback_leibler_divergence,
        drift_measures.jensen_shannon_distance,
        drift_measures.jensen_shannon_distance_without_nulls,
        drift_measures.fine_divergence,
        drift_measures.hellinger_distance,
        drift_measures.hellinger_distance_without_nulls,
        drift_measures.total_variation,
        drift_measures.total_variation_without_nulls,
        drift_measures.largest_share_difference,
        drift_measures.largest_share_difference_without_nulls,
        coalesce(exact_distances.kolmogorov_smirnov, drift_measures.kolmogorov_smirnov_lower) as kolmogorov_smirnov_lower,
        coalesce(exact_distances.kolmogorov_smirnov, drift_measures.kolmogorov_smirnov_upper) as kolmogorov_smirnov_upper,
        coalesce(exact_distances.wasserstein, drift_measures.wasserstein_lower) as wasserstein_lower,
        coalesce(exact_distances.wasserstein, drift_measures.wasserstein_upper) as wasserstein_upper,
        drift_measures.deviation_area,
        drift_measures.chi_square,
        drift_measures.reference_mean,
        drift_measures.mean,
        nullif(drift_measures.reference_standard_deviation, 0) as reference_standard_deviation,
        drift_measures.standard_deviation,
        drift_measures.unseen_count,
        drift_measures.outside_count,
        drift_measures.partly_outside_count,
        drift_measures.finite_count
    from (select * from {{ ref('drift_measures') }}) as drift_measures
    inner join columns_of_comparisons
        on drift_measures.column_number = columns_of_comparisons.column_number
    inner join evidence
        on drift_measures.comparison_number = evidence.comparison_number
        and drift_measures.column_number = evidence.column_number
    left join exact_distances
        on drift_measures.comparison_number = exact_distances.comparison_number
        and drift_measures.column_number = exact_distances.column_number

),

shares as (

    select
        measures.*,
        {%- for name, (share, rows) in shares.items() %}
        {{ share }} as {{ name }}_share,
        {{ data_health.wilson('centre', share, rows) }} as {{ name }}_centre,
        {{ data_health.wilson('margin', share, rows) }} as {{ name }}_margin,
        {%- endfor %}
        unseen_count / nullif(present_count, 0) as unseen_share,
        {{ data_health.wilson('lower', '(unseen_count / nullif(present_count, 0))', 'nullif(present_count, 0)') }} as unseen_lower,
        {{ data_health.wilson('upper', '(unseen_count / nullif(present_count, 0))', 'nullif(present_count, 0)') }} as unseen_upper,
        {{ data_health.chi_square_95('bin_count') }} as chi_95,
        {{ data_health.chi_square_95('contingency_group_count') }} as contingency_chi_95,
        -- Bergsma's correction for the association that chance alone gives
        greatest(
            chi_square / contingency_row_count - (contingency_group_count - 1) / (contingency_row_count - 1), 0e0
        ) as corrected_association,
        contingency_group_count - power(contingency_group_count - 1, 2) / (contingency_row_count - 1) as corrected_group_count
    from measures

),

intervals as {{ data_health.engine_sql('materialized') }}(

    select
        shares.*,
        {{ data_health.newcombe('lower', 'null', 'reference_null') }} as null_difference_lower,
        {{ data_health.newcombe('upper', 'null', 'reference_null') }} as null_difference_upper,
        case when contingency_group_count > 1
            then sqrt(
                corrected_association / nullif(least(corrected_group_count - 1, 1 - 1 / (contingency_row_count - 1)), 0)
            ) end as cramers_v
    from shares

),

metrics as (
{% for metric, entry in metrics.items() %}
    {%- set value = entry.value or metric %}
    select
        comparison_number,
        column_number,
        has_enough_rows,
        '{{ metric }}' as metric,
        {{ entry.definition }} as definition,
        {{ value }} as value,
        {{ entry.lower or ('case when not is_of_bins then ' ~ value ~ ' end' if entry.is_of_groups else value) }} as value_lower,
        {{ entry.upper or ('case when not is_of_bins then ' ~ value ~ ' end' if entry.is_of_groups else value) }} as value_upper,
        {{ entry.expectation or 'cast(null as double precision)' }} as no_drift_expectation,
        {{ entry.floor or 'cast(null as double precision)' }} as noise_floor,
        {{ entry.p or 'cast(null as double precision)' }} as p_value,
        {{ entry.bins or 'cast(null as bigint)' }} as effective_bins,
        {{ entry.category or 'cast(null as varchar)' }} as category
    from intervals
    {{ 'union all' if not loop.last }}
{%- endfor %}

)

select
    comparison_number,
    column_number,
    metric,
    definition,
    value,
    value_lower,
    value_upper,
    no_drift_expectation,
    noise_floor,
    p_value,
    cast(effective_bins as bigint) as effective_bins,
    category
from metrics
where value is not null
    -- a column that cannot be judged says so
    or (metric = 'population_stability_index' and not has_enough_rows)
