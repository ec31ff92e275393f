{{ config(enabled='cleaning' in data_health.parts_on()) }}
-- depends_on: {{ ref('health_monitors') }}

select
    cleaning,
    rule_number,
    column_name,
    kind,
    rule,
    evidence,
    sampled_count,
    affected_count,
    cast(affected_count as double precision) / nullif(sampled_count, 0) as affected_share,
    {{ data_health.run_time() }} as built_at
from {{ data_health.named_model('rule_suggestions', data_health.cleaning_asks_for('suggest'), {
    'cleaning': 'varchar', 'rule_number': 'bigint', 'column_name': 'varchar', 'kind': 'varchar', 'rule': 'varchar',
    'evidence': 'varchar', 'sampled_count': 'bigint', 'affected_count': 'bigint'
}) }}
