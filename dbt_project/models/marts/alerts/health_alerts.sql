with finding_summaries as (

    select
        monitor,
        finding,
        column_name,
        change,
        segment_column,
        segment_value,
        reference_list,
        metric,
        severity,
        first_period,
        last_period,
        period_count,
        is_open,
        evidence,
        mart,
        relation,
        owner,
        acknowledged_until,
        acknowledged_by,
        note
    from {{ ref('finding_summaries') }}

),

incident_members as (

    select
        monitor,
        subject_kind,
        subject,
        is_from_previous,
        episode,
        finding,
        column_name,
        change,
        segment_column,
        segment_value,
        first_period
    from {{ ref('incident_members') }}

),

incident_groups as (

    select
        monitor,
        subject_kind,
        subject,
        is_from_previous,
        episode,
        incident_key
    from {{ ref('incident_groups') }}

),

grouped_findings as (

    select
        incident_members.*,
        incident_groups.incident_key
    from incident_members
    inner join incident_groups
        on incident_members.monitor = incident_groups.monitor
        and incident_members.subject_kind = incident_groups.subject_kind
        and incident_members.subject = incident_groups.subject
        and incident_members.is_from_previous = incident_groups.is_from_previous
        and incident_members.episode = incident_groups.episode

)

select
    finding_summaries.monitor,
    finding_summaries.finding,
    finding_summaries.column_name,
    finding_summaries.segment_column,
    finding_summaries.segment_value,
    finding_summaries.reference_list,
    finding_summaries.metric,
    finding_summaries.severity,
    finding_summaries.first_period,
    finding_summaries.last_period,
    cast(finding_summaries.period_count as bigint) as period_count,
    finding_summaries.is_open,
    finding_summaries.evidence,
    left(md5(grouped_findings.monitor || ' | ' || grouped_findings.incident_key), 12) as incident_id,
    finding_summaries.mart,
    finding_summaries.relation,
    finding_summaries.owner,
    finding_summaries.acknowledged_until is not null as is_acknowledged,
    finding_summaries.acknowledged_until as muted_until,
    finding_summaries.acknowledged_by,
    finding_summaries.note,
    {{ data_health.run_time() }} as built_at
from finding_summaries
left join grouped_findings
    on finding_summaries.monitor = grouped_findings.monitor
    and finding_summaries.finding = grouped_findings.finding
    and coalesce(finding_summaries.column_name, '(null)') = coalesce(grouped_findings.column_name, '(null)')
    and finding_summaries.change = grouped_findings.change
    and finding_summaries.segment_column = grouped_findings.segment_column
    and coalesce(finding_summaries.segment_value, '(null)') = coalesce(grouped_findings.segment_value, '(null)')
    and finding_summaries.first_period = grouped_findings.first_period
