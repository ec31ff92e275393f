-- depends_on: {{ ref('health_monitors') }}
{{ config(enabled='components' in data_health.parts_on() and data_health.is_configured('components.scores'), materialized='view') }}
{%- do data_health.begin_model() %}
{%- set scans = [] %}
{%- for monitor in data_health.resolved_monitors().values() if monitor.components.scores and monitor.parts.components %}
    {%- set relation = data_health.relation_of(monitor.components.scores) %}
    {%- set columns = data_health.columns_of(relation) if execute and not flags.EMPTY else none %}
    {%- if columns is not none %}
        {%- set metrics = ['reference', 'loadings_version', 'component_count', 'component_1', 'hotelling_t2', 'reconstruction_error'] %}
        {%- for name in metrics if not data_health.find_column(columns, name) and flags.WHICH in ['run', 'build'] %}
            {%- do exceptions.raise_compiler_error(data_health.problem(
                monitor.name, 'components.scores', columns | map(attribute='name') | join(', '), 'a table with the column ' ~ name
                ~ ', as project_components() gives it with hotelling_t2=true and reconstruction_error=true'
            )) %}
        {%- endfor %}
        {%- set time = data_health.find_column(columns, monitor.time) if monitor.time else none %}
        {%- set type = time.data_type | lower if time else '' %}
        {%- set has_zone = 'with time zone' in type or type.startswith('timestamptz') %}
        {%- set moment = 'monitored_rows.' ~ data_health.quoted(time.name) if time else none %}
        {%- set dataset = {
            'name': 'production', 'monitor': monitor, 'is_other_table': false, 'time': moment,
            'local_time': '(' ~ moment ~ ' at time zone ' ~ data_health.text_literal(monitor.timezone) ~ ')' if has_zone else moment
        } %}
        {%- set keys = [] %}
        {%- for name in monitor.key %}
            {%- set column = data_health.find_column(columns, name) %}
            {%- if column %}{% do keys.append('monitored_rows.' ~ data_health.quoted(column.name)) %}{% endif %}
        {%- endfor %}
        {%- do scans.append({
            'monitor': monitor.name, 'relation': relation, 'period': data_health.row_period(dataset, true), 'columns': columns,
            'hashed': keys or ['monitored_rows.component_1', 'monitored_rows.hotelling_t2', 'monitored_rows.reconstruction_error']
        }) %}
    {%- endif %}
{%- endfor %}
{% for scan in scans %}
select
    {{ data_health.text_literal(scan.monitor) }} as monitor,
    {{ scan.period }} as period_start,
    cast(monitored_rows.reference as varchar) as reference,
    cast(monitored_rows.loadings_version as varchar) as loadings_version,
    cast(monitored_rows.component_count as bigint) as component_count,
    {%- for number in [1, 2, 3] %}
    {%- set name = 'component_' ~ number %}
    {{ 'monitored_rows.' ~ name if data_health.find_column(scan.columns, name) else 'cast(null as double precision)' }} as {{ name }},
    {%- endfor %}
    monitored_rows.hotelling_t2,
    monitored_rows.reconstruction_error,
    cast({{ data_health.row_hash(scan.hashed) }} as varchar) as row_hash
from {{ scan.relation }} as monitored_rows
{{ 'union all' if not loop.last }}
{%- else %}
{{ data_health.rows_as_table({
    'monitor': 'varchar', 'period_start': 'date', 'reference': 'varchar', 'loadings_version': 'varchar', 'component_count': 'bigint',
    'component_1': 'double precision', 'component_2': 'double precision', 'component_3': 'double precision',
    'hotelling_t2': 'double precision', 'reconstruction_error': 'double precision', 'row_hash': 'varchar'
}) }}
{%- endfor %}
