{#
    Fails on every version and group whose metric lies, with its whole interval, below `minimum` in the newest period that is over and whose
    labels are complete, or in one after it; with `certain: false` on every one whose metric does, and on those of which nothing is known.
    `maximum` is for metrics of which less is better, such as log_loss. Fails also where a name is not there, or nothing was compared.
#}
{% test performance_at_least(
    model, metric, minimum=none, maximum=none, monitor=none, versions=none, subgroups=none, groups=none, certain=true
) %}
    {{ config(severity='warn') }}
    {%- if execute and minimum is none and maximum is none %}
        {%- do exceptions.raise_compiler_error(data_health.problem('', 'performance_at_least', none, 'minimum, maximum or both')) %}
    {%- endif %}
    {%- set subgroups = subgroups or '(all)' %}
    with newest as (

        select coalesce(max(case when is_mature then period_start end), max(period_start)) as period_start
        from {{ ref('data_health', 'health_performance') }}
        where monitor = {{ data_health.monitor_of_model(model, monitor) }}
            and dataset = 'production'

    ),

    judged as (

        select
            monitor, period_start, model_version, subgroup, group_value, metric, value, value_lower, value_upper, positive_count,
            negative_count, status, reason, value is not null as is_judged
        from {{ ref('data_health', 'health_performance') }}
        where monitor = {{ data_health.monitor_of_model(model, monitor) }}
            and dataset = 'production'
            and period_start >= (select newest.period_start from newest)

    ),

    selected as (

        select monitor, period_start, model_version, subgroup, group_value, metric, value, value_lower, value_upper, positive_count,
            negative_count, status, reason, is_judged
        from judged
        where metric = {{ data_health.text_literal(metric) }}
            {%- for column, names in {
                'model_version': versions, 'subgroup': subgroups, 'group_value': groups
            }.items() if names is not none %}
            and {{ column }} in ({{ data_health.text_literal([names] if names is string else names) }})
            {%- endfor %}

    ),

    {{ data_health.nothing_compared(model, monitor, {
        'metric': metric, 'model_version': versions, 'subgroup': subgroups, 'group_value': groups
    }) }}

    {%- set failures = [] %}
    {%- if not certain %}{% do failures.append('value is null') %}{% endif %}
    {%- if minimum is not none %}
        {%- do failures.append(('value_upper' if certain else 'value') ~ ' < ' ~ data_health.double_literal(minimum)) %}
    {%- endif %}
    {%- if maximum is not none %}
        {%- do failures.append(('value_lower' if certain else 'value') ~ ' > ' ~ data_health.double_literal(maximum)) %}
    {%- endif %}

    select monitor, period_start, model_version, subgroup, group_value, metric, value, value_lower, value_upper, positive_count,
        negative_count, status, reason
    from selected
    where {{ failures | join(' or ') }}

    union all

    select monitor, null, null, null, null, null, null, null, null, null, null, 'insufficient_data', reason
    from nothing_compared
{% endtest %}
