{%- set loads = "('relation_missing', 'volume', 'window_volume', 'key', 'freshness', 'late_rows', 'implausible_time', 'empty_reference')" %}
with alerts as (

    select
        incident_id,
        monitor,
        finding,
        case when finding not in (
            'representation', 'known_bias', 'performance', 'fairness', 'combinations', 'cleaning_rule', 'label_rate', 'configuration',
            'no_convergence'
        ) then replace(column_name, ' (days from event)', '') end as column_name,
        segment_column,
        segment_value,
        reference_list,
        severity,
        first_period,
        last_period,
        period_count,
        is_open,
        relation,
        owner,
        is_acknowledged,
        muted_until,
        acknowledged_by,
        note
    from {{ ref('health_alerts') }}

),

leads as (

    select
        incident_id,
        finding,
        column_name,
        role,
        metric,
        effect,
        first_period_of_column,
        last_period_of_column,
        is_column_open,
        row_count,
        whole_row_count
    from {{ ref('incident_leads') }}

),

wordings as (

    select incident_id, change, change_in_words
    from {{ ref('incident_wordings') }}

),

-- 1. One row per incident: since when, how much, how severe.
incidents as (

    select
        incident_id,
        min(monitor) as monitor,
        min(severity) as severity,
        max(case when is_open then 1 else 0 end) = 1 as is_open,
        min(first_period) as first_period,
        max(last_period) as last_period,
        max(period_count) as longest_period_count,
        count(*) as finding_count,
        count(distinct column_name) as column_count,
        count(distinct case when segment_column <> '(all)' then segment_column || ': ' || coalesce(segment_value, '(null)') end)
            as segment_count,
        case when count(distinct case when segment_column <> '(all)' then segment_column end) = 1
            then ' of ' || max(case when segment_column <> '(all)' then segment_column end)
            else ''
        end as of_segment_column,
        max(case when finding in ('performance', 'fairness') then 1 else 0 end) as has_performance,
        max(case when finding in ('performance', 'fairness', 'positive', 'known_bias') then 1 else 0 end) as reaches_a_model,
        max(case when is_open and not is_acknowledged then 1 else 0 end) = 0 and max(case when is_acknowledged then 1 else 0 end) = 1
            as is_acknowledged,
        max(relation) as relation,
        max(owner) as owner,
        max(muted_until) as muted_until,
        max(acknowledged_by) as acknowledged_by,
        max(note) as note
    from alerts
    group by incident_id

),

columns_of_incidents as (

    select distinct
        alerts.incident_id,
        alerts.column_name,
        dense_rank() over (
            partition by alerts.incident_id
            order by case when alerts.column_name = leads.column_name then 0 else 1 end, alerts.column_name
        ) as place
    from alerts
    inner join leads
        on alerts.incident_id = leads.incident_id
    where alerts.column_name is not null

),

listed_columns as (

    select
        incident_id,
        {{ dbt.listagg('column_name', "', '", 'order by place') }} as column_list,
        {{ dbt.listagg("case when place between 1 and 6 then column_name end", "', '", 'order by place') }} as shortened_list,
        {{ dbt.listagg("case when place between 2 and 6 then column_name end", "', '", 'order by place') }} as others
    from columns_of_incidents
    group by incident_id

),

references_of_incidents as (

    select
        incident_id,
        {{ dbt.listagg('reference_list', "', '", 'order by reference_list') }} as reference_list
    from (
        select distinct incident_id, reference_list
        from alerts
        where reference_list is not null
    ) as distinct_references
    group by incident_id

),

-- 2. What happened to what leads, with its numbers.
worded as (

    select
        incidents.*,
        leads.finding as leading_finding,
        leads.column_name as leading_column,
        leads.role,
        leads.effect,
        leads.first_period_of_column,
        leads.last_period_of_column,
        leads.is_column_open,
        leads.row_count,
        leads.whole_row_count,
        case
            when leads.finding in {{ loads }} then 'load'
            when leads.finding = 'schema' or (leads.finding = 'feature_contract' and leads.metric in ('presence', 'type')) then 'schema'
            when leads.role = 'label' or leads.finding = 'label_rate' then 'label'
            when wordings.change = 'recoding' then 'recoding'
            when leads.finding in ('performance', 'fairness') then 'performance'
            when leads.finding in ('representation', 'combinations') then 'population'
            when leads.finding = 'known_bias' then 'bias'
            when leads.finding in ('configuration', 'no_convergence', 'cleaning_rule') then leads.finding
            when incidents.column_count > 1 then 'several columns'
            when incidents.column_count = 1 then 'one column'
            else 'features together'
        end as incident_kind,
        wordings.change_in_words
    from incidents
    inner join leads
        on incidents.incident_id = leads.incident_id
    inner join wordings
        on incidents.incident_id = wordings.incident_id

),

-- 3. What is at risk: how many of the rows, how large the change is beside its threshold, and whether a model reads it.
weighed as (

    select
        worded.*,
        case
            when not is_open and severity = 'warn' and longest_period_count = 1
                and incident_kind in ('one column', 'several columns', 'features together', 'population', 'performance', 'label')
                then 'passing'
            else incident_kind
        end as kind_of_incident,
        coalesce(row_count * 1e0 / nullif(whole_row_count, 0), 1)
            * least(effect, 10)
            * case when reaches_a_model = 1 or role in ('label', 'score', 'predicted_label') then 2 else 1 end
            * case severity when 'alert' then 1e0 else 0.5e0 end as risk
    from worded

)

select
    weighed.incident_id,
    weighed.monitor,
    weighed.kind_of_incident as incident_kind,
    weighed.severity,
    weighed.is_open,
    weighed.first_period,
    weighed.last_period,
    case when weighed.kind_of_incident = 'passing' then cast(weighed.finding_count as varchar)
        || case weighed.finding_count when 1 then ' difference' else ' differences' end || ' of one period, and no alert'
        || coalesce(', in ' || listed_columns.shortened_list, '') || '.'
    else case
        when weighed.is_column_open then 'Since ' || cast(weighed.first_period_of_column as varchar)
        when weighed.first_period_of_column = weighed.last_period_of_column
            then 'In the period of ' || cast(weighed.first_period_of_column as varchar)
        else 'From ' || cast(weighed.first_period_of_column as varchar) || ' to ' || cast(weighed.last_period_of_column as varchar)
    end || ', ' || weighed.change_in_words || '.'
        || case
            when weighed.column_count > 6 then ' ' || cast(weighed.column_count - 1 as varchar) || ' columns changed with it, such as '
                || listed_columns.others || '.'
            when weighed.column_count > 1 then ' Changed with it: ' || listed_columns.others || '.'
            else ''
        end
        || case when weighed.has_performance = 1 and weighed.incident_kind <> 'performance'
            then ' The performance of the model is worse since then.' else '' end
        || case when weighed.segment_count > 0 then ' Seen in ' || cast(weighed.segment_count as varchar)
            || case weighed.segment_count when 1 then ' segment' else ' segments' end || weighed.of_segment_column || '.'
            else ''
        end
    end as sentence,
    weighed.leading_column,
    cast(weighed.column_count as bigint) as column_count,
    listed_columns.column_list,
    cast(weighed.segment_count as bigint) as segment_count,
    references_of_incidents.reference_list,
    cast(weighed.finding_count as bigint) as finding_count,
    weighed.risk,
    row_number() over (
        order by
            case when weighed.is_open then 0 else 1 end, weighed.risk desc nulls last, weighed.first_period nulls last,
            weighed.incident_id nulls last
    ) as incident_rank,
    weighed.relation,
    weighed.owner,
    weighed.is_acknowledged,
    weighed.muted_until,
    weighed.acknowledged_by,
    weighed.note,
    {{ data_health.run_time() }} as built_at
from weighed
left join listed_columns
    on weighed.incident_id = listed_columns.incident_id
left join references_of_incidents
    on weighed.incident_id = references_of_incidents.incident_id
