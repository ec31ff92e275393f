{{ config(enabled='cleaning' in data_health.parts_on()) }}
-- depends_on: {{ ref('health_monitors') }}
{#- of a table that is larger than the sample, the suggested rules are tried on all rows, by the SQL that a build would use -#}
{%- set suggesting, plans = data_health.cleaning_asks_for('suggest'), [] %}
{%- if suggesting and execute and flags.WHICH in ['run', 'build', 'retry'] %}
    {%- set suggestions = ref('data_health', 'rule_suggestions') %}
    {%- set sampled = 'select cleaning from ' ~ suggestions ~ ' group by cleaning having max(sampled_count) >= 20000' %}
    {%- set rows = run_query('select cleaning, rule_number, kind, rule from ' ~ suggestions ~ ' where rule is not null and kind <> '
        ~ "'key' and rule not like '{repair:%' and rule not like '{dependencies:%' and cleaning in (" ~ sampled
        ~ ') order by cleaning, rule_number').rows %}
    {%- for cleaning, of_set in rows | groupby('cleaning') %}
        {%- set rules, numbers = [], [] %}
        {%- for row in of_set %}{% do rules.append(fromyaml(row['rule'])) %}{% do numbers.append(row['rule_number']) %}{% endfor %}
        {%- set plan = data_health.cleaning_plan(cleaning, suggested=rules) %}
        {%- if not plan.problems and plan.rules | length == rules | length %}
            {%- do plans.append({'plan': plan, 'cleaning': cleaning, 'numbers': numbers}) %}
        {%- endif %}
    {%- endfor %}
{%- endif %}

with suggestions as (

    select
        cleaning,
        rule_number,
        column_name,
        kind,
        rule,
        evidence,
        sampled_count,
        affected_count
    from {{ data_health.named_model('rule_suggestions', suggesting, {
        'cleaning': 'varchar', 'rule_number': 'bigint', 'column_name': 'varchar', 'kind': 'varchar', 'rule': 'varchar',
        'evidence': 'varchar', 'sampled_count': 'bigint', 'affected_count': 'bigint'
    }) }}

),

{%- for item in plans %}
    {%- set plan, flags_of_rules, prefix = item.plan, {}, 'set_' ~ loop.index ~ '_' %}
    {%- for rule in plan.rules %}{% do flags_of_rules.update({rule.number: ['failed', 'changed']
        + (['old'] if rule.kind == 'units' else [])}) %}{% endfor %}
{{ data_health.cleaning_stages(plan, plan.rules, flags_of_rules, prefix=prefix) }},

{{ prefix }}counts as {{ data_health.engine_sql('materialized') }}(

    select
        count(*) as row_count,
        {%- for rule in plan.rules %}
        {%- set failed, changed, old = 'data_health_failed_' ~ rule.number, 'data_health_changed_' ~ rule.number,
            'data_health_old_' ~ rule.number %}
        {#- a unit changes the values that have one -#}
        {%- if rule.kind == 'units' %}
            {%- set changed = old ~ ' is not null and not coalesce(' ~ data_health.engine_sql('is_number', old) ~ ', false)' %}
        {%- endif %}
        {{ data_health.engine_sql('count_where', failed) }} as failed_{{ rule.number }},
        {{ data_health.engine_sql('count_where', '(' ~ failed ~ ' or ' ~ changed ~ ')') }} as affected_{{ rule.number }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ prefix }}cleaned

),
{%- endfor %}

counted as (
{% for item in plans %}{% set outer = loop %}{% for rule in item.plan.rules %}
    select
        {{ data_health.text_literal(item.cleaning) }} as cleaning,
        {{ item.numbers[loop.index0] }} as rule_number,
        row_count,
        cast(affected_{{ rule.number }} as bigint) as affected_count,
        cast({{ 'failed_' ~ rule.number if rule.kind in ['cast', 'units', 'epoch'] else '0' }} as bigint) as lost_count
    from set_{{ outer.index }}_counts
    {{ 'union all' if not (outer.last and loop.last) }}
{%- endfor %}{% else %}
{{ data_health.rows_as_table({'cleaning': 'varchar', 'rule_number': 'bigint', 'row_count': 'bigint', 'affected_count': 'bigint',
    'lost_count': 'bigint'}) }}
{%- endfor %}

),

-- columns of which a rule would lose values that the sample does not have
unreadable as (

    select distinct
        suggestions.cleaning,
        suggestions.column_name
    from suggestions
    inner join counted
        on suggestions.cleaning = counted.cleaning
        and suggestions.rule_number = counted.rule_number
    where counted.lost_count > 0

),

-- rules that need what such a rule makes of the column
needless as (

    select distinct
        suggestions.cleaning,
        suggestions.rule_number
    from suggestions
    inner join unreadable
        on suggestions.cleaning = unreadable.cleaning
        and (
            (suggestions.column_name = unreadable.column_name and suggestions.kind in ('format', 'range'))
            or (suggestions.kind in ('order', 'arithmetic') and position('"' || unreadable.column_name || '"' in suggestions.rule) > 0)
        )

)

select
    suggestions.cleaning,
    suggestions.rule_number,
    suggestions.column_name,
    case when counted.lost_count > 0 then 'question' else suggestions.kind end as kind,
    case when counted.lost_count > 0 then null else suggestions.rule end as rule,
    suggestions.evidence || case
        when counted.lost_count > 0
            then ' in the sample. Of all ' || counted.row_count || ' rows, ' || counted.lost_count
                || ' have something else. What are these? ' || suggestions.rule || ' would lose them'
        else ''
    end as evidence,
    coalesce(counted.row_count, suggestions.sampled_count) as sampled_count,
    case
        when counted.lost_count > 0 then counted.lost_count
        else coalesce(counted.affected_count, suggestions.affected_count)
    end as affected_count,
    cast(case
        when counted.lost_count > 0 then counted.lost_count
        else coalesce(counted.affected_count, suggestions.affected_count)
    end as double precision) / nullif(coalesce(counted.row_count, suggestions.sampled_count), 0) as affected_share,
    {{ data_health.run_time() }} as built_at
from suggestions
left join counted
    on suggestions.cleaning = counted.cleaning
    and suggestions.rule_number = counted.rule_number
left join needless
    on suggestions.cleaning = needless.cleaning
    and suggestions.rule_number = needless.rule_number
where needless.rule_number is null
