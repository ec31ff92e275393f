{#
    CTEs of which the last is `named_groups`: the rows of a CTE with monitor, subgroup and group_value, and with `shown_group`, which is a
    number where a column of the subgroup may not show its values.
#}
{% macro hidden_groups(rows_of) -%}
    {%- set hidden = [] -%}
    {%- for monitor in data_health.resolved_monitors().values() if monitor.parts.performance -%}
        {%- set shown = monitor.show_values | map('lower') | list -%}
        {%- for names in monitor.subgroups if names | map('lower') | reject('in', shown) | list -%}
            {%- do hidden.append([monitor.name, names | unique(case_sensitive=true) | join(', ') | lower]) -%}
        {%- endfor -%}
    {%- endfor -%}
hidden_subgroups as (
{{ data_health.rows_as_table({'monitor': 'varchar', 'subgroup': 'varchar'}, hidden) }}

),

named_groups as (

    select
        {{ rows_of }}.*,
        case
            when hidden_subgroups.monitor is null then {{ rows_of }}.group_value
            else '(hidden ' || dense_rank() over (
                partition by {{ rows_of }}.monitor, {{ rows_of }}.subgroup
                order by case when {{ rows_of }}.group_value = '(all groups)' then 1 else 0 end, {{ rows_of }}.group_value nulls last
            ) || ')'
        end as shown_group
    from {{ rows_of }}
    left join hidden_subgroups
        on {{ rows_of }}.monitor = hidden_subgroups.monitor
        and lower({{ rows_of }}.subgroup) = hidden_subgroups.subgroup

)
{%- endmacro %}
