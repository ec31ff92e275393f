{#
    The parts of the package, each after those that it `needs`, what these need included. `asked_by`: keys of a monitor, or of `defaults`,
    that ask for it; a part without any is asked for by every monitor, or with `asked_by_set` by any cleaning set. `needs_python`: on a
    warehouse that runs no Python models it is on only where `parts` says so.
#}
{% macro parts() -%}
    {{ return({
        'volume': {'needs': [], 'description': 'Rows per period, late rows, freshness, changes of the schema.'},
        'profile': {'needs': [], 'description': 'What is in every column, and the statistics that the other parts read.'},
        'drift': {'needs': ['profile'], 'description': 'Every column against the references and the period before.'},
        'components': {'needs': ['profile'], 'asked_by': ['references', 'components'], 'needs_python': true,
            'description': 'Principal components and multivariate drift.'},
        'coverage': {'needs': ['drift', 'profile'], 'asked_by': ['references', 'coverage'],
            'description': 'Values that the references do not cover.'},
        'combinations': {'needs': ['profile'], 'asked_by': ['references', 'subgroups', 'combinations'],
            'description': 'Combinations of values that the references, or all rows, lack.'},
        'representation': {'needs': ['combinations', 'profile'], 'asked_by': ['subgroups'],
            'description': 'Rows, labels and predictions of every subgroup; known biases.'},
        'labeling': {'needs': [], 'asked_by': ['labeling'], 'description': 'What people label next, and what their labels say.'},
        'cleaning': {'needs': [], 'asked_by_set': true, 'description': 'What the cleaning rules did, and rules that are suggested.'}
    }) }}
{%- endmacro %}


{#
    Is a part on? It has no node otherwise. `parts: {drift: false}` decides; else it is on where a part that is on needs it, or a monitor
    asks for it, or a cleaning set. Called while dbt parses, so it takes whatever is written. The properties of Python models say the same
    without macros; a test compares the two.
#}
{% macro part_is_on(name) -%}
    {%- set parts, block = data_health.parts(), data_health.configured_block() -%}
    {%- set part, switches = parts[name], block.get('parts') if block.get('parts') is mapping else {} -%}
    {%- for needed in part.needs -%}
        {%- if switches.get(needed) is false -%}{{ return(false) }}{%- endif -%}
    {%- endfor -%}
    {%- if switches.get(name) is boolean -%}{{ return(switches[name]) }}{%- endif -%}
    {%- for other in parts if name in parts[other].needs -%}
        {%- if data_health.part_is_on(other) -%}{{ return(true) }}{%- endif -%}
    {%- endfor -%}
    {%- if part.needs_python and not data_health.engine_sql('runs_python') -%}{{ return(false) }}{%- endif -%}
    {%- if part.asked_by_set -%}{{ return(block.get('cleaning') is mapping and block['cleaning'] | length > 0) }}{%- endif -%}
    {%- for monitor in data_health.written_monitors().values() -%}
        {%- set is_left_out = monitor.get('parts') is mapping and monitor['parts'].get(name) is false -%}
        {%- for key in part.asked_by or ['relation'] if not is_left_out and monitor.get(key) is not none -%}{{ return(true) }}{%- endfor -%}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}


{#
    Does the configuration, or any monitor, have something under a key, such as 'components.scores'? What only that key asks for has
    no node otherwise; in this project everything has one, so that all is built and tested.
#}
{% macro is_configured(path) -%}
    {%- if project_name == 'data_health' -%}{{ return(true) }}{%- endif -%}
    {%- set keys = path.split('.') -%}
    {%- for monitor in data_health.written_monitors().values() | list + [data_health.configured_block()] -%}
        {%- set place = namespace(value=monitor) -%}
        {%- for key in keys -%}
            {%- set place.value = place.value.get(key) if place.value is mapping else none -%}
        {%- endfor -%}
        {%- if place.value is not none and place.value is not false -%}{{ return(true) }}{%- endif -%}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}


{#
    What is written of every monitor, over the defaults, by its name and under the names that keys have now; what is no mapping is an empty
    one. Called while dbt parses, so all mappings are combined, also those that a monitor replaces: what is asked for is the same.
#}
{% macro written_monitors() -%}
    {%- set block, monitors = data_health.configured_block(), {} -%}
    {%- set defaults = data_health.with_current_names(block.get('defaults')) -%}
    {%- for name, written in (block.get('monitors') if block.get('monitors') is mapping else {}).items() -%}
        {%- set own, merged = data_health.with_current_names(written), dict(defaults) -%}
        {%- for key, value in own.items() -%}
            {%- set both = dict(merged[key]) if value is mapping and merged.get(key) is mapping else {} -%}
            {%- if value is mapping -%}{%- do both.update(value) -%}{%- endif -%}
            {%- do merged.update({key: both if value is mapping else value}) -%}
        {%- endfor -%}
        {%- do monitors.update({name | string: merged}) -%}
    {%- endfor -%}
    {{ return(monitors) }}
{%- endmacro %}
