{#
    The fine bins of a numeric column. A bin is a whole number that grows with the value:
    the bin of the grid without atoms, plus two for every atom below the value and one when the value is an atom.
    The infinities and NaN have bins beyond all others, which column_distributions knows by number. On a logarithmic grid, zero and negative
    values, which the first data did not have, get bins far below. Only the order of bins means anything; where a bin begins and ends is
    seen from the smallest and largest value in it. Whole numbers and decimals have neither NaN nor infinities.
#}
{% macro bin_of(value, grid, is_exact_number) -%}
    {%- set lower, upper, step = data_health.double_literal(grid.lower), data_health.double_literal(grid.upper),
        data_health.double_literal(grid.step) -%}
    {%- if grid.method == 'logarithmic' -%}
        {%- set bin = "case when " ~ value ~ " <= 0 then -1000000 - "
            ~ data_health.engine_sql('tail_bin', "least(- " ~ value ~ ", 1e50)", "exp(" ~ lower ~ ")")
            ~ " else " ~ data_health.linear_bin("logarithm", lower, upper, step, grid.bin_count) ~ " end" -%}
    {%- elif grid.method == 'knots' -%}
        {#- eight equal bins between neighbouring knots; tails as on a linear grid; `stretch` is the value's place among the knots -#}
        {%- set last, starts, widths = (grid.knots | length) - 1, [], [] -%}
        {%- for knot in grid.knots[:-1] -%}
            {%- do starts.append(data_health.double_literal(knot)) -%}
            {%- do widths.append(data_health.double_literal((grid.knots[loop.index] | float - knot | float) / 8)) -%}
        {%- endfor -%}
        {%- set bin = "case when stretch < 0 then -1 - "
            ~ data_health.engine_sql('tail_bin', starts[0] ~ " - greatest(" ~ value ~ ", -1e50)", widths[0])
            ~ " when stretch = " ~ last ~ " then " ~ (8 * last) ~ " + "
            ~ data_health.engine_sql('tail_bin', "least(" ~ value ~ ", 1e50) - " ~ data_health.double_literal(grid.knots[last]),
                widths[last - 1])
            ~ " else 8 * stretch + floor((" ~ value ~ " - " ~ data_health.engine_sql('list_element', starts | join(', '), "stretch + 1")
                ~ ") / "
            ~ data_health.engine_sql('list_element', widths | join(', '), "stretch + 1") ~ ") end" -%}
    {%- else -%}
        {%- set bin = data_health.linear_bin(value, lower, upper, step, grid.bin_count) -%}
    {%- endif -%}
    {%- set atoms = '\n        + ' ~ data_health.place_among(value, grid.atoms, 0, grid.atoms | length, true) if grid.atoms else '' -%}
    {%- set finite_bin = 'cast(' ~ bin ~ atoms ~ ' as bigint)' -%}
    {%- if is_exact_number -%}
        {{ return("case when " ~ value ~ " is not null then " ~ finite_bin ~ " end") }}
    {%- endif -%}
    {{ return("case when " ~ value ~ " is null then null when " ~ data_health.engine_sql('is_finite', value) ~ " then " ~ finite_bin
        ~ " when " ~ data_health.engine_sql('is_nan', value) ~ " then 1000000001"
        ~ " when " ~ value ~ " > 0 then 1000000000 else -1000000000 end") }}
{%- endmacro %}


{# Equal bins between lower and upper; outside, bins that grow by a tenth each, open for ever. All arguments are SQL. #}
{% macro linear_bin(value, lower, upper, step, bin_count) -%}
    {{ return("case when " ~ value ~ " < " ~ lower ~ " then -1 - "
        ~ data_health.engine_sql('tail_bin', lower ~ " - greatest(" ~ value ~ ", -1e50)", step)
        ~ " when " ~ value ~ " < " ~ upper ~ " then floor(" ~ data_health.engine_sql('quotient', value ~ ' - ' ~ lower, step) ~ ")"
        ~ " else " ~ bin_count ~ " + " ~ data_health.engine_sql('tail_bin', "least(" ~ value ~ ", 1e50) - " ~ upper, step) ~ " end") }}
{%- endmacro %}


{#
    Where a value stands in a sorted list, found by halving. Of knots the number of the last that is not above it, from 0; -1 below
    the first. Of atoms two for every one below it, and one more when it is an atom itself.
#}
{% macro place_among(value, sorted, first, last, are_atoms=false) -%}
    {%- if first == last -%}
        {{ return((2 * first if are_atoms else first - 1) | string) }}
    {%- endif -%}
    {%- set middle = (first + last) // 2 -%}
    {%- set edge = data_health.double_literal(sorted[middle]) -%}
    {{ return("case when " ~ value ~ " < " ~ edge ~ " then " ~ data_health.place_among(value, sorted, first, middle, are_atoms)
        ~ (" when " ~ value ~ " = " ~ edge ~ " then " ~ (2 * middle + 1) if are_atoms)
        ~ " else " ~ data_health.place_among(value, sorted, middle + 1, last, are_atoms) ~ " end") }}
{%- endmacro %}
