{#
    The parts of the package, each after those that it needs. `asked_by`: keys of a monitor, or of `defaults`, that ask for it; a part
    without any is asked for by every monitor. `needs_python`: on a warehouse that runs no Python models it is on only where `parts`
    says so.
#}
{% macro parts() -%}
    {{ return({
        'volume': {'needs': [], 'description': 'Rows per period, late rows, freshness, changes of the schema.'},
        'profile': {'needs': [], 'description': 'What is in every column, and the statistics that the other parts read.'},
        'drift': {'needs': ['profile'], 'description': 'Every column against the references and the period before.'},
        'components': {'needs': ['profile'], 'asked_by': ['references', 'components'], 'needs_python': true,
            'description': 'Principal components and multivariate drift.'},
        'coverage': {'needs': ['drift'], 'asked_by': ['references', 'coverage'],
            'description': 'Values that the references do not cover.'},
        'combinations': {'needs': ['profile'], 'asked_by': ['references', 'subgroups', 'combinations'],
            'description': 'Combinations of values that the references, or all rows, lack.'},
        'representation': {'needs': ['combinations'], 'asked_by': ['subgroups'],
            'description': 'Rows, labels and predictions of every subgroup; known biases.'},
        'labeling': {'needs': [], 'asked_by': ['labeling'], 'description': 'What people label next, and what their labels say.'},
        'cleaning': {'needs': [], 'asked_by_set': true, 'description': 'What the cleaning rules did, and rules that are suggested.'}
    }) }}
{%- endmacro %}


{#
    Is a part on? It has no node otherwise. `parts: {drift: false}` decides; else it is on where a monitor asks for it, or a part that is
    on needs it. Called while dbt parses, so it takes whatever is written. The properties of Python models say the same without macros;
    a test compares the two.
#}
{% macro part_is_on(name) -%}
    {%- set parts, configuration = data_health.parts(), data_health.configured_block() -%}
    {%- set block = configuration if configuration is mapping else {} -%}
    {%- set switches = block.get('parts') if block.get('parts') is mapping else {} -%}
    {%- for needed in data_health.needs_of_part(name) -%}
        {%- if switches.get(needed) is false -%}{{ return(false) }}{%- endif -%}
    {%- endfor -%}
    {%- if switches.get(name) is boolean -%}{{ return(switches[name]) }}{%- endif -%}
    {%- for other in parts if name in parts[other].needs -%}
        {%- if data_health.part_is_on(other) -%}{{ return(true) }}{%- endif -%}
    {%- endfor -%}
    {{ return(data_health.is_asked_for(parts[name], name, block)) }}
{%- endmacro %}


{# Does a monitor, or a cleaning set, ask for a part? #}
{% macro is_asked_for(part, name, block) -%}
    {%- if part.needs_python and not data_health.engine_sql('runs_python') -%}{{ return(false) }}{%- endif -%}
    {%- if part.asked_by_set -%}
        {{ return(block.get('cleaning') is mapping and block['cleaning'] | length > 0) }}
    {%- endif -%}
    {%- for monitor in data_health.written_monitors() if not (monitor.get('parts') is mapping and monitor['parts'].get(name) is false) -%}
        {%- for key in part.asked_by or ['relation'] -%}
            {%- if monitor.get(key) is not none -%}{{ return(true) }}{%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}


{# The parts that a part needs, and those that they need. #}
{% macro needs_of_part(name) -%}
    {%- set needs = [] -%}
    {%- for needed in data_health.parts()[name].needs -%}
        {%- do needs.append(needed) -%}
        {%- do needs.extend(data_health.needs_of_part(needed)) -%}
    {%- endfor -%}
    {{ return(needs) }}
{%- endmacro %}


{#
    Does the configuration, or any monitor, have something under a key, such as 'components.scores'? What only that key asks for has
    no node otherwise; in this project everything has one, so that all is built and tested.
#}
{% macro is_configured(path) -%}
    {%- if project_name == 'data_health' -%}{{ return(true) }}{%- endif -%}
    {%- set keys, configuration = path.split('.'), data_health.configured_block() -%}
    {%- for monitor in data_health.written_monitors() + ([configuration] if configuration is mapping else []) -%}
        {%- set place = namespace(value=monitor) -%}
        {%- for key in keys -%}
            {%- set place.value = place.value.get(key) if place.value is mapping else none -%}
        {%- endfor -%}
        {%- if place.value is not none and place.value is not false -%}{{ return(true) }}{%- endif -%}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}


{# What is written of every monitor, over the defaults, under the names that keys have now; what is no mapping is an empty one. #}
{% macro written_monitors() -%}
    {%- set configuration, monitors = data_health.configured_block(), [] -%}
    {%- set block = configuration if configuration is mapping else {} -%}
    {%- set defaults = data_health.with_current_names(block.get('defaults')) -%}
    {%- for written in (block.get('monitors') if block.get('monitors') is mapping else {}).values() -%}
        {%- set own, merged = data_health.with_current_names(written), dict(defaults) -%}
        {#- mappings of settings are combined setting by setting, as in resolved_monitor() -#}
        {%- for key in ['parts', 'components', 'coverage', 'combinations', 'labeling', 'volume'] -%}
            {%- if own.get(key) is mapping and defaults.get(key) is mapping -%}
                {%- set both = dict(defaults[key]) -%}
                {%- do both.update(own[key]) -%}
                {%- do own.update({key: both}) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do merged.update(own) -%}
        {%- do monitors.append(merged) -%}
    {%- endfor -%}
    {{ return(monitors) }}
{%- endmacro %}


{# The key `parts` of a monitor: what it may do without. What every monitor has, and others need, is not among it. #}
{% macro part_switches() -%}
    {%- set switches = {} -%}
    {%- for name, part in data_health.parts().items() if not part.asked_by_set and name not in ['volume', 'profile'] -%}
        {%- do switches.update({name: {'type': 'boolean', 'default': true, 'description': part.description}}) -%}
    {%- endfor -%}
    {{ return(switches) }}
{%- endmacro %}


{# The key `parts` beside `monitors`: what has nodes. #}
{% macro switches_of_all() -%}
    {%- set switches = {} -%}
    {%- for name, part in data_health.parts().items() -%}
        {%- do switches.update({name: {'type': 'boolean', 'description': part.description}}) -%}
    {%- endfor -%}
    {{ return(switches) }}
{%- endmacro %}


{# Which parts a monitor has rows in: on, not switched off by the monitor, and so is all that they need. #}
{% macro parts_of_monitor(switches) -%}
    {%- set wanted = {} -%}
    {%- for name, part in data_health.parts().items() -%}
        {%- set missing = [] -%}
        {%- for needed in part.needs if not wanted[needed] -%}{%- do missing.append(needed) -%}{%- endfor -%}
        {%- do wanted.update({name: data_health.part_is_on(name) and switches.get(name) is not false and not missing}) -%}
    {%- endfor -%}
    {{ return(wanted) }}
{%- endmacro %}


{# What is wrong with the switches: a part is true while one that it needs is false. #}
{% macro part_problems(switches) -%}
    {%- set problems, parts = [], data_health.parts() -%}
    {%- for name, part in parts.items() if switches.get(name) is true -%}
        {%- for needed in data_health.needs_of_part(name) if switches.get(needed) is false -%}
            {%- do problems.append(data_health.problem('', 'parts.' ~ needed, false, 'true, because ' ~ name ~ ' is true and needs it')) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(problems) }}
{%- endmacro %}
