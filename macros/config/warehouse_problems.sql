{#
    What only the warehouse can say about one monitor. `written` is the monitor without defaults: columns that all
    monitors share under exclude, columns and show_values need not be in each table. Nor does a source of answers exist
    before the first one. A unit test has no tables to ask. `known` takes the columns of tables that were asked; with it only the tables
    of rows and labels are. `gone` takes, by what is to be left out, what the package has counted before and does not find any more:
    `relation`, `references.<name>`, `population`, `population_names` or `labeling.annotations`. That is no problem of the configuration.
    It is told by health_monitors, monitored_columns and label_annotations, as they were built before.
#}
{% macro warehouse_problems(monitor, written, known=none, gone=none) %}
    {% set problems, found, tables = [], [], known if known is not none else {} %}
    {% if model is defined and model['resource_type'] == 'unit_test' %}{{ return(problems) }}{% endif %}
    {% for item in data_health.relations_of_monitor(monitor) if known is none or item['key'] in ['relation', 'label.relation'] %}
        {% set relation, names = data_health.relation_of(item['relation']), {} %}
        {% if relation | string not in tables %}{% do tables.update({relation | string: data_health.columns_of(relation)}) %}{% endif %}
        {% set columns, table = tables[relation | string], 'the table ' ~ relation.schema ~ '.' ~ relation.identifier %}
        {% for column in columns or [] %}
            {% do names.update({column.name: column}) %}{% do names.setdefault(column.name | lower, column) %}
        {% endfor %}
        {% if relation.is_cte %}
            {% set allowed = 'a table or a view; this model is ephemeral, so change its materialization' %}
            {% do problems.append(data_health.problem(monitor['name'], item['key'], relation.identifier, allowed)) %}
        {% elif columns is none and not flags.EMPTY %}
            {% set allowed = 'a relation that exists in the warehouse; build or load it first' %}
            {#- a source of annotations does not exist before the first one -#}
            {% set line = data_health.problem(monitor['name'], item['key'], relation | string, allowed)
                if item['key'] != 'labeling.annotations' or not item['relation'].get('source') %}
            {% do found.append([item, none, none, line, table ~ ' does not exist']) %}
        {% elif columns is not none %}
            {% for use in data_health.column_uses(monitor, written, item['key']) %}
                {% for name in use['names'] if name is not none %}
                    {% set column = names.get(name) or names.get(name | lower) %}
                    {% set family = data_health.type_family(column.data_type) if column else none %}
                    {% if not column and not use.get('optional') %}
                        {% set line = data_health.problem(monitor['name'], use['key'], name, 'a column of ' ~ relation,
                            names=columns | map(attribute='name') | list) %}
                        {% do found.append([item, name, none, line, table ~ ' has no column ' ~ name]) %}
                    {% elif column and use.get('family') and family != use['family'] %}
                        {% set words = {'timestamp': 'date or timestamp', 'string': 'text'}.get(use['family'], use['family']) %}
                        {% set line = data_health.problem(monitor['name'], use['key'], name, 'a column of type ' ~ words,
                            'type ' ~ column.dtype) %}
                        {% do found.append([item, name, family, line, name ~ ' of ' ~ table ~ ' is of type ' ~ column.dtype ~ ' now']) %}
                    {% elif use.get('positive') is boolean and family == 'string' %}
                        {% set allowed = "a text, because the column holds texts; write 'yes' or 'no' with quotes, "
                            ~ "or YAML reads a boolean" %}
                        {% do problems.append(data_health.problem(monitor['name'], 'label.positive', use['positive'], allowed)) %}
                    {% elif use.get('positive') is string and family == 'numeric' and use['positive'] | float(none) is none %}
                        {% set allowed = 'a number, because the column holds numbers' %}
                        {% do problems.append(data_health.problem(monitor['name'], 'label.positive', use['positive'], allowed)) %}
                    {% endif %}
                {% endfor %}
            {% endfor %}
        {% endif %}
    {% endfor %}
    {% do problems.extend(data_health.problems_unless_gone(monitor, found, gone) if found and gone is not none
        else found | map(attribute=3) | select | list) %}
    {{ return(problems) }}
{% endmacro %}


{#
    Of what was not found, [item of relations_of_monitor(), column, family, problem, text], the problems. What the package has read before,
    when it was configured as it is now, is no problem: its text goes to `gone`.
#}
{% macro problems_unless_gone(monitor, found, gone) %}
    {% set problems, texts, families, of_monitor = [], {}, {}, ' where monitor = ' ~ data_health.text_literal(monitor['name']) %}
    {% set counted = data_health.stored_model('monitored_columns') if load_relation(this) else none %}
    {% set annotations = data_health.stored_model('label_annotations') if counted else none %}
    {% if counted %}
        {% for row in run_query('select subject, name, value from ' ~ this ~ of_monitor ~ " and subject <> 'column'").rows %}
            {% do texts.update({'relation' if row[0] == 'monitor' else row[0] ~ 's.' ~ row[1]: row[2]}) %}
        {% endfor %}
        {% for row in run_query('select dataset, lower(column_name), family from ' ~ counted ~ of_monitor ~ ' and valid_to is null').rows %}
            {% do families.setdefault(row[0], {}).update({row[1]: row[2]}) %}
        {% endfor %}
    {% endif %}
    {% for item, name, family, line, text in found %}
        {% set place = item['key'].replace('.relation', '') %}
        {% set of_monitored, is_reference = place == 'relation', place.startswith('references.') %}
        {% set setting = place if of_monitored or is_reference else 'settings.' ~ place.split('.')[0] %}
        {% set written_now = data_health.setting_text(item['relation'] if setting == place else monitor[place.split('.')[0]]) %}
        {% set was_read = texts.get(setting) == written_now and (place[11:] if is_reference else 'production') in families %}
        {% if was_read and place == 'labeling.annotations' and 'missings.labeling.annotations' not in texts %}
            {% set was_read = annotations is not none and run_query('select 1 from ' ~ annotations ~ of_monitor ~ ' limit 1').rows %}
        {% endif %}
        {% set family_before = families.get('production', {}).get(name | lower) if of_monitored else none %}
        {#- of the monitored table and of references the user names the columns, which may be misspelt -#}
        {% if (was_read and (name is none or not (of_monitored or is_reference))) or (family_before and family_before != family) %}
            {% do gone.setdefault('relation' if place == 'label' else place, []).append(text) %}
        {% elif line %}
            {% do problems.append(line) %}
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
    {% elif key == 'labeling.annotations' %}
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
    {% elif key == 'versions.registry' %}
        {% do uses.append({'key': key, 'names': ['model_version', 'feature']}) %}
    {% elif key == 'versions.serving' %}
        {% do uses.append({'key': key, 'names': ['model_version']}) %}
        {% do uses.append({'key': key, 'names': ['serves_from'], 'family': 'timestamp'}) %}
    {% elif key == 'versions.served.relation' %}
        {% set served = monitor['versions']['served'] %}
        {% do uses.append({'key': 'versions.served.key', 'names': served['key'] or monitor['key']}) %}
        {% do uses.append({'key': 'versions.served.version', 'names': [served['version']] | select | list}) %}
        {% do uses.append({'key': 'versions.served.time', 'names': [served['time']] | select | list, 'family': 'timestamp'}) %}
    {% elif key == 'versions.served.recomputed' %}
        {% do uses.append({'key': 'key', 'names': monitor['key']}) %}
        {% do uses.append({'key': 'time', 'names': [monitor['time']] | select | list, 'family': 'timestamp'}) %}
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
