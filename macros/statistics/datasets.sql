{#
    What is scanned for the monitors of this run: the production table of each, and the references that are tables of their own or windows
    that do not begin and end with a period. Every other reference is a sum over production periods. Reads the catalogue, so there are none
    while dbt parses, nor under --empty, unless only the columns are wanted; a table that is not there is left out, and so is
    everything of a monitor whose rows or labels lack what the configuration names: health_monitors says so.
    A label that stands in a table of its own takes the place of a column of the same name. `weight` is null where a row has none that
    counts: negative, NaN or infinite; in a table without the column all weigh the same. `local_time` and `local_loaded_at` are those of a
    row in the zone of the monitor; a time without a zone of its own is taken as it stands. `segmentations` are the groups of rows that
    statistics are kept for: all rows, and the rows of each value of a segment column. `monitored` are the columns that have statistics,
    numbered through all datasets.
#}
{% macro datasets_of_this_run(under_empty=false) -%}
    {%- set monitors, datasets, numbered = data_health.selected_monitors(), [], namespace(count=0) -%}
    {%- set written = data_health.configured_block().get('monitors') -%}
    {%- for configured in monitors.values() if execute and (under_empty or not flags.EMPTY) -%}
        {%- set relation, known = data_health.relation_of(configured.relation), {} -%}
        {%- set is_left_out = data_health.warehouse_problems(configured, written[configured.name] or {}, known=known) != [] -%}
        {%- set stored_columns = known[relation | string] -%}
        {%- set monitor = data_health.monitor_in_table_names(configured, stored_columns or []) -%}
        {%- set tables = [['production', none, relation, stored_columns]] -%}
        {%- for reference in monitor.references -%}
            {%- if reference.kind == 'relation' -%}
                {%- set other_relation = data_health.relation_of(reference.relation) -%}
                {%- do tables.append([reference.name, reference, other_relation, data_health.columns_of(other_relation)]) -%}
            {%- elif reference.kind == 'window' and monitor.time and not data_health.is_sum_of_periods(reference, monitor.grain) -%}
                {%- do tables.append([reference.name, reference, relation, stored_columns]) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- for name, reference, table, table_columns in tables if table_columns is not none and not is_left_out -%}
            {%- set is_other_table = reference is not none and reference.kind == 'relation' -%}
            {%- set has_own_labels = monitor.label and monitor.label.relation and not is_other_table -%}
            {%- set label_columns = known[data_health.relation_of(monitor.label.relation) | string] if has_own_labels else none -%}
            {%- set label = data_health.find_column(label_columns or [], monitor.label.column) if has_own_labels else none -%}
            {%- set columns = data_health.monitored_columns(monitor, table_columns, label) -%}
            {%- set plain_columns = columns | rejectattr('is_derived') | list -%}
            {%- set weight = data_health.find_column(plain_columns, monitor.weight) if monitor.weight else none -%}
            {%- set number = 'cast(' ~ weight.identifier ~ ' as double precision)' if weight else none -%}
            {%- set segmentations = [{'column': '(all)', 'value': "cast('(all)' as varchar)"}] -%}
            {%- for segment in monitor.segments -%}
                {%- for column in columns if column.name == segment -%}
                    {%- do segmentations.append({'column': segment, 'value': 'cast(' ~ column.identifier ~ ' as varchar)'}) -%}
                {%- endfor -%}
            {%- endfor -%}
            {%- set dataset = {
                'name': name, 'monitor': monitor, 'reference': reference, 'is_other_table': is_other_table, 'relation': table,
                'columns': columns, 'segmentations': segmentations,
                'weight': 'case when ' ~ number ~ ' between 0e0 and 1e100 then ' ~ number ~ ' end' if weight
                    else 'cast(1 as double precision)'
            } -%}
            {%- for role in ['time', 'loaded_at'] -%}
                {%- set column = data_health.find_column(table_columns, monitor[role]) if monitor[role] and not is_other_table else none -%}
                {%- set type = column.data_type | lower if column else '' -%}
                {%- set has_zone = 'with time zone' in type or type.startswith('timestamptz')
                    or type in ['timestamp_tz', 'timestamp_ltz'] -%}
                {%- set moment = 'monitored_rows.' ~ data_health.quoted(column.name) if column else none -%}
                {%- set in_zone = '(' ~ moment ~ ' at time zone ' ~ data_health.text_literal(monitor.timezone) ~ ')' -%}
                {%- do dataset.update({role: moment, role ~ '_has_zone': has_zone, 'local_' ~ role: in_zone if has_zone else moment}) -%}
            {%- endfor -%}
            {%- set monitored = [] -%}
            {%- for column in columns if not column.left_out -%}
                {%- do monitored.append(dict(column, id=numbered.count, monitor=monitor, dataset=dataset)) -%}
                {%- set numbered.count = numbered.count + 1 -%}
            {%- endfor -%}
            {%- do datasets.append(dict(dataset, monitored=monitored)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(datasets) }}
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
