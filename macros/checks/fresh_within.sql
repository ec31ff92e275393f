{#
    Fails when the newest row is older, at the time of the test, than so many hours, or, without them, than the monitor allows. A
    table that never had a row fails too.
#}
{% test fresh_within(model, monitor=none, hours=none) %}
    {{ config(severity='warn') }}
    with newest as (

        select
            {{ data_health.monitor_of_model(model, monitor) }} as monitor,
            max(case when {{ data_health.engine_sql('is_finite_time', 'newest_event') }} then newest_event end) as newest_event,
            max(case when {{ data_health.engine_sql('is_finite_time', 'newest_load') }} then newest_load end) as newest_load,
            max(case when is_latest then fresh_within_hours end) as fresh_within_hours
        from {{ ref('data_health', 'health_volume') }}
        where monitor = {{ data_health.monitor_of_model(model, monitor) }}
            and period_status <> 'implausible'

    ),

    ages as (

        select
            monitor,
            newest_event,
            newest_load,
            {%- set now = data_health.engine_sql('epoch_seconds', data_health.run_time()) %}
            greatest(
                ({{ now }} - {{ data_health.engine_sql('epoch_seconds', 'newest_event') }}) / 3600e0,
                ({{ now }} - {{ data_health.engine_sql('epoch_seconds', 'newest_load') }}) / 3600e0
            ) as hours_since_newest_row,
            {{ data_health.double_literal(hours) if hours is not none else 'fresh_within_hours' }} as threshold
        from newest

    )

    select
        monitor,
        newest_event,
        newest_load,
        hours_since_newest_row,
        threshold
    from ages
    where hours_since_newest_row is null
        or hours_since_newest_row > threshold
{% endtest %}
