{{ config(enabled='representation' in data_health.parts_on(), materialized='ephemeral') }}
{%- set parts = range(1, 9) %}
{%- set values_of_cell %}{% for number in parts %}value_{{ number }}{{ ', ' if not loop.last }}{% endfor %}{% endset %}
with combination_values as (

    select cell_kind, monitor, position, code, bin_type, category
    from {{ ref('combination_values') }}

),

attributes as (

    select monitor, attributes_key, position, column_name
    from {{ ref('combination_attributes') }}
    where cell_kind = 'subgroups'

),

cells as (

    select
        monitor,
        dataset,
        attributes_key,
        period_key,
        {{ values_of_cell }},
        cast(sum(row_count) as bigint) as row_count,
        row_number() over (order by period_key, attributes_key) as cell_number
    from {{ ref('subgroup_cells') }}
    group by monitor, dataset, attributes_key, period_key, {{ values_of_cell }}

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
    where table_columns.column_name is null

),

parts_of_cells as (

    select
        cells.cell_number,
        cells.monitor,
        cells.attributes_key,
        cells.period_key,
        cells.row_count,
        attributes.position,
        case when lacking.position is not null then 'lacking' else coalesce('=' || case attributes.position
            {%- for number in parts %}
            when {{ number }} then cells.value_{{ number }}
            {%- endfor %}
        end, 'null') end as value_key
    from cells
    inner join attributes
        on cells.monitor = attributes.monitor
        and cells.attributes_key = attributes.attributes_key
    left join lacking
        on cells.monitor = lacking.monitor
        and cells.dataset = lacking.dataset
        and attributes.position = lacking.position

),

value_keys as (

    select monitor, position, code, case when bin_type = 'null' then 'null' else '=' || category end as value_key
    from combination_values
    where cell_kind = 'subgroups'
        and bin_type in ('value', 'null')
        and code < 128

)

-- 121 stands for all values without a code of their own, 0 for a column that the dataset lacks
select
    parts_of_cells.monitor,
    parts_of_cells.attributes_key,
    parts_of_cells.period_key,
    cast(sum(
        case when parts_of_cells.value_key = 'lacking' then 0 else coalesce(value_keys.code, 121) end
        * case parts_of_cells.position
            {%- for number in parts %}
            when {{ number }} then cast({{ 128 ** (number - 1) }} as bigint)
            {%- endfor %}
        end
    ) as bigint) as cell_code,
    parts_of_cells.row_count
from parts_of_cells
left join value_keys
    on parts_of_cells.monitor = value_keys.monitor
    and parts_of_cells.position = value_keys.position
    and parts_of_cells.value_key = value_keys.value_key
group by
    parts_of_cells.cell_number,
    parts_of_cells.monitor,
    parts_of_cells.attributes_key,
    parts_of_cells.period_key,
    parts_of_cells.row_count
