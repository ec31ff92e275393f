{#
    Fails on every key of which there are not as many rows in the relations of `parts` and the model together as in the relation
    `of`: nothing is lost and nothing is there twice. Nulls count as equal.
#}
{% test rows_add_up(model, of, parts, key) %}
    {%- set keys = data_health.quoted(key) %}
    with counted as (

        select {{ keys | join(', ') }}, 1 as row_difference from {{ of }}
        {%- for part in [model] + parts %}
        union all
        select {{ keys | join(', ') }}, -1 as row_difference from {{ part }}
        {%- endfor %}

    )

    select
        {{ keys | join(',\n        ') }},
        sum(row_difference) as rows_missing
    from counted
    group by {{ keys | join(', ') }}
    having sum(row_difference) <> 0
{% endtest %}
