{%- do data_health.declare_monitored_relations() %}
{%- set configuration = data_health.configured_block() %}
{%- set block = configuration if configuration is mapping else {} %}
{%- for key in ['acknowledgements', 'known_biases'] if data_health.normalised_relation(block.get(key)) %}
    {%- do data_health.relation_of(data_health.normalised_relation(block.get(key))) %}
{%- endfor %}
{%- if execute %}{% do data_health.validate_configuration() %}{% endif %}
{%- set previous = load_relation(this) if execute else none %}
{%- set monitors = data_health.selected_monitors() if execute else {} %}
{%- set monitors_of_other_runs = data_health.resolved_monitors() | reject('in', monitors) | list %}

with described_monitors as (
{% for name, monitor in monitors.items() %}
    select
        {{ data_health.text_literal(name) }} as monitor,
        subject,
        name,
        value,
        role,
        data_type,
        is_watched,
        is_value_shown,
        reason,
        cast({{ data_health.text_literal(monitor.owner) if monitor.owner else 'null' }} as varchar) as owner,
        '{{ data_health.monitor_fingerprint(monitor) }}' as fingerprint
    from (
    {%- set rows = [] %}
    {%- for row in data_health.monitor_rows(monitor, data_health.scanned_datasets(monitor)) %}
        {%- do rows.append([
            row.subject, row.name, row.value, row.role, row.data_type, row.is_watched, row.is_value_shown, row.reason
        ]) %}
    {%- endfor %}
    {{ data_health.rows_as_table({
        'subject': 'varchar', 'name': 'varchar', 'value': 'varchar', 'role': 'varchar', 'data_type': 'varchar',
        'is_watched': 'boolean', 'is_value_shown': 'boolean', 'reason': 'varchar'
    }, rows) }}
    ) as described
    {{ 'union all' if not loop.last }}
{%- else %}
    {{ data_health.no_rows({
        'monitor': 'varchar', 'subject': 'varchar', 'name': 'varchar', 'value': 'varchar', 'role': 'varchar', 'data_type': 'varchar',
        'is_watched': 'boolean', 'is_value_shown': 'boolean', 'reason': 'varchar', 'owner': 'varchar', 'fingerprint': 'varchar'
    }) }}
{%- endfor %}

),

previous_build as (
{% if previous %}
    select monitor, subject, name, value, role, data_type, is_watched, is_value_shown, reason, owner, fingerprint, watched_since, built_at
    from {{ previous }}
{%- else %}
    {{ data_health.no_rows({
        'monitor': 'varchar', 'subject': 'varchar', 'name': 'varchar', 'value': 'varchar', 'role': 'varchar', 'data_type': 'varchar',
        'is_watched': 'boolean', 'is_value_shown': 'boolean', 'reason': 'varchar', 'owner': 'varchar', 'fingerprint': 'varchar',
        'watched_since': 'timestamp', 'built_at': 'timestamp'
    }) }}
{%- endif %}

),

-- a run that is limited to some monitors leaves the others as they were
monitors_of_other_runs as (

    select monitor, subject, name, value, role, data_type, is_watched, is_value_shown, reason, owner, fingerprint, watched_since, built_at
    from previous_build
    where monitor in ({{ data_health.text_literal(monitors_of_other_runs or ['']) }})

)

select
    described_monitors.monitor,
    described_monitors.subject,
    described_monitors.name,
    described_monitors.value,
    described_monitors.role,
    described_monitors.data_type,
    described_monitors.is_watched,
    described_monitors.is_value_shown,
    described_monitors.reason,
    described_monitors.owner,
    described_monitors.fingerprint,
    coalesce(previous_build.watched_since, {{ data_health.run_time() }}) as watched_since,
    {{ data_health.run_time() }} as built_at
from described_monitors
left join previous_build
    on described_monitors.monitor = previous_build.monitor
    and described_monitors.subject = previous_build.subject
    and described_monitors.name = previous_build.name

union all

select monitor, subject, name, value, role, data_type, is_watched, is_value_shown, reason, owner, fingerprint, watched_since, built_at
from monitors_of_other_runs
