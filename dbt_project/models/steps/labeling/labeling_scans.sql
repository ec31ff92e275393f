{{ config(enabled='labeling' in data_health.parts_on() and data_health.engine_sql('runs_python')) }}
-- depends_on: {{ ref('health_monitors') }}
{%- set tasks = data_health.labeling_tasks(data_health.datasets_of_this_run()) | selectattr('features') | list %}
{#- what an experiment compares and tests with is not learnt from, nor kept away from, by what chooses rows -#}
{%- set batches = data_health.stored_model('labeling_batches') if tasks %}
{%- set written = adapter.get_columns_in_relation(batches) | map(attribute='name') | map('lower') | list if batches else [] %}
{%- if tasks %}
with tables_of_rows (monitor, learner, rows_sql) as (

    values
    {%- for task in tasks %}
        {%- set columns = [task.row_key ~ ' as row_key', task.random_number ~ ' as random_number', task.label ~ ' as label'] %}
        {%- set held_out %}
            {{- task.row_key }} in (select held_out.row_key from {{ batches }} as held_out where held_out.arm in ('random', 'test')
            and held_out.monitor = {{ data_health.text_literal(task.monitor.name) }})
        {%- endset %}
        {%- set is_held_out = held_out if task.monitor.labeling.experiment and 'arm' in written else 'false' %}
        {%- do columns.append(is_held_out ~ ' as is_held_out') %}
        {%- for feature in task.features %}{% do columns.append(feature.value ~ ' as feature_' ~ loop.index) %}{% endfor %}
        {%- set rows_sql = 'select ' ~ columns | join(', ') ~ ' from ' ~ task.rows %}
        ({{ data_health.text_literal([task.monitor.name, task.learner, rows_sql]) }}){{ ',' if not loop.last }}
    {%- endfor %}

),

features (monitor, feature_number, column_name, is_number, value_sql) as (

    values
    {%- for task in tasks %}
        {%- set is_last = loop.last %}
        {%- for feature in task.features %}
        ({{ data_health.text_literal(task.monitor.name) }}, {{ loop.index }}, {{ data_health.text_literal(feature.name) }},
            {{- ' ' ~ feature.is_number }}, {{ data_health.text_literal(feature.value) }}){{ ',' if not (loop.last and is_last) }}
        {%- endfor %}
    {%- endfor %}

)

select
    tables_of_rows.monitor,
    features.feature_number,
    features.column_name,
    features.is_number,
    features.value_sql,
    tables_of_rows.learner,
    tables_of_rows.rows_sql
from tables_of_rows
inner join features
    on tables_of_rows.monitor = features.monitor
{%- else %}
{{ data_health.rows_as_table({
    'monitor': 'varchar', 'feature_number': 'integer', 'column_name': 'varchar', 'is_number': 'boolean', 'value_sql': 'varchar',
    'learner': 'varchar', 'rows_sql': 'varchar'
}) }}
{%- endif %}
