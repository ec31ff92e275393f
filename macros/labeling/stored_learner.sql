{#
    What learner_fits says of a monitor, as {'version', 'labels', 'terms', 'logits'}: terms are SQL of standardised numbers by column name
    of their own, logits SQL of the log odds of every label against the first, over these names and the features of the task. Trees have
    no logits: learner_scores has their probabilities, and their term is the hash by which it is joined. None where nothing was learnt.
#}
{% macro stored_learner(fits, task) -%}
    {%- if task.learner == 'boosting' -%}
        {%- set query %}
        select distinct learner_version, class_number, label
        from {{ fits }}
        where monitor = {{ data_health.text_literal(task.monitor.name) }}
            and failure is null
        order by class_number
        {%- endset -%}
        {%- set rows, features = run_query(query).rows, [] -%}
        {%- for feature in task.features -%}{%- do features.append('feature_' ~ loop.index) -%}{%- endfor -%}
        {{ return({
            'version': rows[0]['learner_version'], 'labels': rows | map(attribute='label') | list, 'is_stored': true, 'logits': [],
            'terms': {'feature_hash': data_health.row_hash(features)}
        } if rows else none) }}
    {%- endif -%}
    {%- set query %}
        select
            learner_version, class_number, label, term_number, feature_number, term, level,
            cast(centre as varchar) as centre, cast(scale as varchar) as scale, cast(coefficient as varchar) as coefficient
        from {{ fits }}
        where monitor = {{ data_health.text_literal(task.monitor.name) }}
            and row_key is null
            and failure is null
        order by class_number, term_number
    {%- endset -%}
    {%- set rows = run_query(query).rows -%}
    {%- if not rows -%}{{ return(none) }}{%- endif -%}
    {%- set learner = {'version': rows[0]['learner_version'], 'labels': [], 'terms': {}, 'logits': []} -%}
    {%- set first = {} -%}
    {%- set sums, levels = [], {} -%}
    {%- for row in rows -%}
        {%- set number, feature = row['term_number'] | int, 'feature_' ~ (row['feature_number'] or 0) | int -%}
        {%- if number == 0 -%}
            {%- do learner.labels.append(row['label']) -%}
            {%- do sums.append([]) -%}
            {%- do levels.update({sums | length: {}}) -%}
        {%- endif -%}
        {%- set coefficient = data_health.double_literal(row['coefficient']) -%}
        {%- if row['class_number'] == 1 -%}
            {%- do first.update({number: coefficient}) -%}
        {%- else -%}
            {%- set weight = '(' ~ coefficient ~ ' - ' ~ first[number] ~ ')' -%}
            {%- if row['term'] == 'intercept' -%}
                {%- do sums[-1].append(weight) -%}
            {%- elif row['term'] == 'number' -%}
                {%- set centre, scale = data_health.double_literal(row['centre']), data_health.double_literal(row['scale']) -%}
                {%- set deviations = 'least(greatest((' ~ feature ~ ' - ' ~ centre ~ ') / ' ~ scale ~ ', -8e0), 8e0)' -%}
                {%- do learner.terms.update({'z_' ~ number: 'case when ' ~ feature ~ ' is null then 0e0 else ' ~ deviations ~ ' end'}) -%}
                {%- do sums[-1].append(weight ~ ' * z_' ~ number) -%}
            {%- else -%}
                {%- set condition = feature ~ (' is null' if row['level'] is none else ' = ' ~ data_health.text_literal(row['level'])) -%}
                {%- do levels[sums | length].setdefault(feature, []).append('when ' ~ condition ~ ' then ' ~ weight) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for parts in sums -%}
        {%- for branches in levels[loop.index].values() -%}
            {%- do parts.append('case ' ~ branches | join(' ') ~ ' else 0e0 end') -%}
        {%- endfor -%}
        {%- do learner.logits.append(parts | join('\n                + ') or '0e0') -%}
    {%- endfor -%}
    {{ return(learner) }}
{%- endmacro %}
