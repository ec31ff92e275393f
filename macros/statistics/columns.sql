{#
    The columns of a relation that a monitor watches, as the configuration and the table say it; the kind of a text column
    (categorical or text) is decided by its first data and stands in column_grids.
    `left_out` tells why a column has no statistics.
#}
{% macro monitored_columns(monitor, relation_columns) -%}
    {%- set roles = data_health.column_roles(monitor) -%}
    {%- set time_column = data_health.find_column(relation_columns, monitor.time) if monitor.time else none -%}
    {%- set result = [] -%}
    {%- for column in relation_columns -%}
        {%- set role = roles.get(column.name) or ('feature' if monitor.features is none else 'not listed') -%}
        {%- do result.append(data_health.monitored_column(monitor, column.name, data_health.shown_type(column), role, false)) -%}
        {%- if result[-1].kind == 'timestamp' and not result[-1].left_out and time_column -%}
            {%- set distance = data_health.distance_from_event(result[-1], time_column) -%}
            {%- if not data_health.find_column(relation_columns, distance.name) -%}{%- do result.append(distance) -%}{%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(result) }}
{%- endmacro %}


{# Column name -> role; a column with several roles shows the one that says most about it. #}
{% macro column_roles(monitor) -%}
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
    {{ return(roles) }}
{%- endmacro %}


{# One column as the statistics need it. `value` is the SQL of what is counted: a double, or a text. #}
{% macro monitored_column(monitor, name, data_type, role, from_labels) -%}
    {%- set family = data_health.type_family(data_type) -%}
    {%- set declared = (monitor.columns.get(name) or {}).get('kind') -%}
    {%- set kind = 'key' if role == 'key' else declared or {'string': none, 'other': none}.get(family, family) -%}
    {%- set identifier = 'monitored_rows.' ~ data_health.quoted('data_health_label' if from_labels else name) -%}
    {%- set exact = data_type | lower -%}
    {{ return({
        'name': name, 'data_type': data_type, 'role': role, 'family': family, 'declared_kind': declared, 'kind': kind,
        'from_labels': from_labels, 'is_derived': false, 'identifier': identifier,
        'value': identifier if kind == 'key' and exact != 'uuid'
            else data_health.engine_sql('epoch_seconds', identifier) if kind == 'timestamp'
            else 'cast(' ~ identifier ~ (' as double precision)' if kind == 'numeric' else ' as varchar)'),
        'is_exact_number': family == 'numeric' and not data_health.engine_sql('types_with_nan').split(' ') | select('in', exact) | list,
        'left_out': data_health.reason_left_out(role, family, data_type)
    }) }}
{%- endmacro %}


{# Why a column has no statistics; none for one that has. #}
{% macro reason_left_out(role, family, data_type) -%}
    {%- if role == 'excluded' -%}{{ return('excluded by the configuration') }}
    {%- elif role == 'not listed' -%}{{ return('not among the features') }}
    {%- elif role in ['time', 'loaded_at'] -%}{{ return('cuts the periods; see health_volume') }}
    {%- elif family == 'other' -%}{{ return('type ' ~ data_type ~ ' has no statistics') }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}


{# A time says more as its distance from the event, in days: the distance stays where it is while both move on. #}
{% macro distance_from_event(column, time_column) -%}
    {%- set event = 'monitored_rows.' ~ data_health.quoted(time_column.name) -%}
    {%- set distance = dict(column) -%}
    {%- do distance.update({
        'name': column.name ~ ' (days from event)', 'is_derived': true, 'kind': 'numeric', 'family': 'numeric', 'is_exact_number': false,
        'value': '((' ~ column.value ~ ' - ' ~ data_health.engine_sql('epoch_seconds', event) ~ ') / 86400e0)'
    }) -%}
    {{ return(distance) }}
{%- endmacro %}


{# The type as the warehouse names it; adapters give texts a length that the table does not have. #}
{% macro shown_type(column) -%}
    {{ return(column.dtype if data_health.type_family(column.data_type) == 'string' else column.data_type) }}
{%- endmacro %}
