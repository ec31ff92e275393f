{# One branch of the distributions per scan, column and segmentation; `shape` says how its values are counted. #}
{% macro distribution_parts(scans) -%}
    {%- set parts = [] -%}
    {%- for scan in scans -%}
        {%- for column in scan.columns if column.grid_kind != 'key' -%}
            {%- set shapes = {'numeric': ['bins'], 'timestamp': ['bins'], 'text': ['lengths', 'patterns']}.get(column.grid_kind,
                ['values']) -%}
            {%- for shape in shapes -%}
                {%- for segmentation in data_health.segmentations(scan) -%}
                    {#- grouping by the constant that stands for all rows would cost a tenth of the time -#}
                    {%- set segment_keys = [] if segmentation.column == '(all)' else ['segment_value'] -%}
                    {%- do parts.append({
                        'scan': scan, 'column': column, 'shape': shape, 'segmentation': segmentation, 'segment_keys': segment_keys,
                        'segment_value': 'segment_value' if segment_keys else "cast('(all)' as varchar)"
                    }) -%}
                {%- endfor -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(parts) }}
{%- endmacro %}


{# The values of one column as x, with their period and segment. #}
{% macro column_rows(part, value) %}
        select
            {{ data_health.row_period(part.scan.dataset, part.scan.has_timeless_rows) }} as period_start,
            {{ part.segmentation.value ~ ' as segment_value,' if part.segment_keys }}
            {{ value }} as x
        from {{ data_health.scan_source(part.scan.dataset, part.column.from_labels) }}
        where {{ data_health.scan_condition(part.scan.dataset, part.scan.stretches, part.scan.first_moment_outside) }}
            {{ data_health.engine_sql('compute_once') }}
{%- endmacro %}


{#
    Rows per fine bin. A column of few different values is counted by value first, so that a bin is computed per value, not per row.
    Beside the value stands what the method of the grid needs of it.
#}
{% macro counted_bins(part) -%}
{%- set column, grid, is_discrete = part.column, part.column.grid, part.column.grid.is_discrete -%}
{%- set keys = (['period_start'] + part.segment_keys) | join(', ') -%}
{%- set rows = data_health.column_rows(part, column.value) -%}
{%- set rows_to_place %}
        {%- if is_discrete %}
        select
            {{ keys }},
            x,
            count(*) as n
        from (
{{ rows }}
        ) as single_rows
        group by {{ keys }}, x
        {%- else %}
{{ rows }}
        {%- endif %}
{%- endset %}
    select
        {{ column.id }} as column_id,
        period_start,
        {{ data_health.text_literal(part.segmentation.column) }} as segment_column,
        {{ part.segment_value }} as segment_value,
        bin,
        {{ 'sum(n)' if is_discrete else 'count(*)' }} as row_count,
        sum({{ data_health.engine_sql('summand', 'finite_x') }}{{ ' * n' if is_discrete }}) as value_sum,
        min(finite_x) as minimum,
        max(finite_x) as maximum
    from (
        select
            {{ keys }},
            {{ 'n,' if is_discrete }}
            {{ 'x' if column.is_exact_number else data_health.engine_sql('finite_or_null', 'x') }} as finite_x,
            {{ data_health.bin_of('x', grid, column.is_exact_number) }} as bin
        from (
        {%- if grid.method == 'linear' %}
{{ rows_to_place }}
        {%- else %}
        select
            rows_to_place.*,
            {{ data_health.place_among('x', grid.knots, 0, grid.knots | length) ~ ' as stretch' if grid.method == 'knots'
                else 'case when x > 0 then ln(x) end as logarithm' }}
        from (
{{ rows_to_place }}
        ) as rows_to_place
        {%- endif %}
        ) as column_rows
    ) as binned_rows
    group by {{ keys }}, bin
{%- endmacro %}


{# Rows per length of a text: one bin per length up to 512, bins that grow by a tenth each beyond. #}
{% macro counted_lengths(part) %}
    select
        {{ part.column.id }} as column_id,
        period_start,
        {{ data_health.text_literal(part.segmentation.column) }} as segment_column,
        {{ part.segment_value }} as segment_value,
        cast(case when x < 512 then x else 512 + {{ data_health.engine_sql('tail_bin', 'x - 512', '1e0') }} end as bigint) as bin,
        count(*) as row_count,
        cast(sum(x) as double precision) as value_sum,
        cast(min(x) as double precision) as minimum,
        cast(max(x) as double precision) as maximum
    from (
{{ data_health.column_rows(part, 'length(' ~ part.column.value ~ ')') }}
    ) as column_rows
    group by {{ (['period_start'] + part.segment_keys) | join(', ') }}, bin
{%- endmacro %}


{# Rows per category, or per shape of a text. #}
{% macro counted_categories(part) %}
    select
        {{ part.column.id }} as column_id,
        period_start,
        {{ data_health.text_literal(part.segmentation.column) }} as segment_column,
        {{ part.segment_value }} as segment_value,
        '{{ 'pattern' if part.shape == 'patterns' else 'value' }}' as bin_type,
        x as category,
        count(*) as row_count
    from (
{{ data_health.column_rows(part, data_health.engine_sql('text_pattern', part.column.value) if part.shape == 'patterns'
    else part.column.value) }}
    ) as column_rows
    {{ 'where x is not null' if part.shape == 'patterns' }}
    group by {{ (['period_start'] + part.segment_keys) | join(', ') }}, x
{%- endmacro %}
