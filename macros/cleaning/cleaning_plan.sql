{# The cleaning sets by name, every key filled in. Never raises; cleaning_problems() names what is not understood. #}
{% macro cleaning_sets() %}
    {% set sets, written = {}, data_health.configured_block().get('cleaning') %}
    {% for name, item in (written if written is mapping else {}).items() %}
        {% set resolved = data_health.resolved_mapping({'keys': data_health.cleaning_schema()}, item) %}
        {% do resolved.update({'name': name | string, 'relation': data_health.normalised_relation(resolved.relation)}) %}
        {% if '--' in (resolved.where or '') %}{% do resolved.update({'where': resolved.where ~ '\n'}) %}{% endif %}
        {% set dependencies = [] %}
        {% for written in resolved.dependencies %}
            {% set dependency = data_health.resolved_mapping({'keys': data_health.cleaning_schema().dependencies.each}, written) %}
            {% for key in ['by', 'columns'] if dependency[key] is string %}{% do dependency.update({key: [dependency[key]]}) %}{% endfor %}
            {% do dependencies.append(dependency) %}
        {% endfor %}
        {% do resolved.update({'dependencies': dependencies}) %}
        {% for key in ['key', 'log_changes', 'show_values'] if resolved[key] is string %}
            {%- do resolved.update({key: [resolved[key]]}) %}
        {%- endfor %}
        {% do sets.update({name | string: resolved}) %}
    {% endfor %}
    {{ return(sets) }}
{% endmacro %}


{#
    What a cleaning set does, worked out for the columns that its relation has: one rule per column, each with the stage in which it
    runs. Rules of different columns share a stage; a rule that may read the whole row comes after all rules written before it, and
    before all written after it. Raises what is wrong with the set when something is to be built. Of a relation that does not
    exist yet only the key is known, so that compiling works on an empty database. `is_kept` is the condition that no rule put a row
    into quarantine, over the columns data_health_failed_<number> of those rules;
    `load` is the load time of a raw row, `load_hour` its hour; `period` is the period of a cleaned row as a date, null without a
    usable time. With `suggested` rules instead of its own nothing is raised, but `problems` says what is wrong with them.
#}
{% macro cleaning_plan(name, suggested=none) %}
    {% set cleaning = data_health.cleaning_sets().get(name) or {} %}
    {#- a model that is disabled is parsed all the same, as those of the demo are where this is not the root project -#}
    {% set relation = data_health.relation_of(cleaning.relation) if cleaning.get('relation') else none %}
    {% if not execute %}{{ return({'set': cleaning, 'relation': relation, 'columns': [], 'rules': []}) }}{% endif %}
    {% if not relation %}
        {% do exceptions.raise_compiler_error(data_health.problem('', 'cleaning', name,
            names=data_health.cleaning_sets().keys() | list)) %}
    {% endif %}
    {% set written = dict(data_health.configured_block().get('cleaning')[name]) %}
    {% if suggested is not none %}
        {% do cleaning.update({'rules': suggested, 'time': none}) %}
        {% do written.update({'rules': suggested}) %}
    {% endif %}
    {% set problems = data_health.cleaning_problems(name, written) %}
    {% set known = data_health.columns_of(relation) if not problems else none %}
    {% set types, stages = {}, {} %}
    {% for column in known or [] %}
        {#- adapters give texts a length that the table does not have -#}
        {% do types.update({column.name: column.dtype if data_health.type_family(column.data_type) == 'string' else column.data_type}) %}
    {% endfor %}
    {% for name in cleaning.key if known is none %}{% do types.update({name: 'varchar'}) %}{% endfor %}
    {% set raw_types, rules, names, kinds = dict(types), [], [], data_health.rule_kinds() %}
    {% set state = namespace(all_before=0, last=0) %}
    {% for written in cleaning.rules if known is not none %}
        {% set given = [] %}
        {% for kind in kinds if written.get(kind) is not none %}{% do given.append(kind) %}{% endfor %}
        {% set kind, reads_row = given[0], kinds[given[0]].get('reads_row') or written.get('when') is not none %}
        {% for rule in data_health.rules_by_column(written, kind, types, problems, name) %}
            {% set stage = 1 + (state.last if reads_row else [stages.get(rule.column, 0), state.all_before] | max) %}
            {% set same = names | select('equalto', rule.name) | list | length %}
            {% do names.append(rule.name) %}
            {% do rule.update({'reads_row': reads_row, 'stage': stage, 'number': rules | length + 1, 'name': rule.name
                ~ ('.' ~ (same + 1) if same else '')}) %}
            {% do rules.append(rule) %}
            {% do stages.update({rule.column: stage}) %}
        {% endfor %}
        {% set state.last = ([state.last] + (stages.values() | list)) | max %}
        {% if reads_row %}{% set state.all_before = state.last %}{% endif %}
    {% endfor %}
    {% if known is not none %}{% do problems.extend(data_health.cleaning_column_problems(cleaning, types, rules)) %}{% endif %}
    {% if problems and suggested is none and flags.WHICH in ['run', 'build', 'retry', 'test', 'compile', 'show'] %}
        {% do exceptions.raise_compiler_error('data_health: ' ~ problems | length ~ (' problem' if problems | length == 1 else ' problems')
            ~ ' in the cleaning rules\n- ' ~ problems | join('\n- ')) %}
    {% endif %}
    {% for key in ['time', 'loaded_at'] if cleaning[key] %}
        {%- do cleaning.update({key: data_health.table_names(known or [], cleaning[key])}) %}
    {%- endfor %}
    {% for key in ['key', 'log_changes', 'show_values'] %}
        {%- do cleaning.update({key: data_health.table_names(known or [], cleaning[key])}) %}
    {%- endfor %}
    {#- without the timezone of the session, so that every build writes the same load alike -#}
    {% set load_type = raw_types.get(cleaning.loaded_at) or '' %}
    {% set is_zoned = 'with time zone' in load_type | lower or 'tz' in load_type | lower %}
    {% set load = data_health.quoted(cleaning.loaded_at) if cleaning.loaded_at else 'null' %}
    {% set load = '(' ~ load ~ " at time zone 'UTC')" if is_zoned else load %}
    {% set has_hours = data_health.type_family(load_type) == 'timestamp' and load_type | lower != 'date' %}
    {% set period = 'cast(null as date)' %}
    {% if cleaning.time in types %}
        {% set time, time_type = data_health.quoted(cleaning.time), types[cleaning.time] | lower %}
        {% set local_time = '(' ~ time ~ " at time zone 'UTC')" if 'with time zone' in time_type or 'tz' in time_type else time %}
        {% set period = 'case when ' ~ data_health.engine_sql('is_finite_time', time) ~ ' then '
            ~ data_health.engine_sql('period_start_' ~ cleaning.grain, local_time) ~ ' end' %}
    {% endif %}
    {% set failed = [] %}
    {% for rule in rules if rule.on_failure == 'quarantine' %}{% do failed.append('data_health_failed_' ~ rule.number) %}{% endfor %}
    {% set fingerprint = local_md5([cleaning.relation, cleaning.where, cleaning.time, cleaning.grain, rules] | string)[:12] %}
    {{ return({'set': cleaning, 'relation': relation, 'problems': problems, 'fingerprint': fingerprint,
        'is_kept': 'not (' ~ (failed | join(' or ') or 'false')
        ~ ')', 'columns': raw_types.keys() | list, 'types': types, 'rules': rules, 'period': period,
        'load': load, 'load_hour': dbt.date_trunc('hour', load) if has_hours else load}) }}
{% endmacro %}


{#
    One written rule as a rule per column that it is about, as the relation names it, each with everything that its SQL needs: `old_type`
    is the type before it, `data_type` the type after. Column none stands for the row. Of `all`, the columns whose type the rule can read.
    `types` are those that columns have by now, and are brought up to date; what is wrong is added to `problems`.
#}
{% macro rules_by_column(written, kind, types, problems, owner) %}
    {% set description, wanted = data_health.rule_kinds()[kind], written.get('columns') or written.get('column') %}
    {% set type, columns, known = (written.get('cast') or '').split('(')[0], [none] if wanted is none else [], [] %}
    {% set families = description.types[type].families if kind == 'cast' else description.families %}
    {% for name, data_type in types.items() %}
        {% do known.append({'name': name}) %}
        {% if wanted == 'all' and (not families
            or data_health.type_family(data_type) in (families if written.get('null_values') is none else ['string'])) %}
            {%- do columns.append(name) %}
        {%- endif %}
    {% endfor %}
    {% for name in ([wanted] if wanted is string else wanted or []) if wanted != 'all' %}
        {% set column = data_health.find_column(known, name) %}
        {% if column is none %}
            {% do problems.append(data_health.problem('', "cleaning '" ~ owner ~ "', rules", name, 'a column of the relation',
                names=types.keys() | list)) %}
        {% elif families and data_health.type_family(types[column.name]) not in families %}
            {% do problems.append(data_health.problem('', "cleaning '" ~ owner ~ "', " ~ kind ~ (' to ' ~ type if type) ~ ' of ' ~ name,
                types[column.name], 'a column of type ' ~ families | join(', ') | replace('string', 'text')
                ~ ('; add a rule with cast before it' if not type))) %}
        {% else %}{% do columns.append(column.name) %}{% endif %}
    {% endfor %}
    {% set rules, outcomes = [], description.get('on_failure') or [] %}
    {% set asked_on_failure = ((written['on_failure'] or 'null') if 'on_failure' in written else outcomes[0]) if outcomes else none %}
    {% for column in columns %}
        {% set on_failure = 'quarantine' if kind == 'required' and asked_on_failure == 'null' else asked_on_failure %}
        {% if column is none and on_failure not in ['warn', 'quarantine'] and outcomes %}{% set on_failure = 'warn' %}{% endif %}
        {% set old_type = types.get(column) %}
        {% set data_type = (description.types[type].get('data_type') or written['cast']) if kind == 'cast'
            else {'units': 'double precision', 'epoch': 'timestamp'}.get(kind, old_type) %}
        {#- a rule changes what it does not find right, unless it only warns or puts the row aside; a text that cannot be cast is lost -#}
        {% set changes = not outcomes or on_failure in ['null', 'clamp', 'default'] or kind in ['cast', 'units', 'epoch'] %}
        {% do rules.append({
            'name': written.get('name') or ((column or 'row') ~ '.' ~ kind), 'column': column, 'kind': kind, 'argument': written[kind],
            'on_failure': on_failure, 'changes': changes, 'default': written.get('default'), 'when': written.get('when'),
            'formats': written.get('formats'), 'data_type': data_type, 'old_type': old_type,
            'family': data_health.type_family(old_type or 'varchar')
        }) %}
        {% if column is not none %}{% do types.update({column: data_type}) %}{% endif %}
    {% endfor %}
    {{ return(rules) }}
{% endmacro %}
