{{ config(
    enabled='representation' in data_health.parts_on() or 'labeling' in data_health.parts_on(),
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='monitor',
    on_schema_change='append_new_columns',
    full_refresh=false
) }}
-- depends_on: {{ ref('health_monitors') }}

{%- do data_health.begin_model(adds_to_this=true) %}
{%- set rows = [] %}
{%- for task in data_health.subgroup_tasks(data_health.datasets_of_this_run(), for_labeling=true) if task.dataset.name == 'production' %}
    {%- set spelled = [] %}
    {%- for columns in task.monitor.subgroups %}
        {%- set number, subgroup = loop.index, columns | unique(case_sensitive=true) | join(', ') %}
        {%- for name in columns | unique(case_sensitive=true) if name in task.names and subgroup not in spelled %}
            {%- set position = task.names.index(name) + 1 %}
            {%- do rows.append([task.monitor.name, task.sql.attributes_key, number, subgroup, loop.index, position, name]) %}
        {%- endfor %}
        {%- do spelled.append(subgroup) %}
    {%- endfor %}
{%- endfor %}
{% set new_rows %}

select distinct
    monitor,
    attributes_key,
    subgroup_number,
    subgroup,
    part_number,
    position,
    column_name
from (
{{ data_health.rows_as_table({
    'monitor': 'varchar', 'attributes_key': 'varchar', 'subgroup_number': 'integer', 'subgroup': 'varchar',
    'part_number': 'integer', 'position': 'integer', 'column_name': 'varchar'
}, rows) }}
) as declared_subgroups
{%- endset %}
{{ data_health.with_kept_rows(new_rows) }}
