{#
    Benjamini and Hochberg's q-value: the smallest share of false alarms among which a test of this p would count as one. q of the i-th
    smallest of m p-values is the least of p_j · m / j over all j ≥ i. `rank` is i within the family, nulls last; `family_size` is m.
#}
{% macro benjamini_hochberg(p_value, rank, family_size, family) -%}
    least(min({{ p_value }} * {{ family_size }} / {{ rank }}) over (
            partition by {{ family }}
            order by {{ rank }} desc nulls last rows unbounded preceding
        ), 1e0)
{%- endmacro %}


{#
    Twice the upper tail of the normal distribution at a deviate d ≥ 0, by a fraction of relative error 1.2e-7 (Numerical Recipes, erfcc).
    `t` is a column, 1 / (1 + d / (2 √2)). No exponent is smaller than e^-700, which is the least that every warehouse takes.
#}
{% macro two_sided_normal_tail(deviate, t) -%}
    exp(greatest(- {{ deviate }} * {{ deviate }} / 2 - 1.26551223e0
            + {{ t }} * (1.00002368e0 + {{ t }} * (0.37409196e0 + {{ t }} * (0.09678418e0
            + {{ t }} * (-0.18628806e0 + {{ t }} * (0.27886807e0 + {{ t }} * (-1.13520398e0 + {{ t }} * (1.48851587e0
            + {{ t }} * (-0.82215223e0 + {{ t }} * 0.17087277e0)))))))), -700e0)) * {{ t }}
{%- endmacro %}


{# The 95 % point of chi-square, of one degree of freedom less than there are groups: exact for one and two degrees,
   else by Wilson and Hilferty, at most half a percent off. #}
{% macro chi_square_95(groups) -%}
    case
            when {{ groups }} = 2 then 3.841458820694124e0
            when {{ groups }} = 3 then 5.991464547107979e0
            when {{ groups }} > 3
                then ({{ groups }} - 1) * power(1 - 2e0 / (9 * ({{ groups }} - 1)) + 1.6448536e0 * sqrt(2e0 / (9 * ({{ groups }} - 1))), 3)
            else 0
        end
{%- endmacro %}


{#
    The point of Student's distribution of ν degrees of freedom that is exceeded as seldom as z is by a normal value: Cornish and Fisher's
    series to ν⁻³, at ν = 7 and z = 3.09 half a percent low, at z = 3.8 two percent.
#}
{% macro student_point(z, degrees_of_freedom) -%}
    ({{ z }}
            + (power({{ z }}, 3) + {{ z }}) / (4 * {{ degrees_of_freedom }})
            + (5 * power({{ z }}, 5) + 16 * power({{ z }}, 3) + 3 * {{ z }}) / (96 * power({{ degrees_of_freedom }}, 2))
            + (3 * power({{ z }}, 7) + 19 * power({{ z }}, 5) + 17 * power({{ z }}, 3) - 15 * {{ z }})
                / (384 * power({{ degrees_of_freedom }}, 3)))
{%- endmacro %}
