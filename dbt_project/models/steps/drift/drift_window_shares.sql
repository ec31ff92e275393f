{{ config(enabled='drift' in data_health.parts_on(), materialized='ephemeral') }}
{#- Single shares of a window of periods, tested: of nulls, and of each category. #}
{%- set has_more_nulls %}groups.group_type = 'null'
            and 2 * (groups.reference_count + groups.row_count) > distances.reference_total + distances.total{% endset %}
with groups as (

    select monitor, window_periods, reference, column_number, group_type, category, reference_count, row_count
    from {{ ref('drift_window_groups') }}
    where group_type not in ('quantiles', 'uncut')

),

distances as (

    select monitor, window_periods, reference, column_number, reference_total, total, reference_present, present
    from {{ ref('drift_window_distances') }}

),

-- of nulls and values those that are fewer
single_shares as (

    select
        distances.monitor,
        distances.window_periods,
        distances.reference,
        distances.column_number,
        groups.group_type = 'null' as is_null_group,
        groups.category,
        case when {{ has_more_nulls }} then distances.reference_total - groups.reference_count else groups.reference_count end
            as reference_count,
        case when {{ has_more_nulls }} then distances.total - groups.row_count else groups.row_count end as row_count,
        case when groups.group_type = 'null' then distances.reference_total else distances.reference_present end as reference_total,
        case when groups.group_type = 'null' then distances.total else distances.present end as total
    from distances
    inner join groups
        on distances.monitor = groups.monitor
        and distances.window_periods = groups.window_periods
        and distances.reference = groups.reference
        and distances.column_number = groups.column_number

),

-- two proportions, or Chernoff's bound where fewer than 5 rows are expected
tested_shares as (

    select
        monitor,
        window_periods,
        reference,
        column_number,
        is_null_group,
        category,
        abs({{ data_health.arcsine_share('least(greatest(row_count / total, 0e0), 1e0)') }}
            - {{ data_health.arcsine_share('least(greatest(reference_count / reference_total, 0e0), 1e0)') }}) as h,
        (reference_count + row_count) / (reference_total + total) as pooled_share,
        least(reference_total, total) as fewest,
        power(row_count / total - reference_count / reference_total, 2) / (1 / reference_total + 1 / total) as scaled_square,
        case when row_count > 0
                then row_count * ln(row_count * (reference_total + total) / ((reference_count + row_count) * total)) else 0 end
            + case when reference_count > 0
                then reference_count * ln(reference_count * (reference_total + total) / ((reference_count + row_count) * reference_total))
                else 0 end as exponent
    from single_shares
    where reference_total > 0
        and total > 0

),

ranked_shares as (

    select
        tested_shares.*,
        fewest * least(pooled_share, 1 - pooled_share) >= 5 as is_large,
        row_number() over (
            partition by monitor, window_periods, reference, column_number, is_null_group order by h desc nulls last, category nulls last
        ) as rank
    from tested_shares

)

select
    monitor,
    window_periods,
    reference,
    column_number,
    max(case when is_null_group then h end) as null_share_cohens_h,
    max(case when is_null_group and is_large then scaled_square / (pooled_share * (1 - pooled_share)) end) as null_squared_deviate,
    max(case when is_null_group and not is_large then exponent end) as null_exponent,
    max(case when not is_null_group then h end) as category_share_cohens_h,
    max(case when not is_null_group and is_large then scaled_square / (pooled_share * (1 - pooled_share)) end) as category_squared_deviate,
    max(case when not is_null_group and not is_large then exponent end) as category_exponent,
    count(case when not is_null_group then 1 end) as category_test_count,
    max(case when not is_null_group and rank = 1 then category end) as category
from ranked_shares
group by monitor, window_periods, reference, column_number
