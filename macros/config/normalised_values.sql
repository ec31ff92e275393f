{#
    'YYYY-MM-DD', or 'YYYY-MM-DD HH:MM:SS' when there is a time of day; none when it is no date. YAML turns an
    unquoted date into a date object on dbt 1 and into text on dbt 2: both print alike. An offset is refused,
    because edges are wall-clock times of the monitor's timezone.
#}
{% macro normalised_date(value) %}
    {% set text = (value | string).replace('T', ' ') %}
    {% if not modules.re.match('^\\d{4}-\\d{2}-\\d{2}( \\d{2}:\\d{2}(:\\d{2}(\\.0+)?)?)?$', text) %}{{ return(none) }}{% endif %}
    {% set year, month, day = text[:4] | int, text[5:7] | int, text[8:10] | int %}
    {% set leap = (year % 4 == 0 and year % 100 != 0) or year % 400 == 0 %}
    {% set days = [31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] %}
    {% if year < 1 or month < 1 or month > 12 or day < 1 or day > days[month - 1] %}{{ return(none) }}{% endif %}
    {% set time = (text[11:19] ~ ':00')[:8] if text | length > 10 else '00:00:00' %}
    {% if (time[:2] | int) > 23 or (time[3:5] | int) > 59 or (time[6:8] | int) > 59 %}{{ return(none) }}{% endif %}
    {{ return(text[:10] if time == '00:00:00' else text[:10] ~ ' ' ~ time) }}
{% endmacro %}


{# {'ref': model} or {'ref': [package, model]}, with the version if one is asked for, or {'source': [source, table]}; else none. #}
{% macro normalised_relation(value) %}
    {% if value is not mapping %}{{ return(none) }}{% endif %}
    {% set ref, source, version = value.get('ref'), value.get('source'), value.get('version') %}
    {% for key in value %}
        {% if key not in ['ref', 'source', 'version'] %}{{ return(none) }}{% endif %}
    {% endfor %}
    {% if source is not none %}
        {% set is_pair = data_health.expected({'type': 'columns'}, source) is none and source is not string and source | length == 2 %}
        {% set understood = ref is none and version is none and is_pair %}
        {{ return({'source': [source[0], source[1]]} if understood else none) }}
    {% endif %}
    {% set names = [ref] if ref is string else ref %}
    {% if data_health.expected({'type': 'columns'}, names) is not none or (names | length) not in [1, 2] %}{{ return(none) }}{% endif %}
    {% set relation = {'ref': names[0] if names | length == 1 else [names[0], names[1]]} %}
    {% if version is not none %}{% do relation.update({'version': version}) %}{% endif %}
    {{ return(relation) }}
{% endmacro %}
