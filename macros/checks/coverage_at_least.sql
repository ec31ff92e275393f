{#
    Fails on every feature, or with a size on every combination of so many features, that a reference covers for a smaller share of the rows
    than `share`, in the newest period that is over or in one after it; and where a name is not there, or nothing could be told. Nulls are
    no gap of a feature.
#}
{% test coverage_at_least(model, share=0.95, monitor=none, columns=none, reference=none, combination_size=none) %}
    {{ config(severity='warn') }}
    {%- set mart = 'health_coverage_combinations' if combination_size is not none else 'health_coverage' %}
    {%- set names = 'column_names' if combination_size is not none else 'column_name' %}
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
            reference,
            {{ names }},
            {%- if combination_size is not none %}
            combination_size,
            {%- endif %}
            1 - unseen_share as covered_share,
            unseen_share is not null as is_judged,
            status,
            reason
        from {{ ref('data_health', mart) }}
        where monitor = {{ data_health.monitor_of_model(model, monitor) }}
            and period_start >= (select newest.period_start from newest)
            {%- if combination_size is not none %}
            and column_names <> '(all)'
            {%- else %}
            and segment_column = '(all)'
            {%- endif %}

    ),

    selected as (

        select monitor, period_start, reference, {{ names }}, covered_share, is_judged, status, reason
        from judged
        where true
            {%- if combination_size is not none %}
            and combination_size = {{ combination_size }}
            {%- endif %}
            {%- if columns is not none %}
            and {{ names }} in ({{ data_health.text_literal([columns] if columns is string else columns) }})
            {%- endif %}
            {%- if reference is not none %}
            and reference = {{ data_health.text_literal(reference) }}
            {%- endif %}

    ),

    {{ data_health.nothing_compared(model, monitor, {
        'reference': reference, names: columns, 'combination_size': combination_size | string if combination_size is not none else none
    }) }}

    select monitor, period_start, reference, {{ names }}, covered_share, status, reason
    from selected
    where covered_share < {{ data_health.double_literal(share) }}

    union all

    select monitor, null, null, null, null, 'insufficient_data', reason
    from nothing_compared
{% endtest %}
