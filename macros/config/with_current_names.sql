{#
    A monitor, or the defaults, under the names that keys have now; the old ones work until version 0.2, and are put on the list `found`, as
    [old name, new name]. A new name that is written too wins. None: nothing was behind it. What is no mapping gives an empty one.
#}
{% macro with_current_names(written, found=[]) -%}
    {%- if written is not mapping -%}{{ return({}) }}{%- endif -%}
    {#- nearly every monitor has none of the old names, and this is called for each of them and for every node -#}
    {%- set thresholds, labeling = written.get('thresholds'), written.get('labeling') -%}
    {%- set is_old = 'marts' in written or 'dimensions' in written or written.get('coverage') is mapping
        or (thresholds is mapping and 'h' in thresholds)
        or (labeling is mapping and ('answers' in labeling or labeling.get('strategy') == 'typical')) -%}
    {%- if not is_old -%}{{ return(dict(written)) }}{%- endif -%}
    {%- set renamed = {
        'marts.performance': none,
        'marts.profile': none,
        'marts': 'parts',
        'marts.dimensions': 'parts.components',
        'dimensions': 'components',
        'coverage.features': 'combinations.features',
        'coverage.combinations': 'combinations.size',
        'coverage.gap_levels': 'combinations.gap_levels',
        'coverage.gap_rows': 'combinations.gap_rows',
        'thresholds.h': 'thresholds.cohens_h',
        'labeling.answers': 'labeling.annotations'
    } -%}
    {%- set result = {} -%}
    {%- for key, value in written.items() -%}
        {%- do result.update({key: dict(value) if value is mapping else value}) -%}
    {%- endfor -%}
    {%- for old, new in renamed.items() -%}
        {%- set old_key, old_child = (old ~ '.').split('.')[:2] -%}
        {%- set given = written.get(old_key) -%}
        {%- set given = given if not old_child else given.get(old_child) if given is mapping else none -%}
        {%- if given is not none -%}{%- do found.append([old, new]) -%}{%- endif -%}
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
    {%- if labeling is mapping and labeling.get('strategy') == 'typical' -%}
        {%- do result.labeling.update({'strategy': 'representative'}) -%}
        {%- do found.append(['labeling.strategy: typical', 'labeling.strategy: representative']) -%}
    {%- endif -%}
    {{ return(result) }}
{%- endmacro %}
