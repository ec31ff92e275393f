{#
    The rows of a cleaning set that no rule puts into quarantine, cleaned. In an incremental model with the unique key
    data_health_load: those of loads that changed, which needs loaded_at; see incremental_load().
#}
{% macro clean(name) %}
    {%- set plan = data_health.cleaning_plan(name) %}
    {%- if not execute %}{{ return('select 1') }}{% endif %}
    {%- set quarantining = plan.rules | selectattr('on_failure', 'equalto', 'quarantine') | list %}
    {%- set flags = {} %}
    {%- for rule in quarantining %}{% do flags.update({rule.number: ['failed']}) %}{% endfor %}
    {%- set load = data_health.incremental_load(plan) %}
with {{ data_health.cleaning_stages(plan, plan.rules, flags, carried=load.columns, source=load.source, where='true' if load.source
    else none) }}

    select
        {{ (data_health.quoted(plan.columns) + (['data_health_load', 'data_health_built_from', 'data_health_rules'] if load.columns
            else [])) | join(',\n        ') }}
    from cleaned
    where {{ plan.is_kept }}
{%- endmacro %}


{#
    The rows that clean() leaves out, called alike, with their raw values: every rule that the row broke, why, and the run that
    wrote it. `kept` is the model with clean(), where both are incremental.
#}
{% macro quarantine(name, kept=none) %}
    {%- set plan = data_health.cleaning_plan(name) %}
    {%- if not execute %}{{ return('select 1') }}{% endif %}
    {%- set failing = plan.rules | rejectattr('on_failure', 'none') | list %}
    {%- set flags, broken, reasons, raw = {}, [], [], [] %}
    {%- for rule in failing %}
        {%- do flags.update({rule.number: ['failed', 'reason']}) %}
        {%- do broken.append('case when data_health_failed_' ~ rule.number ~ ' then ' ~ data_health.text_literal(rule.name) ~ ' end') %}
        {%- do reasons.append('data_health_reason_' ~ rule.number) %}
    {%- endfor %}
    {%- set load = data_health.incremental_load(plan, kept) %}
    {%- for column in plan.columns %}
        {%- do raw.append(data_health.quoted(column) ~ ' as ' ~ data_health.quoted('data_health_raw_' ~ loop.index)) %}
    {%- endfor %}
with {{ data_health.cleaning_stages(plan, plan.rules, flags, carried=raw + load.columns, source=load.source, where='true' if load.source
    else none) }}

    select
        {%- for column in plan.columns %}
        {{ data_health.quoted('data_health_raw_' ~ loop.index) }} as {{ data_health.quoted(column) }},
        {%- endfor %}
        {%- if load.columns %}
        data_health_load,
        data_health_built_from,
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
    What an incremental model keeps with each row and reads of the relation; nothing, and all, in any other model. A load is an hour, as
    rows may well have each a moment of its own, or a value of any other type. Kept are the load of a row, how many rows with which keys
    that load had when it was read, and a fingerprint of the rules. Stored rows of a load of which the relation now holds other rows are
    deleted, and loads of which the table holds no row as they are now are read: a build that was killed, or a row that came late, is
    seen by what is missing, in whatever order. A load that `kept` has in full is not read, as nothing of it is held back. Rows of other
    rules are refused: with them a row could be in both tables or in neither.
#}
{% macro incremental_load(plan, kept=none) %}
    {% if config.get('materialized') != 'incremental' %}{{ return({'columns': [], 'source': none}) }}{% endif %}
    {% if not plan.set.loaded_at %}
        {% do exceptions.raise_compiler_error(data_health.problem('', "cleaning '" ~ plan.set.name ~ "', loaded_at", none,
            'the column with the load time of a row; an incremental model needs it')) %}
    {% endif %}
    {% do data_health.begin_model(adds_to_this=true) %}
    {% set is_adding = (data_health.stored_model() or {}).is_table and not should_full_refresh() %}
    {% set names = data_health.columns_of(this) | map(attribute='name') | list if is_adding else [] %}
    {% set is_building = is_adding and flags.WHICH in ['run', 'build', 'retry'] and not flags.EMPTY %}
    {% set mixed = "select 1 from " ~ this ~ " where data_health_rules <> " ~ data_health.text_literal(plan.fingerprint) ~ " limit 1" %}
    {% if is_building and ('data_health_built_from' not in names or run_query(mixed).rows | length) %}
        {% do exceptions.raise_compiler_error('data_health: ' ~ this ~ " was built with other rules than cleaning '" ~ plan.set.name
            ~ "' has now; build the models with clean() and quarantine() once with --full-refresh, both together") %}
    {% endif %}
    {% set kept_columns = data_health.columns_of(kept) if kept is not none and is_adding else none %}
    {% if kept_columns is not none and 'data_health_built_from' not in kept_columns | map(attribute='name') %}
        {% do exceptions.raise_compiler_error(data_health.problem('', "quarantine('" ~ plan.set.name ~ "'), kept", kept | string,
            'the incremental model with clean() of the same cleaning set')) %}
    {% endif %}
    {% set rows = "(select *, coalesce(cast(" ~ plan.load_hour ~ " as varchar), 'none') as data_health_load from (select * from "
        ~ plan.relation ~ ") as raw_rows where "
        ~ (plan.set.where or 'true') ~ ')' %}
    {% set row_hash = data_health.row_hash(data_health.quoted(plan.set.key or plan.columns), 'row_hash_number') %}
    {% set loads = "(select data_health_load, count(*) as row_count, count(*) || ' rows, ' || cast(sum(" ~ row_hash
        ~ ") as varchar) as built_from from "
        ~ rows ~ ' as counted_rows group by data_health_load)' %}
    {% set one_origin = 'count(*) as row_count, min(data_health_built_from) as built_from from ' %}
    {% set stored = '(select data_health_load, ' ~ one_origin ~ this
        ~ ' group by data_health_load having min(data_health_built_from) = max(data_health_built_from))' %}
    {% if is_building %}
        {% call statement('forget_changed_loads', auto_begin=true) %}
            delete from {{ this }}
            where data_health_load not in (
                select stored_loads.data_health_load
                from {{ stored }} as stored_loads
                inner join {{ loads }} as loads
                    on stored_loads.data_health_load = loads.data_health_load
                    and stored_loads.built_from = loads.built_from
            )
        {% endcall %}
    {% endif %}
    {% set source %}(
        select
            rows_of_loads.*,
            loads.built_from as data_health_built_from
        from {{ rows }} as rows_of_loads
        inner join {{ loads }} as loads
            on rows_of_loads.data_health_load = loads.data_health_load
        {%- if is_adding and 'data_health_built_from' in names %}
        left join {{ stored }} as stored_loads
            on loads.data_health_load = stored_loads.data_health_load
            and loads.built_from = stored_loads.built_from
        {%- if kept_columns is not none %}
        left join (
            select data_health_load, count(*) as row_count, min(data_health_built_from) as built_from
            from (select data_health_load, data_health_built_from, data_health_rules from {{ kept }}) as kept_rows
            where data_health_rules = {{ data_health.text_literal(plan.fingerprint) }}
            group by data_health_load
            having min(data_health_built_from) = max(data_health_built_from)
        ) as kept_loads
            on loads.data_health_load = kept_loads.data_health_load
            and loads.built_from = kept_loads.built_from
            and loads.row_count = kept_loads.row_count
        {%- endif %}
        where stored_loads.data_health_load is null
            {{ 'and kept_loads.data_health_load is null' if kept_columns is not none }}
        {%- endif %}
    ) as raw_rows{% endset %}
    {{ return({'columns': ['data_health_load', 'data_health_built_from', data_health.text_literal(plan.fingerprint)
        ~ ' as data_health_rules'], 'source': source}) }}
{% endmacro %}
