{{ config(enabled='labeling' in data_health.parts_on()) }}
{%- do data_health.begin_model() %}
{%- set cell = [] %}
{%- for number in range(1, 9) %}{% do cell.append('value_' ~ number) %}{% endfor %}
with labeling_rows as (

    select monitor, {{ cell | join(', ') }}, label
    from {{ ref('labeling_rows') }}

),

declared_subgroups as (

    select monitor, subgroup, part_number, position, column_name
    from {{ ref('declared_subgroups') }}

),

shown_columns as (

    select monitor, lower(name) as column_name
    from {{ ref('health_monitors') }}
    where subject = 'column'
        and is_value_shown

),

cells as (

    select
        monitor,
        {{ cell | join(',\n        ') }},
        count(*) as row_count,
        count(label) as labelled_count
    from labeling_rows
    group by monitor, {{ cell | join(', ') }}

),

parts as (

    select
        cells.*,
        declared_subgroups.subgroup,
        declared_subgroups.part_number,
        declared_subgroups.column_name,
        shown_columns.column_name is not null as is_shown,
        coalesce(case declared_subgroups.position
            {%- for name in cell %}
            when {{ loop.index }} then cells.{{ name }}
            {%- endfor %}
        end, '(null)') as part_value
    from cells
    inner join declared_subgroups
        on cells.monitor = declared_subgroups.monitor
    left join shown_columns
        on declared_subgroups.monitor = shown_columns.monitor
        and lower(declared_subgroups.column_name) = shown_columns.column_name

),

groups_of_cells as (

    select
        monitor,
        {{ cell | join(',\n        ') }},
        row_count,
        labelled_count,
        subgroup,
        string_agg(part_value, '|' order by part_number) as group_key,
        string_agg(column_name || ' = ' || case when is_shown then part_value else '(hidden)' end, ', ' order by part_number) as group_value
    from parts
    group by monitor, {{ cell | join(', ') }}, row_count, labelled_count, subgroup

)

select
    monitor,
    {{ cell | join(',\n    ') }},
    subgroup,
    group_key,
    group_value,
    cast(sum(row_count) over (partition by monitor, subgroup, group_key) as bigint) as row_count,
    cast(sum(labelled_count) over (partition by monitor, subgroup, group_key) as bigint) as labelled_count
from groups_of_cells
