{#
    Fails on every version and group whose rate differs by more than `maximum` from that of all rows, with the whole interval of the
    difference, in the newest period that is over and whose labels are complete, or in one after it; with `certain: false` on every one
    whose rate does, and on those of which nothing is known. Fails also where a name is not there, or nothing was compared.
#}
{% test fairness_gap_below(
    model, maximum, metrics=none, monitor=none, versions=none, subgroups=none, groups=none,
    reference=none, certain=true
) %}
    {{ config(severity='warn') }}
    {%- set metrics, reference = metrics or ['true_positive_rate', 'false_positive_rate'], reference or '(all)' %}
    with newest as (

        select coalesce(max(case when is_mature then period_start end), max(period_start)) as period_start
        from {{ ref('data_health', 'health_fairness') }}
        where monitor = {{ data_health.monitor_of_model(model, monitor) }}
            and dataset = 'production'

    ),

    judged as (

        select
            monitor, period_start, model_version, subgroup, group_value, metric, reference, value, reference_value, difference,
            difference_lower, difference_upper, status, reason, difference is not null as is_judged
        from {{ ref('data_health', 'health_fairness') }}
        where monitor = {{ data_health.monitor_of_model(model, monitor) }}
            and dataset = 'production'
            and period_start >= (select newest.period_start from newest)

    ),

    selected as (

        select monitor, period_start, model_version, subgroup, group_value, metric, reference, value, reference_value, difference,
            difference_lower, difference_upper, status, reason, is_judged
        from judged
        where reference = {{ data_health.text_literal(reference) }}
            {%- for column, names in {
                'metric': metrics, 'model_version': versions, 'subgroup': subgroups, 'group_value': groups
            }.items() if names is not none %}
            and {{ column }} in ({{ data_health.text_literal([names] if names is string else names) }})
            {%- endfor %}

    ),

    {{ data_health.nothing_compared(model, monitor, {
        'reference': reference, 'metric': metrics, 'model_version': versions, 'subgroup': subgroups, 'group_value': groups
    }) }}

    {%- set limit = data_health.double_literal(maximum) %}

    select monitor, period_start, model_version, subgroup, group_value, metric, reference, value, reference_value, difference,
        difference_lower, difference_upper, status, reason
    from selected
    {%- if certain %}
    where coalesce(difference_lower, difference) > {{ limit }} or coalesce(difference_upper, - difference) < - {{ limit }}
    {%- else %}
    where difference is null or abs(difference) > {{ limit }}
    {%- endif %}

    union all

    select monitor, null, null, null, null, null, null, null, null, null, null, null, 'insufficient_data', reason
    from nothing_compared
{% endtest %}
