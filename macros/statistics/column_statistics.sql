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
        {%- do result.update(data_health.numeric_expressions(column, value, deviation)) -%}
    {%- elif column.family == 'string' -%}
        {%- do result.update({
            'empty_count': data_health.count_where(value ~ " = ''"),
            'length_sum': 'sum(length(' ~ value ~ '))', 'length_minimum': 'min(length(' ~ value ~ '))',
            'length_maximum': 'max(length(' ~ value ~ '))'
        }) -%}
    {%- endif -%}
    {%- do result.update({'distinct_count': data_health.engine_sql('distinct_count', value)}) -%}
    {{ return(result) }}
{%- endmacro %}


{# What is measured of a number or a time. #}
{% macro numeric_expressions(column, value, deviation) -%}
    {%- set result = {
        'zero_count': data_health.count_where(value ~ ' = 0'),
        'negative_count': data_health.count_where(value ~ ' < 0'),
        'minimum': 'min(finite_' ~ value ~ ')', 'maximum': 'max(finite_' ~ value ~ ')',
        'extreme_count': 'count(finite_' ~ value ~ ') - count(' ~ deviation ~ ')',
        'sum_1': 'sum(' ~ deviation ~ ')',
        'sum_2': 'sum(' ~ deviation ~ ' * ' ~ deviation ~ ')',
        'sum_3': 'sum(' ~ deviation ~ ' * ' ~ deviation ~ ' * ' ~ deviation ~ ')',
        'sum_4': 'sum((' ~ deviation ~ ' * ' ~ deviation ~ ') * (' ~ deviation ~ ' * ' ~ deviation ~ '))'
    } -%}
    {%- if not column.is_exact_number -%}
        {%- do result.update({
            'nan_count': data_health.count_where(data_health.engine_sql('is_nan', value)),
            'positive_infinity_count': data_health.count_where(value ~ " = cast('Infinity' as double precision)"),
            'negative_infinity_count': data_health.count_where(value ~ " = cast('-Infinity' as double precision)")
        }) -%}
    {%- endif -%}
    {{ return(result) }}
{%- endmacro %}


{# One scan of a chunk of columns for one way of segmenting: first the values, then one aggregate over all of them. #}
{% macro chunk_statistics(scan, chunk, segmentation) %}
    select
        period_start,
        segment_value,
        count(*) as row_count
        {%- for column in chunk.columns %}
            {%- for statistic, expression in data_health.statistic_expressions(column).items() %},
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
            {{ data_health.finite_or_null('value_' ~ column.id, column) }} as finite_value_{{ column.id }},
            case when value_{{ column.id }} between -1e50 and 1e50 then {{ data_health.engine_sql('deviation', 'value_' ~ column.id, data_health.double_literal(column.grid.centre)) }} end as deviation_{{ column.id }}
                {%- endif %}
            {%- endfor %}
        from (
            select
                {{ data_health.scan_period(scan) }} as period_start,
                {{ segmentation.value }} as segment_value
                {%- for column in chunk.columns %},
                {{ column.value }} as value_{{ column.id }}
                {%- endfor %}
            from {{ data_health.scan_source(scan.monitor, scan.dataset, chunk.from_labels) }}
            where {{ data_health.scan_condition(scan.monitor, scan.dataset, scan.stretches, scan.first_moment_outside) }} {{ data_health.engine_sql('compute_once') }}
        ) as rows_of_chunk {{ data_health.engine_sql('compute_once') }}
    ) as deviations_of_chunk
    group by period_start, segment_value
{%- endmacro %}


{# The value, or null where it is NaN or infinite. #}
{% macro finite_or_null(value, column) -%}
    {{ return(value if column.is_exact_number else 'case when ' ~ data_health.engine_sql('is_finite', value) ~ ' then ' ~ value ~ ' end') }}
{%- endmacro %}


{# One scan, and one select per column that turns the wide aggregate of its chunk into rows of the long table. #}
{% macro measured_rows(part) %}
    select * from (

        with {{ part.name }} as (
        {{ data_health.chunk_statistics(part.scan, part.chunk, part.segmentation) }}
        )
        {% for column in part.chunk.columns %}
        {%- set measured, is_first = data_health.statistic_expressions(column), loop.first %}
        select
            {{ column.id }} as column_id, period_start, {{ data_health.text_literal(part.segmentation.column) }} as segment_column, segment_value
            {%- for statistic, data_type in data_health.statistic_types().items() %},
            {{ data_health.measured_value(statistic, data_type, measured, column) }}{{ ' as ' ~ statistic if is_first }}
            {%- endfor %}
        from {{ part.name }}
        {{ 'union all' if not loop.last }}
        {%- endfor %}

    ) as rows_of_{{ part.name }}
{%- endmacro %}


{# Rows for which a condition holds; a sum of casts takes half the time of a sum over a case. #}
{% macro count_where(condition) -%}
    {{ return('coalesce(sum(cast(' ~ condition ~ ' as integer)), 0)') }}
{%- endmacro %}


{# Where a stored statistic comes from: the aggregate, a zero that is known, or null where it has no meaning. #}
{% macro measured_value(statistic, data_type, measured, column) -%}
    {%- if statistic == 'row_count' -%}{{ return('row_count') }}
    {%- elif statistic in measured -%}{{ return(statistic ~ '_' ~ column.id) }}
    {%- elif column.is_exact_number and statistic in ['nan_count', 'positive_infinity_count', 'negative_infinity_count'] -%}{{ return('0') }}
    {%- endif -%}
    {{ return('cast(null as ' ~ data_type ~ ')') }}
{%- endmacro %}


{# The parts of which the statement is put together: one per scan, chunk of columns and segmentation. #}
{% macro statistics_parts(scans) -%}
    {%- set parts = [] -%}
    {%- for scan in scans -%}
        {%- set scan_number = loop.index -%}
        {%- for chunk in data_health.column_chunks(scan.columns, 12) -%}
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
