{#
    Fails on every column whose drift, in the newest period that is over or in one after it, is as bad as `level`, or, with a
    metric, whose value is above the threshold. Without a reference: any configured one, or the period before where there is none. Fails
    also where a name is not there, or nothing was compared.
#}
{% test drift_below(model, monitor=none, columns=none, reference=none, metric=none, threshold=none, level='alert', segments=false) %}
    {{ config(severity='warn') }}
    {%- set metric = 'population_stability_index' if threshold is not none and metric is none else metric %}
    {#- old names of metrics work until version 0.2 -#}
    {%- set old_names = ['null_share_h', 'category_h', 'bin_h', 'tail_h', 'decimals_h', 'sentinel_h'] %}
    {%- set metric = metric.replace('_share', '')[:-2] ~ '_share_cohens_h' if metric in old_names else metric %}
    {%- set judgement = 'status' if metric else 'column_status' %}
    with newest as (

        select coalesce(max(case when period_status <> 'partial' then period_start end), max(period_start)) as period_start
        from {{ ref('data_health', 'health_volume') }}
        where monitor = {{ data_health.monitor_of_model(model, monitor) }}
            and period_status <> 'implausible'

    ),

    judged as (

        select
            monitor, period_start, segment_column, segment_value, reference, column_name, metric, value,
            case when segment_column = '(all)' then 'all rows' else 'segments' end as scope,
            {{ data_health.double_literal(threshold) if threshold is not none
                else 'case ' ~ judgement ~ " when 'alert' then alert_threshold else warn_threshold end" }} as threshold,
            {{ judgement }} as status,
            deciding_metric,
            {{ 'value is not null' if threshold is not none else judgement ~ " in ('ok', 'warn', 'alert')" }} as is_judged,
            reason,
            max(case when reference = '(previous period)' then 0 else 1 end) over () as has_references
        from {{ ref('data_health', 'health_drift') }}
        where monitor = {{ data_health.monitor_of_model(model, monitor) }}
            and period_start >= (select newest.period_start from newest)

    ),

    selected as (

        select monitor, period_start, segment_column, segment_value, reference, column_name, metric, value, threshold, status,
            deciding_metric, is_judged, reason
        from judged
        where {{ 'reference = ' ~ data_health.text_literal(reference) if reference
            else "(has_references = 0 or reference <> '(previous period)')" }}
            {%- if metric %}
            and metric = {{ data_health.text_literal(metric) }}
            {%- endif %}
            {%- if columns is not none %}
            and column_name in ({{ data_health.text_literal([columns] if columns is string else columns) }})
            {%- endif %}
            {%- if not segments %}
            and scope = 'all rows'
            {%- endif %}

    ),

    {%- set scope = 'segments' if segments else none %}
    {{ data_health.nothing_compared(model, monitor, {'reference': reference, 'column_name': columns, 'metric': metric, 'scope': scope}) }}

    select monitor, period_start, segment_column, segment_value, reference, column_name, metric, value, threshold, status, reason
    from selected
    where {{ 'value > threshold' if threshold is not none else "status = 'alert'" if level == 'alert' else "status in ('warn', 'alert')" }}
        {%- if not metric %}
        and metric = deciding_metric
        {%- endif %}

    union all

    select monitor, null, null, null, null, null, null, null, null, 'insufficient_data', reason
    from nothing_compared
{% endtest %}
