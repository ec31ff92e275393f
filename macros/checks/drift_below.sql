{#
    Fails on every column whose drift, in the newest period that is over or in one after it, is as bad as `level`, or, with a
    metric, whose value is above the threshold. Without a reference: any configured one, or the period before where there is none.
#}
{% test drift_below(model, monitor=none, columns=none, reference=none, metric=none, threshold=none, level='alert', segments=false) %}
    {{ config(severity='warn') }}
    {%- set metric = 'population_stability_index' if threshold is not none and metric is none else metric %}
    {%- set judgement = 'status' if metric else 'column_status' %}
    with newest as (

        select coalesce(max(case when period_status <> 'partial' then period_start end), max(period_start)) as period_start
        from {{ ref('data_health', 'health_volume') }}
        where monitor = {{ data_health.watched_monitor(model, monitor) }}

    ),

    drift as (

        select
            monitor,
            period_start,
            segment_column,
            segment_value,
            reference,
            column_name,
            metric,
            value,
            {{ data_health.double_literal(threshold) if threshold is not none
                else 'case ' ~ judgement ~ " when 'alert' then alert_threshold else warn_threshold end" }} as threshold,
            status,
            column_status,
            deciding_metric,
            max(case when reference = '(previous period)' then 0 else 1 end) over () as has_references
        from {{ ref('data_health', 'health_drift') }}
        where monitor = {{ data_health.watched_monitor(model, monitor) }}

    )

    select
        monitor,
        period_start,
        segment_column,
        segment_value,
        reference,
        column_name,
        metric,
        value,
        threshold,
        {{ judgement }} as status
    from drift
    where period_start >= (select newest.period_start from newest)
        and {{ "metric = " ~ data_health.text_literal(metric) if metric else 'metric = deciding_metric' }}
        and {{ 'value > threshold' if threshold is not none
            else judgement ~ (" = 'alert'" if level == 'alert' else " in ('warn', 'alert')") }}
        and {{ 'reference = ' ~ data_health.text_literal(reference) if reference
            else "(has_references = 0 or reference <> '(previous period)')" }}
        {%- if columns is not none %}
        and column_name in ({{ data_health.text_literal([columns] if columns is string else columns) }})
        {%- endif %}
        {%- if not segments %}
        and segment_column = '(all)'
        {%- endif %}
{% endtest %}
