{# What is wrong with a cleaning set, as far as the configuration alone tells. #}
{% macro cleaning_problems(name, written) %}
    {% set unusable = data_health.expected({'type': 'name'}, name) %}
    {% if unusable %}{{ return([data_health.problem('', 'cleaning', name, unusable)]) }}{% endif %}
    {% if written is not mapping %}
        {{ return([data_health.problem('', 'cleaning.' ~ name, written, 'a mapping such as {relation: {ref: model}, rules: [...]}')]) }}
    {% endif %}
    {% set owner, schema = "cleaning '" ~ name ~ "', ", data_health.cleaning_schema() %}
    {% set problems = [] %}
    {% if written.get('relation') is none %}
        {% do problems.append(data_health.problem('', owner ~ 'relation', none, data_health.expected(schema['relation'], none))) %}
    {% endif %}
    {% for problem in data_health.schema_problems({'keys': schema}, '', '', written) %}{% do problems.append(owner ~ problem) %}{% endfor %}
    {% set dependencies = written.get('dependencies') %}
    {% for item in (dependencies if data_health.expected(schema.dependencies, dependencies) is none else []) %}
        {% set place, wrong = 'dependencies[' ~ loop.index ~ ']', [] %}
        {% for key in ['by', 'columns'] if not item.get(key) %}{% do wrong.append(data_health.problem('', place ~ '.' ~ key, none,
            'the name of a column, or a list of names')) %}{% endfor %}
        {% for problem in wrong + data_health.schema_problems({'keys': schema.dependencies.each}, '', place, item) %}
            {% do problems.append(owner ~ problem) %}
        {% endfor %}
    {% endfor %}
    {% set kinds, options = data_health.rule_kinds(), ['name', 'column', 'columns', 'on_failure', 'default', 'when', 'formats'] %}
    {% set rules = written.get('rules') %}
    {% for rule in (rules if rules is iterable and rules is not string and rules is not mapping else []) if rule is mapping %}
        {% set place, wrong, found = owner ~ 'rules[' ~ loop.index ~ ']', [], [] %}
        {% set unknown = rule.keys() | reject('in', options + kinds.keys() | list) | list %}
        {% for key in unknown %}
            {% do problems.append(data_health.problem('', place ~ '.' ~ key, key, names=options + kinds.keys() | list)) %}
        {% endfor %}
        {% for kind in kinds if rule.get(kind) is not none %}{% do found.append(kind) %}{% endfor %}
        {% if found | length != 1 and not unknown %}
            {% do wrong.append(['', rule.keys() | list | join(', '), 'exactly one of ' ~ kinds.keys() | join(', ')]) %}
        {% elif found | length == 1 %}
            {% set kind, named = found[0], rule.get('columns') is not none or rule.get('column') is not none %}
            {% set outcomes, failing = kinds[kind].get('on_failure') or [], 'on_failure' in rule %}
            {% set outcomes = outcomes if named else ['warn', 'quarantine'] %}
            {% set on_failure = rule['on_failure'] or 'null' if failing else none %}
            {% set expected = data_health.expected(kinds[kind].argument, rule[kind]) %}
            {% if expected %}{% do wrong.append([kind, rule[kind], expected]) %}{% endif %}
            {% if rule.get('columns') is not none and rule.get('column') is not none %}
                {% do wrong.append(['columns', rule['columns'], 'column or columns, not both']) %}
            {% elif not named and kind != 'expression' %}
                {% set allowed = 'the name of a column; or columns: [a, b] for several columns, columns: all for every column' %}
                {% do wrong.append(['column', none, allowed]) %}
            {% endif %}
            {% for key, type in {'name': 'text', 'column': 'column', 'columns': 'columns', 'when': 'text', 'formats': 'formats'}.items()
                if rule.get(key) is not none %}
                {% set expected = data_health.expected({'type': type}, rule[key]) %}
                {% if expected %}{% do wrong.append([key, rule[key], expected]) %}{% endif %}
            {% endfor %}
            {% if failing and on_failure not in outcomes %}
                {% set allowed = outcomes | join(', ') or 'no on_failure, because ' ~ kind ~ ' changes values and cannot fail' %}
                {% do wrong.append(['on_failure', on_failure, allowed]) %}
            {% endif %}
            {% if (on_failure == 'default') != (rule.get('default') is not none) %}
                {% do wrong.append(['default', rule.get('default'), 'one value, if and only if on_failure is default']) %}
            {% endif %}
            {% for key in ['when', 'set', 'expression'] if modules.re.search('(?i)\\bover\\s*\\(',
                modules.re.sub("'[^']*'", '', rule.get(key) | string)) %}
                {% do wrong.append([key, rule[key], 'SQL of one row, without a window function (over), because an incremental build reads '
                    ~ 'only new rows and would see a part of the window; compute the window in a model before']) %}
            {% endfor %}
            {% if rule.get('formats') is not none and kind != 'cast' %}
                {% do wrong.append(['formats', rule['formats'], 'formats only in a rule with cast: date or cast: timestamp']) %}
            {% endif %}
        {% endif %}
        {% for key, found, allowed in wrong %}
            {% do problems.append(data_health.problem('', place ~ ('.' ~ key if key else ''), found, allowed)) %}
        {% endfor %}
    {% endfor %}
    {{ return(problems) }}
{% endmacro %}


{# None when the value is what a rule's key may hold, else in words what it should have been. Never raises. #}
{% macro expected_in_rule(type, value) %}
    {% set listed = value is iterable and value is not string and value is not mapping %}
    {% set items = value | list if listed else [] %}
    {% set scalars = [] %}
    {% for item in items if item is string or item is number or item is boolean or data_health.normalised_date(item) is not none %}
        {%- do scalars.append(item) %}
    {%- endfor %}
    {% set numbers = items | reject('boolean') | select('number') | list %}
    {% set all_scalars = listed and scalars | length == items | length and items | length > 0 %}
    {% if type == 'scalars' %}{% set words, fits = 'a list of texts, numbers or booleans', all_scalars %}
    {% elif type == 'true' %}{% set words, fits = 'true', value is sameas true %}
    {% elif type == 'formats' %}
        {% set words, fits = "a list of formats that use only %Y %m %d %H %I %M %S %f %p, such as ['%m/%d/%Y']", all_scalars
            and '%' not in modules.re.sub('%[YmdHIMSfp]', '', items | join) %}
    {% elif type == 'replacements' %}
        {% set words, fits = 'a mapping from old to new values, such as {m: male}', value is mapping and value | length > 0 %}
    {% elif type == 'pattern and replacement' %}
        {% set words, fits = '[regular expression, replacement], two texts', listed and items | select('string') | list | length == 2
            and items | length == 2 %}
    {% elif type == 'units' %}
        {% set words = 'a mapping from units to factors, such as {kg: 1, lb: 0.4536} for numbers in kg' %}
        {% set fits = value is mapping and value | length > 0
            and value.values() | reject('boolean') | select('number') | list | length == value | length %}
    {% elif type == 'conversion' %}
        {% set words = '{multiply: number, add: number}, or one of the two' %}
        {% set fits = value is mapping and value | length > 0 and value.keys() | reject('in', ['multiply', 'add']) | list == []
            and value.values() | reject('boolean') | select('number') | list | length == value | length %}
    {% elif type == 'cast' %}
        {% set words = data_health.rule_kinds()['cast'].types.keys() | join(', ') ~ '; a decimal needs its digits, as in decimal(10,2)' %}
        {% set types = '^(integer|bigint|double|boolean|date|timestamp|varchar|decimal\\([0-9]+, ?[0-9]+\\))$' %}
        {% set fits = value is string and modules.re.match(types, value) is not none %}
    {% elif type == 'range' %}
        {% set words = '[lowest, highest], two numbers or two dates; null means no limit on that side' %}
        {% set open = items | select('none') | list | length %}
        {% set fits = listed and items | length == 2 and open < 2
            and (numbers | length + open == 2 or scalars | reject('number') | list | length + open == 2)
            and not (numbers | length == 2 and items[0] > items[1]) %}
    {% elif type in ['rules', 'dependencies'] %}
        {% set words, fits = 'a list of mappings such as ' ~ {'rules': '{column: age, range: [0, 120]}',
            'dependencies': '{by: [flight], columns: [departure, arrival], source: source}'}[type], listed
            and items | select('mapping') | list | length == items | length %}
    {% endif %}
    {{ return(none if fits else words) }}
{% endmacro %}


{#
    What only the columns tell: the columns that the set itself names, after its rules; or those of the dependencies, which belong to the
    relation that is repaired.
#}
{% macro cleaning_column_problems(cleaning, types, rules, dependencies=none) %}
    {% set problems, known = [], [] %}
    {% for name in types %}{% do known.append({'name': name}) %}{% endfor %}
    {% for dependency in dependencies or [] %}
        {% set place, uses, seen = "cleaning '" ~ cleaning.name ~ "', dependencies[" ~ loop.index ~ '].', [], [] %}
        {% for key in ['by', 'source', 'columns'] %}
            {% for name in ([dependency[key]] if key == 'source' else dependency[key]) if name %}
                {%- do uses.append([key, name]) %}
            {%- endfor %}
        {% endfor %}
        {% for key, name in uses %}
            {% set column = data_health.find_column(known, name) %}
            {% if column is none %}
                {% do problems.append(data_health.problem('', place ~ key, name, 'a column of the relation', names=types.keys() | list)) %}
            {% elif column.name in seen %}
                {% do problems.append(data_health.problem('', place ~ key, name, 'a column that the dependency names only once')) %}
            {% elif key == 'columns' and data_health.type_family(types[column.name]) == 'other' %}
                {% do problems.append(data_health.problem('', place ~ key, name, 'a text, number, boolean, date or timestamp',
                    'type ' ~ types[column.name])) %}
            {% endif %}
            {% do seen.append((column or {}).get('name')) %}
        {% endfor %}
    {% endfor %}
    {% if dependencies is not none %}{{ return(problems) }}{% endif %}
    {% set uses = [['key', cleaning.key, none], ['time', [cleaning.time], 'timestamp'], ['loaded_at', [cleaning.loaded_at], none],
        ['log_changes', cleaning.log_changes, none], ['show_values', cleaning.show_values, none]] %}
    {% for key, names, family in uses %}
        {% for name in names if name and name != 'all' %}
            {% set column = data_health.find_column(known, name) %}
            {% if column is none %}
                {% do problems.append(data_health.problem('', "cleaning '" ~ cleaning.name ~ "', " ~ key, name, 'a column of the relation',
                    names=types.keys() | list)) %}
            {% elif family and data_health.type_family(types[column.name]) != family %}
                {% do problems.append(data_health.problem('', "cleaning '" ~ cleaning.name ~ "', " ~ key, name,
                    'a column that is a date or timestamp after all rules; add a rule with cast', 'type ' ~ types[column.name])) %}
            {% endif %}
        {% endfor %}
    {% endfor %}
    {% for rule in rules if rule.reads_row and cleaning.time and rule.column and rule.column | lower == cleaning.time | lower %}
        {% do problems.append(data_health.problem('', "cleaning '" ~ cleaning.name ~ "', rule " ~ rule.name, rule.when
            or rule.argument, 'a rule that reads no other column, because time decides the period of a row')) %}
    {% endfor %}
    {{ return(problems) }}
{% endmacro %}
