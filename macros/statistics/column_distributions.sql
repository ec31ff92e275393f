{#
    Rows per fine bin, or of other columns per length of a text, per shape of a text or per category. What is null, NaN or infinite is
    counted by column_statistics. A column of few different values is counted by value first, so that a bin is computed per value, not per
    row; beside the value stands what the method of the grid needs of it. Lengths have one bin each up to 512, beyond bins that grow by a
    tenth each.
#}
{% macro counted_values(part) -%}
{%- set column, grid, is_binned = part.column, part.column.grid, part.shape == 'bins' -%}
{%- set is_discrete, keys = is_binned and grid.is_discrete, (['period_start'] + part.segment_keys) | join(', ') -%}
{%- set rows_to_rank %}
        {%- if is_discrete %}
        select
            {{ keys }},
            x,
            count(*) as n
        from (
{{ part.rows }}
        ) as single_rows
        group by {{ keys }}, x
        {%- else %}
{{ part.rows }}
        {%- endif %}
{%- endset %}
    select
        {{ column.id }} as column_id,
        period_start,
        {{ data_health.text_literal(part.segmentation.column) }} as segment_column,
        {{ part.segment_value }} as segment_value,
        {%- if is_binned %}
        bin,
        {{ 'sum(n)' if is_discrete else 'count(*)' }} as row_count,
        sum({{ data_health.engine_sql('summand', 'deviation') }}{{ ' * n' if is_discrete }}) as value_sum,
        min(finite_x) as minimum,
        max(finite_x) as maximum
        {%- elif part.shape == 'lengths' %}
        cast(case when x < 512 then x else 512 + {{ data_health.engine_sql('tail_bin', 'x - 512', '1e0') }} end as bigint) as bin,
        count(*) as row_count,
        cast(sum(x) as double precision) as value_sum,
        cast(min(x) as double precision) as minimum,
        cast(max(x) as double precision) as maximum
        {%- else %}
        x as category,
        count(*) as row_count
        {%- endif %}
    from (
    {%- if is_binned %}
        select
            {{ keys }},
            {{ 'n,' if is_discrete }}
            {{ 'x' if column.is_exact_number else data_health.engine_sql('finite_or_null', 'x') }} as finite_x,
            {{ data_health.engine_sql('deviation', 'x', data_health.double_literal(grid.centre)) }} as deviation,
            {{ data_health.bin_of('x', grid, column.is_exact_number) }} as bin
        from (
        {%- if grid.method in ['linear', 'values', 'decimals'] %}
{{ rows_to_rank }}
        {%- else %}
        select
            rows_to_rank.*,
            {{ data_health.rank_among('x', grid.edges) ~ ' as rank' if grid.method == 'quantiles'
                else 'case when x > 0 then ln(x) end as logarithm' }}
        from (
{{ rows_to_rank }}
        ) as rows_to_rank
        {%- endif %}
        ) as column_rows
    ) as binned_rows
    {%- else %}
{{ part.rows }}
    ) as column_rows
    {%- endif %}
    {{ 'where x is not null' if not is_binned }}
    group by {{ keys }}, {{ 'bin' if part.shape in ['bins', 'lengths'] else 'x' }}
{%- endmacro %}
