{#
    For one cleaning set: <prefix>changes, a row per value of a logged column that a rule changed, of the rows that clean() keeps; in an
    incremental run of the periods in <prefix>changed_periods.
#}
{% macro cell_changes(plan, prefix, logged, stored) %}
{%- set quarantining = plan.rules | selectattr('on_failure', 'equalto', 'quarantine') | list %}
{%- set flags, changed, keys = {}, [], [] %}
{%- for rule in quarantining %}{% do flags.update({rule.number: ['failed']}) %}{% endfor %}
{%- for rule in logged %}
    {%- do flags.update({rule.number: flags.get(rule.number, []) + ['changed', 'before', 'after']}) %}
    {%- do changed.append('data_health_changed_' ~ rule.number) %}
{%- endfor %}
{%- for key in plan.set.key %}{% do keys.append("coalesce(cast(" ~ data_health.quoted(key) ~ " as varchar), '')") %}{% endfor %}
{%- if stored %}
{{ data_health.rows_of_changed_periods(plan, prefix) }},
{% endif %}
{{ data_health.cleaning_stages(plan, plan.rules, flags, prefix=prefix, source=prefix ~ 'rows_of_changed_periods' if stored
    else none, where='true' if stored else none) }},

{{ prefix }}changed as (

    select
        {{ keys | join(" || '|' || ") or 'cast(null as varchar)' }} as row_key,
        {{ plan.period }} as period_start,
        {%- for rule in logged %}
        data_health_before_{{ rule.number }},
        data_health_after_{{ rule.number }},
        data_health_changed_{{ rule.number }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ prefix }}cleaned
    where {{ plan.is_kept }}
        and ({{ changed | join(' or ') }})

),

{{ prefix }}changes as (
    {%- for rule in logged %}

    select
        {{ data_health.text_literal([plan.set.name]) }}, row_key, {{ data_health.text_literal([rule.column, rule.name]) }},
            {{ rule.number }}, period_start,
        data_health_before_{{ rule.number }}, data_health_after_{{ rule.number }}
    from {{ prefix }}changed
    where data_health_changed_{{ rule.number }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)
{%- endmacro %}
