{{ config(enabled='drift' in data_health.parts_on()) }}
{%- do data_health.begin_model() %}
{%- set state = data_health.state_of_inputs() %}
{%- set shown = [] %}
{%- for metric, entry in data_health.drift_metrics().items() if entry.is_in_latest %}{% do shown.append(metric) %}{% endfor %}
{%- if state.is_unchanged %}
{{ state.unchanged_rows }}
{%- else %}
with drift as (

    select
        monitor,
        period_start,
        period_end,
        is_latest,
        segment_column,
        segment_value,
        reference,
        column_name,
        role,
        kind,
        metric,
        value,
        q_value,
        category,
        reference_row_count,
        row_count,
        overdispersion,
        column_status,
        deciding_metric
    from {{ ref('health_drift') }}

),

column_periods as (

    select
        monitor,
        period_start,
        segment_column,
        segment_value,
        reference,
        column_name,
        max(case when column_status in ('warn', 'alert') then 1 else 0 end) as has_drifted,
        -- too few rows neither begin drift nor end it
        max(case when column_status = 'ok' then 1 else 0 end) as is_ok
    from drift
    group by 1, 2, 3, 4, 5, 6

),

last_ok_periods as (

    select
        monitor,
        segment_column,
        segment_value,
        reference,
        column_name,
        max(case when is_ok = 1 then period_start end) as last_ok_period
    from column_periods
    group by 1, 2, 3, 4, 5

),

newest_drift as (

    select
        column_periods.monitor,
        column_periods.segment_column,
        column_periods.segment_value,
        column_periods.reference,
        column_periods.column_name,
        min(column_periods.period_start) as drifted_since
    from column_periods
    inner join last_ok_periods
        on column_periods.monitor = last_ok_periods.monitor
        and column_periods.segment_column = last_ok_periods.segment_column
        and coalesce(column_periods.segment_value, '(null)') = coalesce(last_ok_periods.segment_value, '(null)')
        and column_periods.reference = last_ok_periods.reference
        and column_periods.column_name = last_ok_periods.column_name
    where column_periods.has_drifted = 1
        and (last_ok_periods.last_ok_period is null or column_periods.period_start > last_ok_periods.last_ok_period)
    group by 1, 2, 3, 4, 5

),

latest as (

    select
        monitor,
        period_start,
        period_end,
        segment_column,
        segment_value,
        reference,
        column_name,
        role,
        kind,
        max(column_status) as column_status,
        max(deciding_metric) as deciding_metric,
        max(q_value) as q_value,
        max(overdispersion) as overdispersion,
        {%- for metric in shown %}
        max(case when metric = '{{ metric }}' then value end) as {{ metric }},
        {%- endfor %}
        max(case when metric = 'category_share_cohens_h' then category end) as category,
        max(reference_row_count) as reference_row_count,
        max(row_count) as row_count
    from drift
    where is_latest
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9

)

select
    latest.monitor,
    latest.period_start,
    latest.period_end,
    latest.segment_column,
    latest.segment_value,
    latest.reference,
    latest.column_name,
    latest.role,
    latest.kind,
    latest.column_status,
    latest.deciding_metric,
    case when latest.column_status in ('warn', 'alert') then newest_drift.drifted_since end as drifted_since,
    latest.q_value,
    {%- for metric in shown %}
    latest.{{ metric }},
    {%- endfor %}
    latest.category,
    latest.reference_row_count,
    latest.row_count,
    latest.overdispersion,
    '{{ state.computed_from }}' as computed_from,
    {{ data_health.run_time() }} as built_at,
    case when latest.column_status in ('warn', 'alert') then newest_drift.drifted_since end as alarm_since,
    latest.category_share_cohens_h as category_h
from latest
left join newest_drift
    on latest.monitor = newest_drift.monitor
    and latest.segment_column = newest_drift.segment_column
    and coalesce(latest.segment_value, '(null)') = coalesce(newest_drift.segment_value, '(null)')
    and latest.reference = newest_drift.reference
    and latest.column_name = newest_drift.column_name
{%- endif %}
