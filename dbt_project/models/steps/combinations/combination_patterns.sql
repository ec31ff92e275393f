{{ config(enabled='combinations' in data_health.parts_on()) }}
{%- do data_health.begin_model() %}
with cells as (

    select period_number, cell_code, present_set, row_count
    from {{ ref('combination_cells') }}

),

periods as (

    select period_number, cell_kind, monitor, dataset, is_latest
    from {{ ref('combination_periods') }}

),

sets as (

    select cell_kind, monitor, set_number, set_size, set_mask, block_number, is_whole, is_compared
    from {{ ref('combination_sets') }}

),

blocks (block_number, block_mask) as (

    values
{%- for pair in range(4) %}
        ({{ 255 - 3 * 4 ** pair }}, cast({{ 128 ** 8 - 1 - (128 ** 2 - 1) * 128 ** (2 * pair) }} as bigint)),
{%- endfor %}
        (255, cast({{ 128 ** 8 - 1 }} as bigint))

),

-- gaps are looked for in the references and in the newest period
sets_of_periods as (

    select periods.period_number, sets.set_number, sets.set_mask, sets.block_number, sets.is_whole
    from periods
    inner join sets
        on periods.cell_kind = sets.cell_kind
        and periods.monitor = sets.monitor
    where sets.is_compared
        or sets.set_size <= 1
        or periods.is_latest

),

blocks_of_periods as (

    select distinct sets_of_periods.period_number, blocks.block_number, blocks.block_mask
    from sets_of_periods
    inner join blocks
        on sets_of_periods.block_number = blocks.block_number
    where not sets_of_periods.is_whole

),

-- few columns have few combinations: those of three are sooner summed up from those of six than from all
block_cells as (

    select
        cells.period_number,
        blocks_of_periods.block_number,
        cells.cell_code & blocks_of_periods.block_mask as cell_code,
        sum(cells.row_count) as row_count
    from cells
    inner join blocks_of_periods
        on cells.period_number = blocks_of_periods.period_number
    where blocks_of_periods.block_number < 255
    group by cells.period_number, blocks_of_periods.block_number, cells.cell_code & blocks_of_periods.block_mask

    union all

    select
        cells.period_number,
        blocks_of_periods.block_number,
        cells.cell_code,
        cells.row_count
    from cells
    inner join blocks_of_periods
        on cells.period_number = blocks_of_periods.period_number
    where blocks_of_periods.block_number = 255

),

-- which features the rows have, as a set of positions
described_block_cells as (

    select
        block_cells.*,
        {% for number in range(1, 9) -%}
        case when (cell_code & {{ 127 * 128 ** (number - 1) }}) > 0 then {{ 2 ** (number - 1) }} else 0 end{{ ' + ' if not loop.last }}
        {%- endfor %} as present_set
    from block_cells

)

select
    described_block_cells.period_number,
    sets_of_periods.set_number,
    described_block_cells.cell_code & sets_of_periods.set_mask as pattern_code,
    cast(sum(described_block_cells.row_count) as bigint) as row_count
from described_block_cells
inner join sets_of_periods
    on described_block_cells.period_number = sets_of_periods.period_number
    and described_block_cells.block_number = sets_of_periods.block_number
    -- rows of a table that lacks a feature say nothing about it
    and (described_block_cells.present_set & sets_of_periods.set_number) = sets_of_periods.set_number
where not sets_of_periods.is_whole
group by described_block_cells.period_number, sets_of_periods.set_number, described_block_cells.cell_code & sets_of_periods.set_mask

union all

-- those of all columns are the cells themselves
select
    cells.period_number,
    sets_of_periods.set_number,
    cells.cell_code as pattern_code,
    cells.row_count
from cells
inner join sets_of_periods
    on cells.period_number = sets_of_periods.period_number
    and (cells.present_set & sets_of_periods.set_number) = sets_of_periods.set_number
where sets_of_periods.is_whole
