{# Fails on the newest period, or on any, whose number of rows is judged as bad as `level`. #}
{% test volume_expected(model, monitor=none, level='alert', all_periods=false) %}
    {{ config(severity='warn') }}
    with periods as (

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
            max(case when period_status <> 'partial' then period_start end) over () as newest_period
        from {{ ref('data_health', 'health_volume') }}
        where monitor = {{ data_health.watched_monitor(model, monitor) }}
            and period_start is not null

    )

    select
        monitor,
        period_start,
        period_status,
        row_count,
        expected_row_count,
        expected_lower,
        expected_upper,
        status,
        reason
    from periods
    where status in ({{ "'alert'" if level == 'alert' else "'warn', 'alert'" }})
        {%- if not all_periods %}
        and (newest_period is null or period_start >= newest_period)
        {%- endif %}
{% endtest %}
