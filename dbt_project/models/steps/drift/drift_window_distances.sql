{{ config(enabled='drift' in data_health.parts_on(), materialized='ephemeral') }}
{#- Distances of a window of periods: between the shares of at most ten groups, null as one more, and between distribution functions. #}
{%- set entries = data_health.drift_metrics() %}
with groups as (

    select
        monitor, window_periods, reference, column_number, group_type, merged_group, reference_total, total, reference_count, row_count
    from {{ ref('drift_window_groups') }}

),

merged_groups as (

    select
        monitor,
        window_periods,
        reference,
        column_number,
        merged_group,
        max(case when group_type = 'null' then 1 else 0 end) as is_null_group,
        max(case when group_type in ('quantiles', 'uncut') then 1 else 0 end) as is_finite_group,
        max(reference_total) as reference_total,
        max(total) as total,
        sum(reference_count) as reference_count,
        sum(row_count) as row_count
    from groups
    group by monitor, window_periods, reference, column_number, merged_group
    having sum(reference_count) + sum(row_count) > 0

),

counted_groups as (

    select
        merged_groups.*,
        count(*) over in_column as bin_count,
        sum(case when is_null_group = 0 then reference_count else 0 end) over in_column as reference_present,
        sum(case when is_null_group = 0 then row_count else 0 end) over in_column as present,
        sum(case when is_finite_group = 1 then reference_count else 0 end) over in_column as reference_finite,
        sum(case when is_finite_group = 1 then row_count else 0 end) over in_column as finite,
        sum(case when is_finite_group = 1 then reference_count else 0 end) over in_order as reference_rank,
        sum(case when is_finite_group = 1 then row_count else 0 end) over in_order as row_rank
    from merged_groups
    window
        in_column as (partition by monitor, window_periods, reference, column_number),
        in_order as (
            partition by monitor, window_periods, reference, column_number order by merged_group rows unbounded preceding
        )

),

shares as (

    select
        counted_groups.*,
        reference_count / reference_total as p,
        row_count / total as q,
        (reference_count + 0.5e0) / (reference_total + 0.5e0 * bin_count) as smooth_p,
        (row_count + 0.5e0) / (total + 0.5e0 * bin_count) as smooth_q
    from counted_groups

),

distances as (

    select
        monitor,
        window_periods,
        reference,
        column_number,
        max(bin_count) as bin_count,
        max(reference_total) as reference_total,
        max(total) as total,
        max(reference_present) as reference_present,
        max(present) as present,
        {%- for name in ['population_stability_index', 'jensen_shannon_distance'] %}
        {{ entries[name].formula }} as {{ name }},
        {%- endfor %}
        max(case when is_finite_group = 1 and reference_finite > 0 and finite > 0
            then abs(reference_rank / reference_finite - row_rank / finite) end) as kolmogorov_smirnov
    from shares
    group by monitor, window_periods, reference, column_number

),

-- Contingency of all values and samples; those of which fewer than 5 rows are expected are taken together, so that values that a small
-- reference lacks by chance are no evidence.
expected_groups as (

    select
        groups.monitor,
        groups.window_periods,
        groups.reference,
        groups.column_number,
        groups.reference_count,
        groups.row_count,
        distances.reference_present,
        distances.present,
        least(distances.reference_present, distances.present) * (groups.reference_count + groups.row_count)
            / (distances.reference_present + distances.present) < 5 as is_small
    from groups
    inner join distances
        on groups.monitor = distances.monitor
        and groups.window_periods = distances.window_periods
        and groups.reference = distances.reference
        and groups.column_number = distances.column_number
    where groups.group_type <> 'null'
        and groups.reference_count + groups.row_count > 0
        and distances.reference_present > 0
        and distances.present > 0

),

contingencies as (

    select
        monitor,
        window_periods,
        reference,
        column_number,
        max(reference_present) as reference_present,
        max(present) as present,
        sum(case when not is_small then power(reference_count / reference_present - row_count / present, 2)
            / (reference_count + row_count) else 0 end) as large_sum,
        sum(case when not is_small then 1 else 0 end) as large_count,
        sum(case when is_small then reference_count else 0 end) as small_reference_count,
        sum(case when is_small then row_count else 0 end) as small_count
    from expected_groups
    group by monitor, window_periods, reference, column_number

),

pooled_contingencies as (

    select
        contingencies.*,
        least(reference_present, present) * (small_reference_count + small_count) / (reference_present + present) >= 5 as has_pool
    from contingencies

)

select
    distances.monitor,
    distances.window_periods,
    distances.reference,
    distances.column_number,
    distances.bin_count,
    distances.reference_total,
    distances.total,
    distances.reference_present,
    distances.present,
    distances.population_stability_index,
    distances.jensen_shannon_distance,
    distances.kolmogorov_smirnov,
    pooled.reference_present * pooled.present * (
        pooled.large_sum + case when pooled.has_pool
            then power(pooled.small_reference_count / pooled.reference_present - pooled.small_count / pooled.present, 2)
                / (pooled.small_reference_count + pooled.small_count) else 0 end
    ) as chi_square,
    cast(pooled.large_count + case when pooled.has_pool then 1 else 0 end - 1 as double precision) as degrees_of_freedom
from distances
left join pooled_contingencies as pooled
    on distances.monitor = pooled.monitor
    and distances.window_periods = pooled.window_periods
    and distances.reference = pooled.reference
    and distances.column_number = pooled.column_number
