{{ config(enabled=data_health.part_is_on('drift'), materialized='ephemeral') }}
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
        (row_count + 0.5e0) / (total + 0.5e0 * bin_count) as smooth_q,
        case when is_null_group = 0 and reference_present > 0 and present > 0
            then least(reference_present, present) * (reference_count + row_count) / (reference_present + present) end as expected_count
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
            then abs(reference_rank / reference_finite - row_rank / finite) end) as kolmogorov_smirnov,
        -- groups in which fewer than 5 rows are expected are left out of the contingency
        sum(case when expected_count >= 5
            then power(reference_count / reference_present - row_count / present, 2)
                * reference_present * present / (reference_count + row_count) end) as chi_square,
        cast(count(case when expected_count >= 5 then 1 end) - 1 as double precision) as degrees_of_freedom
    from shares
    group by monitor, window_periods, reference, column_number

)

select
    monitor,
    window_periods,
    reference,
    column_number,
    bin_count,
    reference_total,
    total,
    reference_present,
    present,
    population_stability_index,
    jensen_shannon_distance,
    kolmogorov_smirnov,
    chi_square,
    degrees_of_freedom
from distances
