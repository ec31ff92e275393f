{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='column_version_key',
    on_schema_change='append_new_columns',
    full_refresh=false
) }}
-- depends_on: {{ ref('health_monitors') }}

{%- do data_health.begin_model(adds_to_this=true) %}
{%- set datasets = data_health.datasets_of_this_run() %}
{%- set current = [] %}
{%- for dataset in datasets %}
    {%- for column in dataset.columns if not column.from_labels and not column.is_derived %}
        {%- do current.append([dataset.monitor.name, dataset.name, column.name, column.data_type, column.family]) %}
    {%- endfor %}
{%- endfor %}
{%- set history = {
    'column_version_key': 'varchar', 'monitor': 'varchar', 'dataset': 'varchar', 'column_name': 'varchar',
    'data_type': 'varchar', 'family': 'varchar', 'valid_from': 'timestamp', 'valid_to': 'timestamp'
} %}

{% set new_rows %}
with current_columns as (
{{ data_health.rows_as_table(
    {'monitor': 'varchar', 'dataset': 'varchar', 'column_name': 'varchar', 'data_type': 'varchar', 'family': 'varchar'}, current
) }}

),

known_columns as (
{{ data_health.past_rows(history, 'valid_to is null') }}

),

new_versions as (

    select
        current_columns.monitor,
        current_columns.dataset,
        current_columns.column_name,
        current_columns.data_type,
        current_columns.family,
        {{ data_health.run_time() }} as valid_from,
        cast(null as timestamp) as valid_to
    from current_columns
    left join known_columns
        on current_columns.monitor = known_columns.monitor
        and current_columns.dataset = known_columns.dataset
        and current_columns.column_name = known_columns.column_name
        and current_columns.data_type = known_columns.data_type
    where known_columns.column_name is null

),

ended_versions as (

    select
        known_columns.monitor,
        known_columns.dataset,
        known_columns.column_name,
        known_columns.data_type,
        known_columns.family,
        known_columns.valid_from,
        {{ data_health.run_time() }} as valid_to
    from known_columns
    inner join (select distinct monitor, dataset from current_columns) as current_datasets
        on known_columns.monitor = current_datasets.monitor
        and known_columns.dataset = current_datasets.dataset
    left join current_columns
        on known_columns.monitor = current_columns.monitor
        and known_columns.dataset = current_columns.dataset
        and known_columns.column_name = current_columns.column_name
        and known_columns.data_type = current_columns.data_type
    where current_columns.column_name is null

),

changed_versions as (

    select monitor, dataset, column_name, data_type, family, valid_from, valid_to from new_versions
    union all
    select monitor, dataset, column_name, data_type, family, valid_from, valid_to from ended_versions

)

select
    monitor || '|' || dataset || '|' || column_name || '|' || cast(valid_from as varchar) as column_version_key,
    monitor,
    dataset,
    column_name,
    data_type,
    family,
    valid_from,
    valid_to
from changed_versions
{%- endset %}
{{ data_health.with_kept_rows(new_rows) }}
