{# The cleaning sets by name, every key filled in. Never raises; cleaning_problems() names what is not understood. #}
{% macro cleaning_sets() %}
    {% set configuration = data_health.configured_block() %}
    {% set written = configuration.get('cleaning') if configuration is mapping else none %}
    {% set sets = {} %}
    {% for name, item in (written if written is mapping else {}).items() %}
        {% set resolved = data_health.resolved_mapping({'keys': data_health.cleaning_schema()}, item) %}
        {% do resolved.update({'name': name | string, 'relation': data_health.normalised_relation(resolved.relation)}) %}
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
    usable time.
#}
{% macro cleaning_plan(name) %}
    {% set cleaning = data_health.cleaning_sets().get(name) or {} %}
    {#- a model that is disabled is parsed all the same, as those of the demo are where this is not the root project -#}
    {% set relation = data_health.relation_of(cleaning.relation) if cleaning.get('relation') else none %}
    {% if not execute %}{{ return({'set': cleaning, 'relation': relation, 'columns': [], 'rules': []}) }}{% endif %}
    {% if not relation %}
        {% do exceptions.raise_compiler_error(data_health.problem('', 'cleaning', name,
            data_health.known_names(name, data_health.cleaning_sets().keys() | list))) %}
    {% endif %}
    {% set problems = data_health.cleaning_problems(name, data_health.configured_block().get('cleaning')[name]) %}
    {% set known = data_health.columns_of(relation) if not problems else none %}
    {% set types, stages = {}, {} %}
    {% for column in known or [] %}
        {#- adapters give texts a length that the table does not have -#}
        {% do types.update({column.name: column.dtype if data_health.type_family(column.data_type) == 'string' else column.data_type}) %}
    {% endfor %}
    {% for name in cleaning.key if known is none %}{% do types.update({name: 'varchar'}) %}{% endfor %}
    {% set raw_types, rules, names = dict(types), [], [] %}
    {% set state = namespace(all_before=0, last=0) %}
    {% for written in cleaning.rules if known is not none %}
        {% set kind = data_health.rule_kind(written) %}
        {% set description = data_health.rule_kinds()[kind] %}
        {% set reads_row = description.get('reads_row') or written.get('when') is not none %}
        {% for column in data_health.rule_columns(written, types, description, problems, name) %}
            {% set stage = 1 + (state.last if reads_row else [stages.get(column, 0), state.all_before] | max) %}
            {% set rule = data_health.resolved_rule(written, kind, column, types.get(column)) %}
            {% set same = names | select('equalto', rule.name) | list | length %}
            {% do names.append(rule.name) %}
            {% do rule.update({'reads_row': reads_row, 'stage': stage, 'number': rules | length + 1, 'name': rule.name
                ~ ('.' ~ (same + 1) if same else '')}) %}
            {% do rules.append(rule) %}
            {% do stages.update({column: stage}) %}
            {% if column is not none %}{% do types.update({column: rule.data_type}) %}{% endif %}
        {% endfor %}
        {% set state.last = ([state.last] + (stages.values() | list)) | max %}
        {% if reads_row %}{% set state.all_before = state.last %}{% endif %}
    {% endfor %}
    {% if known is not none %}{% do problems.extend(data_health.cleaning_column_problems(cleaning, types, rules)) %}{% endif %}
    {% if problems and flags.WHICH in ['run', 'build', 'retry', 'test'] %}
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
    {{ return({'set': cleaning, 'relation': relation, 'fingerprint': fingerprint, 'is_kept': 'not (' ~ (failed | join(' or ') or 'false')
        ~ ')', 'columns': raw_types.keys() | list, 'types': types, 'rules': rules, 'period': period,
        'load': load, 'load_hour': dbt.date_trunc('hour', load) if has_hours else load}) }}
{% endmacro %}


{# The key of a rule that says what it does; none where there is none, or more than one. #}
{% macro rule_kind(rule) %}
    {% set found = [] %}
    {% for kind in data_health.rule_kinds() if rule.get(kind) is not none %}{% do found.append(kind) %}{% endfor %}
    {{ return(found[0] if found | length == 1 else none) }}
{% endmacro %}


{# The columns that a rule is about, as the relation names them; none stands for the row. Of `all`, those whose type the rule can read. #}
{% macro rule_columns(rule, types, description, problems, owner) %}
    {% set wanted = rule.get('columns') or rule.get('column') %}
    {% if wanted is none %}{{ return([none]) }}{% endif %}
    {% set kind, type = data_health.rule_kind(rule), (rule.get('cast') or '').split('(')[0] %}
    {% set found, families = [], description.types[type].families if kind == 'cast' else description.families %}
    {% set known = [] %}
    {% for name, data_type in types.items() %}
        {% do known.append({'name': name}) %}
        {% if wanted == 'all' and (not families
            or data_health.type_family(data_type) in (families if rule.get('null_values') is none else ['string'])) %}
            {%- do found.append(name) %}
        {%- endif %}
    {% endfor %}
    {% for name in ([wanted] if wanted is string else wanted) if wanted != 'all' %}
        {% set column = data_health.find_column(known, name) %}
        {% if column is none %}
            {% do problems.append(data_health.problem('', "cleaning '" ~ owner ~ "', rules", name, 'a column of the relation: '
                ~ data_health.known_names(name, types.keys() | list))) %}
        {% elif families and data_health.type_family(types[column.name]) not in families %}
            {% do problems.append(data_health.problem('', "cleaning '" ~ owner ~ "', " ~ kind ~ (' to ' ~ type if type) ~ ' of ' ~ name,
                types[column.name], 'a column of type ' ~ families | join(', ') ~ ('; cast it first' if not type))) %}
        {% else %}{% do found.append(column.name) %}{% endif %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}


{# One rule for one column, with everything its SQL needs: `data_type` is the type after it, `old_type` the type before. #}
{% macro resolved_rule(written, kind, column, old_type) %}
    {% set description = data_health.rule_kinds()[kind] %}
    {% set outcomes = description.get('on_failure') or [] %}
    {% set on_failure = ((written['on_failure'] or 'null') if 'on_failure' in written else outcomes[0]) if outcomes else none %}
    {% if kind == 'required' and on_failure == 'null' %}{% set on_failure = 'quarantine' %}{% endif %}
    {% if column is none and on_failure not in ['warn', 'quarantine'] and outcomes %}{% set on_failure = 'warn' %}{% endif %}
    {% set data_type = old_type %}
    {% if kind == 'cast' %}{% set data_type = description.types[written['cast'].split('(')[0]].get('data_type') or written['cast'] %}
    {% elif kind == 'units' %}{% set data_type = 'double precision' %}{% endif %}
    {#- a rule changes what it does not find right, unless it only warns or puts the row aside; a text that cannot be cast is lost -#}
    {% set changes = not outcomes or on_failure in ['null', 'clamp', 'default'] or kind in ['cast', 'units'] %}
    {{ return({
        'name': written.get('name') or ((column or 'row') ~ '.' ~ kind), 'column': column, 'kind': kind, 'argument': written[kind],
        'on_failure': on_failure, 'changes': changes, 'default': written.get('default'), 'when': written.get('when'),
            'formats': written.get('formats'),
        'data_type': data_type, 'old_type': old_type, 'family': data_health.type_family(old_type or 'varchar')
    }) }}
{% endmacro %}
