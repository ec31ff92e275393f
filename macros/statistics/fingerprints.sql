{# What the statistics of a monitor depend on, besides the rows and the grid of the column. #}
{% macro monitor_fingerprint(monitor) -%}
    {%- if monitor.get('fingerprint') -%}
        {{ return(monitor.fingerprint) }}
    {%- endif -%}
    {#- raise this when the arithmetic of a stored statistic changes: every period that can be read again is then rebuilt -#}
    {%- set statistics_version = '1' -%}
    {{ return(local_md5([
        statistics_version, monitor.relation, monitor.where, monitor.time, monitor.timezone, monitor.grain,
        monitor.segments, monitor.max_categories, monitor.label
    ] | string)[:12]) }}
{%- endmacro %}
