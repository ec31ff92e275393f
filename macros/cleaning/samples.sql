{#
    What is sampled for Python: per cleaning set that asks for it and purpose (`suggest`, `repair`) the relation, a condition, and
    the columns that can be read as texts, each with whether it is a text and whether it may be repaired. A relation that is not there
    has no columns. `only` names the one set that is to be repaired, by its dependencies alone where it asks for nothing else.
#}
{% macro sampled_relations(only=none) %}
    {% set sampled = [] %}
    {% for name, cleaning in data_health.cleaning_sets().items() if only in [none, name] %}
        {% set repair = cleaning.repair %}
        {% set is_asked = {'suggest': cleaning.suggest and not only, 'repair': repair.values() | select | list
            or (only and cleaning.dependencies)} %}
        {% for purpose in ['suggest', 'repair'] if is_asked[purpose] %}
            {% set spec = (data_health.normalised_relation(repair.relation) if purpose == 'repair') or cleaning.relation %}
            {% if spec %}
                {% set relation = data_health.relation_of(spec) %}
                {% set wanted, known, columns = repair.columns or 'all', (data_health.columns_of(relation) or []) if execute else [], [] %}
                {% set wanted = [wanted] if wanted is string else wanted %}
                {% for column in known if data_health.type_family(column.data_type) != 'other' %}
                    {% do columns.append({
                        'name': column.name, 'is_text': data_health.type_family(column.data_type) == 'string',
                        'is_repaired': 'all' in wanted or column.name in wanted
                    }) %}
                {% endfor %}
                {% set types, dependencies = {}, [] %}
                {% for column in known if only %}{% do types.update({column.name: column.data_type}) %}{% endfor %}
                {% set problems = data_health.cleaning_problems(name, data_health.configured_block().get('cleaning')[name])
                    + data_health.cleaning_column_problems(cleaning, types, [], cleaning.dependencies) if types else [] %}
                {% if problems and flags.WHICH in ['run', 'build', 'retry', 'test', 'compile', 'show'] %}
                    {% do exceptions.raise_compiler_error('data_health: the cleaning set is not understood\n- ' ~ problems
                        | join('\n- ')) %}
                {% endif %}
                {% for written in cleaning.dependencies if types and not problems %}
                    {% do dependencies.append(dict(written, by=data_health.table_names(known, written.by),
                        columns=data_health.table_names(known, written.columns),
                        source=data_health.table_names(known, written.source) if written.source else none)) %}
                {% endfor %}
                {% do sampled.append({
                    'cleaning': name, 'purpose': purpose, 'relation': relation, 'known': known, 'columns': columns, 'key': cleaning.key,
                    'where': cleaning.where if spec == cleaning.relation else none, 'min_confidence': repair.min_confidence,
                    'dependencies': dependencies
                }) %}
            {% endif %}
        {% endfor %}
    {% endfor %}
    {{ return(sampled) }}
{% endmacro %}


{#
    Does any cleaning set ask for suggestions, or for repair, where they can be made? What only that asks for has no node otherwise. The
    properties of the Python models say the same without macros.
#}
{% macro cleaning_asks_for(purpose) %}
    {% set written = data_health.configured_block().get('cleaning') | string %}
    {% set marker = {'suggest': "'suggest': True", 'repair': "'repair': {"}[purpose] %}
    {{ return('cleaning' in data_health.parts_on() and data_health.engine_sql('runs_python') and marker in written) }}
{% endmacro %}
