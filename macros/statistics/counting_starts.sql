{# Monitor -> the date from which its rows are counted again; none counts every period. Rows of the future do not move it. #}
{% macro counting_starts(relation, datasets) -%}
    {%- set starts = {} -%}
    {%- for dataset in datasets if dataset.name == 'production' -%}
        {%- set monitor = dataset.monitor -%}
        {%- if monitor.lookback and monitor.time and load_relation(relation) is not none -%}
            {%- set newest = run_query(
                "select " ~ data_health.engine_sql(monitor.grain ~ 's_later', 'max(period_start)', (1 - monitor.lookback) | string)
                ~ " from " ~ relation
                ~ " where monitor = " ~ data_health.text_literal(monitor.name) ~ " and dataset = 'production' and fingerprint = "
                ~ data_health.text_literal(data_health.monitor_fingerprint(monitor)) ~ " and period_start <= cast('"
                ~ (run_started_at + modules.datetime.timedelta(days=1)).strftime('%Y-%m-%d') ~ "' as date)"
            ).rows[0][0] -%}
            {%- set rebuilt = data_health.rebuild_span() -%}
            {%- set counts_all = not newest or (rebuilt and not rebuilt['from']) -%}
            {%- do starts.update({monitor.name: none if counts_all
                else ([(newest | string)[:10]] + ([rebuilt['from']] if rebuilt else [])) | min}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(starts) }}
{%- endmacro %}
