{#
    None when a value is what the schema asks for, else in words what it should have been. Runs at parse time on
    whatever was written, so no branch may raise.
#}
{% macro expected(entry, value) %}
    {% set type = entry['type'] %}
    {% set listed = value is iterable and value is not string and value is not mapping %}
    {% set is_number = value is number and value is not boolean %}
    {% if type == 'text' %}{% set words, fits = 'a text that is not empty', value is string and value | trim != '' %}
    {% elif type == 'column' %}{% set words, fits = 'the name of one column', value is string and value | trim != '' %}
    {% elif type == 'columns' %}
        {% set names = [value] if value is string else value if listed else [none] %}
        {% set words = 'the name of a column, or a list of names' %}
        {% set fits = names | select('string') | map('trim') | select | list | length == names | length %}
    {% elif type == 'column groups' %}
        {% set words, groups = 'a list; each item is a column name or a list of column names', [value] if value is string else value %}
        {% set wrong = [] %}
        {% for group in (groups if listed or value is string else []) if not group or data_health.expected({'type': 'columns'}, group) %}
            {% do wrong.append(group) %}
        {% endfor %}
        {% set fits = (listed or value is string) and not wrong %}
    {% elif type == 'name' %}
        {# Names become parts of keys joined by '|', of comma-separated lists and of SQL literals. #}
        {% set words = "a name of letters, digits and '_'; inside it also '-', '.' and spaces; a name of digits only needs quotes" %}
        {% set fits = value is string and modules.re.match('^\\w([\\w .-]*\\w)?$', value) is not none %}
    {% elif type == 'choice' %}{% set words, fits = entry['allowed'] | join(', '), value is string and value in entry['allowed'] %}
    {% elif type == 'whole number' %}
        {% set words, fits = 'a whole number of at least ' ~ entry['minimum'], value is integer and value >= entry['minimum'] %}
    {% elif type == 'number' %}{% set words, fits = 'a number of at least 0', is_number and value >= 0 %}
    {% elif type == 'share' and entry.get('is_below_one') %}
        {% set words, fits = 'a number above 0 and below 1', is_number and 0 < value and value < 1 %}
    {% elif type == 'share' %}{% set words, fits = 'a number above 0 and at most 1', is_number and value > 0 and value <= 1 %}
    {% elif type == 'boolean' %}{% set words, fits = 'true or false', value is boolean %}
    {% elif type == 'scalar' %}{% set words, fits = 'one text, number or boolean', value is string or value is number or value is boolean %}
    {% elif type == 'mapping' %}{% set words, fits = 'a mapping (key: value)', value is mapping %}
    {% elif type == 'date' %}
        {% set words = "a date such as 2023-01-31, or a date and time such as '2023-01-31 06:00:00', without a timezone" %}
        {% set fits = data_health.normalised_date(value) is not none %}
    {% elif type == 'days' %}
        {% set words = "a number of days such as '90 days'" %}
        {% set fits = value is string and modules.re.match('^[1-9][0-9]{0,4} days?$', value) is not none %}
    {% elif type == 'timezone' %}
        {# dbt 2 has no list of timezones, so there the form of the name has to do; dbt 1 also sees a misspelt city. #}
        {% set words = 'a timezone such as UTC or Europe/Madrid' %}
        {% set well_formed = value is string and modules.re.match('^[A-Za-z_]+(/[A-Za-z0-9_+-]+){0,2}$', value) is not none %}
        {% set fits = well_formed and (modules.pytz.all_timezones is not defined or value in modules.pytz.all_timezones) %}
    {% elif type == 'thresholds' %}
        {% set words = '[warn, alert], two numbers with 0 <= warn <= alert' %}
        {% set pair = listed and value | reject('boolean') | select('number') | list | length == 2 and value | length == 2 %}
        {% set fits = pair and 0 <= value[0] and value[0] <= value[1] %}
    {% elif type == 'relation' %}
        {% set words = '{ref: model}, {ref: [package, model]} or {source: [source, table]}' %}
        {% set fits = data_health.normalised_relation(value) is not none %}
    {% else %}{{ return(data_health.expected_in_rule(type, value)) }}
    {% endif %}
    {{ return(none if fits else words) }}
{% endmacro %}
