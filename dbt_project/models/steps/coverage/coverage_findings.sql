{{ config(enabled='coverage' in data_health.parts_on(), materialized='ephemeral') }}
with coverages as (

    select
        monitor,
        period_start,
        segment_column,
        segment_value,
        reference,
        column_name,
        status,
        reason,
        row_count,
        case when reason = 'out of range' then 'out_of_range_share' else 'unseen_share' end as metric,
        case when reason = 'out of range' then out_of_range_share else unseen_share end as share
    from {{ ref('health_coverage') }}

)

select
    monitor,
    'coverage' as finding,
    column_name,
    segment_column,
    segment_value,
    reference,
    metric,
    period_start,
    status,
    coalesce(cast(cast(100 * share as decimal(5, 1)) as varchar) || ' % of ' || cast(row_count as varchar) || ' rows: ', '')
        || coalesce(reason, 'covered') || ', against ' || reference as evidence,
    'health_coverage' as mart
from coverages
