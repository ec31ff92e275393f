{# The raw rows of the periods in <prefix>changed_periods, which rules of the column time alone tell. #}
{% macro rows_of_changed_periods(plan, prefix) %}
{%- set time, others = [plan.set.time] if plan.set.time else [], plan.columns | reject('equalto', plan.set.time) | list %}
{%- set time_rules = plan.rules | selectattr('column', 'in', time) | list %}
{{ data_health.cleaning_stages(plan, time_rules, {}, columns=time,
    carried=data_health.quoted(others) + ([data_health.quoted(plan.set.time) ~ ' as data_health_raw_time'] if time else []), prefix=prefix
    ~ 'timed_') }},

{{ prefix }}rows_of_changed_periods as (

    select
        {{ (data_health.quoted(others) + (['data_health_raw_time as ' ~ data_health.quoted(plan.set.time)] if time
            else [])) | join(',\n        ') }}
    from {{ prefix }}timed_cleaned
    inner join {{ prefix }}changed_periods as changed_periods
        on coalesce({{ plan.period }}, cast('0001-01-01' as date)) = coalesce(changed_periods.period_start, cast('0001-01-01' as date))

)
{%- endmacro %}
