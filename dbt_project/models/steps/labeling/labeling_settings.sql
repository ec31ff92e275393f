-- depends_on: {{ ref('health_monitors') }}

{%- do data_health.begin_model() %}
{%- set tasks = data_health.labeling_tasks(data_health.datasets_of_this_run()) %}
{% if tasks %}
select
    monitor,
    learner,
    strategy,
    budget,
    labels_per_subgroup,
    cast(target_precision as double precision) as target_precision,
    on_label_break
from (
    values
    {%- for task in tasks %}
        ({{ data_health.text_literal([task.monitor.name, task.learner, task.monitor.labeling.strategy]) }}, {{ task.monitor.labeling.budget }}, {{ task.monitor.labeling.labels_per_subgroup }}, {{ data_health.double_literal(task.monitor.labeling.precision) }}, {{ data_health.text_literal(task.monitor.labeling.on_label_break) }}){{ ',' if not loop.last }}
    {%- endfor %}
) as labeling_settings (monitor, learner, strategy, budget, labels_per_subgroup, target_precision, on_label_break)
{%- else %}
{{ data_health.no_rows({
    'monitor': 'varchar', 'learner': 'varchar', 'strategy': 'varchar', 'budget': 'integer', 'labels_per_subgroup': 'integer',
    'target_precision': 'double precision', 'on_label_break': 'varchar'
}) }}
{%- endif %}
