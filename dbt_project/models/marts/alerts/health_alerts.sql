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

),

identified_findings as (

    select
        finding_summaries.*,
        left(md5(grouped_findings.monitor || ' | ' || grouped_findings.incident_key), 12) as incident_id,
        min(finding_summaries.severity) over (
            partition by grouped_findings.monitor, grouped_findings.incident_key
        ) as severity_of_incident
    from finding_summaries
    left join grouped_findings
        on finding_summaries.monitor = grouped_findings.monitor
        and finding_summaries.finding = grouped_findings.finding
        and coalesce(finding_summaries.column_name, '(null)') = coalesce(grouped_findings.column_name, '(null)')
        and finding_summaries.change = grouped_findings.change
        and finding_summaries.segment_column = grouped_findings.segment_column
        and coalesce(finding_summaries.segment_value, '(null)') = coalesce(grouped_findings.segment_value, '(null)')
        and finding_summaries.first_period = grouped_findings.first_period

),

-- an incident is acknowledged with all its findings, those that come later too; `incident_warn` ends where it becomes an alert
acknowledged_incidents as (

    select
        column_name as incident_id,
        finding,
        acknowledged_until,
        acknowledged_by,
        note,
        row_number() over (
            partition by column_name
            order by case finding when 'incident' then 0 else 1 end, acknowledged_until desc nulls last, acknowledged_by nulls last,
                note nulls last
        ) as rank
    from {{ ref('valid_acknowledgements') }}
    where finding in ('incident', 'incident_warn')

)

select
    identified_findings.monitor,
    identified_findings.finding,
    identified_findings.column_name,
    identified_findings.segment_column,
    identified_findings.segment_value,
    identified_findings.reference_list,
    identified_findings.metric,
    identified_findings.severity,
    identified_findings.first_period,
    identified_findings.last_period,
    cast(identified_findings.period_count as bigint) as period_count,
    identified_findings.is_open,
    identified_findings.evidence,
    identified_findings.incident_id,
    identified_findings.mart,
    identified_findings.relation,
    identified_findings.owner,
    coalesce(identified_findings.acknowledged_until, acknowledged_incidents.acknowledged_until) is not null as is_acknowledged,
    coalesce(identified_findings.acknowledged_until, acknowledged_incidents.acknowledged_until) as muted_until,
    coalesce(identified_findings.acknowledged_by, acknowledged_incidents.acknowledged_by) as acknowledged_by,
    coalesce(identified_findings.note, acknowledged_incidents.note) as note,
    {{ data_health.run_time() }} as built_at
from identified_findings
left join acknowledged_incidents
    on identified_findings.incident_id = acknowledged_incidents.incident_id
    and acknowledged_incidents.rank = 1
    and (acknowledged_incidents.finding = 'incident' or identified_findings.severity_of_incident = 'warn')
