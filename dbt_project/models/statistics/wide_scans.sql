{{ config(enabled='components' in data_health.parts_on() and data_health.engine_sql('runs_python')) }}
-- depends_on: {{ ref('monitored_periods') }}
-- depends_on: {{ ref('column_grids') }}

{%- set counted_from = [ref('monitored_periods'), ref('column_grids')] %}
{%- if data_health.is_configured('components.one_hot') %}{% do counted_from.append(ref('one_hot_levels')) %}{% endif %}
{%- do data_health.begin_model(counted_from) %}
{%- set monitored = data_health.product_columns(data_health.datasets_of_this_run(), is_wide=true) %}
{#- what is stored already; not a ref, because that model reads this one -#}
{%- set stored = data_health.stored_model('wide_products') if monitored else none %}
{#- matrices of so many numbers are added up at once -#}
{%- set numbers_at_once = 2 ** 24 %}
{%- set scans = [] %}
{%- if monitored and load_relation(ref('monitored_periods')) is not none and load_relation(ref('column_grids')) is not none %}
{%- set datasets = {} %}
{%- for column in monitored %}{% do datasets.setdefault(column.monitor.name ~ '|' ~ column.dataset.name, []).append(column) %}{% endfor %}
{%- set query %}
with monitored_datasets (dataset_number, monitor, dataset, fingerprint, counted_with, is_dateless) as (

    values
    {%- for columns in datasets.values() %}{% set column = columns[0] %}
        {%- set fingerprint = data_health.monitor_fingerprint(column.monitor, column.dataset.reference) %}
        {%- set texts = [column.monitor.name, column.dataset.name, fingerprint, column.counted_with] %}
        {%- set is_dateless = column.dataset.name == 'production' and not column.dataset.time %}
        ({{ loop.index0 }}, {{ data_health.text_literal(texts) }}, {{ is_dateless }}){{ ',' if not loop.last }}
    {%- endfor %}

),

monitored_columns (dataset_number, monitor, grid_name, family) as (

    values
    {%- for columns in datasets.values() %}{% set outer = loop %}{% for column in columns %}
        {%- set texts = [column.monitor.name, column.grid_name, column.family] %}
        ({{ outer.index0 }}, {{ data_health.text_literal(texts) }}){{ ',' if not (outer.last and loop.last) }}
    {%- endfor %}{% endfor %}

),

grids as (

    select monitored_columns.dataset_number, sum(column_grids.generation) as generations
    from monitored_columns
    inner join {{ data_health.named_model('column_grids') }}
        on monitored_columns.monitor = column_grids.monitor
        and monitored_columns.grid_name = column_grids.column_name
        and monitored_columns.family = column_grids.family
    group by monitored_columns.dataset_number

),

wanted_periods as (

    select
        monitored_datasets.dataset_number,
        monitored_periods.period_key,
        monitored_periods.period_start,
        monitored_periods.period_end,
        monitored_periods.row_count || ' rows, newest ' || coalesce(cast(monitored_periods.newest_load as varchar), 'unknown')
            || ', ' || monitored_periods.fingerprint
            || coalesce(', again at ' || cast(monitored_periods.recounted_at as varchar), '')
            || ', with ' || monitored_datasets.counted_with || ' ' || coalesce(grids.generations, 0) as built_from
    from {{ data_health.named_model('monitored_periods') }}
    inner join monitored_datasets
        on monitored_periods.monitor = monitored_datasets.monitor
        and monitored_periods.dataset = monitored_datasets.dataset
        and monitored_periods.fingerprint = monitored_datasets.fingerprint
    left join grids
        on monitored_datasets.dataset_number = grids.dataset_number
    where monitored_periods.status not in ('gone', 'shrunk')
        and monitored_periods.row_count > 0
        and (
            not monitored_datasets.is_dateless
            or monitored_periods.period_start = cast('{{ run_started_at.strftime('%Y-%m-%d') }}' as date)
        )

),

stored as (
{%- if stored is not none %}

    select period_key, case when min(built_at) = max(built_at) then max(built_from) end as built_from
    from {{ stored }}
    group by period_key
{%- else %}
{{ data_health.rows_as_table({'period_key': 'varchar', 'built_from': 'varchar'}) }}
{%- endif %}

),

high_water_marks as (
{{ data_health.high_water_marks() }}
)

select
    wanted_periods.dataset_number,
    wanted_periods.period_key,
    cast(wanted_periods.period_start as varchar) as period_start,
    cast(wanted_periods.period_end as varchar) as period_end,
    wanted_periods.built_from,
    high_water_marks.first_moment_outside
from wanted_periods
inner join monitored_datasets
    on wanted_periods.dataset_number = monitored_datasets.dataset_number
inner join high_water_marks
    on monitored_datasets.monitor = high_water_marks.monitor
    and monitored_datasets.dataset = high_water_marks.dataset
left join stored
    on wanted_periods.period_key = stored.period_key
where stored.built_from is distinct from wanted_periods.built_from
order by wanted_periods.dataset_number, wanted_periods.period_start nulls last
{%- endset %}
{%- for row in run_query(query).rows %}
    {%- set columns = (datasets.values() | list)[row['dataset_number']] %}
    {%- set dataset, has_no_time = columns[0].dataset, row['period_start'] is none and columns[0].dataset.name == 'production' %}
    {%- set scan = scans[-1] if scans else none %}
    {%- set most_periods = [1, (numbers_at_once / columns[0].dataset_width ** 2) | int] | max %}
    {%- if not scan or scan.columns is not sameas columns or scan.has_no_time or has_no_time or scan.periods | length >= most_periods %}
        {%- set scan = {
            'columns': columns, 'periods': [], 'date_ranges': [], 'has_no_time': has_no_time,
            'first_moment_outside': row['first_moment_outside']
        } %}
        {%- do scans.append(scan) %}
    {%- endif %}
    {%- do scan.periods.append(row) %}
    {%- if scan.date_ranges and scan.date_ranges[-1].to == row['period_start'] %}
        {%- do scan.date_ranges[-1].update({'to': row['period_end']}) %}
    {%- else %}
        {%- do scan.date_ranges.append({'from': row['period_start'], 'to': row['period_end']}) %}
    {%- endif %}
{%- endfor %}
{%- endif %}
{%- if scans %}
{%- set used_columns = {} %}
{%- for scan in scans %}
    {%- set column = scan['columns'][0] %}
    {%- do used_columns.update({column.monitor.name ~ '|' ~ column.dataset.name: scan['columns']}) %}
{%- endfor %}

with scans (scan_number, period_sql, source_sql, weight_column, weight_sql) as (

    values
    {%- for scan in scans %}{% set column = scan['columns'][0] %}{% set dataset = column.dataset %}
        ({{ loop.index }}, {{ data_health.text_literal([
            data_health.row_period(dataset, scan.has_no_time),
            'from ' ~ data_health.scanned_rows(dataset, scan.date_ranges, scan.first_moment_outside),
            column.weight_column, column.weight
        ]) }}){{ ',' if not loop.last }}
    {%- endfor %}

),

pending_periods (scan_number, monitor, dataset, period_key, period_start, built_from) as (

    values
    {%- for scan in scans %}{% set outer = loop %}{% set column = scan['columns'][0] %}{% for row in scan.periods %}
        (
            {{ outer.index }}, {{ data_health.text_literal([column.monitor.name, column.dataset.name, row['period_key']]) }},
            cast({{ data_health.text_literal(row['period_start']) }} as date), {{ data_health.text_literal(row['built_from']) }}
        ){{ ',' if not (outer.last and loop.last) }}
    {%- endfor %}{% endfor %}

),

factors (column_number, monitor, dataset, column_name, grid_name, family, value_sql, list_length) as (

    values
    {%- for columns in used_columns.values() %}{% set outer = loop %}{% for column in columns %}
        (
            {{ loop.index }}, {{ data_health.text_literal([
                column.monitor.name, column.dataset.name, column.name, column.grid_name, column.family, column.value
            ]) }}, cast({{ column.list_length if column.list_length is not none else 'null' }} as integer)
        ){{ ',' if not (outer.last and loop.last) }}
    {%- endfor %}{% endfor %}

),

grids as (

    select monitor, column_name, family, generation, centre, scale
    from {{ ref('column_grids') }}

),

counted_lists as (
{%- if stored is not none %}

    select
        monitor,
        source_column,
        column_number,
        centre,
        scale,
        dense_rank() over (partition by monitor, source_column order by built_at, period_key) as period_rank
    from {{ stored }}
    where source_column <> column_name
{%- else %}
{{ data_health.rows_as_table({
    'monitor': 'varchar', 'source_column': 'varchar', 'column_number': 'integer', 'centre': 'double precision',
    'scale': 'double precision', 'period_rank': 'integer'
}) }}
{%- endif %}

),

list_grids as (

    select
        monitor,
        source_column,
        array_agg(centre order by column_number) as centres,
        array_agg(scale order by column_number) as scales
    from counted_lists
    where period_rank = 1
    group by monitor, source_column

)

select
    pending_periods.scan_number,
    pending_periods.monitor,
    pending_periods.dataset,
    pending_periods.period_key,
    pending_periods.period_start,
    scans.period_sql,
    scans.source_sql,
    scans.weight_column,
    scans.weight_sql,
    factors.column_number,
    factors.column_name,
    factors.value_sql,
    factors.list_length,
    grids.generation as grid_generation,
    case when factors.list_length is null then coalesce(grids.centre, 0e0) end as centre,
    case when factors.list_length is null then coalesce(grids.scale, 1e0) end as scale,
    list_grids.centres as list_centres,
    list_grids.scales as list_scales,
    pending_periods.built_from,
    {{ data_health.run_time() }} as built_at
from pending_periods
inner join scans
    on pending_periods.scan_number = scans.scan_number
inner join factors
    on pending_periods.monitor = factors.monitor
    and pending_periods.dataset = factors.dataset
left join grids
    on factors.monitor = grids.monitor
    and factors.grid_name = grids.column_name
    and factors.family = grids.family
left join list_grids
    on factors.monitor = list_grids.monitor
    and factors.column_name = list_grids.source_column
    and factors.list_length is not null
where factors.list_length is not null or grids.generation is not null
{%- else %}
{{ data_health.rows_as_table({
    'scan_number': 'integer', 'monitor': 'varchar', 'dataset': 'varchar', 'period_key': 'varchar', 'period_start': 'date',
    'period_sql': 'varchar', 'source_sql': 'varchar', 'weight_column': 'varchar', 'weight_sql': 'varchar',
    'column_number': 'integer', 'column_name': 'varchar', 'value_sql': 'varchar', 'list_length': 'integer',
    'grid_generation': 'integer', 'centre': 'double precision', 'scale': 'double precision',
    'list_centres': 'double precision[]', 'list_scales': 'double precision[]', 'built_from': 'varchar', 'built_at': 'timestamp'
}) }}
{%- endif %}
