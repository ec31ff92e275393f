{#
    A value cast to another type; null where it cannot be. Text is read alike on every warehouse, so that all keep and refuse the same
    rows: blanks around are fine, a whole number may be written 7.0.
#}
{% macro checked_cast(rule, old) %}
    {% set type, is_text, data_type = rule.argument.split('(')[0], rule.family == 'string', rule.data_type %}
    {% set number = 'cast(' ~ old ~ ' as double precision)' %}
    {% set is_number = data_health.engine_sql('is_number', old) ~ ' then case when ' %}
    {% if type in ['integer', 'bigint'] and rule.family in ['string', 'numeric'] %}
        {% set whole = number ~ ' = floor(' ~ number ~ ') and ' ~ number
            ~ (' between -2147483648 and 2147483647' if type == 'integer' else ' between -1e18 and 1e18') %}
        {% set value = data_health.engine_sql('whole_number', old) if is_text else old %}
        {{ return('case when ' ~ (is_number if is_text) ~ whole ~ ' then cast(' ~ value ~ ' as ' ~ data_type ~ ') end'
            ~ (' end' if is_text)) }}
    {% elif type == 'decimal' and rule.family in ['string', 'numeric'] %}
        {% set digits = rule.argument.split('(')[1].rstrip(')').split(',') %}
        {% set fits = 'abs(' ~ number ~ ') < 1e' ~ ((digits[0] | int) - (digits[1] | int)) ~ ' - 0.5e-' ~ digits[1] | trim %}
        {{ return('case when ' ~ (is_number if is_text) ~ fits ~ ' then cast(' ~ old ~ ' as ' ~ data_type ~ ') end'
            ~ (' end' if is_text)) }}
    {% elif type == 'boolean' and rule.family == 'numeric' %}{{ return('(' ~ old ~ ' <> 0)') }}
    {% elif rule.family == 'boolean'
        and type not in ['boolean', 'varchar'] %}{{ return('cast(case when ' ~ old ~ ' then 1 when not ' ~ old ~ ' then 0 end as '
        ~ data_type ~ ')') }}
    {% elif not is_text or type == 'varchar' %}{{ return('cast(' ~ old ~ ' as ' ~ data_type ~ ')') }}
    {% elif type == 'double' %}{{ return('case when ' ~ data_health.engine_sql('is_number', old) ~ ' then ' ~ number ~ ' end') }}
    {% elif type == 'boolean' %}
        {% set word = 'lower(' ~ data_health.engine_sql('trim', old) ~ ')' %}
        {{ return('case when ' ~ word ~ " in ('true', 't', 'yes', 'y', '1') then true when " ~ word
            ~ " in ('false', 'f', 'no', 'n', '0') then false end") }}
    {% endif %}
    {#- the first format that fits and names a day that exists; directive -> regular expression without a group that is remembered -#}
    {% set patterns = {'%Y': '[1-9][0-9]{3}', '%m': '(?:0?[1-9]|1[0-2])', '%d': '(?:0?[1-9]|[12][0-9]|3[01])',
        '%H': '(?:[01]?[0-9]|2[0-3])',
        '%I': '(?:0?[1-9]|1[0-2])', '%M': '[0-5]?[0-9]', '%S': '[0-5]?[0-9]', '%f': '[0-9]{1,6}', '%p': '[AaPp][Mm]'} %}
    {% set moments = [] %}
    {% for format in rule.formats or data_health.rule_kinds()['cast'].types[type].formats %}
        {% set parts = [] %}
        {% for piece in modules.re.findall('%.|[^%]+', format) %}
            {% do parts.append([piece, patterns.get(piece) or modules.re.sub('([.^$*+?()|{}\\[\\]\\\\])', '\\\\\\1', piece)]) %}
        {% endfor %}
        {% do moments.append(data_health.parsed_moment(old, format, parts)) %}
    {% endfor %}
    {{ return('cast(coalesce(' ~ moments | join(', ') ~ ') as ' ~ type ~ ')') }}
{% endmacro %}


{# A number before its unit, in the unit wanted. Units are compared in lower case; '' stands for a number without one. #}
{% macro number_with_unit(units, old) %}
    {% set number = "'^\\s*([-+]?[0-9]{0,200}[.]?[0-9]{1,200})[^0-9]*$'" %}
    {% set unit = "'^\\s*[-+]?[0-9]{0,200}[.]?[0-9]{1,200}([^0-9]*)$'" %}
    {% set factors = [] %}
    {% for name, factor in units.items() %}
        {%- do factors.append('when ' ~ data_health.text_literal(name | string | lower | trim) ~ ' then '
            ~ data_health.double_literal(factor)) %}
    {%- endfor %}
    {{ return('case when ' ~ data_health.engine_sql('matches', old, number) ~ ' then cast('
        ~ data_health.engine_sql('pattern_part', old, number) ~ ' as double precision) * case lower('
        ~ data_health.engine_sql('trim', data_health.engine_sql('pattern_part', old, unit)) ~ ') ' ~ factors | join(' ') ~ ' end end') }}
{% endmacro %}
