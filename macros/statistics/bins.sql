{#
    The fine bins of a numeric column. A bin is a whole number that grows with the value: the bin of the grid without atoms, plus two for
    every atom below the value and one when the value is an atom. What is no finite number has none. On a logarithmic grid, zero and
    negative values, which the first data did not have, get bins far below. Only the order of bins means anything; where a bin begins and
    ends is seen from the smallest and largest value in it. Of a column that is counted by value a whole number has a bin of its own; among
    codes, so has what lies between two of them.
#}
{% macro bin_of(value, grid, is_exact_number) -%}
    {%- set lower, upper, step = data_health.double_literal(grid.lower), data_health.double_literal(grid.upper),
        data_health.double_literal(grid.step) -%}
    {%- if grid.method in ['values', 'decimals'] -%}
        {#- of decimals, such as 0.29, a hundred times the value is not quite whole -#}
        {%- set unit = (1 / grid.step | float) | round | int -%}
        {%- set number = value if unit == 1 else unit ~ " * " ~ value ~ " + 1e-4" -%}
        {%- set whole = "floor(least(greatest(" ~ number ~ ", -4e18), 4e18))" -%}
        {%- set between = " + case when " ~ number ~ " > " ~ whole ~ (" + 2e-4" if unit > 1) ~ " then 1 else 0 end" -%}
        {%- set bin = whole if grid.method == 'decimals' else "2 * " ~ whole ~ (between if not is_exact_number or unit > 1) -%}
    {%- elif grid.method == 'logarithmic' -%}
        {%- set bin = "case when " ~ value ~ " <= 0 then -1000000 - "
            ~ data_health.engine_sql('tail_bin', "least(- " ~ value ~ ", 1e50)", "exp(" ~ lower ~ ")")
            ~ " else " ~ data_health.linear_bin("logarithm", lower, upper, step, grid.bin_count) ~ " end" -%}
    {%- elif grid.method == 'quantiles' -%}
        {#- `rank` is that of the value among the edges; tails as on a linear grid, the first as wide as its neighbour -#}
        {%- set last = (grid.edges | length) - 1 -%}
        {%- set first_edge, last_edge = data_health.double_literal(grid.edges[0]), data_health.double_literal(grid.edges[last]) -%}
        {%- set bin = "case when rank < 0 then -1 - " ~ data_health.engine_sql('tail_bin',
                first_edge ~ " - greatest(" ~ value ~ ", -1e50)",
                data_health.double_literal(grid.edges[1] | float - grid.edges[0] | float))
            ~ " when rank = " ~ last ~ " then " ~ last ~ " + " ~ data_health.engine_sql('tail_bin',
                "least(" ~ value ~ ", 1e50) - " ~ last_edge,
                data_health.double_literal(grid.edges[last] | float - grid.edges[last - 1] | float))
            ~ " else rank end" -%}
    {%- else -%}
        {%- set bin = data_health.linear_bin(value, lower, upper, step, grid.bin_count) -%}
    {%- endif -%}
    {%- set atoms = '\n        + ' ~ data_health.rank_among(value, grid.atoms, are_atoms=true) if grid.atoms else '' -%}
    {{ return("case when " ~ (value ~ " is not null" if is_exact_number else data_health.engine_sql('is_finite', value))
        ~ " then cast(" ~ bin ~ atoms ~ " as bigint) end") }}
{%- endmacro %}


{# Equal bins between lower and upper; outside, bins that grow by a tenth each, open for ever. All arguments are SQL. #}
{% macro linear_bin(value, lower, upper, step, bin_count) -%}
    {{ return("case when " ~ value ~ " < " ~ lower ~ " then -1 - "
        ~ data_health.engine_sql('tail_bin', lower ~ " - greatest(" ~ value ~ ", -1e50)", step)
        ~ " when " ~ value ~ " < " ~ upper ~ " then floor(" ~ data_health.engine_sql('quotient', value ~ ' - ' ~ lower, step) ~ ")"
        ~ " else " ~ bin_count ~ " + " ~ data_health.engine_sql('tail_bin', "least(" ~ value ~ ", 1e50) - " ~ upper, step) ~ " end") }}
{%- endmacro %}


{#
    Where a value stands in a sorted list, found by halving. Of edges the number of the last that is not above it, from 0; -1 below
    the first. Of atoms two for every one below it, and one more when it is an atom itself. Built from the leaves up, because dbt takes
    longer for a macro that calls itself than a warehouse for the expression.
#}
{% macro rank_among(value, sorted, are_atoms=false) -%}
    {%- set tree = {'parts': [], 'edges': range(sorted | length) | list} -%}
    {%- for rank in range((sorted | length) + 1) -%}
        {%- do tree.parts.append(2 * rank if are_atoms else rank - 1) -%}
    {%- endfor -%}
    {%- for _ in range(64) if tree.parts | length > 1 -%}
        {%- set parts, edges = [], [] -%}
        {%- for part in tree.parts -%}
            {%- set number = loop.index0 -%}
            {%- if number % 2 == 0 and not loop.last -%}
                {%- set edge = tree.edges[number] -%}
                {%- set literal = data_health.double_literal(sorted[edge]) -%}
                {%- do parts.append('case when ' ~ value ~ ' < ' ~ literal ~ ' then ' ~ part
                    ~ (' when ' ~ value ~ ' = ' ~ literal ~ ' then ' ~ (2 * edge + 1) if are_atoms)
                    ~ ' else ' ~ tree.parts[number + 1] ~ ' end') -%}
            {%- elif number % 2 == 0 -%}
                {%- do parts.append(part) -%}
            {%- elif not loop.last -%}
                {%- do edges.append(tree.edges[number]) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do tree.update({'parts': parts, 'edges': edges}) -%}
    {%- endfor -%}
    {{ return(tree.parts[0] | string) }}
{%- endmacro %}
