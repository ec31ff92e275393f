{#
    Fails on every finding as bad as `level` that is still so and that nobody acknowledged; and where nothing of a kind was judged, or
    nothing at all.
#}
{% test no_open_alerts(model, monitor=none, level='alert', findings=none) %}
    {{ config(severity='warn') }}
    with judged as (

        select distinct finding, status <> 'insufficient_data' as is_judged, cast(null as varchar) as reason
        from {{ ref('data_health', 'findings') }}
        where monitor = {{ data_health.watched_monitor(model, monitor) }}

    ),

    selected as (

        select finding, is_judged, reason
        from judged
        {%- if findings is not none %}
        where finding in ({{ data_health.text_literal([findings] if findings is string else findings) }})
        {%- endif %}

    ),

    {{ data_health.nothing_compared(model, monitor, {'finding': findings}) }}

    select
        monitor,
        finding,
        column_name,
        segment_column,
        segment_value,
        reference_list,
        severity,
        first_period,
        last_period,
        evidence,
        owner
    from {{ ref('data_health', 'health_alerts') }}
    where monitor = {{ data_health.watched_monitor(model, monitor) }}
        and is_open
        and not is_acknowledged
        and severity in ({{ "'alert'" if level == 'alert' else "'warn', 'alert'" }})
        {%- if findings is not none %}
        and finding in ({{ data_health.text_literal([findings] if findings is string else findings) }})
        {%- endif %}

    union all

    select monitor, null, null, null, null, null, null, null, null, reason as evidence, null
    from nothing_compared
{% endtest %}
