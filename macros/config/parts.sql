{#
    The parts of the package, each after those that it `needs`, what these need included. `asked_by`: keys of a monitor, or of `defaults`,
    that ask for it; a part without any is asked for by every monitor, or with `asked_by_set` by any cleaning set. `needs_python`: on a
    warehouse that runs no Python models it is on only where `parts` says so.
#}
{% macro parts() -%}
    {{ return({
        'volume': {'needs': [], 'description': 'Number of rows per period, late rows, freshness, changes of the schema.'},
        'profile': {'needs': [], 'description': 'What is in every monitored column, and the statistics that the other parts read.'},
        'drift': {'needs': ['profile'], 'description': 'Drift of every column against the references and the period before.'},
        'components': {'needs': ['profile'], 'asked_by': ['references', 'components'], 'needs_python': true,
            'description': 'Principal components and multivariate drift.'},
        'coverage': {'needs': ['drift', 'profile'], 'asked_by': ['references', 'coverage'],
            'description': 'Values in production that the references do not have.'},
        'combinations': {'needs': ['profile'], 'asked_by': ['references', 'subgroups', 'combinations'],
            'description': 'Combinations of values that the references do not have, and gaps: combinations with too few rows.'},
        'representation': {'needs': ['combinations', 'profile'], 'asked_by': ['subgroups'],
            'description': 'Rows, labels and predictions of every group of a subgroup, and known biases.'},
        'versions': {'needs': ['profile'], 'asked_by': ['versions'],
            'description': 'Whether the table has the features that each version of a model was trained with.'},
        'performance': {'needs': ['profile'], 'asked_by': ['prediction'],
            'description': 'How well the predictions of each model version agree with the labels, for all rows and for groups.'},
        'labeling': {'needs': [], 'asked_by': ['labeling'],
            'description': 'Which rows annotators should label next, and what the annotations say.'},
        'cleaning': {'needs': [], 'asked_by_set': true, 'description': 'What the cleaning rules did, and which rules are suggested.'}
    }) }}
{%- endmacro %}


{#
    The names of the parts that are on. The nodes of the others do not exist. `parts: {drift: false}` decides; else a part is on where a
    part that is on needs it, or a monitor asks for it, or a cleaning set. So parts are looked at after all that may need them. Called
    while dbt parses, once per node, so it takes whatever is written and reads it once. The properties of Python models say the same without
    macros; a test compares the two.
#}
{% macro parts_on() -%}
    {%- set parts, block, on = data_health.parts(), data_health.configured_block(), [] -%}
    {%- set switches = block.get('parts') if block.get('parts') is mapping else {} -%}
    {%- set has_sets, switched_off = block.get('cleaning') is mapping and block['cleaning'] | length > 0, [] -%}
    {%- for name, is_on in switches.items() if is_on is false -%}{%- do switched_off.append(name) -%}{%- endfor -%}
    {%- set monitors, runs_python = data_health.written_monitors().values(), data_health.engine_sql('runs_python') -%}
    {%- for name, part in parts.items() | list | reverse -%}
        {%- set reasons = ['a cleaning set'] if part.asked_by_set and has_sets else [] -%}
        {%- for other in on if name in parts[other].needs -%}{%- do reasons.append(other) -%}{%- endfor -%}
        {%- for monitor in monitors if not part.asked_by_set and (runs_python or not part.needs_python) -%}
            {%- set is_left_out = monitor.get('parts') is mapping and monitor['parts'].get(name) is false -%}
            {%- for key in part.asked_by or ['relation'] if not is_left_out and monitor.get(key) is not none -%}
                {%- do reasons.append(key) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- set is_on = switches[name] if switches.get(name) is boolean else reasons != [] -%}
        {%- if is_on and not part.needs | select('in', switched_off) | list -%}{%- do on.append(name) -%}{%- endif -%}
    {%- endfor -%}
    {{ return(on | reverse | list) }}
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
        {%- do merged.update(own) -%}
        {%- for key, value in defaults.items() if value is mapping and own.get(key) is mapping -%}
            {%- set both = dict(value) -%}
            {%- do both.update(own[key]) -%}
            {%- do merged.update({key: both}) -%}
        {%- endfor -%}
        {%- do monitors.update({name | string: merged}) -%}
    {%- endfor -%}
    {{ return(monitors) }}
{%- endmacro %}
