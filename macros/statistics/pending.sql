{#
    What the statistics should have been built from: one row per period and column that the tables can still tell.
    A table without a time is counted as a whole on every build date, and only today's count can be taken again. Columns with
    `counted_with`, a text that names the columns they are counted together with, are counted again together, when the grid of any of them
    changes. What is not counted on a grid, `is_without_grid`, waits for none.
#}
{% macro wanted_statistics(monitored) %}
{%- set rows = [] %}
{%- for column in monitored %}
    {%- do rows.append([
        column.id, column.monitor.name, column.dataset.name, data_health.monitor_fingerprint(column.monitor, column.dataset.reference),
        column.name, column.family, column.role == 'label', column.dataset.name == 'production' and not column.dataset.time,
        column.monitor.max_categories, column.counted_with or none, column.grid_name or column.name, column.is_without_grid is true
    ]) %}
{%- endfor %}
    select
        monitored_periods.period_key,
        monitored_periods.monitor,
        monitored_periods.dataset,
        monitored_periods.period_start,
        monitored_periods.period_end,
        dense_rank() over (
            partition by monitored_periods.monitor, monitored_periods.dataset order by monitored_periods.period_start nulls last
        ) as period_number,
        monitored_columns.column_id,
        monitored_columns.column_name,
        monitored_columns.grid_name,
        column_grids.generation as grid_generation,
        -- of a grid whose fine bins are not merged, neighbours stay apart
        case when column_grids.bin_starts is not null then column_grids.method end as grid_method,
        column_grids.sampled_distinct_count as grid_distinct_count,
        column_grids.centre,
        monitored_columns.max_categories,
        monitored_periods.row_count || ' rows, newest ' || coalesce(cast(monitored_periods.newest_load as varchar), 'unknown')
            || case when monitored_columns.is_label then coalesce(', ' || monitored_periods.labelled_count || ' labels', '') else '' end
            || ', ' || monitored_periods.fingerprint || coalesce(', ' || column_grids.kind || ' ' || column_grids.generation, '')
            || coalesce(', again at ' || cast(monitored_periods.recounted_at as varchar), '')
            || coalesce(
                ', with ' || monitored_columns.counted_with
                    || coalesce(' ' || sum(column_grids.generation) over (partition by monitored_periods.period_key), ''),
                ''
            ) as built_from
    from {{ data_health.named_model('monitored_periods') }}
    inner join (
    {{- data_health.rows_as_table({
        'column_id': 'integer', 'monitor': 'varchar', 'dataset': 'varchar', 'fingerprint': 'varchar', 'column_name': 'varchar',
        'family': 'varchar', 'is_label': 'boolean', 'is_dateless': 'boolean', 'max_categories': 'integer', 'counted_with': 'varchar',
        'grid_name': 'varchar', 'is_without_grid': 'boolean'
    }, rows) }}
    ) as monitored_columns
        on monitored_periods.monitor = monitored_columns.monitor
        and monitored_periods.dataset = monitored_columns.dataset
        and monitored_periods.fingerprint = monitored_columns.fingerprint
    left join {{ data_health.named_model('column_grids') }}
        on monitored_columns.monitor = column_grids.monitor
        and monitored_columns.grid_name = column_grids.column_name
        and monitored_columns.family = column_grids.family
    where (column_grids.kind is not null or monitored_columns.is_without_grid)
        and monitored_periods.status not in ('gone', 'shrunk')
        and monitored_periods.row_count > 0
        and (
            not monitored_columns.is_dateless
            or monitored_periods.period_start = cast('{{ run_started_at.strftime('%Y-%m-%d') }}' as date)
        )
{%- endmacro %}


{# Per dataset the moment from which on rows are left to the next run: just after the newest that were counted. #}
{% macro high_water_marks() %}
    select
        monitor,
        dataset,
        cast(max(case when {{ data_health.engine_sql('is_finite_time', 'high_water_mark') }}
            then {{ dbt.dateadd('microsecond', 1, 'high_water_mark') }} end) as varchar) as first_moment_outside
    from {{ ref('monitored_periods') }}
    group by monitor, dataset
{%- endmacro %}


{#
    Periods and columns whose stored statistics were built from something else, as date ranges of neighbouring periods. What two builds at
    once wrote twice was built from nothing. `stored`: another select of what was built from what, by period_column_key.
#}
{% macro pending_date_ranges(stored_relation, monitored, stored=none) -%}
with wanted as (
{{ data_health.wanted_statistics(monitored) }}
),

stored as (
{%- if stored %}
{{ stored }}
{%- elif load_relation(stored_relation) is not none %}
    select
        period_column_key,
        case when min(built_at) = max(built_at) then max(built_from) end as built_from
    from {{ stored_relation }}
    group by period_column_key
{%- else %}
    {{- data_health.rows_as_table({'period_column_key': 'varchar', 'built_from': 'varchar'}) }}
{%- endif %}),

high_water_marks as (
{{ data_health.high_water_marks() }}
),

pending_periods as (

    select
        wanted.monitor,
        wanted.dataset,
        wanted.period_start,
        wanted.period_end,
        wanted.period_number,
        {{ dbt.listagg('cast(wanted.column_id as varchar)', "','", 'order by wanted.column_id') }} as column_ids
    from wanted
    left join stored
        on wanted.period_key || '|' || wanted.column_name = stored.period_column_key
    where stored.built_from is distinct from wanted.built_from
    group by 1, 2, 3, 4, 5

),

numbered_date_ranges as (

    select
        pending_periods.*,
        period_number - row_number() over (partition by monitor, dataset, column_ids order by period_number) as date_range_number
    from pending_periods

)

select
    numbered_date_ranges.monitor,
    numbered_date_ranges.dataset,
    numbered_date_ranges.column_ids,
    cast(min(numbered_date_ranges.period_start) as varchar) as date_range_start,
    cast(max(numbered_date_ranges.period_end) as varchar) as date_range_end,
    max(high_water_marks.first_moment_outside) as first_moment_outside
from numbered_date_ranges
inner join high_water_marks
    on numbered_date_ranges.monitor = high_water_marks.monitor
    and numbered_date_ranges.dataset = high_water_marks.dataset
group by 1, 2, 3, numbered_date_ranges.date_range_number, case when numbered_date_ranges.period_start is null then 1 else 0 end
order by 1, 2, 3, 4 nulls last
{%- endmacro %}


{#
    What a statistics model has to scan in this run: a list of tasks, each one scan of some columns, with their grids, over some date
    ranges. `stored` as for pending_date_ranges().
#}
{% macro pending_scans(stored_relation, monitored, stored=none) -%}
    {%- set scans = {} -%}
    {%- set is_ready = execute and monitored and load_relation(ref('monitored_periods')) is not none
        and load_relation(ref('column_grids')) is not none -%}
    {%- if is_ready -%}
        {%- for row in run_query(data_health.pending_date_ranges(stored_relation, monitored, stored)).rows -%}
            {%- set scan_key = row['monitor'] ~ '|' ~ row['dataset'] ~ '|' ~ row['column_ids'] -%}
            {%- if scan_key not in scans -%}
                {%- set columns = [] -%}
                {%- for id in (row['column_ids'] | string).split(',') -%}{%- do columns.append(monitored[id | int]) -%}{%- endfor -%}
                {%- do scans.update({scan_key: {
                    'monitor': columns[0].monitor, 'dataset': columns[0].dataset, 'columns': columns, 'date_ranges': [],
                    'has_timeless_rows': false, 'first_moment_outside': row['first_moment_outside']
                }}) -%}
            {%- endif -%}
            {%- if row['date_range_start'] is none -%}{%- do scans[scan_key].update({'has_timeless_rows': true}) -%}{%- endif -%}
            {%- do scans[scan_key].date_ranges.append({'from': row['date_range_start'], 'to': row['date_range_end']}) -%}
        {%- endfor -%}
        {%- set grids = data_health.stored_grids(ref('column_grids')) if scans else {} -%}
        {%- for scan in scans.values() -%}
            {%- for column in scan.columns if not column.is_without_grid -%}
                {%- set grid = grids[column.monitor.name ~ '|' ~ (column.grid_name or column.name)] -%}
                {%- do column.update({'grid': grid, 'grid_kind': grid.kind}) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(scans.values() | list) }}
{%- endmacro %}
