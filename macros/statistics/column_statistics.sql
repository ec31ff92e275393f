{# The names and types of what is measured for a column, in the order in which they are stored. #}
{% macro statistic_types() -%}
    {{ return({
        'row_count': 'bigint', 'null_count': 'bigint', 'nan_count': 'bigint', 'positive_infinity_count': 'bigint',
        'negative_infinity_count': 'bigint', 'extreme_count': 'bigint', 'zero_count': 'bigint', 'negative_count': 'bigint',
        'empty_count': 'bigint', 'minimum': 'double precision', 'maximum': 'double precision',
        'sum_1': 'double precision', 'sum_2': 'double precision', 'sum_3': 'double precision', 'sum_4': 'double precision',
        'length_sum': 'bigint', 'length_minimum': 'bigint', 'length_maximum': 'bigint', 'distinct_count': 'bigint'
    }) }}
{%- endmacro %}


{#
    What is measured: statistic -> SQL over the value of one column, for that column's kind.
    Σ(x−c)ⁿ leaves out values further than 1e50 from the centre, whose fourth power no double can hold; they are counted.
#}
{% macro statistic_expressions(column) -%}
    {%- set value, deviation = 'value_' ~ column.id, 'deviation_' ~ column.id -%}
    {%- set result = {'null_count': 'count(*) - count(' ~ value ~ ')'} -%}
    {%- if column.grid_kind in ['numeric', 'timestamp'] -%}
        {%- do result.update({
            'zero_count': data_health.engine_sql('count_where', value ~ ' = 0'),
            'negative_count': data_health.engine_sql('count_where', value ~ ' < 0'),
            'minimum': 'min(finite_' ~ value ~ ')', 'maximum': 'max(finite_' ~ value ~ ')',
            'extreme_count': 'count(finite_' ~ value ~ ') - count(' ~ deviation ~ ')',
            'sum_1': 'sum(' ~ deviation ~ ')',
            'sum_2': 'sum(' ~ deviation ~ ' * ' ~ deviation ~ ')',
            'sum_3': 'sum(' ~ deviation ~ ' * ' ~ deviation ~ ' * ' ~ deviation ~ ')',
            'sum_4': 'sum((' ~ deviation ~ ' * ' ~ deviation ~ ') * (' ~ deviation ~ ' * ' ~ deviation ~ '))'
        }) -%}
        {%- if not column.is_exact_number -%}
            {%- do result.update({
                'nan_count': data_health.engine_sql('count_where', data_health.engine_sql('is_nan', value)),
                'positive_infinity_count': data_health.engine_sql('count_where', value ~ " = cast('Infinity' as double precision)"),
                'negative_infinity_count': data_health.engine_sql('count_where', value ~ " = cast('-Infinity' as double precision)")
            }) -%}
        {%- endif -%}
    {%- elif column.family == 'string' -%}
        {%- do result.update({
            'empty_count': data_health.engine_sql('count_where', value ~ " = ''"),
            'length_sum': 'sum(length(' ~ value ~ '))', 'length_minimum': 'min(length(' ~ value ~ '))',
            'length_maximum': 'max(length(' ~ value ~ '))'
        }) -%}
    {%- endif -%}
    {%- do result.update({'distinct_count': data_health.engine_sql('distinct_count', value)}) -%}
    {{ return(result) }}
{%- endmacro %}


{# One scan of a chunk of columns for one way of segmenting: first the values, then one aggregate over all of them. #}
{% macro chunk_statistics(scan, chunk, segmentation) %}
    select
        period_start,
        segment_value,
        count(*) as row_count
        {%- for column in chunk.columns %}
            {%- for statistic, expression in column.expressions.items() %},
        {{ expression }} as {{ statistic }}_{{ column.id }}
            {%- endfor %}
        {%- endfor %}
    from (
        select
            period_start,
            segment_value
            {%- for column in chunk.columns %},
            value_{{ column.id }}
                {%- if column.grid_kind in ['numeric', 'timestamp'] %},
            {{ 'value_' ~ column.id if column.is_exact_number
                else data_health.engine_sql('finite_or_null', 'value_' ~ column.id) }} as finite_value_{{ column.id }},
            case when value_{{ column.id }} between -1e50 and 1e50
                then {{ data_health.engine_sql('deviation', 'value_' ~ column.id, data_health.double_literal(column.grid.centre)) }}
                end as deviation_{{ column.id }}
                {%- endif %}
            {%- endfor %}
        from (
            select
                {{ data_health.row_period(scan.dataset, scan.has_timeless_rows) }} as period_start,
                {{ segmentation.value }} as segment_value
                {%- for column in chunk.columns %},
                {{ column.value }} as value_{{ column.id }}
                {%- endfor %}
            from {{ data_health.scan_source(scan.dataset, chunk.from_labels) }}
            where {{ data_health.scan_condition(scan.dataset, scan.stretches, scan.first_moment_outside) }}
                {{ data_health.engine_sql('compute_once') }}
        ) as rows_of_chunk {{ data_health.engine_sql('compute_once') }}
    ) as deviations_of_chunk
    group by period_start, segment_value
{%- endmacro %}


{# One scan, and one select per column that turns the wide aggregate of its chunk into rows of the long table. #}
{% macro measured_rows(part) %}
    {%- set types, known_zeros = data_health.statistic_types(), ['nan_count', 'positive_infinity_count', 'negative_infinity_count'] %}
    select * from (

        with {{ part.name }} as (
        {{ data_health.chunk_statistics(part.scan, part.chunk, part.segmentation) }}
        )
        {% for column in part.chunk.columns %}
        {%- set is_first = loop.first %}
        select
            {{ column.id }} as column_id, period_start, {{ data_health.text_literal(part.segmentation.column) }} as segment_column,
                segment_value
            {%- for statistic, data_type in types.items() %},
            {{ 'row_count' if statistic == 'row_count'
                else statistic ~ '_' ~ column.id if statistic in column.expressions
                else '0' if column.is_exact_number and statistic in known_zeros
                else 'cast(null as ' ~ data_type ~ ')' }}{{ ' as ' ~ statistic if is_first }}
            {%- endfor %}
        from {{ part.name }}
        {{ 'union all' if not loop.last }}
        {%- endfor %}

    ) as rows_of_{{ part.name }}
{%- endmacro %}


{#
    The parts of which the statement is put together: one per scan, chunk of twelve columns and segmentation; columns of the label table
    apart.
#}
{% macro statistics_parts(scans) -%}
    {%- set parts = [] -%}
    {%- for scan in scans -%}
        {%- set scan_number, chunks = loop.index, [] -%}
        {%- for column in scan.columns -%}{%- do column.update({'expressions': data_health.statistic_expressions(column)}) -%}{%- endfor -%}
        {%- for from_labels in [false, true] -%}
            {%- for columns in scan.columns | selectattr('from_labels', 'equalto', from_labels) | batch(12) -%}
                {%- do chunks.append({'from_labels': from_labels, 'columns': columns}) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- for chunk in chunks -%}
            {%- set chunk_number = loop.index -%}
            {%- for segmentation in data_health.segmentations(scan) -%}
                {%- do parts.append({
                    'name': 'scan_' ~ scan_number ~ '_chunk_' ~ chunk_number ~ '_segmentation_' ~ loop.index,
                    'scan': scan, 'chunk': chunk, 'segmentation': segmentation
                }) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(parts) }}
{%- endmacro %}
