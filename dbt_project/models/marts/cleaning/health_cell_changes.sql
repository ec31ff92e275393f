-- depends_on: {{ ref('health_monitors') }}
{%- set plans = [] %}
{%- for name, cleaning in data_health.cleaning_sets().items() if cleaning.relation and cleaning.rules and cleaning.log_changes %}{% do plans.append(data_health.cleaning_plan(name)) %}{% endfor %}
{%- set columns = {
    'cleaning': 'varchar', 'row_key': 'varchar', 'column_name': 'varchar', 'rule': 'varchar', 'rule_number': 'integer',
    'period_start': 'date', 'value_before': 'varchar', 'value_after': 'varchar'
} %}

with
{%- for plan in plans if execute and plan.rules %}
{{ data_health.cell_changes(plan, 'set_' ~ loop.index ~ '_') }},
{% endfor %}
changes ({{ columns | join(', ') }}) as (
{% for plan in plans if execute and plan.rules %}
    select * from set_{{ loop.index }}_changes
    {{ 'union all' if not loop.last }}
{%- else %}
    {{ data_health.no_rows(columns) }}
{%- endfor %}

)

select
    cleaning,
    row_key,
    column_name,
    rule,
    rule_number,
    period_start,
    value_before,
    value_after,
    '{{ invocation_id }}' as run_id,
    {{ data_health.run_time() }} as built_at
from changes
