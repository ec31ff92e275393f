{#
    PostgreSQL. Numbers too large or too small for a double are errors, also in between: a result that would be rounded to zero
    is kept away from it, values nearer to the centre than 1e-60 count as the centre, and sums take values beyond 1e290 as that.
    Decimals have NaN. Tables that were written a moment ago have no statistics yet, and the planner would join them row by row; to
    compile long expressions takes longer than to run them. Others may read a table that is locked in exclusive mode.
#}
{% macro postgres__engine_templates() -%}
    {%- set templates = data_health.default__engine_templates() -%}
    {%- do templates.update({
        'types_with_nan': 'float double real numeric',
        'quotient': "({first} + 1e-20 * greatest({second}, 1e-240)) / greatest({second}, 1e-240)",
        'tail_bin': "floor(ln(1e0 + 0.1e0 * ({first} + 1e-20 * greatest({second}, 1e-240)) / greatest({second}, 1e-240))"
            ~ " / 0.09531017980432493e0)",
        'deviation': "case when abs({first} - {second}) <= 1e-60 then 0e0 else {first} - {second} end",
        'summand': "case when {first} > 1e290 then 1e290 when {first} < -1e290 then -1e290 else {first} end",
        'runs_python': false,
        'sql_dialect': 'postgres',
        'compute_once': "offset 0",
        'begin_model': "set local enable_nestloop = off; set local jit = off",
        'hold_still': "lock table {first} in share mode",
        'hold_alone': "lock table {first} in exclusive mode",
        'take_turns': "select pg_advisory_xact_lock(hashtextextended({first}, 0))"
    }) -%}
    {{ return(templates) }}
{%- endmacro %}
