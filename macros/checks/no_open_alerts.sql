{# Fails on every finding as bad as `level` that is still so and that nobody acknowledged. #}
{% test no_open_alerts(model, monitor=none, level='alert', findings=none) %}
    {{ config(severity='warn') }}
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
{% endtest %}
