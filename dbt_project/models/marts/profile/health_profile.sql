{{ config(enabled=data_health.part_is_on('profile')) }}
{%- do data_health.begin_model() %}
{%- set quantiles = {'p01': '0.01e0', 'p05': '0.05e0', 'p25': '0.25e0', 'p50': '0.5e0', 'p75': '0.75e0', 'p95': '0.95e0',
    'p99': '0.99e0'} %}

with dataset_periods as (

    select monitor, dataset, dataset_period_key, period_start, period_end, stored_period_key, is_latest
    from {{ ref('dataset_periods') }}

),

column_grids as (

    select monitor, column_name, kind, centre
    from {{ ref('column_grids') }}

),

column_roles as (

    select monitor, name as column_name, role, is_value_shown
    from {{ ref('health_monitors') }}
    where subject = 'column'
        and is_watched

),

-- 1. Sums over the stored periods of each dataset and period, about one centre.
period_statistics as (

    select
        dataset_periods.monitor,
        dataset_periods.dataset,
        dataset_periods.dataset_period_key,
        dataset_periods.period_start,
        dataset_periods.period_end,
        dataset_periods.is_latest,
        column_statistics.segment_column,
        column_statistics.segment_value,
        column_statistics.column_name,
        column_grids.kind,
        column_grids.centre,
        -- its fourth power has to be a number
        case when abs(column_statistics.centre - column_grids.centre) > 1e-60 then column_statistics.centre - column_grids.centre else 0
            end as centre_shift,
        {%- for statistic in data_health.statistic_types() %}
        column_statistics.{{ statistic }},
        {%- endfor %}
        column_statistics.row_count - column_statistics.null_count - column_statistics.nan_count
            - column_statistics.positive_infinity_count - column_statistics.negative_infinity_count
            - column_statistics.extreme_count as moment_count
    -- under --empty dbt gives a relation an alias of its own, so that a second one needs these brackets
    from (select * from {{ ref('column_statistics') }}) as column_statistics
    inner join dataset_periods
        on column_statistics.period_key = dataset_periods.stored_period_key
    inner join column_grids
        on column_statistics.monitor = column_grids.monitor
        and column_statistics.column_name = column_grids.column_name

),

summed_statistics as (

    select
        monitor,
        dataset,
        dataset_period_key,
        period_start,
        period_end,
        is_latest,
        segment_column,
        segment_value,
        column_name,
        kind,
        centre,
        count(*) as stored_period_count,
        {%- for statistic in ['row', 'null', 'nan', 'positive_infinity', 'negative_infinity', 'extreme', 'zero', 'negative', 'empty'] %}
        cast(sum({{ statistic }}_count) as bigint) as {{ statistic }}_count,
        {%- endfor %}
        min(minimum) as minimum,
        max(maximum) as maximum,
        cast(sum(moment_count) as double precision) as moment_count,
        sum(sum_1 + moment_count * centre_shift) as sum_1,
        sum(sum_2 + 2 * centre_shift * sum_1 + moment_count * power(centre_shift, 2)) as sum_2,
        sum(sum_3 + 3 * centre_shift * sum_2 + 3 * power(centre_shift, 2) * sum_1 + moment_count * power(centre_shift, 3)) as sum_3,
        sum(sum_4 + 4 * centre_shift * sum_3 + 6 * power(centre_shift, 2) * sum_2 + 4 * power(centre_shift, 3) * sum_1
            + moment_count * power(centre_shift, 4)) as sum_4,
        cast(sum(length_sum) as double precision) as length_sum,
        min(length_minimum) as length_minimum,
        max(length_maximum) as length_maximum,
        max(distinct_count) as largest_distinct_count,
        sum(distinct_count) as total_distinct_count
    from period_statistics
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11

),

-- 2. Moments about the mean.
central_moments as (

    select
        summed_statistics.*,
        sum_1 / nullif(moment_count, 0) as mean_shift,
        (sum_2 - sum_1 * sum_1 / nullif(moment_count, 0)) / nullif(moment_count, 0) as second_moment,
        (sum_3 - 3 * sum_1 * sum_2 / nullif(moment_count, 0) + 2 * power(sum_1, 3) / nullif(power(moment_count, 2), 0))
            / nullif(moment_count, 0) as third_moment,
        (sum_4 - 4 * sum_1 * sum_3 / nullif(moment_count, 0) + 6 * power(sum_1, 2) * sum_2 / nullif(power(moment_count, 2), 0)
            - 3 * power(sum_1, 4) / nullif(power(moment_count, 3), 0)) / nullif(moment_count, 0) as fourth_moment
    from summed_statistics

),

-- 3. Quantiles from the fine bins. The value of a rank lies between the smallest and the largest value of its bin.
-- What is profiled gets a number, because sorting by one number costs a fraction of sorting by four texts.
profiled_groups as (

    select
        dataset_period_key,
        segment_column,
        segment_value,
        column_name,
        cast(row_number() over (order by dataset_period_key, segment_column, segment_value, column_name) as integer) as group_number
    from summed_statistics
    where kind in ('numeric', 'timestamp')

),

stored_bins as (

    select
        profiled_groups.group_number,
        parts_of_periods.part_count,
        column_distributions.grid_generation,
        column_distributions.bin,
        cast(column_distributions.row_count as double precision) as row_count,
        column_distributions.minimum,
        column_distributions.maximum
    from (select * from {{ ref('column_distributions') }}) as column_distributions
    inner join (
        select dataset_period_key, stored_period_key, count(*) over (partition by dataset_period_key) as part_count
        from dataset_periods
    ) as parts_of_periods
        on column_distributions.period_key = parts_of_periods.stored_period_key
    inner join profiled_groups
        on parts_of_periods.dataset_period_key = profiled_groups.dataset_period_key
        and column_distributions.segment_column = profiled_groups.segment_column
        and coalesce(column_distributions.segment_value, '(null)') = coalesce(profiled_groups.segment_value, '(null)')
        and column_distributions.column_name = profiled_groups.column_name
    where column_distributions.bin_type = 'bin'

),

-- most are those of one stored period, and need not be added up
period_bins as (

    select group_number, grid_generation, bin, row_count, minimum, maximum
    from stored_bins
    where part_count = 1

    union all

    select
        group_number,
        grid_generation,
        bin,
        sum(row_count) as row_count,
        min(minimum) as minimum,
        max(maximum) as maximum
    from stored_bins
    where part_count > 1
    group by group_number, grid_generation, bin

),

bin_totals as (

    select
        group_number,
        sum(row_count) as finite_count,
        min(grid_generation) < max(grid_generation) as is_mixed
    from period_bins
    group by group_number

),

cumulative_bins as (

    select
        group_number,
        bin,
        grid_generation,
        minimum,
        maximum,
        row_count,
        sum(row_count) over (partition by group_number order by maximum, minimum rows unbounded preceding) as rank_to
    from period_bins

),

-- bins of two generations of a grid may overlap: counting from below by their ends
-- and from above by their beginnings bounds a rank all the same
mixed_bins as (

    select
        period_bins.group_number,
        period_bins.bin,
        period_bins.grid_generation,
        sum(period_bins.row_count) over (
            partition by period_bins.group_number
            order by period_bins.minimum desc, period_bins.maximum desc rows unbounded preceding
        ) as rank_from_above
    from period_bins
    inner join bin_totals
        on period_bins.group_number = bin_totals.group_number
    where bin_totals.is_mixed

),

ranked_bins as (

    select
        cumulative_bins.group_number,
        cumulative_bins.minimum,
        cumulative_bins.maximum,
        cumulative_bins.row_count,
        bin_totals.finite_count,
        bin_totals.is_mixed,
        cumulative_bins.rank_to - cumulative_bins.row_count as rank_before,
        cumulative_bins.rank_to,
        coalesce(
            bin_totals.finite_count - mixed_bins.rank_from_above,
            cumulative_bins.rank_to - cumulative_bins.row_count
        ) + 1 as lowest_rank
    from cumulative_bins
    inner join bin_totals
        on cumulative_bins.group_number = bin_totals.group_number
    left join mixed_bins
        on cumulative_bins.group_number = mixed_bins.group_number
        and cumulative_bins.grid_generation = mixed_bins.grid_generation
        and cumulative_bins.bin = mixed_bins.bin

),

group_quantiles as (

    select
        group_number
        {%- for name, share in quantiles.items() %}
            {%- set position = '(' ~ share ~ ' * (finite_count - 1) + 1)' %},
        {%- for side, rank in {'below': 'floor(' ~ position ~ ')', 'above': 'ceil(' ~ position ~ ')'}.items() %}
        -- as if the values of a bin were spread evenly from its smallest to its largest
        min(case when rank_to >= {{ rank }} then
            case when row_count > 1 then minimum + (maximum - minimum) * greatest({{ rank }} - rank_before - 1, 0) / (row_count - 1)
                else minimum end
        end) as {{ name }}_{{ side }},
        {%- endfor %}
        max({{ position }} - floor({{ position }})) as {{ name }}_fraction,
        max(case when lowest_rank <= floor({{ position }}) then minimum end) as {{ name }}_lower,
        min(case when rank_to >= ceil({{ position }}) then maximum end) as {{ name }}_upper
        {%- endfor %}
    from ranked_bins
    -- of one grid, no other bins have a say
    where is_mixed
        {%- for share in quantiles.values() %}
            {%- set position = '(' ~ share ~ ' * (finite_count - 1) + 1)' %}
        or (rank_before < ceil({{ position }}) and rank_to >= floor({{ position }}))
        {%- endfor %}
    group by group_number

),

bin_quantiles as (

    select
        profiled_groups.dataset_period_key,
        profiled_groups.segment_column,
        profiled_groups.segment_value,
        profiled_groups.column_name
        {%- for name in quantiles %},
        group_quantiles.{{ name }}_below,
        group_quantiles.{{ name }}_above,
        group_quantiles.{{ name }}_fraction,
        group_quantiles.{{ name }}_lower,
        group_quantiles.{{ name }}_upper
        {%- endfor %}
    from group_quantiles
    inner join profiled_groups
        on group_quantiles.group_number = profiled_groups.group_number

),

-- 4. Categories: how many, how even, and the most frequent one.
period_categories as (

    select
        dataset_periods.dataset_period_key,
        column_distributions.segment_column,
        column_distributions.segment_value,
        column_distributions.column_name,
        column_distributions.bin_type,
        column_distributions.category,
        cast(sum(column_distributions.row_count) as double precision) as row_count
    from (select * from {{ ref('column_distributions') }}) as column_distributions
    inner join dataset_periods
        on column_distributions.period_key = dataset_periods.stored_period_key
    where column_distributions.bin_type in ('value', 'other')
    group by 1, 2, 3, 4, 5, 6

),

ranked_categories as (

    select
        period_categories.*,
        sum(row_count) over (partition by dataset_period_key, segment_column, segment_value, column_name) as present_count,
        row_number() over (
            partition by dataset_period_key, segment_column, segment_value, column_name
            order by case when bin_type = 'value' then 0 else 1 end, row_count desc, category
        ) as category_rank
    from period_categories

),

category_summaries as (

    select
        dataset_period_key,
        segment_column,
        segment_value,
        column_name,
        count(case when bin_type = 'value' then 1 end) as category_count,
        max(case when bin_type = 'other' then 1 else 0 end) as has_other,
        - sum(row_count / present_count * ln(row_count / present_count)) / ln(2e0) as entropy,
        max(case when category_rank = 1 and bin_type = 'value' then category end) as top_value,
        max(case when category_rank = 1 and bin_type = 'value' then row_count end) as top_count
    from ranked_categories
    group by 1, 2, 3, 4

),

profiles as (

    select
        central_moments.*,
        central_moments.row_count - central_moments.null_count as present_count,
        column_roles.role,
        column_roles.is_value_shown,
        category_summaries.category_count,
        category_summaries.has_other,
        category_summaries.entropy,
        category_summaries.top_value,
        category_summaries.top_count
        {%- for name in quantiles %},
        bin_quantiles.{{ name }}_below + bin_quantiles.{{ name }}_fraction
            * (bin_quantiles.{{ name }}_above - bin_quantiles.{{ name }}_below) as {{ name }},
        bin_quantiles.{{ name }}_lower,
        bin_quantiles.{{ name }}_upper
        {%- endfor %}
    from central_moments
    inner join column_roles
        on central_moments.monitor = column_roles.monitor
        and central_moments.column_name = column_roles.column_name
    left join bin_quantiles
        on central_moments.dataset_period_key = bin_quantiles.dataset_period_key
        and central_moments.segment_column = bin_quantiles.segment_column
        and coalesce(central_moments.segment_value, '(null)') = coalesce(bin_quantiles.segment_value, '(null)')
        and central_moments.column_name = bin_quantiles.column_name
    left join category_summaries
        on central_moments.dataset_period_key = category_summaries.dataset_period_key
        and central_moments.segment_column = category_summaries.segment_column
        and coalesce(central_moments.segment_value, '(null)') = coalesce(category_summaries.segment_value, '(null)')
        and central_moments.column_name = category_summaries.column_name
        and central_moments.kind in ('categorical', 'boolean')

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
    cast(nan_count as double precision) / row_count as nan_share,
    cast(positive_infinity_count + negative_infinity_count as double precision) / row_count as infinity_share,
    cast(zero_count as double precision) / row_count as zero_share,
    cast(negative_count as double precision) / row_count as negative_share,
    cast(empty_count as double precision) / row_count as empty_share,
    cast(case
        when kind in ('categorical', 'boolean') and has_other = 0 then category_count
        when kind in ('categorical', 'boolean') and category_count is null then 0
        when stored_period_count = 1 then least(largest_distinct_count, present_count)
    end as bigint) as distinct_count,
    cast(case
        when kind in ('categorical', 'boolean') and has_other = 0 then category_count
        else least(largest_distinct_count, present_count)
    end as bigint) as distinct_count_lower,
    cast(case
        when kind in ('categorical', 'boolean') and has_other = 0 then category_count
        else least(total_distinct_count, present_count)
    end as bigint) as distinct_count_upper,
    present_count = 0 or (kind in ('categorical', 'boolean') and coalesce(has_other, 0) = 0) as is_distinct_count_exact,
    minimum,
    maximum,
    case when extreme_count = 0 then centre + mean_shift end as mean,
    case when minimum = maximum then 0e0 when extreme_count = 0 and second_moment is not null then greatest(second_moment, 0e0)
        end as variance,
    case when minimum = maximum then 0e0 when extreme_count = 0 and second_moment is not null then sqrt(greatest(second_moment, 0e0))
        end as standard_deviation,
    case when extreme_count = 0 and second_moment > 0 and minimum < maximum then third_moment / power(second_moment, 1.5e0) end as skewness,
    case when extreme_count = 0 and second_moment > 0 and minimum < maximum then fourth_moment / power(second_moment, 2e0) - 3
        end as excess_kurtosis,
    coalesce(abs(mean_shift) > 100 * sqrt(greatest(second_moment, 0e0)), false) as is_imprecise,
    extreme_count,
    {%- for name in quantiles %}
    {{ name }},
    {{ name }}_lower,
    {{ name }}_upper,
    {%- endfor %}
    case when kind = 'timestamp' then {{ data_health.engine_sql('from_epoch_seconds', 'minimum') }} end as earliest,
    case when kind = 'timestamp' then {{ data_health.engine_sql('from_epoch_seconds', 'maximum') }} end as latest,
    case when is_value_shown then top_value end as top_value,
    top_count / nullif(present_count, 0) as top_share,
    entropy,
    length_sum / nullif(present_count, 0) as mean_length,
    length_minimum as minimum_length,
    length_maximum as maximum_length,
    {{ data_health.run_time() }} as built_at
from profiles
