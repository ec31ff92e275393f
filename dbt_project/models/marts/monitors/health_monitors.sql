{%- set selected, written, block = data_health.selected_monitors(), data_health.written_monitors(), data_health.configured_block() %}
{%- for key in ['acknowledgements', 'known_biases'] if data_health.normalised_relation(block.get(key)) %}
    {%- do data_health.relation_of(data_health.normalised_relation(block.get(key))) %}
{%- endfor %}
{%- set gone, resolved = data_health.validate_configuration() if execute else {}, data_health.resolved_monitors() %}
{#- a monitor whose table is gone stays as it was, as do its statistics -#}
{%- for name, places in gone.items() if places.relation %}
    {%- do selected.pop(name) %}
    {%- do log('data_health: monitor ' ~ name ~ ' is left out: ' ~ places.relation | unique | join('; '), info=true) %}
{%- endfor %}
{%- set previous, last_alerts = load_relation(this) if execute else none, data_health.stored_model('health_alerts') %}
{#- only the database can tell whether a condition holds; of one that is new it is asked before anything is counted -#}
{%- if execute and not flags.EMPTY and flags.WHICH in ['run', 'build', 'retry'] and selected.values() | selectattr('where') | list %}
    {%- set known = [] %}
    {%- if previous %}{% set known = run_query('select distinct fingerprint from ' ~ previous).columns[0].values() | list %}{% endif %}
    {%- for name, monitor in selected.items() if monitor.where and data_health.monitor_fingerprint(monitor) not in known %}
        {%- do log('data_health: checks the condition of monitor ' ~ name ~ ' in the database: where ' ~ monitor.where | trim
            ~ '. If an error follows, correct the condition. To build the other monitors, set the environment variable '
            ~ 'DATA_HEALTH_ONLY=\'!' ~ name ~ '\'.', info=true) %}
        {%- do run_query('select 1 from ' ~ data_health.relation_of(monitor.relation) ~ ' as monitored_rows where (' ~ monitor.where
            ~ ') and 1 = 0') %}
    {%- endfor %}
{%- endif %}
{%- set monitors, datasets = selected if execute else {}, data_health.datasets_of_this_run(under_empty=true) %}
{#- what is said of every monitor, as rows of: subject, name, value, role, data_type, is_monitored, is_value_shown, reason #}
{%- set described, of_no_column, answered = {}, [none, none, none, none, none], [] %}
{%- for monitor in resolved.values() if monitor.labeling.annotations %}{% do answered.append(monitor.name) %}{% endfor %}
{%- for monitor_name, monitor in monitors.items() %}
    {%- set rows = [['monitor', monitor_name, data_health.setting_text(monitor.relation)] + of_no_column] %}
    {%- for name, value in monitor.items() if name not in ['name', 'relation', 'references', 'columns', 'parts'] %}
        {%- if value is not none and value != [] and value != {} %}
            {%- set text = value | string if value is string or value is number else data_health.setting_text(value) %}
            {%- do rows.append(['setting', name, text] + of_no_column) %}
        {%- endif %}
    {%- endfor %}
    {%- if monitor.references %}
        {%- do rows.append(['setting', 'default_reference', monitor.references[0].name] + of_no_column) %}
    {%- endif %}
    {%- for reference in monitor.references %}
        {%- set text = 'from ' ~ reference['from'] ~ ' to ' ~ reference.to if reference.kind == 'window'
            else 'last ' ~ reference.days ~ ' days' if reference.kind == 'rolling'
            else data_health.setting_text(reference.relation) %}
        {%- do rows.append(['reference', reference.name, text] + of_no_column) %}
    {%- endfor %}
    {%- for name, part in data_health.parts().items() if not part.asked_by_set %}
        {%- set configured, asking, switched_off = data_health.configured_block().get('parts'), [], [] %}
        {#- why a part has no rows of a monitor, or may have none although it is on -#}
        {%- set switches = configured if configured is mapping else {} %}
        {%- for key in part.asked_by or ['relation'] if written[monitor_name].get(key) is not none %}{% do asking.append(key) %}{% endfor %}
        {%- for needed in part.needs if switches.get(needed) is false %}{% do switched_off.append(needed) %}{% endfor %}
        {%- set reason = none if monitor.parts[name] and asking
            else 'this monitor has none of the keys that ask for it: ' ~ part.asked_by | join(', ') if monitor.parts[name]
            else 'switched off for this monitor, or it needs a part that is switched off' if name in data_health.parts_on()
            else 'the warehouse runs no Python models; parts: {' ~ name ~ ': true} gives empty marts'
                if part.needs_python and not data_health.engine_sql('runs_python')
            else 'needs the part ' ~ switched_off[0] ~ ', which is switched off under parts' if switched_off
            else 'switched off under parts' if switches.get(name) is false else 'no monitor asks for it' %}
        {%- do rows.append(['part', name, 'on' if monitor.parts[name] else 'off'] + of_no_column[1:] + [reason]) %}
    {%- endfor %}
    {#- as the production table has a column; one that only a reference has, as the reference has it -#}
    {%- set columns, problems = {}, {} %}
    {%- for dataset in datasets if dataset.monitor.name == monitor_name %}
        {%- for column in dataset.columns %}
            {#- a kind that nothing comes of; of a column that is left out on purpose none is wanted -#}
            {%- set ignored = none if not column.declared_kind or column.role in ['excluded', 'not listed']
                else 'ignored: a column of key always has the kind key' if column.role == 'key'
                else 'ignored: ' ~ column.left_out if column.family == 'other' or column.role in ['time', 'loaded_at']
                else 'not checked: only a score of the kind numeric is checked for values outside of 0 to 1'
                    if column.role == 'score' and column.declared_kind != 'numeric' %}
            {%- if ignored %}
                {%- set key = 'columns.' ~ column.name ~ '.kind' %}
                {%- do problems.setdefault(key, ['problem', key, column.declared_kind] + of_no_column[1:] + [ignored]) %}
            {%- endif %}
            {%- set known = columns.get(column.name) %}
            {#- a label that stands in a table of its own takes the place of a column that is not monitored -#}
            {%- if not known or (column.from_labels and not known[5]) %}
                {%- do columns.update({column.name: [
                    'column', column.name, 'table of labels' if column.from_labels else dataset.name, column.role, column.data_type,
                    not column.left_out, column.name in dataset.monitor.show_values, column.left_out
                ]}) %}
            {%- endif %}
        {%- endfor %}
    {%- endfor %}
    {#- defaults that all share speak of those that are asked -#}
    {%- set asks_itself = data_health.with_current_names(block.monitors.get(monitor_name)).get('labeling') is not none %}
    {%- if monitor.parts.labeling and written[monitor_name].get('labeling') is not none and not monitor.labeling.annotations
        and (asks_itself or not answered) %}
        {%- do problems.update({'labeling.annotations': ['problem', 'labeling.annotations', none] + of_no_column[1:]
            + ['missing: without a table of annotations, no row is chosen for labeling']}) %}
    {%- endif %}
    {%- do described.update({monitor_name: rows + columns.values() | list + problems.values() | list}) %}
{%- endfor %}
{%- for name, places in gone.items() %}
    {%- for place, texts in places.items() %}
        {%- set row = ['missing', place, none] + of_no_column[1:] + [texts | unique | join('; ')] %}
        {%- do described.update({name: (described[name] or []) + [row]}) %}
    {%- endfor %}
{%- endfor %}
{%- set kept_monitors = resolved | reject('in', monitors) | list %}

with described_monitors as (
{% for name in described %}
    {%- set monitor = resolved[name] %}
    select
        {{ data_health.text_literal(name) }} as monitor,
        subject,
        name,
        value,
        role,
        data_type,
        is_monitored,
        is_value_shown,
        reason,
        cast({{ data_health.text_literal(monitor.owner) if monitor.owner else 'null' }} as varchar) as owner,
        '{{ data_health.monitor_fingerprint(monitor) }}' as fingerprint
    from (
    {{ data_health.rows_as_table({
        'subject': 'varchar', 'name': 'varchar', 'value': 'varchar', 'role': 'varchar', 'data_type': 'varchar',
        'is_monitored': 'boolean', 'is_value_shown': 'boolean', 'reason': 'varchar'
    }, described[name]) }}
    ) as described
    {{ 'union all' if not loop.last }}
{%- else %}
    {{ data_health.rows_as_table({
        'monitor': 'varchar', 'subject': 'varchar', 'name': 'varchar', 'value': 'varchar', 'role': 'varchar', 'data_type': 'varchar',
        'is_monitored': 'boolean', 'is_value_shown': 'boolean', 'reason': 'varchar', 'owner': 'varchar', 'fingerprint': 'varchar'
    }) }}
{%- endfor %}

),

-- what only rows tell is known since they were counted
problems_of_last_build as (
{% if last_alerts %}
    select monitor, metric as name, max(column_name) as value, max(evidence) as reason
    from {{ last_alerts }}
    where finding in ('score', 'positive')
        and is_open
    group by monitor, metric
{%- else %}
    {{ data_health.rows_as_table({'monitor': 'varchar', 'name': 'varchar', 'value': 'varchar', 'reason': 'varchar'}) }}
{%- endif %}

),

configured_rows as (

    select monitor, subject, name, value, role, data_type, is_monitored, is_value_shown, reason, owner, fingerprint
    from described_monitors

    union all

    select
        described_monitors.monitor,
        'problem' as subject,
        problems_of_last_build.name,
        problems_of_last_build.value,
        cast(null as varchar) as role,
        cast(null as varchar) as data_type,
        cast(null as boolean) as is_monitored,
        cast(null as boolean) as is_value_shown,
        'in the build before: ' || problems_of_last_build.reason as reason,
        described_monitors.owner,
        described_monitors.fingerprint
    from described_monitors
    inner join problems_of_last_build
        on described_monitors.monitor = problems_of_last_build.monitor
    where described_monitors.subject = 'monitor'

),

-- the old names of two columns, which every version so far has
previous_build as (
{% if previous %}
    select monitor, subject, name, value, role, data_type, is_watched, is_value_shown, reason, owner, fingerprint, watched_since, built_at
    from {{ previous }}
{%- else %}
    {{ data_health.rows_as_table({
        'monitor': 'varchar', 'subject': 'varchar', 'name': 'varchar', 'value': 'varchar', 'role': 'varchar', 'data_type': 'varchar',
        'is_watched': 'boolean', 'is_value_shown': 'boolean', 'reason': 'varchar', 'owner': 'varchar', 'fingerprint': 'varchar',
        'watched_since': 'timestamp', 'built_at': 'timestamp'
    }) }}
{%- endif %}

),

-- a run that is limited to some monitors leaves the others as they were, and so those whose table is gone
kept_monitors as (

    select
        monitor, subject, name, value, role, data_type, is_watched as is_monitored, is_value_shown, reason, owner, fingerprint,
        watched_since as monitored_since, built_at, is_watched, watched_since
    from previous_build
    where monitor in ({{ data_health.text_literal(kept_monitors or ['']) }})
        and (subject <> 'missing' or monitor not in ({{ data_health.text_literal((gone | list) or ['']) }}))

)

select
    configured_rows.monitor,
    configured_rows.subject,
    configured_rows.name,
    configured_rows.value,
    configured_rows.role,
    configured_rows.data_type,
    configured_rows.is_monitored,
    configured_rows.is_value_shown,
    configured_rows.reason,
    configured_rows.owner,
    configured_rows.fingerprint,
    coalesce(previous_build.watched_since, {{ data_health.run_time() }}) as monitored_since,
    {{ data_health.run_time() }} as built_at,
    configured_rows.is_monitored as is_watched,
    coalesce(previous_build.watched_since, {{ data_health.run_time() }}) as watched_since
from configured_rows
left join previous_build
    on configured_rows.monitor = previous_build.monitor
    and configured_rows.subject = previous_build.subject
    and configured_rows.name = previous_build.name

union all

select
    monitor, subject, name, value, role, data_type, is_monitored, is_value_shown, reason, owner, fingerprint, monitored_since, built_at,
    is_watched, watched_since
from kept_monitors
