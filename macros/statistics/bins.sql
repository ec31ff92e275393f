{#
    The fine bins of a numeric column. A bin is a whole number that grows with the value:
    the bin of the grid without atoms, plus two for every atom below the value and one when the value is an atom.
    On a logarithmic grid, zero and negative values, which the first data did not have, get bins far below.
    Only the order of bins means anything; where a bin begins and ends is seen from the smallest and largest value in it.
    Whole numbers and decimals have neither NaN nor infinities.
#}
{% macro bin_of(value, grid, is_exact_number) -%}
    {%- set lower, upper, step = data_health.double_literal(grid.lower), data_health.double_literal(grid.upper), data_health.double_literal(grid.step) -%}
    {%- if grid.method == 'logarithmic' -%}
        {%- set bin = "case when " ~ value ~ " <= 0 then -1000000 - " ~ data_health.engine_sql('tail_bin', "least(- " ~ value ~ ", 1e50)", "exp(" ~ lower ~ ")")
            ~ " else " ~ data_health.linear_bin("logarithm", lower, upper, step, grid.bin_count) ~ " end" -%}
    {%- elif grid.method == 'knots' -%}
        {%- set bin = data_health.knot_bin(value, grid.knots) -%}
    {%- else -%}
        {%- set bin = data_health.linear_bin(value, lower, upper, step, grid.bin_count) -%}
    {%- endif -%}
    {%- set atoms = '\n        + ' ~ data_health.atoms_below(value, grid.atoms, 0, grid.atoms | length) if grid.atoms else '' -%}
    {%- set finite_bin = 'cast(' ~ bin ~ atoms ~ ' as bigint)' -%}
    {%- if is_exact_number -%}
        {{ return("case when " ~ value ~ " is not null then " ~ finite_bin ~ " end") }}
    {%- endif -%}
    {%- set special = data_health.special_bins() -%}
    {{ return("case when " ~ value ~ " is null then null when " ~ data_health.engine_sql('is_finite', value) ~ " then " ~ finite_bin
        ~ " when " ~ data_health.engine_sql('is_nan', value) ~ " then " ~ special.nan
        ~ " when " ~ value ~ " > 0 then " ~ special.positive_infinity ~ " else " ~ special.negative_infinity ~ " end") }}
{%- endmacro %}


{# Equal bins between lower and upper; outside, bins that grow by a tenth each, open for ever. All arguments are SQL. #}
{% macro linear_bin(value, lower, upper, step, bin_count) -%}
    {{ return("case when " ~ value ~ " < " ~ lower ~ " then -1 - " ~ data_health.engine_sql('tail_bin', lower ~ " - greatest(" ~ value ~ ", -1e50)", step)
        ~ " when " ~ value ~ " < " ~ upper ~ " then floor(" ~ data_health.engine_sql('quotient', value ~ ' - ' ~ lower, step) ~ ")"
        ~ " else " ~ bin_count ~ " + " ~ data_health.engine_sql('tail_bin', "least(" ~ value ~ ", 1e50) - " ~ upper, step) ~ " end") }}
{%- endmacro %}


{# Eight equal bins between neighbouring knots; tails as on a linear grid. `stretch` is the value's knot_stretch. #}
{% macro knot_bin(value, knots) -%}
    {%- set last = (knots | length) - 1 -%}
    {%- set starts, widths = [], [] -%}
    {%- for knot in knots -%}{%- if not loop.last -%}
        {%- do starts.append(data_health.double_literal(knot)) -%}
        {%- do widths.append(data_health.double_literal((knots[loop.index] | float - knot | float) / 8)) -%}
    {%- endif -%}{%- endfor -%}
    {{ return("case when stretch < 0 then -1 - " ~ data_health.engine_sql('tail_bin', starts[0] ~ " - greatest(" ~ value ~ ", -1e50)", widths[0])
        ~ " when stretch = " ~ last ~ " then " ~ (8 * last) ~ " + "
        ~ data_health.engine_sql('tail_bin', "least(" ~ value ~ ", 1e50) - " ~ data_health.double_literal(knots[last]), widths[last - 1])
        ~ " else 8 * stretch + floor((" ~ value ~ " - " ~ data_health.engine_sql('list_element', starts | join(', '), "stretch + 1") ~ ") / "
        ~ data_health.engine_sql('list_element', widths | join(', '), "stretch + 1") ~ ") end") }}
{%- endmacro %}


{# Number of the last knot that is not above the value, from 0, found by halving; -1 below the first. #}
{% macro knot_stretch(value, knots, first, last) -%}
    {%- if first == last -%}
        {{ return((first - 1) | string) }}
    {%- endif -%}
    {%- set middle = (first + last) // 2 -%}
    {{ return("case when " ~ value ~ " < " ~ data_health.double_literal(knots[middle])
        ~ " then " ~ data_health.knot_stretch(value, knots, first, middle)
        ~ " else " ~ data_health.knot_stretch(value, knots, middle + 1, last) ~ " end") }}
{%- endmacro %}


{# Two for every atom below the value, one more when it is an atom itself; found by halving. #}
{% macro atoms_below(value, atoms, first, last) -%}
    {%- if first >= last -%}
        {{ return((2 * first) | string) }}
    {%- endif -%}
    {%- set middle = (first + last) // 2 -%}
    {%- set atom = data_health.double_literal(atoms[middle]) -%}
    {{ return("case when " ~ value ~ " < " ~ atom ~ " then " ~ data_health.atoms_below(value, atoms, first, middle)
        ~ " when " ~ value ~ " = " ~ atom ~ " then " ~ (2 * middle + 1)
        ~ " else " ~ data_health.atoms_below(value, atoms, middle + 1, last) ~ " end") }}
{%- endmacro %}


{# Bins outside the grid: null stays null; the infinities and NaN lie beyond every bin. #}
{% macro special_bins() -%}
    {{ return({'negative_infinity': -1000000000, 'positive_infinity': 1000000000, 'nan': 1000000001}) }}
{%- endmacro %}
