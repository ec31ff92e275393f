{{ config(enabled=data_health.part_is_on('labeling')) }}
-- depends_on: {{ ref('label_consensus') }}
{%- if data_health.engine_sql('runs_python') %}
-- depends_on: {{ ref('data_health', 'learner_fits') }}
{%- endif %}
{%- if data_health.part_is_on('combinations') %}
-- depends_on: {{ ref('feature_bins') }}
{%- endif %}
{%- do data_health.begin_model() %}
{%- set tasks = data_health.scored_tasks(data_health.datasets_of_this_run()) %}
{%- set values = [] %}
{%- for number in range(1, 9) %}{% do values.append('value_' ~ number) %}{% endfor %}
with people as (

    select monitor, row_key, label
    from {{ ref('label_consensus') }}

),
{%- if data_health.engine_sql('runs_python') %}

-- what trees say; rows with the same key and the same features have the same score
tree_scores as (

    select
        monitor,
        learner_version,
        row_key,
        feature_hash,
        any_value(probabilities) as probabilities
    from {{ ref('data_health', 'learner_scores') }}
    group by monitor, learner_version, row_key, feature_hash

),
{%- endif %}

{%- for task in tasks %}
{%- set number = loop.index %}

-- the rows of one table, read once
read_rows_{{ number }} as (

    select
        {{ task.row_key }} as row_key,
        {{ data_health.row_period(task.dataset, true) }} as period_start,
        {{ task.random_number }} as random_number,
        {%- for value in task['values'] %}
        {{ value }} as value_{{ loop.index }},
        {%- endfor %}
        {{ task.label }} as own_label,
        {{ task.cell }} as cell_code
        {{- data_health.more_columns(task.inputs) }}
    from {{ task.source }}
    where {{ task.condition }} {{ data_health.engine_sql('compute_once') }}

),

{%- for layer in task.layers %}

-- {{ layer.says }}
{{ layer.name }}_{{ number }} as (

    select
        rows_so_far.*
        {{- data_health.more_columns(layer.columns) }}
    from {{ task.layers[loop.index0 - 1].name if not loop.first else 'read_rows' }}_{{ number }} as rows_so_far
    {%- if layer.joins_trees %}
    left join tree_scores
        on tree_scores.monitor = {{ data_health.text_literal(task.monitor.name) }}
        and tree_scores.learner_version = {{ data_health.text_literal(task.learner_version) }}
        and rows_so_far.row_key = tree_scores.row_key
        and rows_so_far.feature_hash = tree_scores.feature_hash
    {%- endif %} {{ data_health.engine_sql('compute_once') }}

),
{%- endfor %}
{%- endfor %}

judged_rows as (
{%- for task in tasks %}

    select
        {{ data_health.text_literal(task.monitor.name) }} as monitor,
        row_key,
        period_start,
        random_number,
        {{ values | join(', ') }},
        own_label,
        cell_code,
        predicted_label,
        confidence,
        confidence - second_probability as margin,
        entropy,
        positive_probability,
        {{ data_health.text_literal(task.learner_version) }} as learner_version
    from {{ task.layers[-1].name }}_{{ loop.index }}
    {{ 'union all' if not loop.last }}
{%- else %}
    {%- set columns = {'monitor': 'varchar', 'row_key': 'varchar', 'period_start': 'date', 'random_number': 'double precision'} %}
    {%- for name in values %}{% do columns.update({name: 'varchar'}) %}{% endfor %}
    {%- do columns.update({
        'own_label': 'varchar', 'cell_code': 'bigint', 'predicted_label': 'varchar', 'confidence': 'double precision',
        'margin': 'double precision', 'entropy': 'double precision', 'positive_probability': 'double precision',
        'learner_version': 'varchar'
    }) %}
    {{- data_health.no_rows(columns) }}
{%- endfor %}

)

select
    judged_rows.monitor,
    judged_rows.row_key,
    judged_rows.period_start,
    judged_rows.random_number,
    {%- for name in values %}
    judged_rows.{{ name }},
    {%- endfor %}
    coalesce(people.label, judged_rows.own_label) as label,
    people.row_key is not null as is_asked,
    judged_rows.cell_code,
    judged_rows.predicted_label,
    judged_rows.confidence,
    judged_rows.margin,
    judged_rows.entropy,
    judged_rows.positive_probability,
    judged_rows.learner_version,
    {{ data_health.run_time() }} as built_at
from judged_rows
left join people
    on judged_rows.monitor = people.monitor
    and judged_rows.row_key = people.row_key
