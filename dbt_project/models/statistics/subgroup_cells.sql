{{ config(
    enabled='representation' in data_health.parts_on(),
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='period_column_key',
    on_schema_change='append_new_columns',
    full_refresh=false
) }}
-- depends_on: {{ ref('monitored_periods') }}
-- depends_on: {{ ref('column_grids') }}

{%- do data_health.begin_model([ref('monitored_periods'), ref('column_grids')], adds_to_this=true) %}
{%- set tasks = data_health.subgroup_tasks(data_health.datasets_of_this_run()) %}
{%- set scans = data_health.pending_scans(this, tasks) %}
{%- set sums = {
    'row_count': 'count(*)', 'weighted_count': 'count(row_weight)', 'weight_sum': 'coalesce(sum(row_weight), 0e0)',
    'squared_weight_sum': 'coalesce(sum(row_weight * row_weight), 0e0)',
    'labelled_count': 'sum(coalesce(label, 0))', 'positive_count': 'sum(label_is_positive)',
    'predicted_count': 'sum(coalesce(prediction, 0))', 'predicted_positive_count': 'sum(prediction_is_positive)',
    'judged_count': 'sum(coalesce(label * prediction, 0))', 'judged_positive_count': 'sum(label_is_positive * prediction)',
    'true_positive_count': 'sum(label_is_positive * prediction_is_positive)',
    'false_positive_count': 'sum((1 - label_is_positive) * prediction_is_positive)',
    'missing_count': 'sum(missing)'
} %}
{% set new_rows %}
{%- if scans %}
with wanted as (

{{ data_health.wanted_statistics(tasks) }}

),

counted as (
{%- for scan in scans %}
    {%- set task, sql, label = scan.columns[0], scan.columns[0].sql, scan.monitor.label %}
    {%- set has_own_labels = label is not none and label.relation is not none and not scan.dataset.is_other_table %}

    select
        {{ task.id }} as column_id,
        '{{ sql.attributes_key }}' as attributes_key,
        period_start,
        model_version,
        {%- for number in range(1, 9) %}
        value_{{ number }},
        {%- endfor %}
        {%- for name, expression in sums.items() %}
        {{ expression }} as {{ name }},
        {%- endfor %}
        {{ sql.feature_count }} as feature_count
    from (
        select
            {{ data_health.row_period(scan.dataset, scan.has_timeless_rows) }} as period_start,
            {{ sql.version }} as model_version,
            {%- for value in sql['values'] %}
            {{ value }} as value_{{ loop.index }},
            {%- endfor %}
            {{ sql.weight }} as row_weight,
            {{ sql.label }} as label,
            {{ sql.label_is_positive }} as label_is_positive,
            {{ sql.prediction }} as prediction,
            {{ sql.prediction_is_positive }} as prediction_is_positive,
            {{ sql.missing }} as missing
        from {{ data_health.scanned_rows(scan.dataset, scan.date_ranges, scan.first_moment_outside, has_own_labels) }}
            {{ data_health.engine_sql('compute_once') }}
    ) as rows_of_scan
    group by period_start, model_version, value_1, value_2, value_3, value_4, value_5, value_6, value_7, value_8
    {{ 'union all' if not loop.last }}
{%- endfor %}

)

select
    wanted.period_key || '|' || wanted.column_name as period_column_key,
    wanted.period_key,
    wanted.monitor,
    wanted.dataset,
    wanted.period_start,
    counted.attributes_key,
    counted.model_version,
    {%- for number in range(1, 9) %}
    counted.value_{{ number }},
    {%- endfor %}
    {%- for name in sums %}
    cast(counted.{{ name }} as {{ 'double precision' if name.endswith('weight_sum') else 'bigint' }}) as {{ name }},
    {%- endfor %}
    cast(counted.feature_count as bigint) as feature_count,
    wanted.built_from,
    {{ data_health.run_time() }} as built_at
from counted
inner join wanted
    on counted.column_id = wanted.column_id
    and coalesce(counted.period_start, cast('0001-01-01' as date)) = coalesce(wanted.period_start, cast('0001-01-01' as date))
    and (counted.period_start is null) = (wanted.period_start is null)
{% else %}
{%- set columns = {
    'period_column_key': 'varchar', 'period_key': 'varchar', 'monitor': 'varchar', 'dataset': 'varchar', 'period_start': 'date',
    'attributes_key': 'varchar', 'model_version': 'varchar'
} %}
{%- for number in range(1, 9) %}{% do columns.update({'value_' ~ number: 'varchar'}) %}{% endfor %}
{%- for name in sums %}{% do columns.update({name: 'double precision' if name.endswith('weight_sum') else 'bigint'}) %}{% endfor %}
{%- do columns.update({'feature_count': 'bigint', 'built_from': 'varchar', 'built_at': 'timestamp'}) %}
{{ data_health.rows_as_table(columns) }}
{% endif %}
{%- endset %}
{{ data_health.with_kept_rows(new_rows) }}
