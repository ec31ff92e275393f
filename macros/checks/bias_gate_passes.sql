{#
    Fails on every gate of the monitor that is not passed, or is not there: a reference that no entry of the register was checked in has
    none. Without a reference: production and every configured reference.
#}
{% test bias_gate_passes(model, monitor=none, reference=none) %}
    {%- set configured = (data_health.resolved_monitors().get(monitor or model.identifier) or {}).references or [] %}
    {%- set wanted = ['production'] + configured | map(attribute='name') | list + ['(none)'] if reference is none else [reference] %}
    with gates as (

        select monitor, reference, status, entry_count, fail_count, inconclusive_count, evidence
        from {{ ref('data_health', 'health_bias_gate') }}
        where monitor = {{ data_health.monitor_of_model(model, monitor) }}

    ),

    wanted_gates as (
        {% for name in wanted %}
        select {{ data_health.monitor_of_model(model, monitor) }} as monitor, {{ data_health.text_literal(name) }} as reference
        {{ 'union all' if not loop.last }}
        {%- endfor %}

    )

    select
        wanted_gates.monitor,
        wanted_gates.reference,
        coalesce(gates.status, 'inconclusive') as status,
        gates.entry_count,
        gates.fail_count,
        gates.inconclusive_count,
        coalesce(gates.evidence, 'no known bias was checked here') as evidence
    from wanted_gates
    left join gates
        on wanted_gates.monitor = gates.monitor
        and wanted_gates.reference = gates.reference
    where coalesce(gates.status, 'inconclusive') <> 'pass'
        -- entries that nothing could be checked for, where there are any
        and (wanted_gates.reference <> '(none)' or gates.status is not null)
{% endtest %}
