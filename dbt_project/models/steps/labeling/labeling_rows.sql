{{ config(enabled='labeling' in data_health.parts_on()) }}
-- depends_on: {{ ref('label_consensus') }}
{%- if data_health.engine_sql('runs_python') %}
-- depends_on: {{ ref('data_health', 'learner_fits') }}
{%- endif %}
{%- if 'combinations' in data_health.parts_on() %}
-- depends_on: {{ ref('feature_bins') }}
{%- endif %}
{%- do data_health.begin_model() %}
{%- set datasets = data_health.datasets_of_this_run() %}
{%- set tasks, cells = data_health.labeling_tasks(datasets), {} %}
{%- if 'combinations' in data_health.parts_on() %}
    {%- for task in data_health.feature_tasks(datasets | selectattr('name', 'equalto', 'production') | list) %}
        {%- do cells.update({task.monitor.name: task.cell}) %}
    {%- endfor %}
{%- endif %}
{#-
    `cell` is the number of the cell of features, `labels` what may be said, `inputs` what probabilities are made of by `layers`: columns
    over those of the layer before, so that what is long is computed once. The last has probability_1 and so on, in the order of labels.
#}
{%- for task in tasks %}
    {%- set fitted = data_health.engine_sql('runs_python') and not task.score %}
    {%- set learner = data_health.stored_learner(ref('data_health', 'learner_fits'), task) if fitted else none %}
    {%- set inputs, labels = {}, learner.labels if learner else [] %}
    {%- for feature in task.features if learner %}{% do inputs.update({'feature_' ~ loop.index: feature.value}) %}{% endfor %}
    {%- if task.score %}
        {%- do inputs.update({'score': 'case when ' ~ task.score ~ ' between 0e0 and 1e0 then ' ~ task.score ~ ' end'}) %}
        {%- set known %}
        select distinct label
        from {{ ref('label_consensus') }}
        where monitor = {{ data_health.text_literal(task.monitor.name) }}
            and label is not null
        {%- endset %}
        {#- a score is the probability of one label, after the one other label that there is -#}
        {%- set named = task.monitor.labeling.labels or run_query(known).columns[0].values() %}
        {%- set others = named | map('string') | reject('equalto', task.positive) | list %}
        {%- set labels = [others[0] if others | length == 1 else '(other)', task.positive or '(positive)'] %}
    {%- endif %}
    {%- do task.update({
        'cell': cells[task.monitor.name] or 'cast(null as bigint)', 'inputs': inputs, 'labels': labels,
        'learner_version': learner.version if learner else 'score' if task.score else none
    }) %}
    {%- set layers, logits, odds, probabilities = [], {}, {}, {} %}
    {%- set numbers = range(1, labels | length + 1) | list %}
    {%- for number in numbers if learner %}
        {%- do logits.update({'logit_' ~ number: learner.logits[loop.index0]}) %}
        {%- do odds.update({'odds_' ~ number: 'exp(logit_' ~ number ~ ' - greatest(logit_' ~ numbers | join(', logit_') ~ '))'}) %}
        {%- do probabilities.update({'probability_' ~ number: 'tree_scores.probabilities[' ~ number ~ ']' if learner.is_stored
            else 'odds_' ~ number ~ ' / (odds_' ~ numbers | join(' + odds_') ~ ')'}) %}
    {%- endfor %}
    {%- if task.score %}
        {%- set both = {'probability_1': '1e0 - score', 'probability_2': 'score'} %}
        {%- do layers.append({'name': 'scored_rows', 'says': 'a score is of two labels', 'columns': both}) %}
    {%- elif learner and learner.is_stored %}
        {%- do layers.extend([
            {'name': 'hashed_rows', 'says': 'what trees have scored it by', 'columns': learner.terms},
            {'name': 'scored_rows', 'says': 'probabilities of the trees', 'columns': probabilities, 'joins_trees': true}
        ]) %}
    {%- elif learner %}
        {%- do layers.extend([
            {'name': 'standardised_rows', 'says': 'numbers as they were learnt from', 'columns': learner.terms},
            {'name': 'summed_rows', 'says': 'the log odds of every label against the first', 'columns': logits},
            {'name': 'weighed_rows', 'says': 'odds against the likeliest', 'columns': odds},
            {'name': 'scored_rows', 'says': 'probabilities of the regression', 'columns': probabilities}
        ]) %}
    {%- endif %}
    {%- do task.update({'layers': layers}) %}
{%- endfor %}
{%- set values = [] %}
{%- for number in range(1, 9) %}{% do values.append('value_' ~ number) %}{% endfor %}
with annotated_rows as (

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
        {%- for name, input in task.inputs.items() %},
        {{ input }} as {{ name }}
        {%- endfor %}
    from {{ task.rows }} {{ data_health.engine_sql('compute_once') }}

),

{%- for layer in task.layers %}

-- {{ layer.says }}
{{ layer.name }}_{{ number }} as (

    select
        rows_so_far.*
        {%- for name, column in layer.columns.items() %},
        {{ column }} as {{ name }}
        {%- endfor %}
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
{%- set probabilities, terms, pairs = [], [], [] %}
{%- for label in task.labels %}{% do probabilities.append('probability_' ~ loop.index) %}{% endfor %}
{%- set largest = 'greatest(' ~ probabilities | join(', ') ~ ')' %}
{%- for name in probabilities %}
    {%- do terms.append('case when ' ~ name ~ ' > 0e0 then ' ~ name ~ ' * ln(' ~ name ~ ') else 0e0 end') %}
    {%- for other in probabilities[loop.index:] %}{% do pairs.append('least(' ~ name ~ ', ' ~ other ~ ')') %}{% endfor %}
{%- endfor %}

-- the likeliest label, and how certain it is; the second largest probability is the largest of the smaller ones of all pairs
predicted_rows_{{ number }} as (

    select
        rows_so_far.*,
        {%- if task.labels %}
        case
            {%- for label in task.labels %}
            when probability_{{ loop.index }} = {{ largest }} then {{ data_health.text_literal(label) }}
            {%- endfor %}
        end as predicted_label,
        {{ largest }} as confidence,
        {{ pairs[0] if pairs | length == 1 else 'greatest(' ~ pairs | join(', ') ~ ')' }} as second_probability,
        case when probability_1 is not null then -({{ terms | join(' + ') }}) / ln({{ task.labels | length }}e0) end as entropy,
        {%- else %}
        cast(null as varchar) as predicted_label,
        cast(null as double precision) as confidence,
        cast(null as double precision) as second_probability,
        cast(null as double precision) as entropy,
        {%- endif %}
        {{ 'probability_' ~ (task.labels.index(task.positive) + 1) if task.positive in task.labels
            else 'cast(null as double precision)' }} as positive_probability
    from {{ (task.layers | last).name if task.layers else 'read_rows' }}_{{ number }} as rows_so_far
        {{ data_health.engine_sql('compute_once') }}

),
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
    from predicted_rows_{{ loop.index }}
    {{ 'union all' if not loop.last }}
{%- else %}
    {%- set columns = {'monitor': 'varchar', 'row_key': 'varchar', 'period_start': 'date', 'random_number': 'double precision'} %}
    {%- for name in values %}{% do columns.update({name: 'varchar'}) %}{% endfor %}
    {%- do columns.update({
        'own_label': 'varchar', 'cell_code': 'bigint', 'predicted_label': 'varchar', 'confidence': 'double precision',
        'margin': 'double precision', 'entropy': 'double precision', 'positive_probability': 'double precision',
        'learner_version': 'varchar'
    }) %}
    {{- data_health.rows_as_table(columns) }}
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
    coalesce(annotated_rows.label, judged_rows.own_label) as label,
    annotated_rows.row_key is not null as is_asked,
    judged_rows.cell_code,
    judged_rows.predicted_label,
    judged_rows.confidence,
    judged_rows.margin,
    judged_rows.entropy,
    judged_rows.positive_probability,
    judged_rows.learner_version,
    {{ data_health.run_time() }} as built_at
from judged_rows
left join annotated_rows
    on judged_rows.monitor = annotated_rows.monitor
    and judged_rows.row_key = annotated_rows.row_key
