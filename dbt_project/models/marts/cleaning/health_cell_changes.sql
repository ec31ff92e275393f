{{ config(
    enabled='cleaning' in data_health.parts_on(),
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='cleaning_period_key',
    on_schema_change='append_new_columns',
    full_refresh=false
) }}
-- depends_on: {{ ref('health_monitors') }}
{%- do data_health.begin_model(reads=[ref('health_rule_outcomes')], adds_to_this=true) %}
{%- set plans, is_logged, wanted = [], ['false'], [] %}
{%- for name, cleaning in data_health.cleaning_sets().items() if cleaning.relation and cleaning.rules and cleaning.log_changes %}
    {%- set plan, logged, counted, names = data_health.cleaning_plan(name), [], ['0'], ["''"] %}
    {%- for rule in plan.rules if rule.column is not none and (rule.column in plan.set.log_changes or 'all' in plan.set.log_changes) %}
        {%- do logged.append(rule) %}
        {%- do names.append(data_health.text_literal(rule.column)) %}
        {#- what such a rule changes is not kept -#}
        {%- if rule.on_failure != 'quarantine' %}{% do counted.append(rule.number | string) %}{% endif %}
    {%- endfor %}
    {%- set is_of_set = 'cleaning = ' ~ data_health.text_literal(name) %}
    {#- of a relation that is not there nothing is known -#}
    {%- do is_logged.append(is_of_set if not plan.rules else is_of_set ~ ' and column_name in (' ~ names | join(', ') ~ ')') %}
    {%- if logged %}
        {%- do plans.append({'plan': plan, 'logged': logged}) %}
        {%- do wanted.append("select cleaning_period_key, cleaning, period_start, max(built_from) || ', log "
            ~ local_md5([plan.set.log_changes, plan.set.key] | string)[:12]
            ~ "' as built_from, sum(case when rule_number in (" ~ counted | join(', ')
                ~ ") then changed_count else 0 end) as changed_count from " ~ ref('health_rule_outcomes')
            ~ ' where ' ~ is_of_set ~ " and built_from like '%, " ~ plan.fingerprint
                ~ "' group by cleaning_period_key, cleaning, period_start") %}
    {%- endif %}
{%- endfor %}
{%- set columns = {
    'cleaning': 'varchar', 'row_key': 'varchar', 'column_name': 'varchar', 'rule': 'varchar', 'rule_number': 'integer',
    'period_start': 'date', 'value_before': 'varchar', 'value_after': 'varchar'
} %}
{%- set wanted_columns = {'cleaning_period_key': 'varchar', 'cleaning': 'varchar', 'period_start': 'date', 'built_from': 'varchar',
    'changed_count': 'bigint'} %}
{%- set wanted_periods = wanted | join('\n    union all\n    ') or data_health.rows_as_table(wanted_columns) %}
{#- an older version of the package wrote the table whole, without what it was built from -#}
{%- set past = data_health.stored_model() %}
{%- set is_stored = past is not none and 'built_from' in adapter.get_columns_in_relation(past) | map(attribute='name') | map('lower') %}
{%- set still_holds %}
    {%- if is_stored -%}
        ({{ is_logged | join(' or ') }})
            and not exists (
                select 1
                from ({{ wanted_periods }}) as wanted
                where wanted.cleaning_period_key = {{ this }}.cleaning_period_key
                    and wanted.built_from is distinct from {{ this }}.built_from
            )
    {%- else -%} false
    {%- endif %}
{%- endset %}
{%- if past is not none and past.is_table and flags.WHICH in ['run', 'build', 'retry'] and not flags.EMPTY %}
    {%- call statement('forget_other_changes', auto_begin=true) %}
        delete from {{ this }}
        where not ({{ still_holds }})
    {%- endcall %}
{%- endif %}

{% set new_rows %}
with wanted as (

    {{ wanted_periods }}

),

stored as (
{% if is_stored %}
    select distinct cleaning_period_key
    from {{ this }}
    where {{ still_holds }}
{%- else %}
    {{ data_health.rows_as_table({'cleaning_period_key': 'varchar'}) }}
{%- endif %}

)
{%- for item in plans if execute %}{% set plan, prefix = item.plan, 'set_' ~ loop.index ~ '_' %},
{%- set asked, changed, keys = {}, [], [] %}
{%- for rule in plan.rules if rule.on_failure == 'quarantine' %}{% do asked.update({rule.number: ['failed']}) %}{% endfor %}
{%- for rule in item.logged %}
    {%- do asked.update({rule.number: asked.get(rule.number, []) + ['changed', 'before', 'after']}) %}
    {%- do changed.append('data_health_changed_' ~ rule.number) %}
{%- endfor %}
{%- for key in plan.set.key %}{% do keys.append("coalesce(cast(" ~ data_health.quoted(key) ~ " as varchar), '')") %}{% endfor %}

{{ prefix }}changed_periods as (

    select wanted.period_start
    from wanted
    left join stored
        on wanted.cleaning_period_key = stored.cleaning_period_key
    where wanted.cleaning = {{ data_health.text_literal(plan.set.name) }}
        and wanted.changed_count > 0
        and stored.cleaning_period_key is null

),

{%- if is_stored %}
{{ data_health.rows_of_changed_periods(plan, prefix) }},
{% endif %}
{{ data_health.cleaning_stages(plan, plan.rules, asked, prefix=prefix, source=prefix ~ 'rows_of_changed_periods' if is_stored
    else none, where='true' if is_stored else none) }},

-- the rows that clean() keeps and of which a rule changed a value
{{ prefix }}changed as {{ data_health.engine_sql('materialized') }}(

    select
        {{ keys | join(" || '|' || ") or 'cast(null as varchar)' }} as row_key,
        {{ plan.period }} as period_start,
        {%- for rule in item.logged %}
        data_health_before_{{ rule.number }},
        data_health_after_{{ rule.number }},
        data_health_changed_{{ rule.number }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ prefix }}cleaned
    where {{ plan.is_kept }}
        and ({{ changed | join(' or ') }})

),

{{ prefix }}changes as (
    {%- for rule in item.logged %}

    select
        {{ data_health.text_literal([plan.set.name]) }}, row_key, {{ data_health.text_literal([rule.column, rule.name]) }},
            {{ rule.number }}, period_start,
        data_health_before_{{ rule.number }}, data_health_after_{{ rule.number }}
    from {{ prefix }}changed
    where data_health_changed_{{ rule.number }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)
{%- endfor %},

changes ({{ columns | join(', ') }}) as (
{% for item in plans if execute %}
    select * from set_{{ loop.index }}_changes
    {{ 'union all' if not loop.last }}
{%- else %}
    {{ data_health.rows_as_table(columns) }}
{%- endfor %}

)

select
    changes.cleaning,
    changes.row_key,
    changes.column_name,
    changes.rule,
    changes.rule_number,
    changes.period_start,
    wanted.cleaning_period_key,
    changes.value_before,
    changes.value_after,
    wanted.built_from,
    '{{ invocation_id }}' as run_id,
    {{ data_health.run_time() }} as built_at
from changes
-- periods that came after the outcomes were counted are left to the next run
inner join wanted
    on changes.cleaning || '|' || coalesce(cast(changes.period_start as varchar), 'none') = wanted.cleaning_period_key
{%- endset %}
{{ data_health.with_kept_rows(new_rows, still_holds) }}
