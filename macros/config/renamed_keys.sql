{# Keys of a monitor that had another name before; the old ones work until version 0.2, with a warning. None: nothing was behind it. #}
{% macro renamed_keys() -%}
    {{ return({
        'marts.performance': none,
        'marts.profile': none,
        'marts': 'parts',
        'marts.dimensions': 'parts.components',
        'dimensions': 'components',
        'coverage.features': 'combinations.features',
        'coverage.combinations': 'combinations.size',
        'coverage.gap_levels': 'combinations.gap_levels',
        'coverage.gap_rows': 'combinations.gap_rows'
    }) }}
{%- endmacro %}


{#
    A monitor, or the defaults, under the names that keys have now. A new name that is written too wins. What is no mapping gives an
    empty one.
#}
{% macro with_current_names(written) -%}
    {%- set result = {} -%}
    {%- for key, value in (written if written is mapping else {}).items() -%}
        {%- do result.update({key: dict(value) if value is mapping else value}) -%}
    {%- endfor -%}
    {%- for old, new in data_health.renamed_keys().items() -%}
        {%- set old_key, old_child = (old ~ '.').split('.')[:2] -%}
        {%- set new_key, new_child = ((new or old) ~ '.').split('.')[:2] -%}
        {%- set here = result if not old_child else result.get(new_key if old_key != new_key and old_key not in result else old_key) -%}
        {%- if here is mapping and (old_child or old_key) in here -%}
            {%- set value = here.pop(old_child or old_key) -%}
            {%- if new is none -%}
            {%- elif not old_child and new_key not in result -%}
                {%- do result.update({new_key: value}) -%}
            {%- elif old_child -%}
                {%- if new_key not in result -%}{%- do result.update({new_key: {}}) -%}{%- endif -%}
                {%- if result[new_key] is mapping and new_child not in result[new_key] -%}
                    {%- do result[new_key].update({new_child: value}) -%}
                {%- endif -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(result) }}
{%- endmacro %}


{# Warns, once per command, of the old names in the configuration. #}
{% macro warn_of_old_names(configuration) -%}
    {%- set owners, found = [], [] -%}
    {%- if configuration is mapping -%}
        {%- do owners.append(['defaults', configuration.get('defaults')]) -%}
        {%- for name, written in (configuration.get('monitors') if configuration.get('monitors') is mapping else {}).items() -%}
            {%- do owners.append(["monitor '" ~ name ~ "'", written]) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- for owner, written in owners -%}
        {%- for old, new in data_health.renamed_keys().items() -%}
            {%- set place = namespace(value=written) -%}
            {%- for key in old.split('.') -%}
                {%- set place.value = place.value.get(key) if place.value is mapping else none -%}
            {%- endfor -%}
            {%- if place.value is not none -%}
                {%- do found.append(owner ~ ': ' ~ old ~ (' is now ' ~ new if new else ' is gone: nothing was behind it')) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if found -%}
        {%- do exceptions.warn('data_health: keys have new names; the old ones work until version 0.2\n- ' ~ found | join('\n- ')) -%}
    {%- endif -%}
{%- endmacro %}
