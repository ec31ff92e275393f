{# The value of a rank that lies in this bin, as if the values of the bin were spread evenly from its smallest to its largest. #}
{% macro value_at_rank(rank) -%}
    case when row_count > 1 then minimum + (maximum - minimum) * greatest({{ rank }} - rank_before - 1, 0) / (row_count - 1) else minimum end
{%- endmacro %}
