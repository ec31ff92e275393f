{{ config(enabled='combinations' in data_health.parts_on(), materialized='ephemeral') }}
with periods as (

    select period_number, cell_kind, monitor, dataset_period_key
    from {{ ref('combination_periods') }}

),

dataset_periods as (

    select dataset_period_key, stored_period_key, count(*) over (partition by dataset_period_key) as part_count
    from {{ ref('dataset_periods') }}

),

keys as (

    select distinct cell_kind, monitor, attributes_key
    from {{ ref('combination_attributes') }}

),

stored_cells as (

    select 'features' as cell_kind, monitor, attributes_key, period_key, cell_code, row_count
    from {{ ref('feature_cells') }}

    union all

    select 'subgroups' as cell_kind, monitor, attributes_key, period_key, cell_code, row_count
    from {{ data_health.named_model('subgroup_cell_codes', 'representation' in data_health.parts_on(), {
        'monitor': 'varchar', 'attributes_key': 'varchar', 'period_key': 'varchar', 'cell_code': 'bigint', 'row_count': 'bigint'
    }) }}

),

cells_of_periods as (

    select
        periods.period_number,
        stored_cells.cell_code,
        stored_cells.row_count,
        -- of subgroups, several cells may have the code of all other values
        dataset_periods.part_count = 1 and periods.cell_kind = 'features' as is_sum
    from periods
    inner join dataset_periods
        on periods.dataset_period_key = dataset_periods.dataset_period_key
    inner join keys
        on periods.cell_kind = keys.cell_kind
        and periods.monitor = keys.monitor
    inner join stored_cells
        on keys.cell_kind = stored_cells.cell_kind
        and keys.monitor = stored_cells.monitor
        and keys.attributes_key = stored_cells.attributes_key
        and dataset_periods.stored_period_key = stored_cells.period_key

),

summed_cells as (

    select period_number, cell_code, row_count
    from cells_of_periods
    where is_sum

    union all

    select period_number, cell_code, cast(sum(row_count) as bigint) as row_count
    from cells_of_periods
    where not is_sum
    group by period_number, cell_code

)

-- which features the dataset has, as a set of positions
select
    period_number,
    cell_code,
    {% for number in range(1, 9) -%}
    case when (cell_code & {{ 127 * 128 ** (number - 1) }}) > 0 then {{ 2 ** (number - 1) }} else 0 end{{ ' + ' if not loop.last }}
    {%- endfor %} as present_set,
    row_count
from summed_cells
