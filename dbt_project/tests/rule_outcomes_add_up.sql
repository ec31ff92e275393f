{{ config(enabled='cleaning' in data_health.parts_on()) }}
-- no rule fails or changes more rows than it looked at, nor looks at more than there are
select
    cleaning,
    rule,
    period_start,
    row_count,
    tested_count,
    failed_count,
    changed_count
from {{ ref('health_rule_outcomes') }}
where not (0 <= failed_count and failed_count <= tested_count and tested_count <= row_count)
    or not (0 <= changed_count and changed_count <= row_count)
    or row_count is null
    or tested_count is null
    or failed_count is null
    or changed_count is null
