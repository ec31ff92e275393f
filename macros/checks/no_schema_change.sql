{#
    Fails on every column of which a change, or a difference from a reference, is as bad as `level` and still so; one that was
    added or retyped fails in the period in which that was seen. Fails also where a column never was in the table.
#}
{% test no_schema_change(model, monitor=none, columns=none, level='warn') %}
    {{ config(severity='warn') }}
    with newest as (

        select coalesce(max(case when period_status <> 'partial' then period_start end), max(period_start)) as period_start
        from {{ ref('data_health', 'health_volume') }}
        where monitor = {{ data_health.monitor_of_model(model, monitor) }}
            and period_status <> 'implausible'

    ),

    changes as (

        select monitor, period_start, column_name, change, compared_with, type_before, type_now, status, is_current
        from {{ ref('data_health', 'health_schema_changes') }}
        where monitor = {{ data_health.monitor_of_model(model, monitor) }}

    ),

    -- the columns that were looked at, and those of which only a reference knows
    judged as (

        select column_name, true as is_judged, cast(null as varchar) as reason
        from {{ ref('data_health', 'monitored_columns') }}
        where monitor = {{ data_health.monitor_of_model(model, monitor) }}
        union
        select column_name, true as is_judged, cast(null as varchar) as reason
        from changes

    ),

    selected as (

        select column_name, is_judged, reason
        from judged
        {%- if columns is not none %}
        where column_name in ({{ data_health.text_literal([columns] if columns is string else columns) }})
        {%- endif %}

    ),

    {{ data_health.nothing_compared(model, monitor, {'column_name': columns}) }}

    select monitor, period_start, column_name, change, compared_with, type_before, type_now, status, cast(null as varchar) as reason
    from changes
    where status in ({{ "'alert'" if level == 'alert' else "'warn', 'alert'" }})
        and is_current
        and (change not in ('added', 'retyped') or period_start >= (select newest.period_start from newest))
        {%- if columns is not none %}
        and column_name in ({{ data_health.text_literal([columns] if columns is string else columns) }})
        {%- endif %}

    union all

    select monitor, null, null, null, null, null, null, 'insufficient_data', reason
    from nothing_compared
{% endtest %}
