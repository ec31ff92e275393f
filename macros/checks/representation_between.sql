{#
    Fails on every group whose ratio to what it is compared with lies, with its whole interval, outside of the two numbers in the newest
    period that is over or in one after it; with `certain: false` on every one whose ratio does, and on those of which nothing is known.
    Fails also where a name is not there, or nothing was compared.
#}
{% test representation_between(model, monitor=none, subgroups=none, groups=none, reference=none, minimum=0.8, maximum=none, certain=true) %}
    {{ config(severity='warn') }}
    {%- set compared_with = reference or '(population)' %}
    with newest as (

        select coalesce(max(case when period_status <> 'partial' then period_start end), max(period_start)) as period_start
        from {{ ref('data_health', 'health_volume') }}
        where monitor = {{ data_health.monitor_of_model(model, monitor) }}
            and period_status <> 'implausible'

    ),

    judged as (

        select
            monitor,
            period_start,
            subgroup,
            group_value,
            reference,
            row_count,
            base_row_count,
            share,
            reference_share,
            ratio,
            ratio_lower,
            ratio_upper,
            status,
            reason,
            ratio is not null as is_judged
        from {{ ref('data_health', 'health_representation') }}
        where monitor = {{ data_health.monitor_of_model(model, monitor) }}
            and dataset = 'production'
            and period_start >= (select newest.period_start from newest)

    ),

    selected as (

        select monitor, period_start, subgroup, group_value, reference, row_count, base_row_count, share, reference_share, ratio,
            ratio_lower, ratio_upper, status, reason, is_judged
        from judged
        where reference = {{ data_health.text_literal(compared_with) }}
            {%- if subgroups is not none %}
            and subgroup in ({{ data_health.text_literal([subgroups] if subgroups is string else subgroups) }})
            {%- endif %}
            {%- if groups is not none %}
            and group_value in ({{ data_health.text_literal([groups] if groups is string else groups) }})
            {%- endif %}

    ),

    {{ data_health.nothing_compared(model, monitor, {
        'reference': compared_with, 'subgroup': subgroups, 'group_value': groups
    }) }}

    select monitor, period_start, subgroup, group_value, reference, row_count, base_row_count, share, reference_share, ratio, ratio_lower,
        ratio_upper, status, reason
    from selected
    {%- if certain %}
    where {{ 'ratio_upper < ' ~ data_health.double_literal(minimum) }}{{ ' or ratio_lower > ' ~ data_health.double_literal(maximum)
        if maximum is not none }}
    {%- else %}
    where ratio is null or {{ 'ratio < ' ~ data_health.double_literal(minimum) }}{{ ' or ratio > ' ~ data_health.double_literal(maximum)
        if maximum is not none }}
    {%- endif %}

    union all

    select monitor, null, null, null, null, null, null, null, null, null, null, null, 'insufficient_data', reason
    from nothing_compared
{% endtest %}
