{#
    Every dataset that a configuration names, as rows of a `values` list: (monitor, dataset, kind, grain, first day, last day, days).
    kind: `stored` periods stand for themselves; a `window` or a `rolling` reference is a sum of stored production periods.
#}
{% macro configured_datasets() -%}
    {%- set rows = [] -%}
    {%- for name, monitor in data_health.resolved_monitors().items() -%}
        {%- do rows.append(data_health.configured_dataset_row(monitor, 'production', 'stored', none, none, none)) -%}
        {%- for reference in monitor.references -%}
            {%- set is_window = reference.kind == 'window' and execute and data_health.is_sum_of_periods(reference, monitor.grain) -%}
            {%- set kind = 'rolling' if reference.kind == 'rolling' else 'window' if is_window else 'stored' -%}
            {%- do rows.append(data_health.configured_dataset_row(
                monitor, reference.name, kind, reference['from'], reference.to, reference.days
            )) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(rows) }}
{%- endmacro %}


{# One row of that list. #}
{% macro configured_dataset_row(monitor, dataset, kind, first_day, end_day, days) -%}
    {%- set grain = monitor.grain if monitor.time or dataset != 'production' else 'day' -%}
    {{ return('(' ~ data_health.text_literal(monitor.name) ~ ', ' ~ data_health.text_literal(dataset) ~ ", '" ~ kind ~ "', '" ~ grain ~ "', "
        ~ data_health.date_or_null(first_day) ~ ', ' ~ data_health.date_or_null(end_day) ~ ', ' ~ (days or 'cast(null as integer)') ~ ')') }}
{%- endmacro %}


{# A day as a date literal; null without one. #}
{% macro date_or_null(day) -%}
    {{ return("cast('" ~ day[:10] ~ "' as date)" if day else 'cast(null as date)') }}
{%- endmacro %}
