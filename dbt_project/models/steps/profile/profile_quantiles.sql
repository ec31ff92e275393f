{{ config(enabled='profile' in data_health.parts_on(), materialized='ephemeral') }}
{#-
    Quantiles from the fine bins: the value of a rank lies between the smallest and the largest value of its bin. Of n values the nine
    definitions of Hyndman and Fan (1996) take no rank below n p, rounded down, and none above n p + max(p, 1 - p), rounded up. Percent
    are whole numbers, so that these are exact. And how many different values there are, at least and at most, as the bins tell it.
#}
{%- set quantiles = {'p01': 1, 'p05': 5, 'p25': 25, 'p50': 50, 'p75': 75, 'p95': 95, 'p99': 99} %}
{%- set positions, lowest_ranks, highest_ranks = {}, {}, {} %}
{%- for name, percent in quantiles.items() %}
    {%- do positions.update({name: '(' ~ percent / 100 ~ 'e0 * (finite_count - 1) + 1)'}) %}
    {%- do lowest_ranks.update({name: 'greatest(floor(' ~ percent ~ ' * finite_count / 100e0), 1)'}) %}
    {%- do highest_ranks.update({name: 'least(ceil((' ~ percent ~ ' * finite_count + ' ~ [percent, 100 - percent] | max
        ~ ') / 100e0), finite_count)'}) %}
{%- endfor %}
with parts_of_periods as (

    select dataset_period_key, stored_period_key, count(*) over (partition by dataset_period_key) as part_count
    from {{ ref('dataset_periods') }}

),

-- what is profiled gets a number, because sorting by one number costs a fraction of sorting by four texts
profiled_groups as (

    select
        dataset_period_key,
        segment_column,
        segment_value,
        column_name,
        is_whole,
        told_apart_to,
        cast(row_number() over (
            order by dataset_period_key, segment_column, segment_value nulls last, column_name
        ) as integer) as group_number
    from {{ ref('profile_sums') }}
    where kind in ('numeric', 'timestamp')

),

distributions as (

    select period_key, column_name, segment_column, segment_value, grid_generation, bin_type, bin, bin_width, row_count, minimum, maximum
    from {{ ref('named_distributions') }}

),

stored_bins as (

    select
        profiled_groups.group_number,
        parts_of_periods.part_count,
        distributions.grid_generation,
        distributions.bin,
        distributions.bin_width,
        cast(distributions.row_count as double precision) as row_count,
        distributions.minimum,
        distributions.maximum
    from distributions
    inner join parts_of_periods
        on distributions.period_key = parts_of_periods.stored_period_key
    inner join profiled_groups
        on parts_of_periods.dataset_period_key = profiled_groups.dataset_period_key
        and distributions.segment_column = profiled_groups.segment_column
        and coalesce(distributions.segment_value, '(null)') = coalesce(profiled_groups.segment_value, '(null)')
        and distributions.column_name = profiled_groups.column_name
    where distributions.bin_type = 'bin'

),

-- stored periods of many and of few values have bins of several widths
bin_widths as (

    select group_number, max(bin_width) as bin_width
    from stored_bins
    where part_count > 1
    group by group_number

),

-- most are those of one stored period, and need not be added up
period_bins as (

    select group_number, grid_generation, bin, row_count, minimum, maximum
    from stored_bins
    where part_count = 1

    union all

    select
        stored_bins.group_number,
        stored_bins.grid_generation,
        {{ data_health.engine_sql('coarse_bin', 'stored_bins.bin', 'bin_widths.bin_width') }} as bin,
        sum(stored_bins.row_count) as row_count,
        min(stored_bins.minimum) as minimum,
        max(stored_bins.maximum) as maximum
    from stored_bins
    inner join bin_widths
        on stored_bins.group_number = bin_widths.group_number
    group by 1, 2, 3

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
        sum(row_count) over (partition by group_number order by maximum nulls last, minimum nulls last rows unbounded preceding) as rank_to,
        lag(maximum) over (partition by group_number order by maximum nulls last, minimum nulls last) as maximum_before
    from period_bins

),

-- A bin has one value if its ends are equal, else at least these two. Bins that overlap may share values. Of whole numbers no more lie
-- between two ends than that; several long numbers may be the same double.
bin_values as (

    select
        cumulative_bins.group_number,
        sum(case
            when cumulative_bins.minimum <= cumulative_bins.maximum_before then 0
            when cumulative_bins.minimum < cumulative_bins.maximum then 2
            else 1
        end) as value_count_lower,
        sum(least(cumulative_bins.row_count, case
            when greatest(abs(cumulative_bins.minimum), abs(cumulative_bins.maximum)) > profiled_groups.told_apart_to
                then cumulative_bins.row_count
            when cumulative_bins.minimum = cumulative_bins.maximum then 1
            when profiled_groups.is_whole then cumulative_bins.maximum - cumulative_bins.minimum + 1
            else cumulative_bins.row_count
        end)) as value_count_upper
    from cumulative_bins
    inner join profiled_groups
        on cumulative_bins.group_number = profiled_groups.group_number
    group by cumulative_bins.group_number

),

-- bins of two generations of a grid may overlap: counting from below by their ends and from above by their beginnings
-- bounds a rank all the same
mixed_bins as (

    select
        period_bins.group_number,
        period_bins.bin,
        period_bins.grid_generation,
        sum(period_bins.row_count) over (
            partition by period_bins.group_number
            order by period_bins.minimum desc nulls last, period_bins.maximum desc nulls last rows unbounded preceding
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
        {%- for name, position in positions.items() %},
        {%- for side, rank in {'below': 'floor(' ~ position ~ ')', 'above': 'ceil(' ~ position ~ ')'}.items() %}
        -- as if the values of a bin were spread evenly from its smallest to its largest
        min(case when rank_to >= {{ rank }} then
            case when row_count > 1 and maximum - minimum > 1e-300
                then minimum + (maximum - minimum) * greatest({{ rank }} - rank_before - 1, 0) / (row_count - 1)
                else minimum end
        end) as {{ name }}_{{ side }},
        {%- endfor %}
        max({{ position }} - floor({{ position }})) as {{ name }}_fraction,
        max(case when lowest_rank <= {{ lowest_ranks[name] }} then minimum end) as {{ name }}_lower,
        min(case when rank_to >= {{ highest_ranks[name] }} then maximum end) as {{ name }}_upper
        {%- endfor %}
    from ranked_bins
    -- of one grid, no other bins have a say
    where is_mixed
        {%- for name in quantiles %}
        or (rank_before < {{ highest_ranks[name] }} and rank_to >= {{ lowest_ranks[name] }})
        {%- endfor %}
    group by group_number

)

select
    profiled_groups.dataset_period_key,
    profiled_groups.segment_column,
    profiled_groups.segment_value,
    profiled_groups.column_name
    {%- for name in quantiles %},
    -- a part of the smallest numbers is none, which ends the query on PostgreSQL
    group_quantiles.{{ name }}_below + case when group_quantiles.{{ name }}_above - group_quantiles.{{ name }}_below > 1e-300
        then group_quantiles.{{ name }}_fraction * (group_quantiles.{{ name }}_above - group_quantiles.{{ name }}_below)
        else 0e0 end as {{ name }},
    group_quantiles.{{ name }}_lower,
    group_quantiles.{{ name }}_upper
    {%- endfor %},
    bin_values.value_count_lower,
    bin_values.value_count_upper
from group_quantiles
inner join profiled_groups
    on group_quantiles.group_number = profiled_groups.group_number
inner join bin_values
    on group_quantiles.group_number = bin_values.group_number
