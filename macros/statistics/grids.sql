{#
    The stored grids of every column, as text so that no digit is lost: 'monitor|column' -> grid. Two builds at once may have fitted one
    twice.
#}
{% macro stored_grids(grid_relation) -%}
    {%- set grids = {} -%}
    {%- set query %}
        select
            monitor, column_name, family, kind, method, is_discrete, generation, row_count_when_drawn, sampled_value_count,
            cast(centre as varchar) as centre, cast(lower_edge as varchar) as lower_edge, cast(upper_edge as varchar) as upper_edge,
            cast(step as varchar) as step, cast(bin_count as varchar) as bin_count, atoms, edges,
            cast(drawn_at as varchar) as drawn_at
        from {{ grid_relation }}
    {%- endset -%}
    {%- for row in run_query(query).rows -%}
        {%- set column_key = row['monitor'] ~ '|' ~ row['column_name'] -%}
        {%- do grids.update({column_key: {
            'is_doubled': column_key in grids, 'drawn_at': row['drawn_at'],
            'family': row['family'], 'kind': row['kind'], 'method': row['method'], 'is_discrete': row['is_discrete'],
            'generation': row['generation'], 'row_count_when_drawn': row['row_count_when_drawn'],
            'sampled_value_count': row['sampled_value_count'], 'centre': row['centre'], 'lower': row['lower_edge'],
            'upper': row['upper_edge'], 'step': row['step'], 'bin_count': row['bin_count'],
            'atoms': row['atoms'].split(';') if row['atoms'] else [], 'edges': row['edges'].split(';') if row['edges'] else []
        }}) -%}
    {%- endfor -%}
    {{ return(grids) }}
{%- endmacro %}
