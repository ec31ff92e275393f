{# What the statistics of a monitor, or of one of its references, depend on, besides the rows and the grid of the column. #}
{% macro monitor_fingerprint(monitor, reference=none) -%}
    {%- if reference is not none -%}
        {{ return(local_md5([
            data_health.monitor_fingerprint(monitor), reference.relation, reference['from'], reference.to
        ] | string)[:12]) }}
    {%- endif -%}
    {%- if monitor.get('fingerprint') -%}
        {{ return(monitor.fingerprint) }}
    {%- endif -%}
    {#- what says only how labels are judged changes no count -#}
    {%- set label = dict(monitor.label) if monitor.label else none -%}
    {%- do label.pop('matures_after', none) if label -%}
    {#- raise this when the arithmetic of a stored statistic changes: every period that can be read again is then rebuilt -#}
    {%- set statistics_version = '1' -%}
    {{ return(local_md5([
        statistics_version, monitor.relation, monitor.where, monitor.time, monitor.timezone, monitor.grain,
        monitor.segments, monitor.max_categories, label
    ] | string)[:12]) }}
{%- endmacro %}
