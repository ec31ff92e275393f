{#-
    Every set of positions as a number whose bits are its positions; the mask has seven bits for each. Sets of at most three are summed up from a
    block of six that has them: there are four such blocks, of three of the pairs 1 2, 3 4, 5 6 and 7 8.
-#}
{%- set sets = [] %}
{%- for number in range(256) %}
    {%- set positions, state = [], namespace(mask=0) %}
    {%- for position in range(1, 9) if (number // 2 ** (position - 1)) % 2 == 1 %}
        {%- do positions.append(position) %}
        {%- set state.mask = state.mask + 127 * 128 ** (position - 1) %}
    {%- endfor %}
    {%- set block = namespace(number=255) %}
    {%- for pair in [4, 3, 2, 1] if block.number == 255 and positions | length <= 3 and 2 * pair not in positions and 2 * pair - 1 not in positions %}
        {%- set block.number = 255 - 3 * 4 ** (pair - 1) %}
    {%- endfor %}
    {%- do sets.append([number, positions | length, positions | last or 0, state.mask, block.number]) %}
{%- endfor %}
with settings as (

    select distinct cell_kind, monitor, combination_size_limit, gap_levels
    from {{ ref('combination_periods') }}

),

attributes as (

    select distinct 'features' as cell_kind, monitor, attributes_key, position, column_name
    from {{ ref('feature_bins') }}

    union all

    select 'subgroups' as cell_kind, monitor, attributes_key, position, column_name
    from {{ ref('subgroup_attributes') }}

),

attribute_counts as (

    select cell_kind, monitor, attributes_key, cast(count(*) as integer) as attribute_count
    from attributes
    group by cell_kind, monitor, attributes_key

),

all_sets (set_number, set_size, last_position, set_mask, block_number) as (

    values
{%- for number, size, last, mask, block in sets %}
        ({{ number }}, {{ size }}, {{ last }}, cast({{ mask }} as bigint), {{ block }}){{ ',' if not loop.last }}
{%- endfor %}

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
        all_sets.block_number,
        all_sets.set_size = attribute_counts.attribute_count as is_whole,
        attribute_counts.cell_kind = 'features'
            and (all_sets.set_size between 2 and settings.combination_size_limit or all_sets.set_size = attribute_counts.attribute_count) as is_compared,
        all_sets.set_size <= settings.gap_levels as is_searched
    from attribute_counts
    inner join settings
        on attribute_counts.cell_kind = settings.cell_kind
        and attribute_counts.monitor = settings.monitor
    inner join all_sets
        on all_sets.set_number < power(2, attribute_counts.attribute_count)

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
