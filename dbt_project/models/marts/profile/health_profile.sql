{{ config(enabled='profile' in data_health.parts_on()) }}
{%- do data_health.begin_model() %}
{%- set state = data_health.state_of_inputs() %}
{%- set counts_distinct_exactly = data_health.engine_sql('counts_distinct_exactly') %}
{%- set quantiles = ['p01', 'p05', 'p25', 'p50', 'p75', 'p95', 'p99'] %}
{%- if state.is_unchanged %}
{{ state.unchanged_rows }}
{%- else %}
with column_roles as (

    select monitor, name as column_name, role, is_value_shown
    from {{ ref('health_monitors') }}
    where subject = 'column'
        and is_monitored

),

sums as (

    select *
    from {{ ref('profile_sums') }}

),

quantiles as (

    select *
    from {{ ref('profile_quantiles') }}

),

category_summaries as (

    select *
    from {{ ref('profile_categories') }}

),

-- moments about the mean
central_moments as (

    select
        sums.*,
        sum_1 / nullif(moment_count, 0) as mean_shift,
        (sum_2 - sum_1 * sum_1 / nullif(moment_count, 0)) / nullif(moment_count, 0) as second_moment,
        (sum_3 - 3 * sum_1 * sum_2 / nullif(moment_count, 0) + 2 * power(sum_1, 3) / nullif(power(moment_count, 2), 0))
            / nullif(moment_count, 0) as third_moment,
        (sum_4 - 4 * sum_1 * sum_3 / nullif(moment_count, 0) + 6 * power(sum_1, 2) * sum_2 / nullif(power(moment_count, 2), 0)
            - 3 * power(sum_1, 4) / nullif(power(moment_count, 3), 0)) / nullif(moment_count, 0) as fourth_moment
    from sums

),

profiles as (

    select
        central_moments.*,
        central_moments.row_count - central_moments.null_count as present_count,
        column_roles.role,
        column_roles.is_value_shown,
        category_summaries.category_count,
        category_summaries.has_other,
        category_summaries.other_count,
        category_summaries.entropy,
        category_summaries.top_value,
        category_summaries.top_count
        {%- for name in quantiles %},
        quantiles.{{ name }},
        quantiles.{{ name }}_lower,
        quantiles.{{ name }}_upper
        {%- endfor %},
        quantiles.value_count_lower,
        quantiles.value_count_upper,
        case when central_moments.nan_count > 0 then 1 else 0 end
            + case when central_moments.positive_infinity_count > 0 then 1 else 0 end
            + case when central_moments.negative_infinity_count > 0 then 1 else 0 end as special_value_count
    from central_moments
    inner join column_roles
        on central_moments.monitor = column_roles.monitor
        and central_moments.column_name = column_roles.column_name
    left join quantiles
        on central_moments.dataset_period_key = quantiles.dataset_period_key
        and central_moments.segment_column = quantiles.segment_column
        and coalesce(central_moments.segment_value, '(null)') = coalesce(quantiles.segment_value, '(null)')
        and central_moments.column_name = quantiles.column_name
    left join category_summaries
        on central_moments.dataset_period_key = category_summaries.dataset_period_key
        and central_moments.segment_column = category_summaries.segment_column
        and coalesce(central_moments.segment_value, '(null)') = coalesce(category_summaries.segment_value, '(null)')
        and central_moments.column_name = category_summaries.column_name
        and central_moments.kind in ('categorical', 'boolean')

),

-- How many different values there are for certain: as the bins and categories of the column tell it, and as the warehouse counts them,
-- if it does so exactly. A category may be a known one in one stored period of a window, and among the others in another.
bounded_profiles as (

    select
        profiles.*,
        greatest(
            case
                when kind in ('numeric', 'timestamp') then coalesce(value_count_lower, 0) + special_value_count
                when kind in ('categorical', 'boolean')
                    then coalesce(category_count, 0) + case when stored_period_count = 1 then coalesce(has_other, 0) else 0 end
                when present_count > 0 then 1
                else 0
            end
            {%- if counts_distinct_exactly %},
            largest_distinct_count
            {%- endif %}
        ) as proven_lower,
        least(
            present_count,
            case
                when kind in ('numeric', 'timestamp') then coalesce(value_count_upper, 0) + special_value_count
                when kind in ('categorical', 'boolean') then coalesce(category_count + other_count, 0)
                else present_count
            end
            {%- if counts_distinct_exactly %},
            total_distinct_count
            {%- endif %}
        ) as proven_upper
    from profiles

)

select
    monitor,
    dataset,
    period_start,
    period_end,
    is_latest,
    segment_column,
    segment_value,
    column_name,
    role,
    kind,
    row_count,
    null_count,
    cast(null_count as double precision) / row_count as null_share,
    cast(case
        when proven_lower = proven_upper then proven_lower
        when stored_period_count = 1 then least(greatest(largest_distinct_count, proven_lower), proven_upper)
    end as bigint) as distinct_count,
    case when is_value_shown then top_value end as top_value,
    top_count / nullif(present_count, 0) as top_share,
    case when extreme_count = 0 then centre + mean_shift end as mean,
    case
        when minimum = maximum then 0e0
        when extreme_count = 0 and second_moment is not null then sqrt(greatest(second_moment, 0e0))
    end as standard_deviation,
    minimum,
    p50,
    maximum,
    case when kind = 'timestamp' then {{ data_health.engine_sql('from_epoch_seconds', 'minimum') }} end as earliest,
    case when kind = 'timestamp' then {{ data_health.engine_sql('from_epoch_seconds', 'maximum') }} end as latest,
    cast(nan_count as double precision) / row_count as nan_share,
    cast(positive_infinity_count + negative_infinity_count as double precision) / row_count as infinity_share,
    cast(zero_count as double precision) / row_count as zero_share,
    cast(negative_count as double precision) / row_count as negative_share,
    cast(empty_count as double precision) / row_count as empty_share,
    cast(sentinel_count as double precision) / row_count as sentinel_share,
    cast(whole_count as double precision) / row_count as whole_share,
    cast(tenths_count as double precision) / row_count as tenths_share,
    cast(least(greatest({{ data_health.engine_sql('distinct_count_lower', 'largest_distinct_count') }}, proven_lower), proven_upper)
        as bigint) as distinct_count_lower,
    cast(greatest(least({{ data_health.engine_sql('distinct_count_upper', 'total_distinct_count') }}, proven_upper), proven_lower)
        as bigint) as distinct_count_upper,
    proven_lower = proven_upper as is_distinct_count_exact,
    case when extreme_count = 0 then mean_shift end as mean_from_centre,
    case
        when minimum = maximum then 0e0
        when extreme_count = 0 and second_moment is not null then greatest(second_moment, 0e0)
    end as variance,
    case when extreme_count = 0 and second_moment > 0 and minimum < maximum
        then third_moment / power(second_moment, 1.5e0) end as skewness,
    case when extreme_count = 0 and second_moment > 0 and minimum < maximum
        then fourth_moment / power(second_moment, 2e0) - 3 end as excess_kurtosis,
    coalesce(abs(mean_shift) > 100 * sqrt(greatest(second_moment, 0e0)), false) as is_imprecise,
    extreme_count,
    {%- for name in quantiles %}
    {%- if name != 'p50' %}
    {{ name }},
    {%- endif %}
    {{ name }}_lower,
    {{ name }}_upper,
    {%- endfor %}
    entropy,
    length_sum / nullif(present_count, 0) as mean_length,
    length_minimum as minimum_length,
    length_maximum as maximum_length,
    '{{ state.computed_from }}' as computed_from,
    {{ data_health.run_time() }} as built_at
from bounded_profiles
{%- endif %}
