{{ config(enabled='combinations' in data_health.parts_on()) }}
{%- do data_health.begin_model() %}
with periods as (

    select period_number, monitor, dataset, period_start, period_end
    from {{ ref('combination_periods') }}
    where cell_kind = 'features'

),

sets as (

    select monitor, set_number
    from {{ ref('combination_sets') }}
    where cell_kind = 'features'
        and is_compared

),

patterns as (

    select period_number, set_number, pattern_code, row_count
    from {{ ref('combination_patterns') }}

),

comparisons as (

    select
        current_periods.monitor,
        current_periods.period_number,
        reference_periods.period_number as reference_number
    from periods as current_periods
    inner join periods as reference_periods
        on current_periods.monitor = reference_periods.monitor
    where current_periods.dataset = 'production'
        and reference_periods.dataset <> 'production'
        -- a period that belongs to the reference is not judged against itself
        and not coalesce(
            reference_periods.period_start <= current_periods.period_start
            and reference_periods.period_end >= current_periods.period_end, false
        )

),

compared_patterns as (

    select patterns.period_number, patterns.set_number, patterns.pattern_code, patterns.row_count
    from patterns
    inner join periods
        on patterns.period_number = periods.period_number
    inner join sets
        on periods.monitor = sets.monitor
        and patterns.set_number = sets.set_number

),

pattern_counts as (

    select
        period_number,
        set_number,
        sum(row_count) as row_count,
        count(*) as combination_count,
        count(case when row_count = 1 then 1 end) as singleton_count,
        count(case when row_count = 2 then 1 end) as doubleton_count
    from compared_patterns
    group by period_number, set_number

),

unseen_patterns as (

    select
        comparisons.period_number,
        comparisons.reference_number,
        current_patterns.set_number,
        current_patterns.pattern_code,
        current_patterns.row_count
    from comparisons
    inner join compared_patterns as current_patterns
        on comparisons.period_number = current_patterns.period_number
    left join compared_patterns as reference_patterns
        on comparisons.reference_number = reference_patterns.period_number
        and current_patterns.set_number = reference_patterns.set_number
        and current_patterns.pattern_code = reference_patterns.pattern_code
    where reference_patterns.row_count is null

),

-- values that the reference does not have at all make every combination with them new
positions (position, set_number, value_mask) as (

    values
{%- for number in range(1, 9) %}
        ({{ number }}, {{ 2 ** (number - 1) }}, cast({{ 127 * 128 ** (number - 1) }} as bigint)){{ ',' if not loop.last }}
{%- endfor %}

),

unseen_values as (

    select
        comparisons.period_number,
        comparisons.reference_number,
        positions.set_number,
        positions.value_mask,
        current_patterns.pattern_code
    from comparisons
    inner join patterns as current_patterns
        on comparisons.period_number = current_patterns.period_number
    inner join positions
        on current_patterns.set_number = positions.set_number
    left join patterns as reference_patterns
        on comparisons.reference_number = reference_patterns.period_number
        and current_patterns.set_number = reference_patterns.set_number
        and current_patterns.pattern_code = reference_patterns.pattern_code
    where reference_patterns.row_count is null

),

patterns_with_unseen_values as (

    select distinct
        unseen_patterns.period_number,
        unseen_patterns.reference_number,
        unseen_patterns.set_number,
        unseen_patterns.pattern_code
    from unseen_patterns
    inner join unseen_values
        on unseen_patterns.period_number = unseen_values.period_number
        and unseen_patterns.reference_number = unseen_values.reference_number
        and (unseen_patterns.pattern_code & unseen_values.value_mask) = unseen_values.pattern_code

),

ranked_unseen_patterns as (

    select
        unseen_patterns.period_number,
        unseen_patterns.reference_number,
        unseen_patterns.set_number,
        unseen_patterns.pattern_code,
        unseen_patterns.row_count,
        patterns_with_unseen_values.pattern_code is not null as has_unseen_value,
        row_number() over (
            partition by unseen_patterns.period_number, unseen_patterns.reference_number, unseen_patterns.set_number
            order by
                case when patterns_with_unseen_values.pattern_code is null then 1 else 2 end,
                unseen_patterns.row_count desc nulls last,
                unseen_patterns.pattern_code
        ) as rank
    from unseen_patterns
    left join patterns_with_unseen_values
        on unseen_patterns.period_number = patterns_with_unseen_values.period_number
        and unseen_patterns.reference_number = patterns_with_unseen_values.reference_number
        and unseen_patterns.set_number = patterns_with_unseen_values.set_number
        and unseen_patterns.pattern_code = patterns_with_unseen_values.pattern_code

),

unseen_counts as (

    select
        period_number,
        reference_number,
        set_number,
        count(*) as unseen_combination_count,
        sum(row_count) as unseen_count,
        sum(case when has_unseen_value then row_count else 0 end) as unseen_value_count,
        max(case when rank = 1 then pattern_code end) as unseen_pattern
    from ranked_unseen_patterns
    group by period_number, reference_number, set_number

)

select
    comparisons.monitor,
    comparisons.period_number,
    comparisons.reference_number,
    sets.set_number,
    cast(coalesce(current_counts.row_count, 0) as bigint) as row_count,
    cast(coalesce(reference_counts.row_count, 0) as bigint) as reference_row_count,
    cast(coalesce(current_counts.combination_count, 0) as bigint) as combination_count,
    cast(coalesce(reference_counts.combination_count, 0) as bigint) as reference_combination_count,
    cast(coalesce(reference_counts.singleton_count, 0) as bigint) as singleton_count,
    cast(coalesce(reference_counts.doubleton_count, 0) as bigint) as doubleton_count,
    cast(coalesce(unseen_counts.unseen_combination_count, 0) as bigint) as unseen_combination_count,
    cast(coalesce(unseen_counts.unseen_count, 0) as bigint) as unseen_count,
    cast(coalesce(unseen_counts.unseen_value_count, 0) as bigint) as unseen_value_count,
    unseen_counts.unseen_pattern
from comparisons
inner join sets
    on comparisons.monitor = sets.monitor
left join pattern_counts as current_counts
    on comparisons.period_number = current_counts.period_number
    and sets.set_number = current_counts.set_number
left join pattern_counts as reference_counts
    on comparisons.reference_number = reference_counts.period_number
    and sets.set_number = reference_counts.set_number
left join unseen_counts
    on comparisons.period_number = unseen_counts.period_number
    and comparisons.reference_number = unseen_counts.reference_number
    and sets.set_number = unseen_counts.set_number
