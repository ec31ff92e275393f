{{ config(
    enabled='profile' in data_health.parts_on(),
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='statistics_key',
    on_schema_change='append_new_columns',
    full_refresh=false
) }}
-- depends_on: {{ ref('monitored_periods') }}
-- depends_on: {{ ref('column_grids') }}
-- depends_on: {{ ref('column_statistics') }}

{%- do data_health.begin_model([ref('monitored_periods'), ref('column_grids'), ref('column_statistics')], adds_to_this=true) %}
{%- set monitored = data_health.datasets_of_this_run() | sum(attribute='monitored', start=[]) %}
{%- set bins, lengths, categories = [], [], [] %}
{%- set shapes = {'numeric': ['bins'], 'timestamp': ['bins'], 'text': ['lengths', 'patterns'], 'key': []} %}
{%- set past = data_health.stored_model() %}
{#- What the bins were built from is what their rows of column_statistics were built from, if every value of each of them stands in a bin,
    and once: so a run that was killed, and two builds at once, are seen by their sums. #}
{%- set built_columns %}
    select
        column_statistics.period_column_key,
        case
            when count(case
                when column_grids.kind = 'key' or coalesce(bin_sums.row_count, 0) = column_statistics.row_count
                    - column_statistics.null_count - coalesce(column_statistics.nan_count, 0)
                    - coalesce(column_statistics.positive_infinity_count, 0) - coalesce(column_statistics.negative_infinity_count, 0)
                    then 1
            end) = count(*)
            and min(column_statistics.built_at) = max(column_statistics.built_at)
                then max(column_statistics.built_from)
        end as built_from
    from {{ data_health.named_model('column_statistics') }}
    inner join {{ data_health.named_model('column_grids') }}
        on column_statistics.monitor = column_grids.monitor
        and column_statistics.column_name = column_grids.column_name
    left join (
{%- if past is not none %}
        select
            statistics_key,
            -- of a text its lengths count, not its shapes
            coalesce(sum(case when bin is not null then row_count end), sum(row_count)) as row_count
        from {{ past }}
        group by statistics_key
{%- else %}
        {{- data_health.rows_as_table({'statistics_key': 'bigint', 'row_count': 'bigint'}) }}
{%- endif %}
    ) as bin_sums
        on column_statistics.statistics_key = bin_sums.statistics_key
    group by column_statistics.period_column_key
{%- endset %}
{%- set scans = data_health.pending_scans(this, monitored, built_columns if execute else none) %}
{#- bins of what column_statistics no longer has are nobody's -#}
{%- if scans and past is not none and past.is_table and flags.WHICH in ['run', 'build', 'retry'] %}
    {%- do run_query('delete from ' ~ past ~ ' where statistics_key not in (select statistics_key from '
        ~ ref('column_statistics') ~ ')') %}
{%- endif %}
{%- for scan in scans %}
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
        from {{ data_health.scanned_rows(scan.dataset, scan.date_ranges, scan.first_moment_outside, column.from_labels) }}
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
{%- if scans %}
with wanted as (

{{ data_health.wanted_statistics(monitored) }}

),

parents as (

    select
        column_statistics.statistics_key, column_statistics.bin_width, column_statistics.segment_column, column_statistics.segment_value,
        wanted.column_id, wanted.period_start, wanted.monitor, wanted.column_name, wanted.max_categories, wanted.grid_method
    from {{ data_health.named_model('column_statistics') }}
    inner join wanted
        on column_statistics.period_key = wanted.period_key
        and column_statistics.column_name = wanted.column_name
        and column_statistics.built_from = wanted.built_from

),

monitored_columns as (

    select distinct column_id, monitor, column_name, max_categories, grid_method
    from parents

),

-- 1. Numbers: fine bins, merged as the grid of the column says. Below and above all of its bins, fine bins stay what they are.
fine_bins as (
{{ data_health.united(bins, 'bins') or data_health.rows_as_table(bin_columns) }}

),

bin_starts as (

    select
        column_id,
        cast(split_part(bin_start, ':', 1) as bigint) as fine_bin,
        cast(split_part(bin_start, ':', 2) as bigint) as bin
    from (
        select
            monitored_columns.column_id,
            {{ data_health.engine_sql('text_rows', 'column_grids.bin_starts', "';'") }} as bin_start
        from monitored_columns
        inner join {{ data_health.named_model('column_grids') }}
            on monitored_columns.monitor = column_grids.monitor
            and monitored_columns.column_name = column_grids.column_name
    ) as listed_starts

),

ends_of_starts as (

    select
        column_id, min(fine_bin) as first_fine_bin, min(bin) as first_bin, max(fine_bin) as last_fine_bin, max(bin) as last_bin
    from bin_starts
    group by column_id

),

found_fine_bins as (

    select distinct column_id, bin as fine_bin
    from fine_bins
    where bin is not null

),

-- A column that is counted by value and has come to hold far more of them keeps those that its grid knows; others join the one below.
overfull_columns as (

    select found_fine_bins.column_id
    from found_fine_bins
    inner join monitored_columns
        on found_fine_bins.column_id = monitored_columns.column_id
    where monitored_columns.grid_method in ('values', 'decimals')
    group by found_fine_bins.column_id
    having count(*) > 2 * max(monitored_columns.max_categories)

),

fine_bins_in_order as (

    select column_id, fine_bin, false as is_start, cast(null as bigint) as bin
    from found_fine_bins

    union all

    select column_id, fine_bin, true as is_start, bin
    from bin_starts

),

started_bins as (

    select
        column_id, fine_bin, is_start,
        max(bin) over (partition by column_id order by fine_bin, case when is_start then 0 else 1 end rows unbounded preceding) as bin
    from fine_bins_in_order

),

numbered_fine_bins as (

    select
        started_bins.column_id,
        started_bins.fine_bin,
        case
            when overfull_columns.column_id is not null then coalesce(started_bins.bin, ends_of_starts.first_bin)
            when monitored_columns.grid_method in ('values', 'decimals') or ends_of_starts.column_id is null then started_bins.fine_bin
            when started_bins.fine_bin < ends_of_starts.first_fine_bin
                then ends_of_starts.first_bin + started_bins.fine_bin - ends_of_starts.first_fine_bin
            when started_bins.fine_bin > ends_of_starts.last_fine_bin
                then ends_of_starts.last_bin + started_bins.fine_bin - ends_of_starts.last_fine_bin
            else started_bins.bin
        end as bin
    from started_bins
    inner join monitored_columns
        on started_bins.column_id = monitored_columns.column_id
    left join ends_of_starts
        on started_bins.column_id = ends_of_starts.column_id
    left join overfull_columns
        on started_bins.column_id = overfull_columns.column_id
    where not started_bins.is_start

),

-- 2. Texts: their lengths, their shapes, and categories.
lengths as (
{{ data_health.united(lengths, 'lengths') or data_health.rows_as_table(bin_columns) }}

),

categories as (
{{ data_health.united(categories, 'categories') or data_health.rows_as_table({
    'column_id': 'integer', 'period_start': 'date', 'segment_column': 'varchar', 'segment_value': 'varchar',
    'category': 'varchar', 'row_count': 'bigint'
}) }}

),

known_categories as (

{%- if past is not none %}

    select distinct column_statistics.monitor, column_statistics.column_name, past.category
    from {{ this }} as past
    inner join {{ data_health.named_model('column_statistics') }}
        on past.statistics_key = column_statistics.statistics_key
    where past.category is not null
{%- else %}
{{ data_health.rows_as_table({'monitor': 'varchar', 'column_name': 'varchar', 'category': 'varchar'}) }}
{%- endif %}

),

known_category_counts as (

    select monitor, column_name, count(*) as category_count
    from known_categories
    group by monitor, column_name

),

new_categories as (

    select
        monitored_columns.monitor, monitored_columns.column_name, monitored_columns.max_categories, categories.category,
        row_number() over (
            partition by monitored_columns.monitor, monitored_columns.column_name
            order by sum(categories.row_count) desc nulls last, categories.category nulls last
        ) as category_rank
    from categories
    inner join monitored_columns
        on categories.column_id = monitored_columns.column_id
    left join known_categories
        on monitored_columns.monitor = known_categories.monitor
        and monitored_columns.column_name = known_categories.column_name
        and categories.category = known_categories.category
    where categories.segment_column = '(all)'
        and known_categories.category is null
    group by 1, 2, 3, 4

),

kept_categories as (

    select monitor, column_name, category
    from known_categories

    union all

    select new_categories.monitor, new_categories.column_name, new_categories.category
    from new_categories
    left join known_category_counts
        on new_categories.monitor = known_category_counts.monitor
        and new_categories.column_name = known_category_counts.column_name
    where new_categories.category_rank <= new_categories.max_categories - coalesce(known_category_counts.category_count, 0)

),

counted_rows as (

    select
        fine_bins.column_id, fine_bins.period_start, fine_bins.segment_column, fine_bins.segment_value, numbered_fine_bins.bin,
        cast(null as varchar) as category, fine_bins.row_count, fine_bins.value_sum, fine_bins.minimum, fine_bins.maximum
    from fine_bins
    inner join numbered_fine_bins
        on fine_bins.column_id = numbered_fine_bins.column_id
        and fine_bins.bin = numbered_fine_bins.fine_bin

    union all

    select
        column_id, period_start, segment_column, segment_value, bin, cast(null as varchar) as category, row_count, value_sum, minimum,
        maximum
    from lengths

    union all

    -- beyond the limit of categories per column, rows are counted together
    select
        categories.column_id, categories.period_start, categories.segment_column, categories.segment_value,
        cast(null as bigint) as bin, kept_categories.category, categories.row_count,
        cast(null as double precision) as value_sum, cast(null as double precision) as minimum, cast(null as double precision) as maximum
    from categories
    inner join monitored_columns
        on categories.column_id = monitored_columns.column_id
    left join kept_categories
        on monitored_columns.monitor = kept_categories.monitor
        and monitored_columns.column_name = kept_categories.column_name
        and categories.category = kept_categories.category

)

-- a period of few values keeps fewer bins
select
    parents.statistics_key,
    {{ data_health.engine_sql('coarse_bin', 'counted_rows.bin', 'parents.bin_width') }} as bin,
    cast(sum(counted_rows.row_count) as bigint) as row_count,
    sum(counted_rows.value_sum) as value_sum,
    min(counted_rows.minimum) as minimum,
    max(counted_rows.maximum) as maximum,
    counted_rows.category
from counted_rows
inner join parents
    on counted_rows.column_id = parents.column_id
    and coalesce(counted_rows.period_start, cast('0001-01-01' as date)) = coalesce(parents.period_start, cast('0001-01-01' as date))
    and (counted_rows.period_start is null) = (parents.period_start is null)
    and counted_rows.segment_column = parents.segment_column
    and coalesce(counted_rows.segment_value, '') = coalesce(parents.segment_value, '')
    and (counted_rows.segment_value is null) = (parents.segment_value is null)
group by parents.statistics_key, {{ data_health.engine_sql('coarse_bin', 'counted_rows.bin', 'parents.bin_width') }}, counted_rows.category
{% else %}
{{ data_health.rows_as_table({
    'statistics_key': 'bigint', 'bin': 'bigint', 'row_count': 'bigint', 'value_sum': 'double precision',
    'minimum': 'double precision', 'maximum': 'double precision', 'category': 'varchar'
}) }}
{% endif %}
{%- endset %}
{{ data_health.with_kept_rows(new_rows) }}
