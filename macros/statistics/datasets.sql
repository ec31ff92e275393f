{#
    What is scanned for a monitor: the production table, and the references that are tables of their own or windows
    that do not begin and end with a period. Every other reference is a sum over production periods.
    Reads the catalogue, so it is called only while dbt executes; a table that is not there yet is left out.
#}
{% macro scanned_datasets(configured_monitor) -%}
    {%- set datasets = [] -%}
    {%- set monitor = data_health.monitor_in_table_names(configured_monitor) -%}
    {%- do data_health.append_dataset(datasets, monitor, 'production', monitor.relation, none) -%}
    {%- for reference in monitor.references -%}
        {%- if reference.kind == 'relation' -%}
            {%- do data_health.append_dataset(datasets, monitor, reference.name, reference.relation, reference) -%}
        {%- elif reference.kind == 'window' and monitor.time and not data_health.is_sum_of_periods(reference, monitor.grain) -%}
            {%- do data_health.append_dataset(datasets, monitor, reference.name, monitor.relation, reference) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(datasets) }}
{%- endmacro %}


{# Adds what there is to know of a table to the list, unless the warehouse does not hold it. #}
{% macro append_dataset(datasets, monitor, name, relation_spec, reference) -%}
    {%- set relation = data_health.relation_of(relation_spec) -%}
    {%- set relation_columns = data_health.columns_of(relation) -%}
    {%- if relation_columns is not none -%}
        {%- set is_other_table = reference is not none and reference.kind == 'relation' -%}
        {%- set columns = data_health.monitored_columns(monitor, relation_columns) -%}
        {%- if monitor.label and monitor.label.relation and not is_other_table -%}
            {%- do data_health.append_joined_label(columns, monitor) -%}
        {%- endif -%}
        {%- set time = data_health.find_column(relation_columns, monitor.time) if monitor.time and not is_other_table else none -%}
        {%- set loaded_at = data_health.find_column(relation_columns, monitor.loaded_at) if monitor.loaded_at and not is_other_table else none -%}
        {%- do datasets.append({
            'name': name, 'monitor': monitor, 'reference': reference, 'is_other_table': is_other_table, 'relation': relation, 'columns': columns,
            'time': data_health.quoted(time.name) if time else none,
            'time_type': time.data_type | lower if time else none,
            'loaded_at': data_health.quoted(loaded_at.name) if loaded_at else none,
            'loaded_at_type': loaded_at.data_type | lower if loaded_at else none
        }) -%}
    {%- endif -%}
{%- endmacro %}


{# The label that stands in a table of its own takes the place of a column of the same name. #}
{% macro append_joined_label(columns, monitor) -%}
    {%- set label_columns = data_health.columns_of(data_health.relation_of(monitor.label.relation)) -%}
    {%- set label = data_health.find_column(label_columns or [], monitor.label.column) -%}
    {%- if label is not none -%}
        {%- for column in columns if column.name == monitor.label.column -%}
            {%- do column.update({'left_out': 'the label comes from its own table'}) -%}
        {%- endfor -%}
        {%- do columns.append(data_health.monitored_column(monitor, monitor.label.column, data_health.shown_type(label), 'label', true)) -%}
    {%- endif -%}
{%- endmacro %}


{# Does a window begin and end with periods of this grain? #}
{% macro is_sum_of_periods(reference, grain) -%}
    {%- for edge in [reference['from'], reference.to] -%}
        {%- if edge | length > 10 and edge[11:] not in ['00:00:00', '00:00'] -%}
            {{ return(false) }}
        {%- endif -%}
        {%- set day = modules.datetime.date.fromisoformat(edge[:10]) -%}
        {%- if (grain == 'week' and day.weekday() != 0)
            or (grain in ['month', 'quarter'] and day.day != 1)
            or (grain == 'quarter' and day.month not in [1, 4, 7, 10]) -%}
            {{ return(false) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(true) }}
{%- endmacro %}


{# Names every relation of every monitor, so that dbt knows the lineage whatever is selected at run time. #}
{% macro declare_monitored_relations() -%}
    {%- for name, monitor in data_health.resolved_monitors().items() -%}
        {%- for read in data_health.relations_of_monitor(monitor) -%}
            {%- do data_health.relation_of(read.relation) -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}


{# The scanned datasets of the monitors of this run; empty while dbt parses and under --empty. #}
{% macro datasets_of_this_run() -%}
    {%- do data_health.declare_monitored_relations() -%}
    {%- set result = {} -%}
    {%- if execute and not flags.EMPTY -%}
        {%- for name, monitor in data_health.selected_monitors().items() -%}
            {%- do result.update({name: data_health.scanned_datasets(monitor)}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(result) }}
{%- endmacro %}
