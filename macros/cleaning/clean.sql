{#
    The rows of a cleaning set that no rule puts into quarantine, cleaned. In an incremental model with the unique key
    data_health_load: those that were loaded since, which needs loaded_at; see incremental_load().
#}
{% macro clean(name) %}
    {%- set plan = data_health.cleaning_plan(name) %}
    {%- if not execute %}{{ return('select 1') }}{% endif %}
    {%- set quarantining = plan.rules | selectattr('on_failure', 'equalto', 'quarantine') | list %}
    {%- set flags = {} %}
    {%- for rule in quarantining %}{% do flags.update({rule.number: ['failed']}) %}{% endfor %}
    {%- set load = data_health.incremental_load(plan) %}
with {{ data_health.cleaning_stages(plan, plan.rules, flags, carried=load.columns, source=load.source) }}

    select
        {{ (data_health.quoted(plan.columns) + (['data_health_load', 'data_health_rules'] if load.columns else [])) | join(',\n        ') }}
    from cleaned
    where {{ plan.is_kept }}
{%- endmacro %}


{#
    The rows that clean() leaves out, called alike, with their raw values: every rule that the row broke, why, and the run that
    wrote it.
#}
{% macro quarantine(name) %}
    {%- set plan = data_health.cleaning_plan(name) %}
    {%- if not execute %}{{ return('select 1') }}{% endif %}
    {%- set failing = plan.rules | rejectattr('on_failure', 'none') | list %}
    {%- set flags, broken, reasons, raw = {}, [], [], [] %}
    {%- for rule in failing %}
        {%- do flags.update({rule.number: ['failed', 'reason']}) %}
        {%- do broken.append('case when data_health_failed_' ~ rule.number ~ ' then ' ~ data_health.text_literal(rule.name) ~ ' end') %}
        {%- do reasons.append('data_health_reason_' ~ rule.number) %}
    {%- endfor %}
    {%- set load = data_health.incremental_load(plan) %}
    {%- for column in plan.columns %}{% do raw.append(data_health.quoted(column) ~ ' as ' ~ data_health.quoted('data_health_raw_' ~ loop.index)) %}{% endfor %}
with {{ data_health.cleaning_stages(plan, plan.rules, flags, carried=raw + load.columns, source=load.source) }}

    select
        {%- for column in plan.columns %}
        {{ data_health.quoted('data_health_raw_' ~ loop.index) }} as {{ data_health.quoted(column) }},
        {%- endfor %}
        {%- if load.columns %}
        data_health_load,
        data_health_rules,
        {%- endif %}
        {{ data_health.engine_sql('text_list', broken | join(',\n            ') or 'cast(null as varchar)') }} as broken_rules,
        {{ data_health.engine_sql('text_list', reasons | join(', ') or 'cast(null as varchar)') }} as broken_reasons,
        '{{ invocation_id }}' as quarantine_run_id,
        {{ data_health.run_time() }} as quarantined_at
    from cleaned
    where not ({{ plan.is_kept }})
{%- endmacro %}


{#
    What an incremental model keeps with each row and reads of the relation; nothing, and all, in any other model. Kept are when a row
    was loaded, by which it is replaced, and a fingerprint of the rules that cleaned it. Read are rows loaded since the newest that is
    stored, that one included, and those without a load time. The newest is another one in clean() and in quarantine(), so under
    two sets of rules a row could be in both or in neither: rows of other rules are refused.
#}
{% macro incremental_load(plan) %}
    {% if config.get('materialized') != 'incremental' %}{{ return({'columns': [], 'source': none}) }}{% endif %}
    {% if not plan.set.loaded_at %}
        {% do exceptions.raise_compiler_error(data_health.problem('', "cleaning '" ~ plan.set.name ~ "', loaded_at", none, 'the load time of a row, which an incremental model needs')) %}
    {% endif %}
    {% set mixed = "select 1 from " ~ this ~ " where data_health_rules <> " ~ data_health.text_literal(plan.fingerprint) ~ " limit 1" %}
    {% if is_incremental() and flags.WHICH in ['run', 'build', 'retry'] and run_query(mixed).rows | length %}
        {% do exceptions.raise_compiler_error('data_health: ' ~ this ~ " holds rows of other rules than those of cleaning '" ~ plan.set.name
            ~ "' now; build its clean and its quarantine model with --full-refresh, so that both split all rows by the same rules") %}
    {% endif %}
    {% set newest = '(select max(cast(data_health_load as ' ~ plan.load_type ~ ')) from ' ~ this ~ " where data_health_load <> 'none')" %}
    {% set is_new = plan.load ~ ' is null or ' ~ plan.load ~ ' >= ' ~ newest ~ ' or ' ~ newest ~ ' is null' %}
    {{ return({
        'columns': ['coalesce(cast(' ~ plan.load ~ " as varchar), 'none') as data_health_load", data_health.text_literal(plan.fingerprint) ~ ' as data_health_rules'],
        'source': '(select * from ' ~ plan.relation ~ ' where ' ~ is_new ~ ')' if is_incremental() else none
    }) }}
{% endmacro %}
