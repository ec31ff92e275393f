{#
    What the cells of subgroups are counted from, per dataset that is scanned: SQL over monitored_rows. A task goes through pending_scans()
    as one column without a grid. An attribute that a dataset lacks is null in all its rows; what is not known at all is a null for the
    sums too. `for_labeling`: monitors as well that have no representation, whose labels are to be shared out among subgroups.
    `for_performance`: monitors with predictions, with subgroups or not.
#}
{% macro subgroup_tasks(datasets, for_labeling=false, for_performance=false) -%}
    {%- set tasks, monitored, unknown = [], [], 'cast(null as integer)' -%}
    {%- for dataset in datasets -%}
        {%- set parts, has_groups = dataset.monitor.parts, dataset.monitor.subgroups != [] -%}
        {%- set is_asked = parts.performance and dataset.monitor.prediction if for_performance
            else has_groups and (parts.representation or (for_labeling and parts.labeling)) -%}
        {%- if is_asked -%}{%- do monitored.append(dataset) -%}{%- endif -%}
    {%- endfor -%}
    {%- for dataset in monitored -%}
        {%- set monitor, features, missing, sql, prediction = dataset.monitor, [], [], {}, dataset.monitor.prediction or {} -%}
        {%- set positive = (monitor.label or {}).get('positive') -%}
        {%- set own_columns = dataset.columns | rejectattr('is_derived') | list -%}
        {%- set plain_columns = own_columns | rejectattr('from_labels') | list -%}
        {%- set label = (own_columns | selectattr('from_labels') | list + [none])[0] -%}
        {#- a reference that is another table has its labels in a column of the same name, if it has any -#}
        {%- if not label and monitor.label and (dataset.is_other_table or not monitor.label.relation) -%}
            {%- set label = data_health.find_column(plain_columns, monitor.label.column) -%}
        {%- endif -%}
        {%- set prediction_column = data_health.find_column(plain_columns, prediction.label) if prediction.label else none -%}
        {%- for name, column in [('label', label), ('prediction', prediction_column)] -%}
            {%- set family, text = column.family or '', 'cast(' ~ column.identifier ~ ' as varchar)' -%}
            {%- set condition = none if not column or (positive is none and family != 'boolean')
                else text ~ (" = 'false'" if positive in [false, 'false'] else " = 'true'") if family == 'boolean'
                else text ~ ' = ' ~ data_health.text_literal(positive) if family != 'numeric'
                else 'cast(' ~ column.identifier ~ ' as double precision) = '
                    ~ data_health.double_literal((positive | float(1)) if positive is string else positive | float) -%}
            {%- set is_present = column.identifier ~ ' is not null' -%}
            {%- do sql.update({
                name: 'case when ' ~ is_present ~ ' then 1 end' if column else unknown,
                name ~ '_is_positive': unknown if not condition
                    else 'case when ' ~ is_present ~ ' then case when ' ~ condition ~ ' then 1 else 0 end end'
            }) -%}
        {%- endfor -%}
        {%- for column in plain_columns
            if column.role == 'feature' and not column.left_out and not (label and column.name == label.name) -%}
            {%- do features.append(column.name) -%}
            {%- do missing.append('case when ' ~ column.identifier ~ ' is null then 1 else 0 end') -%}
        {%- endfor -%}
        {%- set values, names = [], monitor.subgroups | sum(start=[]) | unique(case_sensitive=true) | list -%}
        {%- for name in names[:8] -%}
            {%- set column = data_health.find_column(plain_columns, name) -%}
            {%- do values.append('cast(' ~ (column.identifier if column else 'null') ~ ' as varchar)') -%}
        {%- endfor -%}
        {%- for number in range(values | length, 8) -%}{%- do values.append('cast(null as varchar)') -%}{%- endfor -%}
        {%- set version = data_health.find_column(plain_columns, prediction.version) if prediction.version else none -%}
        {%- do sql.update({
            'values': values, 'version': 'cast(' ~ version.identifier ~ ' as varchar)' if version else 'cast(null as varchar)',
            'weight': dataset.weight,
            'missing': missing | join(' + ') or '0', 'feature_count': features | length, 'attributes_key': local_md5(names | string)[:12]
        }) -%}
        {#- raise the first when the arithmetic of cells changes -#}
        {%- set counted_with = local_md5(['1', sql] | string)[:12] -%}
        {%- do tasks.append({
            'id': tasks | length, 'name': '(subgroups)', 'family': '', 'role': 'label' if label else '', 'is_without_grid': true,
            'monitor': monitor, 'dataset': dataset, 'counted_with': counted_with, 'sql': sql, 'names': names[:8]
        }) -%}
    {%- endfor -%}
    {{ return(tasks) }}
{%- endmacro %}
