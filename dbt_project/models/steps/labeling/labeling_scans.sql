{{ config(enabled=data_health.part_is_on('labeling')) }}
-- depends_on: {{ ref('health_labels') }}

{%- do data_health.begin_model() %}
{%- set tasks = data_health.labeling_tasks(data_health.datasets_of_this_run()) %}
{%- set features = [] %}
{%- for task in tasks %}{% for feature in task.features %}{% do features.append((task, loop.index, feature)) %}{% endfor %}{% endfor %}
{% if features %}
with tables_of_rows (monitor, learner, rows_sql) as (

    values
    {%- for task in tasks if task.features %}
        {%- set columns = ['row_key', 'random_number', 'label'] %}
        {%- set parts = [task.row_key ~ ' as row_key', task.random_number ~ ' as random_number', task.label ~ ' as label'] %}
        {%- for feature in task.features %}{% do parts.append(feature.value ~ ' as feature_' ~ loop.index) %}{% endfor %}
        ({{ data_health.text_literal([task.monitor.name, task.learner,
            'select ' ~ parts | join(', ') ~ ' from ' ~ task.source ~ ' where ' ~ task.condition]) }}){{ ',' if not loop.last }}
    {%- endfor %}

),

features (monitor, feature_number, column_name, is_number, value_sql) as (

    values
    {%- for task, number, feature in features %}
        ({{ data_health.text_literal(task.monitor.name) }}, {{ number }}, {{ data_health.text_literal(feature.name) }}, {{ feature.is_number }}, {{ data_health.text_literal(feature.value) }}){{ ',' if not loop.last }}
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
{{ data_health.no_rows({
    'monitor': 'varchar', 'feature_number': 'integer', 'column_name': 'varchar', 'is_number': 'boolean', 'value_sql': 'varchar',
    'learner': 'varchar', 'rows_sql': 'varchar'
}) }}
{%- endif %}
