{{ config(enabled=data_health.part_is_on('labeling')) }}
-- depends_on: {{ ref('labeling_scans') }}
-- depends_on: {{ ref('feature_bins') }}
{%- if target.type == 'duckdb' %}
-- depends_on: {{ ref('data_health', 'learner_fits') }}
-- depends_on: {{ ref('data_health', 'learner_scores') }}
{%- endif %}

{%- do data_health.begin_model() %}
{%- set datasets = data_health.datasets_of_this_run() %}
{%- set tasks = data_health.labeling_tasks(datasets) %}
{%- set cells = {} %}
{%- for task in data_health.feature_tasks(datasets | selectattr('name', 'equalto', 'production') | list) %}
    {%- do cells.update({task.monitor.name: task.cell}) %}
{%- endfor %}
{%- set learners = {} %}
{%- for task in tasks if not task.score and target.type == 'duckdb' %}
    {%- do learners.update({task.monitor.name: data_health.stored_learner(ref('data_health', 'learner_fits'), task)}) %}
{%- endfor %}
{#- what a score is the probability of, and the one other label that there is -#}
{%- for task in tasks if task.score %}
    {%- set known %}select distinct label from {{ ref('health_labels') }} where monitor = {{ data_health.text_literal(task.monitor.name) }} and label is not null{% endset %}
    {%- set named = task.monitor.labeling.labels or run_query(known).columns[0].values() %}
    {%- set others = named | map('string') | reject('equalto', task.positive) | list %}
    {%- do task.update({'labels': [others[0] if others | length == 1 else '(other)', task.positive or '(positive)']}) %}
{%- endfor %}
{%- for task in tasks if not task.score %}{% do task.update({'labels': (learners.get(task.monitor.name) or {}).labels or []}) %}{% endfor %}
{%- set missing = 'cast(null as double precision)' %}
with people as (

    select monitor, row_key, label
    from {{ ref('health_labels') }}

),

{%- for task in tasks %}
{%- set learner = learners.get(task.monitor.name) %}
{%- set labels = task.labels %}

rows_{{ loop.index }} as (

    select
        row_key,
        period_start,
        random_number,
        {%- for number in range(1, 9) %}
        value_{{ number }},
        {%- endfor %}
        own_label,
        cell_code,
        {%- for label in labels %}
        {{ 'probability_' ~ loop.index if task.score or (learner or {}).is_stored else 'odds_' ~ loop.index ~ ' / (odds_' ~ range(1, labels | length + 1) | join(' + odds_') ~ ')' }} as probability_{{ loop.index }}{{ ',' if not loop.last }}
        {%- endfor %}
        {%- if not labels %}
        {{ missing }} as probability_1
        {%- endif %}
    from (
        select
            scored.*
            {%- if learner and learner.is_stored %}
            {%- for label in labels %},
            stored_scores.probabilities[{{ loop.index }}] as probability_{{ loop.index }}
            {%- endfor %}
            {%- elif learner %}
            {%- for label in labels %},
            exp({{ 'logit_' ~ loop.index }} - greatest(logit_{{ range(1, labels | length + 1) | join(', logit_') }})) as odds_{{ loop.index }}
            {%- endfor %}
            {%- elif task.score %},
            1e0 - score as probability_1,
            score as probability_2
            {%- endif %}
        from (
            select
                standardised.*
                {%- for logit in (learner or {}).get('logits', []) %},
                {{ logit }} as logit_{{ loop.index }}
                {%- endfor %}
            from (
                select
                    read_rows.*
                    {%- for name, sql in (learner or {}).get('terms', {}).items() %},
                    {{ sql }} as {{ name }}
                    {%- endfor %}
                from (
                    select
                        {{ task.row_key }} as row_key,
                        {{ data_health.row_period(task.dataset, true) }} as period_start,
                        {{ task.random_number }} as random_number,
                        {%- for value in task['values'] %}
                        {{ value }} as value_{{ loop.index }},
                        {%- endfor %}
                        {{ task.label }} as own_label,
                        {{ cells[task.monitor.name] or 'cast(null as bigint)' }} as cell_code
                        {%- if learner %}
                        {%- for feature in task.features %},
                        {{ feature.value }} as feature_{{ loop.index }}
                        {%- endfor %}
                        {%- elif task.score %},
                        case when {{ task.score }} between 0e0 and 1e0 then {{ task.score }} end as score
                        {%- endif %}
                    from {{ task.source }}
                    where {{ task.condition }} {{ data_health.engine_sql('compute_once') }}
                ) as read_rows {{ data_health.engine_sql('compute_once') }}
            ) as standardised {{ data_health.engine_sql('compute_once') }}
        ) as scored
        {%- if learner and learner.is_stored %}
        left join (
            -- rows with the same key and the same features have the same score
            select row_key, feature_hash, any_value(probabilities) as probabilities
            from {{ ref('data_health', 'learner_scores') }}
            where monitor = {{ data_health.text_literal(task.monitor.name) }}
                and learner_version = {{ data_health.text_literal(learner.version) }}
            group by row_key, feature_hash
        ) as stored_scores
            on scored.row_key = stored_scores.row_key
            and scored.feature_hash = stored_scores.feature_hash
        {%- endif %} {{ data_health.engine_sql('compute_once') }}
    ) as weighed

),

{%- endfor %}

judged_rows as (
{%- for task in tasks %}
    {%- set learner = learners.get(task.monitor.name) %}
    {%- set labels = task.labels %}
    {%- set probabilities, terms = [], [] %}
    {%- for label in labels %}
        {%- do probabilities.append('probability_' ~ loop.index) %}
        {%- do terms.append('case when probability_' ~ loop.index ~ ' > 0e0 then probability_' ~ loop.index ~ ' * ln(probability_' ~ loop.index ~ ') else 0e0 end') %}
    {%- endfor %}

    select
        {{ data_health.text_literal(task.monitor.name) }} as monitor,
        row_key,
        period_start,
        random_number,
        {%- for number in range(1, 9) %}
        value_{{ number }},
        {%- endfor %}
        own_label,
        cell_code,
        predicted_label,
        confidence,
        confidence - second_probability as margin,
        entropy,
        positive_probability,
        {{ data_health.text_literal(learner.version if learner else 'score' if task.score else none) }} as learner_version
    from (
        select
            scored_rows.*,
            {%- if labels %}
            {%- set top = 'greatest(' ~ probabilities | join(', ') ~ ')' %}
            case{% for label in labels %} when probability_{{ loop.index }} = {{ top }} then {{ data_health.text_literal(label) }}{% endfor %} end as predicted_label,
            {{ top }} as confidence,
            {%- if labels | length == 2 %}
            least({{ probabilities | join(', ') }}) as second_probability,
            {%- else %}
            {%- set others = [] %}
            {%- for one in probabilities %}{% for other in probabilities if other > one %}{% do others.append('least(' ~ one ~ ', ' ~ other ~ ')') %}{% endfor %}{% endfor %}
            greatest({{ others | join(', ') }}) as second_probability,
            {%- endif %}
            case when probability_1 is not null then -({{ terms | join(' + ') }}) / ln({{ labels | length }}e0) end as entropy,
            {{ 'probability_' ~ (labels.index(task.positive) + 1) if task.positive in labels else missing }} as positive_probability
            {%- else %}
            cast(null as varchar) as predicted_label,
            {{ missing }} as confidence,
            {{ missing }} as second_probability,
            {{ missing }} as entropy,
            {{ missing }} as positive_probability
            {%- endif %}
        from rows_{{ loop.index }} as scored_rows
    ) as predicted_rows
    {{ 'union all' if not loop.last }}
{%- else %}
    {%- set columns = {'monitor': 'varchar', 'row_key': 'varchar', 'period_start': 'date', 'random_number': 'double precision'} %}
    {%- for number in range(1, 9) %}{% do columns.update({'value_' ~ number: 'varchar'}) %}{% endfor %}
    {%- do columns.update({'own_label': 'varchar', 'cell_code': 'bigint', 'predicted_label': 'varchar', 'confidence': 'double precision', 'margin': 'double precision', 'entropy': 'double precision',
        'positive_probability': 'double precision', 'learner_version': 'varchar'}) %}
    {{- data_health.no_rows(columns) }}
{%- endfor %}

)

select
    judged_rows.monitor,
    judged_rows.row_key,
    judged_rows.period_start,
    judged_rows.random_number,
    {%- for number in range(1, 9) %}
    judged_rows.value_{{ number }},
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
