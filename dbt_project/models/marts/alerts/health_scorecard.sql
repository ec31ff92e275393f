{%- set statuses = ['ok', 'warn', 'alert', 'insufficient_data'] %}
{%- set kinds = [
    'volume', 'window_volume', 'late_rows', 'key', 'freshness', 'implausible_time', 'empty_reference', 'schema', 'drift', 'window_drift',
    'multivariate_drift', 'coverage', 'combinations', 'representation', 'region', 'known_bias', 'feature_contract',
    'serving_skew', 'performance', 'fairness', 'label_rate', 'configuration', 'positive', 'score', 'no_convergence', 'relation_missing'
] %}
with periods as (

    select
        monitor,
        period_start,
        period_end,
        is_latest,
        period_status,
        row_count
    from {{ ref('health_volume' if 'volume' in data_health.parts_on() else 'production_periods') }}
    where period_start is not null
        and period_status <> 'implausible'

),

configured as (

    select monitor, subject, name, value, is_monitored, owner
    from {{ ref('health_monitors') }}

),

monitors as (

    select
        monitor,
        max(case when subject = 'setting' and name = 'default_reference' then value end) as default_reference,
        count(case when subject = 'column' and is_monitored then 1 end) as monitored_column_count,
        max(owner) as owner
    from configured
    group by monitor

),

judgements as (

    select
        monitor,
        finding,
        period_start,
        segment_column,
        column_name,
        reference,
        status
    from {{ ref('findings') }}
    where finding <> 'cleaning_rule'

),

-- the worst of each kind of finding; too little data stands behind a judgement, whatever it is
worst_of_kinds as (

    select
        monitor,
        period_start
        {%- for kind in kinds %},
        case max(case when finding = '{{ kind }}' then case status when 'alert' then 4 when 'warn' then 3 when 'ok' then 2 else 1 end end)
            when 4 then 'alert' when 3 then 'warn' when 2 then 'ok' when 1 then 'insufficient_data'
        end as {{ kind }}_status
        {%- endfor %}
    from judgements
    group by monitor, period_start

),

-- of a column against the default reference, or, where the monitor has none, against the period before
drift_of_columns as (

    select
        judgements.monitor,
        judgements.period_start,
        judgements.column_name,
        judgements.status
    from judgements
    inner join monitors
        on judgements.monitor = monitors.monitor
    where judgements.finding = 'drift'
        and judgements.segment_column = '(all)'
        and judgements.reference = coalesce(monitors.default_reference, '(previous period)')

),

drift_counts as (

    select
        monitor,
        period_start
        {%- for status in statuses %},
        count(case when status = '{{ status }}' then 1 end) as {{ status }}_count
        {%- endfor %}
    from drift_of_columns
    group by monitor, period_start

),

-- what is acknowledged with its incident stands in health_alerts
acknowledged_findings as (

    select distinct
        monitor,
        finding,
        column_name,
        case when finding = 'schema' then metric else '' end as change,
        segment_column,
        segment_value,
        first_period
    from {{ ref('health_alerts') }}
    where is_acknowledged

),

finding_periods as (

    select monitor, finding, column_name, change, segment_column, segment_value, first_period, period_start, severity
    from {{ ref('finding_periods') }}
    where finding <> 'cleaning_rule'

),

worst_findings as (

    select
        finding_periods.monitor,
        finding_periods.finding,
        finding_periods.column_name,
        finding_periods.change,
        finding_periods.segment_column,
        finding_periods.segment_value,
        finding_periods.first_period,
        finding_periods.period_start,
        count(acknowledged_findings.monitor) > 0 as is_acknowledged,
        min(finding_periods.severity) as severity
    from finding_periods
    left join acknowledged_findings
        on finding_periods.monitor = acknowledged_findings.monitor
        and finding_periods.finding = acknowledged_findings.finding
        and coalesce(finding_periods.column_name, '(null)') = coalesce(acknowledged_findings.column_name, '(null)')
        and finding_periods.change = acknowledged_findings.change
        and finding_periods.segment_column = acknowledged_findings.segment_column
        and coalesce(finding_periods.segment_value, '(null)') = coalesce(acknowledged_findings.segment_value, '(null)')
        and finding_periods.first_period = acknowledged_findings.first_period
    group by 1, 2, 3, 4, 5, 6, 7, 8

),

finding_counts as (

    select
        monitor,
        period_start,
        count(case when severity = 'alert' and not is_acknowledged then 1 end) as alert_count,
        count(case when severity = 'warn' and not is_acknowledged then 1 end) as warn_count,
        count(case when is_acknowledged then 1 end) as acknowledged_count
    from worst_findings
    group by monitor, period_start

),

judged_periods as (

    select
        monitor,
        period_start,
        max(case when status <> 'insufficient_data' then 1 else 0 end) = 1 as is_judged
    from judgements
    group by monitor, period_start

)

select
    periods.monitor,
    periods.period_start,
    periods.period_end,
    periods.is_latest,
    case
        when finding_counts.alert_count > 0 then 'alert'
        when finding_counts.warn_count > 0 then 'warn'
        when judged_periods.is_judged then 'ok'
        else 'insufficient_data'
    end as status,
    periods.period_status,
    periods.row_count,
    cast(coalesce(monitors.monitored_column_count, 0) as bigint) as monitored_column_count,
    {%- for status in statuses %}
    cast(coalesce(drift_counts.{{ status }}_count, 0) as bigint) as drift_{{ status }}_count,
    {%- endfor %}
    {%- for kind in kinds %}
    worst_of_kinds.{{ kind }}_status,
    {%- endfor %}
    cast(coalesce(finding_counts.alert_count, 0) as bigint) as alert_count,
    cast(coalesce(finding_counts.warn_count, 0) as bigint) as warn_count,
    cast(coalesce(finding_counts.acknowledged_count, 0) as bigint) as acknowledged_count,
    monitors.owner,
    {{ data_health.run_time() }} as built_at,
    cast(coalesce(monitors.monitored_column_count, 0) as bigint) as watched_column_count
from periods
left join monitors
    on periods.monitor = monitors.monitor
left join worst_of_kinds
    on periods.monitor = worst_of_kinds.monitor
    and periods.period_start = worst_of_kinds.period_start
left join drift_counts
    on periods.monitor = drift_counts.monitor
    and periods.period_start = drift_counts.period_start
left join finding_counts
    on periods.monitor = finding_counts.monitor
    and periods.period_start = finding_counts.period_start
left join judged_periods
    on periods.monitor = judged_periods.monitor
    and periods.period_start = judged_periods.period_start
