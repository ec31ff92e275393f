{#
    One row per period of a dataset: how many rows it holds now, and how new they are. The high-water mark is the newest moment among
    them, of load or else of the event, in UTC where it knows its zone: later rows are left to the next run.
#}
{% macro period_counts(dataset, counted_from) -%}
{%- set monitor = dataset.monitor -%}
{%- set with_labels = monitor.label is not none and not dataset.is_other_table -%}
{%- set label = data_health.quoted('data_health_label' if monitor.label and monitor.label.relation else monitor.label.column) if with_labels
    else none -%}
{%- set stretches = [{'from': counted_from, 'to': none}, {'from': none, 'to': none}] if counted_from else none -%}
{%- set event_time, load_time = data_health.local_time(dataset, 'time'), data_health.local_time(dataset, 'loaded_at') -%}
{%- set marking_time = data_health.local_time(dataset, 'loaded_at' if dataset.loaded_at else 'time', 'UTC') %}
    select
        {{ data_health.text_literal(monitor.name) }} as monitor,
        {{ data_health.text_literal(dataset.name) }} as dataset,
        {{ data_health.text_literal(data_health.monitor_fingerprint(monitor, dataset.reference)) }} as fingerprint,
        {{ data_health.text_literal(monitor.grain if dataset.time or dataset.name != 'production' else 'day') }} as grain,
        {{ data_health.text_literal(monitor.on_missing_period) }} as on_missing_period,
        {{ data_health.row_period(dataset, has_timeless_rows=true) }} as period_start,
        cast({{ "'" ~ dataset.reference.to[:10] ~ "'" if dataset.reference and dataset.reference.kind == 'window' else 'null' }} as date)
            as window_end,
        count(*) as row_count,
        {{ 'count(monitored_rows.' ~ label ~ ')' if label else 'cast(null as bigint)' }} as labelled_count,
        {{ 'sum(case when ' ~ load_time ~ ' > ' ~ dbt.dateadd('day', monitor.late_after_days, event_time) ~ ' then 1 else 0 end)'
            if dataset.loaded_at and dataset.time else 'cast(null as bigint)' }} as late_row_count,
        {{ 'max(cast(' ~ event_time ~ ' as timestamp))' if dataset.time else 'cast(null as timestamp)' }} as newest_event,
        {{ 'max(cast(' ~ load_time ~ ' as timestamp))' if dataset.loaded_at else 'cast(null as timestamp)' }} as newest_load,
        {{ 'max(cast(' ~ marking_time ~ ' as timestamp))' if dataset.loaded_at or dataset.time else 'cast(null as timestamp)' }}
            as high_water_mark
    from {{ data_health.scan_source(dataset, with_labels=with_labels and monitor.label.relation is not none) }}
    where {{ data_health.scan_condition(dataset, stretches) }}
    group by 6
{%- endmacro %}


{# Monitor -> the date from which its rows are counted again; none counts every period. #}
{% macro counting_starts(relation, datasets) -%}
    {%- set starts = {} -%}
    {%- for dataset in datasets if dataset.name == 'production' -%}
        {%- set monitor = dataset.monitor -%}
        {%- if monitor.lookback and monitor.time and load_relation(relation) is not none -%}
            {%- set newest = run_query(
                "select " ~ data_health.periods_later('max(period_start)', monitor.grain, 1 - monitor.lookback) ~ " from " ~ relation
                ~ " where monitor = " ~ data_health.text_literal(monitor.name) ~ " and dataset = 'production' and fingerprint = "
                ~ data_health.text_literal(data_health.monitor_fingerprint(monitor))
            ).rows[0][0] -%}
            {%- set rebuilt = data_health.rebuild_span() -%}
            {%- set counts_all = not newest or (rebuilt and not rebuilt['from']) -%}
            {%- do starts.update({monitor.name: none if counts_all
                else ([(newest | string)[:10]] + ([rebuilt['from']] if rebuilt else [])) | min}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(starts) }}
{%- endmacro %}
