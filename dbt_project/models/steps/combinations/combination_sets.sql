{{ config(enabled='combinations' in data_health.parts_on()) }}
with settings as (

    select metric as cell_kind, monitor, combination_size_limit, gap_levels
    from {{ ref('monitor_settings') }}
    where part = 'combinations'

),

attributes as (

    select cell_kind, monitor, attributes_key, position, column_name
    from {{ ref('combination_attributes') }}

),

attribute_counts as (

    select cell_kind, monitor, attributes_key, cast(count(*) as integer) as attribute_count
    from attributes
    group by cell_kind, monitor, attributes_key

),

numbers as (

    select cast(generated_number - 1 as integer) as set_number
    from ({{ dbt.generate_series(256) }}) as generated_numbers

),

positions (position, position_bit, position_mask) as (

    values
{%- for number in range(1, 9) %}
        ({{ number }}, {{ 2 ** (number - 1) }}, cast({{ 127 * 128 ** (number - 1) }} as bigint)){{ ',' if not loop.last }}
{%- endfor %}

),

-- every set of positions as a number whose bits are its positions; the mask has seven bits for each
all_sets as (

    select
        numbers.set_number,
        cast(count(positions.position) as integer) as set_size,
        coalesce(max(positions.position), 0) as last_position,
        cast(coalesce(sum(positions.position_mask), 0) as bigint) as set_mask
    from numbers
    left join positions
        on (numbers.set_number & positions.position_bit) > 0
    group by numbers.set_number

),

-- Sets of at most three are summed up from a block of six that has them: all but the columns of a pair, the one with the most values.
value_counts as (

    select cell_kind, monitor, position, count(*) as value_count
    from {{ ref('combination_values') }}
    where code < 128
    group by cell_kind, monitor, position

),

pairs (pair_set, first_position) as (

    values (3, 1), (12, 3), (48, 5), (192, 7)

),

ranked_pairs as (

    select
        attribute_counts.cell_kind,
        attribute_counts.monitor,
        pairs.pair_set,
        row_number() over (
            partition by attribute_counts.cell_kind, attribute_counts.monitor
            order by
                coalesce(max(case when value_counts.position = pairs.first_position then value_counts.value_count end), 1)
                * coalesce(max(case when value_counts.position > pairs.first_position then value_counts.value_count end), 1)
                    desc nulls last,
                pairs.pair_set
        ) as pair_rank
    from attribute_counts
    cross join pairs
    left join value_counts
        on attribute_counts.cell_kind = value_counts.cell_kind
        and attribute_counts.monitor = value_counts.monitor
        and value_counts.position between pairs.first_position and pairs.first_position + 1
    group by attribute_counts.cell_kind, attribute_counts.monitor, pairs.pair_set

),

ranked_blocks as (

    select
        ranked_pairs.cell_kind,
        ranked_pairs.monitor,
        all_sets.set_number,
        255 - ranked_pairs.pair_set as block_number,
        row_number() over (
            partition by ranked_pairs.cell_kind, ranked_pairs.monitor, all_sets.set_number
            order by ranked_pairs.pair_rank
        ) as rank
    from ranked_pairs
    inner join all_sets
        on all_sets.set_size <= 3
        and (all_sets.set_number & ranked_pairs.pair_set) = 0

),

sets_of_monitors as (

    select
        attribute_counts.cell_kind,
        attribute_counts.monitor,
        attribute_counts.attributes_key,
        all_sets.set_number,
        all_sets.set_size,
        all_sets.last_position,
        all_sets.set_mask,
        coalesce(ranked_blocks.block_number, 255) as block_number,
        all_sets.set_size = attribute_counts.attribute_count as is_whole,
        attribute_counts.cell_kind = 'features' and (
            all_sets.set_size between 2 and settings.combination_size_limit
            or all_sets.set_size = attribute_counts.attribute_count
        ) as is_compared,
        all_sets.set_size <= settings.gap_levels as is_searched
    from attribute_counts
    inner join settings
        on attribute_counts.cell_kind = settings.cell_kind
        and attribute_counts.monitor = settings.monitor
    inner join all_sets
        on all_sets.set_number < power(2, attribute_counts.attribute_count)
    left join ranked_blocks
        on attribute_counts.cell_kind = ranked_blocks.cell_kind
        and attribute_counts.monitor = ranked_blocks.monitor
        and all_sets.set_number = ranked_blocks.set_number
        and ranked_blocks.rank = 1

),

named_sets as (

    select
        sets_of_monitors.cell_kind,
        sets_of_monitors.monitor,
        sets_of_monitors.set_number,
        {{ dbt.listagg('attributes.column_name', "', '", 'order by attributes.position') }} as column_names
    from sets_of_monitors
    inner join attributes
        on sets_of_monitors.cell_kind = attributes.cell_kind
        and sets_of_monitors.monitor = attributes.monitor
        and ((sets_of_monitors.set_number >> (attributes.position - 1)) & 1) = 1
    group by sets_of_monitors.cell_kind, sets_of_monitors.monitor, sets_of_monitors.set_number

)

select
    sets_of_monitors.cell_kind,
    sets_of_monitors.monitor,
    sets_of_monitors.attributes_key,
    sets_of_monitors.set_number,
    sets_of_monitors.set_size,
    sets_of_monitors.last_position,
    sets_of_monitors.set_mask,
    sets_of_monitors.block_number,
    sets_of_monitors.is_whole,
    sets_of_monitors.is_compared,
    sets_of_monitors.is_searched,
    coalesce(named_sets.column_names, '(none)') as column_names
from sets_of_monitors
left join named_sets
    on sets_of_monitors.cell_kind = named_sets.cell_kind
    and sets_of_monitors.monitor = named_sets.monitor
    and sets_of_monitors.set_number = named_sets.set_number
where sets_of_monitors.is_compared
    or sets_of_monitors.is_searched
    or sets_of_monitors.set_size <= 1
