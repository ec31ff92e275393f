{{ config(
    enabled=data_health.part_is_on('cleaning'),
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='cleaning_period_key',
    on_schema_change='append_new_columns',
    full_refresh=false
) }}
-- depends_on: {{ ref('health_monitors') }}
{%- do data_health.begin_model(adds_to_this=true) %}
{%- set plans = [] %}
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
{%- for plan in plans if execute and plan.rules %},

{{ data_health.rule_outcomes(plan, 'set_' ~ loop.index ~ '_', data_health.past_of_this() is not none) }}
{%- endfor %},

outcomes ({{ columns | join(', ') }}) as (
{% for plan in plans if execute and plan.rules %}
    select * from set_{{ loop.index }}_outcomes
    {{ 'union all' if not loop.last }}
{%- else %}
    {{ data_health.no_rows(columns) }}
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
