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
{%- set watched = data_health.watched_columns(data_health.datasets_of_this_run()) %}
{%- set parts = data_health.statistics_parts(data_health.pending_scans(this, watched)) %}
{%- set measured = [] %}
{%- for part in parts %}{% do measured.append(data_health.measured_rows(part)) %}{% endfor %}
{% set new_rows %}
{%- if parts %}
with wanted as (

{{ data_health.wanted_statistics(watched) }}

),

measured as (
{{ data_health.united(measured, 'measured') }}

)

select
    wanted.period_key || '|' || wanted.column_name as period_column_key,
    wanted.period_key,
    wanted.monitor,
    wanted.dataset,
    wanted.period_start,
    wanted.column_name,
    measured.segment_column,
    measured.segment_value,
    wanted.grid_generation,
    wanted.centre,
    {%- for statistic, data_type in data_health.statistic_types().items() %}
    cast(measured.{{ statistic }} as {{ data_type }}) as {{ statistic }},
    {%- endfor %}
    wanted.built_from,
    {{ data_health.run_time() }} as built_at
from measured
inner join wanted
    on measured.column_id = wanted.column_id
    and coalesce(measured.period_start, cast('0001-01-01' as date)) = coalesce(wanted.period_start, cast('0001-01-01' as date))
{% else %}
{%- set columns = {
    'period_column_key': 'varchar', 'period_key': 'varchar', 'monitor': 'varchar', 'dataset': 'varchar', 'period_start': 'date',
    'column_name': 'varchar', 'segment_column': 'varchar', 'segment_value': 'varchar', 'grid_generation': 'integer',
    'centre': 'double precision'
} %}
{%- do columns.update(data_health.statistic_types()) %}
{%- do columns.update({'built_from': 'varchar', 'built_at': 'timestamp'}) %}
{{ data_health.no_rows(columns) }}
{% endif %}
{%- endset %}
{{ data_health.with_kept_rows(new_rows) }}
