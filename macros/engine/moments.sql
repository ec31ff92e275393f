{# A text in one format as a timestamp; null where it is none. `parts` are pairs of directive or text and its pattern. Made of its numbers, each checked. #}
{% macro default__parsed_moment(value, format, parts) %}
    {% set numbers = {} %}
    {% for directive, pattern in parts if directive.startswith('%') %}
        {% set pieces = [] %}
        {% for other, other_pattern in parts %}{% do pieces.append('(' ~ other_pattern ~ ')' if other == directive else other_pattern) %}{% endfor %}
        {% do numbers.update({directive: data_health.engine_sql('pattern_part', value, data_health.text_literal('^' ~ pieces | join ~ '$'))}) %}
    {% endfor %}
    {% set part = {} %}
    {% for directive, otherwise in [('%Y', '1900'), ('%m', '1'), ('%d', '1'), ('%H', '0'), ('%I', none), ('%M', '0'), ('%S', '0')] %}
        {% do part.update({directive: 'cast(' ~ numbers[directive] ~ ' as integer)' if directive in numbers else otherwise}) %}
    {% endfor %}
    {% set hour = part['%H'] if not part['%I'] else part['%I'] ~ ' % 12 + case lower(' ~ numbers.get('%p', "'am'") ~ ") when 'pm' then 12 else 0 end" %}
    {% set second = part['%S'] if '%f' not in numbers else part['%S'] ~ " + cast('0.' || " ~ numbers['%f'] ~ ' as double precision)' %}
    {% set last_day = 'case when ' ~ part['%m'] ~ ' in (4, 6, 9, 11) then 30 when ' ~ part['%m'] ~ ' <> 2 then 31 when '
        ~ part['%Y'] ~ ' % 4 = 0 and (' ~ part['%Y'] ~ ' % 100 <> 0 or ' ~ part['%Y'] ~ ' % 400 = 0) then 29 else 28 end' %}
    {% set whole = '^' ~ parts | map(attribute=1) | join ~ '$' %}
    {{ return('case when ' ~ data_health.engine_sql('matches', value, data_health.text_literal(whole)) ~ ' then case when '
        ~ part['%Y'] ~ ' > 0 and ' ~ part['%d'] ~ ' <= ' ~ last_day ~ ' then make_timestamp(' ~ [part['%Y'], part['%m'], part['%d'], hour, part['%M'], second] | join(', ') ~ ') end end') }}
{% endmacro %}


{# DuckDB reads a format in one step; a pattern, which need not look at the size of the numbers, keeps out what it would read more freely. #}
{% macro duckdb__parsed_moment(value, format, parts) %}
    {% set pieces = [] %}
    {% for directive, pattern in parts %}{% do pieces.append('[0-9]{1,2}' if '?' in pattern and directive.startswith('%') else pattern) %}{% endfor %}
    {{ return('case when ' ~ data_health.engine_sql('matches', value, data_health.text_literal('^' ~ pieces | join ~ '$')) ~ ' then try_strptime(' ~ value ~ ', ' ~ data_health.text_literal(format) ~ ') end') }}
{% endmacro %}
