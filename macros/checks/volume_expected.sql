{#
    Fails on the newest period, or on any, whose number of rows is judged as bad as `level`; and once where there is none, or none could be
    judged.
#}
{% test volume_expected(model, monitor=none, level='alert', all_periods=false) %}
    {{ config(severity='warn') }}
    with judged as (

        select
            monitor,
            period_start,
            period_status,
            row_count,
            expected_row_count,
            expected_lower,
            expected_upper,
            status,
            reason,
            status <> 'insufficient_data' as is_judged,
            max(case when period_status <> 'partial' then period_start end) over () as newest_period
        from {{ ref('data_health', 'health_volume') }}
        where monitor = {{ data_health.monitor_of_model(model, monitor) }}
            and period_start is not null
            and period_status <> 'implausible'

    ),

    selected as (

        select monitor, period_start, period_status, row_count, expected_row_count, expected_lower, expected_upper, status, reason,
            is_judged
        from judged
        {%- if not all_periods %}
        where newest_period is null or period_start >= newest_period
        {%- endif %}

    ),

    {{ data_health.nothing_compared(model, monitor) }}

    select monitor, period_start, period_status, row_count, expected_row_count, expected_lower, expected_upper, status, reason
    from selected
    where status in ({{ "'alert'" if level == 'alert' else "'warn', 'alert'" }})

    union all

    select monitor, null, null, null, null, null, null, 'insufficient_data', reason
    from nothing_compared
{% endtest %}
