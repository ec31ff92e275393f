{{ config(enabled=data_health.part_is_on('profile'), materialized='ephemeral') }}
{#- Quantiles from the fine bins: the value of a rank lies between the smallest and the largest value of its bin. #}
{%- set quantiles = {
    'p01': '0.01e0', 'p05': '0.05e0', 'p25': '0.25e0', 'p50': '0.5e0', 'p75': '0.75e0', 'p95': '0.95e0', 'p99': '0.99e0'
} %}
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
        sum(row_count) over (partition by group_number order by maximum nulls last, minimum nulls last rows unbounded preceding) as rank_to
    from period_bins

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
        {%- for name, share in quantiles.items() %}
            {%- set position = '(' ~ share ~ ' * (finite_count - 1) + 1)' %},
        {%- for side, rank in {'below': 'floor(' ~ position ~ ')', 'above': 'ceil(' ~ position ~ ')'}.items() %}
        -- as if the values of a bin were spread evenly from its smallest to its largest
        min(case when rank_to >= {{ rank }} then
            case when row_count > 1 and maximum - minimum > 1e-300
                then minimum + (maximum - minimum) * greatest({{ rank }} - rank_before - 1, 0) / (row_count - 1)
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
    {%- endfor %}
from group_quantiles
inner join profiled_groups
    on group_quantiles.group_number = profiled_groups.group_number
