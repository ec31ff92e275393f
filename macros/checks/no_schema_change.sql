{#
    Fails on every column of which a change, or a difference from a reference, is as bad as `level` and still so; one that was
    added or retyped fails in the period in which that was seen.
#}
{% test no_schema_change(model, monitor=none, columns=none, level='warn') %}
    {{ config(severity='warn') }}
    with newest as (

        select coalesce(max(case when period_status <> 'partial' then period_start end), max(period_start)) as period_start
        from {{ ref('data_health', 'health_volume') }}
        where monitor = {{ data_health.watched_monitor(model, monitor) }}

    ),

    changes as (

        select monitor, period_start, column_name, change, compared_with, type_before, type_now, status, is_current
        from {{ ref('data_health', 'health_schema_changes') }}
        where monitor = {{ data_health.watched_monitor(model, monitor) }}

    )

    select monitor, period_start, column_name, change, compared_with, type_before, type_now, status
    from changes
    where status in ({{ "'alert'" if level == 'alert' else "'warn', 'alert'" }})
        and is_current
        and (change not in ('added', 'retyped') or period_start >= (select newest.period_start from newest))
        {%- if columns is not none %}
        and column_name in ({{ data_health.text_literal([columns] if columns is string else columns) }})
        {%- endif %}
{% endtest %}
