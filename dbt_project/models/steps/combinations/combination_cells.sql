{{ config(enabled=data_health.part_is_on('combinations'), materialized='ephemeral') }}
with periods as (

    select period_number, cell_kind, monitor, dataset_period_key
    from {{ ref('combination_periods') }}

),

dataset_periods as (

    select dataset_period_key, stored_period_key, count(*) over (partition by dataset_period_key) as part_count
    from {{ ref('dataset_periods') }}

),

combination_values as (

    select cell_kind, monitor, position, code, bin_type, category
    from {{ ref('combination_values') }}

),

attributes as (

    select distinct 'features' as cell_kind, monitor, attributes_key, position, column_name
    from {{ ref('feature_bins') }}

    union all

    select 'subgroups' as cell_kind, monitor, attributes_key, position, column_name
    from {{ ref('subgroup_attributes') }}

),

keys as (

    select distinct cell_kind, monitor, attributes_key
    from attributes

),

feature_cells as (

    select monitor, attributes_key, period_key, cell_code, row_count
    from {{ ref('feature_cells') }}

),

subgroup_cells as (

    select monitor, dataset, attributes_key, period_key, value_1, value_2, value_3, value_4, value_5, value_6, value_7, value_8, cast(sum(row_count) as bigint) as row_count
    from {{ ref('subgroup_cells') }}
    group by monitor, dataset, attributes_key, period_key, value_1, value_2, value_3, value_4, value_5, value_6, value_7, value_8

),

numbered_subgroup_cells as (

    select subgroup_cells.*, row_number() over (order by period_key, attributes_key) as cell_number
    from subgroup_cells

),

table_columns as (

    select monitor, dataset, lower(column_name) as column_name
    from {{ ref('monitored_columns') }}
    where valid_to is null

),

known_datasets as (

    select distinct monitor, dataset
    from table_columns

),

-- a null of a table that lacks the column says nothing about the rows
lacking as (

    select attributes.monitor, known_datasets.dataset, attributes.position
    from attributes
    inner join known_datasets
        on attributes.monitor = known_datasets.monitor
    left join table_columns
        on attributes.monitor = table_columns.monitor
        and known_datasets.dataset = table_columns.dataset
        and lower(attributes.column_name) = table_columns.column_name
    where attributes.cell_kind = 'subgroups'
        and table_columns.column_name is null

),

subgroup_parts as (

    select
        numbered_subgroup_cells.cell_number,
        attributes.monitor,
        attributes.position,
        case when lacking.position is not null then 'lacking' else coalesce('=' || case attributes.position
            {%- for number in range(1, 9) %} when {{ number }} then numbered_subgroup_cells.value_{{ number }}{% endfor %} end, 'null') end as value_key
    from numbered_subgroup_cells
    inner join attributes
        on attributes.cell_kind = 'subgroups'
        and numbered_subgroup_cells.monitor = attributes.monitor
        and numbered_subgroup_cells.attributes_key = attributes.attributes_key
    left join lacking
        on numbered_subgroup_cells.monitor = lacking.monitor
        and numbered_subgroup_cells.dataset = lacking.dataset
        and attributes.position = lacking.position

),

subgroup_keys as (

    select monitor, position, code, case when bin_type = 'null' then 'null' else '=' || category end as value_key
    from combination_values
    where cell_kind = 'subgroups'
        and bin_type in ('value', 'null')

),

coded_subgroup_cells as (

    select
        subgroup_parts.cell_number,
        cast(sum(
            case when subgroup_parts.value_key = 'lacking' then 0 else coalesce(subgroup_keys.code, 121) end
            * case subgroup_parts.position {% for number in range(1, 9) %} when {{ number }} then cast({{ 128 ** (number - 1) }} as bigint){% endfor %} end
        ) as bigint) as cell_code
    from subgroup_parts
    left join subgroup_keys
        on subgroup_parts.monitor = subgroup_keys.monitor
        and subgroup_parts.position = subgroup_keys.position
        and subgroup_parts.value_key = subgroup_keys.value_key
    group by subgroup_parts.cell_number

),

stored_cells as (

    select 'features' as cell_kind, monitor, attributes_key, period_key, cell_code, row_count
    from feature_cells

    union all

    select
        'subgroups' as cell_kind,
        numbered_subgroup_cells.monitor,
        numbered_subgroup_cells.attributes_key,
        numbered_subgroup_cells.period_key,
        coded_subgroup_cells.cell_code,
        numbered_subgroup_cells.row_count
    from numbered_subgroup_cells
    inner join coded_subgroup_cells
        on numbered_subgroup_cells.cell_number = coded_subgroup_cells.cell_number

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
