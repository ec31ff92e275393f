{{ config(
    enabled='cleaning' in data_health.parts_on(),
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='cleaning_period_key',
    on_schema_change='append_new_columns',
    full_refresh=false
) }}
-- depends_on: {{ ref('health_monitors') }}
{%- do data_health.begin_model(adds_to_this=true) %}
{%- set plans, is_stored = [], data_health.stored_model() is not none %}
{%- for name, cleaning in data_health.cleaning_sets().items() if cleaning.relation and cleaning.rules %}
    {%- do plans.append(data_health.cleaning_plan(name)) %}
{%- endfor %}
{%- set columns = {
    'cleaning': 'varchar', 'rule_number': 'integer', 'rule': 'varchar', 'column_name': 'varchar', 'kind': 'varchar',
        'on_failure': 'varchar',
    'period_start': 'date', 'row_count': 'bigint', 'tested_count': 'bigint', 'failed_count': 'bigint',
    'changed_count': 'bigint', 'first_example': 'varchar', 'last_example': 'varchar', 'built_from': 'varchar'
} %}

{% set new_rows %}
with stored as (
{{ data_health.past_rows({'cleaning': 'varchar', 'period_start': 'date', 'built_from': 'varchar'}, distinct=true) }}

)
{%- for plan in plans if execute and plan.rules %}{% set prefix = 'set_' ~ loop.index ~ '_' %},
{%- set time, others, counts, asked = [plan.set.time] if plan.set.time else [], [], {}, {} %}
{%- for column in plan.columns if column not in time %}{% do others.append(column) %}{% endfor %}
{#- values are counted where that tells the same as a condition per row, which costs ten times as much -#}
{%- for rule in plan.rules %}
    {%- set number, sums = rule.number, {} %}
    {%- set old_count, new_count = 'count(data_health_old_' ~ number ~ ')', 'count(data_health_new_' ~ number ~ ')' %}
    {%- for name in ['tested', 'failed', 'changed'] %}
        {%- do sums.update({name: 'sum(cast(data_health_' ~ name ~ '_' ~ number ~ ' as integer))'}) %}
    {%- endfor %}
    {%- if not rule.when and rule.kind not in ['expression', 'set'] %}
        {%- do sums.update({'tested': 'count(*)' if rule.kind == 'required' else old_count}) %}
        {%- if rule.kind == 'required' %}{% do sums.update({'failed': 'count(*) - ' ~ old_count}) %}
        {%- elif rule.kind in ['cast', 'units', 'epoch'] and rule.on_failure != 'default' %}
            {%- do sums.update({'failed': old_count ~ ' - ' ~ new_count}) %}
        {%- elif rule.kind == 'null_values' %}{% do sums.update({'changed': old_count ~ ' - ' ~ new_count}) %}
        {%- endif %}
    {%- endif %}
    {%- if rule.on_failure is none %}{% do sums.update({'failed': '0'}) %}
    {%- else %}{% do sums.update({'changed': sums.failed if rule.changes else '0'}) %}
    {%- endif %}
    {%- set kept = ['before', 'failed', 'changed'] if rule.column in plan.set.show_values else [] %}
    {%- for name in ['old', 'new', 'tested', 'failed', 'changed'] if 'data_health_' ~ name ~ '_' in sums.values() | join(' ') %}
        {%- do kept.append(name) %}
    {%- endfor %}
    {%- do counts.update({number: sums}) %}
    {%- do asked.update({number: kept}) %}
{%- endfor %}
{%- set loaded = 'cast(' ~ plan.load ~ ' as varchar) as data_health_load' %}
{%- set built_from = "count(*) || ' rows, newest ' || coalesce(max(data_health_load), 'unknown') || ', " ~ plan.fingerprint ~ "'" %}

{%- if is_stored %}

-- only the periods whose rows or rules are not those that the stored outcomes were built from
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
        and (stored.period_start is null) = (current_periods.period_start is null)
    where stored.built_from is distinct from current_periods.built_from

),

{{ data_health.rows_of_changed_periods(plan, prefix) }},
{%- endif %}

{{ data_health.cleaning_stages(plan, plan.rules, asked, columns=others + time, carried=[loaded], prefix=prefix, source=prefix
    ~ 'rows_of_changed_periods' if is_stored else none, where='true' if is_stored else none) }},

{{ prefix }}counts as (

    select
        {{ plan.period }} as period_start,
        {%- for rule in plan.rules %}
        {%- for name, count in counts[rule.number].items() %}
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

-- a row per period and rule
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
{%- endfor %},

outcomes ({{ columns | join(', ') }}) as (
{% for plan in plans if execute and plan.rules %}
    select * from set_{{ loop.index }}_outcomes
    {{ 'union all' if not loop.last }}
{%- else %}
    {{ data_health.rows_as_table(columns) }}
{%- endfor %}

)

select
    cleaning,
    rule,
    column_name,
    kind,
    on_failure,
    period_start,
    cleaning || '|' || coalesce(cast(period_start as varchar), 'none') as cleaning_period_key,
    rule_number,
    row_count,
    cast(tested_count as bigint) as tested_count,
    cast(failed_count as bigint) as failed_count,
    cast(changed_count as bigint) as changed_count,
    case when on_failure is not null then cast(failed_count as double precision) / nullif(tested_count, 0) end as failed_share,
    first_example,
    last_example,
    built_from,
    '{{ invocation_id }}' as run_id,
    {{ data_health.run_time() }} as built_at
from outcomes
{%- endset %}
{{ data_health.with_kept_rows(new_rows) }}
