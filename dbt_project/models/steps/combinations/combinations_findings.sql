{{ config(enabled='combinations' in data_health.parts_on(), materialized='ephemeral') }}
with combinations as (

    select
        monitor,
        period_start,
        reference,
        column_names,
        status,
        reason,
        unseen_share,
        row_count
    from {{ ref('health_coverage_combinations') }}
    where column_names <> '(all)'

)


select
    monitor,
    'combinations' as finding,
    column_names as column_name,
    '(all)' as segment_column,
    '(all)' as segment_value,
    reference,
    'unseen_share' as metric,
    period_start,
    status,
    coalesce(cast(cast(100 * unseen_share as decimal(5, 1)) as varchar) || ' % of ' || cast(row_count as varchar) || ' rows: ', '')
        || coalesce(reason, 'covered') || ', against ' || reference as evidence,
    'health_coverage_combinations' as mart
from combinations
