{#- What macros return, as one JSON text, for inputs that a test gives as the variable `probe`. -#}
{%- set families, dates = {}, {} -%}
{%- for data_type in var('probe', {}).get('types', []) -%}
    {%- do families.update({data_type: data_health.type_family(data_type)}) -%}
{%- endfor -%}
{%- for date in var('probe', {}).get('dates', []) -%}
    {%- do dates.update({date | string: data_health.normalised_date(date)}) -%}
{%- endfor -%}
{%- set answers = {
    'families': families,
    'dates': dates,
    'schema': data_health.monitor_schema(),
    'cleaning_schema': data_health.cleaning_schema(),
    'parts': data_health.parts(),
    'rule_kinds': data_health.rule_kinds(),
    'monitors': data_health.resolved_monitors(),
    'selected': data_health.selected_monitors().keys() | list
} -%}
select '{{ tojson(answers) | replace("'", "''") }}' as answers
