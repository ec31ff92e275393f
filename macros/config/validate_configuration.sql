{#
    Raises one error that lists everything wrong with the configuration. Only `run` and `build` stop on it:
    compiling, documenting or listing a project must work whatever this package thinks of its variables.
#}
{% macro validate_configuration() %}
    {% if not execute or flags.WHICH not in ['run', 'build'] %}{{ return(none) }}{% endif %}
    {% set configuration, schema = data_health.configured_block(), data_health.monitor_schema() %}
    {% set problems, switches = [], {} %}
    {% if configuration is not mapping %}
        {% set allowed = 'a mapping with the keys defaults, monitors, parts, cleaning, acknowledgements and known_biases' %}
        {% do problems.append(data_health.problem('', 'data_health', configuration, allowed)) %}
    {% else %}
        {% for name, part in data_health.parts().items() %}
            {% do switches.update({name: {'type': 'boolean', 'description': part.description}}) %}
        {% endfor %}
        {% set block = {'keys': {
            'defaults': {'type': 'mapping', 'keys': schema},
            'monitors': {'type': 'mapping', 'keys': {}},
            'parts': {'type': 'mapping', 'keys': switches},
            'cleaning': {'type': 'mapping', 'keys': {}},
            'acknowledgements': {'type': 'relation'},
            'known_biases': {'type': 'relation'}
        }} %}
        {% set renamed = dict(configuration) %}
        {% if renamed.get('defaults') is mapping %}
            {% do renamed.update({'defaults': data_health.with_current_names(renamed['defaults'])}) %}
        {% endif %}
        {% do problems.extend(data_health.schema_problems(block, '', '', renamed)) %}
        {% set written = configuration.get('parts') if configuration.get('parts') is mapping else {} %}
        {% for name, part in data_health.parts().items() if written.get(name) is true %}
            {% for needed in part.needs if written.get(needed) is false %}
                {% set allowed = 'true, because ' ~ name ~ ' is true and needs it' %}
                {% do problems.append(data_health.problem('', 'parts.' ~ needed, false, allowed)) %}
            {% endfor %}
        {% endfor %}
    {% endif %}
    {% set resolved, selected = data_health.resolved_monitors(), data_health.selected_monitors() %}
    {% for name in env_var('DATA_HEALTH_ONLY', '').split(',') | map('trim') | select if name not in resolved %}
        {% do problems.append(data_health.problem('', 'DATA_HEALTH_ONLY', name, data_health.known_names(name, resolved.keys() | list))) %}
    {% endfor %}
    {% if data_health.rebuild_span() is string %}{% do problems.append(data_health.rebuild_span()) %}{% endif %}
    {% set monitors = configuration.get('monitors') if configuration is mapping else none %}
    {% for name, monitor in (monitors if monitors is mapping else {}).items() %}
        {% set found = data_health.monitor_problems(schema, configuration.get('defaults'), name, monitor) %}
        {% if not found and name in selected %}
            {% set found = data_health.warehouse_problems(resolved[name], monitor) %}
        {% endif %}
        {% do problems.extend(found) %}
    {% endfor %}
    {% set cleaning = configuration.get('cleaning') if configuration is mapping else none %}
    {% for name, written in (cleaning if cleaning is mapping else {}).items() %}
        {% do problems.extend(data_health.cleaning_problems(name, written)) %}
    {% endfor %}
    {#- read like the tables of a monitor, though they are of them all -#}
    {% set reader = {'name': '', 'references': []} %}
    {% for key in ['acknowledgements', 'known_biases'] if configuration is mapping %}
        {% do reader.update({key: data_health.normalised_relation(configuration.get(key))}) %}
    {% endfor %}
    {% do problems.extend(data_health.warehouse_problems(reader, {})) %}
    {% do data_health.warn_of_old_names(configuration) %}
    {% if problems %}
        {% set count = (problems | length) ~ (' problem' if problems | length == 1 else ' problems') %}
        {% do exceptions.raise_compiler_error('data_health: ' ~ count ~ ' in the configuration\n- ' ~ problems | join('\n- ')) %}
    {% endif %}
{% endmacro %}


{# One line of the message. `owner` is the monitor, or '' for what stands outside of monitors. #}
{% macro problem(owner, key, found, allowed, detail='') %}
    {% set place = "monitor '" ~ owner ~ "', " if owner else '' %}
    {% set text = found | string %}
    {% set text = text[:77] ~ '...' if text | length > 80 else text %}
    {% set shown = 'nothing' if found is none else ("'" ~ text ~ "'" if found is string else text) %}
    {{ return(place ~ key ~ ': found ' ~ shown ~ (' (' ~ detail ~ ')' if detail else '') ~ '; allowed: ' ~ allowed) }}
{% endmacro %}


{#
    The known names, the one that `name` resembles most in front. Pairs of letters see a missing letter, single
    letters see two that changed places.
#}
{% macro known_names(name, known) %}
    {% set best = namespace(name=none, score=0.55) %}
    {% set text = name | string | lower %}
    {% for candidate in known %}
        {% set other = candidate | string | lower %}
        {% set shared = namespace(pairs=0, letters=0) %}
        {% for i in range(text | length) %}
            {% set shared.letters = shared.letters + (1 if text[i] in other else 0) %}
            {% set shared.pairs = shared.pairs + (1 if text[i:i + 2] in other and i + 1 < text | length else 0) %}
        {% endfor %}
        {% set longest = [text | length, other | length] | max %}
        {% set score = shared.letters / longest / 2 + shared.pairs / longest / 2 %}
        {% if score >= best.score %}
            {% set best.name = candidate %}
            {% set best.score = score %}
        {% endif %}
    {% endfor %}
    {% set hint = "did you mean '" ~ best.name ~ "'? All: " if best.name is not none else '' %}
    {{ return(hint ~ known[:30] | join(', ') ~ (', ...' if known | length > 30 else '')) }}
{% endmacro %}
