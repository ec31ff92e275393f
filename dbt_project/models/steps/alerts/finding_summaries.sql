{{ config(materialized='ephemeral') }}
with finding_periods as (

    select
        monitor,
        finding,
        column_name,
        change,
        segment_column,
        segment_value,
        reference,
        metric,
        first_period,
        period_start,
        severity,
        evidence,
        mart,
        relation,
        owner,
        is_open,
        acknowledged_until,
        acknowledged_by,
        note
    from {{ ref('finding_periods') }}

),

-- the evidence is that of the worst period, the newest of them if there are several
ranked_periods as (

    select
        finding_periods.*,
        row_number() over (
            partition by monitor, finding, column_name, change, segment_column, segment_value, first_period
            order by case severity when 'alert' then 1 else 2 end, period_start desc nulls last, reference, evidence nulls last
        ) as rank
    from finding_periods

),

-- what began at the same time against several references is one finding
findings as (

    select
        monitor,
        finding,
        column_name,
        change,
        segment_column,
        segment_value,
        first_period,
        max(period_start) as last_period,
        count(distinct period_start) as period_count,
        max(case when is_open then 1 else 0 end) = 1 as is_open,
        min(severity) as severity,
        max(case when rank = 1 then metric end) as metric,
        max(case when rank = 1 then evidence end) as evidence,
        max(mart) as mart,
        max(relation) as relation,
        max(owner) as owner,
        max(acknowledged_until) as acknowledged_until,
        max(acknowledged_by) as acknowledged_by,
        max(note) as note
    from ranked_periods
    group by monitor, finding, column_name, change, segment_column, segment_value, first_period

),

references_of_findings as (

    select distinct monitor, finding, column_name, change, segment_column, segment_value, first_period, reference
    from finding_periods
    where reference is not null

),

listed_references as (

    select
        monitor,
        finding,
        column_name,
        change,
        segment_column,
        segment_value,
        first_period,
        {{ dbt.listagg('reference', "', '", 'order by reference') }} as reference_list
    from references_of_findings
    group by monitor, finding, column_name, change, segment_column, segment_value, first_period

)

select
    findings.monitor,
    findings.finding,
    findings.column_name,
    findings.change,
    findings.segment_column,
    findings.segment_value,
    listed_references.reference_list,
    findings.metric,
    findings.severity,
    findings.first_period,
    findings.last_period,
    findings.period_count,
    findings.is_open,
    findings.evidence,
    findings.mart,
    findings.relation,
    findings.owner,
    findings.acknowledged_until,
    findings.acknowledged_by,
    findings.note
from findings
left join listed_references
    on findings.monitor = listed_references.monitor
    and findings.finding = listed_references.finding
    and coalesce(findings.column_name, '(null)') = coalesce(listed_references.column_name, '(null)')
    and findings.change = listed_references.change
    and findings.segment_column = listed_references.segment_column
    and coalesce(findings.segment_value, '(null)') = coalesce(listed_references.segment_value, '(null)')
    and findings.first_period = listed_references.first_period
