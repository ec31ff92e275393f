{#
    A rule as SQL over the columns of the stage before it: `value` after the rule, `tested` and `failed` (both never null; failed is
    none where a rule cannot fail), and the `reason` why a value fails. Rows for which `when` is not true are left alone. A rule that
    reads a text as something else finds what it read in a column of its own; see cleaning_stages().
#}
{% macro rule_sql(rule) %}
    {% set old = data_health.quoted(rule.column) if rule.column is not none else none %}
    {#- a condition may end in a comment -#}
    {% set applies = '(' ~ rule.when ~ ('\n' if '--' in rule.when else '') ~ ')' if rule.when else none %}
    {% set effect = data_health.rule_effect(rule, old) %}
    {% set value, failed = effect.value or old, none %}
    {% if rule.on_failure is none and applies %}
        {% set value = 'case when ' ~ applies ~ ' then ' ~ value ~ ' else ' ~ old ~ ' end' %}
    {% elif rule.on_failure is not none %}
        {% set failed = (applies ~ ' and ' if applies else '') ~ effect.failed %}
        {% if rule.on_failure == 'clamp' %}
            {#- moved to the nearer end of its range; NaN, which is nearer to none, becomes null -#}
            {% set has_nan = data_health.engine_sql('types_with_nan').split(' ') | select('in',
                rule.data_type | lower) | list | length > 0 %}
            {% set cases = ['when ' ~ applies ~ ' is not true then ' ~ old] if applies else [] %}
            {% if has_nan %}{% do cases.append('when ' ~ data_health.engine_sql('is_nan', old) ~ ' then null') %}{% endif %}
            {% for bound, comparison in [(rule.argument[0], '<'), (rule.argument[1], '>')] if bound is not none %}
                {% set literal = data_health.rule_literal(bound, rule.data_type) %}
                {% do cases.append('when ' ~ old ~ ' ' ~ comparison ~ ' ' ~ literal ~ ' then ' ~ literal) %}
            {% endfor %}
            {% set value = 'cast(case ' ~ cases | join(' ') ~ ' else ' ~ old ~ ' end as ' ~ rule.data_type ~ ')' %}
        {% elif rule.on_failure == 'default' %}
            {% set default = data_health.rule_literal(rule.default, rule.data_type) %}
            {% set value = 'cast(case when ' ~ failed ~ ' then ' ~ default ~ ' else ' ~ value ~ ' end as ' ~ rule.data_type ~ ')' %}
        {% elif rule.on_failure == 'null' and not effect.value %}
            {% set value = 'case when not (' ~ failed ~ ') or (' ~ failed ~ ') is null then ' ~ old ~ ' end' %}
        {% endif %}
    {% endif %}
    {{ return({
        'value': value, 'failed': 'coalesce(' ~ failed ~ ', false)' if failed else none, 'reason': effect.reason,
        'tested': 'coalesce(' ~ (applies ~ ' and ' if applies else '') ~ effect.tested ~ ', false)'
    }) }}
{% endmacro %}


{#
    What a rule does to a value: which value it makes of it, if any, and when it looks at it. Of a rule that can fail also when a value
    fails, and why.
#}
{% macro rule_effect(rule, old) %}
    {% set argument, present = rule.argument, old ~ ' is not null' %}
    {% set end_of_comment = '\n' if argument is string and '--' in argument else '' %}
    {% if rule.kind == 'null_values' %}
        {% set values = data_health.rule_literal(argument, rule.data_type) %}
        {% set kept = 'case when ' ~ old ~ ' in (' ~ values | join(', ') ~ ') then null else ' ~ old ~ ' end' if values else old %}
        {{ return({'value': kept, 'tested': present}) }}
    {% elif rule.kind == 'replace' %}
        {% set cases = [] %}
        {% for from_value, to_value in argument.items() %}
            {% do cases.append('when ' ~ data_health.text_literal(from_value) ~ ' then '
                ~ ('null' if to_value is none else data_health.text_literal(to_value))) %}
        {% endfor %}
        {{ return({'value': 'case ' ~ old ~ ' ' ~ cases | join(' ') ~ ' else ' ~ old ~ ' end', 'tested': present}) }}
    {% elif rule.kind == 'convert' %}
        {% set factor, summand = argument.get('multiply', 1), argument.get('add', 0) %}
        {{ return({'value': '(' ~ old ~ ' * ' ~ factor ~ ' + ' ~ summand ~ ')', 'tested': present}) }}
    {% elif rule.kind == 'set' %}{{ return({'value': '(' ~ argument ~ end_of_comment ~ ')', 'tested': 'true'}) }}
    {% elif rule.kind == 'case' %}{{ return({'value': argument ~ '(' ~ old ~ ')', 'tested': present}) }}
    {% elif rule.kind == 'replace_pattern' %}
        {% set literals = data_health.text_literal(argument[0]) ~ ', ' ~ data_health.text_literal(argument[1]) %}
        {{ return({'value': data_health.engine_sql('replace_pattern', old, literals), 'tested': present}) }}
    {% elif rule.on_failure is none %}
        {% set operation = argument if rule.kind == 'unicode' else rule.kind %}
        {{ return({'value': data_health.engine_sql(operation, old, argument), 'tested': present}) }}
    {% elif rule.kind in ['cast', 'units', 'epoch'] %}
        {% set parsed = 'data_health_value_' ~ rule.number %}
        {% set reason = "'not a number with one of the units'" if rule.kind == 'units'
            else "'not a number of " ~ argument ~ " from 1900 to 2262'" %}
        {% if rule.kind == 'cast' %}
            {% set words = data_health.rule_kinds()['cast'].types[argument.split('(')[0]].reason
                ~ (' like ' ~ rule.formats | join(' or ') if rule.formats else '') %}
            {% set is_empty = data_health.engine_sql('trim', old) ~ " = ''" if rule.family == 'string' else 'false' %}
            {% set reason = 'case when ' ~ is_empty ~ " then 'empty text' else " ~ data_health.text_literal(words) ~ ' end' %}
        {% endif %}
        {{ return({'value': parsed, 'failed': '(' ~ present ~ ' and ' ~ parsed ~ ' is null)', 'tested': present, 'reason': reason}) }}
    {% elif rule.kind == 'allowed' %}
        {% set values = data_health.rule_literal(argument, rule.data_type) %}
        {{ return({'failed': '(' ~ (old ~ ' not in (' ~ values | join(', ') ~ ')' if values else present) ~ ')', 'tested': present,
            'reason': "'not allowed'"}) }}
    {% elif rule.kind == 'range' %}
        {% set sides, reasons = [], [] %}
        {% for bound, comparison, words in [(argument[0], '<', 'below '), (argument[1], '>', 'above ')] if bound is not none %}
            {% do sides.append(old ~ ' ' ~ comparison ~ ' ' ~ data_health.rule_literal(bound, rule.data_type)) %}
            {% do reasons.append('when ' ~ sides[-1] ~ ' then ' ~ data_health.text_literal(words ~ bound)) %}
        {% endfor %}
        {{ return({'failed': '(' ~ sides | join(' or ') ~ ')', 'tested': present, 'reason': 'case ' ~ reasons | join(' ') ~ ' end'}) }}
    {% elif rule.kind == 'pattern' %}
        {{ return({'failed': '(not ' ~ data_health.engine_sql('matches', old, data_health.text_literal('^(' ~ argument ~ ')$')) ~ ')',
            'tested': present, 'reason': "'does not match the pattern'"}) }}
    {% elif rule.kind == 'required' %}
        {{ return({'failed': '(' ~ old ~ ' is null)', 'tested': 'true', 'reason': "'missing'"}) }}
    {% endif %}
    {% set condition = '(' ~ argument ~ end_of_comment ~ ')' %}
    {{ return({'failed': '(not ' ~ condition ~ ')', 'tested': '(' ~ condition ~ ' is not null)', 'reason': "'the expression is false'"}) }}
{% endmacro %}


{# A value of the configuration, or those of a list that a column of this type can hold, as literals to compare the column with. #}
{% macro rule_literal(value, data_type) %}
    {% set family = data_health.type_family(data_type) %}
    {% if value is sequence and value is not string %}
        {% set literals = [] %}
        {% for item in value if family == 'string' or (family == 'numeric' and item is number) or (family == 'boolean' and item is boolean)
            or (family == 'timestamp' and data_health.normalised_date(item) is not none) %}
            {% do literals.append(data_health.rule_literal(item, data_type)) %}
        {% endfor %}
        {{ return(literals) }}
    {% elif value is boolean and family == 'boolean' %}{{ return('true' if value else 'false') }}
    {% elif value is number and value is not boolean and family == 'numeric' %}{{ return(value | string) }}
    {% elif family in ['timestamp', 'numeric'] %}{{ return('cast(' ~ data_health.text_literal(value) ~ ' as ' ~ data_type ~ ')') }}
    {% endif %}
    {{ return(data_health.text_literal(value)) }}
{% endmacro %}
