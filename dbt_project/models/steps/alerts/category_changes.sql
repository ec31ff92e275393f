{{ config(materialized='ephemeral') }}
{%- set has_drift = 'drift' in data_health.parts_on() %}
with findings as (

    select distinct
        monitor,
        column_name,
        split_part(reference_list, ', ', 1) as reference,
        last_period as period_start
    from {{ ref('finding_summaries') }}
    where finding = 'drift'
        and segment_column = '(all)'

),

drift_columns as (

    select column_number, monitor, column_name
    from {{ data_health.named_model('drift_columns', has_drift, {
        'column_number': 'integer', 'monitor': 'varchar', 'column_name': 'varchar', 'segment_column': 'varchar'
    }) }}
    where segment_column = '(all)'

),

drift_comparisons as (

    select comparison_number, monitor, reference, period_start
    from {{ data_health.named_model('drift_comparisons', has_drift, {
        'comparison_number': 'integer', 'monitor': 'varchar', 'reference': 'varchar', 'period_start': 'date'
    }) }}

),

drift_groups as (

    select comparison_number, column_number, category, reference_count, row_count
    from {{ data_health.named_model('drift_groups', has_drift, {
        'comparison_number': 'integer', 'column_number': 'integer', 'group_type': 'varchar', 'category': 'varchar',
        'reference_count': 'double precision', 'row_count': 'double precision'
    }) }}
    where group_type = 'value'

),

shares as (

    select
        findings.*,
        drift_groups.category,
        drift_groups.reference_count / nullif(sum(drift_groups.reference_count) over whole, 0) as share_before,
        drift_groups.row_count / nullif(sum(drift_groups.row_count) over whole, 0) as share
    from findings
    inner join drift_columns
        on findings.monitor = drift_columns.monitor
        and findings.column_name = drift_columns.column_name
    inner join drift_comparisons
        on findings.monitor = drift_comparisons.monitor
        and findings.reference = drift_comparisons.reference
        and findings.period_start = drift_comparisons.period_start
    inner join drift_groups
        on drift_columns.column_number = drift_groups.column_number
        and drift_comparisons.comparison_number = drift_groups.comparison_number
    window whole as (partition by findings.monitor, findings.column_name, findings.reference, findings.period_start)

),

-- 1. The value whose share changed most.
ranked_changes as (

    select
        shares.*,
        row_number() over (
            partition by monitor, column_name, reference, period_start
            order by abs(share - share_before) desc nulls last, category nulls last
        ) as rank
    from shares

),

-- 2. A recoding: values are gone, and as many others came with their shares.
replaced as (

    select
        monitor,
        column_name,
        reference,
        period_start,
        category,
        share < 0.1 * share_before as is_gone,
        greatest(share, share_before) as replaced_share,
        row_number() over (
            partition by monitor, column_name, reference, period_start, case when share < 0.1 * share_before then 0 else 1 end
            order by greatest(share, share_before) desc nulls last, category nulls last
        ) as rank
    from shares
    where (share < 0.1 * share_before and share_before >= 0.01)
        or (share_before < 0.1 * share and share >= 0.01)

),

pairs as (

    select
        gone.monitor,
        gone.column_name,
        gone.reference,
        gone.period_start,
        gone.rank,
        gone.category as category_before,
        came.category,
        gone.replaced_share,
        abs(came.replaced_share - gone.replaced_share) <= 0.03 + 0.2 * gone.replaced_share as is_matched
    from replaced as gone
    left join replaced as came
        on gone.monitor = came.monitor
        and gone.column_name = came.column_name
        and gone.reference = came.reference
        and gone.period_start = came.period_start
        and gone.rank = came.rank
        and not came.is_gone
    where gone.is_gone

),

recodings as (

    select
        monitor,
        column_name,
        reference,
        period_start,
        count(*) as recoded_count,
        max(case when rank = 1 then category_before end) as recoded_from,
        max(case when rank = 1 then category end) as recoded_to
    from pairs
    group by monitor, column_name, reference, period_start
    having sum(replaced_share) >= 0.05
        and sum(case when is_matched then replaced_share else 0 end) >= 0.8 * sum(replaced_share)

)

select
    ranked_changes.monitor,
    ranked_changes.column_name,
    ranked_changes.reference,
    ranked_changes.period_start,
    ranked_changes.category,
    ranked_changes.share_before,
    ranked_changes.share,
    recodings.recoded_count,
    recodings.recoded_from,
    recodings.recoded_to
from ranked_changes
left join recodings
    on ranked_changes.monitor = recodings.monitor
    and ranked_changes.column_name = recodings.column_name
    and ranked_changes.reference = recodings.reference
    and ranked_changes.period_start = recodings.period_start
where ranked_changes.rank = 1
