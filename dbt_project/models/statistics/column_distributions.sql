{{ config(
    enabled=data_health.part_is_on('profile'),
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='period_column_key',
    on_schema_change='append_new_columns',
    full_refresh=false
) }}
-- depends_on: {{ ref('monitored_periods') }}
-- depends_on: {{ ref('column_grids') }}

{%- do data_health.begin_model([ref('monitored_periods'), ref('column_grids')], adds_to_this=true) %}
{%- set watched = data_health.datasets_of_this_run() | sum(attribute='watched', start=[]) %}
{%- set bins, lengths, categories = [], [], [] %}
{%- set shapes = {'numeric': ['bins'], 'timestamp': ['bins'], 'text': ['lengths', 'patterns'], 'key': []} %}
{%- for scan in data_health.pending_scans(this, watched) %}
    {%- for column in scan.columns %}
        {%- for shape in shapes.get(column.grid_kind, ['values']) %}
            {%- for segmentation in scan.dataset.segmentations %}
                {#- grouping by the constant that stands for all rows would cost a tenth of the time -#}
                {%- set is_whole = segmentation.column == '(all)' %}
                {%- set value = 'length(' ~ column.value ~ ')' if shape == 'lengths'
                    else data_health.engine_sql('text_pattern', column.value) if shape == 'patterns' else column.value %}
                {%- set rows %}
        select
            {{ data_health.row_period(scan.dataset, scan.has_timeless_rows) }} as period_start,
            {{ segmentation.value ~ ' as segment_value,' if not is_whole }}
            {{ value }} as x
        from {{ data_health.scanned_rows(scan.dataset, scan.stretches, scan.first_moment_outside, column.from_labels) }}
            {{ data_health.engine_sql('compute_once') }}
                {%- endset %}
                {%- set part = {
                    'rows': rows, 'column': column, 'shape': shape, 'segmentation': segmentation,
                    'segment_keys': [] if is_whole else ['segment_value'],
                    'segment_value': "cast('(all)' as varchar)" if is_whole else 'segment_value'
                } %}
                {%- set selects = {'bins': bins, 'lengths': lengths}.get(shape, categories) %}
                {%- do selects.append(data_health.counted_values(part)) %}
            {%- endfor %}
        {%- endfor %}
    {%- endfor %}
{%- endfor %}
{%- set bin_columns = {
    'column_id': 'integer', 'period_start': 'date', 'segment_column': 'varchar', 'segment_value': 'varchar', 'bin': 'bigint',
    'row_count': 'bigint', 'value_sum': 'double precision', 'minimum': 'double precision', 'maximum': 'double precision'
} %}
{% set new_rows %}
{%- if bins or lengths or categories %}
with wanted as (

{{ data_health.wanted_statistics(watched) }}

),

bins as (
{{ data_health.united(bins, 'bins') or data_health.rows_as_table(bin_columns) }}

),

lengths as (
{{ data_health.united(lengths, 'lengths') or data_health.rows_as_table(bin_columns) }}

),

categories as (
{{ data_health.united(categories, 'categories') or data_health.rows_as_table({
    'column_id': 'integer', 'period_start': 'date', 'segment_column': 'varchar', 'segment_value': 'varchar',
    'bin_type': 'varchar', 'category': 'varchar', 'row_count': 'bigint'
}) }}

),

watched_columns as (

    select distinct column_id, monitor, column_name, max_categories
    from wanted

),

known_categories as (
{{ data_health.past_rows(
    {'monitor': 'varchar', 'column_name': 'varchar', 'bin_type': 'varchar', 'category': 'varchar'}, "bin_type in ('value', 'pattern')",
        distinct=true
) }}

),

known_category_counts as (

    select monitor, column_name, bin_type, count(*) as category_count
    from known_categories
    group by monitor, column_name, bin_type

),

new_categories as (

    select
        watched_columns.monitor,
        watched_columns.column_name,
        watched_columns.max_categories,
        categories.bin_type,
        categories.category,
        row_number() over (
            partition by watched_columns.monitor, watched_columns.column_name, categories.bin_type
            order by sum(categories.row_count) desc nulls last, categories.category nulls last
        ) as category_rank
    from categories
    inner join watched_columns
        on categories.column_id = watched_columns.column_id
    left join known_categories
        on watched_columns.monitor = known_categories.monitor
        and watched_columns.column_name = known_categories.column_name
        and categories.bin_type = known_categories.bin_type
        and categories.category = known_categories.category
    where categories.segment_column = '(all)'
        and categories.category is not null
        and known_categories.category is null
    group by 1, 2, 3, 4, 5

),

kept_categories as (

    select monitor, column_name, bin_type, category
    from known_categories

    union all

    select new_categories.monitor, new_categories.column_name, new_categories.bin_type, new_categories.category
    from new_categories
    left join known_category_counts
        on new_categories.monitor = known_category_counts.monitor
        and new_categories.column_name = known_category_counts.column_name
        and new_categories.bin_type = known_category_counts.bin_type
    where new_categories.category_rank <= new_categories.max_categories - coalesce(known_category_counts.category_count, 0)

),

-- beyond the limit of categories per column, rows are counted together
limited_categories as (

    select
        categories.column_id,
        categories.period_start,
        categories.segment_column,
        categories.segment_value,
        case
            when categories.category is null then 'null'
            when kept_categories.category is null then 'other'
            else categories.bin_type
        end as bin_type,
        kept_categories.category,
        sum(categories.row_count) as row_count
    from categories
    inner join watched_columns
        on categories.column_id = watched_columns.column_id
    left join kept_categories
        on watched_columns.monitor = kept_categories.monitor
        and watched_columns.column_name = kept_categories.column_name
        and categories.bin_type = kept_categories.bin_type
        and categories.category = kept_categories.category
    group by 1, 2, 3, 4, 5, 6

),

distributions as (

    select
        column_id,
        period_start,
        segment_column,
        segment_value,
        case
            when bin is null then 'null'
            when bin = -1000000000 then 'negative_infinity'
            when bin = 1000000000 then 'positive_infinity'
            when bin = 1000000001 then 'nan'
            else 'bin'
        end as bin_type,
        bin,
        cast(null as varchar) as category,
        row_count,
        value_sum,
        minimum,
        maximum
    from bins

    union all

    select
        column_id,
        period_start,
        segment_column,
        segment_value,
        case when bin is null then 'null' else 'length' end as bin_type,
        bin,
        cast(null as varchar) as category,
        row_count,
        value_sum,
        minimum,
        maximum
    from lengths

    union all

    select
        column_id,
        period_start,
        segment_column,
        segment_value,
        bin_type,
        cast(null as bigint) as bin,
        category,
        row_count,
        cast(null as double precision) as value_sum,
        cast(null as double precision) as minimum,
        cast(null as double precision) as maximum
    from limited_categories

)

select
    wanted.period_key || '|' || wanted.column_name as period_column_key,
    wanted.period_key,
    wanted.monitor,
    wanted.dataset,
    wanted.period_start,
    wanted.column_name,
    distributions.segment_column,
    distributions.segment_value,
    wanted.grid_generation,
    distributions.bin_type,
    case when distributions.bin_type in ('bin', 'length') then distributions.bin end as bin,
    distributions.category,
    cast(distributions.row_count as bigint) as row_count,
    distributions.value_sum,
    distributions.minimum,
    distributions.maximum,
    wanted.built_from,
    {{ data_health.run_time() }} as built_at
from distributions
inner join wanted
    on distributions.column_id = wanted.column_id
    and coalesce(distributions.period_start, cast('0001-01-01' as date)) = coalesce(wanted.period_start, cast('0001-01-01' as date))
{% else %}
{{ data_health.rows_as_table({
    'period_column_key': 'varchar', 'period_key': 'varchar', 'monitor': 'varchar', 'dataset': 'varchar', 'period_start': 'date',
    'column_name': 'varchar', 'segment_column': 'varchar', 'segment_value': 'varchar', 'grid_generation': 'integer',
    'bin_type': 'varchar', 'bin': 'bigint', 'category': 'varchar', 'row_count': 'bigint', 'value_sum': 'double precision',
    'minimum': 'double precision', 'maximum': 'double precision', 'built_from': 'varchar', 'built_at': 'timestamp'
}) }}
{% endif %}
{%- endset %}
{{ data_health.with_kept_rows(new_rows) }}
