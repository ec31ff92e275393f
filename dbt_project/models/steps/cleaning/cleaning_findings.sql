{{ config(enabled='cleaning' in data_health.parts_on(), materialized='ephemeral') }}
with rule_judgements as (

    select cleaning, rule, period_start, tested_count, failed_count, usual_share, status
    from {{ ref('rule_judgements') }}

)

select
    cleaning as monitor,
    'cleaning_rule' as finding,
    rule as column_name,
    '(all)' as segment_column,
    '(all)' as segment_value,
    cast(null as varchar) as reference,
    'failed_share' as metric,
    period_start,
    status,
    case when failed_count = tested_count then 'no row passes: ' else '' end
        || cast(failed_count as varchar) || ' of ' || cast(tested_count as varchar) || ' rows failed'
        || coalesce('; usually ' || cast(cast(100 * usual_share as decimal(5, 1)) as varchar) || ' %', '') as evidence,
    'health_rule_outcomes' as mart
from rule_judgements
