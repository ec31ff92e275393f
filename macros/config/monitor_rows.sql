{#-
  What health_monitors shows of one monitor, as rows (subject, name, value, role, data_type, is_watched, is_value_shown, reason).
  A column is described as the production table has it; one that only a reference has, as the reference has it.
-#}
{% macro monitor_rows(monitor, datasets) %}
  {% set rows = [data_health.monitor_row('monitor', monitor.name, data_health.relation_text(monitor.relation))] %}
  {% for name, value in monitor.items() if name not in ['name', 'relation', 'references', 'columns', 'parts'] %}
    {% if value is not none and value != [] and value != {} %}
      {% set text = value | string if value is string or value is number else data_health.setting_text(value) %}
      {% do rows.append(data_health.monitor_row('setting', name, text)) %}
    {% endif %}
  {% endfor %}
  {% if monitor.references %}
    {% do rows.append(data_health.monitor_row('setting', 'default_reference', monitor.references[0].name)) %}
  {% endif %}
  {% for reference in monitor.references %}
    {% do rows.append(data_health.monitor_row('reference', reference.name,
      'from ' ~ reference['from'] ~ ' to ' ~ reference.to if reference.kind == 'window'
      else 'last ' ~ reference.days ~ ' days' if reference.kind == 'rolling'
      else data_health.relation_text(reference.relation)
    )) %}
  {% endfor %}
  {% for name, part in data_health.parts().items() if not part.asked_by_set %}
    {% do rows.append(dict(
      data_health.monitor_row('part', name, 'on' if monitor.parts[name] else 'off'), reason=data_health.reason_of_part(monitor, name, part)
    )) %}
  {% endfor %}
  {% set columns = {} %}
  {% for dataset in datasets %}
    {% for column in dataset.columns %}
      {% set known = columns.get(column.name) %}
      {% if not known or (column.from_labels and not known.is_watched) %}
        {% set where_it_is = 'table of labels' if column.from_labels else dataset.name %}
        {% set is_shown = column.name in dataset.monitor.show_values %}
        {% do columns.update({column.name: data_health.monitor_row('column', column.name, where_it_is, column, is_shown)}) %}
      {% endif %}
    {% endfor %}
  {% endfor %}
  {{ return(rows + columns.values() | list) }}
{% endmacro %}


{#- Why a part has no rows of a monitor; none where it has. -#}
{% macro reason_of_part(monitor, name, part) %}
  {% if monitor.parts[name] %}{{ return(none) }}{% endif %}
  {% if data_health.part_is_on(name) %}{{ return('switched off for this monitor, or a part that it needs is') }}{% endif %}
  {% if part.needs_python and not data_health.engine_runs_python() %}
    {{ return('the warehouse runs no Python models; parts: {' ~ name ~ ': true} gives empty marts') }}
  {% endif %}
  {% set written = data_health.configured_block().get('parts') %}
  {% set switches = written if written is mapping else {} %}
  {% for needed in data_health.needs_of_part(name) if switches.get(needed) is false %}
    {{ return('needs ' ~ needed ~ ', which parts switches off') }}
  {% endfor %}
  {{ return('parts switches it off' if switches.get(name) is false else 'no monitor asks for it') }}
{% endmacro %}


{#- One row of health_monitors. -#}
{% macro monitor_row(subject, name, value, column=none, is_value_shown=false) %}
  {{ return({
    'subject': subject, 'name': name, 'value': value,
    'role': column.role if column else none, 'data_type': column.data_type if column else none,
    'is_watched': not column.left_out if column else none, 'is_value_shown': is_value_shown if column else none,
    'reason': column.left_out if column else none
  }) }}
{% endmacro %}


{#- A relation as a person would write it. -#}
{% macro relation_text(relation) %}
  {% if relation.get('source') %}{{ return('source ' ~ relation['source'] | join('.')) }}{% endif %}
  {{ return('ref ' ~ (relation['ref'] if relation['ref'] is string else relation['ref'] | join('.'))) }}
{% endmacro %}


{#- Lists and mappings as a person would write them: a, b and x: 1, y: 2. -#}
{% macro setting_text(value) %}
  {% set parts = [] %}
  {% if value is mapping %}
    {% for key, item in value.items() if item is not none and item != [] %}
      {% set is_list = item is sequence and item is not string and item is not mapping %}
      {% do parts.append(key ~ ': ' ~ (item | join(' and ') if is_list else data_health.setting_text(item))) %}
    {% endfor %}
  {% elif value is iterable and value is not string %}
    {% for item in value %}
      {% do parts.append(item if item is string else item | join(' × ') if item is iterable else item | string) %}
    {% endfor %}
  {% else %}
    {{ return(value | string | lower if value is boolean else value | string) }}
  {% endif %}
  {{ return(parts | join(', ')) }}
{% endmacro %}
