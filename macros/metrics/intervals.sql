{#
    Intervals of shares, at 95 %; z is the 97.5 % point of the normal distribution. Arguments are SQL expressions of doubles, and written
    out several times, so columns are best. `rows` is null where there are none.
#}

{#
    Wilson's interval of a share p of n rows is centre ± margin; `part` is one of these two, or an end: 'lower' or 'upper'. With another z
    it is an interval of another level: 1.645 for 90 %, whose ends are one-sided bounds of 95 %.
    centre = (p + z²/2n) / (1 + z²/n), margin = z √(p(1 − p)/n + z²/4n²) / (1 + z²/n). The lower end is exactly 0 for a share of 0, the
    upper at most 1. greatest() of a null is no null everywhere, hence the cases.
#}
{% macro wilson(part, share, rows, z='1.959963984540054e0') -%}
    {%- set centre -%}
    ({{ share }} + {{ z }} * {{ z }} / (2 * {{ rows }})) / (1 + {{ z }} * {{ z }} / {{ rows }})
    {%- endset -%}
    {%- set margin -%}
    {{ z }} * sqrt(greatest({{ share }} * (1 - {{ share }}), 0e0) / {{ rows }} + {{ z }} * {{ z }} / (4 * {{ rows }} * {{ rows }}))
        / (1 + {{ z }} * {{ z }} / {{ rows }})
    {%- endset -%}
    {%- if part == 'centre' -%} {{ centre }}
    {%- elif part == 'margin' -%} {{ margin }}
    {%- elif part == 'lower' -%}
    case when {{ share }} = 0e0 and {{ rows }} > 0e0 then 0e0
        when {{ share }} is not null and {{ rows }} > 0e0 then greatest({{ centre }} - {{ margin }}, 0e0) end
    {%- else -%}
    case when {{ share }} is not null and {{ rows }} > 0e0 then least({{ centre }} + {{ margin }}, 1e0) end
    {%- endif -%}
{%- endmacro %}


{#
    Newcombe's interval of the difference of two shares p − q, from Wilson's intervals [l, u] of each (his method 10); `end` is 'lower' or
    'upper'. lower = p − q − √((p − l_p)² + (u_q − q)²), upper = p − q + √((u_p − p)² + (q − l_q)²). `name` and `other` are the names of
    shares, of which there are the columns <name>_share, <name>_centre and <name>_margin.
#}
{% macro newcombe(end, name, other) -%}
    {%- if end == 'lower' -%}
    {{ name }}_share - {{ other }}_share
        - sqrt(power({{ name }}_share - {{ name }}_centre + {{ name }}_margin, 2)
            + power({{ other }}_centre + {{ other }}_margin - {{ other }}_share, 2))
    {%- else -%}
    {{ name }}_share - {{ other }}_share
        + sqrt(power({{ name }}_centre + {{ name }}_margin - {{ name }}_share, 2)
            + power({{ other }}_share - {{ other }}_centre + {{ other }}_margin, 2))
    {%- endif -%}
{%- endmacro %}


{#
    Katz' standard error of the logarithm of a ratio of two shares, a of n rows and b of m: √(1/a − 1/n + 1/b − 1/m). The interval of the
    ratio r is [r e^(−zs), r e^(zs)].
#}
{% macro log_ratio_error(count, rows, other_count, other_rows) -%}
    sqrt(greatest(1 / ({{ count }}) - 1 / ({{ rows }}) + 1 / ({{ other_count }}) - 1 / ({{ other_rows }}), 0e0))
{%- endmacro %}
