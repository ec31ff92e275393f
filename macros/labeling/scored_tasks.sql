{#
    The tasks of labeling, each with what makes probabilities of its rows: `cell` is the number of the cell of features, `labels` what may
    be said, `inputs` columns to read, `layers` columns over those of the layer before, so that what is long is computed once. A watched
    score, a fitted regression, boosted trees, or nothing.
#}
{% macro scored_tasks(datasets) -%}
    {%- set tasks, cells = data_health.labeling_tasks(datasets), {} -%}
    {%- if data_health.part_is_on('combinations') -%}
        {%- for task in data_health.feature_tasks(datasets | selectattr('name', 'equalto', 'production') | list) -%}
            {%- do cells.update({task.monitor.name: task.cell}) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- for task in tasks -%}
        {%- set fitted = data_health.engine_sql('runs_python') and not task.score -%}
        {%- set learner = data_health.stored_learner(ref('data_health', 'learner_fits'), task) if fitted else none -%}
        {%- set inputs = {} -%}
        {%- for feature in task.features if learner -%}{%- do inputs.update({'feature_' ~ loop.index: feature.value}) -%}{%- endfor -%}
        {%- if task.score -%}
            {%- do inputs.update({'score': 'case when ' ~ task.score ~ ' between 0e0 and 1e0 then ' ~ task.score ~ ' end'}) -%}
        {%- endif -%}
        {%- do task.update({
            'cell': cells[task.monitor.name] or 'cast(null as bigint)', 'inputs': inputs,
            'learner_version': learner.version if learner else 'score' if task.score else none,
            'labels': data_health.labels_of_score(task) if task.score else learner.labels if learner else []
        }) -%}
        {%- do task.update({'layers': data_health.score_layers(task, learner) + [data_health.judgement_layer(task)]}) -%}
    {%- endfor -%}
    {{ return(tasks) }}
{%- endmacro %}


{# What a score is the probability of, after the one other label that there is. #}
{% macro labels_of_score(task) -%}
    {%- set known -%}
        select distinct label
        from {{ ref('label_consensus') }}
        where monitor = {{ data_health.text_literal(task.monitor.name) }}
            and label is not null
    {%- endset -%}
    {%- set named = task.monitor.labeling.labels or run_query(known).columns[0].values() -%}
    {%- set others = named | map('string') | reject('equalto', task.positive) | list -%}
    {{ return([others[0] if others | length == 1 else '(other)', task.positive or '(positive)']) }}
{%- endmacro %}


{# The layers that end in probability_1, probability_2 and so on, in the order of the labels. #}
{% macro score_layers(task, learner) -%}
    {%- if task.score -%}
        {%- set both = {'probability_1': '1e0 - score', 'probability_2': 'score'} -%}
        {{ return([{'name': 'scored_rows', 'says': 'a score is of two labels', 'columns': both}]) }}
    {%- elif not learner -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set numbers = range(1, task.labels | length + 1) | list -%}
    {%- set logits, odds, probabilities = {}, {}, {} -%}
    {%- for number in numbers -%}
        {%- do logits.update({'logit_' ~ number: learner.logits[loop.index0]}) -%}
        {%- do odds.update({'odds_' ~ number: 'exp(logit_' ~ number ~ ' - greatest(logit_' ~ numbers | join(', logit_') ~ '))'}) -%}
        {%- do probabilities.update({'probability_' ~ number: 'tree_scores.probabilities[' ~ number ~ ']' if learner.is_stored
            else 'odds_' ~ number ~ ' / (odds_' ~ numbers | join(' + odds_') ~ ')'}) -%}
    {%- endfor -%}
    {%- if learner.is_stored -%}
        {{ return([
            {'name': 'hashed_rows', 'says': 'what trees have scored it by', 'columns': learner.terms},
            {'name': 'scored_rows', 'says': 'probabilities of the trees', 'columns': probabilities, 'joins_trees': true}
        ]) }}
    {%- endif -%}
    {{ return([
        {'name': 'standardised_rows', 'says': 'numbers as they were learnt from', 'columns': learner.terms},
        {'name': 'summed_rows', 'says': 'the log odds of every label against the first', 'columns': logits},
        {'name': 'weighed_rows', 'says': 'odds against the likeliest', 'columns': odds},
        {'name': 'scored_rows', 'says': 'probabilities of the regression', 'columns': probabilities}
    ]) }}
{%- endmacro %}


{# What is said of a row by the probabilities of its labels: the likeliest, how far from the next, how uncertain. #}
{% macro judgement_layer(task) -%}
    {%- set missing, labels = 'cast(null as double precision)', task.labels -%}
    {%- set columns = {
        'predicted_label': 'cast(null as varchar)', 'confidence': missing, 'second_probability': missing, 'entropy': missing,
        'positive_probability': missing
    } -%}
    {%- if labels -%}
        {%- set probabilities, branches, terms, pairs = [], [], [], [] -%}
        {%- for label in labels -%}{%- do probabilities.append('probability_' ~ loop.index) -%}{%- endfor -%}
        {%- set top = 'greatest(' ~ probabilities | join(', ') ~ ')' -%}
        {%- for name in probabilities -%}
            {%- do branches.append('when ' ~ name ~ ' = ' ~ top ~ ' then ' ~ data_health.text_literal(labels[loop.index0])) -%}
            {%- do terms.append('case when ' ~ name ~ ' > 0e0 then ' ~ name ~ ' * ln(' ~ name ~ ') else 0e0 end') -%}
        {%- endfor -%}
        {#- the second largest is the largest of the smaller ones of all pairs -#}
        {%- for one in probabilities -%}
            {%- for other in probabilities[loop.index:] -%}{%- do pairs.append('least(' ~ one ~ ', ' ~ other ~ ')') -%}{%- endfor -%}
        {%- endfor -%}
        {%- do columns.update({
            'predicted_label': 'case ' ~ branches | join(' ') ~ ' end', 'confidence': top,
            'second_probability': pairs[0] if pairs | length == 1 else 'greatest(' ~ pairs | join(', ') ~ ')',
            'entropy': 'case when probability_1 is not null then -(' ~ terms | join(' + ') ~ ') / ln(' ~ labels | length ~ 'e0) end'
        }) -%}
        {%- if task.positive in labels -%}
            {%- do columns.update({'positive_probability': 'probability_' ~ (labels.index(task.positive) + 1)}) -%}
        {%- endif -%}
    {%- endif -%}
    {{ return({'name': 'predicted_rows', 'says': 'the likeliest label, and how certain it is', 'columns': columns}) }}
{%- endmacro %}


{# Columns after others in a select, of SQL by name. #}
{% macro more_columns(columns) -%}
    {%- for name, sql in columns.items() -%},
        {{ sql }} as {{ name }}
    {%- endfor -%}
{%- endmacro %}
