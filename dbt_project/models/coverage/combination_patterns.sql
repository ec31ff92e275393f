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

    select cell_kind, monitor, set_number, set_size, set_mask, is_compared
    from {{ ref('combination_sets') }}

),

-- gaps are looked for in the references and in the newest period
sets_of_periods as (

    select periods.period_number, sets.set_number, sets.set_mask
    from periods
    inner join sets
        on periods.cell_kind = sets.cell_kind
        and periods.monitor = sets.monitor
    where sets.is_compared
        or sets.set_size <= 1
        or periods.is_latest

)

select
    cells.period_number,
    sets_of_periods.set_number,
    cells.cell_code & sets_of_periods.set_mask as pattern_code,
    cast(sum(cells.row_count) as bigint) as row_count
from cells
inner join sets_of_periods
    on cells.period_number = sets_of_periods.period_number
    -- rows of a table that lacks a feature say nothing about it
    and (cells.present_set & sets_of_periods.set_number) = sets_of_periods.set_number
group by cells.period_number, sets_of_periods.set_number, cells.cell_code & sets_of_periods.set_mask
