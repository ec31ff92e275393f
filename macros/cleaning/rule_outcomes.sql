{#
    What to sum up for a rule: the aggregates tested, failed and changed over columns that the stages keep, and which those are. Values
    are counted where that tells the same as a condition per row, which costs ten times as much.
#}
{% macro rule_counts(rule) %}
    {% set old, new = 'count(data_health_old_' ~ rule.number ~ ')', 'count(data_health_new_' ~ rule.number ~ ')' %}
    {% set is_counted = not rule.when and rule.kind not in ['expression', 'set'] %}
    {% set counts = {} %}
    {% for name in ['tested', 'failed', 'changed'] %}
        {%- do counts.update({name: 'sum(cast(data_health_' ~ name ~ '_' ~ rule.number ~ ' as integer))'}) %}
    {%- endfor %}
    {% if is_counted %}{% do counts.update({'tested': 'count(*)' if rule.kind == 'required' else old}) %}{% endif %}
    {% if rule.kind == 'required' and is_counted %}{% do counts.update({'failed': 'count(*) - ' ~ old}) %}
    {% elif rule.kind in ['cast', 'units'] and is_counted
        and rule.on_failure != 'default' %}{% do counts.update({'failed': old ~ ' - ' ~ new}) %}
    {% elif rule.kind == 'null_values' and is_counted %}{% do counts.update({'changed': old ~ ' - ' ~ new}) %}
    {% endif %}
    {% if rule.on_failure is none %}{% do counts.update({'failed': '0'}) %}
    {% elif not rule.changes %}{% do counts.update({'changed': '0'}) %}
    {% else %}{% do counts.update({'changed': counts.failed}) %}
    {% endif %}
    {% set kept = [] %}
    {% for name in ['old', 'new', 'tested', 'failed', 'changed'] if 'data_health_' ~ name ~ '_' in counts.values() | join(' ') %}
        {%- do kept.append(name) %}
    {%- endfor %}
    {{ return({'counts': counts, 'kept': kept}) }}
{% endmacro %}


{#
    For one cleaning set: <prefix>outcomes, a row per period and rule. In an incremental run only the periods whose rows or rules are
    not those that the stored outcomes were built from.
#}
{% macro rule_outcomes(plan, prefix, stored) %}
{%- set time, others, flags = [plan.set.time] if plan.set.time else [], [], {} %}
{%- for column in plan.columns if column not in time %}{% do others.append(column) %}{% endfor %}
{%- for rule in plan.rules %}
    {%- do flags.update({rule.number: data_health.rule_counts(rule).kept + (['before', 'failed', 'changed']
        if rule.column in plan.set.show_values else [])}) %}
{%- endfor %}
{%- set loaded = 'cast(' ~ plan.load ~ ' as varchar) as data_health_load' %}
{%- set built_from = "count(*) || ' rows, newest ' || coalesce(max(data_health_load), 'unknown') || ', " ~ plan.fingerprint ~ "'" %}
{%- if stored %}
{{ data_health.changed_periods(plan, prefix, time, loaded, built_from) }},
{{ data_health.rows_of_changed_periods(plan, prefix) }},
{% endif %}
{{ data_health.cleaning_stages(plan, plan.rules, flags, columns=others + time, carried=[loaded], prefix=prefix, source=prefix
    ~ 'rows_of_changed_periods' if stored else none, where='true' if stored else none) }},

{{ prefix }}counts as (

    select
        {{ plan.period }} as period_start,
        {%- for rule in plan.rules %}
        {%- for name, count in data_health.rule_counts(rule).counts.items() %}
        {{ count }} as {{ name }}_{{ rule.number }},
        {%- endfor %}
        {%- for name, aggregate in {'first': 'min', 'last': 'max'}.items() if rule.column in plan.set.show_values %}
        {{ aggregate }}(case when data_health_{{ 'changed' if rule.on_failure is none else 'failed' }}_{{ rule.number }}
            then data_health_before_{{ rule.number }} end) as {{ name }}_example_{{ rule.number }},
        {%- endfor %}
        {%- endfor %}
        {{ built_from }} as built_from,
        count(*) as row_count
    from {{ prefix }}cleaned
    group by 1

),

{{ prefix }}outcomes as (
    {%- for rule in plan.rules %}{% set number = rule.number %}

    select
        {{ data_health.text_literal([plan.set.name]) }} as cleaning, {{ number }} as rule_number,
            {{ data_health.text_literal([rule.name, rule.column, rule.kind, rule.on_failure]) }},
        period_start, row_count, tested_{{ number }}, failed_{{ number }}, changed_{{ number }},
        {%- for name in ['first', 'last'] %}
        {{ name ~ '_example_' ~ number if rule.column in plan.set.show_values else 'cast(null as varchar)' }},
        {%- endfor %}
        built_from
    from {{ prefix }}counts
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)
{%- endmacro %}


{# The periods whose outcomes were built from something else than the relation now holds. #}
{% macro changed_periods(plan, prefix, time, loaded, built_from) %}
{{ data_health.cleaning_stages(plan, plan.rules | selectattr('column', 'in', time) | list, {}, columns=time, carried=[loaded], prefix=prefix
    ~ 'counted_') }},

{{ prefix }}current_periods as (

    select
        {{ plan.period }} as period_start,
        {{ built_from }} as built_from
    from {{ prefix }}counted_cleaned
    group by 1

),

{{ prefix }}changed_periods as (

    select current_periods.period_start
    from {{ prefix }}current_periods as current_periods
    left join stored
        on stored.cleaning = {{ data_health.text_literal(plan.set.name) }}
        and coalesce(stored.period_start, cast('0001-01-01' as date)) = coalesce(current_periods.period_start, cast('0001-01-01' as date))
    where stored.built_from is distinct from current_periods.built_from

)
{%- endmacro %}


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
