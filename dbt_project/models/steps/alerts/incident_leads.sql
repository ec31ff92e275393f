{{ config(materialized='ephemeral') }}
{%- set has_drift, has_profile = 'drift' in data_health.parts_on(), 'profile' in data_health.parts_on() %}
with alerts as (

    select
        incident_id,
        monitor,
        finding,
        column_name,
        segment_column,
        segment_value,
        reference_list,
        metric,
        severity,
        first_period,
        last_period,
        period_count,
        is_open,
        evidence
    from {{ ref('health_alerts') }}

),

columns_of_monitors as (

    select monitor, name, role, is_value_shown
    from {{ ref('health_monitors') }}
    where subject = 'column'

),

drift as (

    select
        monitor,
        column_name,
        period_start,
        segment_column,
        segment_value,
        max(least(value, 1e6) / alert_threshold) as effect
    from {{ data_health.named_model('health_drift', has_drift, {
        'monitor': 'varchar', 'column_name': 'varchar', 'period_start': 'date', 'segment_column': 'varchar', 'segment_value': 'varchar',
        'metric': 'varchar', 'deciding_metric': 'varchar', 'column_status': 'varchar', 'value': 'double precision',
        'alert_threshold': 'double precision'
    }) }}
    where metric = deciding_metric
        and column_status in ('warn', 'alert')
        and alert_threshold > 0
    group by monitor, column_name, period_start, segment_column, segment_value

),

profiles as (

    select
        monitor,
        dataset,
        column_name,
        period_start,
        segment_column,
        segment_value,
        kind,
        row_count,
        null_share + coalesce(nan_share, 0) as missing_share,
        mean,
        standard_deviation,
        top_value,
        top_share
    from {{ data_health.named_model('health_profile', has_profile, {
        'monitor': 'varchar', 'dataset': 'varchar', 'column_name': 'varchar', 'period_start': 'date', 'segment_column': 'varchar',
        'segment_value': 'varchar', 'kind': 'varchar', 'row_count': 'bigint', 'null_share': 'double precision',
        'nan_share': 'double precision',
        'mean': 'double precision', 'standard_deviation': 'double precision', 'top_value': 'varchar', 'top_share': 'double precision'
    }) }}

),

-- 1. Which finding leads: what others follow from, whole tables before columns, columns before predictions, the largest effect first.
measured as (

    select
        alerts.*,
        columns_of_monitors.role,
        coalesce(columns_of_monitors.is_value_shown, false) as is_value_shown,
        coalesce(drift.effect, 1) as effect,
        case when alerts.reference_list is not null then split_part(alerts.reference_list, ', ', 1) end as reference,
        case
            when alerts.finding in ('relation_missing', 'volume', 'window_volume', 'key', 'freshness', 'late_rows') then 1
            when columns_of_monitors.role = 'label' then 2
            when alerts.finding = 'schema' and alerts.severity = 'alert' then 3
            when alerts.finding in ('drift', 'window_drift') and columns_of_monitors.role in ('score', 'predicted_label') then 7
            when alerts.finding in ('drift', 'window_drift') then 4
            when alerts.finding in ('combinations', 'multivariate_drift', 'region') then 8
            when alerts.finding in ('performance', 'fairness', 'cleaning_rule', 'label_rate') then 6
            else 5
        end as place
    from alerts
    left join columns_of_monitors
        on alerts.monitor = columns_of_monitors.monitor
        and alerts.column_name = columns_of_monitors.name
    left join drift
        on alerts.finding = 'drift'
        and alerts.monitor = drift.monitor
        and alerts.column_name = drift.column_name
        and alerts.last_period = drift.period_start
        and alerts.segment_column = drift.segment_column
        and alerts.segment_value = drift.segment_value

),

ranked as (

    select
        measured.*,
        -- a warning of one period before may have been chance
        coalesce(
            min(case when severity = 'alert' or is_open or period_count > 1 then first_period end)
                over (partition by incident_id, column_name),
            min(first_period) over (partition by incident_id, column_name)
        ) as first_period_of_column,
        max(last_period) over (partition by incident_id, column_name) as last_period_of_column,
        max(case when is_open then 1 else 0 end) over (partition by incident_id, column_name) as is_column_open,
        max(effect) over (partition by incident_id) as largest_effect,
        row_number() over (
            partition by incident_id
            order by
                place,
                case when segment_column = '(all)' then 0 else 1 end,
                case when is_open then 0 else 1 end,
                severity,
                effect desc nulls last,
                period_count desc nulls last,
                first_period nulls last,
                column_name nulls last,
                segment_value nulls last,
                reference_list nulls last,
                metric nulls last
        ) as lead_rank
    from measured

),

leads as (

    select *
    from ranked
    where lead_rank = 1

),

-- 2. The column that leads, now and in what it is compared with.
periods_before as (

    select
        leads.incident_id,
        max(profiles.period_start) as period_start
    from leads
    inner join profiles
        on leads.monitor = profiles.monitor
        and leads.column_name = profiles.column_name
        and profiles.dataset = 'production'
        and profiles.segment_column = '(all)'
        and profiles.period_start < leads.first_period
    group by leads.incident_id

)

select
    leads.incident_id,
    leads.monitor,
    leads.finding,
    leads.column_name,
    leads.role,
    leads.is_value_shown,
    leads.segment_column,
    leads.segment_value,
    leads.reference,
    leads.metric,
    leads.largest_effect as effect,
    leads.evidence,
    leads.last_period,
    leads.first_period_of_column,
    leads.last_period_of_column,
    leads.is_column_open = 1 as is_column_open,
    now.kind,
    now.row_count,
    now.missing_share,
    now.mean,
    now.standard_deviation,
    now.top_value,
    now.top_share,
    before.missing_share as missing_share_before,
    before.mean as mean_before,
    before.standard_deviation as standard_deviation_before,
    before.top_value as top_value_before,
    before.top_share as top_share_before,
    whole.row_count as whole_row_count
from leads
left join periods_before
    on leads.incident_id = periods_before.incident_id
left join profiles as now
    on leads.finding in ('drift', 'window_drift', 'coverage', 'label_rate', 'feature_contract')
    and leads.monitor = now.monitor
    and leads.column_name = now.column_name
    and leads.last_period = now.period_start
    and leads.segment_column = now.segment_column
    and leads.segment_value = now.segment_value
    and now.dataset = 'production'
left join profiles as whole
    on leads.monitor = whole.monitor
    and leads.column_name = whole.column_name
    and leads.last_period = whole.period_start
    and whole.segment_column = '(all)'
    and whole.dataset = 'production'
left join profiles as before
    on leads.monitor = before.monitor
    and leads.column_name = before.column_name
    and leads.segment_column = before.segment_column
    and leads.segment_value = before.segment_value
    and (
        (leads.reference = before.dataset and before.dataset <> 'production')
        or (leads.reference = '(previous period)' and before.dataset = 'production' and before.period_start = periods_before.period_start)
    )
