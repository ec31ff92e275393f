{{ config(
    enabled='combinations' in data_health.parts_on(),
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='period_column_key',
    on_schema_change='append_new_columns',
    full_refresh=false
) }}
-- depends_on: {{ ref('monitored_periods') }}
-- depends_on: {{ ref('column_grids') }}
-- depends_on: {{ ref('feature_bins') }}

{%- do data_health.begin_model([ref('monitored_periods'), ref('column_grids'), ref('feature_bins')], adds_to_this=true) %}
{%- set tasks = data_health.feature_tasks(data_health.datasets_of_this_run()) %}
{%- set scans = data_health.pending_scans(this, tasks) %}
{% set new_rows %}
{%- if scans %}
with wanted as (

{{ data_health.wanted_statistics(tasks) }}

),

wanted_periods as (

    select
        period_key || '|' || column_name as period_column_key,
        period_key,
        monitor,
        dataset,
        period_start,
        column_id,
        built_from
    from wanted

),

counted as (
{%- for scan in scans %}

    select
        {{ scan.columns[0].id }} as column_id,
        '{{ scan.columns[0].attributes_key }}' as attributes_key,
        period_start,
        cell_code,
        count(*) as row_count
    from (
        select
            {{ data_health.row_period(scan.dataset, scan.has_timeless_rows) }} as period_start,
            {{ scan.columns[0].cell }} as cell_code
        from {{ data_health.scanned_rows(scan.dataset, scan.date_ranges, scan.first_moment_outside) }}
            {{ data_health.engine_sql('compute_once') }}
    ) as rows_of_scan
    group by period_start, cell_code
    {{ 'union all' if not loop.last }}
{%- endfor %}

)

select
    wanted_periods.period_column_key,
    wanted_periods.period_key,
    wanted_periods.monitor,
    wanted_periods.dataset,
    wanted_periods.period_start,
    counted.attributes_key,
    cast(counted.cell_code as bigint) as cell_code,
    cast(counted.row_count as bigint) as row_count,
    wanted_periods.built_from,
    {{ data_health.run_time() }} as built_at
from counted
inner join wanted_periods
    on counted.column_id = wanted_periods.column_id
    and coalesce(counted.period_start, cast('0001-01-01' as date)) = coalesce(wanted_periods.period_start, cast('0001-01-01' as date))
    and (counted.period_start is null) = (wanted_periods.period_start is null)
{% else %}
{{ data_health.rows_as_table({
    'period_column_key': 'varchar', 'period_key': 'varchar', 'monitor': 'varchar', 'dataset': 'varchar', 'period_start': 'date',
    'attributes_key': 'varchar', 'cell_code': 'bigint', 'row_count': 'bigint', 'built_from': 'varchar', 'built_at': 'timestamp'
}) }}
{% endif %}
{%- endset %}
{{ data_health.with_kept_rows(new_rows) }}
