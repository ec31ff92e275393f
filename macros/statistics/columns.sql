{#
    The columns of a monitored relation, as the configuration and the table say it, and as the statistics need them; `label`
    is that of a table of its own. The kind of a text column (categorical or text) is decided by its first data and stands in column_grids.
    `value` is the SQL of what is counted: a double, or a text. The type is the one that the warehouse names; adapters give texts a length
    that the table does not have. `list_length` is how many numbers a list of numbers holds, 0 where every row may hold another number of
    them; none for any other type. A number of a type that `has_more_digits` may have more of them than a double holds. `left_out` tells
    why a column has no statistics.
#}
{% macro monitored_columns(monitor, relation_columns, label=none) -%}
    {#- of a column with several roles the one that says most about it -#}
    {%- set roles = {} -%}
    {%- for role, names in [
        ('segment', monitor.segments), ('subgroup', monitor.subgroups | sum(start=[])), ('weight', [monitor.weight]),
        ('feature', monitor.features or []), ('loaded_at', [monitor.loaded_at]), ('time', [monitor.time]), ('key', monitor.key),
        ('version', [(monitor.prediction or {}).get('version')]), ('predicted_label', [(monitor.prediction or {}).get('label')]),
        ('score', [(monitor.prediction or {}).get('score')]),
        ('label', [monitor.label.column if monitor.label and not monitor.label.relation else none])
    ] -%}
        {%- for name in names if name -%}
            {%- if not (role in ['loaded_at', 'time'] and roles.get(name) == 'feature') -%}
                {%- do roles.update({name: role}) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for name in monitor.exclude -%}
        {%- if roles.get(name) in [none, 'feature'] -%}{%- do roles.update({name: 'excluded'}) -%}{%- endif -%}
    {%- endfor -%}
    {%- set time_column = data_health.find_column(relation_columns, monitor.time) if monitor.time else none -%}
    {%- set result = [] -%}
    {%- for column in relation_columns + ([label] if label else []) -%}
        {%- set from_labels = label is not none and loop.last -%}
        {%- set name = monitor.label.column if from_labels else column.name -%}
        {%- set role = 'label' if from_labels else roles.get(name) or ('feature' if monitor.features is none else 'not listed') -%}
        {%- set family = data_health.type_family(column.data_type) -%}
        {%- set data_type = column.dtype if family == 'string' else column.data_type -%}
        {%- set declared = (monitor.columns.get(name) or {}).get('kind') -%}
        {%- set kind = 'key' if role == 'key' else declared or {'string': none, 'other': none}.get(family, family) -%}
        {%- set identifier = 'monitored_rows.' ~ data_health.quoted('data_health_label' if from_labels else name) -%}
        {%- set exact = data_type | lower -%}
        {%- set is_list = exact | trim | last == ']' and data_health.type_family(exact.rsplit('[', 1)[0]) == 'numeric'
            and data_health.engine_sql('reads_batches') -%}
        {%- set list_length = (exact | trim).rsplit('[', 1)[1][:-1] | int(0) if is_list else none -%}
        {%- set described = {
            'name': name, 'data_type': data_type, 'role': role, 'family': family, 'declared_kind': declared, 'kind': kind,
            'from_labels': from_labels, 'is_derived': false, 'identifier': identifier, 'list_length': list_length,
            'value': identifier if kind == 'key' and exact != 'uuid'
                else data_health.engine_sql('epoch_seconds', identifier) if kind == 'timestamp'
                else 'cast(' ~ identifier ~ (' as double precision)' if kind == 'numeric' else ' as varchar)'),
            'is_exact_number': family == 'numeric'
                and not data_health.engine_sql('types_with_nan').split(' ') | select('in', exact) | list,
            'has_more_digits': family == 'numeric' and not ['float', 'double', 'real'] | select('in', exact) | list,
            'left_out': 'excluded by the configuration' if role == 'excluded'
                else 'not listed under features' if role == 'not listed'
                else 'an event time has no statistics; see health_volume' if role == 'time'
                else 'a load time has no statistics; see health_volume' if role == 'loaded_at'
                else 'a list of numbers is used only for principal components' if role == 'feature' and list_length is not none
                else 'type ' ~ data_type ~ ' has no statistics' if family == 'other'
                else none
        } -%}
        {%- do result.append(described) -%}
        {%- set distance_name = name ~ ' (days from event)' -%}
        {%- set is_time = kind == 'timestamp' and not described.left_out and not from_labels -%}
        {%- if is_time and time_column and not data_health.find_column(relation_columns, distance_name) -%}
            {#- a time says more as its distance from the event: the distance stays where it is while both move on -#}
            {%- set event = data_health.engine_sql('epoch_seconds', 'monitored_rows.' ~ data_health.quoted(time_column.name)) -%}
            {%- do result.append(dict(
                described, name=distance_name, is_derived=true, kind='numeric', family='numeric', is_exact_number=false,
                has_more_digits=false, value='((' ~ described.value ~ ' - ' ~ event ~ ') / 86400e0)')) -%}
        {%- endif -%}
        {%- if label and not from_labels and name == monitor.label.column -%}
            {%- do described.update({'left_out': 'the label is read from label.relation'}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(result) }}
{%- endmacro %}
