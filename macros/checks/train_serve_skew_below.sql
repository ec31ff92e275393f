{#
    Fails on every version and feature of which more than the share `maximum` was served with other values than are recomputed, with the
    whole interval of that share, in the newest period that is over or in one after it; with `certain: false` on every one whose share is
    larger, and on those that could not be compared. Fails also where a name is not there, or nothing was compared.
#}
{% test train_serve_skew_below(model, maximum=0.05, monitor=none, versions=none, features=none, certain=true) %}
    {{ config(severity='warn') }}
    {%- set today = "cast('" ~ run_started_at.strftime('%Y-%m-%d') ~ "' as date)" %}
    with newest as (

        select coalesce(max(case when period_end <= {{ today }} then period_start end), max(period_start)) as period_start
        from {{ ref('data_health', 'health_serving_skew') }}
        where monitor = {{ data_health.monitor_of_model(model, monitor) }}

    ),

    judged as (

        select
            monitor, period_start, model_version, feature, status, reason, row_count, skew_share, skew_lower, skew_upper, logged_mean,
            recomputed_mean, skewed_since, status <> 'insufficient_data' or skew_lower is not null as is_judged
        from {{ ref('data_health', 'health_serving_skew') }}
        where monitor = {{ data_health.monitor_of_model(model, monitor) }}
            and period_start >= (select newest.period_start from newest)

    ),

    selected as (

        select
            monitor, period_start, model_version, feature, status, reason, row_count, skew_share, skew_lower, skew_upper, logged_mean,
            recomputed_mean, skewed_since, is_judged
        from judged
        where true
            {%- for column, names in {'model_version': versions, 'feature': features}.items() if names is not none %}
            and {{ column }} in ({{ data_health.text_literal([names] if names is string else names) }})
            {%- endfor %}

    ),

    {{ data_health.nothing_compared(model, monitor, {'model_version': versions, 'feature': features}) }}

    select monitor, period_start, model_version, feature, status, reason, row_count, skew_share, skew_lower, skew_upper, logged_mean,
        recomputed_mean, skewed_since
    from selected
    where {{ 'skew_lower' if certain else 'skew_share' }} > {{ data_health.double_literal(maximum) }}
        {%- if not certain %}
        or status = 'insufficient_data'
        {%- endif %}

    union all

    select monitor, null, null, null, 'insufficient_data', reason, null, null, null, null, null, null, null
    from nothing_compared
{% endtest %}
