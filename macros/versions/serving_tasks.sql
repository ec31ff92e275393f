{#
    What is compared between the log of served features and the recomputed ones, per monitor that has both: SQL over `logged`, the log, and
    over `monitored_rows`, the recomputed rows. `recomputed` is a dataset as scanned_rows() takes it. Columns that stand in both relations
    are features, but for those with another role. The raw values of the feature number 7 are called logged_7 and recomputed_7. Numbers are
    compared as numbers, also where one side holds them as texts; times of one kind as times; everything else as texts.
#}
{% macro serving_tasks() -%}
    {%- set tasks = [] -%}
    {%- for dataset in data_health.datasets_of_this_run() if dataset.name == 'production' and dataset.monitor.parts.versions -%}
        {%- set monitor, served = dataset.monitor, dataset.monitor.versions.served or {} -%}
        {%- set zone, prediction = data_health.text_literal(monitor.timezone), monitor.prediction or {} -%}
        {%- set log = data_health.relation_of(served.relation) if served else none -%}
        {%- set table = data_health.relation_of(served.recomputed) if served.recomputed else dataset.relation -%}
        {%- set of_log = data_health.columns_of(log, data_health.column_uses(monitor, {}, 'versions.served.relation'))
            if served else none -%}
        {%- set of_table = data_health.columns_of(table, data_health.column_uses(monitor, {}, 'versions.served.recomputed'))
            if served else none -%}
        {%- set is_there, sides, pairs, keys, features = of_log is not none and of_table is not none, {}, [], [], [] -%}
        {%- for side, name in {'recomputed': monitor.time, 'loaded': monitor.loaded_at, 'logged': served.time}.items() if is_there -%}
            {%- set column = data_health.find_column(of_log if side == 'logged' else of_table, name) if name else none -%}
            {%- set type = column.data_type | lower if column else '' -%}
            {%- set has_zone = 'with time zone' in type or type.startswith('timestamptz') -%}
            {%- set alias = 'logged' if side == 'logged' else 'monitored_rows' -%}
            {%- set moment = alias ~ '.' ~ data_health.quoted(column.name) if column else none -%}
            {%- do sides.update({side: {
                'name': 'production', 'monitor': monitor, 'relation': table, 'is_other_table': served.recomputed is not none,
                'time': moment, 'time_has_zone': has_zone,
                'local_time': '(' ~ moment ~ ' at time zone ' ~ zone ~ ')' if has_zone else moment
            }}) -%}
        {%- endfor -%}
        {%- set own = [monitor.time, monitor.loaded_at, served.time, served.version, prediction.score, prediction.label, prediction.version,
            (monitor.label or {}).column] + monitor.exclude -%}
        {%- for name in monitor.key if is_there -%}
            {%- set logged = data_health.find_column(of_log, (served.key or monitor.key)[loop.index0]) -%}
            {%- do pairs.append([logged, data_health.find_column(of_table, name), none]) -%}
            {%- do own.extend([name, logged.name]) -%}
        {%- endfor -%}
        {%- set own = own | select | map('lower') | list -%}
        {%- for column in of_log or [] if is_there and column.name | lower not in own -%}
            {%- set other = data_health.find_column(of_table, column.name) -%}
            {%- do pairs.append([column, other, pairs | length]) if other -%}
        {%- endfor -%}
        {%- for logged, recomputed, number in pairs -%}
            {%- set kinds = [data_health.type_family(logged.data_type), data_health.type_family(recomputed.data_type)] -%}
            {%- set same, numbers, texts = kinds[0] == kinds[1], [], [] -%}
            {%- for column, side, alias in [(logged, 'logged', 'logged'), (recomputed, 'recomputed', 'monitored_rows')] -%}
                {%- set value = side ~ '_' ~ number if number is not none else alias ~ '.' ~ data_health.quoted(column.name) -%}
                {%- set kind, type, text = kinds[loop.index0], column.data_type | lower, 'cast(' ~ value ~ ' as varchar)' -%}
                {%- do numbers.append('cast(' ~ value ~ ' as double precision)' if kind == 'numeric'
                    else 'cast(cast(' ~ value ~ ' as integer) as double precision)' if kind == 'boolean'
                    else 'case when ' ~ data_health.engine_sql('is_number', text) ~ ' then cast(' ~ text ~ ' as double precision) end') -%}
                {%- set has_zone = 'with time zone' in type or type.startswith('timestamptz') -%}
                {%- do texts.append('(' ~ value ~ ' at time zone ' ~ zone ~ ')' if same and has_zone
                    else value if same and kind in ['timestamp', 'boolean', 'numeric']
                    else 'lower(' ~ text ~ ')' if 'boolean' in kinds else text) -%}
            {%- endfor -%}
            {%- set is_numeric = 'numeric' in kinds and kinds | reject('in', ['numeric', 'boolean', 'string']) | list == [] -%}
            {%- do keys.append(texts) if number is none -%}
            {%- do features.append({
                'number': number, 'name': recomputed.name, 'numbers': numbers if is_numeric else none,
                'types': [(logged.dtype if kinds[0] == 'string' else logged.data_type) | lower,
                    (recomputed.dtype if kinds[1] == 'string' else recomputed.data_type) | lower],
                'columns': ['logged.' ~ data_health.quoted(logged.name), 'monitored_rows.' ~ data_health.quoted(recomputed.name)],
                'equal': (numbers if is_numeric and not same else texts) | join(' = '),
                'is_shown': recomputed.name | lower in monitor.show_values | map('lower') | list
            }) if number is not none -%}
        {%- endfor -%}
        {%- set version = data_health.find_column(of_log, served.version) if is_there and served.version else none -%}
        {%- do tasks.append({
            'monitor': monitor, 'served': served, 'log': log, 'keys': keys, 'features': features, 'sides': sides,
            'version': "coalesce(cast(logged." ~ data_health.quoted(version.name) ~ " as varchar), '(none)')" if version else none
        }) if is_there and monitor.key -%}
    {%- endfor -%}
    {{ return(tasks) }}
{%- endmacro %}
