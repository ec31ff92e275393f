{#
    What only the warehouse can say about one monitor. `written` is the monitor without defaults: columns that all
    monitors share under exclude, columns and show_values need not be in each table. Nor does a source of answers exist
    before the first one. A unit test has no tables to ask.
#}
{% macro warehouse_problems(monitor, written) %}
    {% set problems = [] %}
    {% if model is defined and model['resource_type'] == 'unit_test' %}{{ return(problems) }}{% endif %}
    {% for item in data_health.relations_of_monitor(monitor) %}
        {% set relation = data_health.relation_of(item['relation']) %}
        {% set columns = data_health.columns_of(relation) %}
        {% if relation.is_cte %}
            {% set allowed = 'a table or a view; this model is ephemeral' %}
            {% do problems.append(data_health.problem(monitor['name'], item['key'], relation.identifier, allowed)) %}
        {% elif columns is none and not flags.EMPTY and not (item['key'] == 'labeling.answers' and item['relation'].get('source')) %}
            {% set allowed = 'a relation that exists; it does not exist in the warehouse, build or load it first' %}
            {% do problems.append(data_health.problem(monitor['name'], item['key'], relation | string, allowed)) %}
        {% elif columns is not none %}
            {% for use in data_health.column_uses(monitor, written, item['key']) %}
                {% for name in use['names'] if name is not none %}
                    {% set column = data_health.find_column(columns, name) %}
                    {% set family = data_health.type_family(column.data_type) if column is not none else none %}
                    {% if column is none and not use.get('optional') %}
                        {% do problems.append(data_health.problem(monitor['name'], use['key'], name, 'a column of ' ~ relation,
                            names=columns | map(attribute='name') | list)) %}
                    {% elif column is not none and use.get('family') and family != use['family'] %}
                        {% set words = {'timestamp': 'date or timestamp', 'string': 'text'}.get(use['family'], use['family']) %}
                        {% set allowed = 'a column of type ' ~ words %}
                        {% do problems.append(data_health.problem(monitor['name'], use['key'], name, allowed, 'type ' ~ column.dtype)) %}
                    {% elif use.get('positive') is boolean and family == 'string' %}
                        {% set allowed = "a text, as in the column; YAML reads yes and no as booleans unless they are quoted, "
                            ~ "as in 'yes'" %}
                        {% do problems.append(data_health.problem(monitor['name'], 'label.positive', use['positive'], allowed)) %}
                    {% elif use.get('positive') is string and family == 'numeric' and use['positive'] | float(none) is none %}
                        {% do problems.append(
                            data_health.problem(monitor['name'], 'label.positive', use['positive'], 'a number, as in the column')
                        ) %}
                    {% endif %}
                {% endfor %}
            {% endfor %}
        {% endif %}
    {% endfor %}
    {{ return(problems) }}
{% endmacro %}


{# Which columns the configuration expects in the relation under `key`, as [{key, names, family}]; no family: any type. #}
{% macro column_uses(monitor, written, key) %}
    {% set label, prediction = monitor['label'] or {}, monitor['prediction'] or {} %}
    {% set uses = [] %}
    {% if key == 'label.relation' or (key == 'relation' and not label.get('relation')) %}
        {% do uses.append({'key': 'label.column', 'names': [label.get('column')], 'positive': label.get('positive')}) %}
        {% do uses.append({'key': 'label.loaded_at', 'names': [label.get('loaded_at')], 'family': 'timestamp'}) %}
    {% endif %}
    {% if key == 'label.relation' %}
        {% do uses.append({'key': 'label.key', 'names': label['key']}) %}
    {% elif key == 'labeling.answers' %}
        {% do uses.append({'key': key, 'names': monitor['key'] + ['label', 'annotator']}) %}
        {% do uses.append({'key': key, 'names': ['labelled_at'], 'family': 'timestamp'}) %}
    {% elif key == 'acknowledgements' %}
        {% do uses.append(
            {'key': key, 'names': ['monitor', 'finding', 'column_name', 'first_period', 'acknowledged_until', 'acknowledged_by', 'note']}
        ) %}
    {% elif key == 'known_biases' %}
        {% do uses.append({'key': key, 'names': [
            'id', 'monitor', 'subgroup', 'value', 'metric', 'reference', 'owner', 'opened', 'expiry'
        ]}) %}
        {% do uses.append({'key': key, 'names': ['threshold'], 'family': 'numeric'}) %}
    {% elif key == 'population_names' %}
        {% do uses.append({'key': key, 'names': ['subgroup', 'value', 'population_value']}) %}
    {% elif key == 'population' %}
        {% do uses.append({'key': key, 'names': ['subgroup', 'value']}) %}
        {% do uses.append({'key': key, 'names': ['share'], 'family': 'numeric'}) %}
    {% elif key == 'relation' %}
        {% for name in ['time', 'loaded_at'] %}
            {% do uses.append({'key': name, 'names': [monitor[name]], 'family': 'timestamp'}) %}
        {% endfor %}
        {% for name in ['key', 'features', 'segments'] %}
            {% do uses.append({'key': name, 'names': monitor[name] or []}) %}
        {% endfor %}
        {% do uses.append({'key': 'components.one_hot', 'names': monitor['components']['one_hot']}) %}
        {% do uses.append(
            {'key': 'labeling.show',
            'names': [monitor['labeling']['show']] if monitor['labeling']['show'] is string else monitor['labeling']['show']}
        ) %}
        {% do uses.append({'key': 'combinations.features', 'names': monitor['combinations']['features'] or []}) %}
        {% for group in monitor['subgroups'] %}{% do uses.append({'key': 'subgroups', 'names': group}) %}{% endfor %}
        {% for name in ['exclude', 'show_values'] if written.get(name) is not none %}
            {% do uses.append({'key': name, 'names': monitor[name]}) %}
        {% endfor %}
        {% do uses.append({'key': 'weight', 'names': [monitor['weight']], 'family': 'numeric'}) %}
        {% do uses.append({'key': 'prediction.score', 'names': [prediction.get('score')], 'family': 'numeric'}) %}
        {% do uses.append({'key': 'prediction.label', 'names': [prediction.get('label')]}) %}
        {% do uses.append({'key': 'prediction.version', 'names': [prediction.get('version')]}) %}
        {% set families = {'numeric': 'numeric', 'boolean': 'boolean', 'timestamp': 'timestamp', 'text': 'string'} %}
        {% for column, override in monitor['columns'].items() %}
            {% set optional = column not in (written.get('columns') or {}) %}
            {% do uses.append({
                'key': 'columns.' ~ column, 'names': [column], 'family': families.get(override['kind']), 'optional': optional
            }) %}
        {% endfor %}
    {% endif %}
    {{ return(uses) }}
{% endmacro %}
