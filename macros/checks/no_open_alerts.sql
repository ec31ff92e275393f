{#
    Fails on every finding as bad as `level` that is still so and that nobody acknowledged; where nothing of a kind was judged, or
    nothing at all; and where the alerts are stale: the last run, which begins with the monitors, did not come to them. While a build has
    the monitors but not the alerts among its models, that is no failure.
#}
{% test no_open_alerts(model, monitor=none, level='alert', findings=none) %}
    {{ config(severity='warn') }}
    {%- set is_partial = 'model.data_health.health_monitors' in selected_resources
        and 'model.data_health.health_alerts' not in selected_resources %}
    {%- set of_kind = 'finding in (' ~ data_health.text_literal([findings] if findings is string else findings or ['']) ~ ')' %}
    with judged as (

        select distinct finding, status <> 'insufficient_data' as is_judged, cast(null as varchar) as reason
        from {{ ref('data_health', 'findings') }}
        where monitor = {{ data_health.monitor_of_model(model, monitor) }}

    ),

    selected as (

        select finding, is_judged, reason
        from judged
        where {{ 'true' if findings is none else of_kind }}

    ),

    -- what one run builds has one time; without any alert, that of what was judged
    newest_builds as (

        select
            (
                select max(built_at) from {{ ref('data_health', 'health_monitors') }}
                where monitor = {{ data_health.monitor_of_model(model, monitor) }}
            ) as run_at,
            coalesce(
                (select max(built_at) from {{ ref('data_health', 'health_alerts') }}),
                (select max(built_at) from {{ ref('data_health', 'findings') }})
            ) as alerts_at

    ),

    {{ data_health.nothing_compared(model, monitor, {'finding': findings}) }}

    select
        monitor, finding, column_name, segment_column, segment_value, reference_list, severity, first_period, last_period, evidence,
        owner
    from {{ ref('data_health', 'health_alerts') }}
    where monitor = {{ data_health.monitor_of_model(model, monitor) }}
        and is_open
        and not is_acknowledged
        and severity in ({{ "'alert'" if level == 'alert' else "'warn', 'alert'" }})
        and {{ 'true' if findings is none else of_kind }}

    union all

    select monitor, null, null, null, null, null, null, null, null, reason as evidence, null
    from nothing_compared

    union all

    select
        {{ data_health.monitor_of_model(model, monitor) }}, 'stale', null, null, null, null, null, null, null,
        'the alerts are stale: they are of ' || cast(alerts_at as varchar) || ', and the run of ' || cast(run_at as varchar)
            || ' did not build them; its log says what failed; then build again' as evidence,
        null
    from newest_builds
    where run_at > alerts_at
        and {{ 'false' if is_partial else 'true' }}
{% endtest %}
