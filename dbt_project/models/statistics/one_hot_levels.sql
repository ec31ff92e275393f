{{ config(
    enabled='components' in data_health.parts_on() and data_health.is_configured('components.one_hot'),
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='column_key',
    on_schema_change='append_new_columns',
    full_refresh=false
) }}
-- depends_on: {{ ref('health_monitors') }}
-- depends_on: {{ ref('column_grids') }}
-- depends_on: {{ ref('column_statistics') }}
-- depends_on: {{ ref('column_distributions') }}

{%- do data_health.begin_model([ref('column_statistics'), ref('column_distributions')], adds_to_this=true) %}
{#- a level is worth a column of its own from so many rows on -#}
{%- set least_rows = 20 %}
{%- set wanted = [] %}
{%- for dataset in data_health.datasets_of_this_run() if dataset.name == 'production' and (dataset.monitor.parts.components) %}
    {%- for column in dataset.columns if column.name in dataset.monitor.components.one_hot and not column.left_out %}
        {%- do wanted.append([dataset.monitor.name, column.name, dataset.monitor.components.max_levels]) %}
    {%- endfor %}
{%- endfor %}
{% set new_rows %}
{%- if wanted %}
with wanted_columns as (
{{ data_health.rows_as_table({'monitor': 'varchar', 'column_name': 'varchar', 'most_levels': 'integer'}, wanted) }}

),

drawn_columns as (
{{ data_health.past_rows({'monitor': 'varchar', 'column_name': 'varchar'}, distinct=true) }}

),

-- once drawn they stay, so that every period is counted alike
new_columns as (

    select wanted_columns.monitor, wanted_columns.column_name, wanted_columns.most_levels
    from wanted_columns
    left join drawn_columns
        on wanted_columns.monitor = drawn_columns.monitor
        and wanted_columns.column_name = drawn_columns.column_name
    where drawn_columns.monitor is null

),

counts_of_datasets as (

    select
        new_columns.monitor,
        new_columns.column_name,
        new_columns.most_levels,
        column_distributions.category,
        column_statistics.dataset,
        sum(column_distributions.row_count) as row_count
    from {{ data_health.named_model('column_distributions') }}
    inner join {{ data_health.named_model('column_statistics') }}
        on column_distributions.statistics_key = column_statistics.statistics_key
    inner join new_columns
        on column_statistics.monitor = new_columns.monitor
        and column_statistics.column_name = new_columns.column_name
    inner join {{ data_health.named_model('column_grids') }}
        on column_statistics.monitor = column_grids.monitor
        and column_statistics.column_name = column_grids.column_name
    where column_statistics.segment_column = '(all)'
        and column_grids.kind <> 'text'
        and column_distributions.category is not null
    group by 1, 2, 3, 4, 5

),

-- in production or in one of the references
category_counts as (

    select monitor, column_name, most_levels, category, max(row_count) as row_count
    from counts_of_datasets
    group by monitor, column_name, most_levels, category
    having max(row_count) >= {{ least_rows }}

),

ranked_categories as (

    select
        category_counts.*,
        row_number() over (partition by monitor, column_name order by row_count desc nulls last, category nulls last) as level_number
    from category_counts

)

select
    monitor || '|' || column_name as column_key,
    monitor,
    column_name,
    category as level,
    column_name || '=' || category as factor_name,
    cast(level_number as integer) as level_number,
    cast(row_count as bigint) as row_count,
    {{ data_health.run_time() }} as drawn_at
from ranked_categories
where level_number <= most_levels
{%- else %}
{{ data_health.rows_as_table({
    'column_key': 'varchar', 'monitor': 'varchar', 'column_name': 'varchar', 'level': 'varchar', 'factor_name': 'varchar',
    'level_number': 'integer', 'row_count': 'bigint', 'drawn_at': 'timestamp'
}) }}
{%- endif %}
{%- endset %}
{{ data_health.with_kept_rows(new_rows) }}
