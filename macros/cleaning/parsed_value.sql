{#
    What a rule reads a value as: a value of another type, or a number in the unit wanted; null where it cannot be. Text is read alike on
    every warehouse, so that all keep and refuse the same rows: blanks around are fine, a whole number may be written 7.0. Units are
    compared in lower case; '' stands for a number without one.
#}
{% macro parsed_value(rule, old) %}
    {% if rule.kind == 'units' %}
        {% set number = "'^\\s*([-+]?[0-9]{0,200}[.]?[0-9]{1,200})[^0-9]*$'" %}
        {% set unit = "'^\\s*[-+]?[0-9]{0,200}[.]?[0-9]{1,200}([^0-9]*)$'" %}
        {% set factors = [] %}
        {% for name, factor in rule.argument.items() %}
            {%- do factors.append('when ' ~ data_health.text_literal(name | string | lower | trim) ~ ' then '
                ~ data_health.double_literal(factor)) %}
        {%- endfor %}
        {{ return('case when ' ~ data_health.engine_sql('matches', old, number) ~ ' then cast('
            ~ data_health.engine_sql('pattern_part', old, number) ~ ' as double precision) * case lower('
            ~ data_health.engine_sql('trim', data_health.engine_sql('pattern_part', old, unit)) ~ ') ' ~ factors | join(' ')
            ~ ' end end') }}
    {% endif %}
    {% if rule.kind == 'epoch' %}
        {% set seconds = 'cast(' ~ old ~ ' as double precision)' ~ (' / 1000' if rule.argument == 'milliseconds') %}
        {#- years that every warehouse has; NaN is in none of them -#}
        {% set moment = 'case when ' ~ seconds ~ ' between -2208988800 and 9214646400 then '
            ~ data_health.engine_sql('from_epoch_seconds', seconds) ~ ' end' %}
        {{ return('case when ' ~ data_health.engine_sql('is_number', old) ~ ' then ' ~ moment ~ ' end' if rule.family == 'string'
            else moment) }}
    {% endif %}
    {% set type, is_text, data_type = rule.argument.split('(')[0], rule.family == 'string', rule.data_type %}
    {% set number = 'cast(' ~ old ~ ' as double precision)' %}
    {% set is_number = data_health.engine_sql('is_number', old) ~ ' then case when ' %}
    {% if type in ['integer', 'bigint'] and rule.family in ['string', 'numeric'] %}
        {% set whole = number ~ ' = floor(' ~ number ~ ') and ' ~ number
            ~ (' between -2147483648 and 2147483647' if type == 'integer'
                else ' >= -9223372036854775808e0 and ' ~ number ~ (' <= ' if is_text else ' < ') ~ '9223372036854775808e0') %}
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
    {#- the first format that fits and names a day that exists; a time of the standard formats may end in its zone, Z or +02:00 -#}
    {% set text, moments, has_zone = data_health.engine_sql('trim', old), [], type == 'timestamp' and not rule.formats %}
    {% set zone = '(Z|[-+][0-9]{2}(?::?[0-9]{2})?)' %}
    {% set local = data_health.engine_sql('replace_pattern', text, "'(:[0-9.]+) ?" ~ zone ~ "$', '\\1'") if has_zone else text %}
    {% for format in rule.formats or data_health.rule_kinds()['cast'].types[type].formats %}
        {% do moments.append(data_health.parsed_moment(local, format)) %}
    {% endfor %}
    {% set moment = 'coalesce(' ~ moments | join(', ') ~ ')' %}
    {% if has_zone %}
        {% set offset = data_health.engine_sql('pattern_part', text, "'^.*:[0-9.]+ ?" ~ zone ~ "$'") %}
        {% set digits = "replace(substring(" ~ offset ~ ", 2), ':', '')" %}
        {% set minutes = '60 * cast(left(' ~ digits ~ ", 2) as integer) + cast('0' || substring(" ~ digits ~ ', 3) as integer)' %}
        {% set moment = moment ~ ' - case left(' ~ offset ~ ", 1) when '+' then " ~ minutes ~ " when '-' then -(" ~ minutes
            ~ ") else 0 end * interval '1 minute'" %}
    {% endif %}
    {{ return('cast(' ~ moment ~ ' as ' ~ type ~ ')') }}
{% endmacro %}


{#
    A text in one format as a timestamp; null where it is none. Where the warehouse reads a format in one step, a pattern, which need not
    look at the size of the numbers, keeps out what it would read more freely. Elsewhere the timestamp is made of its numbers, each checked.
#}
{% macro parsed_moment(value, format) %}
    {#- directive -> regular expression without a group that is remembered -#}
    {% set patterns = {'%Y': '[1-9][0-9]{3}', '%m': '(?:0?[1-9]|1[0-2])', '%d': '(?:0?[1-9]|[12][0-9]|3[01])',
        '%H': '(?:[01]?[0-9]|2[0-3])',
        '%I': '(?:0?[1-9]|1[0-2])', '%M': '[0-5]?[0-9]', '%S': '[0-5]?[0-9]', '%f': '[0-9]{1,6}', '%p': '[AaPp][Mm]'} %}
    {% set parts = [] %}
    {% for piece in modules.re.findall('%.|[^%]+', format) %}
        {% do parts.append([piece, patterns.get(piece) or modules.re.sub('([.^$*+?()|{}\\[\\]\\\\])', '\\\\\\1', piece)]) %}
    {% endfor %}
    {% set by_format = data_health.engine_sql('moment_by_format', value, data_health.text_literal(format)) %}
    {% if by_format %}
        {% set pieces = [] %}
        {% for directive, pattern in parts %}
            {%- do pieces.append('[0-9]{1,2}' if '?' in pattern and directive.startswith('%') else pattern) %}
        {%- endfor %}
        {% set is_wellformed = data_health.engine_sql('matches', value, data_health.text_literal('^' ~ pieces | join ~ '$')) %}
        {{ return('case when ' ~ is_wellformed ~ ' then ' ~ by_format ~ ' end') }}
    {% endif %}
    {% set numbers = {} %}
    {% for directive, pattern in parts if directive.startswith('%') %}
        {% set pieces = [] %}
        {% for other, other_pattern in parts %}
            {%- do pieces.append('(' ~ other_pattern ~ ')' if other == directive else other_pattern) %}
        {%- endfor %}
        {% do numbers.update({directive: data_health.engine_sql('pattern_part', value,
            data_health.text_literal('^' ~ pieces | join ~ '$'))}) %}
    {% endfor %}
    {% set part = {} %}
    {% for directive, otherwise in [('%Y', '1900'), ('%m', '1'), ('%d', '1'), ('%H', '0'), ('%I', none), ('%M', '0'), ('%S', '0')] %}
        {% do part.update({directive: 'cast(' ~ numbers[directive] ~ ' as integer)' if directive in numbers else otherwise}) %}
    {% endfor %}
    {% set hour = part['%H'] if not part['%I'] else part['%I'] ~ ' % 12 + case lower(' ~ numbers.get('%p', "'am'")
        ~ ") when 'pm' then 12 else 0 end" %}
    {% set second = part['%S'] if '%f' not in numbers else part['%S'] ~ " + cast('0.' || " ~ numbers['%f'] ~ ' as double precision)' %}
    {% set last_day = 'case when ' ~ part['%m'] ~ ' in (4, 6, 9, 11) then 30 when ' ~ part['%m'] ~ ' <> 2 then 31 when '
        ~ part['%Y'] ~ ' % 4 = 0 and (' ~ part['%Y'] ~ ' % 100 <> 0 or ' ~ part['%Y'] ~ ' % 400 = 0) then 29 else 28 end' %}
    {% set whole = '^' ~ parts | map(attribute=1) | join ~ '$' %}
    {{ return('case when ' ~ data_health.engine_sql('matches', value, data_health.text_literal(whole)) ~ ' then case when '
        ~ part['%Y'] ~ ' > 0 and ' ~ part['%d'] ~ ' <= ' ~ last_day ~ ' then make_timestamp('
            ~ [part['%Y'], part['%m'], part['%d'], hour, part['%M'], second] | join(', ') ~ ') end end') }}
{% endmacro %}
