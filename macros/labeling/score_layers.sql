{#
    What makes probabilities of the rows of a task of labeling: columns over those of the layer before, so that what is long is computed
    once. A watched score, a fitted regression, boosted trees, or nothing. The last layer has probability_1, probability_2 and so on, in
    the order of the labels.
#}
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
