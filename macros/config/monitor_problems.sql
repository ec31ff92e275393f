{# What can be said about one monitor without asking the warehouse. #}
{% macro monitor_problems(schema, defaults, name, monitor) %}
    {% set usable = data_health.expected({'type': 'name'}, name) %}
    {% if usable %}
        {{ return([data_health.problem('', 'monitors', name, usable)]) }}
    {% elif monitor is not none and monitor is not mapping %}
        {{ return([data_health.problem('', 'monitors.' ~ name, monitor, 'a mapping such as {relation: {ref: model}}')]) }}
    {% endif %}
    {% set merged, resolved = data_health.resolved_monitor(schema, defaults, name, monitor, data_health.parts_on()) %}
    {% set problems = data_health.schema_problems({'keys': schema}, name, '', data_health.with_current_names(monitor)) %}
    {% if merged.get('relation') is none %}
        {% do problems.append(data_health.problem(name, 'relation', none, data_health.expected(schema['relation'], none))) %}
    {% endif %}
    {% set references = merged.get('references') %}
    {% for reference, item in (references if references is mapping else {}).items() if item is mapping or item is none %}
        {% set place, unusable, given = 'references.' ~ reference, data_health.expected({'type': 'name'}, reference), [] %}
        {% for key in ['from', 'to', 'relation', 'last'] if (item or {}).get(key) is not none %}{% do given.append(key) %}{% endfor %}
        {% if unusable %}
            {% do problems.append(data_health.problem(name, 'references', reference, unusable)) %}
        {% elif reference == 'production' %}
            {% set allowed = 'any other name; production is the name of the rows of the monitored table' %}
            {% do problems.append(data_health.problem(name, place, reference, allowed)) %}
        {% elif given not in [['from', 'to'], ['relation'], ['last']] %}
            {% set shown = given | join(', ') if given else none %}
            {% do problems.append(data_health.problem(name, place, shown, 'exactly one of: relation, last, from together with to')) %}
        {% elif given != ['relation'] and merged.get('time') is none %}
            {% set allowed = 'relation; without the key time, a monitor cannot have from, to and last' %}
            {% do problems.append(data_health.problem(name, place, given | join(', '), allowed)) %}
        {% endif %}
    {% endfor %}
    {% for reference in resolved['references'] if reference['kind'] == 'window' and reference['from'] >= reference['to'] %}
        {% set place, allowed = 'references.' ~ reference['name'] ~ '.to', 'a time later than from (' ~ reference['from'] ~ ')' %}
        {% do problems.append(data_health.problem(name, place, reference['to'], allowed)) %}
    {% endfor %}
    {% do problems.extend(data_health.role_problems(name, merged, resolved)) %}
    {{ return(problems) }}
{% endmacro %}


{# Columns asked to be two things at once, and outcomes that are told by halves. #}
{% macro role_problems(owner, merged, monitor) %}
    {% set wrong, problems = [], [] %}
    {% for column in monitor['features'] or [] if column in monitor['exclude'] %}
        {% do wrong.append(['features', column, 'columns that are not under exclude; remove it from one of the keys']) %}
    {% endfor %}
    {% for group in monitor['subgroups'] %}
        {% for column in group if column in monitor['key'] %}
            {% do wrong.append(['subgroups', column, 'columns that are not part of key']) %}
        {% endfor %}
    {% endfor %}
    {% set attributes = monitor['subgroups'] | sum(start=[]) | unique(case_sensitive=true) | list %}
    {% if attributes | length > 8 %}
        {% do wrong.append(['subgroups', attributes | join(', '), 'at most 8 columns in all, as their combinations are counted']) %}
    {% endif %}
    {% if (monitor['combinations']['features'] or []) | length > 8 %}
        {% do wrong.append(
            ['combinations.features', monitor['combinations']['features'] | join(', '),
            'at most 8 columns, as their combinations are counted']
        ) %}
    {% endif %}
    {% for column in monitor['combinations']['features'] or [] if column in monitor['exclude'] %}
        {% do wrong.append(['combinations.features', column, 'columns that are not under exclude; remove it from one of the keys']) %}
    {% endfor %}
    {% for column in monitor['segments'] if column in monitor['key'] %}
        {% do wrong.append(['segments', column, 'columns that are not part of key']) %}
    {% endfor %}
    {% set grains = {'weekday': ['day'], 'month': ['month', 'quarter']} %}
    {% if monitor['grain'] not in grains.get(monitor['volume']['seasonality'], [monitor['grain']]) %}
        {% do wrong.append(
            ['volume.seasonality', monitor['volume']['seasonality'], 'weekday if grain is day, month if grain is month or quarter, none']
        ) %}
    {% endif %}
    {% set label, prediction = merged.get('label'), merged.get('prediction') %}
    {% if label is mapping and label.get('column') is none %}
        {% do wrong.append(['label.column', none, 'the name of the column that holds the label']) %}
    {% elif label is mapping and label.get('relation') is not none and (label.get('key') is none or not monitor['key']) %}
        {% set place = 'label.key' if label.get('key') is none else 'key' %}
        {% do wrong.append([place, none, 'the columns that identify a row; they join the table with label.relation']) %}
    {% elif monitor['label'] and monitor['label']['relation'] and monitor['label']['key'] | length != monitor['key'] | length %}
        {% do wrong.append(['label.key', label['key'], 'as many columns as key has (' ~ monitor['key'] | length ~ '), in its order']) %}
    {% endif %}
    {% if monitor['components']['weighted'] and not monitor['weight'] %}
        {% do wrong.append(['weight', none, 'the column with the weights of the rows, because components.weighted is true']) %}
    {% endif %}
    {% if monitor['labeling']['annotations'] and not monitor['key'] %}
        {% do wrong.append(['key', none, 'the columns that identify a row; they join the table with labeling.annotations']) %}
    {% endif %}
    {% if merged.get('versions') is mapping and not monitor['versions']['registry'] %}
        {% do wrong.append(['versions.registry', none, 'the table with the features of every version']) %}
    {% endif %}
    {% set served, allowed = monitor['versions']['served'], 'as many columns as key has (' ~ monitor['key'] | length ~ '), in its order' %}
    {% if served and not monitor['key'] %}
        {% do wrong.append(['key', none, 'the columns that identify a row; they join the table with versions.served.relation']) %}
    {% elif served and served['key'] and served['key'] | length != monitor['key'] | length %}
        {% do wrong.append(['versions.served.key', served['key'], allowed]) %}
    {% elif merged.get('versions') is mapping and merged['versions'].get('served') is mapping and not served %}
        {% do wrong.append(['versions.served.relation', none, 'the table with the features as the model got them']) %}
    {% endif %}
    {% if prediction is mapping and prediction.get('score') is none and prediction.get('label') is none %}
        {% do wrong.append(['prediction', prediction, 'at least one of score and label']) %}
    {% endif %}
    {% if monitor['prediction'] and monitor['prediction']['threshold'] and not monitor['prediction']['score'] %}
        {% do wrong.append(['prediction.score', none, 'the column with the score that prediction.threshold divides']) %}
    {% endif %}
    {% set declared = [] %}
    {% for names in monitor['subgroups'] %}{% do declared.append(names | join(', ') | replace(' ', '') | lower) %}{% endfor %}
    {% for name in monitor['fairness'] if name | replace(' ', '') | lower not in declared %}
        {% do wrong.append(['fairness', name, 'one of subgroups, written as in sex or as in sex, age_band']) %}
    {% endfor %}
    {% for key, found, allowed in wrong %}{% do problems.append(data_health.problem(owner, key, found, allowed)) %}{% endfor %}
    {{ return(problems) }}
{% endmacro %}
