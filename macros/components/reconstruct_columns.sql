{# The way back from components to columns: the mean of each and its deviation as far as these components tell it. #}
{% macro reconstruct_columns(relation, monitor, reference, k=none, keys=[], loadings=none, version=none) -%}
    {%- set fit = data_health.stored_components('reconstruct_columns', monitor, reference, k, loadings, version) %}
select
    {%- for key in data_health.quoted(keys) %}
    {{ key }},
    {%- endfor %}
    {%- for column in fit.columns if fit %}{% set position = loop.index0 %}
    {{ column.mean }} + {{ column.scale }} * (
        {%- for component in fit.components %}
        {{- ' + ' if not loop.first }}{{ component.loadings[position] }} * component_{{ loop.index }}
        {%- endfor -%}
    ) as {{ data_health.quoted(column.name) }},
    {%- endfor %}
    cast({{ data_health.text_literal(fit.version if fit else none) }} as varchar) as loadings_version
from {{ relation }} as projected_rows
{%- if not fit %}
where false
{%- endif %}
{%- endmacro %}
