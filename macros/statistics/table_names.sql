{# A monitor whose columns are named as those of its table: the configuration may write them in another case. #}
{% macro monitor_in_table_names(monitor, columns) -%}
    {%- set named = dict(monitor) -%}
    {%- do named.update({'fingerprint': data_health.monitor_fingerprint(monitor)}) -%}
    {%- for setting in ['key', 'exclude', 'segments', 'show_values', 'features', 'subgroups', 'time', 'loaded_at', 'weight']
        if monitor[setting] -%}
        {%- do named.update({setting: data_health.table_names(columns, monitor[setting])}) -%}
    {%- endfor -%}
    {%- set overrides, prediction = {}, {} -%}
    {%- for name, override in monitor.columns.items() -%}
        {%- do overrides.update({data_health.table_names(columns, name): override}) -%}
    {%- endfor -%}
    {%- for part, name in (monitor.prediction or {}).items() if name -%}
        {%- do prediction.update({part: name if part == 'threshold' else data_health.table_names(columns, name)}) -%}
    {%- endfor -%}
    {%- set components = dict(monitor.components, one_hot=data_health.table_names(columns, monitor.components.one_hot)) -%}
    {%- do named.update({'columns': overrides, 'prediction': prediction or none, 'components': components}) -%}
    {%- if monitor.label and not monitor.label.relation -%}
        {%- set label = dict(monitor.label) -%}
        {%- do label.update({'column': data_health.table_names(columns, label.column)}) -%}
        {%- do named.update({'label': label}) -%}
    {%- endif -%}
    {{ return(named) }}
{%- endmacro %}


{# A name of a column, or a list of names, as the table writes it; a name that the table does not have stays as it is. #}
{% macro table_names(columns, names) -%}
    {%- if names is string -%}
        {%- set column = data_health.find_column(columns, names) -%}
        {{ return(column.name if column else names) }}
    {%- endif -%}
    {%- set result = [] -%}
    {%- for name in names -%}{%- do result.append(data_health.table_names(columns, name)) -%}{%- endfor -%}
    {{ return(result) }}
{%- endmacro %}
