{#
    What is read for labeling: per monitor with a table of annotations, SQL over monitored_rows. The number of a row is drawn evenly from
    0 to 1 by its key, the same at every run: whoever takes the smallest takes a random sample. A feature is a number or a text.
#}
{% macro labeling_tasks(datasets) -%}
    {%- set tasks = [] -%}
    {%- for dataset in datasets if dataset.name == 'production' and dataset.monitor.parts.labeling and dataset.monitor.labeling.annotations
        and dataset.monitor.key -%}
        {%- set monitor, features, values = dataset.monitor, [], [] -%}
        {%- set parts_of_key = [] -%}
        {%- for name in monitor.key -%}
            {%- do parts_of_key.append(data_health.engine_sql('key_part', 'monitored_rows.' ~ data_health.quoted(name))) -%}
        {%- endfor -%}
        {%- set row_key = parts_of_key | join(" || '|' || ") -%}
        {%- set plain_columns = dataset.columns | rejectattr('is_derived') | list -%}
        {%- set label = (plain_columns | selectattr('from_labels') | list + [none])[0] -%}
        {%- if not label and monitor.label and not monitor.label.relation -%}
            {%- set label = data_health.find_column(plain_columns, monitor.label.column) -%}
        {%- endif -%}
        {%- for column in dataset.columns if column.role == 'feature' and not column.left_out -%}
            {%- if column.kind in ['timestamp', 'text', 'key'] or column.family == 'list' -%}
                {#- nothing to learn from -#}
            {%- elif column.family == 'numeric' and column.kind == 'numeric' -%}
                {%- set value = data_health.engine_sql('finite_or_null', column.value) -%}
                {%- do features.append({'name': column.name, 'is_number': true, 'value': value}) -%}
            {%- elif not column.is_derived -%}
                {%- do features.append({'name': column.name, 'is_number': false, 'value': 'cast(' ~ column.identifier ~ ' as varchar)'}) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- set names = (monitor.subgroups | sum(start=[]) | unique(case_sensitive=true) | list)[:8] -%}
        {%- for name in names -%}
            {%- set column = data_health.find_column(plain_columns, name) -%}
            {%- do values.append('cast(' ~ (column.identifier if column else 'null') ~ ' as varchar)') -%}
        {%- endfor -%}
        {%- for number in range(values | length, 8) -%}{%- do values.append('cast(null as varchar)') -%}{%- endfor -%}
        {%- set prediction = monitor.prediction or {} -%}
        {%- set has_own_learner = monitor.labeling.learner in ['logistic_regression', 'boosting'] -%}
        {%- set score = data_health.find_column(plain_columns, prediction.score) if prediction.score and not has_own_learner else none -%}
        {%- set positive = monitor.label.positive if monitor.label else none -%}
        {%- set hash = data_health.row_hash([row_key, data_health.text_literal(monitor.name)], 'row_hash_number') -%}
        {%- do tasks.append({
            'monitor': monitor, 'dataset': dataset, 'row_key': row_key, 'features': features, 'values': values,
            'label': 'cast(' ~ (label.identifier if label else 'null') ~ ' as varchar)',
            'learner': 'score' if score else 'boosting' if monitor.labeling.learner == 'boosting' else 'logistic_regression',
            'score': 'cast(' ~ score.identifier ~ ' as double precision)' if score else none,
            'positive': none if positive is none else positive | string | lower if positive is boolean else positive | string,
            'random_number': 'cast(abs(' ~ hash ~ ' % 4503599627370496) as double precision) / 4503599627370496e0',
            'rows': data_health.scanned_rows(dataset, none, with_labels=monitor.label is not none and monitor.label.relation is not none)
        }) -%}
    {%- endfor -%}
    {{ return(tasks) }}
{%- endmacro %}
