{#
    Raises one error that lists everything wrong with the configuration. Only `run` and `build` stop on it:
    compiling, documenting or listing a project must work whatever this package thinks of its variables. What is gone from the
    warehouse is no mistake of the configuration: that is given back, by monitor, as warehouse_problems() has it.
#}
{% macro validate_configuration() %}
    {% if not execute or flags.WHICH not in ['run', 'build'] %}{{ return({}) }}{% endif %}
    {% set problems, switches, renamed, gone, unusable = [], {}, [], {}, {} %}
    {% set raw, configuration, schema = var('data_health', none), data_health.configured_block(), data_health.monitor_schema() %}
    {% if raw is not none and raw is not mapping %}
        {% set allowed = 'a mapping with the keys defaults, monitors, parts, cleaning, acknowledgements, known_biases and column_periods' %}
        {% do problems.append(data_health.problem('', 'data_health', raw, allowed)) %}
    {% endif %}
    {% for name, part in data_health.parts().items() %}
        {% do switches.update({name: {'type': 'boolean', 'description': part.description}}) %}
    {% endfor %}
    {% set block = {'keys': {
        'defaults': {'type': 'mapping', 'keys': schema},
        'monitors': {'type': 'mapping', 'keys': {}},
        'parts': {'type': 'mapping', 'keys': switches},
        'cleaning': {'type': 'mapping', 'keys': {}},
        'acknowledgements': {'type': 'relation'},
        'known_biases': {'type': 'relation'},
        'column_periods': {'type': 'boolean'}
    }} %}
    {% set current, defaults = dict(configuration), configuration.get('defaults') %}
    {% if defaults is mapping %}{% do current.update({'defaults': data_health.with_current_names(defaults)}) %}{% endif %}
    {% do problems.extend(data_health.schema_problems(block, '', '', current)) %}
    {% set written = configuration.get('parts') if configuration.get('parts') is mapping else {} %}
    {% for name, part in data_health.parts().items() if written.get(name) is true %}
        {% for needed in part.needs if written.get(needed) is false %}
            {% set allowed = 'true, because ' ~ name ~ ' is true and needs it' %}
            {% do problems.append(data_health.problem('', 'parts.' ~ needed, false, allowed)) %}
        {% endfor %}
    {% endfor %}
    {% set resolved, selected = data_health.resolved_monitors(), data_health.selected_monitors() %}
    {% for name in env_var('DATA_HEALTH_ONLY', '').split(',') | map('trim') | select if name.lstrip('! ') not in resolved %}
        {% do problems.append(data_health.problem('', 'DATA_HEALTH_ONLY', name, names=resolved.keys() | list)) %}
    {% endfor %}
    {% if data_health.rebuild_span() is string %}{% do problems.append(data_health.rebuild_span()) %}{% endif %}
    {% set monitors = configuration.get('monitors') if configuration.get('monitors') is mapping else {} %}
    {% for name, monitor in monitors.items() %}
        {% set found = data_health.monitor_problems(schema, defaults, name, monitor) %}
        {% if not found and name in selected %}
            {% do gone.update({name: {}}) %}
            {% set found = data_health.warehouse_problems(resolved[name], monitor, gone=gone[name]) %}
            {% if found %}{% do unusable.update({'!' ~ name: found}) %}{% endif %}
        {% endif %}
        {% do problems.extend(found) %}
    {% endfor %}
    {% for name, written in (configuration.get('cleaning') if configuration.get('cleaning') is mapping else {}).items() %}
        {% do problems.extend(data_health.cleaning_problems(name, written)) %}
    {% endfor %}
    {#- read like the tables of a monitor, though they are of them all -#}
    {% set reader = {'name': '', 'references': []} %}
    {% for key in ['acknowledgements', 'known_biases'] %}
        {% do reader.update({key: data_health.normalised_relation(configuration.get(key))}) %}
    {% endfor %}
    {% do problems.extend(data_health.warehouse_problems(reader, {})) %}
    {% for owner, written in [['defaults', defaults]] + monitors.items() | list %}
        {% set old_names, place = [], owner if loop.first else "monitor '" ~ owner ~ "'" %}
        {% do data_health.with_current_names(written, old_names) %}
        {% for old, new in old_names %}
            {% do renamed.append(place ~ ': ' ~ old ~ (' is now ' ~ new if new else ' has no effect any more; remove it')) %}
        {% endfor %}
    {% endfor %}
    {% if renamed %}
        {% do exceptions.warn('data_health: some keys have new names; the old ones work until version 0.2\n- ' ~ renamed | join('\n- ')) %}
    {% endif %}
    {% if problems %}
        {% set count = (problems | length) ~ (' problem' if problems | length == 1 else ' problems') %}
        {% set way_out = "\nTo build the other monitors, set the environment variable DATA_HEALTH_ONLY='" ~ unusable | join(',') ~ "'."
            if unusable.values() | sum(start=[]) | length == problems | length and unusable | length < monitors | length else '' %}
        {% do exceptions.raise_compiler_error('data_health: ' ~ count ~ ' in the configuration\n- ' ~ problems | join('\n- ') ~ way_out) %}
    {% endif %}
    {{ return(gone) }}
{% endmacro %}
