{{ config(enabled='drift' in data_health.parts_on(), materialized='ephemeral') }}
{#- How sure it is that a column differs in a window of periods: what is measured, its tests, and their p made one. #}
with windows as (

    select distinct
        monitor, window_periods, reference, column_number, window_start, window_end, newest_period, judged_periods, left_out_periods
    from {{ ref('drift_window_groups') }}

),

distances as (

    select
        monitor, window_periods, reference, column_number, bin_count, reference_total, total, reference_present, present,
        population_stability_index, jensen_shannon_distance, kolmogorov_smirnov, chi_square, degrees_of_freedom
    from {{ ref('drift_window_distances') }}

),

share_tests as (

    select
        monitor, window_periods, reference, column_number, null_share_cohens_h, null_squared_deviate, null_exponent,
        category_share_cohens_h, category_squared_deviate, category_exponent, category_test_count, category
    from {{ ref('drift_window_shares') }}

),

minimum_rows as (

    select monitor, min(minimum_rows) as minimum_rows
    from {{ ref('monitor_settings') }}
    where part = 'drift'
    group by monitor

),

-- how much more than by chance the periods of a column differ, as its newest period knows it
overdispersions as (

    select
        comparisons.monitor,
        evidence.column_number,
        max(evidence.overdispersion) as overdispersion
    from (select * from {{ ref('drift_evidence') }}) as evidence
    inner join (select * from {{ ref('drift_comparisons') }}) as comparisons
        on evidence.comparison_number = comparisons.comparison_number
    where comparisons.is_latest
    group by comparisons.monitor, evidence.column_number

),

measures as (

    select
        windows.*,
        distances.bin_count,
        distances.reference_total,
        distances.total,
        distances.reference_present,
        distances.present,
        distances.population_stability_index,
        distances.jensen_shannon_distance,
        distances.kolmogorov_smirnov,
        distances.chi_square,
        distances.degrees_of_freedom,
        share_tests.null_share_cohens_h,
        share_tests.null_squared_deviate,
        share_tests.null_exponent,
        share_tests.category_share_cohens_h,
        share_tests.category_squared_deviate,
        share_tests.category_exponent,
        coalesce(share_tests.category_test_count, 0) as category_test_count,
        share_tests.category as category_name,
        least(distances.reference_total, distances.total) >= minimum_rows.minimum_rows as has_enough_rows,
        coalesce(overdispersions.overdispersion, 1e0) as overdispersion,
        greatest(least(
            coalesce(overdispersions.overdispersion, 1e0),
            least(distances.reference_total, distances.total) / cast(minimum_rows.minimum_rows as double precision)
        ), 1e0) as variance_inflation
    from windows
    inner join distances
        on windows.monitor = distances.monitor
        and windows.window_periods = distances.window_periods
        and windows.reference = distances.reference
        and windows.column_number = distances.column_number
    inner join minimum_rows
        on windows.monitor = minimum_rows.monitor
    left join share_tests
        on windows.monitor = share_tests.monitor
        and windows.window_periods = share_tests.window_periods
        and windows.reference = share_tests.reference
        and windows.column_number = share_tests.column_number
    left join overdispersions
        on windows.monitor = overdispersions.monitor
        and windows.column_number = overdispersions.column_number

),

-- deviates of the normal distribution; of chi-square by Wilson and Hilferty
deviates as (

    select
        measures.*,
        case when degrees_of_freedom > 0 then greatest(
            (power(chi_square / variance_inflation / degrees_of_freedom, 1e0 / 3) - 1 + 2 / (9 * degrees_of_freedom))
                / sqrt(2 / (9 * degrees_of_freedom)), 0e0) end as distribution_deviate,
        sqrt(null_squared_deviate / variance_inflation) as null_deviate,
        sqrt(category_squared_deviate / variance_inflation) as category_deviate
    from measures

),

probabilities as (

    select
        deviates.*,
        {%- for name in ['distribution', 'null', 'category'] %}
        {%- set deviate = name ~ '_deviate' %}
        case when {{ deviate }} is not null then
            {{ data_health.two_sided_normal_tail(deviate, '(1 / (1 + ' ~ deviate ~ ' / (2 * sqrt(2e0))))') }}
            {{- ' / 2' if name == 'distribution' }}
        end as {{ name }}_tail,
        {%- if name != 'distribution' %}
        case when {{ name }}_exponent is not null then 2 * exp(greatest(-{{ name }}_exponent / variance_inflation, -700e0)) end
            as {{ name }}_bound,
        {%- endif %}
        {%- endfor %}
        case when degrees_of_freedom > 0 then 1 else 0 end
            + case when null_share_cohens_h is not null then 1 else 0 end
            + case when category_test_count > 0 then 1 else 0 end as test_count
    from deviates

),

-- windows are looked at beside single periods, which are a third of all there is to see
column_probabilities as (

    select
        probabilities.*,
        case when test_count > 0 then least(
            3 * test_count * least(
                coalesce(distribution_tail, 1e0),
                coalesce(null_tail, 1e0),
                coalesce(null_bound, 1e0),
                coalesce(category_tail * category_test_count, 1e0),
                coalesce(category_bound * category_test_count, 1e0)
            ), 1e0
        ) end as column_p
    from probabilities

),

ranked_columns as (

    select
        column_probabilities.*,
        row_number() over (
            partition by monitor, has_enough_rows order by column_p nulls last, window_periods, reference, column_number
        ) as p_rank,
        greatest(count(column_p) over (partition by monitor, has_enough_rows), 20) as family_size
    from column_probabilities

)

select
    monitor,
    window_periods,
    reference,
    column_number,
    window_start,
    window_end,
    newest_period,
    judged_periods,
    left_out_periods,
    bin_count,
    reference_total,
    total,
    reference_present,
    present,
    population_stability_index,
    jensen_shannon_distance,
    kolmogorov_smirnov,
    null_share_cohens_h,
    category_share_cohens_h,
    category_test_count,
    category_name,
    has_enough_rows,
    overdispersion,
    variance_inflation,
    {{ data_health.benjamini_hochberg('column_p', 'p_rank', 'family_size', 'monitor, has_enough_rows') }} as q_value
from ranked_columns
