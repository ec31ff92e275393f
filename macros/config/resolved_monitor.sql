{#
    One monitor, as [what is written, over the shared defaults; the same in the shape that models rely on]: lists are lists, relations have
    one form, nothing is missing. Mappings that the schema says to merge are merged key by key.
#}
{% macro resolved_monitor(schema, defaults, name, written, parts_on) %}
    {% set merged = data_health.with_current_names(defaults) %}
    {% for key, value in data_health.with_current_names(written).items() %}
        {% set shared = merged.get(key) %}
        {% if value is mapping and shared is mapping and schema.get(key | string, {}).get('merge') %}
            {% set both = dict(shared) %}
            {% do both.update(value) %}
            {% do merged.update({key: both}) %}
        {% else %}
            {% do merged.update({key: value}) %}
        {% endif %}
    {% endfor %}
    {% set monitor = data_health.resolved_mapping({'keys': schema}, merged) %}
    {% set label, prediction, served = monitor['label'], monitor['prediction'], monitor['versions']['served'] %}
    {#- a condition may end in a comment, and stands in brackets -#}
    {% if '--' in (monitor['where'] or '') %}{% do monitor.update({'where': monitor['where'] ~ '\n'}) %}{% endif %}
    {% for place, name in [(monitor['labeling'], 'annotations'), (monitor['versions'], 'registry'), (monitor['versions'], 'serving'),
        (label, 'relation'), (served, 'relation'), (served, 'recomputed')] %}
        {% do place.update({name: data_health.normalised_relation(place[name])}) %}
    {% endfor %}
    {% do monitor['versions'].update({'served': served if served['relation'] else none}) %}
    {% for place, key in [
        (monitor, 'key'), (label, 'key'), (served, 'key'), (monitor, 'features'), (monitor, 'exclude'), (monitor, 'segments'),
        (monitor, 'show_values'), (monitor['components'], 'one_hot'), (monitor['combinations'], 'features')
    ] if place[key] is string %}
        {% do place.update({key: [place[key]]}) %}
    {% endfor %}
    {% for name, periods in {
        'short': {'day': 7, 'week': 4, 'month': 3, 'quarter': 4}, 'long': {'day': 28, 'week': 13, 'month': 12, 'quarter': 8}
    }.items() if monitor['windows'][name] is none %}
        {% do monitor['windows'].update({name: periods[monitor['grain']]}) %}
    {% endfor %}
    {% set references, subgroups = [], [] %}
    {% for group in ([monitor['subgroups']] if monitor['subgroups'] is string else monitor['subgroups']) %}
        {% do subgroups.append([group] if group is string else group) %}
    {% endfor %}
    {% for name, item in monitor['references'].items() %}
        {% set reference = {
            'name': name,
            'kind': none,
            'from': data_health.normalised_date(item['from']),
            'to': data_health.normalised_date(item['to']),
            'relation': data_health.normalised_relation(item['relation']),
            'days': item['last'].split(' ')[0] | int if item['last'] else none
        } %}
        {% set kind = 'relation' if reference['relation'] else 'rolling' if reference['days']
            else 'window' if reference['from'] and reference['to'] else none %}
        {% if kind %}{% do references.append(dict(reference, kind=kind)) %}{% endif %}
    {% endfor %}
    {#- a monitor has rows in the parts that are on, that it does not switch off, and of which it has all that they need -#}
    {% set parts, had = {}, [] %}
    {% for part, description in data_health.parts().items() %}
        {% set is_had = part in parts_on and monitor['parts'].get(part) is not false
            and description.needs | reject('in', had) | list == [] %}
        {% if is_had %}{% do had.append(part) %}{% endif %}
        {% do parts.update({part: is_had}) %}
    {% endfor %}
    {% do monitor.update({
        'name': name,
        'parts': parts,
        'relation': data_health.normalised_relation(monitor['relation']),
        'population': data_health.normalised_relation(monitor['population']),
        'population_names': data_health.normalised_relation(monitor['population_names']),
        'references': references,
        'subgroups': subgroups,
        'label': label if label['column'] else none,
        'prediction': prediction if prediction['score'] or prediction['label'] else none
    }) %}
    {% do monitor.update({'show_values': monitor['subgroups'] | sum(start=[]) | unique(case_sensitive=true) | list})
        if monitor['show_values'] is none %}
    {{ return([merged, monitor]) }}
{% endmacro %}


{# `entry` describes a mapping; a value that is not what it describes gives way to the default. #}
{% macro resolved_mapping(entry, value) %}
    {% set resolved = {} %}
    {% set given = value if value is mapping else {} %}
    {% for key, child in entry['keys'].items() %}
        {% if key == '*' %}
            {% for name, item in given.items() %}
                {% do resolved.update({name | string: data_health.resolved_mapping(child, item)}) %}
            {% endfor %}
        {% elif child['type'] == 'mapping' %}
            {% do resolved.update({key: data_health.resolved_mapping(child, given.get(key))}) %}
        {% else %}
            {% set item = given.get(key) %}
            {% set understood = item is not none and data_health.expected(child, item) is none %}
            {% do resolved.update({key: item if understood else child.get('default')}) %}
        {% endif %}
    {% endfor %}
    {{ return(resolved) }}
{% endmacro %}
