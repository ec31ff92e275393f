{# One row per period of a dataset: how many rows it holds now, and how new they are. #}
{% macro period_counts(monitor, dataset, counted_from) -%}
{%- set with_labels = monitor.label is not none and not dataset.is_other_table -%}
{%- set label = data_health.quoted('data_health_label' if monitor.label and monitor.label.relation else monitor.label.column) if with_labels else none -%}
{%- set stretches = [{'from': counted_from, 'to': none}, {'from': none, 'to': none}] if counted_from else none %}
    select
        {{ data_health.text_literal(monitor.name) }} as monitor,
        {{ data_health.text_literal(dataset.name) }} as dataset,
        {{ data_health.text_literal(data_health.monitor_fingerprint(monitor, dataset.reference)) }} as fingerprint,
        {{ data_health.text_literal(monitor.grain if dataset.time or dataset.name != 'production' else 'day') }} as grain,
        {{ data_health.text_literal(monitor.on_missing_period) }} as on_missing_period,
        {{ data_health.row_period(monitor, dataset, has_timeless_rows=true) }} as period_start,
        cast({{ "'" ~ dataset.reference.to[:10] ~ "'" if dataset.reference and dataset.reference.kind == 'window' else 'null' }} as date) as window_end,
        count(*) as row_count,
        {{ 'count(monitored_rows.' ~ label ~ ')' if label else 'cast(null as bigint)' }} as labelled_count,
        {{ data_health.late_row_count(monitor, dataset) }} as late_row_count,
        {{ 'max(cast(' ~ data_health.event_time(monitor, dataset) ~ ' as timestamp))' if dataset.time else 'cast(null as timestamp)' }} as newest_event,
        {{ 'max(cast(' ~ data_health.local_time(dataset.loaded_at, dataset.loaded_at_type, monitor.timezone) ~ ' as timestamp))' if dataset.loaded_at else 'cast(null as timestamp)' }} as newest_load,
        {{ data_health.high_water_mark(dataset) }} as high_water_mark
    from {{ data_health.scan_source(monitor, dataset, with_labels=with_labels and monitor.label.relation is not none) }}
    where {{ data_health.scan_condition(monitor, dataset, stretches) }}
    group by 6
{%- endmacro %}


{# The newest moment among the rows that are counted, of load or else of the event, in UTC where it knows its zone: later rows are left to the next run. #}
{% macro high_water_mark(dataset) -%}
    {%- set column = dataset.loaded_at or dataset.time -%}
    {%- if not column -%}
        {{ return('cast(null as timestamp)') }}
    {%- endif -%}
    {{ return('max(cast(' ~ data_health.local_time(column, dataset.loaded_at_type or dataset.time_type, 'UTC') ~ ' as timestamp))') }}
{%- endmacro %}


{# Rows that were loaded much later than they happened. #}
{% macro late_row_count(monitor, dataset) -%}
    {%- if not dataset.loaded_at or not dataset.time -%}
        {{ return('cast(null as bigint)') }}
    {%- endif -%}
    {%- set on_time = dbt.dateadd('day', monitor.late_after_days, data_health.event_time(monitor, dataset)) -%}
    {{ return("sum(case when " ~ data_health.local_time(dataset.loaded_at, dataset.loaded_at_type, monitor.timezone) ~ " > " ~ on_time ~ " then 1 else 0 end)") }}
{%- endmacro %}


{# Monitor -> the date from which its rows are counted again; none counts every period. #}
{% macro counting_starts(relation, datasets) -%}
    {%- set starts = {} -%}
    {%- for name in datasets -%}
        {%- set monitor = data_health.selected_monitors()[name] -%}
        {%- if monitor.lookback and monitor.time and load_relation(relation) is not none -%}
            {%- set newest = run_query(
                "select " ~ data_health.periods_later('max(period_start)', monitor.grain, 1 - monitor.lookback) ~ " from " ~ relation
                ~ " where monitor = " ~ data_health.text_literal(name) ~ " and dataset = 'production' and fingerprint = "
                ~ data_health.text_literal(data_health.monitor_fingerprint(monitor))
            ).rows[0][0] -%}
            {%- set rebuilt = data_health.rebuild_span() -%}
            {%- set counts_all = not newest or (rebuilt and not rebuilt['from']) -%}
            {%- do starts.update({name: none if counts_all else ([(newest | string)[:10]] + ([rebuilt['from']] if rebuilt else [])) | min}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(starts) }}
{%- endmacro %}


{# Monitors whose periods can vanish: those with a time, from the first period that is counted again. #}
{% macro counting_scope(datasets, counting_starts) -%}
    {%- set rows = [] -%}
    {%- for pair in data_health.flat_datasets(datasets) if pair.dataset.name == 'production' and pair.dataset.time -%}
        {%- set start = counting_starts.get(pair.monitor.name) -%}
        {%- do rows.append("select " ~ data_health.text_literal(pair.monitor.name) ~ " as monitor, '" ~ pair.monitor.grain
            ~ "' as grain, '" ~ pair.monitor.on_missing_period ~ "' as on_missing_period, cast("
            ~ ("'" ~ start ~ "'" if start else "'0001-01-01'") ~ " as date) as counted_from") -%}
    {%- endfor -%}
    {%- if not rows -%}
        {{ return(data_health.no_rows({'monitor': 'varchar', 'grain': 'varchar', 'on_missing_period': 'varchar', 'counted_from': 'date'})) }}
    {%- endif -%}
    {{ return(rows | join('\n    union all ')) }}
{%- endmacro %}
