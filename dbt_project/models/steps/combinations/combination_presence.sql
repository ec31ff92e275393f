{{ config(enabled='combinations' in data_health.parts_on(), materialized='ephemeral') }}
with periods as (

    select period_number, monitor
    from {{ ref('combination_periods') }}
    where cell_kind = 'features'

),

sets as (

    select monitor, set_number, set_size
    from {{ ref('combination_sets') }}
    where cell_kind = 'features'
        and is_compared

),

combination_values as (

    select monitor, position, code, bin_type, value_count
    from {{ ref('combination_values') }}
    where cell_kind = 'features'

),

patterns as (

    select period_number, set_number, pattern_code, row_count
    from {{ ref('combination_patterns') }}

),

positions (position, set_number, unit) as (

    values
{%- for number in range(1, 9) %}
        ({{ number }}, {{ 2 ** (number - 1) }}, cast({{ 128 ** (number - 1) }} as bigint)){{ ',' if not loop.last }}
{%- endfor %}

),

-- what each feature can be, and who has it
single_values as (

    select
        patterns.period_number,
        periods.monitor,
        positions.position,
        combination_values.code,
        combination_values.bin_type,
        greatest(combination_values.value_count, 1) as value_count,
        patterns.row_count
    from patterns
    inner join periods
        on patterns.period_number = periods.period_number
    inner join positions
        on patterns.set_number = positions.set_number
    inner join combination_values
        on periods.monitor = combination_values.monitor
        and positions.position = combination_values.position
        and patterns.pattern_code = combination_values.code * positions.unit

),

value_counts as (

    select monitor, position, count(distinct code) as value_count
    from single_values
    group by monitor, position

),

possible_counts as (

    select
        sets.monitor,
        sets.set_number,
        round(exp(sum(ln(cast(value_counts.value_count as double precision))))) as possible_count
    from sets
    inner join positions
        on (sets.set_number & positions.set_number) > 0
    inner join value_counts
        on sets.monitor = value_counts.monitor
        and positions.position = value_counts.position
    group by sets.monitor, sets.set_number

),

features_of_periods as (

    select
        period_number,
        position,
        max(case when bin_type = 'other' then 1 else 0 end) as has_others,
        sum(case when bin_type = 'other' then value_count end) as other_value_count,
        sum(case when bin_type = 'other' then row_count end) as other_count
    from single_values
    group by period_number, position

),

-- a period that the table no longer has is not counted again when bins are cut again
counted_periods as (

    select distinct period_number
    from patterns
    where set_number = 0

)

select
    periods.period_number,
    sets.set_number,
    max(counted_periods.period_number) is not null as is_counted,
    count(features_of_periods.position) = max(sets.set_size) as has_all,
    coalesce(max(features_of_periods.has_others), 0) = 1 as has_others,
    cast(sum(features_of_periods.other_value_count) as bigint) as other_value_count,
    cast(sum(features_of_periods.other_count) as bigint) as other_count,
    max(possible_counts.possible_count) as possible_count
from periods
inner join sets
    on periods.monitor = sets.monitor
inner join positions
    on (sets.set_number & positions.set_number) > 0
left join counted_periods
    on periods.period_number = counted_periods.period_number
left join features_of_periods
    on periods.period_number = features_of_periods.period_number
    and positions.position = features_of_periods.position
left join possible_counts
    on sets.monitor = possible_counts.monitor
    and sets.set_number = possible_counts.set_number
group by periods.period_number, sets.set_number
